/** The split status flags of state.ts: how a handler reads them and how it stores what a definition says of them. */
import type { Expression, Flag } from "../../isa/expression";
import type { Lowering } from "../lower";
import { layout, RFLAGS_BIT } from "../state";
import { type Code, I32, memory, op } from "../wasm/code";

export function readFlag(code: Code, flag: Flag): void {
  switch (flag) {
    case "cf":
    case "of":
    case "af":
      return void code.loadAt(memory.i32Load, layout[flag].offset);
    case "zf":
      return void code.loadAt(memory.i64Load, layout.zeroSource.offset).op(op.i64Eqz);
    case "sf":
      return void code.loadAt(memory.i64Load, layout.signSource.offset).i64(63n).op(op.i64ShrU, op.i32WrapI64);
    case "pf":
      code.loadAt(memory.i32Load8U, layout.signSource.offset).op(op.i32Popcnt).i32(1).op(op.i32And, op.i32Eqz);
      return;
    case "df":
    case "if":
      code.loadAt(memory.i32Load, layout.systemFlags.offset).i32(RFLAGS_BIT[flag]).op(op.i32ShrU).i32(1).op(op.i32And);
  }
}

export type FlagValues = ReadonlyMap<Flag, Expression>;

const isZeroConstant = (e: Expression) => e.kind === "constant" && e.value === 0n;

/** x, when the expression says "x is zero". */
function testedForZero(e: Expression | undefined): Expression | undefined {
  return e?.kind === "compare" && e.operator === "eq" && isZeroConstant(e.b) ? e.a : undefined;
}

/** x, when SF is the sign of x and PF the parity of x. */
function commonSource(values: FlagValues): Expression | undefined {
  const sign = values.get("sf");
  const parity = values.get("pf");
  if (sign?.kind !== "compare" || sign.operator !== "slt" || !isZeroConstant(sign.b)) return undefined;
  return parity?.kind === "parity" && parity.a === sign.a ? sign.a : undefined;
}

/** What must be computed before anything is stored. */
export function flagSources(values: FlagValues): Expression[] {
  const sources: Expression[] = [];
  const common = commonSource(values);
  for (const [flag, value] of values) {
    if (flag === "zf") sources.push(testedForZero(value) ?? value);
    else if (common && (flag === "sf" || flag === "pf")) sources.push(common);
    else sources.push(value);
  }
  return sources;
}

export function storeFlags(code: Code, lowering: Lowering, values: FlagValues): void {
  for (const [flag, value] of values) {
    if (flag === "cf" || flag === "of" || flag === "af") {
      code.i32(0);
      lowering.value(value);
      code.access(memory.i32Store, layout[flag].offset);
    } else if (flag === "zf") {
      const source = testedForZero(value);
      code.i32(0);
      if (source) lowering.wide(source);
      else {
        lowering.value(value);
        code.op(op.i32Eqz, op.i64ExtendI32U);
      }
      code.access(memory.i64Store, layout.zeroSource.offset);
    } else if (flag === "df" || flag === "if") {
      storeSystemFlag(code, lowering, RFLAGS_BIT[flag], value);
    }
  }
  storeSignAndParity(code, lowering, values);
}

function storeSystemFlag(code: Code, lowering: Lowering, bit: number, value: Expression): void {
  code.i32(0).loadAt(memory.i32Load, layout.systemFlags.offset);
  code.i32(~(1 << bit)).op(op.i32And);
  lowering.value(value);
  code.i32(bit).op(op.i32Shl, op.i32Or).access(memory.i32Store, layout.systemFlags.offset);
}

/** SF and PF share signSource; where they do not come from one value it is made up: the sign in bit 63, odd parity as bit 0. */
function storeSignAndParity(code: Code, lowering: Lowering, values: FlagValues): void {
  if (!values.has("sf") && !values.has("pf")) return;
  const common = commonSource(values);
  code.i32(0);
  if (common) lowering.wideSigned(common);
  else {
    const push = (flag: "sf" | "pf") => {
      const value = values.get(flag);
      if (value) lowering.value(value);
      else readFlag(code, flag);
    };
    const parity = code.local(I32);
    push("pf");
    code.set(parity);
    push("sf");
    code.op(op.i64ExtendI32U).i64(63n).op(op.i64Shl);
    code.get(parity).op(op.i32Eqz, op.i64ExtendI32U, op.i64Or);
  }
  code.access(memory.i64Store, layout.signSource.offset);
}
