/** Bitwise logic. */
import { classicForms } from "./arithmetic";
import { and, not, or, xor } from "./expression";
import { logical } from "./flags";
import { instruction } from "./notation";

export const andInstruction = instruction("and", {
  forms: classicForms(4),
  operands: { dst: "readwrite", src: "read" },
  lockable: true,
  result: ({ dst, src }) => and(dst, src),
  flags: logical,
  section: "SDM 2A AND",
  text: "Keeps the bits that are set in both operands.",
});

export const orInstruction = instruction("or", {
  forms: classicForms(1),
  operands: { dst: "readwrite", src: "read" },
  lockable: true,
  result: ({ dst, src }) => or(dst, src),
  flags: logical,
  section: "SDM 2B OR",
  text: "Sets the bits that are set in either operand.",
});

export const xorInstruction = instruction("xor", {
  forms: classicForms(6),
  operands: { dst: "readwrite", src: "read" },
  lockable: true,
  result: ({ dst, src }) => xor(dst, src),
  flags: logical,
  section: "SDM 2D XOR",
  text: "Keeps the bits in which the operands differ.",
});

/** `F6 /1` and `F7 /1` are undocumented twins of /0. */
export const test = instruction("test", {
  forms: [
    "84 /r Eb,Gb",
    "85 /r Ev,Gv",
    "A8 AL,Ib",
    "A9 rAX,Iz",
    "F6 /0 Eb,Ib",
    "F7 /0 Ev,Iz",
    "F6 /1 Eb,Ib",
    "F7 /1 Ev,Iz",
  ],
  operands: { dst: "read", src: "read" },
  result: ({ dst, src }) => and(dst, src),
  flags: logical,
  section: "SDM 2B TEST",
  text: "Computes the bitwise and of the operands, keeps only the flags.",
});

export const notInstruction = instruction("not", {
  forms: ["F6 /2 Eb", "F7 /2 Ev"],
  operands: { dst: "readwrite" },
  lockable: true,
  result: ({ dst }) => not(dst),
  section: "SDM 2B NOT",
  text: "Inverts every bit.",
});
