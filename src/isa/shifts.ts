/**
 * Shifts and rotates. The count is taken modulo 32, or 64 for 64-bit operands (SDM 2B SAL/SAR/SHL/SHR). Operands of 8 and 16 bits can
 * be shifted by more than their width: those are computed at 32 or 64 bits.
 */
import {
  and,
  bit,
  constant,
  type Expression,
  fit,
  flag,
  isZero,
  low,
  minus,
  msb,
  ne,
  neg,
  not,
  or,
  rol,
  ror,
  sar,
  select,
  sext,
  shl,
  shr,
  ult,
  urem,
  type Width,
  xor,
  zext,
} from "./expression";
import { byResult } from "./flags";
import { type FlagRules, instruction, type Operands } from "./notation";

const maskedCount = ({ dst, src }: Operands): Expression => and(src, constant(8, dst.width === 64 ? 63 : 31));
const nonZeroCount = (operands: Operands): Expression => not(isZero(maskedCount(operands)));
const notByOne = (operands: Operands): Expression => ne(maskedCount(operands), constant(8, 1));
/** A shift of 8 or 16 bits by its whole width or more: CF is undefined. */
const wholeWidth = (operands: Operands): Expression =>
  operands.dst.width < 32 ? not(ult(maskedCount(operands), constant(8, operands.dst.width))) : constant(1, 0);
/** `value << count` or `>>` with an 8-bit count known to be less than the width. */
const by = (shift: (a: Expression, b: Expression) => Expression, value: Expression, count: Expression): Expression =>
  shift(value, zext(value.width, count));
/** Width in which a count of up to 31 or 63 is allowed. */
const roomy = (width: Width): Width => (width < 32 ? 32 : width);
/** (0 - count) modulo width: the opposite rotate's count. */
const complement = (count: Expression, width: Width): Expression => and(neg(count), constant(8, width - 1));

const shiftForms = (n: number): string[] => [
  `C0 /${n} Eb,Ib`,
  `C1 /${n} Ev,Ib`,
  `D0 /${n} Eb,1`,
  `D1 /${n} Ev,1`,
  `D2 /${n} Eb,CL`,
  `D3 /${n} Ev,CL`,
];

const shiftLeftFlags: FlagRules = {
  ...byResult,
  af: "undefined",
  cf: (values) => carryOfShiftLeft(values),
  of: (values) => xor(msb(values.result), carryOfShiftLeft(values)),
};
/** The last bit shifted out. */
function carryOfShiftLeft(operands: Operands): Expression {
  const { dst } = operands;
  const count = maskedCount(operands);
  if (dst.width < 32) return bit(by(shl, zext(32, dst), count), dst.width);
  return low(1, by(shr, dst, complement(count, dst.width)));
}

/** `/6` is an undocumented twin of /4. */
export const shlInstruction = instruction("shl", {
  forms: [...shiftForms(4), ...shiftForms(6)],
  operands: { dst: "readwrite", src: "read" },
  result: (operands) =>
    low(operands.dst.width, by(shl, zext(roomy(operands.dst.width), operands.dst), maskedCount(operands))),
  flags: shiftLeftFlags,
  flagsWhen: nonZeroCount,
  undefinedWhen: { of: notByOne, cf: wholeWidth },
  section: "SDM 2B SAL/SAR/SHL/SHR",
  text: "Shifts left, filling with zeros.",
});

/** Right shifts: the last bit out is bit count-1 of the operand, widened as the shift widens it. */
function carryOfShiftRight(shift: typeof shr, widened: Expression, operands: Operands): Expression {
  return low(1, by(shift, widened, and(minus(maskedCount(operands), constant(8, 1)), constant(8, widened.width - 1))));
}

export const shrInstruction = instruction("shr", {
  forms: shiftForms(5),
  operands: { dst: "readwrite", src: "read" },
  result: (operands) =>
    low(operands.dst.width, by(shr, zext(roomy(operands.dst.width), operands.dst), maskedCount(operands))),
  flags: {
    ...byResult,
    af: "undefined",
    cf: (values) => carryOfShiftRight(shr, zext(roomy(values.dst.width), values.dst), values),
    of: ({ dst }) => msb(dst),
  },
  flagsWhen: nonZeroCount,
  undefinedWhen: { of: notByOne, cf: wholeWidth },
  section: "SDM 2B SAL/SAR/SHL/SHR",
  text: "Shifts right, filling with zeros.",
});

