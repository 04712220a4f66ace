/** Comparisons: exact, so that only NaNs and denormals count. */
import { I32, I64, op, simd, V128 } from "../../wasm/code";
import { scalars, vectors } from "./formats";
import type { FloatWriter } from "./writer";

/** CMPPS and its kind. */
export function compare(w: FloatWriter): void {
  const { code, bits } = w;
  const a = w.operand(1, bits);
  const b = w.operand(2, bits);
  const packed = w.node.width === 128;
  const result = code.local(packed ? V128 : bits === 64 || w.node.width === 64 ? I64 : I32);
  const predicate = code.local(I32);
  w.lowering.wide(w.argument(0));
  code.op(op.i32WrapI64).i32(7).op(op.i32And).set(predicate);
  if (packed) compareLanes(w, a, b, predicate);
  else compareScalar(w, a, b, predicate);
  code.set(result);
  const unless = (next: () => void) => (packed ? w.uncomparableLanes(a, b, next) : w.uncomparable(a, b, next));
  w.guarded(unless, undefined, () => code.set(result));
  w.setComparable([1, 2], false);
  code.get(result);
}

/** Of numbers: equal, less, less or equal, never; from 4 on their opposites. */
function compareScalar(w: FloatWriter, a: number, b: number, predicate: number): void {
  const { code, bits } = w;
  const { equal, less, lessOrEqual } = scalars[bits];
  const negated = code.local(bits === 64 ? I64 : I32);
  code.get(a).get(b).op(equal);
  code.get(a).get(b).op(less);
  code.get(a).get(b).op(lessOrEqual).i32(0);
  code.get(predicate).i32(3).op(op.i32And).i32(2).op(op.i32Eq, op.select);
  code.get(predicate).i32(3).op(op.i32And).i32(1).op(op.i32Eq, op.select);
  code.get(predicate).i32(3).op(op.i32And, op.i32Eqz, op.select);
  code.get(predicate).i32(2).op(op.i32ShrU, op.i32Xor);
  if (bits === 64) code.op(op.i64ExtendI32U).set(negated).i64(0n).get(negated).op(op.i64Sub);
  else {
    code.set(negated).i32(0).get(negated).op(op.i32Sub);
    w.widen(bits);
  }
}

function compareLanes(w: FloatWriter, a: number, b: number, predicate: number): void {
  const { code, bits } = w;
  const { equal, less, lessOrEqual } = vectors[bits];
  code.get(a).get(b).op(equal);
  code.get(a).get(b).op(less);
  code.get(a).get(b).op(lessOrEqual).v128(0n);
  code.get(predicate).i32(3).op(op.i32And).i32(2).op(op.i32Eq, op.select);
  code.get(predicate).i32(3).op(op.i32And).i32(1).op(op.i32Eq, op.select);
  code.get(predicate).i32(3).op(op.i32And, op.i32Eqz, op.select);
  code.i32(0).get(predicate).i32(2).op(op.i32ShrU, op.i32Sub, simd.i32x4Splat, simd.xor);
}

/** CF where less, ZF (bit 6) where equal; PF is for NaNs. */
export function flags(w: FloatWriter): void {
  const { code, bits } = w;
  const { less, equal } = scalars[bits];
  const a = w.operand(1, bits);
  const b = w.operand(2, bits);
  const result = code.local(I32);
  code.get(a).get(b).op(less).get(a).get(b).op(equal).i32(6).op(op.i32Shl, op.i32Or).set(result);
  w.guarded(
    (unless) => w.uncomparable(a, b, unless),
    undefined,
    () => code.set(result),
  );
  w.setComparable([1, 2], false);
  code.get(result);
}
