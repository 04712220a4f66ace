/**
 * Guest memory from a region: open memory directly (open.ts), else by the lookaside. The check of that is that of handlers/access.ts; what misses it is left to the interpreter before
 * anything has changed. Regions that drop pages themselves walk the tables first: there misses are what is usual. (Elsewhere the mere
 * call, never made, costs loops half their speed.)
 */
import type { Width } from "../../isa/expression";
import type { DecodedOperand, MemoryOperand } from "../decode/decode";
import { loads, memoryWidth, stores } from "../handlers/access";
import { lookasideTable } from "../areas";
import { USER, WRITE } from "../system/paging";
import { EMPTY, I32, I64, memory, op } from "../wasm/code";
import type { Frame } from "./frame";
import { type HostPlace, type Open, placeIn } from "./open";
import type { Segmentation } from "./segmentation";

const DELTA = 8;
/** Index of the entry of a page, in bytes of the table: bits 12..23 of the address, times 16. */
const ENTRY_SHIFT = 8;
const ENTRY_MASK = 0xfff0;

export class RegionAccess {
  private readonly readTable: number;
  private readonly writeTable: number;

  constructor(
    private readonly frame: Frame,
    private readonly segmentation: Segmentation,
    private readonly user: boolean,
    /** Index of the function that walks (system/short: locate), if misses shall be looked up. */
    private readonly locate: number | undefined,
    private readonly open: Open | undefined,
  ) {
    this.readTable = lookasideTable(user, false);
    this.writeTable = lookasideTable(user, true);
  }

  /** [] -> [offset: i64] of a memory operand, before the segment's base. */
  offset(operand: MemoryOperand, addressSize: number, next: bigint): void {
    const { code } = this.frame;
    const { base, index, scale, displacement, ripRelative } = operand;
    if (addressSize !== 64) return this.narrowOffset(operand, addressSize, next);
    const constant = BigInt.asUintN(64, ripRelative ? displacement + next : displacement);
    let parts = 0;
    const add = () => {
      if (parts++ > 0) code.op(op.i64Add);
    };
    if (base !== undefined) {
      code.get(this.frame.register(base));
      add();
    }
    if (index !== undefined) {
      code.get(this.frame.register(index));
      if (scale) code.i64(BigInt(scale)).op(op.i64Shl);
      add();
    }
    if (constant !== 0n || parts === 0) {
      code.i64(constant);
      add();
    }
  }

  /** The same with 32 or 16 bits, which wrap. */
  private narrowOffset(operand: MemoryOperand, addressSize: number, next: bigint): void {
    const { code } = this.frame;
    const { base, index, scale, displacement, ripRelative } = operand;
    const constant = Number(BigInt.asIntN(32, ripRelative ? displacement + next : displacement));
    let parts = 0;
    const add = () => {
      if (parts++ > 0) code.op(op.i32Add);
    };
    if (base !== undefined) {
      code.get(this.frame.register(base)).op(op.i32WrapI64);
      add();
    }
    if (index !== undefined) {
      code.get(this.frame.register(index)).op(op.i32WrapI64);
      if (scale) code.i32(scale).op(op.i32Shl);
      add();
    }
    if (constant !== 0 || parts === 0) {
      code.i32(constant);
      add();
    }
    if (addressSize === 16) code.i32(0xffff).op(op.i32And);
    code.op(op.i64ExtendI32U);
  }

  /** [offset: i64] -> [linear: i64]. */
  addBase(segment: number, bytes: number, miss: () => void): void {
    this.segmentation.linear(this.frame.code, segment, bytes, miss);
  }

  /** [linear: i64] -> []: leaves the place in the Wasm memory in a local; `miss` writes the way out. What must be `aligned` and is not misses. */
  host(bytes: number, write: boolean, miss: () => void, aligned = false): HostPlace {
    if (!this.open) return { local: this.lookUp(bytes, write, miss, aligned), offset: 0 };
    const { read, write: written } = this.open.stretches;
    const { frame } = this;
    frame.useOpenMemory();
    frame.code.op(op.i32WrapI64);
    return placeIn(write ? written : read, frame.code, bytes, aligned, () => frame.outside(miss));
  }

  /** In the lookaside. For what must be aligned not all bits inside the page are taken off before the compare. */
  private lookUp(bytes: number, write: boolean, miss: () => void, aligned: boolean): number {
    const { code } = this.frame;
    const table = write ? this.writeTable : this.readTable;
    const linear = code.local(I64);
    const entry = code.local(I32);
    const host = code.local(I32);
    code.tee(linear).op(op.i32WrapI64).i32(ENTRY_SHIFT).op(op.i32ShrU).i32(ENTRY_MASK).op(op.i32And);
    code.tee(entry).access(memory.i64Load, table);
    code.get(linear);
    if (bytes > 1 && !aligned) code.i64(BigInt(bytes - 1)).op(op.i64Add);
    code
      .i64(aligned ? BigInt(bytes - 1) - 4096n : -4096n)
      .op(op.i64And, op.i64Ne)
      .if(EMPTY);
    if (this.locate === undefined || aligned) {
      miss();
      code.end();
    } else {
      code
        .get(linear)
        .i32(bytes)
        .i32((write ? WRITE : 0) | (this.user ? USER : 0));
      code.call(this.locate).tee(host).op(op.i32Eqz).if(EMPTY);
      miss();
      code.end().else();
    }
    code
      .get(linear)
      .op(op.i32WrapI64)
      .get(entry)
      .access(memory.i32Load, table + DELTA)
      .op(op.i32Add)
      .set(host);
    if (this.locate !== undefined && !aligned) code.end();
    return host;
  }

  load({ local, offset }: HostPlace, width: Width): void {
    this.frame.code.get(local).access(loads[memoryWidth(width)], offset);
  }

  store({ local, offset }: HostPlace, width: Width, pushValue: () => void): void {
    this.frame.code.get(local);
    pushValue();
    this.frame.code.access(stores[memoryWidth(width)], offset);
  }
}

export function memoryOf(operand: DecodedOperand): MemoryOperand {
  if (operand.kind !== "memory") throw new Error(`a ${operand.kind} has no address`);
  return operand;
}
