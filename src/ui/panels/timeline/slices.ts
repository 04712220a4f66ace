/** Lists of slices: those of the time shown, and sums over an area. */
import { TraceKind } from "../../../worker/protocol";
import type { Lane, TraceIndex } from "../../derived/index";
import type { Trace } from "../../store/trace";
import type { Area } from "./scene";
import { endOf, type TimeView } from "./view";

/** Rows of the table; a longer time is cut, and says so. */
export const MOST_ROWS = 200;

export interface SliceRow {
  readonly lane: Lane;
  readonly from: number;
  /** Undefined: still running. */
  readonly to?: number;
  readonly reason?: number;
}

/** The slices of the time shown, oldest first; the latest ones when there are too many. */
export function slicesShown(source: Trace, index: TraceIndex, view: TimeView, most = MOST_ROWS): SliceRow[] {
  const { columns } = source;
  const rows: SliceRow[] = [];
  for (let row = source.rowAt(endOf(view)) - 1; row >= 0 && rows.length < most; row--) {
    if (columns.kind[row] !== TraceKind.schedule) continue;
    const lane = index.laneOf({ pid: columns.pid[row], generation: columns.generation[row] });
    if (!lane) continue;
    const slice = lane.slices.lastUntil(columns.time[row]);
    const finished = slice >= 0 && lane.slices.starts[slice] === columns.time[row];
    if (finished) {
      if (lane.slices.ends[slice] < view.start) break;
      rows.push({ lane, from: columns.time[row], to: lane.slices.ends[slice], reason: lane.slices.tags[slice] });
    } else rows.push({ lane, from: columns.time[row] });
    if (columns.time[row] < view.start) break;
  }
  return rows.reverse();
}

export interface AreaRow {
  readonly lane: Lane;
  readonly count: number;
  readonly sum: number;
  readonly longest: number;
}

/** Busiest first; processes that were not on the CPU are left out. */
export function summarise(
  lanes: readonly Lane[],
  area: Area,
  running?: { lane: Lane; start: number },
  now = 0,
): AreaRow[] {
  const rows = lanes.map((lane) => {
    const row = { lane, ...lane.slices.summary(area.from, area.to) };
    if (running?.lane !== lane || running.start > area.to) return row;
    const open = Math.min(area.to, now) - Math.max(running.start, area.from);
    if (open <= 0) return row;
    return { lane, count: row.count + 1, sum: row.sum + open, longest: Math.max(row.longest, open) };
  });
  return rows.filter((row) => row.count > 0).sort((one, other) => other.sum - one.sum);
}
