/**
 * Programs as images: encodes the instructions of layout.ts and puts a Program structure together. Used by the build for the
 * demonstration, and by whoever assembles Programs from text.
 */
import { constants, programInstructions, structs, type OperandKind, type ProgramInstruction } from "./layout";

export const instructionByName: ReadonlyMap<string, ProgramInstruction> = new Map(
  programInstructions.map((instruction) => [instruction.name, instruction]),
);
export const instructionByOpcode: ReadonlyMap<number, ProgramInstruction> = new Map(
  programInstructions.map((instruction) => [instruction.opcode, instruction]),
);

/** Smallest and largest value an operand of this kind can have. */
export function operandRange(kind: OperandKind): readonly [number, number] {
  if (kind === "none") return [0, 0];
  if (kind === "number") return [-2048, 2047];
  return [0, constants.MAX_PROGRAM_LEN - 1];
}

/** One instruction as its word (signed, as in Program.data). Throws on an operand out of range. */
export function encodeInstruction(name: string, a = 0, b = 0): number {
  const instruction = instructionByName.get(name);
  if (!instruction) throw new Error(`no such instruction: ${name}`);
  for (const [kind, value] of [
    [instruction.a, a],
    [instruction.b, b],
  ] as const) {
    const [lowest, highest] = operandRange(kind);
    if (!Number.isInteger(value) || value < lowest || value > highest) {
      throw new Error(`${name}: ${value} is not from ${lowest} to ${highest}`);
    }
  }
  return (instruction.opcode << 24) | ((a & 0xfff) << 12) | (b & 0xfff);
}

export interface DecodedInstruction {
  readonly instruction: ProgramInstruction;
  readonly a: number;
  readonly b: number;
}

/** The instruction in a word, or undefined when there is none. */
export function decodeInstruction(word: number): DecodedInstruction | undefined {
  const instruction = instructionByOpcode.get(word >>> 24);
  if (!instruction) return undefined;
  const operand = (kind: OperandKind, bits: number) => (kind === "number" ? (bits << 20) >> 20 : bits);
  return {
    instruction,
    a: operand(instruction.a, (word >>> 12) & 0xfff),
    b: operand(instruction.b, word & 0xfff),
  };
}

/** A text as words: 4 bytes each, low byte first, with at least one NUL at the end. Characters outside ASCII become "?". */
export function packText(text: string): number[] {
  const words = new Array<number>(Math.floor(text.length / 4) + 1).fill(0);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    words[i >> 2] |= (code < 0x80 ? code : 0x3f) << ((i & 3) * 8);
  }
  return words;
}

/** The image of a Program structure; `data` holds the instructions first, then variables and texts. */
export function programImage(data: readonly number[], len: number): Uint8Array {
  if (data.length > constants.MAX_PROGRAM_LEN) {
    throw new Error(`the Program has ${data.length} words, more than ${constants.MAX_PROGRAM_LEN}`);
  }
  if (len < 1 || len > data.length)
    throw new Error(`a Program of ${data.length} words cannot have ${len} instructions`);
  const image = new Uint8Array(structs.Program.size);
  const view = new DataView(image.buffer);
  data.forEach((word, index) => view.setInt32(structs.Program.fields.data.offset + index * 4, word, true));
  view.setInt32(structs.Program.fields.len.offset, len, true);
  return image;
}
