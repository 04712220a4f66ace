/** What all fast forms of this room have in common. */
import type { Expression } from "../../../isa/expression";
import { SINGLE_PRECISION } from "../../../isa/floatcodes";
import { layout } from "../../state";
import { type Code, memory, op, simd, V128 } from "../../wasm/code";
import { MXCSR_CONTROLS, MXCSR_INEXACT, MXCSR_USUAL } from "../../wasm/floats";
import type { Lowering } from "..";
import type { Node } from "../node";
import { type Bits, patterns, scalars, splatted, vectors } from "./formats";

/** What the fast form asks of the tier. */
export interface FloatWays {
  /** Index of the runtime function `settleFloats`. */
  settle(): number;
  /** Pushes the value that the helper yields, or leaves and pushes nothing. */
  slow(): "value" | "left";
  readonly known?: KnownFloats;
}

/** What a tier knows about MXCSR and values. A value is comparable when it is neither a NaN nor a denormal, in each of its lanes. */
export interface KnownFloats {
  /** A local that is 0 when MXCSR is as usual and "inexact" is set; and code to call after MXCSR may have changed, which sets it. */
  readonly unsettled: number;
  setUnsettled(): void;
  isComparable(value: Expression, bits: Bits): boolean;
  setComparable(value: Expression, bits: Bits): void;
}

export type System = Node<"system">;

/** [] -> [i32]: "inexact" might have to be noted, or MXCSR is not as usual. */
export function pushUnsettled(code: Code): void {
  code.loadAt(memory.i32Load, layout.mxcsr.offset).i32(MXCSR_CONTROLS | MXCSR_INEXACT);
  code
    .op(op.i32And)
    .i32(MXCSR_USUAL | MXCSR_INEXACT)
    .op(op.i32Ne);
}

/** The first argument, where it is a constant apart from the predicate of a comparison. */
export function codeOf(node: System): number | undefined {
  const code = node.arguments.at(0);
  if (!code) return undefined;
  if (code.kind === "constant") return Number(code.value);
  if (code.kind === "binary" && code.operator === "or" && code.a.kind === "constant") return Number(code.a.value);
  return undefined;
}

/** Writes one fast form: its operands, the conditions under which it is right, and its result. */
export class FloatWriter {
  readonly code: Code;
  readonly what: number;

  constructor(
    readonly lowering: Lowering,
    readonly node: System,
    readonly ways: FloatWays,
  ) {
    this.code = lowering.code;
    this.what = codeOf(node)!;
  }

  get bits(): Bits {
    return this.what & SINGLE_PRECISION ? 32 : 64;
  }

  argument(n: number): Expression {
    return this.node.arguments[n];
  }

  /** Nothing is left to check in the n-th argument. */
  isComparable(n: number): boolean {
    return this.ways.known?.isComparable(this.argument(n), this.bits) ?? false;
  }

  /** What was checked, once the code that checks has been passed; `result`: the node's own value too. */
  setComparable(operands: readonly number[], result: boolean): void {
    for (const n of operands) this.ways.known?.setComparable(this.argument(n), this.bits);
    if (result) this.ways.known?.setComparable(this.node, this.bits);
  }

  /** The n-th argument in a local of its own: a float, or a vector. */
  operand(n: number, bits: Bits): number {
    const { code, lowering } = this;
    const argument = this.argument(n);
    const local = code.local(argument.width === 128 ? V128 : scalars[bits].type);
    if (argument.width === 128) lowering.value(argument);
    else lowering.float(argument, bits);
    code.set(local);
    return local;
  }

  /**
   * `checks` pushes conditions one by one to `unless`; if any holds, `retry` may push another that is 1 when `result` is right all the
   * same, else the slow way is gone, which sets `result`. Without any condition nothing is checked.
   */
  guarded(checks: (unless: () => void) => void, retry: (() => void) | undefined, setResult: () => void): void {
    const { code } = this;
    code.block();
    code.block();
    let any = false;
    checks(() => {
      any = true;
      code.brIf(0);
    });
    if (!any) return void code.end().end();
    code.br(1).end();
    if (retry) {
      retry();
      this.ways.known?.setUnsettled();
      code.brIf(0);
    }
    if (this.ways.slow() === "value") setResult();
    code.end();
  }