export const sarInstruction = instruction("sar", {
  forms: shiftForms(7),
  operands: { dst: "readwrite", src: "read" },
  result: (operands) =>
    low(operands.dst.width, by(sar, sext(roomy(operands.dst.width), operands.dst), maskedCount(operands))),
  flags: {
    ...byResult,
    af: "undefined",
    cf: (values) => carryOfShiftRight(sar, sext(roomy(values.dst.width), values.dst), values),
    of: () => constant(1, 0),
  },
  flagsWhen: nonZeroCount,
  undefinedWhen: { of: notByOne },
  section: "SDM 2B SAL/SAR/SHL/SHR",
  text: "Shifts right, filling with the sign.",
});

const rotateCount = (operands: Operands): Expression => and(operands.src, constant(8, operands.dst.width - 1));

/** Flags change when the count modulo 32 or 64 is not 0, even where it is a multiple of the width. */
export const rolInstruction = instruction("rol", {
  forms: shiftForms(0),
  operands: { dst: "readwrite", src: "read" },
  result: (operands) => by(rol, operands.dst, rotateCount(operands)),
  flags: { cf: ({ result }) => low(1, result), of: ({ result }) => xor(msb(result), low(1, result)) },
  flagsWhen: nonZeroCount,
  undefinedWhen: { of: notByOne },
  section: "SDM 2B RCL/RCR/ROL/ROR",
  text: "Rotates left.",
});

export const rorInstruction = instruction("ror", {
  forms: shiftForms(1),
  operands: { dst: "readwrite", src: "read" },
  result: (operands) => by(ror, operands.dst, rotateCount(operands)),
  flags: {
    cf: ({ result }) => msb(result),
    of: ({ result }) => xor(msb(result), bit(result, result.width - 2)),
  },
  flagsWhen: nonZeroCount,
  undefinedWhen: { of: notByOne },
  section: "SDM 2B RCL/RCR/ROL/ROR",
  text: "Rotates right.",
});

/** Rotation through carry is over width + 1 bits. */
const carryCount = (operands: Operands): Expression => {
  const { width } = operands.dst;
  return width < 32 ? urem(maskedCount(operands), constant(8, width + 1)) : maskedCount(operands);
};

/** CF:dst rotated left by count < width + 1, as a value of width + 1 bits in 64 (for widths up to 32). */
function rotateThroughCarry(dst: Expression, count: Expression): Expression {
  const all = or(zext(64, dst), shl(zext(64, flag("cf")), constant(64, dst.width)));
  const opposite = and(minus(constant(8, dst.width + 1), count), constant(8, 63));
  return or(by(shl, all, count), by(shr, all, opposite));
}

function rclParts(operands: Operands): { result: Expression; carry: Expression } {
  const { dst } = operands;
  const count = carryCount(operands);
  if (dst.width < 64) {
    const all = rotateThroughCarry(dst, count);
    return { result: low(dst.width, all), carry: bit(all, dst.width) };
  }
  const before = and(minus(count, constant(8, 1)), constant(8, 63));
  const after = complement(count, 64);
  const rotated = or(
    or(by(shl, dst, count), by(shl, zext(64, flag("cf")), before)),
    by(shr, shr(dst, constant(64, 1)), after),
  );
  return { result: select(isZero(count), dst, rotated), carry: low(1, by(shr, dst, after)) };
}

/** A right rotation by n is a left rotation by width + 1 - n, or none. */
function rcrParts(operands: Operands): { result: Expression; carry: Expression } {
  const { dst } = operands;
  const count = carryCount(operands);
  if (dst.width < 64) {
    const all = rotateThroughCarry(dst, select(isZero(count), count, minus(constant(8, dst.width + 1), count)));
    return { result: low(dst.width, all), carry: bit(all, dst.width) };
  }
  const before = and(minus(count, constant(8, 1)), constant(8, 63));
  const after = complement(count, 64);
  const rotated = or(
    or(by(shr, dst, count), by(shl, zext(64, flag("cf")), after)),
    by(shl, shl(dst, constant(64, 1)), after),
  );
  return { result: select(isZero(count), dst, rotated), carry: low(1, by(shr, dst, before)) };
}

