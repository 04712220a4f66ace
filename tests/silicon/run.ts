/**
 * Fresh cases on this machine's processor, compared with the definitions and the engine:
 * npm run silicon -- [--cases N] [--seed S] [--only PATTERN] [--model definitions|engine|all] [--part integer|media|all] [--regions] [--record NAME].
 *
 * N cases for each form, in portions with seeds from S on; --record keeps them as fixtures of that name, which the tests use. Vectors
 * and x87 (media) have no evaluator besides the engine.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { decode } from "../../src/engine/decode/decode";
import { type Case, pack, type Vector } from "./cases";
import { difference, runByDefinition } from "./compare";
import { EngineBench } from "./engine";
import { generate } from "./generate";
import * as mediaCases from "./media/cases";
import * as mediaEngine from "./media/engine";
import { generate as generateMedia } from "./media/generate";
import { runNatively as runMediaNatively } from "./media/native";
import { runNatively, whyNot } from "./native";

/** Cases for each form that are in memory at a time. */
const PORTION = 200;
const MOST_TRIES = 3;

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    only: { type: "string", default: "." },
    part: { type: "string", default: "all" },
    model: { type: "string", default: "all" },
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
const only = new RegExp(values.only);
const wants = (model: string) => values.model === "all" || values.model === model;

/** What was seen so far. */
const tally = { cases: 0, faulted: 0, comparisons: 0, wrong: new Map<string, string[]>() };

function look(name: string, code: Uint8Array, compare: () => string): void {
  tally.comparisons++;
  let message: string;
  try {
    message = compare();
  } catch (error) {
    message = `${Buffer.from(code).toString("hex")}: ${error instanceof Error ? error.stack : error}`;
  }
  if (message) tally.wrong.set(name, [...(tally.wrong.get(name) ?? []), message]);
}

function nameOf({ code, bits }: Case): string {
  const decoded = decode(code, 0, { long: bits === 64, code32: bits === 32 });
  return decoded.kind === "instruction" ? `${decoded.instruction.name} ${decoded.form.text}` : "?";
}

const tier = { regions: values.regions && { threshold: 0 } };
const benches = { 64: new EngineBench(64, tier), 32: new EngineBench(32, tier), 16: new EngineBench(16, tier) };
const mediaBench = mediaEngine.mediaBenches(tier);

function integerPortion(count: number, seed: number): Vector[] {
  const vectors = runNatively(generate(count, seed, only));
  for (const vector of vectors) {
    const { test, outcome } = vector;
    tally.cases++;
    if (outcome.signal) tally.faulted++;
    const name = nameOf(test);
    if (wants("definitions")) look(name, test.code, () => difference(vector, runByDefinition(test)));
    if (wants("engine")) look(name, test.code, () => difference(vector, benches[test.bits].run(test)));
  }
  return vectors;
}

function mediaPortion(count: number, seed: number): mediaCases.Vector[] {
  const vectors = runMediaNatively(generateMedia(count, seed, only));
  const ran = (vector: mediaCases.Vector) => mediaBench(vector.test.bits).runMedia(vector.test);
  for (const [n, { test }] of vectors.entries()) {
    tally.cases++;
    // Where the operating system let another program run in between, the pointers of x87 are lost: once more, then.
    for (let again = 0; again < MOST_TRIES && mediaEngine.difference(vectors[n], ran(vectors[n])); again++)
      [vectors[n]] = runMediaNatively([test]);
    const vector = vectors[n];
    if (vector.outcome.signal) tally.faulted++;
    if (!wants("engine")) continue;
    const run = () => mediaEngine.difference(vector, ran(vector));
    look(mediaEngine.nameOf(test), test.code, run);
  }
  return vectors;
}

const here = dirname(fileURLToPath(import.meta.url));
function record(path: string, packed: Uint8Array): void {
  mkdirSync(dirname(join(here, path)), { recursive: true });
  writeFileSync(join(here, path), packed);
  console.log(`${path}: ${packed.length} bytes`);
}

let seed = Number(values.seed);
for (let left = Number(values.cases); left > 0; left -= PORTION, seed++) {
  const count = Math.min(left, PORTION);
  if (values.part !== "media") {
    const vectors = integerPortion(count, seed);
    if (values.record) record(`fixtures/${values.record}.gz`, pack(vectors));
  }
  if (values.part !== "integer") {
    const vectors = mediaPortion(count, seed);
    if (values.record) record(`media/fixtures/${values.record}.gz`, mediaCases.pack(vectors));
  }
}

for (const [name, messages] of tally.wrong)
  console.log(`${name}: ${messages.length} wrong\n  ${messages.slice(0, Number(values.show)).join("\n  ")}`);
const differing = [...tally.wrong.values()].reduce((sum, { length }) => sum + length, 0);
console.log(
  `${tally.cases} cases on this processor (${tally.faulted} faulted), seeds ${values.seed} to ${seed - 1}: ` +
    `${differing} of ${tally.comparisons} comparisons differ`,
);
process.exitCode = differing ? 1 : 0;
