/**
 * Runs a machine in slices as the page's session makes them, and tells how long it stood still for the second tier. Knows no host: the same code in
 * Node and in a worker.
 */
import { parseMap } from "../../src/lens/map";
import type { X86Cpu } from "../../src/engine/cpu";
import { Pc } from "../../src/pc/pc";
import { builtinScenarios } from "../../src/scenario/builtin";
import { buildDisk } from "../../src/scenario/disk";
import type { Scenario } from "../../src/scenario/schema";
import { Run } from "../../src/worker/run";
import { stopwatch } from "./stopwatch";

/** 5 ms of the page's machine at 100 MHz. */
const SLICE_TICKS = 500_000;
/** From here on the scenario's commands are typed, one after so many slices. */
const PROMPT_TICKS = 40_000_000;
const SLICES_TO_TYPE = 50;

/** A disk image to run for so many ticks; or Herald's, with its map, for a built-in scenario of this title. */
export interface Request {
  readonly image: Uint8Array;
  readonly ticks: number;
  readonly scenario?: { readonly title: string; readonly map: unknown };
}

/** Milliseconds, and the count of regions. */
export interface Pauses {
  /** The longest that went into regions at once; into one step of their making; into one module. */
  readonly longest: number;
  readonly step: number;
  readonly module: number;
  /** The most that went into regions in one slice, and altogether. */
  readonly inSlice: number;
  readonly all: number;
  /** The longest slice, and the whole run. */
  readonly slice: number;
  readonly run: number;
  readonly regions: number;
}

interface Stepped {
  readonly pc: Pc;
  /** One slice; false when the machine is off. */
  step(ticks: number): boolean;
}

function scenarioMachine(scenario: Scenario, image: Uint8Array, map: unknown): Stepped {
  const { memoryMiB, mhz } = scenario.machine;
  const run = new Run({ disk: buildDisk(image, scenario), map: parseMap(map), memoryMiB, mhz }, []);
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

function imageMachine(image: Uint8Array): Stepped {
  const pc = new Pc({ disk: image, regions: true });
  return { pc, step: (ticks) => pc.run(pc.clock + ticks).kind === "ticks" };
}

function machine({ image, scenario }: Request): Stepped {
  if (!scenario) return imageMachine(image);
  const found = builtinScenarios.find(({ title }) => title === scenario.title);
  if (!found) throw new Error(`there is no scenario ${scenario.title}`);
  return scenarioMachine(found, image, scenario.map);
}

/** Calls of methods of this name are timed from now on. */
function watch(object: object, name: string, note: (ms: number) => void): void {
  const methods = object as Record<string, (...args: unknown[]) => unknown>;
  const original = methods[name].bind(object);
  methods[name] = (...args) => {
    const since = stopwatch();
    const result = original(...args);
    note(since());
    return result;
  };
}

export function standing(request: Request): Pauses {
  const { pc, step } = machine(request);
  const { regions, library } = pc.cpu as X86Cpu;
  if (!regions) throw new Error("there is no second tier");
  let spent = 0;
  const longest = { longest: 0, step: 0, module: 0, inSlice: 0, slice: 0 };
  const note = (name: keyof typeof longest) => (ms: number) => void (longest[name] = Math.max(longest[name], ms));
  for (const name of ["sample", "work"])
    watch(regions, name, (ms) => {
      spent += ms;
      note("longest")(ms);
    });
  watch(regions, "step", note("step"));
  watch(library, "add", note("module"));
  let all = 0;
  const begun = performance.now();
  for (let going = true; going && pc.clock < request.ticks;) {
    spent = 0;
    const since = stopwatch();
    going = step(SLICE_TICKS);
    note("slice")(since());
    note("inSlice")(spent);
    all += spent;
  }
  return { ...longest, all, run: performance.now() - begun, regions: regions.counts.compiled };
}
