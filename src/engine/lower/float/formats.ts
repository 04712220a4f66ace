/** Singles and doubles: the host's instructions on them, alone and in vectors, and the patterns where their numbers change. */
import { F32, F64, I32, I64, op, simd } from "../../wasm/code";

export type Bits = 32 | 64;

/** What the bits of one precision are, and the host's instructions on them. */
export const scalars = {
  32: {
    type: F32,
    integer: I32,
    toBits: op.i32ReinterpretF32,
    rounded: [op.f32Nearest, op.f32Floor, op.f32Ceil, op.f32Trunc],
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
    rounded: [op.f64Nearest, op.f64Floor, op.f64Ceil, op.f64Trunc],
    arithmetic: [op.f64Add, op.f64Sub, op.f64Mul, op.f64Div, op.f64Sqrt],
    equal: op.f64Eq,
    unequal: op.f64Ne,
    less: op.f64Lt,
    lessOrEqual: op.f64Le,
  },
} as const;
export const vectors = {
  32: {
    rounded: [simd.f32x4Nearest, simd.f32x4Floor, simd.f32x4Ceil, simd.f32x4Trunc],
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
    rounded: [simd.f64x2Nearest, simd.f64x2Floor, simd.f64x2Ceil, simd.f64x2Trunc],
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
export const patterns = {
  32: { lowest: 0x0080_0000n, second: 0x0100_0000n, infinity: 0x7f80_0000n },
  64: { lowest: 1n << 52n, second: 2n << 52n, infinity: 0x7ffn << 52n },
} as const;

export const splatted = (bits: Bits, value: bigint): bigint => {
  let all = 0n;
  for (let at = 0n; at < 128n; at += BigInt(bits)) all |= value << at;
  return all;
};
