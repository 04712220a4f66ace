/** The body of one Wasm function, written instruction by instruction. */
import { Bytes } from "./bytes";

export const I32 = 0x7f;
export const I64 = 0x7e;
export const F32 = 0x7d;
export const F64 = 0x7c;
export const V128 = 0x7b;
export type ValueType = typeof I32 | typeof I64 | typeof F32 | typeof F64 | typeof V128;
/** Block type of a block without a value. */
export const EMPTY = 0x40;

/** Opcodes without immediates (core specification, 5.4.7). */
export const op = {
  return: 0x0f,
  drop: 0x1a,
  select: 0x1b,
  i32Eqz: 0x45,
  i32Eq: 0x46,
  i32Ne: 0x47,
  i32LtS: 0x48,
  i32LtU: 0x49,
  i32GtU: 0x4b,
  i32LeU: 0x4d,
  i32GeU: 0x4f,
  i32GeS: 0x4e,
  i64Eqz: 0x50,
  i64Eq: 0x51,
  i64Ne: 0x52,
  i64LtS: 0x53,
  i64LtU: 0x54,
  i64GtU: 0x56,
  i64GeU: 0x5a,
  f32Eq: 0x5b,
  f32Ne: 0x5c,
  f32Lt: 0x5d,
  f32Le: 0x5f,
  f64Eq: 0x61,
  f64Ne: 0x62,
  f64Lt: 0x63,
  f64Gt: 0x64,
  f64Le: 0x65,
  i32Clz: 0x67,
  i32Ctz: 0x68,
  i32Popcnt: 0x69,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32Mul: 0x6c,
  i32DivS: 0x6d,
  i32DivU: 0x6e,
  i32RemS: 0x6f,
  i32RemU: 0x70,
  i32And: 0x71,
  i32Or: 0x72,
  i32Xor: 0x73,
  i32Shl: 0x74,
  i32ShrS: 0x75,
  i32ShrU: 0x76,
  i32Rotl: 0x77,
  i32Rotr: 0x78,
  i64Clz: 0x79,
  i64Ctz: 0x7a,
  i64Popcnt: 0x7b,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64DivS: 0x7f,
  i64DivU: 0x80,
  i64RemS: 0x81,
  i64RemU: 0x82,
  i64And: 0x83,
  i64Or: 0x84,
  i64Xor: 0x85,
  i64Shl: 0x86,
  i64ShrS: 0x87,
  i64ShrU: 0x88,
  i64Rotl: 0x89,
  i64Rotr: 0x8a,
  f32Ceil: 0x8d,
  f32Floor: 0x8e,
  f32Trunc: 0x8f,
  f32Nearest: 0x90,
  f32Sqrt: 0x91,
  f32Add: 0x92,
  f32Sub: 0x93,
  f32Mul: 0x94,
  f32Div: 0x95,
  f64Abs: 0x99,
  f64Ceil: 0x9b,
  f64Floor: 0x9c,
  f64Trunc: 0x9d,
  f64Nearest: 0x9e,
  f64Sqrt: 0x9f,
  f64Add: 0xa0,
  f64Sub: 0xa1,
  f64Mul: 0xa2,
  f64Div: 0xa3,
  i32WrapI64: 0xa7,
  i64ExtendI32S: 0xac,
  i64ExtendI32U: 0xad,
  f32ConvertI64S: 0xb4,
  f32DemoteF64: 0xb6,
  f64ConvertI32S: 0xb7,
  f64ConvertI64S: 0xb9,
  f64PromoteF32: 0xbb,
  i32ReinterpretF32: 0xbc,
  i64ReinterpretF64: 0xbd,
  f32ReinterpretI32: 0xbe,
  f64ReinterpretI64: 0xbf,
  i32Extend8S: 0xc0,
  i32Extend16S: 0xc1,
  i64Extend8S: 0xc2,
  i64Extend16S: 0xc3,
  i64Extend32S: 0xc4,
  i32TruncSatF64S: 0xfc02,
  i64TruncSatF64S: 0xfc06,
} as const;

/** Prefix of saturating truncations and bulk memory instructions; in the table above it stands above their number. */
const MISC = 0xfc00;
/** Prefix of the vector instructions; in these tables it stands above their number. */
const SIMD = 0xfd00;

