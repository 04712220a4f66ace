/**
 * x87 arithmetic on 64-bit significands, for the usual case: every exception masked, rounding to nearest, full precision, operands
 * and result normal numbers. All else is system/float's, which computes with integers of any length.
 *
 * A register is 16 bytes (state.ts): significand with its leading one, then sign (bit 15) and exponent.
 */
import { FPU_ARITHMETIC } from "../../isa/floatcodes";
import { Code, I32, I64, memory, op } from "./code";

/** What the function says: 0, nothing was done; else DONE with what came up. */
export const EXTENDED = { done: 1, inexact: 2, roundedUp: 4 } as const;

const BIAS = 0x3fff;
/** Exponents of operands: 1 to 7FFE; of results a bit less, so that neither overflow nor underflow is near. */
const LOWEST = 2,
  HIGHEST = 0x7ffd;
const TOP = 1n << 63n;

/** (operation of FPU_ARITHMETIC, places of the first operand, of the second and of the result) -> EXTENDED. */
export function extendedArithmetic(multiplyHigh: number, divide: number): Code {
  return new Writer(multiplyHigh, divide).write();
}

class Writer {
  private readonly code = new Code(4);
  /** Significands; of the result with 64 bits more below it, the last of which stand for all further ones. */
  private readonly a = this.code.local(I64);
  private readonly b = this.code.local(I64);
  private readonly low = this.code.local(I64);
  /** Exponents, the sign of the result, and what is to be said. */
  private readonly exponent = this.code.local(I32);
  private readonly other = this.code.local(I32);
  private readonly sign = this.code.local(I32);
  private readonly said = this.code.local(I32);

  constructor(
    private readonly multiplyHigh: number,
    private readonly divideBy: number,
  ) {}

  write(): Code {
    const { code } = this;
    const index = (name: (typeof FPU_ARITHMETIC)[number]) => FPU_ARITHMETIC.indexOf(name);
    // The reversed ones are the others with their operands exchanged.
    const swapped = code.local(I32);
    code.get(0).i32(index("subr")).op(op.i32Eq).get(0).i32(index("divr")).op(op.i32Eq, op.i32Or).if();
    code.get(1).set(swapped).get(2).set(1).get(swapped).set(2).get(0).i32(1).op(op.i32Sub).set(0).end();
    this.operand(1, this.a, this.exponent);
    this.operand(2, this.b, this.other);
    // Signs: of the first, and whether they differ.
    code.get(1).access(memory.i32Load16U, 8).i32(0x8000).op(op.i32And).set(this.sign);
    code.get(0).i32(index("mul")).op(op.i32Eq).if();
    this.multiply();
    code.else().get(0).i32(index("div")).op(op.i32Eq).if();
    this.divide();
    code.else();
    this.add(index("sub"));
    code.end().end();
    this.round();
    return code;
  }

  private leave(): void {
    this.code.i32(0).op(op.return);
  }

  /** Reads a normal number, or leaves. */
  private operand(place: number, significand: number, exponent: number): void {
    const { code } = this;
    code.get(place).access(memory.i64Load).tee(significand).i64(0n).op(op.i64LtS, op.i32Eqz);
    code.get(place).access(memory.i32Load16U, 8).i32(0x7fff).op(op.i32And).tee(exponent);
    code.i32(1).op(op.i32Sub).i32(0x7ffe).op(op.i32GeU, op.i32Or).if();
    this.leave();
    code.end();
  }

  /** [] -> [i32]: the second operand's sign. */
  private secondSign(): void {
    this.code.get(2).access(memory.i32Load16U, 8).i32(0x8000).op(op.i32And);
  }

  private multiply(): void {
    const { code, a, b, low, exponent } = this;
    this.code.get(this.sign);
    this.secondSign();
    code.op(op.i32Xor).set(this.sign);
    code
      .get(exponent)
      .get(this.other)
      .op(op.i32Add)
      .i32(BIAS - 1)
      .op(op.i32Sub)
      .set(exponent);
    code.get(a).get(b).op(op.i64Mul).set(low).get(a).get(b).call(this.multiplyHigh).tee(a);
    code.i64(0n).op(op.i64LtS, op.i32Eqz).if();
    this.shiftLeft(() => code.i64(1n));
    code.get(exponent).i32(1).op(op.i32Sub).set(exponent).end();
  }

  /** a:low up by 1 to 63 bits. */
  private shiftLeft(by: () => void): void {
    const { code, a, low } = this;
    code.get(a);
    by();
    code.op(op.i64Shl).get(low).i64(64n);
    by();
    code.op(op.i64Sub, op.i64ShrU, op.i64Or).set(a).get(low);
    by();
    code.op(op.i64Shl).set(low);
  }

  /** The quotient has 64 bits; what is left over says how it is rounded. */
  private divide(): void {
    const { code, a, b, low, exponent } = this;
    const high = code.local(I64);
    const rest = code.local(I64);
    code.get(this.sign);
    this.secondSign();
    code.op(op.i32Xor).set(this.sign);
    code.get(exponent).get(this.other).op(op.i32Sub).i32(BIAS).op(op.i32Add).set(exponent);
    code.get(a).get(b).op(op.i64LtU).if();
    code.get(a).set(high).i64(0n).set(low).get(exponent).i32(1).op(op.i32Sub).set(exponent);
    code.else().get(a).i64(1n).op(op.i64ShrU).set(high).get(a).i64(63n).op(op.i64Shl).set(low).end();
    code.get(high).get(low).get(b).i32(1).call(this.divideBy).set(rest);
    code.get(high).get(low).get(b).i32(0).call(this.divideBy).set(a);
    // Half of the divisor becomes the bit below the quotient, more or less than half the bits below that.
    code.get(b).get(rest).op(op.i64Sub).set(high);
    code
      .i64(TOP + 1n)
      .i64(TOP)
      .get(rest)
      .get(high)
      .op(op.i64GtU, op.select);
    code.i64(1n).get(rest).get(high).op(op.i64GeU, op.select);
    code.i64(0n).get(rest).op(op.i64Eqz, op.i32Eqz, op.select).set(low);
  }

