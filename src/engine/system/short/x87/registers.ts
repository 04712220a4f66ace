/**
 * What the short ways of x87 share: the stack, what begins and ends an instruction, and rounding. They do what is usual: operands that are
 * normal numbers or zeros, results that are normal or exactly zero, registers full or empty as they should be, and an inexact result masked. What is
 * not so they refuse before anything has changed, and the host's x87 (system/float/x87) does it with integers of any length.
 *
 * A register is 16 bytes (state.ts): significand with its leading one, then sign (bit 15) and exponent. A place is the Wasm offset of one.
 */
import { layout } from "../../../state";
import {
  above64,
  add,
  add64,
  and,
  and64,
  below,
  both,
  eq64,
  eq,
  field,
  has,
  isZero64,
  load32,
  load64,
  ne64,
  not,
  or,
  or64,
  type Routine,
  select,
  shl,
  shl64,
  shr,
  sub,
  sub64,
  type Term,
  type Variable,
  wide,
  xor,
} from "../../../wasm/routine";

export const BIAS = 0x3fff;
export const TOP = 1n << 63n;
/** Exponents of results: neither overflow nor underflow is near. */
const LOWEST = 2,
  HIGHEST = 0x7ffd;
/** What a computation says: 0, it was refused; else DONE and what comes up, at its bits of the status word. */
export const DONE = 1;
export const INEXACT = 0x20,
  C1 = 0x200;
const CONDITIONS = 0x4700;
const PRECISION_MASKED = 0x20;
const SIGN = 0x8000;

/** The number, 0 to 7, of ST(n); its place; whether it is full. */
export const numberOf = (n: Term): Term => and(add(shr(field("fpuStatus"), 11), n), 7);
export const placeOf = (n: Term): Term => add(layout.fpr.offset, shl(numberOf(n), 4));
export const isFull = (n: Term): Term => and(shr(field("fpuFull"), numberOf(n)), 1);

export const signOf = (place: Term): Term => and(load32(place, 8), SIGN);
export const exponentOf = (place: Term): Term => and(load32(place, 8), 0x7fff);
export const significandOf = (place: Term): Term => load64(place);

/** -0 and 0 count as 0; `exponent` is that of the same number. */
export const isZero = (significand: Term, exponent: Term): Term => and(isZero64(significand), not(exponent));
const isNormal = (significand: Term, exponent: Term): Term =>
  and(ne64(and64(significand, TOP), 0n), below(sub(exponent, 1), 0x7ffe));
export const isUsual = (significand: Term, exponent: Term): Term =>
  select(isNormal(significand, exponent), 1, isZero(significand, exponent));

export const inexactIsMasked = (): Term => has(field("fpuControl"), PRECISION_MASKED);

/** Puts a number into a place. */
export function putNumber(r: Routine, place: Term, significand: Term, signAndExponent: Term): void {
  r.store64(place, 0, significand);
  r.store64(place, 8, wide(signAndExponent));
}

/** Turns the stack by one and marks ST(0) as full: what is new was put into the place of ST(-1). */
export function pushed(r: Routine): void {
  const status = field("fpuStatus");
  r.setField("fpuStatus", or(and(status, ~(0x3800 | C1)), and(sub(status, 0x800), 0x3800)));
  r.setField("fpuFull", or(field("fpuFull"), shl(1, numberOf(0))));
}

export function markFull(r: Routine, n: Term): void {
  r.setField("fpuFull", or(field("fpuFull"), shl(1, numberOf(n))));
}

function popOne(r: Routine): void {
  r.setField("fpuFull", and(field("fpuFull"), xor(shl(1, numberOf(0)), -1)));
  const status = field("fpuStatus");
  r.setField("fpuStatus", or(and(status, ~0x3800), and(add(status, 0x800), 0x3800)));
}

/** Pops none, one or two. */
export function popped(r: Routine, count: Variable): void {
  r.when(count, () => {
    popOne(r);
    r.when(shr(count, 1), () => popOne(r));
  });
}

/** Into the status word what a computation said. */
export function told(r: Routine, said: Term): void {
  r.setField("fpuStatus", or(and(field("fpuStatus"), ~C1), and(said, INEXACT | C1)));
}
export function conditions(r: Routine, bits: Term): void {
  r.setField("fpuStatus", or(and(field("fpuStatus"), ~CONDITIONS), bits));
}

/**
 * Whether what was cut off, `rest` (its first bit is worth a half), makes the magnitude larger; `odd` is the last bit that stays (SDM 1,
 * 4.8.4). `rounding`: as RC has it.
 */
export const roundsUp = (rest: Variable, odd: Term, sign: Term, rounding: Term): Term =>
  select(
    rounding,
    and(ne64(rest, 0n), select(sign, eq(rounding, 1), eq(rounding, 2))),
    or(above64(rest, TOP), and(eq64(rest, TOP), odd)),
  );
export const rounding = (): Term => and(shr(field("fpuControl"), 10), 3);

/** A result as it is before rounding: significand with its leading one, and 64 bits more below it, the last of which stand for all further ones. */
export interface Result {
  readonly sign: Variable;
  readonly exponent: Variable;
  readonly significand: Variable;
  readonly rest: Variable;
}

/** Rounds to the precision of the control word, puts the number into `place`, and returns what is to be said; or refuses. */
export function finish(r: Routine, place: Term, { sign, exponent, significand, rest }: Result): void {
  const control = r.keep(field("fpuControl"));
  const unit = r.keep64(1n);
  // Precision: 24 bits (0), 53 (2), else 64 (SDM 1, 8.1.5.2).
  r.when(not(has(control, 0x100)), () => {
    const dropped = r.keep64(wide(select(has(control, 0x200), 11, 40)));
    r.set(unit, shl64(1n, dropped));
    r.set(rest, or64(shl64(significand, sub64(64n, dropped)), wide(ne64(rest, 0n))));
    r.set(significand, and64(significand, sub64(0n, unit)));
  });
  const up = r.keep(roundsUp(rest, ne64(and64(significand, unit), 0n), sign, and(shr(control, 10), 3)));
  r.when(up, () => {
    r.set(significand, add64(significand, unit));
    r.when(isZero64(significand), () => {
      r.set(significand, TOP);
      r.set(exponent, add(exponent, 1));
    });
  });
  r.returnIf(not(below(sub(exponent, LOWEST), HIGHEST - LOWEST + 1)), 0);
  r.returnIf(both(ne64(rest, 0n), not(has(control, PRECISION_MASKED))), 0);
  putNumber(r, place, significand, or(sign, exponent));
  r.return(or(DONE, select(ne64(rest, 0n), INEXACT, 0), select(up, C1, 0)));
}
