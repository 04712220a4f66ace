/**
 * Memory operands of more than 16 bytes, and those of 10: read or written by a helper, whole or not at all. The offset is before the
 * segment base; the segment is that of the record's memory operand.
 */
import { EXIT } from "../record";
import { MODE } from "../state";
import type { Access } from "./access";
import { at, GP, type Core } from "./core";
import { USER } from "./paging";
import type { Segments } from "./segments";

const CHUNK = 8;
const LOW32 = 0xffff_ffffn;
const IN_PAGE = 0xfffn;

export class BlockMemory {
  private readonly bytes: Uint8Array;

  constructor(
    private readonly core: Core,
    private readonly access: Access,
    private readonly segments: Segments,
  ) {
    this.bytes = new Uint8Array(core.state.memory.buffer);
  }

  private get privilege(): number {
    return this.core.u32[at.mode] & MODE.user ? USER : 0;
  }

  /** The linear address, or undefined with a fault raised: segment limits outside 64-bit mode, then alignment. */
  private linear(record: number, offset: bigint, size: number, write: boolean, alignment: bigint): bigint | undefined {
    const { core } = this;
    const segment = core.segmentOf(record);
    let linear: bigint;
    if (core.long64) {
      const base = segment >= 4 ? core.get("segmentBase", segment) : 0n;
      linear = BigInt.asUintN(64, offset + base);
    } else {
      if (this.segments.check(segment, Number(offset), size, write ? 1 : 0, record)) return undefined;
      linear = (offset + core.get("segmentBase", segment)) & LOW32;
    }
    if (linear % alignment === 0n) return linear;
    core.raise(record, GP, 0);
    return undefined;
  }

  /** `into.length` bytes. 0 or EXIT.fault. `unit`: what alignment checks look at (SDM 3, table 6-7). */
  read(record: number, offset: bigint, into: Uint8Array, alignment = 1n, unit = CHUNK): number {
    let n = 0;
    for (const end of piecesOf(into.length)) {
      const linear = this.linear(record, offset + BigInt(n), end - n, false, alignment);
      if (linear === undefined) return EXIT.fault;
      for (const begin = n; n < end; n += unit) {
        const size = Math.min(unit, end - n);
        const [low, high] = halves(linear + BigInt(n - begin));
        const from = this.access.locate(record, low, high, size, this.privilege);
        if (!from) return EXIT.fault;
        into.set(this.bytes.subarray(from, from + size), n);
      }
      n = end;
    }
    return 0;
  }

  /** Makes sure that `size` bytes can be written, without writing. 0 or EXIT.fault. */
  private mayWrite(record: number, linear: bigint, size: number): number {
    const [low, high] = halves(linear);
    return this.access.writable(record, low, high, size, this.privilege);
  }

  /** The linear address of `size` bytes that can be written, or undefined with a fault raised: as with other stores, alignment first. */
  private destination(record: number, offset: bigint, size: number, alignment: bigint, unit: number) {
    let begin: bigint | undefined;
    let n = 0;
    for (const end of piecesOf(size)) {
      const linear = this.linear(record, offset + BigInt(n), end - n, true, alignment);
      if (linear === undefined) return undefined;
      if (this.access.isMisaligned(record, ...halves(linear), part(end - n, unit))) return undefined;
      if (this.mayWrite(record, linear, end - n)) return undefined;
      begin ??= linear;
      n = end;
    }
    return begin;
  }

  /** Whether `size` bytes could be written: what `write` checks. 0 or EXIT.fault. */
  probe(record: number, offset: bigint, size: number, alignment = 1n): number {
    return this.destination(record, offset, size, alignment, CHUNK) === undefined ? EXIT.fault : 0;
  }

  write(record: number, offset: bigint, from: Uint8Array, alignment = 1n, unit = CHUNK): number {
    const linear = this.destination(record, offset, from.length, alignment, unit);
    if (linear === undefined) return EXIT.fault;
    const view = new DataView(from.buffer, from.byteOffset, from.length);
    for (let n = 0; n < from.length;) {
      const size = part(from.length - n, unit);
      const value =
        size === 8
          ? view.getBigUint64(n, true)
          : BigInt(size === 4 ? view.getUint32(n, true) : size === 2 ? view.getUint16(n, true) : view.getUint8(n));
      if (this.store(record, linear + BigInt(n), size, value)) return EXIT.fault;
      n += size;
    }
    return 0;
  }

  /**
   * Those bytes of `from` that `selected` says. A page must be writable only if some of them are in it; if it is not, CR2 is where the
   * operand begins in it; and 16 bytes are aligned as two quadwords are: both as the processors we measured do it.
   */
  writeSome(record: number, offset: bigint, from: Uint8Array, selected: (n: number) => boolean): number {
    const linear = this.linear(record, offset, from.length, true, 1n);
    if (linear === undefined || this.access.isMisaligned(record, ...halves(linear), CHUNK)) return EXIT.fault;
    const chosen = [...from.keys()].filter(selected);
    const begin = (n: number) => Math.max(0, n - Number((linear + BigInt(n)) & IN_PAGE));
    for (const n of new Set(chosen.map(begin))) if (this.mayWrite(record, linear + BigInt(n), 1)) return EXIT.fault;
    for (const n of chosen) if (this.store(record, linear + BigInt(n), 1, BigInt(from[n]))) return EXIT.fault;
    return 0;
  }

  private store(record: number, linear: bigint, size: number, value: bigint): number {
    const [low, high] = halves(linear);
    const [valueLow, valueHigh] = halves(value);
    return this.access.store(record, low, high, size, valueLow >>> 0, valueHigh >>> 0, this.privilege);
  }
}

/** Where the pieces end that are checked one after the other: of ten bytes first eight, as the processors we measured do; of images all. */
const piecesOf = (size: number): readonly number[] => (size === 10 ? [CHUNK, size] : [size]);

/** Bytes written at once when so many are left. */
const part = (left: number, unit: number): number => [8, 4, 2, 1].find((bytes) => bytes <= Math.min(unit, left)) ?? 1;

const halves = (value: bigint): [number, number] => [Number(value & LOW32) | 0, Number((value >> 32n) & LOW32) | 0];
