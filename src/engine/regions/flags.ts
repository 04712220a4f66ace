/**
 * The status flags inside a region. Each is either in its local, in the form of state.ts, or is known as an expression over
 * values that locals keep: then it costs nothing until somebody reads it.
 */
import type { Expression, Flag } from "../../isa/expression";
import { Lowering, type Binding } from "../lower";
import { I32, I64, op } from "../wasm/code";
import type { RegionCode } from "./code";
import { ALL_FLAGS, FLAGS, type StatusFlag } from "./plan";

/** Operands from here on stand for locals in which a value is kept. */
const KEPT = 1000;
export const kept = (e: Expression, local: number): Expression => ({
  kind: "operand",
  width: e.width,
  index: KEPT + local,
});
export const keptLocal = (index: number): number | undefined => (index >= KEPT ? index - KEPT : undefined);

/** Locals that hold flags in the form of state.ts. */
export interface FlagLocals {
  readonly cf: number;
  readonly of: number;
  readonly af: number;
  readonly zeroSource: number;
  readonly signSource: number;
}

export const flagLocals = (code: RegionCode): FlagLocals => ({
  cf: code.permanent(I32),
  of: code.permanent(I32),
  af: code.permanent(I32),
  zeroSource: code.permanent(I64),
  signSource: code.permanent(I64),
});

const names: readonly StatusFlag[] = ["cf", "of", "af", "zf", "sf", "pf"];

interface Known {
  readonly value: Expression;
  /** Locals it refers to. */
  readonly locals: readonly number[];
}

/** Which flags are known as expressions, at one point of the code. */
export class FlagState {
  private readonly known = new Map<StatusFlag, Known>();

  copy(): FlagState {
    const copy = new FlagState();
    for (const [flag, value] of this.known) copy.known.set(flag, value);
    return copy;
  }

  /** The expression of a flag that is not in its local. */
  expression(flag: Flag): Expression | undefined {
    return this.known.get(flag as StatusFlag)?.value;
  }

  set(flag: StatusFlag, value: Expression, locals: readonly number[]): void {
    this.known.set(flag, { value, locals });
  }

  /** These flags are in their locals, or nobody will ask for them. */
  forget(flags: number): void {
    for (const flag of names) if (flags & FLAGS[flag]) this.known.delete(flag);
  }

  get locals(): Set<number> {
    return new Set([...this.known.values()].flatMap(({ locals }) => locals));
  }

  /** Flags that are not in their locals. */
  get pending(): number {
    let set = 0;
    for (const flag of this.known.keys()) set |= FLAGS[flag];
    return set;
  }

  /** Writes code that puts these flags into their locals. The state itself does not change: the code may stand in a branch. */
  materialise(code: RegionCode, binding: Binding, to: FlagLocals, flags = ALL_FLAGS): number {
    const wanted = this.pending & flags;
    if (wanted === 0) return 0;
    const values = new Map<StatusFlag, Expression>();
    for (const [flag, { value }] of this.known) if (FLAGS[flag] & wanted) values.set(flag, value);
    storeFlagLocals(code, new Lowering(code, binding), to, values);
    return wanted;
  }
}

const isZero = (e: Expression) => e.kind === "constant" && e.value === 0n;

/** x, when the expression says that x is zero; so that the local can hold x itself. */
function zeroTest(e: Expression): Expression | undefined {
  return e.kind === "compare" && e.operator === "eq" && isZero(e.b) ? e.a : undefined;
}

function signTest(e: Expression | undefined): Expression | undefined {
  return e?.kind === "compare" && e.operator === "slt" && isZero(e.b) ? e.a : undefined;
}

/** All values are computed before any local changes: they may refer to the flags as they were. */
export function storeFlagLocals(
  code: RegionCode,
  lowering: Lowering,
  to: FlagLocals,
  values: ReadonlyMap<StatusFlag, Expression>,
): void {
  for (const value of values.values()) lowering.count(value);
  const targets: number[] = [];
  for (const [flag, value] of values) {
    if (flag === "cf" || flag === "of" || flag === "af") {
      lowering.value(value);
      targets.push(to[flag]);
    } else if (flag === "zf") {
      const tested = zeroTest(value);
      if (tested) lowering.wide(tested);
      else {
        lowering.value(value);
        code.op(op.i32Eqz, op.i64ExtendI32U);
      }
      targets.push(to.zeroSource);
    }
  }
  const sign = values.get("sf");
  const parity = values.get("pf");
  if (sign && parity) {
    pushSignSource(code, lowering, sign, parity);
    targets.push(to.signSource);
  }
  for (const target of targets.reverse()) code.set(target);
}

/** Where SF and PF are not those of one value it is made up: the sign in bit 63, odd parity as bit 0. */
function pushSignSource(code: RegionCode, lowering: Lowering, sign: Expression, parity: Expression): void {
  const signed = signTest(sign);
  if (signed && parity.kind === "parity" && parity.a === signed) return lowering.wideSigned(signed);
  lowering.value(sign);
  code.op(op.i64ExtendI32U).i64(63n).op(op.i64Shl);
  lowering.value(parity);
  code.op(op.i32Eqz, op.i64ExtendI32U, op.i64Or);
}

/** Pushes a flag from its local. */
export function pushFlag(code: RegionCode, from: FlagLocals, flag: StatusFlag): void {
  switch (flag) {
    case "cf":
    case "of":
    case "af":
      return void code.get(from[flag]);
    case "zf":
      return void code.get(from.zeroSource).op(op.i64Eqz);
    case "sf":
      return void code.get(from.signSource).i64(63n).op(op.i64ShrU, op.i32WrapI64);
    case "pf":
      code.get(from.signSource).op(op.i32WrapI64).i32(0xff).op(op.i32And, op.i32Popcnt).i32(1).op(op.i32And, op.i32Eqz);
  }
}
