/** FCOM and its kind: exact, so that neither precision nor rounding matter. */
import { and, below, below64, eq, eq64, ne, not, or, Routine, select, type Term, xor } from "../../../wasm/routine";
import { exponentOf, isUsual, isZero, significandOf, signOf } from "./registers";

/** CF PF ZF at their bits of RFLAGS, as FCOMI has them; eight bits further up they are C0, C2 and C3. */
export const LESS = 0x01,
  EQUAL = 0x40;
/** None of these. */
export const UNUSUAL = 0x80;

/** (places of two numbers) -> how the first relates to the second, or UNUSUAL. */
export function relation(): Routine {
  const r = new Routine(2);
  const [first, second] = r.parameters;
  const read = (place: Term) => {
    const significand = r.keep64(significandOf(place));
    const exponent = r.keep(exponentOf(place));
    r.returnIf(not(isUsual(significand, exponent)), UNUSUAL);
    return { significand, exponent, minus: r.keep(ne(signOf(place), 0)) };
  };
  const [a, b] = [read(first), read(second)];
  r.returnIf(and(isZero(a.significand, a.exponent), isZero(b.significand, b.exponent)), EQUAL);
  r.returnIf(xor(a.minus, b.minus), select(a.minus, LESS, 0));
  const sameExponent = eq(a.exponent, b.exponent);
  r.returnIf(and(sameExponent, eq64(a.significand, b.significand)), EQUAL);
  const smaller = or(below(a.exponent, b.exponent), and(sameExponent, below64(a.significand, b.significand)));
  r.return(select(xor(smaller, a.minus), LESS, 0));
  return r;
}
