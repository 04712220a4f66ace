/**
 * How long the machine stands still for the second tier: npx tsx tests/bench/pauses.ts [part of a name]. Each built-in scenario of the page
 * and each workload is run in a process of its own, with everything cold, in slices as the page's session makes them. Prints of each, in
 * milliseconds: the longest time that went into regions at once, in one slice, and altogether; the longest slice; the whole run.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseMap } from "../../src/lens/map";
import type { X86Cpu } from "../../src/engine/cpu";
import { Pc } from "../../src/pc/pc";
import { builtinScenarios } from "../../src/scenario/builtin";
import { buildDisk } from "../../src/scenario/disk";
import type { Scenario } from "../../src/scenario/schema";
import { Run } from "../../src/worker/run";
import { stopwatch } from "./stopwatch";
import { load, workloadNames } from "./workloads";

/** 5 ms of the page's machine at 100 MHz. */
const SLICE_TICKS = 500_000;
const SCENARIO_TICKS = 300_000_000;
const WORKLOAD_TICKS = 400_000_000;
/** From here on the scenario's commands are typed, one after so many slices. */
const PROMPT_TICKS = 40_000_000;
const SLICES_TO_TYPE = 50;

interface Stepped {
  readonly pc: Pc;
  /** One slice; false when the machine is off. */
  step(ticks: number): boolean;
}

interface Pauses {
  readonly compileLongest: number;
  readonly compileSlice: number;
  readonly compileAll: number;
  readonly sliceLongest: number;
  readonly all: number;
  readonly regions: number;
}

const herald = (name: string) => readFileSync(new URL(`../../public/${name}`, import.meta.url));

function scenarioMachine(scenario: Scenario): Stepped {
  const { memoryMiB, mhz } = scenario.machine;
  const disk = buildDisk(new Uint8Array(herald("herald.img")), scenario);
  const map = parseMap(JSON.parse(herald("herald.map.json").toString()));
  const run = new Run({ disk, map, memoryMiB, mhz }, []);
  const typed = [...(scenario.look?.commands ?? [])];
  let slices = 0;
  return {
    pc: run.pc,
    step(ticks) {
      run.player.runTo(run.tick + ticks);
      run.serial.clear();
      if (run.tick > PROMPT_TICKS && ++slices % SLICES_TO_TYPE === 0 && typed.length)
        run.pc.input({ kind: "serial", bytes: [...`${typed.shift()}\n`].map((c) => c.charCodeAt(0)) });
      return !run.ending;
    },
  };
}

function workloadMachine(name: string, bits: 64 | 32): Stepped {
  const pc = new Pc({ disk: load(name, bits).image, regions: true });
  return { pc, step: (ticks) => pc.run(pc.clock + ticks).kind === "ticks" };
}

function measure({ pc, step }: Stepped, ticks: number): Pauses {
  const { regions } = pc.cpu as X86Cpu;
  if (!regions) throw new Error("there is no second tier");
  let spent = 0;
  let compileLongest = 0;
  const timed = regions as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of ["sample", "work"]) {
    const original = timed[name]?.bind(regions);
    if (!original) continue;
    timed[name] = (...args) => {
      const since = stopwatch();
      const result = original(...args);
      const took = since();
      spent += took;
      compileLongest = Math.max(compileLongest, took);
      return result;
    };
  }
  let [compileSlice, sliceLongest, compileAll] = [0, 0, 0];
  const begun = performance.now();
  for (let going = true; going && pc.clock < ticks;) {
    spent = 0;
    const since = stopwatch();
    going = step(SLICE_TICKS);
    sliceLongest = Math.max(sliceLongest, since());
    compileSlice = Math.max(compileSlice, spent);
    compileAll += spent;
  }
  const all = performance.now() - begun;
  return { compileLongest, compileSlice, compileAll, sliceLongest, all, regions: regions.counts.compiled };
}

const machines = new Map<string, { machine: () => Stepped; ticks: number }>();
for (const scenario of builtinScenarios)
  machines.set(scenario.title, { machine: () => scenarioMachine(scenario), ticks: SCENARIO_TICKS });
for (const name of workloadNames)
  for (const bits of [64, 32] as const)
    machines.set(`${name} ${bits}`, { machine: () => workloadMachine(name, bits), ticks: WORKLOAD_TICKS });

function line(name: string, { compileLongest, compileSlice, compileAll, sliceLongest, all, regions }: Pauses): string {
  const figures = [compileLongest, compileSlice, compileAll, sliceLongest].map((ms) => ms.toFixed(1).padStart(9));
  return `${name.padEnd(36)}${figures.join("")}${all.toFixed(0).padStart(9)}${String(regions).padStart(9)}`;
}

function main(): void {
  const [first = "", second] = process.argv.slice(2);
  if (first === "--one") {
    const { machine, ticks } = machines.get(second)!;
    return console.log(line(second, measure(machine(), ticks)));
  }
  console.log(
    `${"".padEnd(36)}${["longest", "in slice", "all", "slice", "run", "regions"].map((w) => w.padStart(9)).join("")}`,
  );
  for (const name of machines.keys()) {
    if (!name.includes(first)) continue;
    const script = fileURLToPath(import.meta.url);
    const child = spawnSync(process.execPath, [...process.execArgv, script, "--one", name], { encoding: "utf8" });
    process.stdout.write(child.stdout);
    if (child.status !== 0) throw new Error(`${name}: ${child.stderr}`);
  }
}

main();
