/**
 * Prints the contents of src/engine/handlers/usual.ts: one example of every shape of instruction that a run of an image executes, by
 * mode. Run: npx tsx tests/bench/usual.ts public/herald.img 400000000
 */
import { readFileSync } from "node:fs";
import { Blocks } from "../../src/engine/blocks";
import { MODE } from "../../src/engine/state";
import { Pc } from "../../src/pc/pc";

const [image = "public/herald.img", ticks = "400000000"] = process.argv.slice(2);
const examples = new Map<number, string[]>();
const seen = new Set<number>();

const step = Blocks.prototype["step"];
Blocks.prototype["step"] = function (bytes, at, mode) {
  const result = step.call(this, bytes, at, mode);
  if (typeof result === "string" || result.kind !== "instruction" || seen.has(result.resolved.slot)) return result;
  seen.add(result.resolved.slot);
  const kind = mode & ~MODE.user;
  const code = Buffer.from(bytes.subarray(at, at + result.length)).toString("hex");
  examples.set(kind, [...(examples.get(kind) ?? []), code]);
  return result;
};

const pc = new Pc({ disk: readFileSync(image) });
for (const [delay, text] of [
  [50_000_000, "help\n"],
  [50_000_000, "ps\n"],
  [50_000_000, "mem\n"],
  [50_000_000, "topics\n"],
] as const) {
  pc.run(pc.clock + delay);
  for (const character of text) pc.input({ kind: "serial", bytes: [character.charCodeAt(0)] });
}
pc.run(Number(ticks));
for (const [mode, codes] of [...examples].sort(([a], [b]) => a - b)) console.log(mode, codes.join(""));
