/**
 * npm run bench: times the workloads of tests/bench/workloads on our tiers, QEMU's translator, v86 and the bare host, one after the
 * other and again in each round, between the marks that the guest gives. Writes results.json and prints a table.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { insert, markdown, meanRatio, median } from "./report";
import type { Measurements, Row } from "./results";
import { bundle } from "./runners/bundle";
import { provideNative } from "./runners/native";
import { provideBrowser, provideNode } from "./runners/ours";
import { provideQemu } from "./runners/qemu";
import { isMissing, type Provided, type Runner } from "./runners/runner";
import { provideV86, provideV86InChromium } from "./runners/v86";
import { load, repeated, type Workload, workloadNames } from "./workloads";

const HELP = `npm run bench -- [options]

  --rounds N        how often everything is measured (3)
  --only A,B        these workloads only: ${workloadNames.join(", ")}
  --bits 64|32      only the 64-bit workloads, or only their 32-bit twins
  --on A,B          on these only: native, qemu, v86, "chromium v86", "node interpreter", "node regions", "chromium interpreter", "chromium regions";
                    node, chromium, v86, interpreter and regions each name all that match
  --without A,B     on all but these
  --quick           one round of a fifth of the work
  --write FILE      where the figures go (tests/bench/results.json if everything was measured, else nowhere)
  --readme          puts the table into README.md, between its marks
  --merge A,B       measures nothing: puts together what --write wrote in portions
`;

const readme = new URL("../../README.md", import.meta.url);

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    only: { type: "string" },
    bits: { type: "string" },
    on: { type: "string" },
    without: { type: "string" },
    quick: { type: "boolean", default: false },
    write: { type: "string" },
    readme: { type: "boolean", default: false },
    merge: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

/** A fifth of the rounds is enough for what is slow. */
const shortened = (repeat: number, by: number) => Math.max(1, Math.round(repeat / by));

async function provide(): Promise<Provided[]> {
  const tiers = ["interpreter", "regions"] as const;
  const names = [
    "native",
    "qemu",
    "v86",
    "chromium v86",
    ...["node", "chromium"].flatMap((host) => tiers.map((tier) => `${host} ${tier}`)),
  ];
  const matching = (list: string | undefined) => {
    const words = list?.split(",").map((word) => word.trim());
    for (const word of words ?? [])
      if (!names.some((name) => name === word || name.split(" ").includes(word)))
        throw new Error(`"${word}" is none of ${names.join(", ")}`);
    return (name: string) => words?.some((word) => name === word || name.split(" ").includes(word));
  };
  const [on, without] = [matching(options.on), matching(options.without)];
  const wanted = names.filter((name) => (on(name) ?? true) && !without(name));
  const ours = tiers.filter((tier) => wanted.includes(`node ${tier}`));
  const browsers = tiers.filter((tier) => wanted.includes(`chromium ${tier}`));
  const hosts = ours.length || browsers.length ? await bundle("node", "worker") : undefined;
  return [
    ...(wanted.includes("native") ? [provideNative()] : []),
    ...(wanted.includes("qemu") ? [provideQemu()] : []),
    ...(wanted.includes("v86") ? [provideV86()] : []),
    ...(wanted.includes("chromium v86") ? [provideV86InChromium()] : []),
    ...(hosts ? ours.map((tier) => provideNode(tier, hosts.node)) : []),
    ...(hosts && browsers.length ? await provideBrowser(browsers, hosts.worker) : []),
  ];
}

/** One time into the row; a sentence if there is none. */
async function run(runner: Runner, workload: Workload, row: Row): Promise<string | undefined> {
  const whole = options.quick ? shortened(workload.repeat, 5) : workload.repeat;
  const done = shortened(whole, runner.fraction);
  const outcome = await runner.run(repeated(workload, done, runner.steady ? done : 0));
  if (isMissing(outcome)) return outcome.missing;
  const entry = (row.runs[runner.name] ??= { ms: [] });
  entry.ms.push((outcome.first * whole) / done);
  if (outcome.steady !== undefined) (entry.steady ??= []).push((outcome.steady * whole) / done);
  if (outcome.instructions !== undefined) entry.instructions = Math.round((outcome.instructions * whole) / done);
  return undefined;
}

function summary({ name, bits, runs }: Row): string {
  const parts = Object.entries(runs).map(([runner, { ms, steady, instructions }]) => {
    const middle = median(ms);
    const speed = instructions ? ` (${(instructions / middle / 1000).toFixed(0)} MIPS)` : "";
    const later = steady ? `, then ${median(steady).toFixed(0)}` : "";
    return `${runner} ${middle.toFixed(0)}${later} ms${speed}`;
  });
  return `${name.padEnd(11)} ${bits}  ${parts.join("  ")}`;
}

