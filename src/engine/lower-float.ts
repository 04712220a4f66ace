/**
 * SSE arithmetic on the host's floating point. Both compute alike as long as every exception is masked and rounding is to nearest; what
 * the host does not have are MXCSR's sticky flags, its NaNs' payloads, and denormals as exceptions. So the fast form is taken when
 * operands and results are normal numbers (or zeros) and "inexact" is either set already or known not to come up; `settleFloats`
 * (wasm/floats.ts) finds out the latter. All else is `slow`: the helper of system/float, or the interpreter.
 */
import { FLOAT, FLOAT32, FLOAT64, INTEGER32, INTEGER64, SINGLE_PRECISION, TRUNCATE } from "../isa/floatcodes";
import type { Expression } from "../isa/expression";
import type { Lowering, Node } from "./lower";
import { layout } from "./state";
import { type Code, F32, F64, I32, I64, laneOf, memory, op, simd, V128 } from "./wasm/code";
import { MXCSR_CONTROLS, MXCSR_INEXACT, MXCSR_USUAL } from "./wasm/floats";

/** What the fast form asks of the tier. */
export interface FloatWays {
  /** Index of the runtime function `settleFloats`. */
  settle(): number;
  /** Pushes the value that the helper yields, or leaves and pushes nothing. */
  slow(): "value" | "left";
}

type System = Node<"system">;
type Bits = 32 | 64;

/** The first argument, where it is a constant apart from the predicate of a comparison. */
function codeOf(node: System): number | undefined {
  const code = node.arguments.at(0);
  if (!code) return undefined;
  if (code.kind === "constant") return Number(code.value);
  if (code.kind === "binary" && code.operator === "or" && code.a.kind === "constant") return Number(code.a.value);
  return undefined;
}

/** Whether a call of a helper has a fast form. */
export function hasFloatForm(node: System): boolean {
  const code = codeOf(node);
  if (code === undefined) return false;
  switch (node.helper) {
    case "floatArithmetic":
      return (code & 0xff) <= FLOAT.max;
    case "floatCompare":
    case "floatFlags":
      return true;
    case "floatConvert":
      return conversionOf(node, code) !== undefined;
    default:
      return false;
  }
}

/** Pushes the node's value. A scalar's is kept as a float too (`Lowering.float`). */
export function lowerFloat(lowering: Lowering, node: System, ways: FloatWays): void {
  new FloatWriter(lowering, node, ways).write();
}

/** What the bits of one precision are, and the host's instructions on them. */
const scalars = {
  32: {
    type: F32,
    integer: I32,
    toBits: op.i32ReinterpretF32,
    arithmetic: [op.f32Add, op.f32Sub, op.f32Mul, op.f32Div, op.f32Sqrt],
    equal: op.f32Eq,
    unequal: op.f32Ne,
    less: op.f32Lt,
    lessOrEqual: op.f32Le,
  },
  64: {
    type: F64,
    integer: I64,
    toBits: op.i64ReinterpretF64,
    arithmetic: [op.f64Add, op.f64Sub, op.f64Mul, op.f64Div, op.f64Sqrt],
    equal: op.f64Eq,
    unequal: op.f64Ne,
    less: op.f64Lt,
    lessOrEqual: op.f64Le,
  },
} as const;
const vectors = {
  32: {
    arithmetic: [simd.f32x4Add, simd.f32x4Sub, simd.f32x4Mul, simd.f32x4Div, simd.f32x4Sqrt],
    equal: simd.f32x4Eq,
    unequal: simd.f32x4Ne,
    less: simd.f32x4Lt,
    lessOrEqual: simd.f32x4Le,
    atLeast: simd.f32x4Ge,
    magnitude: simd.f32x4Abs,
    pmin: simd.f32x4Pmin,
    pmax: simd.f32x4Pmax,
    signs: simd.i32x4Bitmask,
  },
  64: {
    arithmetic: [simd.f64x2Add, simd.f64x2Sub, simd.f64x2Mul, simd.f64x2Div, simd.f64x2Sqrt],
    equal: simd.f64x2Eq,
    unequal: simd.f64x2Ne,
    less: simd.f64x2Lt,
    lessOrEqual: simd.f64x2Le,
    atLeast: simd.f64x2Ge,
    magnitude: simd.f64x2Abs,
    pmin: simd.f64x2Pmin,
    pmax: simd.f64x2Pmax,
    signs: simd.i64x2Bitmask,
  },
} as const;

