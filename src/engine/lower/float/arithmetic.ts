/** Sums, products, quotients and roots, minimum and maximum. */
import { FLOAT } from "../../../isa/floatcodes";
import { laneOf, op, simd, V128 } from "../../wasm/code";
import { patterns, scalars, splatted, vectors } from "./formats";
import type { FloatWriter } from "./writer";

/** ADDPS and its kind, with MINPS and MAXPS. */
export function arithmetic(w: FloatWriter): void {
  const operation = w.what & 0xff;
  const isExtreme = operation === FLOAT.min || operation === FLOAT.max;
  const packed = w.node.width === 128;
  if (packed) return isExtreme ? extremeLanes(w, operation === FLOAT.min) : arithmeticLanes(w, operation);
  return isExtreme ? extreme(w, operation === FLOAT.min) : arithmeticScalar(w, operation);
}

function arithmeticScalar(w: FloatWriter, operation: number): void {
  const { code, bits } = w;
  const { type, arithmetic } = scalars[bits];
  const unary = operation === FLOAT.root;
  const b = w.operand(2, bits);
  const a = unary ? b : w.operand(1, bits);
  const result = code.local(type);
  if (!unary) code.get(a);
  code.get(b).op(arithmetic[operation]).set(result);
  w.guarded(
    (unless) => {
      unusual(w, operation, [a, b], result, unless);
      w.pushUnsettled();
      unless();
    },
    () => settleScalar(w, a, b),
    () => w.setScalar(result, bits),
  );
  w.setComparable(unary ? [2] : [1, 2], true);
  w.finishScalar(result, bits);
}

/** Operands that are not comparable, or are zero; results that are not normal numbers. (The result comes first: it is used on all ways.) */
function unusual(
  w: FloatWriter,
  operation: number,
  [a, b]: [number, number],
  result: number,
  unless: () => void,
): void {
  const { bits } = w;
  const { lowest, second, infinity } = patterns[bits];
  if (operation === FLOAT.root) {
    // A positive normal number has a normal root.
    w.outside(b, bits, lowest, infinity, false);
    return unless();
  }
  const sum = operation === FLOAT.add || operation === FLOAT.subtract;
  w.outside(result, bits, sum ? lowest : second, infinity);
  unless();
  for (const [n, operand] of [a, b].entries()) {
    if (w.isComparable(n + 1)) continue;
    w.outside(operand, bits, lowest, undefined);
    unless();
  }
}

/** [] -> [i32] */
function settleScalar(w: FloatWriter, a: number, b: number): void {
  const { code, bits } = w;
  const push = (float: number) => {
    code.get(float).op(scalars[bits].toBits);
    if (bits === 32) code.op(op.i64ExtendI32U);
    code.i64(0n);
  };
  code.i32(w.what);
  push(a);
  push(b);
  code.call(w.ways.settle());
}

/** The signs of the even lanes: what is subtracted there is added with the other sign. */
const evenSigns = { 32: 0x80000000_00000000_80000000n, 64: 1n << 63n } as const;

function arithmeticLanes(w: FloatWriter, asked: number): void {
  const operation = asked === FLOAT.subtractAdd ? FLOAT.add : asked;
  const { code, bits } = w;
  const { arithmetic, atLeast, lessOrEqual, magnitude } = vectors[bits];
  const unary = operation === FLOAT.root;
  const b = w.operand(2, bits);
  const a = unary ? b : w.operand(1, bits);
  if (asked === FLOAT.subtractAdd) code.get(b).v128(evenSigns[bits]).op(simd.xor).set(b);
  const result = code.local(V128);
  if (!unary) code.get(a);
  code.get(b).op(arithmetic[operation]).set(result);
  const { lowest, second, infinity } = patterns[bits];
  const limit = (value: bigint) => code.v128(splatted(bits, value));
  w.guarded(
    (unless) => {
      code.get(result).op(magnitude);
      limit(infinity - 1n).op(lessOrEqual);
      if (unary) {
        code.get(b);
        limit(lowest).op(atLeast, simd.and);
      } else {
        code.get(result).op(magnitude);
        limit(operation === FLOAT.multiply || operation === FLOAT.divide ? second : lowest).op(atLeast, simd.and);
        for (const [n, operand] of [a, b].entries()) {
          if (w.isComparable(n + 1)) continue;
          code.get(operand).op(magnitude);
          limit(lowest).op(atLeast, simd.and);
        }
      }
      w.notAll(bits);
      unless();
      w.pushUnsettled();
      unless();
    },
    () => {
      code.i32((w.what & ~0xff) | operation);
      for (const vector of [a, b]) {
        code.get(vector).lane(laneOf.extract[64], 0).get(vector).lane(laneOf.extract[64], 1);
      }
      code.call(w.ways.settle());
    },
    () => code.set(result),
  );
  w.setComparable(unary ? [2] : [1, 2], true);
  code.get(result);
}

function extreme(w: FloatWriter, min: boolean): void {
  const { code, bits } = w;
  const { type, less } = scalars[bits];
  const a = w.operand(1, bits);
  const b = w.operand(2, bits);
  const result = code.local(type);
  code.get(a).get(b);
  if (min) code.get(a).get(b);
  else code.get(b).get(a);
  code.op(less, op.select).set(result);
  w.guarded(
    (unless) => w.uncomparable(a, b, unless),
    undefined,
    () => w.setScalar(result, bits),
  );
  w.setComparable([1, 2], true);
  w.finishScalar(result, bits);
}

function extremeLanes(w: FloatWriter, min: boolean): void {
  const { code, bits } = w;
  const a = w.operand(1, bits);
  const b = w.operand(2, bits);
  const result = code.local(V128);
  // pmin(b, a) is a < b ? a : b.
  code.get(b).get(a);
  code.op(min ? vectors[bits].pmin : vectors[bits].pmax).set(result);
  w.guarded(
    (unless) => w.uncomparableLanes(a, b, unless),
    undefined,
    () => code.set(result),
  );
  w.setComparable([1, 2], true);
  code.get(result);
}
