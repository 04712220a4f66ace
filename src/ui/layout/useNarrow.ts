/** Whether the page is too narrow for columns: a phone, or a slim frame. */
import { useSyncExternalStore } from "react";

const narrow = matchMedia("(max-width: 860px)");

function subscribe(listener: () => void): () => void {
  narrow.addEventListener("change", listener);
  return () => narrow.removeEventListener("change", listener);
}

export const useNarrow = (): boolean => useSyncExternalStore(subscribe, () => narrow.matches);
