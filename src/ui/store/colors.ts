/**
 * One colour per process everywhere, handed out in order of appearance, so that the same run has the same colours. A reused
 * PID is another process and gets its own. Idle and the kernel are grey. The colours themselves are tokens (theme/tokens.css).
 */
import type { ProcessKey } from "../../worker/protocol";

export const PALETTE_SIZE = 10;

const slots = new Map<string, number>();
const names = new Map<string, string>();
let version = 0;

export const processId = (key: ProcessKey): string => `${key.pid}.${key.generation}`;

/** 1 to PALETTE_SIZE, or 0 for the kernel and idle; the first call for a process decides. */
export function colorIndex(key: ProcessKey): number {
  if (key.pid === 0) return 0;
  const id = processId(key);
  let slot = slots.get(id);
  if (slot === undefined) {
    slot = (slots.size % PALETTE_SIZE) + 1;
    slots.set(id, slot);
  }
  return slot;
}

const token = (index: number): string => (index === 0 ? "--k" : `--p${index}`);

/** For styles: `var(--p3)`. */
export const colorOf = (key: ProcessKey): string => `var(${token(colorIndex(key))})`;

/** Colours for a canvas, where var() means nothing: index 0 is grey, then the palette. Ask again when the theme changes. */
export function canvasPalette(element: Element = document.documentElement): readonly string[] {
  const style = getComputedStyle(element);
  return Array.from({ length: PALETTE_SIZE + 1 }, (_, index) => style.getPropertyValue(token(index)).trim());
}

/** A token's value for a canvas: `tokenValue("--line")`. */
export const tokenValue = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** What tells a process from others of the same file: "service clock". */
export const titleOf = (process: { readonly name: string; readonly arguments: string }): string =>
  process.arguments === "" ? process.name : `${process.name} ${process.arguments}`;

/** Remembers a name, so that a process that has ended still has one in the timeline. */
export function rememberName(key: ProcessKey, name: string): void {
  const id = processId(key);
  if (name === "" || names.get(id) === name) return;
  names.set(id, name);
  version++;
}

/** Of a process that has ended only its file's name is left: no reason to forget more. */
export function rememberEnded(key: ProcessKey, name: string): void {
  if (!names.has(processId(key))) rememberName(key, name);
}

export const nameOf = (key: ProcessKey): string =>
  names.get(processId(key)) ?? (key.pid === 0 ? "kernel" : `process ${key.pid}`);

/** Changes whenever a name was learned: a cheap "draw labels again" test. */
export const namesVersion = (): number => version;

/** Another run begins: colours are handed out from the start again. */
export function forgetProcesses(): void {
  slots.clear();
  names.clear();
  version++;
}
