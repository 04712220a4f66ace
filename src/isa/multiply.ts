/** Multiplication and division. The widening forms work on rDX:rAX, or AX for bytes. */
import {
  constant,
  divide,
  divideOverflows,
  type Expression,
  highByte,
  isZero,
  low,
  mulhs,
  mulhu,
  not,
  ne,
  or,
  RAX,
  RDX,
  register,
  sar,
  sext,
  shl,
  times,
  zext,
} from "./expression";
import { type Effect, fault, type FlagRules, instruction, type Operands, setRegister } from "./notation";

const undefinedFlags: FlagRules = { sf: "undefined", zf: "undefined", af: "undefined", pf: "undefined" };

/** Both halves of rAX times the operand. */
function product(src: Expression, signed: boolean): { low: Expression; high: Expression } {
  const accumulator = register(RAX, src.width);
  if (src.width > 8) return { low: times(accumulator, src), high: (signed ? mulhs : mulhu)(accumulator, src) };
  const widen = (value: Expression) => (signed ? sext(16, value) : zext(16, value));
  const whole = times(widen(accumulator), widen(src));
  return { low: low(8, whole), high: low(8, sar(whole, constant(16, 8))) };
}

function writeProduct({ src }: Operands, signed: boolean): Effect[] {
  const { low: lower, high } = product(src, signed);
  if (src.width === 8) return [setRegister(RAX, join(high, lower))];
  return [setRegister(RAX, lower), setRegister(RDX, high)];
}

const join = (high: Expression, lower: Expression): Expression =>
  or(shl(zext(16, high), constant(16, 8)), zext(16, lower));
const signFill = (value: Expression): Expression => sar(value, constant(value.width, value.width - 1));

const wideOverflow = ({ src }: Operands): Expression => not(isZero(product(src, false).high));
export const mul = instruction("mul", {
  forms: ["F6 /4 Eb", "F7 /4 Ev"],
  operands: { src: "read" },
  does: (operands) => writeProduct(operands, false),
  result: ({ src }) => product(src, false).low,
  flags: { ...undefinedFlags, cf: wideOverflow, of: wideOverflow },
  section: "SDM 2B MUL",
  text: "Multiplies the accumulator by the operand, without signs, to double width.",
});

const wideSignedOverflow = ({ src }: Operands): Expression => {
  const { low: lower, high } = product(src, true);
  return ne(high, signFill(lower));
};
export const imulWide = instruction("imul", {
  forms: ["F6 /5 Eb", "F7 /5 Ev"],
  operands: { src: "read" },
  does: (operands) => writeProduct(operands, true),
  result: ({ src }) => product(src, true).low,
  flags: { ...undefinedFlags, cf: wideSignedOverflow, of: wideSignedOverflow },
  section: "SDM 2A IMUL",
  text: "Multiplies the accumulator by the operand, with signs, to double width.",
});

const overflow = (a: Expression, b: Expression): Expression => ne(mulhs(a, b), signFill(times(a, b)));
export const imulTwo = instruction("imul", {
  forms: ["0F AF /r Gv,Ev"],
  operands: { dst: "readwrite", src: "read" },
  result: ({ dst, src }) => times(dst, src),
  flags: { ...undefinedFlags, cf: ({ dst, src }) => overflow(dst, src), of: ({ dst, src }) => overflow(dst, src) },
  section: "SDM 2A IMUL",
  text: "Multiplies the destination by the source, with signs, keeping the low half.",
});

export const imulThree = instruction("imul", {
  forms: ["69 /r Gv,Ev,Iz", "6B /r Gv,Ev,Ibs"],
  operands: { dst: "write", a: "read", b: "read" },
  result: ({ a, b }) => times(a, b),
  flags: { ...undefinedFlags, cf: ({ a, b }) => overflow(a, b), of: ({ a, b }) => overflow(a, b) },
  section: "SDM 2A IMUL",
  text: "Multiplies the source by the immediate, with signs, keeping the low half.",
});

function division({ src }: Operands, signed: boolean): Effect[] {
  const high = src.width === 8 ? highByte(RAX) : register(RDX, src.width);
  const by = { signed, high, low: register(RAX, src.width), divisor: src };
  const quotient = divide("quotient", by),
    remainder = divide("remainder", by);
  return [
    fault(divideOverflows(by), "#DE"),
    ...(src.width === 8
      ? [setRegister(RAX, join(remainder, quotient))]
      : [setRegister(RAX, quotient), setRegister(RDX, remainder)]),
  ];
}

const divisionFlags: FlagRules = { ...undefinedFlags, cf: "undefined", of: "undefined" };

export const div = instruction("div", {
  forms: ["F6 /6 Eb", "F7 /6 Ev"],
  operands: { src: "read" },
  does: (operands) => division(operands, false),
  flags: divisionFlags,
  section: "SDM 2A DIV",
  text: "Divides the double-width accumulator by the operand, without signs.",
});

export const idiv = instruction("idiv", {
  forms: ["F6 /7 Eb", "F7 /7 Ev"],
  operands: { src: "read" },
  does: (operands) => division(operands, true),
  flags: divisionFlags,
  section: "SDM 2A IDIV",
  text: "Divides the double-width accumulator by the operand, with signs.",
});
