/**
 * IEEE 754 arithmetic in software, exact first and rounded once (SDM 1, chapter 4): what SSE and x87 share. A finite number is
 * significand * 2^exponent with an integer significand of any length, so operations need no cases; only `round` knows formats.
 * Values of a format are bit patterns as bigint (80 bits for extended).
 */
export const INVALID = 1,
  DENORMAL = 2,
  ZERO_DIVIDE = 4,
  OVERFLOW = 8,
  UNDERFLOW = 16,
  INEXACT = 32;

/** Rounding control, in MXCSR and in the x87 control word. */
export const NEAREST = 0,
  DOWN = 1,
  UP = 2,
  TOWARD_ZERO = 3;

export interface Format {
  readonly width: number;
  /** Bits of a significand, the leading one included. */
  readonly precision: number;
  readonly bias: number;
  /** The leading bit is stored. */
  readonly explicit: boolean;
}
export const SINGLE: Format = { width: 32, precision: 24, bias: 127, explicit: false };
export const DOUBLE: Format = { width: 64, precision: 53, bias: 1023, explicit: false };
export const EXTENDED: Format = { width: 80, precision: 64, bias: 16383, explicit: true };

export interface Real {
  readonly kind: "zero" | "finite" | "infinity" | "nan" | "unsupported";
  readonly sign: 0 | 1;
  /** Of a NaN: its fraction, aligned as in the extended format (63 bits). */
  readonly significand: bigint;
  readonly exponent: number;
  readonly signaling: boolean;
  readonly denormal: boolean;
}

/** How to round, and what came up on the way. */
export interface Environment {
  rounding: number;
  /** Exception bits that are masked. */
  masks: number;
  /** SSE: a tiny result becomes zero. */
  flushToZero: boolean;
  /** Exceptions raised. */
  flags: number;
  /** The last rounding went away from zero (x87 C1). */
  roundedUp: boolean;
}

const QUIET = 1n << 62n;
const FRACTION_63 = (1n << 63n) - 1n;
/** The default NaN is negative. */
export const defaultNan: Real = {
  kind: "nan",
  sign: 1,
  significand: QUIET,
  exponent: 0,
  signaling: false,
  denormal: false,
};
export const zero = (sign: 0 | 1): Real => ({ ...defaultNan, kind: "zero", sign, significand: 0n });
export const infinity = (sign: 0 | 1): Real => ({ ...defaultNan, kind: "infinity", sign, significand: 0n });
export function finite(sign: 0 | 1, significand: bigint, exponent: number): Real {
  if (significand === 0n) return zero(sign);
  return { kind: "finite", sign, significand, exponent, signaling: false, denormal: false };
}
export const integer = (value: bigint): Real => (value < 0n ? finite(1, -value, 0) : finite(0, value, 0));
export const negate = (a: Real): Real => ({ ...a, sign: a.sign ? 0 : 1 });
export const quiet = (a: Real): Real => ({ ...a, significand: a.significand | QUIET, signaling: false });

export function bitLength(value: bigint): number {
  let bits = 0;
  while (value >> 64n) {
    value >>= 64n;
    bits += 64;
  }
  const high = Number(value >> 32n);
  return bits + (high ? 64 - Math.clz32(high) : 32 - Math.clz32(Number(value & 0xffff_ffffn)));
}

/** Exponent of the leading bit. */
export const magnitude = (a: Real): number => a.exponent + bitLength(a.significand) - 1;

export function unpack(format: Format, bits: bigint): Real {
  const { width, precision, bias, explicit } = format;
  const fractionBits = explicit ? 64 : precision - 1;
  const sign = Number((bits >> BigInt(width - 1)) & 1n) as 0 | 1;
  const top = 2 * bias + 1;
  const biased = Number((bits >> BigInt(fractionBits)) & BigInt(top));
  let fraction = bits & ((1n << BigInt(fractionBits)) - 1n);
  const leading = explicit ? fraction >> 63n === 1n : biased !== 0;
  if (explicit && biased !== 0 && !leading) return { ...defaultNan, kind: "unsupported", sign };
  if (biased === top) {
    const payload = explicit ? fraction & FRACTION_63 : fraction << BigInt(63 - fractionBits);
    if (payload === 0n) return infinity(sign);
    return {
      kind: "nan",
      sign,
      significand: payload,
      exponent: 0,
      signaling: (payload & QUIET) === 0n,
      denormal: false,
    };
  }
  if (fraction === 0n && biased === 0) return zero(sign);
  if (!explicit && biased !== 0) fraction |= 1n << BigInt(fractionBits);
  const exponent = Math.max(biased, 1) - bias - (precision - 1);
  return { kind: "finite", sign, significand: fraction, exponent, signaling: false, denormal: biased === 0 };
}

