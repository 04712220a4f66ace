/** The map of frames: where its cells lie, what colour they have, and which one is under the pointer. */
import { frameUses, type FrameCells, type ProcessKey } from "../../../worker/protocol";
import { colorIndex } from "../../store/colors";

/** Pixels of a cell with the gap to the next. */
export const CELL = 8;

export interface MapSize {
  readonly columns: number;
  readonly rows: number;
}

/** As many columns as fit, in sixteens where there is room, so that rows begin at round addresses. */
export function mapSize(cells: number, width: number): MapSize {
  const fitting = Math.max(1, Math.floor(width / CELL));
  const columns = fitting < 16 ? fitting : fitting - (fitting % 16);
  return { columns, rows: Math.ceil(cells / columns) };
}

export function cellAt({ columns }: MapSize, cells: number, x: number, y: number): number | undefined {
  const column = Math.floor(x / CELL);
  const cell = Math.floor(y / CELL) * columns + column;
  return x >= 0 && y >= 0 && column < columns && cell < cells ? cell : undefined;
}

/** Whose the frames of a use are: a process's, or nobody's in particular. */
const owned = new Set(["page_table", "kernel_stack", "user_image", "user_stack", "user_heap"]);

export const isOwned = (use: string, owner: number): boolean => owner !== 0 && owned.has(use);

/** Tokens of the uses that belong to no process. */
const tokens: Readonly<Record<string, string>> = {
  reserved: "--hair",
  free: "--absent",
  kernel: "--k",
  page_table: "--present",
  heap: "--good",
  segment: "--accent",
};

export type FillName = { readonly token: string; readonly alpha: number };

/** A process's own memory has its colour; what the kernel keeps for it (tables, its kernel stack) has it too, but weaker. */
export function fillOf(use: string, owner: number, keyOf: (pid: number) => ProcessKey | undefined): FillName {
  if (!isOwned(use, owner)) return { token: tokens[use] ?? "--mute", alpha: 1 };
  const key = keyOf(owner);
  const index = key ? colorIndex(key) : 0;
  return { token: index === 0 ? "--mute" : `--p${index}`, alpha: use.startsWith("user") ? 1 : 0.55 };
}

export const cellUse = (cells: FrameCells, cell: number): string =>
  frameUses[cells.use[cell]] ?? `use ${cells.use[cell]}`;
