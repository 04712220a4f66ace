/**
 * Where the time of a workload's cold run goes: npx tsx tests/bench/timeline.ts [name, ...]. Each is run in a process of its own, then as many
 * rounds again. Prints, in milliseconds: the machine made; the boot to the first mark; the first rounds; the further ones, at full speed; the
 * difference, and what of it went into making regions (planning, writing, modules), the modules alone, and the longest of it at once. What is left of
 * the difference is interpretation, and code that V8 has not optimised. Then, in millions of ticks: the first and the last module, the first rounds.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { X86Cpu } from "../../src/engine/cpu";
import { Pc } from "../../src/pc/pc";
import { MARKS, timesOf } from "./marks";
import { stopwatch } from "./stopwatch";
import { load, repeated, workloadNames } from "./workloads";

const SLICE_TICKS = 2 ** 22;
const COLUMNS = [
  "machine",
  "boot",
  "first",
  "steady",
  "lost",
  "making",
  "modules",
  "longest",
  "first",
  "last",
  "ticks",
];

interface Making {
  all: number;
  modules: number;
  longest: number;
  /** Ticks at which modules were there. */
  readonly ready: number[];
}

/** Watches what of the first rounds goes into regions. */
function watchMaking(pc: Pc, wanted: () => boolean): Making {
  const { regions, library } = pc.cpu as X86Cpu;
  if (!regions) throw new Error("there is no second tier");
  const making: Making = { all: 0, modules: 0, longest: 0, ready: [] };
  const timed = (run: () => void, note: (ms: number) => void) => {
    const since = stopwatch();
    run();
    if (wanted()) note(since());
  };
  const [work, add] = [regions.work.bind(regions), library.add.bind(library)];
  regions.work = () =>
    timed(work, (ms) => {
      making.all += ms;
      making.longest = Math.max(making.longest, ms);
    });
  library.add = (bytes, slots) =>
    timed(
      () => add(bytes, slots),
      (ms) => {
        making.modules += ms;
        making.ready.push(pc.clock);
      },
    );
  return making;
}

function line(name: string, bits: 64 | 32): string {
  const { repeat } = load(name, bits);
  const workload = repeated(load(name, bits), repeat, repeat);
  let text = "";
  const [at, ticks]: Record<string, number>[] = [{}, {}];
  const begun = performance.now();
  const debugConsole = (byte: number) => {
    const character = String.fromCharCode(byte);
    text += character;
    if (!MARKS.includes(character)) return;
    at[character] = performance.now();
    ticks[character] = pc.clock;
  };
  const pc: Pc = new Pc({ disk: workload.image, regions: true, outputs: { debugConsole } });
  const made = performance.now();
  const making = watchMaking(pc, () => "<" in at && !(">" in at));
  while (!pc.stopped) pc.run(pc.clock + SLICE_TICKS);
  const { first, steady = NaN } = timesOf(workload, { text, at });
  const millions = (clock = NaN) => (clock - ticks["<"]) / 1e6;
  const { all, modules, longest, ready } = making;
  const spent = [made - begun, at["<"] - made, first, steady, first - steady, all, modules, longest];
  const figures = [...spent, millions(ready[0]), millions(ready.at(-1)), millions(ticks[">"])];
  return `${name} ${bits}`.padEnd(14) + figures.map((figure) => figure.toFixed(1).padStart(8)).join("");
}

function main(): void {
  const [first, name, bits] = process.argv.slice(2);
  if (first === "--one") return console.log(line(name, Number(bits) as 64 | 32));
  console.log("".padEnd(14) + COLUMNS.map((title) => title.padStart(8)).join(""));
  const script = fileURLToPath(import.meta.url);
  for (const bits of ["64", "32"]) {
    for (const name of first ? first.split(",") : workloadNames) {
      const words = [...process.execArgv, script, "--one", name, bits];
      const child = spawnSync(process.execPath, words, { encoding: "utf8" });
      process.stdout.write(child.stdout);
      if (child.status !== 0) throw new Error(`${name}: ${child.stderr}`);
    }
  }
}

main();
