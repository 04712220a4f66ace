/** The table twin: the slices of the time shown, in order. */
import { traceIndex } from "../../derived/index";
import { endingText, laneName } from "../../derived/names";
import { selectProcess, setCursor } from "../../store/selection";
import { trace } from "../../store/trace";
import { duration, grouped, instant } from "../common/format";
import { ProcessName } from "../common/ProcessName";
import { Empty } from "../../widgets/Panel";
import { linesIn } from "./facts";
import { MOST_ROWS, slicesShown } from "./slices";
import type { TimeView } from "./view";

export function SliceTable({ view, now }: { view: TimeView; now: number }) {
  const rows = slicesShown(trace, traceIndex, view);
  if (rows.length === 0) return <Empty>No process had the CPU in the time shown.</Empty>;
  return (
    <table className="grid" aria-label="Slices in the time shown">
      {rows.length === MOST_ROWS && (
        <caption>The latest {MOST_ROWS} slices of the time shown; zoom in for the others.</caption>
      )}
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
