/**
 * Fresh cases on this machine's processor, compared with the definitions and the engine:
 * `npm run silicon`, with the options of USAGE.
 *
 * N cases for each form (of faults a tenth, of programs 5 N in all), in portions with seeds from S on; --record keeps them as fixtures of that name, which the tests use; --coverage
 * tells what programs reached, and steers them to what they seldom do. Vectors and x87 (media) have no evaluator besides the engine.
 */
import { COUNTED, countedReport } from "./sequences/codeCoverage";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { decode } from "../../src/engine/decode/decode";
import { BITS, type Case, pack, type Vector } from "./cases";
import { difference, runByDefinition } from "./compare";
import { EngineBench } from "./engine";
import { generate } from "./generate";
import * as mediaCases from "./media/cases";
import * as mediaEngine from "./media/engine";
import { generate as generateMedia } from "./media/generate";
import { runNatively as runMediaNatively } from "./media/native";
import { runNatively, whyNot } from "./native";
import {
  BREAKPOINT,
  difference as sequenceDifference,
  isUsable,
  openFlags,
  promised,
  type Recorded,
  type Sequence,
} from "./sequences/cases";
import { Corpus } from "./sequences/corpus";
import { Coverage } from "./sequences/coverage";
import { MIXED, sequenceBenches, type SequenceOptions } from "./sequences/engine";
import { generateFaults } from "./sequences/faults";
import { found } from "./sequences/found";
import { runNatively as runSequencesNatively } from "./sequences/native";
import { pack as packSequences } from "./sequences/recording";
import { randomProgram, type Recipe, recipe, smallest } from "./sequences/programs";

/** Cases for each form that are in memory at a time. */
const PORTION = 200;
/** The same where what one portion reached steers the next. */
const STEERED_PORTION = 20;
const MOST_TRIES = 3;

const USAGE = `npm run silicon -- [--cases N] [--seed S] [--only PATTERN] [--part integer|media|faults|programs|found|all]
  [--model definitions|engine|all] [--regions] [--mixed] [--coverage] [--record NAME] [--show N]`;

/** Ends with what is wrong and the usage. */
function refuse(why: string): never {
  console.error(`${why}\n${USAGE}`);
  process.exit(2);
}

function settings() {
  try {
    return parseArgs({
      options: {
        cases: { type: "string", default: "200" },
        seed: { type: "string", default: "1" },
        only: { type: "string", default: "." },
        part: { type: "string", default: "all" },
        model: { type: "string", default: "all" },
        show: { type: "string", default: "3" },
        record: { type: "string" },
        regions: { type: "boolean", default: false },
        mixed: { type: "boolean", default: false },
        coverage: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    return refuse((error as Error).message);
  }
}
function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    return refuse((error as Error).message);
  }
}
const values = settings();
for (const name of ["cases", "seed", "show"] as const)
  if (!/^\d+$/.test(values[name])) refuse(`--${name} is a number, not ${values[name]}`);
if (!/^(integer|media|faults|programs|found|all)$/.test(values.part)) refuse(`there is no part ${values.part}`);
if (!/^(definitions|engine|all)$/.test(values.model)) refuse(`there is no model ${values.model}`);
const reason = whyNot();
if (reason) {
  console.error(`No fresh cases: ${reason}.`);
  process.exit(2);
}
const only = pattern(values.only);
const has = (part: string) => values.part === "all" || values.part === part;
const wants = (model: string) => values.model === "all" || values.model === model;

/** What was seen so far. */
const tally = { cases: 0, faulted: 0, events: 0, comparisons: 0, wrong: new Map<string, string[]>() };

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

function nameOf({ code, bits }: Pick<Case, "code" | "bits">): string {
  const decoded = decode(code, 0, { long: bits === 64, code32: bits === 32 });
  return decoded.kind === "instruction" ? `${decoded.instruction.name} ${decoded.form.text}` : "?";
}

/** All code in regions, or what a sample falls into. */
const tier: SequenceOptions = values.mixed ? MIXED : { regions: values.regions && { threshold: 0 } };
const benches = { 64: new EngineBench(64, tier), 32: new EngineBench(32, tier), 16: new EngineBench(16, tier) };
const sequenceBench = sequenceBenches(tier);
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
  const compare = (vector: mediaCases.Vector) =>
    mediaEngine.difference(vector, mediaBench(vector.test.bits).runMedia(vector.test));
  for (const [n, { test, outcome }] of vectors.entries()) {
    tally.cases++;
    if (outcome.signal) tally.faulted++;
    if (!wants("engine")) continue;
    look(mediaEngine.nameOf(test), test.code, () => {
      let found = compare(vectors[n]);
      // Where the operating system let another program run in between, the pointers of x87 are lost: once more, then.
      for (let again = 0; found && again < MOST_TRIES; again++) {
        [vectors[n]] = runMediaNatively([test]);
        found = compare(vectors[n]);
      }
      return found;
    });
  }
  return vectors;
}

