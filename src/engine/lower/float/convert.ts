/** Conversions between integers, singles and doubles. */
import { FLOAT32, FLOAT64, INTEGER32, INTEGER64, TRUNCATE } from "../../../isa/floatcodes";
import { type Code, F64, I32, I64, op, simd, V128 } from "../../wasm/code";
import { type Bits, patterns, scalars, splatted, vectors } from "./formats";
import type { FloatWriter, System } from "./writer";

type Conversion = (writer: FloatWriter) => void;

/** The fast form of a conversion; those that yield MMX registers from floats have none. */
export function conversionOf(node: System, code: number): Conversion | undefined {
  const from = code & 7;
  const to = (code >> 3) & 7;
  const lanes = code >> 16;
  if (lanes === 1) return scalarConversion(from, to);
  if (node.width !== 128) return undefined;
  if (from === INTEGER32) {
    return to === FLOAT64 ? (w) => doublesFromIntegers(w) : (w) => singlesFromIntegers(w);
  }
  if (to === INTEGER32) return (w) => integerLanes(w, from === FLOAT32 ? 32 : 64);
  return to === FLOAT64 ? (w) => doublesFromSingles(w) : (w) => singlesFromDoubles(w);
}

function scalarConversion(from: number, to: number): Conversion {
  if (to === INTEGER32 || to === INTEGER64) return (w) => toInteger(w, from === FLOAT32 ? 32 : 64);
  if (from === FLOAT32) return (w) => resize(w, 64);
  if (from === FLOAT64) return (w) => resize(w, 32);
  if (to === FLOAT32) return (w) => fromInteger(w, 32, op.f32ConvertI64S, true);
  return (w) => fromInteger(w, 64, op.f64ConvertI64S, from === INTEGER64);
}

/** Integer to float. Without `limit` nothing is ever rounded. */
function fromInteger(w: FloatWriter, to: Bits, convert: Parameters<Code["op"]>[0], limit: boolean): void {
  const { code } = w;
  const result = code.local(scalars[to].type);
  const argument = w.argument(1);
  const source = code.local(I64);
  const wide = (w.what & 7) === INTEGER64;
  w.lowering.value(argument);
  if (!wide) code.op(op.i32WrapI64, op.i64ExtendI32S);
  code.tee(source).op(convert).set(result);
  if (limit) {
    // Below 2^24 (or 2^53) in magnitude nothing is lost.
    const most = to === 32 ? 1n << 24n : 1n << 53n;
    w.guarded(
      (unless) => {
        code
          .get(source)
          .i64(most)
          .op(op.i64Add)
          .i64(2n * most)
          .op(op.i64GtU);
        w.pushUnsettled();
        code.op(op.i32And);
        unless();
      },
      undefined,
      () => w.setScalar(result, to),
    );
  }
  w.finishScalar(result, to);
}

/** Double to single and back. */
function resize(w: FloatWriter, to: Bits): void {
  const { code } = w;
  const from = to === 32 ? 64 : 32;
  const a = w.operand(1, from);
  const result = code.local(scalars[to].type);
  code
    .get(a)
    .op(to === 32 ? op.f32DemoteF64 : op.f64PromoteF32)
    .set(result);
  w.guarded(
    (unless) => {
      if (to === 64) {
        code.get(a).get(a).op(op.f32Ne);
        unless();
        w.denormal(a, 32);
        unless();
        return;
      }
      // A zero, or a single that is certainly normal; a double below them rounds to less.
      w.outside(result, 32, patterns[32].second, patterns[32].infinity);
      code.get(a).f64(0).op(op.f64Ne, op.i32And);
      unless();
      code.get(result).op(op.f64PromoteF32).get(a).op(op.f64Ne);
      w.pushUnsettled();
      code.op(op.i32And);
      unless();
    },
    undefined,
    () => w.setScalar(result, to),
  );
  w.finishScalar(result, to);
}

/** Float to integer, by way of a double, which holds every single. */
function toInteger(w: FloatWriter, from: Bits): void {
  const { code } = w;
  const wide = w.node.width === 64;
  const truncates = (w.what & TRUNCATE) !== 0;
  const a = w.operand(1, from);
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
  w.guarded(
    (unless) => {
      // Below, so that saturation is seen; NaNs are not below anything.
      code
        .get(source)
        .op(op.f64Abs)
        .f64(most - (wide ? 1024 : 1))
        .op(op.f64Lt, op.i32Eqz);
      unless();
      code.get(whole).get(source).op(op.f64Ne);
      w.pushUnsettled();
      code.op(op.i32And);
      unless();
    },
    undefined,
    () => code.set(result),
  );
  code.get(result);
}