/** Bit patterns: the lowest normal number, one exponent above it, infinity. */
const patterns = {
  32: { lowest: 0x0080_0000n, second: 0x0100_0000n, infinity: 0x7f80_0000n },
  64: { lowest: 1n << 52n, second: 2n << 52n, infinity: 0x7ffn << 52n },
} as const;

const splatted = (bits: Bits, value: bigint): bigint => {
  let all = 0n;
  for (let at = 0n; at < 128n; at += BigInt(bits)) all |= value << at;
  return all;
};

class FloatWriter {
  private readonly code: Code;
  private readonly what: number;

  constructor(
    private readonly lowering: Lowering,
    private readonly node: System,
    private readonly ways: FloatWays,
  ) {
    this.code = lowering.code;
    this.what = codeOf(node)!;
  }

  write(): void {
    for (const argument of this.node.arguments.slice(1)) this.lowering.hold(argument);
    switch (this.node.helper) {
      case "floatArithmetic":
        return this.arithmetic();
      case "floatCompare":
        return this.compare();
      case "floatFlags":
        return this.flags();
      default:
        return this.convert();
    }
  }

  private get bits(): Bits {
    return this.what & SINGLE_PRECISION ? 32 : 64;
  }

  private argument(n: number): Expression {
    return this.node.arguments[n];
  }

