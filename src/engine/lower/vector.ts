/**
 * Vector operators to Wasm's 128-bit instructions. A vector of 64 bits (MMX) is worked on in the lower half of one of 128; what the
 * upper half then holds is never looked at.
 */
import type { LaneWidth, VectorOperator } from "../../isa/expression";
import { I64, laneOf, op, simd, type SimdOpcode, V128 } from "../wasm/code";
import type { Node, Values } from "./node";

type Lanewise = Partial<Record<LaneWidth, SimdOpcode>>;
const all = (opcode: SimdOpcode): Lanewise => ({ 8: opcode, 16: opcode, 32: opcode, 64: opcode });

/** Operators that are one instruction: of two vectors, lane by lane. */
const direct: Partial<Record<VectorOperator, Lanewise>> = {
  and: all(simd.and),
  or: all(simd.or),
  xor: all(simd.xor),
  plus: { 8: simd.i8x16Add, 16: simd.i16x8Add, 32: simd.i32x4Add, 64: simd.i64x2Add },
  minus: { 8: simd.i8x16Sub, 16: simd.i16x8Sub, 32: simd.i32x4Sub, 64: simd.i64x2Sub },
  times: { 16: simd.i16x8Mul, 32: simd.i32x4Mul, 64: simd.i64x2Mul },
  plusSaturatedS: { 8: simd.i8x16AddSatS, 16: simd.i16x8AddSatS },
  plusSaturatedU: { 8: simd.i8x16AddSatU, 16: simd.i16x8AddSatU },
  minusSaturatedS: { 8: simd.i8x16SubSatS, 16: simd.i16x8SubSatS },
  minusSaturatedU: { 8: simd.i8x16SubSatU, 16: simd.i16x8SubSatU },
  dot: { 16: simd.i32x4DotS },
  averageU: { 8: simd.i8x16AvgrU, 16: simd.i16x8AvgrU },
  minS: { 8: simd.i8x16MinS, 16: simd.i16x8MinS, 32: simd.i32x4MinS },
  maxS: { 8: simd.i8x16MaxS, 16: simd.i16x8MaxS, 32: simd.i32x4MaxS },
  minU: { 8: simd.i8x16MinU, 16: simd.i16x8MinU, 32: simd.i32x4MinU },
  maxU: { 8: simd.i8x16MaxU, 16: simd.i16x8MaxU, 32: simd.i32x4MaxU },
  equal: { 8: simd.i8x16Eq, 16: simd.i16x8Eq, 32: simd.i32x4Eq, 64: simd.i64x2Eq },
  greaterS: { 8: simd.i8x16GtS, 16: simd.i16x8GtS, 32: simd.i32x4GtS, 64: simd.i64x2GtS },
  swizzle: { 8: simd.i8x16Swizzle },
};
const narrow: Partial<Record<VectorOperator, Lanewise>> = {
  narrowS: { 16: simd.i8x16NarrowS, 32: simd.i16x8NarrowS },
  narrowU: { 16: simd.i8x16NarrowU, 32: simd.i16x8NarrowU },
};
const shifts: Partial<Record<VectorOperator, Lanewise>> = {
  shl: { 16: simd.i16x8Shl, 32: simd.i32x4Shl, 64: simd.i64x2Shl },
  shr: { 16: simd.i16x8ShrU, 32: simd.i32x4ShrU, 64: simd.i64x2ShrU },
  sar: { 16: simd.i16x8ShrS, 32: simd.i32x4ShrS, 64: simd.i64x2ShrS },
};
const splats = { 8: simd.i8x16Splat, 16: simd.i16x8Splat, 32: simd.i32x4Splat, 64: simd.i64x2Splat } as const;
const bitmasks = { 8: simd.i8x16Bitmask, 16: simd.i16x8Bitmask, 32: simd.i32x4Bitmask, 64: simd.i64x2Bitmask } as const;
/** The odd 16-bit parts of two vectors: the high halves of 32-bit products. */
const HIGH_HALVES = [2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31];
/** The lower half of two vectors. */
const LOW_QUADWORDS = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const EVEN_DWORDS = 0x00000000_ffffffff_00000000_ffffffffn;

/** Pushes the exact value. */
export function lowerVector(values: Values, e: Node<"vector">): void {
  const { code } = values;
  if (e.operator === "splat") {
    values.value(e.a);
    code.op(splats[e.lane]);
  } else if (e.operator === "withLane") {
    vector(values, e.a);
    values.value(e.b!);
    code.lane(laneOf.replace[e.lane], e.index!);
  } else {
    vector(values, e.a);
    operate(values, e);
  }
  const isVector = e.operator !== "lane" && e.operator !== "signs";
  if (isVector && e.width === 64) code.lane(laneOf.extract[64], 0);
}

