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
