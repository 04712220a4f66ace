/** How far the replay of a link's keys has come, while the machine hurries through it, and a way to stop there. */
import { useEffect, useState } from "react";
import { pauseMachine } from "../../store/connection";
import { useMachine, useScenario } from "../../store/react";

/** A replay shorter than this needs no words. */
const PATIENCE_MS = 400;

export function Replay() {
  const until = useMachine((state) => state.replayUntil);
  const [waited, setWaited] = useState<number>();
  useEffect(() => {
    if (until === undefined) return;
    const timer = setTimeout(() => setWaited(until), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [until]);
  return until !== undefined && waited === until ? <Progress until={until} /> : null;
}

function Progress({ until }: { readonly until: number }) {
  const percent = useMachine(({ status }) => Math.min(100, Math.floor((status.tick / until) * 100)));
  const mhz = useScenario((state) => state.open?.machine.mhz ?? 100);
  return (
    <div className="notice replay">
      <span>Replaying the link&apos;s keys, {(until / mhz / 1_000_000).toFixed(1)} s of virtual time</span>
      <progress aria-label="Replay" max={100} value={percent} />
      <span className="num">{percent}%</span>
      <button
        type="button"
        className="button small"
        title="Pause here; Run goes on in real time"
        onClick={pauseMachine}
      >
        Stop here
      </button>
    </div>
  );
}
