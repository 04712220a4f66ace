/** Tells the store that a panel is on the page, so that the worker reads what it shows. */
import { useEffect, type ReactNode } from "react";
import type { PanelName } from "../../worker/protocol";
import { showPanel } from "../store/visible";

export function Shown({ panel, children }: { readonly panel: PanelName; readonly children: ReactNode }) {
  useEffect(() => showPanel(panel), [panel]);
  return children;
}
