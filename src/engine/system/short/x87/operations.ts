/**
 * x87 instructions as functions: 1 when all is done but the pointers (pointers.ts), 0 when nothing has changed and the host is to do it.
 * n, dst and src are numbers of stack registers, 0 for ST.
 */
import { FPU_CONSTANTS, FPU_OPERATIONS } from "../../../../isa/floatcodes";
import { SCRATCH } from "../../../areas";
import {
  and,
  both,
  eq,
  field,
  type Function,
  has,
  load32,
  load64,
  not,
  or,
  Routine,
  shl,
  type Term,
  wide,
  xor,
} from "../../../wasm/routine";
import { UNUSUAL } from "./comparison";
import {
  conditions,
  BIAS,
  isFull,
  markFull,
  placeOf,
  popped,
  pushed,
  putNumber,
  rounding,
  told,
  TOP,
} from "./registers";

/** Where a memory operand is put as a register's 16 bytes: the last quarter of SCRATCH. */
const OPERAND = SCRATCH.at + 48;

export interface Parts {
  readonly combine: Function;
  readonly relation: Function;
  readonly widen: Function;
  readonly narrow: Function;
  readonly root: Function;
}

const areFull = (a: Term, b: Term): Term => and(isFull(a), isFull(b));

/** (operation, dst, src, pops) */
export function arithmetic({ combine }: Parts): Routine {
  const r = new Routine(4);
  const [operation, dst, src, pops] = r.parameters;
  r.returnIf(not(areFull(dst, src)), 0);
  const place = r.keep(placeOf(dst));
  const said = r.keep(combine(operation, place, placeOf(src), place));
  r.returnIf(not(said), 0);
  told(r, said);
  popped(r, pops);
  r.return(1);
  return r;
}

/** (operation, kind, bits) */
export function arithmeticMemory({ combine, widen }: Parts): Routine {
  const r = new Routine(3);
  const [operation, kind, bits] = r.parameters;
  r.returnIf(not(isFull(0)), 0);
  r.returnIf(not(widen(kind, bits, OPERAND)), 0);
  const place = r.keep(placeOf(0));
  const said = r.keep(combine(operation, place, OPERAND, place));
  r.returnIf(not(said), 0);
  told(r, said);
  r.return(1);
  return r;
}

const toConditions = (r: Routine, related: Term): void => conditions(r, shl(related, 8));

/** (n, pops): into C3, C2 and C0. */
export function compare({ relation }: Parts): Routine {
  const r = new Routine(2);
  const [n, pops] = r.parameters;
  r.returnIf(not(areFull(0, n)), 0);
  const related = r.keep(relation(placeOf(0), placeOf(n)));
  r.returnIf(eq(related, UNUSUAL), 0);
  toConditions(r, related);
  popped(r, pops);
  r.return(1);
  return r;
}

/** (n, pops) -> CF, PF and ZF at their bits of RFLAGS, as the comparison says them; or UNUSUAL, and nothing has changed. */
export function compareFlags({ relation }: Parts): Routine {
  const r = new Routine(2);
  const [n, pops] = r.parameters;
  r.returnIf(not(areFull(0, n)), UNUSUAL);
  const related = r.keep(relation(placeOf(0), placeOf(n)));
  r.returnIf(eq(related, UNUSUAL), UNUSUAL);
  popped(r, pops);
  r.return(related);
  return r;
}

/** (pops, kind, bits) */
export function compareMemory({ relation, widen }: Parts): Routine {
  const r = new Routine(3);
  const [pops, kind, bits] = r.parameters;
  r.returnIf(not(isFull(0)), 0);
  r.returnIf(not(widen(kind, bits, OPERAND)), 0);
  const related = r.keep(relation(placeOf(0), OPERAND));
  r.returnIf(eq(related, UNUSUAL), 0);
  toConditions(r, related);
  popped(r, pops);
  r.return(1);
  return r;
}

/** (kind, bits) */
export function load({ widen }: Parts): Routine {
  const r = new Routine(2);
  const [kind, bits] = r.parameters;
  r.returnIf(isFull(-1), 0);
  r.returnIf(not(widen(kind, bits, placeOf(-1))), 0);
  pushed(r);
  r.return(1);
  return r;
}

/** (n) */
export function loadRegister(): Routine {
  const r = new Routine(1);
  const [n] = r.parameters;
  r.returnIf(not(both(isFull(n), not(isFull(-1)))), 0);
  copyNumber(r, placeOf(n), placeOf(-1));
  pushed(r);
  r.return(1);
  return r;
}

/** With the upper bits clear, whatever FRSTOR or an image of the state left there. */
function copyNumber(r: Routine, from: Term, to: Term): void {
  const place = r.keep(from);
  putNumber(r, to, load64(place), and(load32(place, 8), 0xffff));
}