const here = dirname(fileURLToPath(import.meta.url));
function record(path: string, packed: Uint8Array): void {
  mkdirSync(dirname(join(here, path)), { recursive: true });
  writeFileSync(join(here, path), packed);
  console.log(`${path}: ${packed.length} bytes`);
}

const coverage = COUNTED ? new Coverage() : undefined;
const corpus = new Corpus();

/** One comes out as it should, or what differs. */
function compareSequence({ test, outcome }: Recorded): string {
  if (!isUsable(outcome)) return "";
  const bench = sequenceBench(test.bits);
  coverage?.watch(bench);
  const ours = bench.runSequence(test);
  coverage?.ended(ours.vector);
  if (!isUsable(ours)) return "";
  const found = sequenceDifference(promised(test, outcome), ours, openFlags(test, outcome));
  const code = Buffer.from(test.code).toString("hex");
  return found && `${test.bits} bits at ${test.place.toString(16)}: ${code}: ${found}`;
}

interface Made {
  readonly name?: string;
  readonly recipe?: Recipe;
  readonly test: Sequence;
  /** The same, made small. */
  readonly small?: (fails: (test: Sequence) => boolean) => Sequence;
}

/** What becomes of code that runs until a breakpoint or an exception. */
function sequencePortion(made: readonly Made[]): Recorded[] {
  const recorded = runSequencesNatively(made.map(({ test }) => test));
  const differs = (test: Sequence) => compareSequence(runSequencesNatively([test])[0]);
  for (const [n, { test, recipe: from, small, name = nameOf(test) }] of made.entries()) {
    tally.cases++;
    look(name, test.code, () => {
      let found = compareSequence(recorded[n]);
      // As with single instructions: the pointers of x87 may be lost while another program runs.
      for (let again = 0; found && again < MOST_TRIES; again++) {
        [recorded[n]] = runSequencesNatively([test]);
        found = compareSequence(recorded[n]);
      }
      return found && small ? differs(small((left) => differs(left) !== "")) : found;
    });
    if (coverage && from) corpus.note(from, coverage.take(test, recorded[n].outcome));
    if (recorded[n].outcome.vector !== BREAKPOINT) tally.faulted++;
    tally.events += recorded[n].outcome.events?.split("\n").filter(Boolean).length ?? 0;
  }
  return recorded;
}

function programsFrom(first: number, count: number): Made[] {
  const rare = new Map(BITS.map((bits) => [bits, coverage?.rare(bits)]));
  return Array.from({ length: count }, (_, n) => recipe(first + n))
    .map((from) => (coverage ? corpus.vary({ ...from, rare: rare.get(from.bits) }) : from))
    .map((from) => ({ from, name: `program of ${from.kind}, ${from.bits} bits` }))
    .filter(({ name }) => only.test(name))
    .map(({ from, name }) => ({
      name: `${name}, seed ${from.seed}`,
      recipe: from,
      test: randomProgram(from).test,
      small: smallest(from),
    }));
}

let seed = Number(values.seed);
const portion = coverage ? STEERED_PORTION : PORTION;
for (let left = Number(values.cases); left > 0; left -= portion, seed++) {
  const count = Math.min(left, portion);
  if (has("faults")) {
    const recorded = sequencePortion(generateFaults(Math.ceil(count / 10), seed, only).map((test) => ({ test })));
    if (values.record) record(`sequences/fixtures/${values.record}.gz`, packSequences(recorded));
  }
  if (has("found")) {
    const recorded = sequencePortion(found.map((test) => ({ test })));
    if (values.record) record(`sequences/fixtures/${values.record}.gz`, packSequences(recorded));
  }
  if (has("programs")) {
    const recorded = sequencePortion(programsFrom(seed * 1_000_003, 5 * count));
    const usable = recorded.filter(({ outcome }) => isUsable(outcome));
    if (values.record) record(`sequences/fixtures/${values.record}.gz`, packSequences(usable));
  }
  if (has("integer")) {
    const vectors = integerPortion(count, seed);
    if (values.record) record(`fixtures/${values.record}.gz`, pack(vectors));
  }
  if (has("media")) {
    const vectors = mediaPortion(count, seed);
    if (values.record) record(`media/fixtures/${values.record}.gz`, mediaCases.pack(vectors));
  }
}

for (const [name, messages] of tally.wrong)
  console.log(`${name}: ${messages.length} wrong\n  ${messages.slice(0, Number(values.show)).join("\n  ")}`);
const differing = [...tally.wrong.values()].reduce((sum, { length }) => sum + length, 0);
console.log(
  `${tally.cases} cases on this processor (${tally.faulted} faulted${tally.events ? `, went on behind ${tally.events}` : ""}), seeds ${values.seed} to ${seed - 1}: ` +
    `${differing} of ${tally.comparisons} comparisons differ`,
);
if (coverage) console.log([...coverage.report(), corpus.report(), ...countedReport()].join("\n"));
process.exitCode = differing ? 1 : 0;
