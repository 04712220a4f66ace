/** The guest's bench program in our machine: typed at the shell's prompt, tracing off, no timer between two messages. */
import { writeFile } from "../../src/herald/disk";
import { committedImage, HeraldMachine } from "../herald/machine";
import { programSymbol } from "./steps";

/** The first round warms up, the last ends. */
export const ROUNDS = 6;
export const COUNTED = ROUNDS - 2;
/** The round in which the guest is looked at. */
const LOOKED_AT = 3;
const WAIT_TICKS = 500_000_000;

export function benchMachine(image: Uint8Array = committedImage): HeraldMachine {
  const disk = image.slice();
  writeFile(disk, "scenario.cfg", "text", new TextEncoder().encode("trace=none\nquantum_ms=1000\nrun=shell\n"));
  return new HeraldMachine(disk).boot();
}

export function type(machine: HeraldMachine, command: string): void {
  machine.pc.input({ kind: "serial", bytes: [...command, "\n"].map((c) => c.charCodeAt(0)) });
}

/** Starts `bench JOB` and stops where the round to look at begins. */
export function startRound(machine: HeraldMachine, job: string): void {
  const { pc } = machine;
  type(machine, `run bench ${job} ${ROUNDS}`);
  pc.cpu.setBreakpoints([programSymbol("bench", "measure_begin")]);
  for (let hits = 0; hits < LOOKED_AT;) {
    const stop = pc.run(pc.clock + WAIT_TICKS);
    if (stop.kind !== "breakpoint") throw new Error(`bench ${job}: ${stop.kind}\n${machine.transcript.slice(-500)}`);
    hits++;
  }
  pc.cpu.setBreakpoints([]);
}
