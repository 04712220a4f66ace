/** The body of one Wasm function, written instruction by instruction. */
import { Bytes } from "./bytes";

export const I32 = 0x7f;
export const I64 = 0x7e;
export type ValueType = typeof I32 | typeof I64;
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
  i64Eqz: 0x50,
  i64Eq: 0x51,
  i64Ne: 0x52,
  i64LtS: 0x53,
  i64LtU: 0x54,
  i64GtU: 0x56,
  i64GeU: 0x5a,
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
  i32WrapI64: 0xa7,
  i64ExtendI32S: 0xac,
  i64ExtendI32U: 0xad,
  i32Extend8S: 0xc0,
  i32Extend16S: 0xc1,
  i64Extend8S: 0xc2,
  i64Extend16S: 0xc3,
  i64Extend32S: 0xc4,
} as const;

/** Memory instructions; all are emitted with alignment hint 0: guest accesses may be unaligned. */
export const memory = {
  i32Load: 0x28,
  i64Load: 0x29,
  i32Load8U: 0x2d,
  i32Load16U: 0x2f,
  i64Load8U: 0x31,
  i64Load16U: 0x33,
  i64Load32U: 0x35,
  i32Store: 0x36,
  i64Store: 0x37,
  i32Store8: 0x3a,
  i32Store16: 0x3b,
} as const;

type Opcode = (typeof op)[keyof typeof op];
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
    for (const opcode of opcodes) this.body.u8(opcode);
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
    this.body.u8(0x20).u32(local);
    return this;
  }

  set(local: number): this {
    this.body.u8(0x21).u32(local);
    return this;
  }

  tee(local: number): this {
    this.body.u8(0x22).u32(local);
    return this;
  }

  /** Load from, or store to, the address on the stack plus `offset`. */
  access(opcode: MemoryOpcode, offset = 0): this {
    this.body.u8(opcode).u8(0).u32(offset);
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
    this.body.u8(0x0c).u32(depth);
    return this;
  }

  brIf(depth: number): this {
    this.body.u8(0x0d).u32(depth);
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