  /** The n-th argument in a local of its own: a float, or a vector. */
  private operand(n: number, bits: Bits): number {
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
   * same, else the slow way is gone, which sets `result`.
   */
  private guarded(checks: (unless: () => void) => void, retry: (() => void) | undefined, setResult: () => void): void {
    const { code } = this;
    code.block();
    code.block();
    let any = false;
    checks(() => {
      any = true;
      code.brIf(0);
    });
    if (!any) throw new Error("a fast form without a condition");
    code.br(1).end();
    if (retry) {
      retry();
      code.brIf(0);
    }
    if (this.ways.slow() === "value") setResult();
    code.end();
  }

  /** [] -> [i32]: "inexact" might have to be noted, or MXCSR is not as usual. */
  private pushUnsettled(): void {
    const { code } = this;
    code.loadAt(memory.i32Load, layout.mxcsr.offset).i32(MXCSR_CONTROLS | MXCSR_INEXACT);
    code
      .op(op.i32And)
      .i32(MXCSR_USUAL | MXCSR_INEXACT)
      .op(op.i32Ne);
  }

  /** Pushes a float local's result as the node's value, and keeps it. */
  private finishScalar(result: number, bits: Bits): void {
    this.lowering.keepFloat(this.node, result);
    this.code.get(result).op(scalars[bits].toBits);
    this.widen(bits);
  }

  private widen(bits: Bits): void {
    if (bits === 32 && this.node.width === 64) this.code.op(op.i64ExtendI32U);
  }

  /** [value of the node] -> [], into a float local. */
  private setScalar(result: number, bits: Bits): void {
    const { code } = this;
    if (bits === 32 && this.node.width === 64) code.op(op.i32WrapI64);
    code.op(bits === 32 ? op.f32ReinterpretI32 : op.f64ReinterpretI64).set(result);
  }

  // ---- arithmetic ----

  private arithmetic(): void {
    const operation = this.what & 0xff;
    const extreme = operation === FLOAT.min || operation === FLOAT.max;
    const packed = this.node.width === 128;
    if (packed) return extreme ? this.extremeLanes(operation === FLOAT.min) : this.arithmeticLanes(operation);
    return extreme ? this.extreme(operation === FLOAT.min) : this.arithmeticScalar(operation);
  }

  private arithmeticScalar(operation: number): void {
    const { code, bits } = this;
    const { type, arithmetic } = scalars[bits];
    const unary = operation === FLOAT.root;
    const b = this.operand(2, bits);
    const a = unary ? b : this.operand(1, bits);
    const result = code.local(type);
    if (!unary) code.get(a);
    code.get(b).op(arithmetic[operation]).set(result);
    this.guarded(
      (unless) => {
        this.unusual(operation, [a, b], result, unless);
        this.pushUnsettled();
        unless();
      },
      () => this.settleScalar(a, b),
      () => this.setScalar(result, bits),
    );
    this.finishScalar(result, bits);
  }

  /** Operands or results that are not normal numbers; sums may be tiny, since they are exact then. */
  private unusual(operation: number, [a, b]: [number, number], result: number, unless: () => void): void {
    const { bits } = this;
    const { lowest, second, infinity } = patterns[bits];
    if (operation === FLOAT.root) {
      // A positive normal number has a normal root.
      this.outside(b, bits, lowest, infinity, false);
      return unless();
    }
    for (const operand of [a, b]) {
      this.outside(operand, bits, lowest, undefined);
      unless();
    }
    const sum = operation === FLOAT.add || operation === FLOAT.subtract;
    this.outside(result, bits, sum ? 0n : second, infinity);
    unless();
  }

  /** [] -> [i32]: the magnitude is not in [from, to). Without `to`: below `from`. `magnitude` false: negative numbers are outside too. */
  private outside(float: number, bits: Bits, from: bigint, to: bigint | undefined, magnitude = true): void {
    const { code } = this;
    code.get(float).op(scalars[bits].toBits);
    const scale = magnitude ? 2n : 1n;
    const limit = to === undefined ? from * scale : (to - from) * scale;
    if (bits === 64) {
      if (magnitude) code.i64(1n).op(op.i64Shl);
      if (to !== undefined && from !== 0n) code.i64(from * scale).op(op.i64Sub);
      code.i64(limit).op(to === undefined ? op.i64LtU : op.i64GeU);
    } else {
      if (magnitude) code.i32(1).op(op.i32Shl);
      if (to !== undefined && from !== 0n) code.i32(Number(from * scale)).op(op.i32Sub);
      code.i32(Number(limit) | 0).op(to === undefined ? op.i32LtU : op.i32GeU);
    }
  }

  /** [] -> [i32] */
  private settleScalar(a: number, b: number): void {
    const { code, bits } = this;
    const push = (float: number) => {
      code.get(float).op(scalars[bits].toBits);
      if (bits === 32) code.op(op.i64ExtendI32U);
      code.i64(0n);
    };
    code.i32(this.what);
    push(a);
    push(b);
    code.call(this.ways.settle());
  }

  private arithmeticLanes(operation: number): void {
    const { code, bits } = this;
    const { arithmetic, atLeast, lessOrEqual, magnitude } = vectors[bits];
    const unary = operation === FLOAT.root;
    const b = this.operand(2, bits);
    const a = unary ? b : this.operand(1, bits);
    const result = code.local(V128);
    if (!unary) code.get(a);
    code.get(b).op(arithmetic[operation]).set(result);
    const { lowest, second, infinity } = patterns[bits];
    const limit = (value: bigint) => code.v128(splatted(bits, value));
    this.guarded(
      (unless) => {
        code.get(a);
        if (!unary) code.op(magnitude);
        limit(lowest).op(atLeast);
        if (!unary) {
          code.get(b).op(magnitude);
          limit(lowest).op(atLeast, simd.and);
        }
        code.get(result).op(magnitude);
        limit(infinity - 1n).op(lessOrEqual, simd.and);
        if (operation === FLOAT.multiply || operation === FLOAT.divide) {
          code.get(result).op(magnitude);
          limit(second).op(atLeast, simd.and);
        }
        this.notAll(bits);
        unless();
        this.pushUnsettled();
        unless();
      },
      () => {
        code.i32(this.what);
        for (const vector of [a, b]) {
          code.get(vector).lane(laneOf.extract[64], 0).get(vector).lane(laneOf.extract[64], 1);
        }
        code.call(this.ways.settle());
      },
      () => code.set(result),
    );
    code.get(result);
  }

  /** [mask] -> [i32]: not all lanes are set. */
  private notAll(bits: Bits): void {
    this.code
      .op(vectors[bits].signs)
      .i32(bits === 32 ? 15 : 3)
      .op(op.i32Ne);
  }

  // ---- comparisons: exact, so that only NaNs and denormals count ----

  /** [] -> [i32]: a denormal. */
  private denormal(float: number, bits: Bits): void {
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

  private uncomparable(a: number, b: number, unless: () => void): void {
    const { code, bits } = this;
    for (const operand of [a, b]) {
      code.get(operand).get(operand).op(scalars[bits].unequal);
      unless();
      this.denormal(operand, bits);
      unless();
    }
  }

  private uncomparableLanes(a: number, b: number, unless: () => void): void {
    const { code, bits } = this;
    const { equal, magnitude, atLeast } = vectors[bits];
    [a, b].forEach((operand, n) => {
      code.get(operand).op(magnitude).v128(splatted(bits, patterns[bits].lowest)).op(atLeast);
      code.get(operand).v128(0n).op(equal, simd.or);
      if (n) code.op(simd.and);
    });
    this.notAll(bits);
    unless();
  }

  private extreme(min: boolean): void {
    const { code, bits } = this;
    const { type, less } = scalars[bits];
    const a = this.operand(1, bits);
    const b = this.operand(2, bits);
    const result = code.local(type);
    code.get(a).get(b);
    if (min) code.get(a).get(b);
    else code.get(b).get(a);
    code.op(less, op.select).set(result);
    this.guarded(
      (unless) => this.uncomparable(a, b, unless),
      undefined,
      () => this.setScalar(result, bits),
    );
    this.finishScalar(result, bits);
  }

  private extremeLanes(min: boolean): void {
    const { code, bits } = this;
    const a = this.operand(1, bits);
    const b = this.operand(2, bits);
    const result = code.local(V128);
    // pmin(b, a) is a < b ? a : b.
    code.get(b).get(a);
    code.op(min ? vectors[bits].pmin : vectors[bits].pmax).set(result);
    this.guarded(
      (unless) => this.uncomparableLanes(a, b, unless),
      undefined,
      () => code.set(result),
    );
    code.get(result);
  }

  private compare(): void {
    const { code, bits } = this;
    const a = this.operand(1, bits);
    const b = this.operand(2, bits);
    const packed = this.node.width === 128;
    const result = code.local(packed ? V128 : bits === 64 || this.node.width === 64 ? I64 : I32);
    const predicate = code.local(I32);
    this.lowering.wide(this.argument(0));
    code.op(op.i32WrapI64).i32(7).op(op.i32And).set(predicate);
    if (packed) this.compareLanes(a, b, predicate);
    else this.compareScalar(a, b, predicate);
    code.set(result);
    const unless = (next: () => void) => (packed ? this.uncomparableLanes(a, b, next) : this.uncomparable(a, b, next));
    this.guarded(unless, undefined, () => code.set(result));
    code.get(result);
  }

  /** Of numbers: equal, less, less or equal, never; from 4 on their opposites. */
  private compareScalar(a: number, b: number, predicate: number): void {
    const { code, bits } = this;
    const { equal, less, lessOrEqual } = scalars[bits];
    code.get(a).get(b).op(equal);
    code.get(a).get(b).op(less);
    code.get(a).get(b).op(lessOrEqual).i32(0);
    code.get(predicate).i32(3).op(op.i32And).i32(2).op(op.i32Eq, op.select);
    code.get(predicate).i32(3).op(op.i32And).i32(1).op(op.i32Eq, op.select);
    code.get(predicate).i32(3).op(op.i32And, op.i32Eqz, op.select);
    code.get(predicate).i32(2).op(op.i32ShrU, op.i32Xor);
    if (bits === 64) code.op(op.i64ExtendI32U).set(this.temporary64).i64(0n).get(this.temporary64).op(op.i64Sub);
    else {
      code.set(this.temporary32).i32(0).get(this.temporary32).op(op.i32Sub);
      this.widen(bits);
    }
  }

  private compareLanes(a: number, b: number, predicate: number): void {
    const { code, bits } = this;
    const { equal, less, lessOrEqual } = vectors[bits];
    code.get(a).get(b).op(equal);
    code.get(a).get(b).op(less);
    code.get(a).get(b).op(lessOrEqual).v128(0n);
    code.get(predicate).i32(3).op(op.i32And).i32(2).op(op.i32Eq, op.select);
    code.get(predicate).i32(3).op(op.i32And).i32(1).op(op.i32Eq, op.select);
    code.get(predicate).i32(3).op(op.i32And, op.i32Eqz, op.select);
    code.i32(0).get(predicate).i32(2).op(op.i32ShrU, op.i32Sub, simd.i32x4Splat, simd.xor);
  }

  private get temporary64(): number {
    return (this.kept64 ??= this.code.local(I64));
  }
  private get temporary32(): number {
    return (this.kept32 ??= this.code.local(I32));
  }
  private kept64: number | undefined;
  private kept32: number | undefined;

  /** CF where less, ZF (bit 6) where equal; PF is for NaNs. */
  private flags(): void {
    const { code, bits } = this;
    const { less, equal } = scalars[bits];
    const a = this.operand(1, bits);
    const b = this.operand(2, bits);
    const result = code.local(I32);
    code.get(a).get(b).op(less).get(a).get(b).op(equal).i32(6).op(op.i32Shl, op.i32Or).set(result);
    this.guarded(
      (unless) => this.uncomparable(a, b, unless),
      undefined,
      () => code.set(result),
    );
    code.get(result);
  }

  // ---- conversions ----

  private convert(): void {
    conversionOf(this.node, this.what)!(this);
  }

  /** Integer to float. Without `limit` nothing is ever rounded. */
  fromInteger(to: Bits, convert: Parameters<Code["op"]>[0], limit: boolean): void {
    const { code } = this;
    const result = code.local(scalars[to].type);
    const argument = this.argument(1);
    const source = code.local(I64);
    const wide = (this.what & 7) === INTEGER64;
    this.lowering.value(argument);
    if (!wide) code.op(op.i32WrapI64, op.i64ExtendI32S);
    code.tee(source).op(convert).set(result);
    if (limit) {
      // Below 2^24 (or 2^53) in magnitude nothing is lost.
      const most = to === 32 ? 1n << 24n : 1n << 53n;
      this.guarded(
        (unless) => {
          code
            .get(source)
            .i64(most)
            .op(op.i64Add)
            .i64(2n * most)
            .op(op.i64GtU);
          this.pushUnsettled();
          code.op(op.i32And);
          unless();
        },
        undefined,
        () => this.setScalar(result, to),
      );
    }
    this.finishScalar(result, to);
  }

  /** Double to single and back. */
  resize(to: Bits): void {
    const { code } = this;
    const from = to === 32 ? 64 : 32;
    const a = this.operand(1, from);
    const result = code.local(scalars[to].type);
    code
      .get(a)
      .op(to === 32 ? op.f32DemoteF64 : op.f64PromoteF32)
      .set(result);
    this.guarded(
      (unless) => {
        if (to === 64) {
          code.get(a).get(a).op(op.f32Ne);
          unless();
          this.denormal(a, 32);
          unless();
          return;
        }
        // A zero, or a single that is certainly normal; a double below them rounds to less.
        this.outside(result, 32, patterns[32].second, patterns[32].infinity);
        code.get(a).f64(0).op(op.f64Ne, op.i32And);
        unless();
        code.get(result).op(op.f64PromoteF32).get(a).op(op.f64Ne);
        this.pushUnsettled();
        code.op(op.i32And);
        unless();
      },
      undefined,
      () => this.setScalar(result, to),
    );
    this.finishScalar(result, to);
  }

  /** Float to integer, by way of a double, which holds every single. */
  toInteger(from: Bits): void {
    const { code } = this;
    const wide = this.node.width === 64;
    const truncates = (this.what & TRUNCATE) !== 0;
    const a = this.operand(1, from);
    const source = code.local(F64);
    const whole = code.local(F64);
    const result = code.local(wide ? I64 : I32);
    code.get(a);
    if (from === 32) code.op(op.f64PromoteF32);
    code.set(source).get(source);
    if (!truncates) code.op(op.f64Nearest);
    code.op(wide ? op.i64TruncSatF64S : op.i32TruncSatF64S).tee(result);
    code.op(wide ? op.f64ConvertI64S : op.f64ConvertI32S).set(whole);
    const most = wide ? 2 ** 63 : 2 ** 31;
    this.guarded(
      (unless) => {
        // Below, so that saturation is seen; NaNs are not below anything.
        code
          .get(source)
          .op(op.f64Abs)
          .f64(most - (wide ? 1024 : 1))
          .op(op.f64Lt, op.i32Eqz);
        unless();
        code.get(whole).get(source).op(op.f64Ne);
        this.pushUnsettled();
        code.op(op.i32And);
        unless();
      },
      undefined,
      () => code.set(result),
    );
    code.get(result);
  }

  /** Doublewords to doubles: never rounded. */
  doublesFromIntegers(): void {
    this.lowering.value(this.argument(1));
    if (this.argument(1).width === 64) this.code.op(simd.i64x2Splat);
    this.code.op(simd.f64x2ConvertLowI32);
  }

  singlesFromIntegers(): void {
    const { code } = this;
    const result = code.local(V128);
    this.lowering.value(this.argument(1));
    code.op(simd.f32x4ConvertI32).set(result);
    this.guarded(
      (unless) => {
        code.get(result).op(simd.f32x4Abs).v128(splatted(32, 0x4b80_0000n)).op(simd.f32x4Le);
        this.notAll(32);
        this.pushUnsettled();
        code.op(op.i32And);
        unless();
      },
      undefined,
      () => code.set(result),
    );
    code.get(result);
  }

  /** Four singles or two doubles to doublewords. */
  integerLanes(from: Bits): void {
    const { code } = this;
    const a = this.operand(1, from);
    const result = code.local(V128);
    const truncates = (this.what & TRUNCATE) !== 0;
    code.get(a);
    if (!truncates) code.op(from === 32 ? simd.f32x4Nearest : simd.f64x2Nearest);
    code.op(from === 32 ? simd.i32x4TruncSatF32 : simd.i32x4TruncSatF64Zero).set(result);
    // The greatest float below 2^31, or 2^31 - 1.
    const most = from === 32 ? 0x4eff_ffffn : 0x41df_ffff_ffc0_0000n;
    this.guarded(
      (unless) => {
        code.get(a).op(vectors[from].magnitude).v128(splatted(from, most)).op(vectors[from].lessOrEqual);
        this.notAll(from);
        unless();
        code.get(result).op(from === 32 ? simd.f32x4ConvertI32 : simd.f64x2ConvertLowI32);
        code.get(a).op(vectors[from].equal);
        this.notAll(from);
        this.pushUnsettled();
        code.op(op.i32And);
        unless();
      },
      undefined,
      () => code.set(result),
    );
    code.get(result);
  }

  doublesFromSingles(): void {
    const { code } = this;
    const a = code.local(V128);
    const result = code.local(V128);
    this.lowering.value(this.argument(1));
    if (this.argument(1).width === 64) code.op(simd.i64x2Splat);
    code.tee(a).op(simd.f64x2PromoteLow).set(result);
    this.guarded(
      (unless) => {
        code.get(result).op(simd.f64x2Abs).v128(splatted(64, 0x3810_0000_0000_0000n)).op(simd.f64x2Ge);
        code.get(result).v128(0n).op(simd.f64x2Eq, simd.or);
        this.notAll(64);
        unless();
      },
      undefined,
      () => code.set(result),
    );
    code.get(result);
  }

  singlesFromDoubles(): void {
    const { code } = this;
    const a = this.operand(1, 64);
    const result = code.local(V128);
    code.get(a).op(simd.f32x4DemoteZero).set(result);
    this.guarded(
      (unless) => {
        // Zeros, or doubles whose singles are certainly normal and finite.
        code.get(a).op(simd.f64x2Abs).v128(splatted(64, 0x3820_0000_0000_0000n)).op(simd.f64x2Ge);
        code.get(a).op(simd.f64x2Abs).v128(splatted(64, 0x47ef_ffff_e000_0000n)).op(simd.f64x2Le, simd.and);
        code.get(a).v128(0n).op(simd.f64x2Eq, simd.or);
        this.notAll(64);
        unless();
        code.get(result).op(simd.f64x2PromoteLow).get(a).op(simd.f64x2Eq);
        this.notAll(64);
        this.pushUnsettled();
        code.op(op.i32And);
        unless();
      },
      undefined,
      () => code.set(result),
    );
    code.get(result);
  }
}

type Conversion = (writer: FloatWriter) => void;

/** The fast form of a conversion; those that yield MMX registers from floats have none. */
function conversionOf(node: System, code: number): Conversion | undefined {
  const from = code & 7;
  const to = (code >> 3) & 7;
  const lanes = code >> 16;
  if (lanes === 1) return scalarConversion(from, to);
  if (node.width !== 128) return undefined;
  if (from === INTEGER32) {
    return to === FLOAT64 ? (w) => w.doublesFromIntegers() : (w) => w.singlesFromIntegers();
  }
  if (to === INTEGER32) return (w) => w.integerLanes(from === FLOAT32 ? 32 : 64);
  return to === FLOAT64 ? (w) => w.doublesFromSingles() : (w) => w.singlesFromDoubles();
}

function scalarConversion(from: number, to: number): Conversion {
  if (to === INTEGER32 || to === INTEGER64) return (w) => w.toInteger(from === FLOAT32 ? 32 : 64);
  if (from === FLOAT32) return (w) => w.resize(64);
  if (from === FLOAT64) return (w) => w.resize(32);
  if (to === FLOAT32) return (w) => w.fromInteger(32, op.f32ConvertI64S, true);
  return (w) => w.fromInteger(64, op.f64ConvertI64S, from === INTEGER64);
}