  /** [] -> [i32]: MXCSR is not as usual. */
  pushUnusual(): void {
    const { code } = this;
    code.loadAt(memory.i32Load, layout.mxcsr.offset).i32(MXCSR_CONTROLS).op(op.i32And).i32(MXCSR_USUAL).op(op.i32Ne);
  }

  /** [] -> [i32]: "inexact" might have to be noted, or MXCSR is not as usual. */
  pushUnsettled(): void {
    const { known } = this.ways;
    if (known) this.code.get(known.unsettled);
    else pushUnsettled(this.code);
  }

  /** Pushes a float local's result as the node's value, and keeps it. */
  finishScalar(result: number, bits: Bits): void {
    this.lowering.keepFloat(this.node, result);
    this.code.get(result).op(scalars[bits].toBits);
    this.widen(bits);
  }

  widen(bits: Bits): void {
    if (bits === 32 && this.node.width === 64) this.code.op(op.i64ExtendI32U);
  }

  /** [value of the node] -> [], into a float local. */
  setScalar(result: number, bits: Bits): void {
    const { code } = this;
    if (bits === 32 && this.node.width === 64) code.op(op.i32WrapI64);
    code.op(bits === 32 ? op.f32ReinterpretI32 : op.f64ReinterpretI64).set(result);
  }

  /**
   * [] -> [i32]: the magnitude is not in [from, to). Without `to`: below `from`. `magnitude` false: negative numbers are outside too. The
   * limits are powers of two: the upper half of a double says all.
   */
  outside(float: number, bits: Bits, from: bigint, to: bigint | undefined, magnitude = true): void {
    const { code } = this;
    code.get(float).op(scalars[bits].toBits);
    if (bits === 64) code.i64(32n).op(op.i64ShrU, op.i32WrapI64);
    const scaled = (limit: bigint) => Number(bits === 64 ? limit >> 32n : limit) * (magnitude ? 2 : 1);
    if (magnitude) code.i32(1).op(op.i32Shl);
    if (to === undefined) return void code.i32(scaled(from)).op(op.i32LtU);
    if (from !== 0n) code.i32(-scaled(from)).op(op.i32Add);
    code.i32(scaled(to) - scaled(from)).op(op.i32GeU);
  }

  /** [mask] -> [i32]: not all lanes are set. */
  notAll(bits: Bits): void {
    this.code
      .op(vectors[bits].signs)
      .i32(bits === 32 ? 15 : 3)
      .op(op.i32Ne);
  }

  // ---- comparisons: exact, so that only NaNs and denormals count ----

  /** [] -> [i32]: a denormal. */
  denormal(float: number, bits: Bits): void {
    const { code } = this;
    code.get(float).op(scalars[bits].toBits);
    if (bits === 64)
      code
        .i64(1n)
        .op(op.i64Shl)
        .i64(1n)
        .op(op.i64Sub)
        .i64(patterns[64].second - 1n)
        .op(op.i64LtU);
    else
      code
        .i32(1)
        .op(op.i32Shl)
        .i32(1)
        .op(op.i32Sub)
        .i32(Number(patterns[32].second - 1n))
        .op(op.i32LtU);
  }

  /** Of the first and second argument, in these locals. */
  uncomparable(a: number, b: number, unless: () => void): void {
    const { code, bits } = this;
    for (const [n, operand] of [a, b].entries()) {
      if (this.isComparable(n + 1)) continue;
      code.get(operand).get(operand).op(scalars[bits].unequal);
      unless();
      this.denormal(operand, bits);
      unless();
    }
  }

  uncomparableLanes(a: number, b: number, unless: () => void): void {
    const { code, bits } = this;
    const { equal, magnitude, atLeast } = vectors[bits];
    const open = [a, b].filter((_, n) => !this.isComparable(n + 1));
    open.forEach((operand, n) => {
      code.get(operand).op(magnitude).v128(splatted(bits, patterns[bits].lowest)).op(atLeast);
      code.get(operand).v128(0n).op(equal, simd.or);
      if (n) code.op(simd.and);
    });
    if (open.length === 0) return;
    this.notAll(bits);
    unless();
  }
}
