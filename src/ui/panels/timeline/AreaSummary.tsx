/** Count, sum, mean and longest of the slices in the chosen area, per process. */
import { traceIndex } from "../../derived/index";
import { laneName } from "../../derived/names";
import { duration, grouped, instant, percent } from "../common/format";
import { ProcessName } from "../common/ProcessName";
import type { Area } from "./scene";
import { summarise } from "./slices";

export function AreaSummary({ area, now, onClose }: { area: Area; now: number; onClose: () => void }) {
  const rows = summarise(traceIndex.lanes, area, traceIndex.running, now);
  const length = area.to - area.from;
  return (
    <div className="timeline-area">
      <header>
        <strong>{duration(length)}</strong>
        <span className="mono">from {instant(area.from, 3)}</span>
        <button type="button" onClick={onClose} aria-label="Clear the area">
          ×
        </button>
      </header>
      <table className="grid" aria-label="Slices in the area">
        <thead>
          <tr>
            <th>process</th>
            <th className="n">slices</th>
            <th className="n">sum</th>
            <th className="n">mean</th>
            <th className="n">longest</th>
            <th className="n">cpu</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, 12).map(({ lane, count, sum, longest }) => (
            <tr key={lane.number}>
              <td>
                <ProcessName of={lane.key} name={laneName(lane.key)} />
              </td>
              <td className="n">{grouped(count)}</td>
              <td className="n">{duration(sum)}</td>
              <td className="n">{duration(sum / count)}</td>
              <td className="n">{duration(longest)}</td>
              <td className="n">{percent(sum / length)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
