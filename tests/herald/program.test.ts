import { describe, expect, it } from "vitest";
import { demonstrationPrograms } from "../../src/herald/demonstration";
import { constants, programInstructions, structs } from "../../src/herald/layout";
import { decodeInstruction, encodeInstruction, operandRange, packText, programImage } from "../../src/herald/program";

describe("the instructions of a Program", () => {
  it("decode to what was encoded, at both ends of every operand", () => {
    for (const { name, a, b } of programInstructions) {
      for (const x of operandRange(a)) {
        for (const y of operandRange(b)) {
          const word = encodeInstruction(name, x, y);
          expect(word).toBe(word | 0);
          expect(decodeInstruction(word)).toMatchObject({ instruction: { name }, a: x, b: y });
        }
      }
    }
  });

  it("refuse operands out of range and unknown names", () => {
    expect(() => encodeInstruction("set", 20, 2048)).toThrow("2048");
    expect(() => encodeInstruction("jump", constants.MAX_PROGRAM_LEN)).toThrow("256");
    expect(() => encodeInstruction("yield", 1)).toThrow("yield");
    expect(() => encodeInstruction("fly")).toThrow("fly");
    expect(decodeInstruction(0)).toBeUndefined();
  });

  it("pack texts with their NUL", () => {
    expect(packText("")).toEqual([0]);
    expect(packText("abc")).toEqual([0x636261]);
    expect(packText("abcd")).toEqual([0x64636261, 0]);
    expect(packText("é")).toEqual([0x3f]);
  });

  it("make an image of the C structure", () => {
    const image = programImage([encodeInstruction("exit", -1), 42], 1);
    expect(image.length).toBe(structs.Program.size);
    const view = new DataView(image.buffer);
    expect(view.getInt32(4, true)).toBe(42);
    expect(view.getInt32(structs.Program.fields.len.offset, true)).toBe(1);
    expect(view.getInt32(structs.Program.fields.ip.offset, true)).toBe(0);
    expect(() => programImage([], 0)).toThrow();
    expect(() => programImage(new Array(257).fill(0), 1)).toThrow("257");
  });

  it("of the demonstration all exist", () => {
    for (const image of Object.values(demonstrationPrograms)) {
      const view = new DataView(image.buffer);
      const len = view.getInt32(structs.Program.fields.len.offset, true);
      for (let i = 0; i < len; i++) expect(decodeInstruction(view.getInt32(i * 4, true))).toBeDefined();
    }
  });
});
