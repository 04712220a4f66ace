/**
 * One cell of each kind in QEMU. With -icount shift=0 QEMU counts its guest's instructions, too: its time stamp counter goes one further with each. So
 * the guest's own sums are instructions there as here, but for one difference: QEMU counts one more for each REP that does anything (it looks
 * at RCX again before it goes on).
 */
import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandOf, type Job, models, parseSums, type Sums } from "./cells";
import { benchDisk, benchMachine, endRound, jobLine, type } from "./guest";

const PROMPT = "herald> ";
const LIMIT_MS = 60_000;
const LOOK_MS = 20;

export interface Repeated extends Omit<Job, "model"> {
  readonly model: Job["model"];
  readonly ours: Sums;
  readonly qemu: Sums;
}

const kinds: readonly Job["model"][] = [...models, "handoff"];
const jobs: readonly Job[] = kinds.flatMap((model) =>
  (["single", "burst"] as const).map((way) => ({ model, way, payload: 64, subscribers: 4 })),
);

/** Types each command at a prompt; the lines with sums, or undefined where there is no QEMU. */
function inQemu(commands: readonly string[]): Promise<string[] | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "bench-ipc-"));
  const disk = join(folder, "disk.img");
  const output = join(folder, "serial.txt");
  writeFileSync(disk, benchDisk());
  const file = openSync(output, "w"); // a file: QEMU drops characters when a pipe is full
  const options =
    `-accel tcg -icount shift=0,sleep=off -m 64 -drive file=${disk},format=raw -display none -serial stdio -no-reboot`.split(
      " ",
    );
  return new Promise((done) => {
    const child = spawn("qemu-system-x86_64", options, { stdio: ["pipe", file, "ignore"], timeout: LIMIT_MS });
    const said = () => readFileSync(output, "latin1");
    let typed = 0;
    const typist = setInterval(() => {
      if (said().split(PROMPT).length - 1 <= typed) return;
      child.stdin!.write((typed < commands.length ? commands[typed] : "shutdown") + "\n");
      typed++;
    }, LOOK_MS);
    const end = (result: string[] | undefined) => {
      clearInterval(typist);
      closeSync(file);
      rmSync(folder, { recursive: true });
      done(result);
    };
    child.stdin!.on("error", () => undefined);
    child.on("error", () => end(undefined));
    child.on("close", () => end(said().match(/bench [^\r\n]*: ticks[^\r\n]*/g) ?? []));
  });
}

export async function repeatInQemu(): Promise<Repeated[] | undefined> {
  const lines = await inQemu(jobs.map((job) => jobLine(commandOf(job))));
  if (!lines) return undefined;
  if (lines.length !== jobs.length) throw new Error(`QEMU: ${lines.length} of ${jobs.length} cells`);
  const machine = benchMachine();
  return jobs.map((job, index) => {
    const from = machine.transcript.length;
    type(machine, jobLine(commandOf(job)));
    return { ...job, ours: parseSums(endRound(machine, from)), qemu: parseSums(lines[index]) };
  });
}

/** How many REPs move something in a cell: each message in and out of the kernel, and what receive says of a message besides. */
function repetitions({ model, ours, subscribers }: Repeated): number {
  const published = ours.delivered / subscribers;
  switch (model) {
    case "callback":
    case "handoff":
      return published + ours.delivered;
    case "receive":
      return published + 2 * ours.delivered;
    case "queue":
      return 2 * ours.delivered;
    case "broker":
      return 2 * published + 2 * ours.delivered;
    case "shared":
      return published; // the library's own memcpy
  }
}

/** Everything is the same in both, and the instructions are but for QEMU's REPs. */
export const agrees = (cell: Repeated): boolean =>
  (["calls", "switches", "delivered", "dropped", "memory"] as const).every(
    (key) => cell.ours[key] === cell.qemu[key],
  ) && cell.qemu.ticks - cell.ours.ticks === repetitions(cell);
