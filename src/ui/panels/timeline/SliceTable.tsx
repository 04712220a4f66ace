/** The table twin: the slices of the time shown, in order. */
import { TraceKind } from "../../../worker/protocol";
import { traceIndex, type Lane, type TraceIndex } from "../../derived/index";
import { endingText, laneName } from "../../derived/names";
import { selectProcess, setCursor } from "../../store/selection";
import { trace, type Trace } from "../../store/trace";
import { duration, grouped, instant } from "../common/format";
import { ProcessName } from "../common/ProcessName";
import { Empty } from "../../widgets/Panel";
import { linesIn } from "./facts";
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

export function SliceTable({ view, now }: { view: TimeView; now: number }) {
  const rows = slicesShown(trace, traceIndex, view);
  if (rows.length === 0) return <Empty>No process had the CPU in the time shown.</Empty>;
  return (
    <table className="grid" aria-label="Slices in the time shown">
      <thead>
        <tr>
          <th>process</th>
          <th className="n">from</th>
          <th className="n">length</th>
          <th className="n">ticks</th>
          <th>left the CPU because</th>
          <th>console</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ lane, from, to, reason }) => (
          <tr key={from} onClick={() => (selectProcess(lane.key), setCursor(from))}>
            <td>
              <ProcessName of={lane.key} name={laneName(lane.key)} />
            </td>
            <td className="n">{instant(from, 5)}</td>
            <td className="n">{duration((to ?? now) - from)}</td>
            <td className="n">{grouped(Math.max(0, (to ?? now) - from))}</td>
            <td className="dim">{reason === undefined ? "still on it" : endingText(reason)}</td>
            <td className="mono">{linesIn(lane, from, to ?? now).join(" ⏎ ")}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