/** Bits of what needs no rounding: zeros, infinities, NaNs (quietened). */
function special(format: Format, a: Real): bigint {
  const { width, precision, bias, explicit } = format;
  const fractionBits = BigInt(explicit ? 64 : precision - 1);
  const sign = BigInt(a.sign) << BigInt(width - 1);
  if (a.kind === "zero") return sign;
  const top = sign | (BigInt(2 * bias + 1) << fractionBits) | (explicit ? 1n << 63n : 0n);
  if (a.kind === "infinity") return top;
  const payload = a.significand | QUIET;
  return top | (explicit ? payload : payload >> (63n - fractionBits));
}

/** A significand with its lowest `shift` bits rounded off; a negative shift appends zeros. */
export function shiftRounded(significand: bigint, shift: number, sign: 0 | 1, rounding: number) {
  if (shift <= 0) return { value: significand << BigInt(-shift), inexact: false, up: false };
  const by = BigInt(shift);
  const value = significand >> by;
  const rest = significand - (value << by);
  if (rest === 0n) return { value, inexact: false, up: false };
  const half = 1n << (by - 1n);
  const up =
    rounding === NEAREST ? rest > half || (rest === half && (value & 1n) === 1n) : rounding === (sign ? DOWN : UP);
  return { value: up ? value + 1n : value, inexact: true, up };
}

/** Exponent by which x87 moves an overflowing or underflowing result when the exception is not masked (SDM 1, 8.5.4). */
const ADJUSTMENT = 24576;

/** The bits of `a` in a format. `precision`: fewer bits than the format has (x87 precision control). */
export function round(env: Environment, format: Format, a: Real, precision = format.precision): bigint {
  env.roundedUp = false;
  if (a.kind !== "finite") return special(format, a);
  const { sign, significand, exponent } = a;
  const length = bitLength(significand);
  const free = shiftRounded(significand, length - precision, sign, env.rounding);
  const carried = bitLength(free.value) > precision;
  let top = exponent + length - 1 + (carried ? 1 : 0);
  let value = carried ? free.value >> 1n : free.value;
  let { inexact, up } = free;
  const lowest = 1 - format.bias;
  if (top < lowest) {
    if (!(env.masks & UNDERFLOW)) {
      env.flags |= UNDERFLOW;
      top += ADJUSTMENT;
      if (top < lowest) return vanished(env, format, sign);
    } else if (env.flushToZero) {
      env.flags |= UNDERFLOW | INEXACT;
      return special(format, zero(sign));
    } else {
      ({ value, inexact, up } = shiftRounded(significand, lowest - (precision - 1) - exponent, sign, env.rounding));
      if (inexact) env.flags |= UNDERFLOW;
      top = bitLength(value) >= precision ? lowest : lowest - 1;
    }
  } else if (top > format.bias) {
    env.flags |= OVERFLOW;
    if (env.masks & OVERFLOW) return overflowed(env, format, sign, precision);
    top -= ADJUSTMENT;
    if (top > format.bias) return beyond(env, format, sign);
  }
  if (inexact) env.flags |= INEXACT;
  env.roundedUp = up;
  return assemble(format, sign, top + format.bias, value << BigInt(format.precision - precision));
}

/** Too small even when moved (FSCALE). */
function vanished(env: Environment, format: Format, sign: 0 | 1): bigint {
  env.flags |= INEXACT;
  return special(format, zero(sign));
}

/** Too great even when moved. */
function beyond(env: Environment, format: Format, sign: 0 | 1): bigint {
  env.flags |= INEXACT;
  env.roundedUp = true;
  return special(format, infinity(sign));
}

function overflowed(env: Environment, format: Format, sign: 0 | 1, precision: number): bigint {
  env.flags |= INEXACT;
  const away = env.rounding === NEAREST || env.rounding === (sign ? DOWN : UP);
  env.roundedUp = away;
  if (away) return special(format, infinity(sign));
  const ones = ((1n << BigInt(precision)) - 1n) << BigInt(format.precision - precision);
  return assemble(format, sign, 2 * format.bias, ones);
}

