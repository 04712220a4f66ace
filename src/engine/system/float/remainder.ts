/** The partial remainder of FPREM and FPREM1 (SDM 2A FPREM). */
import { finite, magnitude, type Real } from "./real";

const abs = (value: bigint) => (value < 0n ? -value : value);

/**
 * Exact. When the exponents are 64 or more apart only part of the work is done, and `quotient` is undefined; else it holds the low bits
 * of the quotient. Both operands are finite and not zero.
 */
export function remainder(a: Real, b: Real, nearest: boolean): { rest: Real; quotient: number | undefined } {
  const apart = magnitude(a) - magnitude(b);
  if (apart >= 64) {
    const reduced = 32 + (apart & 31);
    const scaled = finite(b.sign, b.significand, b.exponent + apart - reduced);
    return { rest: divided(a, scaled, false).rest, quotient: undefined };
  }
  const { rest, quotient } = divided(a, b, nearest);
  return { rest, quotient: Number(quotient & 7n) };
}

/** a - b * quotient, the quotient cut off or rounded to the nearest even. */
function divided(a: Real, b: Real, nearest: boolean): { rest: Real; quotient: bigint } {
  // A dividend far below half the divisor is its own remainder.
  if (magnitude(a) < magnitude(b) - 1) return { rest: { ...a, denormal: false }, quotient: 0n };
  const bottom = Math.min(a.exponent, b.exponent);
  const x = a.significand << BigInt(a.exponent - bottom);
  const y = b.significand << BigInt(b.exponent - bottom);
  let quotient = x / y;
  let rest = x - quotient * y;
  if (nearest && (2n * rest > y || (2n * rest === y && quotient & 1n))) {
    quotient += 1n;
    rest -= y;
  }
  const sign = rest < 0n ? ((a.sign ^ 1) as 0 | 1) : a.sign;
  return { rest: finite(sign, abs(rest), bottom), quotient };
}
