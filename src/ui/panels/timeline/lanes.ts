/** Which lanes the timeline shows and where: interrupts on top, a lane per process that lived in the time shown, idle at the bottom. */
import type { Lane, TraceIndex } from "../../derived/index";
import { endOf, type TimeView } from "./view";

export const AXIS_HEIGHT = 20;
const LEAST_HEIGHT = 20;
const MOST_HEIGHT = 48;
/** From this height on, a row has room for the console lines' text above its slices. */
const TEXT_FROM = 29;
const TEXT_HEIGHT = 14;

/** Where the slices lie in a row. */
export interface Band {
  readonly top: number;
  readonly height: number;
  /** Height of the strip above them that holds text; 0 when there is no room for one. */
  readonly text: number;
}

export function bandOf(rowHeight: number): Band {
  if (rowHeight >= TEXT_FROM) return { top: TEXT_HEIGHT, height: rowHeight - TEXT_HEIGHT - 5, text: TEXT_HEIGHT };
  const inset = Math.max(2, Math.round(rowHeight * 0.17));
  return { top: inset, height: rowHeight - 2 * inset - 1, text: 0 };
}

export interface LaneRow {
  /** Undefined: the interrupts. */
  readonly lane?: Lane;
  /** Top, below the axis, before scrolling. */
  readonly top: number;
}

export interface LaneLayout {
  readonly rows: readonly LaneRow[];
  readonly rowHeight: number;
  /** Height of all rows. */
  readonly height: number;
}

/** Rows never change places while a process lives: by PID, then generation. */
export function layoutLanes(index: TraceIndex, view: TimeView, height: number): LaneLayout {
  const shown = index.lanes.filter((lane) => lane.key.pid !== 0 && lane.born <= endOf(view) && lane.died >= view.start);
  shown.sort((one, other) => one.key.pid - other.key.pid || one.key.generation - other.key.generation);
  const idle = index.lanes.filter((lane) => lane.key.pid === 0);
  const lanes: (Lane | undefined)[] = [undefined, ...shown, ...idle];
  const fitting = Math.floor((height - AXIS_HEIGHT) / lanes.length);
  const rowHeight = Math.min(MOST_HEIGHT, Math.max(LEAST_HEIGHT, fitting));
  const rows = lanes.map((lane, row) => ({ lane, top: row * rowHeight }));
  return { rows, rowHeight, height: rows.length * rowHeight };
}

/** The same rows in the same places: nothing to render again. */
export const sameLayout = (one: LaneLayout, other: LaneLayout): boolean =>
  one.rowHeight === other.rowHeight &&
  one.rows.length === other.rows.length &&
  one.rows.every((row, at) => row.lane === other.rows[at].lane);
