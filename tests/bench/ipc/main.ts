/**
 * `npm run bench:ipc`: ways for processes to talk, side by side in our machine: publish/subscribe in the kernel (with callbacks, with receive),
 * message queues, a broker in user space, shared memory with a wake. The clock of the machine is its instructions, so the counts are exact
 * and repeat everywhere; they say nothing about caches. Writes tests/bench/ipc.json and ipc.md, and with --readme the table in README.md.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { format, resolveConfig } from "prettier";
import type { HeraldMachine } from "../../herald/machine";
import { insert } from "../report";
import { allJobs, type Cell, type Job, measure, parseSums, type Stretch } from "./cells";
import { benchMachine, endRound, startRound, type } from "./guest";
import { OffWatch } from "./interrupts";
import { repeatInQemu } from "./qemu";
import { readmePart, report } from "./report";
import type { Path, Results } from "./results";
import { bootOfServices } from "./services";
import { programSymbol, Stepper } from "./steps";
import { tracingCosts } from "./tracing";

const EMPTY_CALLS = 1000;
const MOST_TICKS = 100_000;

export function emptyCall(machine: HeraldMachine): number {
  const from = machine.transcript.length;
  type(machine, "run bench call");
  return parseSums(endRound(machine, from)).ticks / EMPTY_CALLS;
}

/** From the call of publish to the callback's first instruction. */
export function path(machine: HeraldMachine, model: Job["model"]): Path {
  const from = machine.transcript.length;
  const stepper = new Stepper(machine.pc);
  const count = { kernel: 0, user: 0 };
  startRound(machine, `${model} 8 1 1`);
  stepper.run(programSymbol("bench", "publish"), MOST_TICKS, () => undefined);
  stepper.run(programSymbol("bench", "on_message"), MOST_TICKS, ({ place, ticks }) => {
    count[place === "kernel" ? "kernel" : "user"] += ticks;
  });
  endRound(machine, from);
  return count;
}

export const sessionCommands = [
  ...[1, 2, 4, 8, 16, 64].map((subscribers) => `run bench callback 8 ${subscribers} 1 3`),
  ...["callback", "receive", "queue", "broker", "shared"].flatMap((model) => [
    `run bench ${model} 8 4 4 3`,
    `run bench ${model} 4096 64 1 3`,
  ]),
  "ps",
  "topics",
  "mem",
  "pub 300 hello",
  "services",
  "run spin &", // the last: nothing ends it
  "kill 255",
];

export function interruptsOff(machine: HeraldMachine, commands: readonly string[]): Record<string, Stretch> {
  const watch = new OffWatch(machine);
  for (const command of commands) watch.command(command);
  return Object.fromEntries([...watch.longest].sort(([, a], [, b]) => b.instructions - a.instructions));
}

/** Slope of the instructions of a whole message over the number of its receivers. */
export function furtherSubscriber(cells: readonly Cell[]): number {
  const of = (subscribers: number) =>
    cells.find(
      (cell) =>
        cell.model === "callback" && cell.way === "single" && cell.payload === 8 && cell.subscribers === subscribers,
    )!.instructions * subscribers;
  return Math.round((of(64) - of(1)) / 63);
}

async function writeFormatted(path: string, text: string): Promise<void> {
  writeFileSync(path, await format(text, { ...(await resolveConfig(path)), filepath: path }));
}

async function main(): Promise<void> {
  const machine = benchMachine();
  const [call, handoff, plain] = [emptyCall(machine), path(machine, "handoff"), path(machine, "callback")];
  const jobs = allJobs();
  const cells = jobs.map((job, index) => {
    if (index % 70 === 0) console.error(`cell ${index} of ${jobs.length}`);
    return measure(machine, job, true);
  });
  const results: Results = {
    emptyCall: call,
    path: { handoff, plain },
    furtherSubscriber: furtherSubscriber(cells),
    interruptsOff: interruptsOff(benchMachine(), sessionCommands),
    services: bootOfServices(),
    tracing: tracingCosts() ?? null,
    qemu: (await repeatInQemu()) ?? null,
    cells,
  };
  const folder = resolve(import.meta.dirname, "..");
  await writeFormatted(resolve(folder, "ipc.json"), JSON.stringify(results));
  await writeFormatted(resolve(folder, "ipc.md"), report(results));
  console.log(report(results));
  if (process.argv.includes("--readme")) {
    const readme = resolve(folder, "../../README.md");
    await writeFormatted(readme, insert(readFileSync(readme, "utf8"), readmePart(results), "ipc"));
  }
}

if (process.argv[1] === import.meta.filename) await main();