export const rcl = instruction("rcl", {
  forms: shiftForms(2),
  operands: { dst: "readwrite", src: "read" },
  result: (operands) => rclParts(operands).result,
  flags: { cf: (values) => rclParts(values).carry, of: (values) => xor(msb(values.result), rclParts(values).carry) },
  flagsWhen: nonZeroCount,
  undefinedWhen: { of: notByOne },
  section: "SDM 2B RCL/RCR/ROL/ROR",
  text: "Rotates left through the carry flag.",
});

export const rcr = instruction("rcr", {
  forms: shiftForms(3),
  operands: { dst: "readwrite", src: "read" },
  result: (operands) => rcrParts(operands).result,
  flags: {
    cf: (values) => rcrParts(values).carry,
    of: ({ result }) => xor(msb(result), bit(result, result.width - 2)),
  },
  flagsWhen: nonZeroCount,
  undefinedWhen: { of: notByOne },
  section: "SDM 2B RCL/RCR/ROL/ROR",
  text: "Rotates right through the carry flag.",
});

/** Double shifts: `count` by its own name, masked like the others; for 16 bits counts over 16 leave everything undefined. */
const doubleCount = ({ dst, count }: Operands): Expression => and(count, constant(8, dst.width === 64 ? 63 : 31));
const nonZeroDouble = (operands: Operands): Expression => not(isZero(doubleCount(operands)));
const doubleNotByOne = (operands: Operands): Expression => ne(doubleCount(operands), constant(8, 1));
const overWidth = (operands: Operands): Expression =>
  operands.dst.width === 16 ? ult(constant(8, 16), doubleCount(operands)) : constant(1, 0);
const doubleUndefined = {
  cf: overWidth,
  pf: overWidth,
  zf: overWidth,
  sf: overWidth,
  of: doubleNotByOne,
};

/** dst:src:dst for 16 bits (what processors do beyond a count of 16), dst:src for 32. */
function shldResult(operands: Operands): Expression {
  const { dst, src } = operands;
  const count = doubleCount(operands);
  if (dst.width === 64)
    return or(by(shl, dst, count), by(shr, shr(src, constant(64, 1)), minus(constant(8, 63), count)));
  const all =
    dst.width === 32
      ? or(shl(zext(64, dst), constant(64, 32)), zext(64, src))
      : or(or(shl(zext(64, dst), constant(64, 32)), shl(zext(64, src), constant(64, 16))), zext(64, dst));
  return low(dst.width, shr(by(shl, all, count), constant(64, 32)));
}

function shrdResult(operands: Operands): Expression {
  const { dst, src } = operands;
  const count = doubleCount(operands);
  if (dst.width === 64)
    return or(by(shr, dst, count), by(shl, shl(src, constant(64, 1)), minus(constant(8, 63), count)));
  const all =
    dst.width === 32
      ? or(shl(zext(64, src), constant(64, 32)), zext(64, dst))
      : or(or(shl(zext(64, dst), constant(64, 32)), shl(zext(64, src), constant(64, 16))), zext(64, dst));
  return low(dst.width, by(shr, all, count));
}

export const shld = instruction("shld", {
  forms: ["0F A4 /r Ev,Gv,Ib", "0F A5 /r Ev,Gv,CL"],
  operands: { dst: "readwrite", src: "read", count: "read" },
  result: shldResult,
  flags: {
    ...byResult,
    af: "undefined",
    cf: (values) =>
      low(
        1,
        by(shr, fit(64, values.dst), and(minus(constant(8, values.dst.width), doubleCount(values)), constant(8, 63))),
      ),
    of: ({ dst, result }) => msb(xor(dst, result)),
  },
  flagsWhen: nonZeroDouble,
  undefinedWhen: doubleUndefined,
  section: "SDM 2B SHLD",
  text: "Shifts left, filling from the top of the second operand.",
});

export const shrd = instruction("shrd", {
  forms: ["0F AC /r Ev,Gv,Ib", "0F AD /r Ev,Gv,CL"],
  operands: { dst: "readwrite", src: "read", count: "read" },
  result: shrdResult,
  flags: {
    ...byResult,
    af: "undefined",
    cf: (values) =>
      low(1, by(shr, fit(64, values.dst), and(minus(doubleCount(values), constant(8, 1)), constant(8, 63)))),
    of: ({ dst, result }) => msb(xor(dst, result)),
  },
  flagsWhen: nonZeroDouble,
  undefinedWhen: doubleUndefined,
  section: "SDM 2B SHRD",
  text: "Shifts right, filling from the bottom of the second operand.",
});
