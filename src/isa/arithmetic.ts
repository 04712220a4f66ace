/** Addition, subtraction and comparison. */
import { and, constant, flag, isZero, minus, msb, neg, not, plus, zext } from "./expression";
import { addition, additionWithCarry, byResult, subtraction, subtractionWithBorrow } from "./flags";
import { instruction } from "./notation";

/** The eight classic two-operand instructions share one encoding pattern, `n` being their number in it (SDM 2D, table A-2). */
export function classicForms(n: number): string[] {
  const opcode = (low: number) => (n * 8 + low).toString(16).toUpperCase().padStart(2, "0");
  return [
    `${opcode(0)} /r Eb,Gb`,
    `${opcode(1)} /r Ev,Gv`,
    `${opcode(2)} /r Gb,Eb`,
    `${opcode(3)} /r Gv,Ev`,
    `${opcode(4)} AL,Ib`,
    `${opcode(5)} rAX,Iz`,
    `80 /${n} Eb,Ib`,
    `81 /${n} Ev,Iz`,
    `82 /${n} Eb,Ib {i64}`,
    `83 /${n} Ev,Ibs`,
  ];
}

export const add = instruction("add", {
  forms: classicForms(0),
  operands: { dst: "readwrite", src: "read" },
  lockable: true,
  result: ({ dst, src }) => plus(dst, src),
  flags: addition,
  section: "SDM 2A ADD",
  text: "Adds the source to the destination.",
});

export const adc = instruction("adc", {
  forms: classicForms(2),
  operands: { dst: "readwrite", src: "read" },
  lockable: true,
  result: ({ dst, src }) => plus(plus(dst, src), zext(dst.width, flag("cf"))),
  flags: additionWithCarry,
  section: "SDM 2A ADC",
  text: "Adds the source and the carry flag to the destination.",
});

export const sbb = instruction("sbb", {
  forms: classicForms(3),
  operands: { dst: "readwrite", src: "read" },
  lockable: true,
  result: ({ dst, src }) => minus(minus(dst, src), zext(dst.width, flag("cf"))),
  flags: subtractionWithBorrow,
  section: "SDM 2B SBB",
  text: "Subtracts the source and the carry flag from the destination.",
});

export const sub = instruction("sub", {
  forms: classicForms(5),
  operands: { dst: "readwrite", src: "read" },
  lockable: true,
  result: ({ dst, src }) => minus(dst, src),
  flags: subtraction,
  section: "SDM 2B SUB",
  text: "Subtracts the source from the destination.",
});

export const cmp = instruction("cmp", {
  forms: classicForms(7),
  operands: { dst: "read", src: "read" },
  result: ({ dst, src }) => minus(dst, src),
  flags: subtraction,
  section: "SDM 2A CMP",
  text: "Subtracts the source from the destination, keeps only the flags.",
});

export const inc = instruction("inc", {
  forms: ["40 +r Zv {i64}", "FE /0 Eb", "FF /0 Ev"],
  operands: { dst: "readwrite" },
  lockable: true,
  result: ({ dst }) => plus(dst, constant(dst.width, 1)),
  flags: {
    ...byResult,
    af: ({ result }) => isZero(and(result, constant(result.width, 15))),
    of: ({ dst, result }) => msb(and(not(dst), result)),
  },
  section: "SDM 2A INC",
  text: "Adds 1, keeping the carry flag.",
});

export const dec = instruction("dec", {
  forms: ["48 +r Zv {i64}", "FE /1 Eb", "FF /1 Ev"],
  operands: { dst: "readwrite" },
  lockable: true,
  result: ({ dst }) => minus(dst, constant(dst.width, 1)),
  flags: {
    ...byResult,
    af: ({ dst }) => isZero(and(dst, constant(dst.width, 15))),
    of: ({ dst, result }) => msb(and(dst, not(result))),
  },
  section: "SDM 2A DEC",
  text: "Subtracts 1, keeping the carry flag.",
});

export const negate = instruction("neg", {
  forms: ["F6 /3 Eb", "F7 /3 Ev"],
  operands: { dst: "readwrite" },
  lockable: true,
  result: ({ dst }) => neg(dst),
  flags: {
    ...byResult,
    cf: ({ dst }) => not(isZero(dst)),
    af: ({ dst }) => not(isZero(and(dst, constant(dst.width, 15)))),
    of: ({ dst, result }) => msb(and(dst, result)),
  },
  section: "SDM 2B NEG",
  text: "Replaces the operand by its two's complement.",
});
