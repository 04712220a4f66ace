/** FSQRT: a root of 128 bits, found with the host's doubles and made exact with integers. */
import {
  above64,
  add,
  add64,
  and,
  below64,
  eq64,
  type Function,
  isZero64,
  mul64,
  not,
  or,
  or64,
  Routine,
  rootOfDouble,
  select,
  shl64,
  shr,
  shr64,
  sub64,
  type Term,
  toDouble,
  fromDouble,
  timesDouble,
  byDouble,
  type Variable,
  wide,
  ne64,
} from "../../../wasm/routine";
import { BIAS, DONE, exponentOf, finish, isUsual, isZero, putNumber, significandOf, signOf, TOP } from "./registers";

/** (places of the number and of the result) -> what is to be said (registers.ts). */
export function root(multiplyHigh: Function): Routine {
  const r = new Routine(2);
  const [from, place] = r.parameters;
  const significand = r.keep64(significandOf(from));
  const exponent = r.keep(exponentOf(from));
  const sign = r.keep(signOf(from));
  r.returnIf(not(isUsual(significand, exponent)), 0);
  r.when(isZero(significand, exponent), () => {
    putNumber(r, place, 0n, sign);
    r.return(DONE);
  });
  r.returnIf(sign, 0);
  // high:rest is the significand by 2^63 or 2^64, so that half of the exponent is whole; its root has 64 bits.
  const odd = r.keep64(wide(and(exponent, 1)));
  const high = r.keep64(shr64(significand, odd));
  const rest = r.keep64(select(ne64(odd, 0n), shl64(significand, 63n), 0n));
  r.set(exponent, shr(add(exponent, BIAS), 1));
  const found = estimate(r, high, rest, multiplyHigh);
  // What is left, high:rest less the square; up from an estimate that is at most a few too small.
  subtractSquare(r, high, rest, found, multiplyHigh);
  r.while(exceedsTwice(high, rest, found), () => {
    const step = r.keep64(add64(shl64(found, 1n), 1n));
    r.set(high, sub64(high, shr64(found, 63n), wide(below64(rest, step))));
    r.set(rest, sub64(rest, step));
    r.set(found, add64(found, 1n));
  });
  // More than the root itself: the fraction is above a half. It is never just that.
  const left = r.keep64(or64(high, rest));
  const more = or(ne64(high, 0n), above64(rest, found));
  r.set(rest, select(isZero64(left), 0n, select(more, TOP + 1n, 1n)));
  finish(r, place, { sign, exponent, significand: found, rest });
  return r;
}

/** By doubles, then once by Newton's way; less two, so that it is never too large. */
function estimate(r: Routine, high: Variable, rest: Variable, multiplyHigh: Function): Variable {
  const half = fromDouble(timesDouble(rootOfDouble(toDouble(shr64(high, 2n))), 2 ** 32));
  const first = r.keep64(shl64(half, 1n));
  const [errorHigh, errorLow] = [r.keep64(high), r.keep64(rest)];
  subtractSquare(r, errorHigh, errorLow, first, multiplyHigh);
  const error = or64(shl64(errorHigh, 48n), shr64(errorLow, 16n));
  const change = fromDouble(timesDouble(byDouble(toDouble(error), toDouble(shr64(first, 1n))), 2 ** 14));
  return r.keep64(add64(first, change, -2n));
}

function subtractSquare(r: Routine, high: Variable, rest: Variable, of: Variable, multiplyHigh: Function): void {
  const square = r.keep64(mul64(of, of));
  r.set(high, sub64(high, multiplyHigh(of, of), wide(below64(rest, square))));
  r.set(rest, sub64(rest, square));
}

/** Whether high:rest is more than 2 * found. */
const exceedsTwice = (high: Term, rest: Term, found: Term): Term => {
  const twice = shr64(found, 63n);
  return or(above64(high, twice), and(eq64(high, twice), above64(rest, shl64(found, 1n))));
};
