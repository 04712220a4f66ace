/** Runs the guest's program `fuzz` and looks at the kernel from outside again and again while it runs. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { writeFile } from "../../src/herald/disk";
import { checkScenario } from "./checks";
import { Inspector, readMap, runBetweenSteps } from "./invariants";
import { committedImage, HeraldMachine, PROMPT } from "./machine";

export const committedMap = readMap(readFileSync(resolve(import.meta.dirname, "../../public/herald.map.json"), "utf8"));

export interface FuzzRun {
  readonly seed: number;
  readonly calls: number;
  readonly workers: number;
  /** Ticks from one look at the kernel to the next, on average. */
  readonly lookEvery: number;
  readonly regions?: boolean;
}

export interface FuzzResult {
  /** What `fuzz` and the kernel wrote. */
  readonly lines: readonly string[];
  /** What was wrong at a look; empty when nothing was. */
  readonly problems: readonly string[];
  readonly looks: number;
  /** The kernel's counts before and after: frames, heap blocks, topics, messages. */
  readonly before: string;
  readonly after: string;
  /** Does the shell still answer? */
  readonly alive: boolean;
}

/** A scenario file with `debug=1`, and no trace. */
export function machineForTests(
  options: { readonly regions?: boolean; readonly memoryMiB?: number } = {},
): HeraldMachine {
  const image = committedImage.slice();
  writeFile(image, "scenario.cfg", "text", new TextEncoder().encode(checkScenario));
  return new HeraldMachine(image, options).boot();
}

/** What must be the same when nobody runs: the free memory counts what the kernel's heap has mapped as free. */
export function holdings(machine: HeraldMachine): string {
  const text = machine.command("mem").join("\n");
  const number = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? NaN);
  const free = number(/(\d+) KiB free/);
  const heap = number(/kernel heap +(\d+) KiB/);
  const tables = Math.ceil(heap / 2048);
  return [
    `frames ${(free + heap) / 4 + tables}`,
    ...text.split("\n").slice(2),
    /(\d+) bytes in \d+ blocks/.exec(text)?.[0],
  ].join("; ");
}

/** Every slot of the process table gets its kernel stack once, and keeps it. */
function warmUp(machine: HeraldMachine): void {
  machine.command("run test no_subscriber");
}

export function fuzz({ seed, calls, workers, lookEvery, regions }: FuzzRun): FuzzResult {
  const machine = machineForTests({ regions });
  warmUp(machine);
  const before = holdings(machine);
  const from = machine.transcript.length;
  const problems: string[] = [];
  let looks = 0;
  let random = seed >>> 0 || 1;
  const line = `run fuzz ${seed} ${calls} ${workers}\n`;
  machine.pc.input({ kind: "serial", bytes: [...line].map((c) => c.charCodeAt(0)) });
  const over = () => machine.transcript.endsWith(PROMPT) && machine.transcript.length > from + line.length;
  while (!over() && !machine.pc.stopped && problems.length === 0) {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    machine.pc.run(machine.pc.clock + 1 + (random % (2 * lookEvery)));
    if (!runBetweenSteps(machine.pc)) continue;
    looks++;
    problems.push(...new Inspector(machine.pc, committedMap).inspect());
  }
  const lines = machine.transcript.slice(from).replaceAll("\r", "").split("\n").slice(1, -1);
  if (problems.length > 0) return { lines, problems, looks, before, after: "", alive: false };
  const after = holdings(machine.settle());
  const alive = machine.command("run test own_subscription_is_delivered").includes("ok own_subscription_is_delivered");
  return { lines, problems, looks, before, after, alive };
}
