/**
 * What the region compiler makes of small pieces of code: golden/*.txt. `ACCEPT=1 npx vitest run tests/engine/regions/golden.test.ts` writes them
 * anew; look at the difference before you keep it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { disassemble } from "../../../src/engine/decode/disassemble";
import { CODE, DATA, legacyMachine, longMachine } from "../machine";
import { snippets } from "./snippets";
import { regionText } from "./text";

const HLT = 0xf4;

function compiled(code: readonly number[], bits: 64 | 32): string {
  const options = { threshold: Number.POSITIVE_INFINITY };
  const whole = [...code, HLT];
  const machine = bits === 64 ? longMachine(whole, 4, options) : legacyMachine(whole, 32, options);
  const { cpu, state } = machine;
  // RBX, RSI and RDI point at data, RCX counts few rounds.
  for (const register of [3, 6, 7]) state.set64("registers", BigInt(DATA), register);
  state.set64("registers", 3n, 1);
  // What has run is known; compiled is what begins at CODE.
  cpu.run(10_000);
  const block = cpu.blocks.known(CODE, state.get32("mode") & 31);
  if (!block) throw new Error("the code did not run");
  let text = "";
  cpu.regions!.watch = (bytes) => (text = regionText(bytes));
  return cpu.regions!.compile(block, BigInt(CODE)) ? text : "left to the interpreter";
}

function listing(code: readonly number[], bits: 64 | 32): string {
  const bytes = Uint8Array.from(code);
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const one = disassemble(bytes.subarray(at), BigInt(CODE + at), bits);
    text += `;; ${one.text}\n`;
    at += one.length;
  }
  return text;
}

test.each(snippets)("$name", ({ name, code, shows, bits: stated }) => {
  const bits = stated ?? 64;
  const bytes = code.split(" ").map((byte) => parseInt(byte, 16));
  const file = new URL(`golden/${name.replaceAll(" ", "-")}.txt`, import.meta.url);
  const text = `;; ${shows}\n\n${listing(bytes, bits)}\n${compiled(bytes, bits)}\n`;
  if (process.env.ACCEPT) writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, "utf8"));
});
