/**
 * What hardware floating-point leaves open: whether a result was rounded. Wasm computes add, subtract, multiply, divide and square root as
 * the SDM does when every exception is masked and rounding is to nearest, but tells nothing of MXCSR's sticky flags. For normal numbers
 * and zeros, where only "inexact" can come up, that is found out here without the long arithmetic of system/float: a sum is exact if
 * its error term is zero (Knuth's TwoSum), a product if its factors have trailing zeros enough, quotients and roots if multiplied
 * back they give what they were made from.
 */
import { FLOAT, SINGLE_PRECISION } from "../../isa/floatcodes";
import { layout } from "../state";
import { Code, F32, F64, I32, I64, memory, op } from "./code";

/** MXCSR without its flags: every exception masked, to nearest, no denormals-are-zeros, no flush-to-zero. */
export const MXCSR_CONTROLS = 0xffc0,
  MXCSR_USUAL = 0x1f80,
  MXCSR_INEXACT = 0x20;

/** What a lane's function says. */
const UNKNOWN = 0,
  EXACT = 1,
  ROUNDED = 3;

/** x87 and SSE doubles: bits of the fraction, of the exponent, the bias. */
const FRACTION = 52n;
const HIDDEN = 1n << FRACTION;
const BIAS = 1023;
/** Operands and results of sums stay below this exponent, so that TwoSum cannot overflow on its way. */
const HIGHEST_SUM = 0x7fc,
  HIGHEST_SUM_SINGLE = 0xfc;
const INFINITE = 0x7ff,
  INFINITE_SINGLE = 0xff;

/** [] -> [i32]: the biased exponent of a double's bits. */
function exponent(code: Code, bits: number): void {
  code.get(bits).i64(FRACTION).op(op.i64ShrU, op.i32WrapI64).i32(0x7ff).op(op.i32And);
}
function exponentSingle(code: Code, bits: number): void {
  code.get(bits).i32(23).op(op.i32ShrU).i32(0xff).op(op.i32And);
}

/** (x, y, their product rounded: bits of normal doubles) -> 1 if nothing was rounded. A carry into the exponent asks for one zero more. */
export function productIsExact(): Code {
  const code = new Code(3);
  const zeros = (bits: number) =>
    code
      .get(bits)
      .i64(HIDDEN - 1n)
      .op(op.i64And)
      .i64(HIDDEN)
      .op(op.i64Or, op.i64Ctz, op.i32WrapI64);
  zeros(0);
  zeros(1);
  code.op(op.i32Add);
  exponent(code, 2);
  exponent(code, 0);
  code.op(op.i32Sub);
  exponent(code, 1);
  return code
    .op(op.i32Sub)
    .i32(Number(FRACTION) + BIAS)
    .op(op.i32Add, op.i32GeS);
}

interface Precision {
  readonly integer: typeof I32 | typeof I64;
  readonly float: typeof F32 | typeof F64;
  readonly exponent: (code: Code, bits: number) => void;
  readonly infinite: number;
  readonly highestSum: number;
  readonly add: typeof op.f32Add | typeof op.f64Add;
  readonly subtract: typeof op.f32Sub | typeof op.f64Sub;
  readonly multiply: typeof op.f32Mul | typeof op.f64Mul;
  readonly divide: typeof op.f32Div | typeof op.f64Div;
  readonly root: typeof op.f32Sqrt | typeof op.f64Sqrt;
  readonly equal: typeof op.f32Eq | typeof op.f64Eq;
  readonly fromBits: typeof op.f32ReinterpretI32 | typeof op.f64ReinterpretI64;
  readonly toBits: typeof op.i32ReinterpretF32 | typeof op.i64ReinterpretF64;
}
const single: Precision = {
  integer: I32,
  float: F32,
  exponent: exponentSingle,
  infinite: INFINITE_SINGLE,
  highestSum: HIGHEST_SUM_SINGLE,
  add: op.f32Add,
  subtract: op.f32Sub,
  multiply: op.f32Mul,
  divide: op.f32Div,
  root: op.f32Sqrt,
  equal: op.f32Eq,
  fromBits: op.f32ReinterpretI32,
  toBits: op.i32ReinterpretF32,
};
const double: Precision = {
  integer: I64,
  float: F64,
  exponent,
  infinite: INFINITE,
  highestSum: HIGHEST_SUM,
  add: op.f64Add,
  subtract: op.f64Sub,
  multiply: op.f64Mul,
  divide: op.f64Div,
  root: op.f64Sqrt,
  equal: op.f64Eq,
  fromBits: op.f64ReinterpretI64,
  toBits: op.i64ReinterpretF64,
};

