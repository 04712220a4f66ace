/** A panel that shows names or states of processes has the worker read the process table, also while no process panel is visible. */
import { useEffect } from "react";
import type { PanelName } from "../../../worker/protocol";
import { showPanel } from "../../store/visible";

export function useNeeds(part: PanelName): void {
  useEffect(() => showPanel(part), [part]);
}
