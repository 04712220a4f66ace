/** The dialog for what was measured. Neither its code nor its figures are loaded before somebody looks. */
import { useEffect, useState } from "react";
import figures from "../../../../tests/bench/ipc.json?url";
import { useView } from "../../store/react";
import { showDialog } from "../../store/view";
import { Dialog } from "../../widgets/Dialog";
import { Empty } from "../../widgets/Panel";
import type { Cell } from "./figures";
import "./measured.css";

type Loaded = { readonly View: typeof import("./View").View; readonly cells: readonly Cell[] };

async function load(): Promise<Loaded> {
  const [{ View }, { readCells }, response] = await Promise.all([
    import("./View"),
    import("./figures"),
    fetch(figures),
  ]);
  if (!response.ok) throw new Error(`The figures could not be loaded (${response.status}).`);
  return { View, cells: readCells(await response.json()) };
}

export function MeasuredDialog() {
  const shown = useView((state) => state.dialog === "measured");
  if (!shown) return null;
  return (
    <Dialog title="Measured: five ways to talk" wide onClose={() => showDialog(undefined)}>
      <Content />
    </Dialog>
  );
}

function Content() {
  const [loaded, setLoaded] = useState<Loaded>();
  const [failure, setFailure] = useState<string>();
  useEffect(() => {
    let wanted = true;
    load().then(
      (result) => wanted && setLoaded(result),
      (error: Error) => wanted && setFailure(error.message),
    );
    return () => {
      wanted = false;
    };
  }, []);
  if (failure) return <Empty>{failure} Close this and try again.</Empty>;
  if (!loaded) return <Empty>Loading the figures…</Empty>;
  return <loaded.View cells={loaded.cells} />;
}
