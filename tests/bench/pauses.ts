/**
 * How long the machine stands still for the second tier: npx tsx tests/bench/pauses.ts [part of a name] [--node | --chromium]
 * [--times N]. Each built-in scenario of the page and each workload is run with everything cold: in a process of its own, and in a worker of a Chromium of its own. Prints of each, in
 * milliseconds: the longest time that went into regions at once, into one step of it, and into one module; in one slice of 5 ms of the guest's time,
 * and altogether; the longest slice; the whole run. In Node what others took of the processor is left out; Chromium cannot
 * tell, so on a busy computer take the least of several times.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { provideChromium } from "../browser/chromium";
import { builtinScenarios } from "../../src/scenario/builtin";
import { askWorker } from "./runners/browser";
import { bundle } from "./runners/bundle";
import { type Pauses, type Request, standing } from "./standing";
import { load, workloadNames } from "./workloads";

const SCENARIO_TICKS = 300_000_000;
const WORKLOAD_TICKS = 400_000_000;

const COLUMNS = ["longest", "step", "module", "inSlice", "all", "slice", "run", "regions"] as const;

const herald = (name: string) => readFileSync(new URL(`../../public/${name}`, import.meta.url));

const requests = new Map<string, () => Request>();
for (const { title } of builtinScenarios)
  requests.set(title, () => {
    const map: unknown = JSON.parse(herald("herald.map.json").toString());
    return { image: new Uint8Array(herald("herald.img")), ticks: SCENARIO_TICKS, scenario: { title, map } };
  });
for (const name of workloadNames)
  for (const bits of [64, 32] as const)
    requests.set(`${name} ${bits}`, () => ({ image: load(name, bits).image, ticks: WORKLOAD_TICKS }));

function inNode(name: string): Pauses {
  const words = [...process.execArgv, fileURLToPath(import.meta.url), "--one", name];
  const child = spawnSync(process.execPath, words, { encoding: "utf8" });
  if (child.status !== 0) throw new Error(`${name}: ${child.stderr}`);
  return JSON.parse(child.stdout) as Pauses;
}

async function inChromium(): Promise<(name: string) => Promise<Pauses>> {
  const found = provideChromium();
  if ("why" in found) throw new Error(found.why);
  const { standing: script } = await bundle("standing");
  return async (name) => {
    const answer = await askWorker<Pauses>(found.path, script, requests.get(name)!());
    if ("failed" in answer) throw new Error(`${name}: ${answer.failed}`);
    return answer;
  };
}

type Measure = (name: string) => Pauses | Promise<Pauses>;

/** Each figure's least. */
async function least(times: number, name: string, measure: Measure): Promise<Pauses> {
  const runs: Pauses[] = [];
  for (let n = 0; n < times; n++) runs.push(await measure(name));
  const entries = COLUMNS.map((column) => [column, Math.min(...runs.map((pauses) => pauses[column]))]);
  return Object.fromEntries(entries) as Pauses;
}

async function table(host: string, wanted: string, times: number, measure: Measure): Promise<void> {
  const row = (name: string, cells: readonly string[]) =>
    console.log(name.padEnd(36) + cells.map((cell) => cell.padStart(9)).join(""));
  row(host, COLUMNS);
  const most = new Map<string, number>();
  for (const name of requests.keys()) {
    if (!name.includes(wanted)) continue;
    const pauses = await least(times, name, measure);
    for (const column of COLUMNS) most.set(column, Math.max(most.get(column) ?? 0, pauses[column]));
    row(
      name,
      COLUMNS.map((column) => pauses[column].toFixed(column === "run" || column === "regions" ? 0 : 1)),
    );
  }
  row(
    "the most",
    COLUMNS.map((column) => (most.get(column) ?? 0).toFixed(1)),
  );
}

async function main(): Promise<void> {
  const [first, second] = process.argv.slice(2);
  if (first === "--one") return console.log(JSON.stringify(standing(requests.get(second)!())));
  const words = process.argv.slice(2);
  const times = words.includes("--times") ? Number(words[words.indexOf("--times") + 1]) : 1;
  const wanted = words.find((word, n) => !word.startsWith("--") && words[n - 1] !== "--times") ?? "";
  if (!words.includes("--chromium")) await table("Node", wanted, times, inNode);
  if (!words.includes("--node")) await table("Chromium", wanted, times, await inChromium());
}

await main();
