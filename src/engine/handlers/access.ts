/**
 * Code that reaches guest memory: segment checks outside 64-bit mode, the inline lookaside check, and the calls of the slow
 * paths for what misses it. A slow path that faults makes the handler return EXIT.fault before anything has changed.
 */
import type { Width } from "../../isa/expression";
import { EXIT, record } from "../record";
import { layout } from "../state";
import { type Code, EMPTY, I32, I64, memory, op } from "../wasm/code";

/** Functions that the host gives to generated code; signatures are in library.ts. */
export type HostFunction = "readSlow" | "writeSlow" | "checkSegment" | "raise" | "numericError" | `system.${string}`;

export const FS = 4;
export type Segment = number | "operand";

/** A place in memory that was read to be written again. */
export interface Place {
  readonly linear: number;
  readonly host: number;
  readonly slow: number;
}

const loads = {
  8: memory.i32Load8U,
  16: memory.i32Load16U,
  32: memory.i32Load,
  64: memory.i64Load,
  128: memory.v128Load,
} as const;
const stores = {
  8: memory.i32Store8,
  16: memory.i32Store16,
  32: memory.i32Store,
  64: memory.i64Store,
  128: memory.v128Store,
} as const;
export type MemoryWidth = keyof typeof loads;

export function memoryWidth(width: Width): MemoryWidth {
  if (width === 1) throw new Error("memory has no 1-bit values");
  return width;
}

export class MemoryAccess {
  constructor(
    private readonly code: Code,
    /** Local that holds the record. */
    private readonly record: number,
    private readonly host: (name: HostFunction) => number,
    private readonly long: boolean,
  ) {}

  returnFault(): void {
    this.code.i32(EXIT.fault).op(op.return);
  }

  /** [offset: i64, exact] -> [linear: i64]. Adds the segment base; outside 64-bit mode checks the access and wraps at 4 GiB. */
  linear(segment: Segment, bytes: number, write: boolean): void {
    const { code } = this;
    if (this.long) {
      if (segment === "operand") {
        code.get(this.record).access(memory.i32Load16U, record.segmentBase).access(memory.i64Load).op(op.i64Add);
      } else if (segment >= FS) {
        code.loadAt(memory.i64Load, layout.segmentBase.offset + segment * 8).op(op.i64Add);
      }
      return;
    }
    const offset = code.local(I64);
    code.set(offset);
    this.check(segment, offset, () => code.i32(bytes), write ? 1 : 0);
    code.get(offset);
    this.segmentField(memory.i64Load, segment, "segmentBase");
    code.op(op.i64Add).i64(0xffff_ffffn).op(op.i64And);
  }

  /** Limit and type of the segment (SDM 3, 5.3 and 5.5). Plain segments need only their limit looked at. */
  check(segment: Segment, offset: number, pushBytes: () => void, write: 0 | 1 | (() => void)): void {
    const { code } = this;
    code.get(offset);
    pushBytes();
    code.i32(1).op(op.i32Sub, op.i64ExtendI32U, op.i64Add);
    this.segmentField(memory.i64Load32U, segment, "segmentLimit");
    code.op(op.i64GtU);
    this.segmentField(memory.i32Load, segment, "segmentPlain");
    code.op(op.i32Eqz, op.i32Or).if(EMPTY);
    if (segment === "operand") code.get(this.record).access(memory.i32Load8U, record.segment);
    else code.i32(segment);
    code.get(offset).op(op.i32WrapI64);
    pushBytes();
    if (typeof write === "number") code.i32(write);
    else write();
    code.get(this.record).call(this.host("checkSegment")).if(EMPTY);
    this.returnFault();
    code.end().end();
  }

  private segmentField(
    load: (typeof memory)["i64Load" | "i64Load32U" | "i32Load"],
    segment: Segment,
    field: "segmentBase" | "segmentLimit" | "segmentPlain",
  ): void {
    const { offset, bytes } = layout[field];
    if (segment === "operand") {
      this.code.get(this.record).access(memory.i32Load8U, record.segment).i32(bytes).op(op.i32Mul).access(load, offset);
    } else {
      this.code.loadAt(load, offset + segment * bytes);
    }
  }