  private add(subtract: number): void {
    const { code, a, b, low, exponent, other } = this;
    const second = code.local(I32);
    const shift = code.local(I64);
    const bLow = code.local(I64);
    this.secondSign();
    code.get(0).i32(subtract).op(op.i32Eq).i32(15).op(op.i32Shl, op.i32Xor).set(second);
    // The larger one first.
    code.get(exponent).get(other).op(op.i32LtU);
    code.get(exponent).get(other).op(op.i32Eq).get(a).get(b).op(op.i64LtU, op.i32And, op.i32Or).if();
    for (const [x, y, kept] of [
      [a, b, shift],
      [exponent, other, this.said],
      [this.sign, second, this.said],
    ]) {
      code.get(x).set(kept).get(y).set(x).get(kept).set(y);
    }
    code.end();
    code.get(exponent).get(other).op(op.i32Sub, op.i64ExtendI32U).set(shift);
    // b down by the difference; bits that fall out below leave a one.
    code.get(shift).i64(64n).op(op.i64LtU).if();
    code.i64(0n).get(b).i64(64n).get(shift).op(op.i64Sub, op.i64Shl).get(shift).op(op.i64Eqz, op.select).set(bLow);
    code.get(b).get(shift).op(op.i64ShrU).set(b);
    code.else().get(shift).i64(128n).op(op.i64LtU).if(I64);
    code.get(b).get(shift).i64(63n).op(op.i64And, op.i64ShrU);
    code.get(b).i64(64n).get(shift).op(op.i64Sub, op.i64Shl).get(shift).i64(64n).op(op.i64Ne, op.i64ExtendI32U);
    code.op(op.i64Mul).i64(0n).op(op.i64Ne, op.i64ExtendI32U, op.i64Or);
    code.else().i64(1n).end().set(bLow).i64(0n).set(b).end();
    code.get(this.sign).get(second).op(op.i32Eq).if();
    code.get(bLow).set(low).get(a).get(b).op(op.i64Add).tee(b).get(a).op(op.i64LtU).if();
    code.get(low).i64(1n).op(op.i64ShrU).get(low).i64(1n).op(op.i64And, op.i64Or);
    code.get(b).i64(63n).op(op.i64Shl, op.i64Or).set(low);
    code.get(b).i64(1n).op(op.i64ShrU).i64(TOP).op(op.i64Or).set(b);
    code.get(exponent).i32(1).op(op.i32Add).set(exponent).end();
    code.get(b).set(a).else();
    this.difference(bLow, shift);
    code.end();
  }

  /** a:0 - b:bLow, made normal. Zero has a sign of its own: not here. */
  private difference(bLow: number, shift: number): void {
    const { code, a, b, low, exponent } = this;
    code.get(a).get(b).op(op.i64Sub).get(bLow).op(op.i64Eqz, op.i32Eqz, op.i64ExtendI32U, op.i64Sub).set(a);
    code.i64(0n).get(bLow).op(op.i64Sub).set(low);
    code.get(a).op(op.i64Eqz).if();
    code.get(low).set(a).i64(0n).set(low).get(exponent).i32(64).op(op.i32Sub).set(exponent).end();
    code.get(a).op(op.i64Eqz).if();
    this.leave();
    code.end();
    code.get(a).op(op.i64Clz).tee(shift).op(op.i64Eqz, op.i32Eqz).if();
    this.shiftLeft(() => code.get(shift));
    code.get(exponent).get(shift).op(op.i32WrapI64, op.i32Sub).set(exponent).end();
  }

  /** To nearest, ties to even; then the result is stored. */
  private round(): void {
    const { code, a, low, exponent, said } = this;
    const up = code.local(I32);
    code.get(low).i64(TOP).op(op.i64GtU);
    code.get(low).i64(TOP).op(op.i64Eq).get(a).op(op.i32WrapI64).op(op.i32And, op.i32Or).i32(1).op(op.i32And).set(up);
    code.get(a).get(up).op(op.i64ExtendI32U, op.i64Add).tee(a).op(op.i64Eqz).if();
    code.i64(TOP).set(a).get(exponent).i32(1).op(op.i32Add).set(exponent).end();
    code
      .get(exponent)
      .i32(LOWEST)
      .op(op.i32Sub)
      .i32(HIGHEST - LOWEST)
      .op(op.i32GtU)
      .if();
    this.leave();
    code.end();
    code.get(3).get(a).access(memory.i64Store).get(3).get(this.sign).get(exponent).op(op.i32Or);
    code.op(op.i64ExtendI32U).access(memory.i64Store, 8);
    code.get(up).i32(2).op(op.i32Shl).get(low).op(op.i64Eqz, op.i32Eqz).i32(1).op(op.i32Shl, op.i32Or);
    code.i32(EXTENDED.done).op(op.i32Or).tee(said);
  }
}
