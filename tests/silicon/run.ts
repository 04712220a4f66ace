/**
 * Fresh cases on this machine's processor, compared with the definitions, or with --engine the engine:
 * npx tsx tests/silicon/run.ts [--cases N] [--seed S] [--engine] [--record]. With --record they become the fixtures that the tests use.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { decode } from "../../src/engine/decode/decode";
import { type Case, pack, type Vector } from "./cases";
import { difference, runByDefinition } from "./compare";
import { EngineBench } from "./engine";
import { generate } from "./generate";
import { runNatively, whyNot } from "./native";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    record: { type: "boolean", default: false },
    engine: { type: "boolean", default: false },
  },
});
const reason = whyNot();
if (reason) {
  console.error(`No fresh cases: ${reason}.`);
  process.exit(2);
}

function nameOf({ test }: Vector): string {
  const decoded = decode(test.code, 0, { long: test.bits === 64, code32: test.bits === 32 });
  return decoded.kind === "instruction" ? `${decoded.instruction.name} ${decoded.form.text}` : "?";
}

const cases = generate(Number(values.cases), Number(values.seed));
const vectors = runNatively(cases);
const benches = { 64: new EngineBench(64), 32: new EngineBench(32), 16: new EngineBench(16) };
const model = (test: Case) => (values.engine ? benches[test.bits].run(test) : runByDefinition(test));
const wrong = new Map<string, string[]>();
for (const vector of vectors) {
  let message: string;
  try {
    message = difference(vector, model(vector.test));
  } catch (error) {
    message = `${Buffer.from(vector.test.code).toString("hex")}: ${error instanceof Error ? error.message : error}`;
  }
  if (message) wrong.set(nameOf(vector), [...(wrong.get(nameOf(vector)) ?? []), message]);
}
for (const [name, messages] of wrong)
  console.log(`${name}: ${messages.length} wrong\n  ${messages.slice(0, 3).join("\n  ")}`);
const count = [...wrong.values()].reduce((sum, { length }) => sum + length, 0);
const faults = vectors.filter(({ outcome }) => outcome.signal !== 0).length;
console.log(
  `${vectors.length} cases on this processor (${faults} faulted), ${count} differ from the ${values.engine ? "engine" : "definitions"}`,
);

if (values.record) {
  const folder = join(dirname(fileURLToPath(import.meta.url)), "fixtures");
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
  const packed = pack(vectors);
  writeFileSync(join(folder, "vectors.gz"), packed);
  console.log(`${packed.length} bytes recorded`);
}
process.exitCode = count ? 1 : 0;