  /** Leaves the entry of the page of `linear` in a new local and pushes whether it answers for all `bytes`. */
  private probe(table: "lookasideRead" | "lookasideWrite", linear: number, bytes: number): number {
    const { code } = this;
    const entry = code.local(I32);
    code.loadAt(memory.i32Load, layout[table].offset);
    code.get(linear).op(op.i32WrapI64).i32(8).op(op.i32ShrU).i32(0xfff0).op(op.i32And, op.i32Add);
    code.tee(entry).access(memory.i64Load);
    code.get(linear);
    if (bytes > 1) code.i64(BigInt(bytes - 1)).op(op.i64Add);
    code.i64(-4096n).op(op.i64And, op.i64Eq);
    return entry;
  }

  /** [] -> [host: i32] for an entry that answers. */
  private hit(entry: number, linear: number): void {
    this.code.get(linear).op(op.i32WrapI64).get(entry).access(memory.i32Load, 8).op(op.i32Add);
  }

  private noteAddress(linear: number): void {
    this.code.i32(0).get(linear).access(memory.i64Store, layout.accessAddress.offset);
  }

  /** [linear: i64] -> [value]. */
  read(width: Width): void {
    const { code } = this;
    const size = memoryWidth(width);
    const linear = code.local(I64);
    const host = code.local(I32);
    code.set(linear);
    const entry = this.probe("lookasideRead", linear, size / 8);
    code.if(EMPTY);
    this.hit(entry, linear);
    code.set(host).else();
    this.readSlow(linear, host, size / 8);
    code.end().get(host).access(loads[size]);
  }

  private readSlow(linear: number, host: number, sizeAndIntent: number): void {
    this.noteAddress(linear);
    this.code.get(this.record).i32(sizeAndIntent).call(this.host("readSlow")).tee(host).op(op.i32Eqz).if(EMPTY);
    this.returnFault();
    this.code.end();
  }

  /** [linear: i64] -> [value], for a place that will be written: one lookup, in the table of writable pages. */
  readForWrite(width: Width): Place {
    const { code } = this;
    const size = memoryWidth(width);
    const place = { linear: code.local(I64), host: code.local(I32), slow: code.local(I32) };
    code.set(place.linear);
    const entry = this.probe("lookasideWrite", place.linear, size / 8);
    code.op(op.i32Eqz).tee(place.slow).if(EMPTY);
    this.readSlow(place.linear, place.host, (size / 8) | 0x100);
    code.else();
    this.hit(entry, place.linear);
    code.set(place.host).end().get(place.host).access(loads[size]);
    return place;
  }

  /** Writes to a place that `readForWrite` found. */
  writeBack(place: Place, width: Width, pushValue: () => void): void {
    const { code } = this;
    const size = memoryWidth(width);
    code.get(place.slow).if(EMPTY);
    this.writeSlow(place.linear, size, pushValue);
    code.else().get(place.host);
    pushValue();
    code.access(stores[size]).end();
  }

  /** [linear: i64] -> []. `pushValue` pushes the exact value, each time it is called. */
  write(width: Width, pushValue: () => void): void {
    const { code } = this;
    const size = memoryWidth(width);
    const linear = code.local(I64);
    code.set(linear);
    const entry = this.probe("lookasideWrite", linear, size / 8);
    code.if(EMPTY);
    this.hit(entry, linear);
    pushValue();
    code.access(stores[size]).else();
    this.writeSlow(linear, size, pushValue);
    code.end();
  }

  private writeSlow(linear: number, size: MemoryWidth, pushValue: () => void): void {
    const { code } = this;
    this.noteAddress(linear);
    code.i32(0);
    pushValue();
    if (size < 64) code.op(op.i64ExtendI32U);
    code.access(size === 128 ? memory.v128Store : memory.i64Store, layout.accessValue.offset);
    code
      .get(this.record)
      .i32(size / 8)
      .call(this.host("writeSlow"))
      .if(EMPTY);
    this.returnFault();
    code.end();
  }
}

export { loads, stores };