/** (operation, x, y) -> UNKNOWN, EXACT or ROUNDED. `isExact`: the function above; singles multiply exactly as doubles instead. */
function lane(precision: Precision, isExact: number): Code {
  return new LaneWriter(precision, isExact).write();
}
export const laneSingle = (): Code => lane(single, -1);
export const laneDouble = (isExact: number): Code => lane(double, isExact);

class LaneWriter {
  private readonly code = new Code(3);
  private readonly x: number;
  private readonly y: number;
  private readonly result: number;
  private readonly bits: number;

  constructor(
    private readonly p: Precision,
    private readonly isExact: number,
  ) {
    const { code } = this;
    [this.x, this.y, this.result] = [p.float, p.float, p.float].map((type) => code.local(type));
    this.bits = code.local(p.integer);
  }

  write(): Code {
    const { code, p } = this;
    code.get(1).op(p.fromBits).set(this.x).get(2).op(p.fromBits).set(this.y);
    this.when(FLOAT.root, () => this.root());
    this.ordinary(1);
    this.ordinary(2);
    this.when(FLOAT.add, () => this.sum());
    this.when(FLOAT.subtract, () => {
      this.negate();
      this.sum();
    });
    this.when(FLOAT.multiply, () => this.product());
    this.when(FLOAT.divide, () => this.quotient());
    return code.i32(UNKNOWN);
  }

  private when(operation: number, body: () => void): void {
    this.code.get(0).i32(operation).op(op.i32Eq).if();
    body();
    this.code.end();
  }

  private answer(value: number): void {
    this.code.i32(value).op(op.return);
  }

  /** [exact: i32] -> out. */
  private exactOrRounded(): void {
    this.code.if();
    this.answer(EXACT);
    this.code.end();
    this.answer(ROUNDED);
  }

  /** [] -> [i32]: whether the bits are those of a zero. */
  private isZero(bits: number): void {
    const { code } = this;
    if (this.p.integer === I64) code.get(bits).i64(1n).op(op.i64Shl, op.i64Eqz);
    else code.get(bits).i32(1).op(op.i32Shl, op.i32Eqz);
  }

  /** Goes on with a normal number or a zero only. */
  private ordinary(bits: number): void {
    const { code, p } = this;
    p.exponent(code, bits);
    code
      .i32(1)
      .op(op.i32Sub)
      .i32(p.infinite - 1)
      .op(op.i32GeU);
    this.isZero(bits);
    code.op(op.i32Eqz, op.i32And).if();
    this.answer(UNKNOWN);
    code.end();
  }

  private negate(): void {
    const { code } = this;
    if (this.p.integer === I64)
      code
        .get(2)
        .i64(1n << 63n)
        .op(op.i64Xor)
        .tee(2);
    else code.get(2).i32(-0x8000_0000).op(op.i32Xor).tee(2);
    code.op(this.p.fromBits).set(this.y);
  }

  /** Knuth's TwoSum; sums are never inexact for being tiny. A denormal one is left all the same: callers may take results as operands. */
  private sum(): void {
    const { code, p } = this;
    const { x, y, result } = this;
    const other = code.local(p.float);
    code.get(x).get(y).op(p.add).tee(result).op(p.toBits).set(this.bits);
    for (const bits of [1, 2, this.bits]) {
      p.exponent(code, bits);
      code.i32(p.highestSum).op(op.i32GeU).if();
      this.answer(UNKNOWN);
      code.end();
    }
    this.ordinary(this.bits);
    code.get(result).get(x).op(p.subtract).set(other);
    code.get(x).get(result).get(other).op(p.subtract, p.subtract);
    code.get(y).get(other).op(p.subtract, p.add);
    this.zero();
    code.op(p.equal);
    this.exactOrRounded();
  }

  private zero(): void {
    if (this.p.integer === I64) this.code.f64(0);
    else this.code.f32(0);
  }