/** Vector instructions without immediates (core specification, 5.4.8). */
export const simd = {
  i8x16Swizzle: SIMD + 0x0e,
  i8x16Splat: SIMD + 0x0f,
  i16x8Splat: SIMD + 0x10,
  i32x4Splat: SIMD + 0x11,
  i64x2Splat: SIMD + 0x12,
  i8x16Eq: SIMD + 0x23,
  i8x16GtS: SIMD + 0x27,
  i16x8Eq: SIMD + 0x2d,
  i16x8GtS: SIMD + 0x31,
  i32x4Eq: SIMD + 0x37,
  i32x4GtS: SIMD + 0x3b,
  not: SIMD + 0x4d,
  and: SIMD + 0x4e,
  andnot: SIMD + 0x4f,
  or: SIMD + 0x50,
  xor: SIMD + 0x51,
  i8x16Bitmask: SIMD + 0x64,
  i8x16NarrowS: SIMD + 0x65,
  i8x16NarrowU: SIMD + 0x66,
  i8x16Add: SIMD + 0x6e,
  i8x16AddSatS: SIMD + 0x6f,
  i8x16AddSatU: SIMD + 0x70,
  i8x16Sub: SIMD + 0x71,
  i8x16SubSatS: SIMD + 0x72,
  i8x16SubSatU: SIMD + 0x73,
  i8x16MinS: SIMD + 0x76,
  i8x16MinU: SIMD + 0x77,
  i8x16MaxS: SIMD + 0x78,
  i8x16MaxU: SIMD + 0x79,
  i8x16AvgrU: SIMD + 0x7b,
  i16x8ExtaddU: SIMD + 0x7d,
  i32x4ExtaddU: SIMD + 0x7f,
  i16x8Bitmask: SIMD + 0x84,
  i16x8NarrowS: SIMD + 0x85,
  i16x8NarrowU: SIMD + 0x86,
  i16x8Shl: SIMD + 0x8b,
  i16x8ShrS: SIMD + 0x8c,
  i16x8ShrU: SIMD + 0x8d,
  i16x8Add: SIMD + 0x8e,
  i16x8AddSatS: SIMD + 0x8f,
  i16x8AddSatU: SIMD + 0x90,
  i16x8Sub: SIMD + 0x91,
  i16x8SubSatS: SIMD + 0x92,
  i16x8SubSatU: SIMD + 0x93,
  i16x8Mul: SIMD + 0x95,
  i16x8MinS: SIMD + 0x96,
  i16x8MinU: SIMD + 0x97,
  i16x8MaxS: SIMD + 0x98,
  i16x8MaxU: SIMD + 0x99,
  i16x8AvgrU: SIMD + 0x9b,
  i32x4Bitmask: SIMD + 0xa4,
  i32x4Shl: SIMD + 0xab,
  i32x4ShrS: SIMD + 0xac,
  i32x4ShrU: SIMD + 0xad,
  i32x4Add: SIMD + 0xae,
  i32x4Sub: SIMD + 0xb1,
  i32x4Mul: SIMD + 0xb5,
  i32x4MinS: SIMD + 0xb6,
  i32x4MinU: SIMD + 0xb7,
  i32x4MaxS: SIMD + 0xb8,
  i32x4MaxU: SIMD + 0xb9,
  i32x4DotS: SIMD + 0xba,
  i32x4ExtmulLowS: SIMD + 0xbc,
  i32x4ExtmulHighS: SIMD + 0xbd,
  i32x4ExtmulLowU: SIMD + 0xbe,
  i32x4ExtmulHighU: SIMD + 0xbf,
  i64x2Bitmask: SIMD + 0xc4,
  i64x2Shl: SIMD + 0xcb,
  i64x2ShrS: SIMD + 0xcc,
  i64x2ShrU: SIMD + 0xcd,
  i64x2Add: SIMD + 0xce,
  i64x2Sub: SIMD + 0xd1,
  i64x2Mul: SIMD + 0xd5,
  i64x2Eq: SIMD + 0xd6,
  i64x2GtS: SIMD + 0xd9,
  f32x4Eq: SIMD + 0x41,
  f32x4Ne: SIMD + 0x42,
  f32x4Lt: SIMD + 0x43,
  f32x4Le: SIMD + 0x45,
  f32x4Ge: SIMD + 0x46,
  f64x2Eq: SIMD + 0x47,
  f64x2Ne: SIMD + 0x48,
  f64x2Lt: SIMD + 0x49,
  f64x2Le: SIMD + 0x4b,
  f64x2Ge: SIMD + 0x4c,
  f32x4DemoteZero: SIMD + 0x5e,
  f64x2PromoteLow: SIMD + 0x5f,
  f32x4Ceil: SIMD + 0x67,
  f32x4Floor: SIMD + 0x68,
  f32x4Trunc: SIMD + 0x69,
  f32x4Nearest: SIMD + 0x6a,
  f64x2Ceil: SIMD + 0x74,
  f64x2Floor: SIMD + 0x75,
  f64x2Trunc: SIMD + 0x7a,
  f64x2Nearest: SIMD + 0x94,
  f32x4Abs: SIMD + 0xe0,
  f32x4Sqrt: SIMD + 0xe3,
  f32x4Add: SIMD + 0xe4,
  f32x4Sub: SIMD + 0xe5,
  f32x4Mul: SIMD + 0xe6,
  f32x4Div: SIMD + 0xe7,
  f32x4Pmin: SIMD + 0xea,
  f32x4Pmax: SIMD + 0xeb,
  f64x2Abs: SIMD + 0xec,
  f64x2Sqrt: SIMD + 0xef,
  f64x2Add: SIMD + 0xf0,
  f64x2Sub: SIMD + 0xf1,
  f64x2Mul: SIMD + 0xf2,
  f64x2Div: SIMD + 0xf3,
  f64x2Pmin: SIMD + 0xf6,
  f64x2Pmax: SIMD + 0xf7,
  i32x4TruncSatF32: SIMD + 0xf8,
  f32x4ConvertI32: SIMD + 0xfa,
  i32x4TruncSatF64Zero: SIMD + 0xfc,
  f64x2ConvertLowI32: SIMD + 0xfe,
} as const;
export type SimdOpcode = (typeof simd)[keyof typeof simd];

