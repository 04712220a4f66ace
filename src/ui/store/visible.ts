/** Which panels are on the page now: the worker reads only what they show. */
import { createStore } from "zustand/vanilla";
import type { PanelName } from "../../worker/protocol";

const counts = new Map<PanelName, number>();

export const visibleStore = createStore<{ readonly panels: readonly PanelName[] }>(() => ({ panels: [] }));

const publish = (): void => visibleStore.setState({ panels: [...counts.keys()].sort() });

/** A panel came onto the page; call the result when it leaves. */
export function showPanel(name: PanelName): () => void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
  publish();
  return () => {
    const left = (counts.get(name) ?? 1) - 1;
    if (left > 0) counts.set(name, left);
    else counts.delete(name);
    publish();
  };
}