/** (number of the constant): 1 and 0 are exact, the others are refused unless rounding is to nearest. */
const constants: Readonly<Record<(typeof FPU_CONSTANTS)[number], readonly [significand: bigint, exponent: number]>> = {
  "1": [TOP, BIAS],
  l2t: [0xd49a784bcd1b8afen, BIAS + 1],
  l2e: [0xb8aa3b295c17f0bcn, BIAS],
  pi: [0xc90fdaa22168c235n, BIAS + 1],
  lg2: [0x9a209a84fbcff799n, BIAS - 2],
  ln2: [0xb17217f7d1cf79acn, BIAS - 1],
  z: [0n, 0],
};
export function loadConstant(): Routine {
  const r = new Routine(1);
  const [n] = r.parameters;
  r.returnIf(isFull(-1), 0);
  const place = r.keep(placeOf(-1));
  for (const [index, name] of FPU_CONSTANTS.entries()) {
    const [significand, signAndExponent] = constants[name];
    r.when(eq(n, index), () => {
      if (name !== "1" && name !== "z") r.returnIf(rounding(), 0);
      putNumber(r, place, significand, signAndExponent);
    });
  }
  pushed(r);
  r.return(1);
  return r;
}

/** (kind, truncates) -> what is to be said, with the bits in `value`, and nothing else changed; 0: refused. */
export function storing({ narrow }: Parts): Routine {
  const r = new Routine(2);
  const [kind, truncates] = r.parameters;
  r.returnIf(not(isFull(0)), 0);
  r.return(narrow(placeOf(0), kind, truncates));
  return r;
}

/** (what `storing` said, pops): once memory has it. */
export function stored(): Routine {
  const r = new Routine(2);
  const [said, pops] = r.parameters;
  told(r, said);
  popped(r, pops);
  r.return(1);
  return r;
}

/** (n, pops) */
export function storeRegister(): Routine {
  const r = new Routine(2);
  const [n, pops] = r.parameters;
  r.returnIf(not(isFull(0)), 0);
  copyNumber(r, placeOf(0), placeOf(n));
  markFull(r, n);
  told(r, 0);
  popped(r, pops);
  r.return(1);
  return r;
}

/** (n) */
export function exchange(): Routine {
  const r = new Routine(1);
  const [n] = r.parameters;
  r.returnIf(not(areFull(0, n)), 0);
  const [a, b] = [r.keep(placeOf(0)), r.keep(placeOf(n))];
  for (const half of [0, 8]) {
    const kept = r.keep64(load64(a, half));
    r.store64(a, half, load64(b, half));
    r.store64(b, half, kept);
  }
  told(r, 0);
  r.return(1);
  return r;
}

/** (n, whether the condition holds) */
export function conditionalMove(): Routine {
  const r = new Routine(2);
  const [n, holds] = r.parameters;
  r.returnIf(not(areFull(0, n)), 0);
  r.when(holds, () => copyNumber(r, placeOf(n), placeOf(0)));
  r.return(1);
  return r;
}

/** Of FPU_OPERATIONS. */
export const shortOperations = (["chs", "abs", "tst", "sqrt"] as const).map((name) => FPU_OPERATIONS.indexOf(name));

/** (number of the operation) */
export function operation({ relation, root }: Parts): Routine {
  const r = new Routine(1);
  const [n] = r.parameters;
  r.returnIf(not(isFull(0)), 0);
  const place = r.keep(placeOf(0));
  const [chs, abs, tst, sqrt] = shortOperations;
  const sign = (value: Term) => {
    r.store64(place, 8, wide(and(value, 0xffff)));
    told(r, 0);
    r.return(1);
  };
  const upper = load32(place, 8);
  r.when(eq(n, chs), () => sign(xor(upper, 0x8000)));
  r.when(eq(n, abs), () => sign(and(upper, 0x7fff)));
  r.when(eq(n, tst), () => {
    putNumber(r, OPERAND, 0n, 0);
    const related = r.keep(relation(place, OPERAND));
    r.returnIf(eq(related, UNUSUAL), 0);
    toConditions(r, related);
    r.return(1);
  });
  r.when(eq(n, sqrt), () => {
    const said = r.keep(root(place, place));
    r.returnIf(not(said), 0);
    told(r, said);
    r.return(1);
  });
  return r;
}

/** (control word): FLDCW, while no exception is pending and the new masks make none pending. */
export function loadControl(): Routine {
  const r = new Routine(1);
  const [value] = r.parameters;
  const status = field("fpuStatus");
  r.returnIf(has(and(status, xor(value, -1)), 0x3f), 0);
  r.returnIf(has(status, 0x80), 0);
  r.setField("fpuControl", or(and(value, 0x1f3f), 0x40));
  r.return(1);
  return r;
}