/** Vector instructions with a lane number. */
export const laneOf = {
  extract: { 8: SIMD + 0x16, 16: SIMD + 0x19, 32: SIMD + 0x1b, 64: SIMD + 0x1d },
  replace: { 8: SIMD + 0x17, 16: SIMD + 0x1a, 32: SIMD + 0x1c, 64: SIMD + 0x1e },
} as const;

/** The same of floating-point numbers. */
export const floatLaneOf = {
  extract: { 32: SIMD + 0x1f, 64: SIMD + 0x21 },
  replace: { 32: SIMD + 0x20, 64: SIMD + 0x22 },
} as const;

/** Memory instructions; all are emitted with alignment hint 0: guest accesses may be unaligned. */
export const memory = {
  i32Load: 0x28,
  i64Load: 0x29,
  f32Load: 0x2a,
  f64Load: 0x2b,
  i32Load8U: 0x2d,
  i32Load16U: 0x2f,
  i64Load8U: 0x31,
  i64Load16U: 0x33,
  i64Load32U: 0x35,
  i32Store: 0x36,
  i64Store: 0x37,
  f32Store: 0x38,
  f64Store: 0x39,
  i32Store8: 0x3a,
  i32Store16: 0x3b,
  v128Load: SIMD,
  v128Store: SIMD + 0x0b,
} as const;

export type Opcode = (typeof op)[keyof typeof op] | SimdOpcode;
type MemoryOpcode = (typeof memory)[keyof typeof memory];

export class Code {
  readonly body = new Bytes();
  private readonly types: ValueType[] = [];

  constructor(private readonly parameters: number) {}

  /** A new local, zero at entry. */
  local(type: ValueType): number {
    this.types.push(type);
    return this.parameters + this.types.length - 1;
  }

  op(...opcodes: Opcode[]): this {
    for (const opcode of opcodes) this.opcode(opcode);
    return this;
  }

  private opcode(opcode: number): Bytes {
    return opcode < MISC ? this.body.u8(opcode) : this.body.u8(opcode >> 8).u32(opcode & 0xff);
  }

  /** Extracts or replaces a lane (`laneOf`). */
  lane(opcode: number, index: number): this {
    this.opcode(opcode).u8(index);
    return this;
  }