async function main(): Promise<void> {
  if (options.help) return console.log(HELP);
  if (options.merge) return report(merged(options.merge.split(",").map((file) => parsed(file))), true);
  const rounds = options.quick ? 1 : Number(options.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds is a whole number above 0, not ${options.rounds}`);
  if (options.bits && options.bits !== "64" && options.bits !== "32") throw new Error("--bits is 64 or 32");
  const names = options.only?.split(",") ?? workloadNames;
  const sizes = ([64, 32] as const).filter((bits) => !options.bits || Number(options.bits) === bits);
  const workloads = sizes.flatMap((bits) => names.map((name) => load(name, bits)));
  // Without its marks there is no place for the table: better known before all is measured.
  if (options.readme) insert(readFileSync(readme, "utf8"), "");
  const provided = await provide();
  const missing = new Set(provided.filter(isMissing).map(({ name, missing }) => `${name}: ${missing}`));
  for (const sentence of missing) console.log(`Missing: ${sentence}.`);
  const runners = provided.filter((one): one is Runner => "run" in one);
  const rows = workloads.map(({ name, bits }): Row => ({ name, bits, runs: {} }));
  const absent = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    if (rounds > 1) console.log(`Round ${round + 1} of ${rounds}`);
    for (const [index, workload] of workloads.entries()) {
      for (const runner of runners) {
        const pair = `${workload.name} (${workload.bits} bits) on ${runner.name}`;
        if (absent.has(pair)) continue;
        const why = await run(runner, workload, rows[index]).catch((error: unknown) => String(error));
        if (!why) continue;
        absent.add(pair);
        if (!byNature(why)) missing.add(`${pair}: ${why}`);
      }
      console.log(summary(rows[index]));
    }
  }
  finish(rounds, rows, [...missing], runners);
}

/** Not a loss: it could not be otherwise. */
const byNature = (why: string) => /ring 0|natively|no 64-bit mode/.test(why);

function finish(rounds: number, rows: Row[], missing: string[], runners: readonly Runner[]): void {
  const versions: Record<string, string> = {};
  for (const { name, version } of runners)
    versions[name.split(" ").includes("v86") ? "v86" : name.split(" ")[0]] = version;
  const [cpu] = cpus();
  const measurements: Measurements = {
    date: new Date().toISOString().slice(0, 10),
    machine: { cpu: cpu.model.trim(), cores: cpus().length, platform: `${process.platform} ${process.arch}`, versions },
    rounds,
    rows: rows.map((row) => ({ ...row, runs: rounded(row.runs) })),
    missing,
    means: meansOf(rows),
  };
  const complete = !options.only && !options.bits && !options.on && !options.without && !options.quick;
  report(measurements, complete);
}

const parsed = (file: string) => JSON.parse(readFileSync(file, "utf8")) as Measurements;

/** Portions of one measurement: each workload is in one of them. */
function merged(portions: readonly Measurements[]): Measurements {
  const order = (row: Row) => (row.bits === 64 ? 0 : workloadNames.length) + workloadNames.indexOf(row.name);
  const rows = portions.flatMap(({ rows }) => rows).sort((a, b) => order(a) - order(b));
  const names = new Set(rows.map((row) => `${row.name} ${row.bits}`));
  if (names.size !== rows.length) throw new Error("a workload was measured in two of the portions");
  const versions = Object.assign({}, ...portions.map(({ machine }) => machine.versions)) as Record<string, string>;
  const missing = [...new Set(portions.flatMap(({ missing }) => missing))];
  return { ...portions[0], machine: { ...portions[0].machine, versions }, rows, missing, means: meansOf(rows) };
}

function meansOf(rows: readonly Row[]): Record<string, number> {
  const means: Record<string, number> = {};
  for (const bits of [64, 32] as const)
    for (const [name, reference] of [
      ["node interpreter", "qemu"],
      ["node regions", "qemu"],
      ["chromium regions", "qemu"],
      ["v86", "qemu"],
      ["v86", "node regions"],
      ["chromium v86", "chromium regions"],
    ]) {
      const of = rows.filter((row) => row.bits === bits);
      for (const when of ["ms", "steady"] as const) {
        const mean = meanRatio(of, { name, reference, when });
        const which = when === "steady" ? ", steady" : "";
        if (mean) means[`${bits} bits: ${name} / ${reference}${which}`] = Number(mean.toFixed(3));
      }
    }
  return means;
}

function report(measurements: Measurements, complete: boolean): void {
  const text = markdown(measurements);
  console.log(`\n${text}\n`);
  for (const [name, mean] of Object.entries(measurements.means)) console.log(`${name.padEnd(60)} ${mean.toFixed(2)}`);
  const file = options.write ?? (complete ? new URL("results.json", import.meta.url) : undefined);
  if (file) writeFileSync(file, JSON.stringify(measurements, undefined, 2) + "\n");
  if (!options.readme) return;
  writeFileSync(readme, insert(readFileSync(readme, "utf8"), text));
}

const hundredths = (ms: number) => Number(ms.toFixed(2));

function rounded(runs: Row["runs"]): Row["runs"] {
  const entries = Object.entries(runs).map(([name, run]) => [
    name,
    { ...run, ms: run.ms.map(hundredths), ...(run.steady && { steady: run.steady.map(hundredths) }) },
  ]);
  return Object.fromEntries(entries) as Row["runs"];
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
