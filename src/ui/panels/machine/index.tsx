/** The machine's controls: power, run and pause, one instruction, reset, speed. */
import {
  pauseMachine,
  resetMachine,
  runMachine,
  setPower,
  setSpeed,
  stepBack,
  stepMachine,
} from "../../store/connection";
import { useMachine } from "../../store/react";
import { Icon } from "../../widgets/Icon";
import { speedChoices, speedValue } from "./speeds";
import "./machine.css";

export function MachinePanel() {
  const power = useMachine((state) => state.status.power);
  const instructions = useMachine((state) => state.status.instructions);
  const on = power !== "off";
  const running = power === "running";
  const canGoOn = power === "paused";
  return (
    <section className="machine" aria-label="Machine">
      <h2 className="visually-hidden">Machine</h2>
      <div className="transport" role="toolbar" aria-label="Machine controls">
        <button
          type="button"
          aria-label="Power"
          aria-pressed={on}
          title={on ? "Power off" : "Power on"}
          onClick={() => setPower(!on)}
        >
          <Icon name="power" />
        </button>
        <button
          type="button"
          aria-label="Reset"
          title="Reset: boot again from sector 0"
          disabled={!on}
          onClick={resetMachine}
        >
          <Icon name="reset" />
        </button>
        <button
          type="button"
          aria-label="Step back"
          title="Back to before the last instruction (Shift+F10)"
          disabled={!on || instructions === 0}
          onClick={stepBack}
        >
          <Icon name="back" />
        </button>
        <button
          type="button"
          aria-label="Run"
          className={running ? "on" : undefined}
          aria-pressed={running}
          title="Run (F8)"
          disabled={!canGoOn && !running}
          onClick={runMachine}
        >
          <Icon name="run" />
        </button>
        <button
          type="button"
          aria-label="Pause"
          className={power === "paused" ? "on" : undefined}
          aria-pressed={power === "paused"}
          title="Pause (F8)"
          disabled={!canGoOn && !running}
          onClick={pauseMachine}
        >
          <Icon name="pause" />
        </button>
        <button
          type="button"
          aria-label="Step"
          title="Step one instruction (F10 or F11)"
          disabled={!canGoOn}
          onClick={() => stepMachine(1)}
        >
          <Icon name="step" />
        </button>
      </div>
      <SpeedChoice />
    </section>
  );
}

function SpeedChoice() {
  const speed = useMachine((state) => state.status.speed);
  const known = speedChoices.some((choice) => choice.speed === speed);
  return (
    <select
      className="select"
      aria-label="Speed"
      title="How fast virtual time goes"
      value={String(speed)}
      onChange={(event) => setSpeed(speedValue(event.target.value))}
    >
      {!known && <option value={String(speed)}>{speed} instructions/s</option>}
      {speedChoices.map((choice) => (
        <option key={choice.speed} value={String(choice.speed)}>
          {choice.label}
        </option>
      ))}
    </select>
  );
}