  v128(value: bigint): this {
    this.body.u8(SIMD >> 8).u32(0x0c);
    for (let n = 0n; n < 128n; n += 8n) this.body.u8(Number((value >> n) & 0xffn));
    return this;
  }

  /** Sixteen bytes out of two vectors by number, 0..31. */
  shuffle(bytes: readonly number[]): this {
    this.body.u8(SIMD >> 8).u32(0x0d);
    for (const byte of bytes) this.body.u8(byte);
    return this;
  }

  f32(value: number): this {
    const bytes = new Uint8Array(Float32Array.of(value).buffer);
    this.body.u8(0x43);
    for (const byte of bytes) this.body.u8(byte);
    return this;
  }

  f64(value: number): this {
    const bytes = new Uint8Array(Float64Array.of(value).buffer);
    this.body.u8(0x44);
    for (const byte of bytes) this.body.u8(byte);
    return this;
  }

  i32(value: number): this {
    this.body.u8(0x41).s32(value);
    return this;
  }

  i64(value: bigint): this {
    this.body.u8(0x42).s64(value);
    return this;
  }

  get(local: number): this {
    this.body.withNumber(0x20, local);
    return this;
  }

  set(local: number): this {
    this.body.withNumber(0x21, local);
    return this;
  }

  tee(local: number): this {
    this.body.withNumber(0x22, local);
    return this;
  }

  /** Load from, or store to, the address on the stack plus `offset`. */
  access(opcode: MemoryOpcode, offset = 0): this {
    this.opcode(opcode).withNumber(0, offset);
    return this;
  }

  /** [to, from, bytes] -> []: as if by way of a buffer. */
  memoryCopy(): this {
    this.opcode(MISC + 0x0a)
      .u8(0)
      .u8(0);
    return this;
  }

  /** [to, byte, bytes] -> []. */
  memoryFill(): this {
    this.opcode(MISC + 0x0b).u8(0);
    return this;
  }

  /** Load from a fixed address. */
  loadAt(opcode: MemoryOpcode, address: number): this {
    return this.i32(0).access(opcode, address);
  }

  if(type: ValueType | typeof EMPTY = EMPTY): this {
    this.body.u8(0x04).u8(type);
    return this;
  }

  else(): this {
    this.body.u8(0x05);
    return this;
  }

  loop(): this {
    this.body.u8(0x03).u8(EMPTY);
    return this;
  }

  block(): this {
    this.body.u8(0x02).u8(EMPTY);
    return this;
  }

  end(): this {
    this.body.u8(0x0b);
    return this;
  }

  br(depth: number): this {
    this.body.withNumber(0x0c, depth);
    return this;
  }

  brIf(depth: number): this {
    this.body.u8(0x0d).u32(depth);
    return this;
  }

  /** [index: i32] -> []: to the block of that number among `depths`, or to the last one. */
  brTable(depths: readonly number[]): this {
    this.body.u8(0x0e).u32(depths.length - 1);
    for (const depth of depths) this.body.u32(depth);
    return this;
  }

  call(functionIndex: number): this {
    this.body.u8(0x10).u32(functionIndex);
    return this;
  }

  callIndirect(typeIndex: number): this {
    this.body.u8(0x11).u32(typeIndex).u8(0);
    return this;
  }

  /** Tail call (tail-call extension): arguments are on the stack. */
  returnCall(index: number): this {
    this.body.u8(0x12).u32(index);
    return this;
  }

  /** Tail call through table 0 (tail-call extension): arguments, then the index, are on the stack. */
  returnCallIndirect(typeIndex: number): this {
    this.body.u8(0x13).u32(typeIndex).u8(0);
    return this;
  }

  unreachable(): this {
    this.body.u8(0x00);
    return this;
  }

  /** The entry for the code section: size, locals, body. */
  encode(): Bytes {
    const locals = new Bytes();
    const groups: { type: ValueType; count: number }[] = [];
    for (const type of this.types) {
      const last = groups[groups.length - 1];
      if (last?.type === type) last.count++;
      else groups.push({ type, count: 1 });
    }
    locals.u32(groups.length);
    for (const { type, count } of groups) locals.u32(count).u8(type);
    return new Bytes()
      .u32(locals.length + this.body.length + 1)
      .append(locals)
      .append(this.body)
      .u8(0x0b);
  }
}
