/** The machine as its last frame told: power, clock, pace. Low rate: one change per animation frame at most. */
import { createStore } from "zustand/vanilla";
import type { Status } from "../../worker/protocol";

export interface MachineState {
  readonly status: Status;
  /** Counts how often the machine was opened or reset: what was shown before is another run's. */
  readonly run: number;
  /** Why nothing can run, for a person; undefined when all is well. */
  readonly failure?: string;
  /** While a link's recorded inputs are replayed as fast as it goes: the tick of the last one. */
  readonly replayUntil?: number;
  /** On the way to this tick of the recording. */
  readonly seeking?: number;
}

/** Ticks per second of real time at which virtual time goes as fast as real time. */
export const REAL_TIME = 100_000_000;

export const machineOff: Status = {
  power: "off",
  tick: 0,
  recorded: 0,
  instructions: 0,
  seconds: 0,
  speed: REAL_TIME,
  pace: 0,
  mips: 0,
};

export const machineStore = createStore<MachineState>(() => ({ status: machineOff, run: 0 }));