/** Pushes a v128 whose lower half is a vector of 64 bits, or all of one of 128. */
function vector(values: Values, e: Node<"vector">["a"]): void {
  values.value(e);
  if (e.width === 64) values.code.op(simd.i64x2Splat);
}

/** [a] -> [result] */
function operate(values: Values, e: Node<"vector">): void {
  const { code } = values;
  const { operator } = e;
  const single = direct[operator]?.[e.lane];
  if (single) {
    vector(values, e.b!);
    return void code.op(single);
  }
  switch (operator) {
    case "andnot":
      code.op(simd.not);
      vector(values, e.b!);
      return void code.op(simd.and);
    case "shuffle":
      vector(values, e.b!);
      return void code.shuffle(padded(e.pattern!));
    case "narrowS":
    case "narrowU":
      vector(values, e.b!);
      // With 64 bits both fit one vector, whose lower half of the result is what counts.
      if (e.a.width === 64) code.shuffle(LOW_QUADWORDS).v128(0n);
      return void code.op(opcodeOf(narrow, e));
    case "lane":
      return void code.lane(laneOf.extract[e.lane], e.index!);
    case "signs":
      code.op(bitmasks[e.lane]);
      if (e.a.width === 64) code.i32(0xff).op(op.i32And);
      return;
    case "shl":
    case "shr":
    case "sar":
      return shift(values, e);
    case "timesHighS":
    case "timesHighU":
      return highProducts(values, e);
    case "timesEvenU":
      code.v128(EVEN_DWORDS).op(simd.and);
      vector(values, e.b!);
      return void code.v128(EVEN_DWORDS).op(simd.and, simd.i64x2Mul);
    case "distance":
      return distance(values, e);
    default:
      throw new Error(`no ${operator} for lanes of ${e.lane} bits`);
  }
}

function opcodeOf(table: Partial<Record<VectorOperator, Lanewise>>, e: Node<"vector">): SimdOpcode {
  const opcode = table[e.operator]?.[e.lane];
  if (opcode === undefined) throw new Error(`no ${e.operator} for lanes of ${e.lane} bits`);
  return opcode;
}

const padded = (pattern: readonly number[]): number[] => Array.from({ length: 16 }, (_, n) => pattern[n] ?? 0);

/** Wasm takes counts modulo the lane's width. */
function shift(values: Values, e: Node<"vector">): void {
  const { code } = values;
  if (e.b!.kind === "constant") return shiftBy(values, e, e.b!.value);
  const count = code.local(I64);
  const limit = BigInt(e.operator === "sar" ? e.lane - 1 : e.lane);
  values.value(e.b!);
  code.set(count);
  if (e.operator === "sar") {
    code.get(count).i64(limit).get(count).i64(limit).op(op.i64LtU, op.select, op.i32WrapI64);
    return void code.op(opcodeOf(shifts, e));
  }
  code.get(count).op(op.i32WrapI64, opcodeOf(shifts, e));
  code.v128(0n).get(count).i64(limit).op(op.i64LtU, op.select);
}

function shiftBy({ code }: Values, e: Node<"vector">, by: bigint): void {
  const most = BigInt(e.lane - 1);
  if (by > most && e.operator !== "sar") return void code.op(op.drop).v128(0n);
  code.i32(Number(by > most ? most : by)).op(opcodeOf(shifts, e));
}

/** Both operands in locals, for what looks at them twice. */
function kept(values: Values, e: Node<"vector">): [number, number] {
  const { code } = values;
  const a = code.local(V128);
  const b = code.local(V128);
  code.set(a);
  vector(values, e.b!);
  code.set(b);
  return [a, b];
}

function highProducts(values: Values, e: Node<"vector">): void {
  const { code } = values;
  const [a, b] = kept(values, e);
  const isSigned = e.operator === "timesHighS";
  code
    .get(a)
    .get(b)
    .op(isSigned ? simd.i32x4ExtmulLowS : simd.i32x4ExtmulLowU);
  code
    .get(a)
    .get(b)
    .op(isSigned ? simd.i32x4ExtmulHighS : simd.i32x4ExtmulHighU);
  code.shuffle(HIGH_HALVES);
}

/** |a - b| of bytes is one saturated difference or the other; then pairs, pairs of pairs, and the two of those in each quadword. */
function distance(values: Values, e: Node<"vector">): void {
  const { code } = values;
  const [a, b] = kept(values, e);
  code.get(a).get(b).op(simd.i8x16SubSatU).get(b).get(a).op(simd.i8x16SubSatU, simd.or);
  code.op(simd.i16x8ExtaddU, simd.i32x4ExtaddU).set(a);
  code.get(a).i32(32).op(simd.i64x2ShrU).get(a).v128(EVEN_DWORDS).op(simd.and, simd.i64x2Add);
}
