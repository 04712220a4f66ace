/**
 * The tiers beside each other over the whole of Herald's boot, of `run test` in its shell, and of one round of the workloads of the
 * benchmark, compared every thousand ticks. Prints where they part.
 *
 *   npx tsx tests/engine/regions/compare.ts [--at-once] [--ticks N] [boot] [test] [WORKLOAD...] [DISK.img...]; without words: over all.
 *
 * Beside the interpreter runs a machine with regions as they are by themselves: what is hot in regions, the rest interpreted; with
 * --at-once all code in regions, from when it is first met. A disk image of somebody else's runs without a key pressed.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { load, repeated, workloadNames } from "../../bench/workloads";
import { type Comparison, firstDifference } from "./sideBySide";

const STEP = 1000;
const disk = readFileSync(new URL("../../../public/herald.img", import.meta.url));
const herald = { disk, memoryMiB: 64, step: STEP, whole: 5_000 };
const prompt = "herald> ";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { "at-once": { type: "boolean", default: false }, ticks: { type: "string" } },
});
const regions = values["at-once"] ? { threshold: 0 } : true;

const runs = new Map<string, Omit<Comparison, "regions">>([
  ["boot", { ...herald, ticks: 20_000_000, typed: { after: prompt, keys: "shutdown\n" } }],
  ["test", { ...herald, ticks: 2_000_000_000, typed: { after: prompt, keys: "run test\nshutdown\n" } }],
]);
for (const name of workloadNames)
  for (const bits of [64, 32] as const) {
    const { image } = repeated(load(name, bits), 1);
    runs.set(`${name}-${bits}`, { disk: image, memoryMiB: 64, step: STEP, whole: 5_000, ticks: 200_000_000 });
  }
const own = [...runs.keys()];
const isImage = (word: string) => word.endsWith(".img");
for (const path of positionals.filter(isImage))
  runs.set(basename(path), { ...herald, disk: readFileSync(path), ticks: 300_000_000 });

const chosen = (name: string) =>
  positionals.some((word) => name === basename(word) || (own.includes(name) && name.startsWith(`${word}-`)));
let failed = false;
for (const [name, run] of runs) {
  if (positionals.length && !chosen(name)) continue;
  const ticks = Number(values.ticks ?? run.ticks);
  const found = firstDifference({ ...run, ticks, regions });
  console.log(`${name}: ${found ?? "the same"}`);
  if (found) failed = true;
}
process.exitCode = failed ? 1 : 0;
