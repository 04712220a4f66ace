/** A program that a compiler made for x86-64-v2 (fixtures/level2.c) computes what it computes on a real processor, in both tiers. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { disassemble } from "../../src/engine/decode/disassemble";
import { CODE, longMachine, register, STACK } from "./machine";

/** What fixtures/level2.c prints when it is built for the processor it is compiled on. */
const SUM = 0x0003000071882f52n;
const code = readFileSync(new URL("fixtures/level2.bin", import.meta.url));
const OSFXSR = 0x200n;

test.each([
  ["interpreted", false],
  ["in regions", { threshold: 0 }],
  ["in regions, expressions as they are", { threshold: 0, simplify: false }],
] as const)("%s", (_, regions) => {
  const machine = longMachine(code, 4, regions);
  machine.state.set64("cr4", machine.state.get64("cr4") | OSFXSR);
  machine.state.set64("registers", BigInt(STACK), 4);
  machine.cpu.flushCaches();
  expect(machine.cpu.run(10_000_000)).toMatchObject({ kind: "halted" });
  expect(register(machine, 0)).toBe(SUM);
});

test("it holds instructions of all four extensions", () => {
  const names = new Set<string>();
  for (let at = 0; at < code.length;) {
    const { instruction, length } = disassemble(code.subarray(at), BigInt(CODE + at), 64);
    if (instruction) names.add(instruction.name);
    at += length;
  }
  const wanted =
    "haddpd addsubpd movshdup pshufb palignr pabsd pmovsxwd pmulld pminsd roundsd roundps dpps blendvps mpsadbw ptest pcmpistri crc32";
  expect(wanted.split(" ").filter((name) => !names.has(name))).toEqual([]);
});
