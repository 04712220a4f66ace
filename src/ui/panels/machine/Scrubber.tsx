/** The recording as a line from power-on to its end; dragging the thumb, or the arrow keys on it, take the whole machine there. */
import { seekTo } from "../../store/connection";
import { useMachine, useSelection } from "../../store/react";
import { ticksPerMs } from "../common/format";
import { milestones } from "./milestones";

const seconds = (tick: number): string => (tick / ticksPerMs() / 1000).toFixed(3);

export function Scrubber() {
  const recorded = useMachine((state) => state.status.recorded);
  const tick = useMachine((state) => state.seeking ?? state.status.tick);
  const past = useMachine(({ status, seeking }) => (seeking ?? status.tick) < status.recorded);
  const cursor = useSelection((state) => state.cursor);
  const none = recorded === 0;
  return (
    <section className={past ? "scrubber past" : "scrubber"} aria-label="Recording">
      <div className="scrubber-line">
        <input
          type="range"
          aria-label="Recorded time"
          title="Any instant since power-on: drag to go there"
          aria-valuetext={`${seconds(tick)} of ${seconds(recorded)} seconds`}
          min={0}
          max={Math.max(1, recorded)}
          step="any"
          value={tick}
          disabled={none}
          style={{ "--at": `${none ? 0 : (tick / recorded) * 100}%` } as React.CSSProperties}
          onChange={(event) => seekTo(Math.min(Number(event.target.value), recorded))}
        />
        {!none && <Milestones recorded={recorded} />}
      </div>
      {cursor !== undefined && cursor !== tick && cursor <= recorded && (
        <button
          type="button"
          className="button small"
          title="Take the machine to the marked instant"
          onClick={() => seekTo(cursor)}
        >
          go to the mark
        </button>
      )}
      {past && (
        <button
          type="button"
          className="button small"
          title="To the end of the recording"
          onClick={() => seekTo(recorded)}
        >
          back to the end, {seconds(recorded - tick)} s later
        </button>
      )}
    </section>
  );
}

function Milestones({ recorded }: { readonly recorded: number }) {
  const run = useMachine((state) => state.run);
  return (
    <div className="milestones" aria-hidden="true">
      {milestones.until(recorded, run).map(({ tick, label, tone }) => (
        <i key={`${tick} ${label}`} className={tone} style={{ left: `${(tick / recorded) * 100}%` }} title={label} />
      ))}
    </div>
  );
}
