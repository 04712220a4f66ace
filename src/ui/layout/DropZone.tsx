/** The whole page takes a disk image that is dropped on it. */
import { useState, type DragEvent, type ReactNode } from "react";
import { openImageFile } from "../store/files";

const carriesFile = (event: DragEvent): boolean => event.dataTransfer.types.includes("Files");

export function DropZone({ children }: { readonly children: ReactNode }) {
  const [over, setOver] = useState(false);
  return (
    <div
      className="drop-zone"
      onDragOver={(event) => {
        if (!carriesFile(event)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!(event.relatedTarget instanceof Node) || !event.currentTarget.contains(event.relatedTarget))
          setOver(false);
      }}
      onDrop={(event) => {
        if (!carriesFile(event)) return;
        event.preventDefault();
        setOver(false);
        const file = event.dataTransfer.files[0];
        if (file) void openImageFile(file);
      }}
    >
      {children}
      {over && <div className="drop-hint">Drop a raw disk image to boot it instead. It stays on your computer.</div>}
    </div>
  );
}
