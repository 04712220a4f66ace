/** The one selection and the one time cursor that all panels share. */
import { createStore } from "zustand/vanilla";
import type { ProcessKey } from "../../worker/protocol";

export interface SelectionState {
  /** Selected everywhere; undefined follows the running process. */
  readonly process?: ProcessKey;
  /** Under the pointer or the focus, in whichever panel. */
  readonly hovered?: ProcessKey;
  readonly topic?: number;
  /** Linear address whose page walk is shown; undefined follows the process's instruction pointer. */
  readonly address?: bigint;
  /** An instant, in ticks, that all panels mark. */
  readonly cursor?: number;
  readonly syntax: "intel" | "att";
}

export const selectionStore = createStore<SelectionState>(() => ({ syntax: "intel" }));

export const sameProcess = (one: ProcessKey | undefined, other: ProcessKey | undefined): boolean =>
  one?.pid === other?.pid && one?.generation === other?.generation;

/** Selects a process everywhere (undefined: none); the address belonged to the old one and goes. */
export function selectProcess(process: ProcessKey | undefined): void {
  if (sameProcess(process, selectionStore.getState().process)) return;
  const key = process && { pid: process.pid, generation: process.generation };
  selectionStore.setState({ process: key, address: undefined });
}

export function hoverProcess(process: ProcessKey | undefined): void {
  if (sameProcess(process, selectionStore.getState().hovered)) return;
  selectionStore.setState({ hovered: process && { pid: process.pid, generation: process.generation } });
}

export const selectTopic = (topic: number | undefined): void => selectionStore.setState({ topic });
export const selectAddress = (address: bigint | undefined): void => selectionStore.setState({ address });
export const setCursor = (cursor: number | undefined): void => selectionStore.setState({ cursor });
export const setSyntax = (syntax: "intel" | "att"): void => selectionStore.setState({ syntax });

/** Escape deselects; another run has other processes. */
export const clearSelection = (): void =>
  selectionStore.setState({
    process: undefined,
    hovered: undefined,
    topic: undefined,
    address: undefined,
    cursor: undefined,
  });
