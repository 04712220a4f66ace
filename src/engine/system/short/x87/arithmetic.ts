/**
 * FADD and its kind on 64-bit significands: (places of the first operand, of the second and of the result) -> what is to be said
 * (registers.ts). Precision and rounding are those of the control word.
 */
import {
  above64,
  add,
  add64,
  and,
  and64,
  below,
  below64,
  eq,
  type Function,
  isZero64,
  leadingZeros64,
  less64,
  low,
  mul64,
  ne,
  ne64,
  not,
  or,
  or64,
  Routine,
  select,
  shl,
  shl64,
  shr64,
  sub,
  sub64,
  type Term,
  type Variable,
  wide,
  xor,
} from "../../../wasm/routine";
import {
  BIAS,
  DONE,
  exponentOf,
  finish,
  isUsual,
  isZero,
  putNumber,
  rounding,
  significandOf,
  signOf,
  TOP,
} from "./registers";

interface Operand {
  readonly significand: Variable;
  readonly exponent: Variable;
  readonly sign: Variable;
}

/** Reads a number that is usual, or refuses. */
function operand(r: Routine, place: Variable): Operand {
  const significand = r.keep64(significandOf(place));
  const exponent = r.keep(exponentOf(place));
  r.returnIf(not(isUsual(significand, exponent)), 0);
  return { significand, exponent, sign: r.keep(signOf(place)) };
}

const isNought = ({ significand }: Operand): Term => isZero64(significand);

function exactZero(r: Routine, place: Variable, sign: Term): void {
  putNumber(r, place, 0n, sign);
  r.return(DONE);
}

/** 128 bits up by 1 to 63 bits. */
function shiftLeft(r: Routine, high: Variable, rest: Variable, by: Term): void {
  r.set(high, or64(shl64(high, by), shr64(rest, sub64(64n, by))));
  r.set(rest, shl64(rest, by));
}

export function multiply(multiplyHigh: Function): Routine {
  const r = new Routine(3);
  const [first, second, place] = r.parameters;
  const [a, b] = [operand(r, first), operand(r, second)];
  const sign = r.keep(xor(a.sign, b.sign));
  r.when(or(isNought(a), isNought(b)), () => exactZero(r, place, sign));
  const exponent = r.keep(sub(add(a.exponent, b.exponent), BIAS - 1));
  const rest = r.keep64(mul64(a.significand, b.significand));
  const significand = r.keep64(multiplyHigh(a.significand, b.significand));
  r.when(not(less64(significand, 0n)), () => {
    shiftLeft(r, significand, rest, 1n);
    r.set(exponent, sub(exponent, 1));
  });
  finish(r, place, { sign, exponent, significand, rest });
  return r;
}

/** The quotient has 64 bits; what is left over says how it is rounded. `divideBy`: (high, low, divisor, 0) -> quotient. */
export function divide(divideBy: Function): Routine {
  const r = new Routine(3);
  const [first, second, place] = r.parameters;
  const [a, b] = [operand(r, first), operand(r, second)];
  r.returnIf(isNought(b), 0);
  const sign = r.keep(xor(a.sign, b.sign));
  r.when(isNought(a), () => exactZero(r, place, sign));
  const exponent = r.keep(add(sub(a.exponent, b.exponent), BIAS));
  const high = r.keep64(a.significand);
  const rest = r.keep64(0n);
  r.when(
    below64(a.significand, b.significand),
    () => r.set(exponent, sub(exponent, 1)),
    () => {
      r.set(rest, shl64(high, 63n));
      r.set(high, shr64(high, 1n));
    },
  );
  const significand = r.keep64(divideBy(high, rest, b.significand, 0));
  const left = r.keep64(sub64(rest, mul64(significand, b.significand)));
  // Half of the divisor becomes the bit below the quotient, more or less than half the bits below that.
  const toHalf = r.keep64(sub64(b.significand, left));
  const more = select(above64(left, toHalf), TOP + 1n, TOP);
  r.set(rest, select(isZero64(left), 0n, select(below64(left, toHalf), 1n, more)));
  finish(r, place, { sign, exponent, significand, rest });
  return r;
}