/** `biased` 0: a denormal. */
function assemble(format: Format, sign: 0 | 1, biased: number, significand: bigint): bigint {
  const { width, precision, explicit } = format;
  const fractionBits = BigInt(explicit ? 64 : precision - 1);
  const fraction = explicit ? significand : significand & ((1n << fractionBits) - 1n);
  return (BigInt(sign) << BigInt(width - 1)) | (BigInt(Math.max(biased, 0) & 0x7fff) << fractionBits) | fraction;
}

// ---- exact operations on numbers; a result too long for a bigint keeps a sticky bit below everything that rounding looks at ----

/** Bits kept below the larger operand when the smaller one lies far under it. */
const FAR = 140;

/** Finite operands or zeros. `rounding` decides the sign of an exact zero. */
export function add(a: Real, b: Real, rounding: number): Real {
  if (a.kind === "zero" && b.kind === "zero") {
    return a.sign === b.sign ? a : zero(rounding === DOWN ? 1 : 0);
  }
  if (a.kind === "zero") return finite(b.sign, b.significand, b.exponent);
  if (b.kind === "zero") return finite(a.sign, a.significand, a.exponent);
  const [large, small] = magnitude(a) >= magnitude(b) ? [a, b] : [b, a];
  let { significand, exponent } = small;
  if (magnitude(large) - magnitude(small) > FAR) {
    significand = 1n;
    exponent = large.exponent - FAR;
  }
  const bottom = Math.min(exponent, large.exponent);
  const signed = (value: bigint, at: number, sign: 0 | 1) => {
    const shifted = value << BigInt(at - bottom);
    return sign ? -shifted : shifted;
  };
  const sum = signed(large.significand, large.exponent, large.sign) + signed(significand, exponent, small.sign);
  if (sum === 0n) return zero(rounding === DOWN ? 1 : 0);
  return sum < 0n ? finite(1, -sum, bottom) : finite(0, sum, bottom);
}

const productSign = (a: Real, b: Real) => (a.sign ^ b.sign) as 0 | 1;

export function multiply(a: Real, b: Real): Real {
  const sign = productSign(a, b);
  if (a.kind === "zero" || b.kind === "zero") return zero(sign);
  return finite(sign, a.significand * b.significand, a.exponent + b.exponent);
}

/** Neither is zero. */
export function divide(a: Real, b: Real): Real {
  const shift = Math.max(0, 68 + bitLength(b.significand) - bitLength(a.significand));
  const numerator = a.significand << BigInt(shift);
  const quotient = numerator / b.significand;
  const sticky = quotient * b.significand === numerator ? 0n : 1n;
  return finite(productSign(a, b), (quotient << 1n) | sticky, a.exponent - b.exponent - shift - 1);
}

/** Of a positive number. */
export function squareRoot(a: Real): Real {
  let shift = Math.max(0, 136 - bitLength(a.significand));
  if ((a.exponent - shift) & 1) shift++;
  const radicand = a.significand << BigInt(shift);
  const root = integerRoot(radicand);
  const sticky = root * root === radicand ? 0n : 1n;
  return finite(0, (root << 1n) | sticky, (a.exponent - shift) / 2 - 1);
}

/** Newton's method from above. */
function integerRoot(value: bigint): bigint {
  let root = 1n << BigInt((bitLength(value) + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** The integer nearest by the rounding mode. */
export function toInteger(a: Real, rounding: number): { value: bigint; inexact: boolean; up: boolean } {
  if (a.kind === "zero") return { value: 0n, inexact: false, up: false };
  // Far below one half: only the direction counts.
  const low = Math.max(a.exponent, -200 - bitLength(a.significand));
  const rounded = shiftRounded(a.significand, -low, a.sign, rounding);
  return { ...rounded, value: a.sign ? -rounded.value : rounded.value };
}

/** -1, 0 or 1; neither is a NaN. */
export function compare(a: Real, b: Real): number {
  if (a.kind === "zero" && b.kind === "zero") return 0;
  const side = (r: Real) => (r.kind === "zero" ? 0 : r.sign ? -1 : 1);
  if (side(a) !== side(b)) return side(a) < side(b) ? -1 : 1;
  const direction = side(a);
  if (a.kind === "infinity" || b.kind === "infinity") {
    if (a.kind === b.kind) return 0;
    return a.kind === "infinity" ? direction : -direction;
  }
  const [p, q] = [magnitude(a), magnitude(b)];
  if (p !== q) return p < q ? -direction : direction;
  const bottom = Math.min(a.exponent, b.exponent);
  const x = a.significand << BigInt(a.exponent - bottom);
  const y = b.significand << BigInt(b.exponent - bottom);
  return x === y ? 0 : x < y ? -direction : direction;
}