  /** [float] -> []: goes on with results that are finite and certainly not tiny (SDM 1, 4.9.1.5: tininess is found after rounding). */
  private computed(): void {
    const { code, p } = this;
    code.tee(this.result).op(p.toBits).set(this.bits);
    p.exponent(code, this.bits);
    code
      .i32(2)
      .op(op.i32Sub)
      .i32(p.infinite - 2)
      .op(op.i32GeU)
      .if();
    this.answer(UNKNOWN);
    code.end();
  }

  /** Whether a * b is the third, unrounded. */
  private multiplies(a: number, b: number, product: number): void {
    const { code, p } = this;
    if (p.integer === I32) {
      code.get(a).op(op.f64PromoteF32).get(b).op(op.f64PromoteF32, op.f64Mul);
      code.get(product).op(op.f64PromoteF32, op.f64Eq);
      return;
    }
    code.get(a).get(b).op(op.f64Mul).get(product).op(op.f64Eq);
    for (const float of [a, b, product]) code.get(float).op(op.i64ReinterpretF64);
    code.call(this.isExact).op(op.i32And);
  }

  private product(): void {
    const { code, p } = this;
    const { x, y, result } = this;
    this.isZero(1);
    this.isZero(2);
    code.op(op.i32Or).if();
    this.answer(EXACT);
    code.end();
    code.get(x).get(y).op(p.multiply);
    this.computed();
    this.multiplies(x, y, result);
    this.exactOrRounded();
  }

  private quotient(): void {
    const { code, p } = this;
    const { x, y, result } = this;
    this.isZero(2);
    code.if();
    this.answer(UNKNOWN);
    code.end();
    this.isZero(1);
    code.if();
    this.answer(EXACT);
    code.end();
    code.get(x).get(y).op(p.divide);
    this.computed();
    this.multiplies(result, y, x);
    this.exactOrRounded();
  }

  /** Of the second operand. */
  private root(): void {
    const { code, p } = this;
    const { y, result } = this;
    this.ordinary(2);
    this.isZero(2);
    code.if();
    this.answer(EXACT);
    code.end();
    code.get(y).op(p.root);
    this.computed();
    this.multiplies(result, result, y);
    this.exactOrRounded();
  }
}

/**
 * (operation, precision and lanes as in floatcodes.ts; low and high half of both operands) -> 1 when hardware's results are those of the
 * instruction; MXCSR is then up to date. 0: nothing was done, it is a case for system/float.
 */
export function settleFloats(ofSingles: number, ofDoubles: number): Code {
  const code = new Code(5);
  const [what, a, aHigh, b, bHigh] = [0, 1, 2, 3, 4];
  const all = code.local(I32);
  const left = code.local(I32);
  const one = code.local(I32);
  code.loadAt(memory.i32Load, layout.mxcsr.offset).i32(MXCSR_CONTROLS).op(op.i32And);
  code.i32(MXCSR_USUAL).op(op.i32Ne).if().i32(0).op(op.return).end();
  code.get(what).i32(16).op(op.i32ShrU).set(left);
  code.loop();
  code.get(what).i32(SINGLE_PRECISION).op(op.i32And).if(I32);
  code.get(what).i32(0xff).op(op.i32And).get(a).op(op.i32WrapI64).get(b).op(op.i32WrapI64).call(ofSingles);
  code.else();
  code.get(what).i32(0xff).op(op.i32And).get(a).get(b).call(ofDoubles);
  code.end().tee(one).op(op.i32Eqz).if().i32(0).op(op.return).end();
  code.get(all).get(one).op(op.i32Or).set(all);
  // The next lane comes down.
  code.get(what).i32(SINGLE_PRECISION).op(op.i32And).if();
  for (const [low, high] of [
    [a, aHigh],
    [b, bHigh],
  ]) {
    code.get(low).i64(32n).op(op.i64ShrU).get(high).i64(32n).op(op.i64Shl, op.i64Or).set(low);
    code.get(high).i64(32n).op(op.i64ShrU).set(high);
  }
  code.else().get(aHigh).set(a).get(bHigh).set(b).end();
  code.get(left).i32(1).op(op.i32Sub).tee(left).brIf(0).end();
  code.get(all).i32(ROUNDED).op(op.i32Eq).if();
  code.i32(0).loadAt(memory.i32Load, layout.mxcsr.offset).i32(MXCSR_INEXACT).op(op.i32Or);
  code.access(memory.i32Store, layout.mxcsr.offset).end();
  return code.i32(1);
}