/** Doublewords to doubles: never rounded. */
function doublesFromIntegers(w: FloatWriter): void {
  w.lowering.value(w.argument(1));
  if (w.argument(1).width === 64) w.code.op(simd.i64x2Splat);
  w.code.op(simd.f64x2ConvertLowI32);
}

function singlesFromIntegers(w: FloatWriter): void {
  const { code } = w;
  const result = code.local(V128);
  w.lowering.value(w.argument(1));
  code.op(simd.f32x4ConvertI32).set(result);
  w.guarded(
    (unless) => {
      // Below 2^24 in magnitude nothing is lost; 2^24 may have been rounded to.
      code.get(result).op(simd.f32x4Abs).v128(splatted(32, 0x4b80_0000n)).op(simd.f32x4Lt);
      w.notAll(32);
      w.pushUnsettled();
      code.op(op.i32And);
      unless();
    },
    undefined,
    () => code.set(result),
  );
  code.get(result);
}

/** Four singles or two doubles to doublewords. */
function integerLanes(w: FloatWriter, from: Bits): void {
  const { code } = w;
  const a = w.operand(1, from);
  const result = code.local(V128);
  const truncates = (w.what & TRUNCATE) !== 0;
  code.get(a);
  if (!truncates) code.op(from === 32 ? simd.f32x4Nearest : simd.f64x2Nearest);
  code.op(from === 32 ? simd.i32x4TruncSatF32 : simd.i32x4TruncSatF64Zero).set(result);
  // The greatest float below 2^31, or 2^31 - 1.
  const most = from === 32 ? 0x4eff_ffffn : 0x41df_ffff_ffc0_0000n;
  w.guarded(
    (unless) => {
      code.get(a).op(vectors[from].magnitude).v128(splatted(from, most)).op(vectors[from].lessOrEqual);
      w.notAll(from);
      unless();
      code.get(result).op(from === 32 ? simd.f32x4ConvertI32 : simd.f64x2ConvertLowI32);
      code.get(a).op(vectors[from].equal);
      w.notAll(from);
      w.pushUnsettled();
      code.op(op.i32And);
      unless();
    },
    undefined,
    () => code.set(result),
  );
  code.get(result);
}

function doublesFromSingles(w: FloatWriter): void {
  const { code } = w;
  const a = code.local(V128);
  const result = code.local(V128);
  w.lowering.value(w.argument(1));
  if (w.argument(1).width === 64) code.op(simd.i64x2Splat);
  code.tee(a).op(simd.f64x2PromoteLow).set(result);
  w.guarded(
    (unless) => {
      code.get(result).op(simd.f64x2Abs).v128(splatted(64, 0x3810_0000_0000_0000n)).op(simd.f64x2Ge);
      code.get(result).v128(0n).op(simd.f64x2Eq, simd.or);
      w.notAll(64);
      unless();
    },
    undefined,
    () => code.set(result),
  );
  code.get(result);
}

function singlesFromDoubles(w: FloatWriter): void {
  const { code } = w;
  const a = w.operand(1, 64);
  const result = code.local(V128);
  code.get(a).op(simd.f32x4DemoteZero).set(result);
  w.guarded(
    (unless) => {
      // Zeros, or doubles whose singles are certainly normal and finite.
      code.get(a).op(simd.f64x2Abs).v128(splatted(64, 0x3820_0000_0000_0000n)).op(simd.f64x2Ge);
      code.get(a).op(simd.f64x2Abs).v128(splatted(64, 0x47ef_ffff_e000_0000n)).op(simd.f64x2Le, simd.and);
      code.get(a).v128(0n).op(simd.f64x2Eq, simd.or);
      w.notAll(64);
      unless();
      code.get(result).op(simd.f64x2PromoteLow).get(a).op(simd.f64x2Eq);
      w.notAll(64);
      w.pushUnsettled();
      code.op(op.i32And);
      unless();
    },
    undefined,
    () => code.set(result),
  );
  code.get(result);
}
