/** The guest's bench program in our machine: typed at the shell's prompt, tracing off, hardly a timer interrupt. */
import { writeFile } from "../../../src/herald/disk";
import { committedImage, HeraldMachine, PROMPT } from "../../herald/machine";
import { programSymbol } from "./steps";

/** The first round warms up, the last ends. */
export const ROUNDS = 6;
export const COUNTED = ROUNDS - 2;
/** The round in which the guest is looked at. */
const LOOKED_AT = 3;
const WAIT_TICKS = 500_000_000;
const LIMIT_TICKS = 40_000_000_000;

/** 19 Hz is the slowest the timer can go: a round is very unlikely to be interrupted. */
export const benchScenario = "trace=none\nquantum_ms=1000\nhz=19\nrun=shell\n";

export function benchDisk(image: Uint8Array = committedImage): Uint8Array {
  const disk = image.slice();
  writeFile(disk, "scenario.cfg", "text", new TextEncoder().encode(benchScenario));
  return disk;
}

export const benchMachine = (image?: Uint8Array): HeraldMachine => new HeraldMachine(benchDisk(image)).boot();

export const jobLine = (job: string): string => `run bench ${job} ${ROUNDS}`;

export function type(machine: HeraldMachine, command: string): void {
  machine.pc.input({ kind: "serial", bytes: [...command, "\n"].map((c) => c.charCodeAt(0)) });
}

/** Starts `bench JOB` and stops where the round to look at begins. */
export function startRound(machine: HeraldMachine, job: string): void {
  const { pc } = machine;
  type(machine, jobLine(job));
  pc.cpu.setBreakpoints([programSymbol("bench", "measure_begin")]);
  for (let hits = 0; hits < LOOKED_AT; hits++) {
    const stop = pc.run(pc.clock + WAIT_TICKS);
    if (stop.kind !== "breakpoint") throw new Error(`bench ${job}: ${stop.kind}\n${machine.transcript.slice(-500)}`);
  }
  pc.cpu.setBreakpoints([]);
}

/** Runs to the next prompt and returns the line with the sums; `from` is where the transcript was when the job began. */
export function endRound(machine: HeraldMachine, from: number): string {
  const { pc } = machine;
  const limit = pc.clock + LIMIT_TICKS;
  const said = () => machine.transcript.slice(from);
  while (!(said().includes("\nbench ") && said().endsWith(PROMPT)) && pc.clock < limit) pc.run(pc.clock + 100_000);
  const line = /\nbench [^\n]*: ticks[^\n]*/.exec(said())?.[0];
  if (!line) throw new Error(said());
  return line.trim();
}
