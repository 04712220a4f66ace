/** One number stands for the shape of an instruction (handlers/shape.ts): instructions with one number have one shape. */
import { expect, test } from "vitest";
import { decode } from "../../src/engine/decode/decode";
import { shapeKey, shapeNumber, shapeOf } from "../../src/engine/handlers/shape";
import { MODE } from "../../src/engine/state";
import { random } from "../silicon/cases";
import { recorded } from "../silicon/recorded";

const modes = [0, MODE.code32, MODE.code32 | MODE.stack32, MODE.long, MODE.long | MODE.user];
const prefixes = [[], [0x66], [0x67], [0xf3], [0xf2], [0x64], [0x48], [0x66, 0x48]];

test("numbers of shapes", () => {
  const vectors = recorded();
  const next = random(1);
  const codes = vectors.filter((_, n) => n % 5 === 0).map(({ test }) => test.code);
  // And opcodes of every kind, system instructions too.
  for (let n = 0; n < 20_000; n++)
    codes.push(Uint8Array.from([...(next() % 2 ? [0x0f] : []), ...Array.from({ length: 12 }, () => next())]));
  const keys = new Map<number, string>();
  const wrong: string[] = [];
  for (const code of codes) {
    const bytes = Uint8Array.from([...prefixes[next() % prefixes.length], ...code, ...new Uint8Array(8)]);
    const mode = modes[next() % modes.length];
    const decoded = decode(bytes, 0, { long: (mode & MODE.long) !== 0, code32: (mode & MODE.code32) !== 0 });
    if (decoded.kind !== "instruction") continue;
    const [number, key] = [shapeNumber(decoded, mode), shapeKey(shapeOf(decoded, mode))];
    expect(Number.isSafeInteger(number)).toBe(true);
    if ((keys.get(number) ?? key) !== key) wrong.push(`${decoded.instruction.name}: ${key} and ${keys.get(number)}`);
    keys.set(number, key);
  }
  expect(keys.size).toBeGreaterThan(1000);
  expect(wrong).toEqual([]);
});
