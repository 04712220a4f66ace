/** Numbers in memory, as x87 loads and stores them: singles, doubles and integers. */
import { FPU_KINDS } from "../../../../isa/floatcodes";
import {
  add,
  add64,
  and,
  and64,
  eq,
  isZero64,
  leadingZeros64,
  less,
  less64,
  low,
  ne64,
  not,
  or,
  or64,
  Routine,
  sar64,
  select,
  shl,
  shl64,
  shr,
  shr64,
  sub,
  sub64,
  type Term,
  type Variable,
  wide,
} from "../../../wasm/routine";
import {
  BIAS,
  C1,
  DONE,
  exponentOf,
  inexactIsMasked,
  INEXACT,
  isUsual,
  isZero,
  putNumber,
  rounding,
  roundsUp,
  significandOf,
  signOf,
  TOP,
} from "./registers";

type Kind = (typeof FPU_KINDS)[number];
export const kind = (name: Kind): number => FPU_KINDS.indexOf(name);
/** Those that the functions here know. */
export const isShortKind = (n: number): boolean =>
  ["single", "double", "integer16", "integer32", "integer64"].includes(FPU_KINDS[n]);

interface Format {
  readonly fraction: number;
  readonly exponent: number;
}
const SINGLE: Format = { fraction: 23, exponent: 8 },
  DOUBLE: Format = { fraction: 52, exponent: 11 };
const biasOf = ({ exponent }: Format): number => (1 << (exponent - 1)) - 1;

/** (kind, bits, place) -> 1 when the number was put there; denormals, infinities and NaNs are refused. Every other fits. */
export function widen(): Routine {
  const r = new Routine(3);
  const [what, bits, place] = r.parameters;
  r.when(eq(what, kind("double")), () => widenFloat(r, bits, place, DOUBLE));
  r.when(eq(what, kind("single")), () => widenFloat(r, bits, place, SINGLE));
  const unused = r.keep64(select(eq(what, kind("integer16")), 48n, select(eq(what, kind("integer32")), 32n, 0n)));
  const value = r.keep64(sar64(shl64(bits, unused), unused));
  const minus = r.keep(less64(value, 0n));
  r.when(minus, () => r.set(value, sub64(0n, value)));
  r.when(
    isZero64(value),
    () => putNumber(r, place, 0n, 0),
    () => {
      const zeros = r.keep64(leadingZeros64(value));
      putNumber(r, place, shl64(value, zeros), or(shl(minus, 15), sub(BIAS + 63, low(zeros))));
    },
  );
  r.return(1);
  return r;
}

function widenFloat(r: Routine, bits: Variable, place: Variable, format: Format): void {
  const mask = (1 << format.exponent) - 1;
  const exponent = r.keep(and(low(shr64(bits, BigInt(format.fraction))), mask));
  const significand = r.keep64(shl64(bits, BigInt(64 - format.fraction - 1)));
  const sign = r.keep(shl(and(low(shr64(bits, BigInt(format.fraction + format.exponent))), 1), 15));
  r.when(not(exponent), () => {
    r.returnIf(ne64(and64(significand, TOP - 1n), 0n), 0);
    putNumber(r, place, 0n, sign);
    r.return(1);
  });
  r.returnIf(eq(exponent, mask), 0);
  putNumber(r, place, or64(significand, TOP), or(sign, add(exponent, BIAS - biasOf(format))));
  r.return(1);
}

/**
 * (place, kind, truncates) -> what is to be said (registers.ts), with the bits for memory in `value`. Integers that do not fit are refused, and
 * numbers that are tiny or near overflow in the format.
 */
export function narrow(): Routine {
  const r = new Routine(3);
  const [place, what, truncates] = r.parameters;
  r.returnIf(not(inexactIsMasked()), 0);
  const significand = r.keep64(significandOf(place));
  const exponent = r.keep(exponentOf(place));
  r.returnIf(not(isUsual(significand, exponent)), 0);
  const sign = r.keep(signOf(place));
  r.when(eq(what, kind("double")), () => narrowFloat(r, { significand, exponent, sign }, DOUBLE));
  r.when(eq(what, kind("single")), () => narrowFloat(r, { significand, exponent, sign }, SINGLE));
  const bits = r.keep(select(eq(what, kind("integer16")), 16, select(eq(what, kind("integer32")), 32, 64)));
  narrowInteger(r, { significand, exponent, sign }, bits, select(truncates, 3, rounding()));
  return r;
}

interface Number {
  readonly significand: Variable;
  readonly exponent: Variable;
  readonly sign: Variable;
}

const said = (rest: Variable, up: Variable): Term => or(DONE, select(ne64(rest, 0n), INEXACT, 0), select(up, C1, 0));

function narrowFloat(r: Routine, { significand, exponent, sign }: Number, format: Format): void {
  const topBit = BigInt(format.fraction + format.exponent);
  const signBit = r.keep64(shl64(wide(shr(sign, 15)), topBit));
  r.when(isZero(significand, exponent), () => {
    r.setField64("value", signBit);
    r.return(DONE);
  });
  const biased = r.keep(sub(exponent, BIAS - biasOf(format)));
  const highest = (1 << format.exponent) - 4;
  r.returnIf(or(less(biased, 2), less(highest, biased)), 0);
  const dropped = BigInt(63 - format.fraction);
  const rest = r.keep64(shl64(significand, 64n - dropped));
  const kept = r.keep64(shr64(significand, dropped));
  const up = r.keep(roundsUp(rest, low(and64(kept, 1n)), sign, rounding()));
  // The leading one is left out; a carry goes on into the exponent.
  const fraction = and64(kept, (1n << BigInt(format.fraction)) - 1n);
  r.setField64("value", add64(or64(signBit, shl64(wide(biased), BigInt(format.fraction)), fraction), wide(up)));
  r.return(said(rest, up));
}

function narrowInteger(r: Routine, { significand, exponent, sign }: Number, bits: Variable, mode: Term): void {
  // The number of bits before the binary point.
  const whole = r.keep(sub(exponent, BIAS - 1));
  r.returnIf(mayNotFit(whole, bits), 0);
  const value = r.keep64(0n);
  const rest = r.keep64(0n);
  r.when(less(0, whole), () => {
    r.set(value, shr64(significand, sub64(64n, wide(whole))));
    r.set(rest, shl64(significand, wide(whole)));
  });
  // Half and more, or less than that.
  r.when(eq(whole, 0), () => r.set(rest, significand));
  r.when(less(whole, 0), () => r.set(rest, wide(ne64(significand, 0n))));
  const up = r.keep(roundsUp(rest, low(and64(value, 1n)), sign, mode));
  r.set(value, add64(value, wide(up)));
  r.returnIf(ne64(shr64(value, wide(sub(bits, 1))), 0n), 0);
  r.when(sign, () => r.set(value, sub64(0n, value)));
  r.setField64("value", value);
  r.return(said(rest, up));
}

/** Whether a magnitude of so many bits may not fit. */
const mayNotFit = (whole: Term, bits: Term): Term => less(sub(bits, 1), whole);
