/** x87 errors by way of IRQ 13 (SDM 1, appendix D; guests/ferr.S). QEMU 7.2 ends with a failed assertion there: the manual has to do. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Pc } from "../../src/pc/pc";

const expected = `\
divided, exceptions 84
divided, top 30
interrupts 00
after fwait 01
cleared, exceptions 00
cleared, top 30
ignored 02
ignored, exceptions 84
ignored, top 20
cleared 02
a new one 03
a new one, exceptions 00
a new one, top 10
masked 03
unmasked 04
mmx 05
with NE, interrupts 05
with NE, vector 16 01
`;

test("x87 errors are an interrupt, can be ignored by port F0h, or are a fault", () => {
  let text = "";
  const disk = readFileSync(new URL("guests/ferr.bin", import.meta.url));
  const pc = new Pc({ disk, outputs: { debugConsole: (byte) => (text += String.fromCharCode(byte)) } });
  expect(pc.run(100_000_000)).toEqual({ kind: "debugExit", value: 0 });
  expect(text).toBe(expected);
});

test("with interrupts off the processor waits in front of the instruction for ever", () => {
  // fninit; fldcw [7c20]; fldz; fld1; fdivrp; cli; fwait
  const code = [0xdb, 0xe3, 0x2e, 0xd9, 0x2e, 0x20, 0x7c, 0xd9, 0xee, 0xd9, 0xe8, 0xde, 0xf1, 0xfa, 0x9b, 0xf4];
  const disk = new Uint8Array(512);
  disk.set(code);
  disk.set([0x7b, 0x03], 0x20);
  disk.set([0x55, 0xaa], 510);
  const pc = new Pc({ disk });
  expect(pc.run(100_000_000)).toEqual({ kind: "halted", reason: undefined });
  expect(pc.cpu.snapshot().rip).toBe(0x7c0en);
});
