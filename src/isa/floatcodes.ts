/** Numbers by which definitions tell the floating-point helpers what to do. */

/** Operations of SSE arithmetic. */
export const FLOAT = {
  add: 0,
  subtract: 1,
  multiply: 2,
  divide: 3,
  root: 4,
  min: 5,
  max: 6,
  reciprocal: 7,
  reciprocalRoot: 8,
  /** Subtracts even lanes, adds odd ones. */
  subtractAdd: 9,
} as const;
export type FloatOperation = keyof typeof FLOAT;

/** Singles; doubles without it. The number of lanes stands from bit 16 on. */
export const SINGLE_PRECISION = 0x100;

/** What a conversion is from (bits 0..2) and to (bits 3..5); bit 6: truncate. */
export const FLOAT32 = 0,
  FLOAT64 = 1,
  INTEGER32 = 2,
  INTEGER64 = 3;
export const TRUNCATE = 0x40;

/** x87: arithmetic with two operands; the reversed ones take the destination from the source. */
export const FPU_ARITHMETIC = ["add", "mul", "sub", "subr", "div", "divr"] as const;
/** What a memory operand of x87 is. */
export const FPU_KINDS = [
  "single",
  "double",
  "extended",
  "integer16",
  "integer32",
  "integer64",
  "decimal",
  "register",
] as const;
/** Operations on the top of the stack (and the register below it). */
export const FPU_OPERATIONS = [
  ...["chs", "abs", "tst", "xam", "sqrt", "rndint", "scale", "xtract", "prem", "prem1"],
  ...["2xm1", "yl2x", "yl2xp1", "ptan", "patan", "sin", "cos", "sincos", "decstp", "incstp", "nop"],
] as const;
export type FpuOperation = (typeof FPU_OPERATIONS)[number];
export const FPU_CONSTANTS = ["1", "l2t", "l2e", "pi", "lg2", "ln2", "z"] as const;