/** Bits that fall out below leave a one. */
function shiftRight(r: Routine, high: Variable, by: Variable): Variable {
  const rest = r.keep64(0n);
  r.when(by, () => {
    const bits = r.keep64(wide(by));
    r.when(
      below(by, 64),
      () => {
        r.set(rest, shl64(high, sub64(64n, bits)));
        r.set(high, shr64(high, bits));
      },
      () => {
        const lost = r.keep64(ne64Wide(high));
        r.when(below(by, 128), () => {
          // The shift count is taken modulo 64: nothing is lost by exactly 64.
          const gone = and(ne(by, 64), ne64(shl64(high, sub64(128n, bits)), 0n));
          r.set(lost, or64(shr64(high, sub64(bits, 64n)), wide(gone)));
        });
        r.set(rest, lost);
        r.set(high, 0n);
      },
    );
  });
  return rest;
}
const ne64Wide = (value: Term): Term => wide(ne64(value, 0n));

/** Fourth parameter: 8000h to subtract, else 0. */
export function addition(): Routine {
  const r = new Routine(4);
  const [first, second, place, subtracts] = r.parameters;
  const [a, b] = [operand(r, first), operand(r, second)];
  r.set(b.sign, xor(b.sign, subtracts));
  // The larger one first.
  const smaller = or(
    below(a.exponent, b.exponent),
    and(eq(a.exponent, b.exponent), below64(a.significand, b.significand)),
  );
  r.when(smaller, () => {
    for (const [x, y] of [
      [a.exponent, b.exponent],
      [a.sign, b.sign],
    ])
      exchange(r, x, y, r.keep(x));
    exchange(r, a.significand, b.significand, r.keep64(a.significand));
  });
  const { sign, exponent, significand } = a;
  const by = r.keep(sub(exponent, b.exponent));
  const below128 = shiftRight(r, b.significand, by);
  const rest = r.keep64(below128);
  r.when(
    eq(sign, b.sign),
    () => {
      // 0 + 0, both of one sign.
      r.when(isZero(significand, exponent), () => exactZero(r, place, sign));
      sum(r, exponent, significand, rest, b.significand);
    },
    () => difference(r, place, a, rest, b.significand),
  );
  finish(r, place, { sign, exponent, significand, rest });
  return r;
}

function exchange(r: Routine, x: Variable, y: Variable, kept: Variable): void {
  r.set(x, y);
  r.set(y, kept);
}

function sum(r: Routine, exponent: Variable, significand: Variable, rest: Variable, other: Variable): void {
  const total = r.keep64(add64(significand, other));
  r.when(
    below64(total, significand),
    () => {
      r.set(rest, or64(shr64(rest, 1n), and64(rest, 1n), shl64(total, 63n)));
      r.set(significand, or64(shr64(total, 1n), TOP));
      r.set(exponent, add(exponent, 1));
    },
    () => r.set(significand, total),
  );
}

/** significand:0 - other:rest, made normal. An exact zero is -0 only where rounding is down (SDM 1, 4.8.4). */
function difference(r: Routine, place: Variable, a: Operand, rest: Variable, other: Variable): void {
  const { significand, exponent } = a;
  r.set(significand, sub64(significand, other, ne64Wide(rest)));
  r.set(rest, sub64(0n, rest));
  r.when(isZero64(significand), () => {
    r.when(isZero64(rest), () => exactZero(r, place, select(eq(rounding(), 1), 0x8000, 0)));
    r.set(significand, rest);
    r.set(rest, 0n);
    r.set(exponent, sub(exponent, 64));
  });
  const by = r.keep64(leadingZeros64(significand));
  r.when(ne64(by, 0n), () => {
    shiftLeft(r, significand, rest, by);
    r.set(exponent, sub(exponent, low(by)));
  });
}

/** (operation of FPU_ARITHMETIC, places of ST(dst), the source and the result): the reversed ones have their operands exchanged. */
export function combine(parts: { add: Function; multiply: Function; divide: Function }): Routine {
  const r = new Routine(4);
  const [operation, a, b, place] = r.parameters;
  const subtracts = (n: Term) => shl(n, 15);
  r.returnIf(eq(operation, 0), parts.add(a, b, place, 0));
  r.returnIf(eq(operation, 1), parts.multiply(a, b, place));
  r.returnIf(eq(operation, 2), parts.add(a, b, place, subtracts(1)));
  r.returnIf(eq(operation, 3), parts.add(b, a, place, subtracts(1)));
  r.returnIf(eq(operation, 4), parts.divide(a, b, place));
  r.return(parts.divide(b, a, place));
  return r;
}
