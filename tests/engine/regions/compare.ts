/**
 * npx tsx tests/engine/regions/compare.ts [boot] [test] [WORKLOAD...]: the tiers beside each other over the whole of Herald's boot, of
 * `run test` in its shell, and of one round of the workloads of the benchmark; without words: over all. Prints where they part.
 */
import { readFileSync } from "node:fs";
import { load, repeated, workloadNames } from "../../bench/workloads";
import { type Comparison, firstDifference } from "./sideBySide";

const STEP = 1000;
const disk = readFileSync(new URL("../../../public/herald.img", import.meta.url));
const herald = { disk, memoryMiB: 64, step: STEP, whole: 10_000 };
const prompt = "herald> ";

const runs = new Map<string, Omit<Comparison, "regions">>([
  ["boot", { ...herald, ticks: 20_000_000, typed: { after: prompt, keys: "shutdown\n" } }],
  ["test", { ...herald, ticks: 2_000_000_000, typed: { after: prompt, keys: "run test\nshutdown\n" } }],
]);
for (const name of workloadNames)
  for (const bits of [64, 32] as const) {
    const { image } = repeated(load(name, bits), 1);
    runs.set(`${name}-${bits}`, { disk: image, memoryMiB: 64, step: STEP, whole: 20_000, ticks: 200_000_000 });
  }

const wanted = process.argv.slice(2);
let failed = false;
for (const [name, run] of runs) {
  if (wanted.length && !wanted.some((word) => name === word || name.startsWith(`${word}-`))) continue;
  const found = firstDifference({ ...run, regions: true });
  console.log(`${name}: ${found ?? "the same"}`);
  if (found) failed = true;
}
process.exitCode = failed ? 1 : 0;
