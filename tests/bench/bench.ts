/**
 * Measures the bare-metal workloads of tests/bench/images: our tiers and QEMU's translator, alternating, each from the first mark on
 * its debug console to the last. Run: npm run bench [-- --rounds N] [--only name,name] [--without qemu,interpreter,regions]
 */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Pc } from "../../src/pc/pc";

interface Outcome {
  readonly ms: number;
  readonly result: string;
  /** Instructions that the workload took; 0 where they are not counted. */
  readonly instructions: number;
}

const images = fileURLToPath(new URL("images/", import.meta.url));
const START = "<".charCodeAt(0);
const LIMIT = 2 ** 36;
const SLICE = 1 << 22;

function ours(image: string, regions: boolean): Outcome {
  let text = "";
  let started = 0;
  let firstTick = 0;
  const pc: Pc = new Pc({
    disk: readFileSync(`${images}${image}.img`),
    regions,
    outputs: {
      debugConsole(byte) {
        if (byte === START) {
          started = performance.now();
          firstTick = pc.clock;
        }
        text += String.fromCharCode(byte);
      },
    },
  });
  while (!pc.stopped && pc.clock < LIMIT) pc.run(pc.clock + SLICE);
  const ms = performance.now() - started;
  if (pc.stopped?.kind !== "debugExit") throw new Error(`${image}: ${JSON.stringify(pc.stopped)} ${text}`);
  return { ms, result: resultIn(text), instructions: pc.clock - firstTick };
}

function resultIn(text: string): string {
  const result = /<=([0-9a-f]{16})>/.exec(text)?.[1];
  if (!result) throw new Error(`no result in ${JSON.stringify(text)}`);
  return result;
}

function qemu(image: string): Promise<Outcome> {
  const options = `-accel tcg -m 64 -display none -no-reboot -nodefaults -device isa-debug-exit,iobase=0xf4,iosize=4 -drive file=${images}${image}.img,format=raw,if=ide,snapshot=on -debugcon stdio`;
  return new Promise((resolve, reject) => {
    const child = spawn("qemu-system-x86_64", options.split(" "), { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    let started = 0;
    let ended = 0;
    child.stdout.on("data", (data: Buffer) => {
      // The firmware writes to the same port; its text comes before the mark.
      text += data.toString("latin1");
      if (!started && text.includes("<")) started = performance.now();
      if (!ended && text.includes(">")) ended = performance.now();
    });
    child.on("error", reject);
    child.on("close", () => {
      try {
        resolve({ ms: ended - started, result: resultIn(text), instructions: 0 });
      } catch (error) {
        reject(error as Error);
      }
    });
  });
}

const runners: Readonly<Record<string, (image: string) => Outcome | Promise<Outcome>>> = {
  qemu,
  interpreter: (image) => ours(image, false),
  regions: (image) => ours(image, true),
};

const argument = (name: string) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1];

const rounds = Number(argument("--rounds") ?? 3);
const without = new Set(argument("--without")?.split(","));
const only = argument("--only")?.split(",");
const names = readdirSync(images)
  .filter((file) => file.endsWith(".img"))
  .map((file) => file.slice(0, -4))
  .filter((name) => !only || only.includes(name));
const tiers = Object.keys(runners).filter((tier) => !without.has(tier));

const results: Record<string, Record<string, { ms: number[]; instructions: number }>> = {};
const logs: number[] = [];
console.log(`${"workload".padEnd(12)}${tiers.map((tier) => tier.padStart(22)).join("")}   regions / qemu`);
for (const name of names) {
  const times: Record<string, { ms: number[]; instructions: number }> = {};
  const values = new Set<string>();
  try {
    for (let round = 0; round < rounds; round++) {
      for (const tier of tiers) {
        const { ms, result, instructions } = await runners[tier](name);
        (times[tier] ??= { ms: [], instructions }).ms.push(ms);
        values.add(result);
      }
    }
  } catch (error) {
    console.log(`${name.padEnd(12)}${String(error).slice(0, 120)}`);
    continue;
  }
  if (values.size > 1) throw new Error(`${name}: results differ: ${[...values].join(" ")}`);
  results[name] = times;
  const cells = tiers.map((tier) => {
    const { ms, instructions } = times[tier];
    const middle = median(ms);
    return `${middle.toFixed(0)} ms${instructions ? ` ${(instructions / middle / 1000).toFixed(0)} MIPS` : ""}`.padStart(
      22,
    );
  });
  const { regions, qemu: reference } = times;
  const ratio = regions && reference ? median(regions.ms) / median(reference.ms) : NaN;
  const spread = regions && reference ? regions.ms.map((ms, n) => ms / reference.ms[n]) : [];
  if (ratio) logs.push(Math.log(ratio));
  const range = spread.length > 1 ? ` (${Math.min(...spread).toFixed(2)} to ${Math.max(...spread).toFixed(2)})` : "";
  console.log(`${name.padEnd(12)}${cells.join("")}   ${ratio ? ratio.toFixed(2) + range : ""}`);
}
if (logs.length) {
  const mean = Math.exp(logs.reduce((a, b) => a + b) / logs.length);
  console.log(`geometric mean of regions / qemu: ${mean.toFixed(2)}`);
}
if (argument("--write")) writeFileSync(argument("--write")!, JSON.stringify(results, undefined, 2) + "\n");
