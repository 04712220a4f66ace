/**
 * Fresh cases for SSE, MMX and x87 on this machine's processor, compared with the engine:
 * npx tsx tests/silicon/media/run.ts [--cases N] [--seed S] [--only PATTERN] [--record NAME] [--regions].
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { whyNot } from "../native";
import { pack } from "./cases";
import { difference, MediaBench, nameOf } from "./engine";
import { generate } from "./generate";
import { runNatively } from "./native";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    only: { type: "string", default: "." },
    show: { type: "string", default: "3" },
    record: { type: "string" },
    regions: { type: "boolean", default: false },
  },
});
const reason = whyNot();
if (reason) {
  console.error(`No fresh cases: ${reason}.`);
  process.exit(2);
}
const cases = generate(Number(values.cases), Number(values.seed), new RegExp(values.only));
const vectors = runNatively(cases);
const tier = values.regions && { threshold: 0 };
const benches = { 64: new MediaBench(64, tier), 32: new MediaBench(32, tier) };
const wrong = new Map<string, string[]>();
for (const vector of vectors) {
  let message: string;
  try {
    message = difference(vector, benches[vector.test.bits].runMedia(vector.test));
  } catch (error) {
    message = `${Buffer.from(vector.test.code).toString("hex")}: ${error instanceof Error ? error.stack : error}`;
  }
  const name = nameOf(vector.test);
  if (message) wrong.set(name, [...(wrong.get(name) ?? []), message]);
}
for (const [name, messages] of wrong)
  console.log(`${name}: ${messages.length} wrong\n  ${messages.slice(0, Number(values.show)).join("\n  ")}`);
const count = [...wrong.values()].reduce((sum, { length }) => sum + length, 0);
const faults = vectors.filter(({ outcome }) => outcome.signal !== 0).length;
console.log(`${vectors.length} cases on this processor (${faults} faulted), ${count} differ from the engine`);
if (values.record) {
  const folder = join(dirname(fileURLToPath(import.meta.url)), "fixtures");
  mkdirSync(folder, { recursive: true });
  const packed = pack(vectors);
  writeFileSync(join(folder, `${values.record}.gz`), packed);
  console.log(`${packed.length} bytes recorded`);
}
process.exitCode = count ? 1 : 0;
