/** The usual ways in which the status flags come out (SDM 1, 3.4.3.1 and appendix A). */
import { and, bit, constant, type Expression, isZero, msb, not, or, parity, ult, xor } from "./expression";
import { type FlagRules, setFlag } from "./notation";

export const byResult: FlagRules = {
  pf: ({ result }) => parity(result),
  zf: ({ result }) => isZero(result),
  sf: ({ result }) => msb(result),
};

/** Carry into bit 4: the exclusive or of both sources and the result. */
const auxiliary: FlagRules = { af: ({ dst, src, result }) => bit(xor(xor(dst, src), result), 4) };

export const addition: FlagRules = {
  ...byResult,
  ...auxiliary,
  cf: ({ dst, result }) => ult(result, dst),
  of: ({ dst, src, result }) => msb(and(xor(dst, result), xor(src, result))),
};

export const subtraction: FlagRules = {
  ...byResult,
  ...auxiliary,
  cf: ({ dst, src }) => ult(dst, src),
  of: ({ dst, src, result }) => msb(and(xor(dst, src), xor(dst, result))),
};

/** With a carry in, the carry out cannot be read off the result alone. */
export const additionWithCarry: FlagRules = {
  ...addition,
  cf: ({ dst, src, result }) => msb(or(and(dst, src), and(or(dst, src), not(result)))),
};

export const subtractionWithBorrow: FlagRules = {
  ...subtraction,
  cf: ({ dst, src, result }) => msb(or(and(not(dst), src), and(not(xor(dst, src)), result))),
};

export const logical: FlagRules = {
  ...byResult,
  af: "undefined",
  cf: () => constant(1, 0),
  of: () => constant(1, 0),
};

/** Comparisons of floating-point numbers: CF less, ZF equal, all three of ZF PF CF unordered; at their own places in what a helper found. */
export function compared(found: Expression) {
  const clear = constant(1, 0);
  return [
    setFlag("cf", bit(found, 0)),
    setFlag("pf", bit(found, 2)),
    setFlag("zf", bit(found, 6)),
    setFlag("af", clear),
    setFlag("sf", clear),
    setFlag("of", clear),
  ];
}
