/** Virtual time, instruction count, pace: where the machine is, in tabular numbers. */
import { useMachine } from "../../store/react";
import { clockSeconds, grouped, paceText } from "./format";

const stateText = { off: "off", running: "running", paused: "paused", halted: "halted", stopped: "stopped" } as const;

export function Clock() {
  const status = useMachine((state) => state.status);
  const { power } = status;
  return (
    <div className="clock" role="group" aria-label="Clock">
      <span className="num clock-time">
        <i className={`lamp ${power}`} aria-hidden="true" />t {clockSeconds(status.seconds)} s
      </span>
      <small className="num">
        <b>{stateText[power]}</b> · <span>{`instruction ${grouped(status.instructions)}`}</span>
        {power === "running" && ` · ${paceText(status.pace)} · ${status.mips.toFixed(status.mips < 10 ? 1 : 0)} MIPS`}
        {power === "running" &&
          status.replayUntil !== undefined &&
          status.tick < status.replayUntil &&
          " · replaying keys"}
      </small>
    </div>
  );
}
