/** Decimal arithmetic; none of it in 64-bit mode. */
import {
  and,
  constant,
  type Expression,
  flag,
  highByte,
  isZero,
  minus,
  msb,
  or,
  parity,
  plus,
  RAX,
  register,
  select,
  shl,
  times,
  udiv,
  ult,
  urem,
  zext,
} from "./expression";
import { type Effect, type FlagRules, fault, instruction, setFlag, setRegister } from "./notation";

const al = register(RAX, 8);
const ax = register(RAX, 16);
const byte = (value: number): Expression => constant(8, value);
const resultFlags = (result: Expression): Effect[] => [
  setFlag("pf", parity(result)),
  setFlag("zf", isZero(result)),
  setFlag("sf", msb(result)),
];

/** The low digit needs 6 when it is over 9 or AF is set, the high digit 60h when AL is over 99h or CF is set (SDM 2A DAA). */
function decimalAdjust(adjust: typeof plus, borrows: boolean): Effect[] {
  const lowDigit = or(ult(byte(9), and(al, byte(15))), flag("af"));
  const highDigit = or(ult(byte(0x99), al), flag("cf"));
  const first = select(lowDigit, adjust(al, byte(6)), al);
  const result = select(highDigit, adjust(first, byte(0x60)), first);
  // DAS takes a borrow out of the low digit into CF; DAA's carry there implies AL over 99h.
  const carry = borrows ? or(highDigit, and(lowDigit, ult(al, byte(6)))) : highDigit;
  return [setRegister(RAX, result), setFlag("af", lowDigit), setFlag("cf", carry), ...resultFlags(result)];
}

const undefinedOverflow: FlagRules = { of: "undefined" };

export const daa = instruction("daa", {
  forms: ["27 {i64}"],
  does: () => decimalAdjust(plus, false),
  flags: undefinedOverflow,
  section: "SDM 2A DAA",
  text: "Adjusts AL after the addition of packed decimal digits.",
});

export const das = instruction("das", {
  forms: ["2F {i64}"],
  does: () => decimalAdjust(minus, true),
  flags: undefinedOverflow,
  section: "SDM 2A DAS",
  text: "Adjusts AL after the subtraction of packed decimal digits.",
});

/** AX plus or minus 106h, of which AL keeps the low digit. */
function asciiAdjust(adjust: typeof plus): Effect[] {
  const needed = or(ult(byte(9), and(al, byte(15))), flag("af"));
  const adjusted = select(needed, adjust(ax, constant(16, 0x106)), ax);
  return [setRegister(RAX, and(adjusted, constant(16, 0xff0f))), setFlag("af", needed), setFlag("cf", needed)];
}

const asciiUndefined: FlagRules = { of: "undefined", sf: "undefined", zf: "undefined", pf: "undefined" };

export const aaa = instruction("aaa", {
  forms: ["37 {i64}"],
  does: () => asciiAdjust(plus),
  flags: asciiUndefined,
  section: "SDM 2A AAA",
  text: "Adjusts AL after the addition of unpacked decimal digits.",
});

export const aas = instruction("aas", {
  forms: ["3F {i64}"],
  does: () => asciiAdjust(minus),
  flags: asciiUndefined,
  section: "SDM 2A AAS",
  text: "Adjusts AL after the subtraction of unpacked decimal digits.",
});

const adjustUndefined: FlagRules = { of: "undefined", af: "undefined", cf: "undefined" };
const join = (high: Expression, lower: Expression): Expression =>
  or(shl(zext(16, high), constant(16, 8)), zext(16, lower));

export const aam = instruction("aam", {
  forms: ["D4 Ib {i64}"],
  operands: { base: "read" },
  does: ({ base }) => {
    const remainder = urem(al, base);
    return [fault(isZero(base), "#DE"), setRegister(RAX, join(udiv(al, base), remainder)), ...resultFlags(remainder)];
  },
  flags: adjustUndefined,
  section: "SDM 2A AAM",
  text: "Splits AL into two digits in AH and AL.",
});

export const aad = instruction("aad", {
  forms: ["D5 Ib {i64}"],
  operands: { base: "read" },
  does: ({ base }) => {
    const result = plus(al, times(highByte(RAX), base));
    return [setRegister(RAX, zext(16, result)), ...resultFlags(result)];
  },
  flags: adjustUndefined,
  section: "SDM 2A AAD",
  text: "Joins the two digits in AH and AL to a number in AL.",
});
