/** The corners of decoding that random bytes seldom reach. */
import { describe, expect, test } from "vitest";
import { decode, type DecodeMode } from "../../../src/engine/decode/decode";
import { disassemble } from "../../../src/engine/decode/disassemble";

const long: DecodeMode = { long: true, code32: false };
const legacy: DecodeMode = { long: false, code32: true };
const at = (hex: string, mode = long) => decode(Buffer.from(hex.replaceAll(" ", ""), "hex"), 0, mode);
const instruction = (hex: string, mode = long) => {
  const decoded = at(hex, mode);
  if (decoded.kind !== "instruction") throw new Error(`${hex}: ${decoded.kind}`);
  return decoded;
};
const text = (hex: string, bits: 16 | 32 | 64 = 64) =>
  disassemble(Buffer.from(hex.replaceAll(" ", ""), "hex"), 0n, bits).text;

describe("prefixes", () => {
  test("REX counts only directly before the opcode", () => {
    expect(instruction("48 66 01 d8").operandSize).toBe(16);
    expect(instruction("66 48 01 d8").operandSize).toBe(64);
  });
  test("the last of F2 and F3 counts, and neither where it is part of the opcode", () => {
    expect(instruction("f2 f3 a4").rep).toBe("rep");
    expect(instruction("f3 f2 a4").rep).toBe("repne");
    expect(instruction("f3 90").rep).toBe("");
  });
  test("only FS and GS override a segment in 64-bit mode", () => {
    expect(instruction("2e 8b 00").segment).toBeUndefined();
    expect(instruction("64 2e 8b 00").operands[1]).toMatchObject({ segment: 4 });
    expect(instruction("2e 8b 00", legacy).operands[1]).toMatchObject({ segment: 1 });
  });
  test("LOCK needs an instruction that can be locked and a memory destination", () => {
    expect(at("f0 01 00").kind).toBe("instruction");
    expect(at("f0 01 c0")).toMatchObject({ kind: "invalid", fault: "#UD" });
    expect(at("f0 03 00")).toMatchObject({ kind: "invalid", fault: "#UD" });
    expect(at("f0 8b 00")).toMatchObject({ kind: "invalid", fault: "#UD" });
    expect(at("f0 0f 10 00")).toMatchObject({ kind: "invalid", fault: "#UD" });
  });
  test("fifteen bytes are allowed, sixteen are a general protection fault", () => {
    expect(instruction(`${"66".repeat(13)} 01 d8`).length).toBe(15);
    expect(at(`${"66".repeat(14)} 01 d8`)).toMatchObject({ kind: "invalid", fault: "#GP(0)" });
    expect(at("66".repeat(15))).toMatchObject({ kind: "invalid", fault: "#GP(0)" });
  });
  test("bytes that end too early are not an error", () => {
    for (const hex of ["", "66", "48", "0f", "0f 38", "81", "81 c0 00 00", "8b 04", "8b 05 00 00 00"]) {
      expect(at(hex)).toEqual({ kind: "truncated" });
    }
  });
});

describe("operands", () => {
  test("AH to BH only without REX", () => {
    expect(instruction("88 e0").operands[1]).toMatchObject({ register: 0, high: true });
    expect(instruction("40 88 e0").operands[1]).toMatchObject({ register: 4, high: false });
  });
  test("stack segment for rSP and rBP bases, R12 and R13 excluded", () => {
    expect(instruction("8b 04 24").operands[1]).toMatchObject({ base: 4, segment: 2 });
    expect(instruction("8b 45 00").operands[1]).toMatchObject({ base: 5, segment: 2 });
    expect(instruction("41 8b 04 24").operands[1]).toMatchObject({ base: 12, segment: 3 });
    expect(instruction("41 8b 45 00").operands[1]).toMatchObject({ base: 13, segment: 3 });
    expect(instruction("8b 04 23").operands[1]).toMatchObject({ base: 3, index: undefined });
    expect(instruction("42 8b 04 23").operands[1]).toMatchObject({ base: 3, index: 12 });
  });
  test("RIP-relative in 64-bit mode, absolute elsewhere", () => {
    expect(instruction("8b 05 10 00 00 00").operands[1]).toMatchObject({ ripRelative: true, base: undefined });
    expect(instruction("8b 05 10 00 00 00", legacy).operands[1]).toMatchObject({
      ripRelative: false,
      displacement: 16n,
    });
    expect(instruction("8b 04 25 10 00 00 00").operands[1]).toMatchObject({ ripRelative: false, displacement: 16n });
  });
  test("sixteen-bit addresses", () => {
    expect(instruction("67 8b 46 fe", legacy).operands[1]).toMatchObject({ base: 5, segment: 2, displacement: -2n });
    expect(instruction("67 8b 02", legacy).operands[1]).toMatchObject({ base: 5, index: 6, segment: 2 });
    expect(instruction("67 8b 06 34 12", legacy).operands[1]).toMatchObject({ base: undefined, displacement: 0x1234n });
  });
  test("POP to memory addresses with the stack pointer it leaves", () => {
    expect(instruction("8f 44 24 08").operands[0]).toMatchObject({ displacement: 16n });
    expect(text("8f 44 24 08")).toBe("pop qword ptr [rsp+8]");
  });
  test("immediates are extended to the operand's width", () => {
    expect(instruction("48 83 c0 ff").operands[1]).toMatchObject({ value: 0xffff_ffff_ffff_ffffn, width: 64 });
    expect(instruction("48 81 c0 00 00 00 80").operands[1]).toMatchObject({ value: 0xffff_ffff_8000_0000n });
    expect(instruction("66 6a ff").operands[0]).toMatchObject({ value: 0xffffn, width: 16 });
  });
  test("near branches ignore 66 in 64-bit mode", () => {
    expect(instruction("66 e8 00 00 00 80")).toMatchObject({ length: 6, operandSize: 64 });
    expect(instruction("66 e8 00 80", legacy)).toMatchObject({ length: 4, operandSize: 16 });
  });
});

describe("what is no instruction", () => {
  test.each([
    ["06", "PUSH ES is gone in 64-bit mode"],
    ["c5 f8 77", "VEX"],
    ["62 f1 7c 48 28 c0", "EVEX"],
    ["0f 38 f0 00", "MOVBE"],
    ["0f 20 c8", "CR1"],
    ["8e c8", "MOV CS"],
    ["8c f0", "no such segment register"],
    ["8d c0", "LEA of a register"],
  ])("%s: %s", (hex) => expect(at(hex)).toMatchObject({ kind: "invalid", fault: "#UD" }));

  test("90 with REX.B is an exchange", () => {
    expect(text("90")).toBe("nop");
    expect(text("f3 90")).toBe("pause");
    expect(text("41 90")).toBe("xchg r8d, eax");
    expect(text("49 90")).toBe("xchg r8, rax");
  });
});

test("a disassembly explains itself", () => {
  const { explanation } = disassemble(Buffer.from("7405", "hex"), 0x1000n, 64);
  expect(explanation).toBe("Jumps if the condition holds. The condition: equal, zero (ZF = 1). (SDM 2A Jcc)");
  expect(disassemble(Buffer.from("480305f0000000", "hex"), 0x1000n, 64).explanation).toContain(
    "The operand is at 0x10f7.",
  );
});
