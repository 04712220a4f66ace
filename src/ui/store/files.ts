/** Disk images from the person's computer. They are read here and go to the worker, nowhere else. */
import { openImage } from "./connection";
import { setNotice } from "./scenario";
import { showRun } from "./view";

const SECTOR_BYTES = 512;
const MIB = 1024 * 1024;
export const MAX_IMAGE_BYTES = 64 * MIB;

/** Why a file of this size is no disk image; undefined when it may be one. Its boot signature is the BIOS's business. */
export function imageProblem(name: string, bytes: number): string | undefined {
  if (bytes === 0) return `"${name}" is empty. A disk image holds at least one sector of 512 bytes.`;
  if (bytes > MAX_IMAGE_BYTES) return `"${name}" is too large: ${(bytes / MIB).toFixed(1)} MiB, 64 MiB at most.`;
  if (bytes % SECTOR_BYTES !== 0)
    return `"${name}" is not a raw disk image: ${bytes} bytes is not a multiple of 512, the size of a sector.`;
  return undefined;
}

/** Opens a file as the machine's disk, or says why not; what runs goes on then. */
export async function openImageFile(file: File): Promise<void> {
  const problem = imageProblem(file.name, file.size);
  if (problem) {
    setNotice({ tone: "error", text: `${problem} What was running goes on.` });
    return;
  }
  try {
    const image = await file.arrayBuffer();
    setNotice(undefined);
    openImage(file.name, image);
    showRun();
  } catch {
    setNotice({ tone: "error", text: `"${file.name}" could not be read. Is it a folder, or was it moved?` });
  }
}
