/**
 * A stack being pushed to or popped from by a transfer of control, before anything is committed: the pointer moves here and
 * reaches RSP only by `commit`. It is the present stack, or one that the TSS names for an inner privilege.
 */
import { RSP } from "../../isa/expression";
import { MODE } from "../state";
import { ACCESS, at, SS, SSF, TR, TS, type Core } from "./core";
import type { Access } from "./access";
import { inLimit, isNull, limitOf, baseOf, systemType, type Segments } from "./segments";
import { EXIT } from "../record";
import { READ, USER, WRITE } from "./paging";

export class Stack {
  /** The pointer: an offset in the segment, or in 64-bit mode a linear address. */
  low = 0;
  high = 0;
  /** What the last pop gave. */
  valueLow = 0;
  valueHigh = 0;
  /** SS of a stack taken from the TSS. */
  selector = 0;
  private descriptorLow = 0;
  private descriptorHigh = 0;

  private long = false;
  private mask = 0;
  private base = 0;
  private limit = 0;
  private rights = 0;
  private user = 0;
  /** Error code of a push that does not fit. */
  private code = 0;

  constructor(
    private readonly core: Core,
    private readonly access: Access,
    private readonly segments: Segments,
  ) {}

  /** The present stack. */
  current(): void {
    const { u32 } = this.core;
    const mode = u32[at.mode];
    this.long = (mode & MODE.long) !== 0;
    this.mask = mode & MODE.stack32 ? 0xffff_ffff : 0xffff;
    this.low = u32[at.registers + 2 * RSP];
    this.high = u32[at.registers + 2 * RSP + 1];
    if (!this.long) this.low = (this.low & this.mask) >>> 0;
    this.base = u32[at.segmentBase + 2 * SS];
    this.limit = u32[at.segmentLimit + SS];
    this.rights = u32[at.segmentAccess + SS];
    this.user = mode & MODE.user ? USER : 0;
    this.code = 0;
  }

  /** A 64-bit stack at a given address for privilege `cpl`. */
  at64(low: number, high: number, cpl: number): void {
    this.long = true;
    this.low = low;
    this.high = high;
    this.user = cpl === 3 ? USER : 0;
    this.code = 0;
  }

  /** The stack pointer that a 64-bit TSS holds at `offset` (SDM 3, 8.7). 0 or EXIT.fault. */
  fromTss64(record: number, offset: number, cpl: number): number {
    const { core } = this;
    if (offset + 7 > core.u32[at.segmentLimit + TR]) return core.raise(record, TS, core.u32[at.selector + TR] & 0xfffc);
    const from = this.access.locateIn(record, at.segmentBase + 2 * TR, offset, 8);
    if (from === 0) return EXIT.fault;
    this.at64(core.view.getUint32(from, true), core.view.getUint32(from + 4, true), cpl);
    return 0;
  }

  /** SS and (E)SP for privilege `cpl` from a 16- or 32-bit TSS, SS checked (SDM 2A INT n, "inter-privilege"). 0 or EXIT.fault. */
  fromTss(record: number, cpl: number): number {
    const { core, segments } = this;
    const wide = (systemType(core.u32[at.segmentAccess + TR]) & 8) !== 0;
    const offset = wide ? 4 + 8 * cpl : 2 + 4 * cpl;
    const size = wide ? 6 : 4;
    if (offset + size - 1 > core.u32[at.segmentLimit + TR])
      return core.raise(record, TS, core.u32[at.selector + TR] & 0xfffc);
    const from = this.access.locateIn(record, at.segmentBase + 2 * TR, offset, size);
    if (from === 0) return EXIT.fault;
    const pointer = wide ? core.view.getUint32(from, true) : core.view.getUint16(from, true);
    const selector = core.view.getUint16(from + (wide ? 4 : 2), true);
    if (isNull(selector)) return core.raise(record, TS, 0);
    if (segments.checkStack(record, selector, cpl, TS)) return EXIT.fault;
    this.selector = selector;
    this.descriptorLow = segments.low;
    this.descriptorHigh = segments.high;
    this.long = false;
    this.rights = segments.high;
    this.mask = this.rights & ACCESS.big ? 0xffff_ffff : 0xffff;
    this.low = (pointer & this.mask) >>> 0;
    this.high = 0;
    this.base = baseOf(segments.low, segments.high);
    this.limit = limitOf(segments.low, segments.high);
    this.user = cpl === 3 ? USER : 0;
    this.code = selector & 0xfffc;
    return 0;
  }

  /** Loads SS as `fromTss` found it. */
  commitSegment(): void {
    this.segments.assign(SS, this.selector, this.descriptorLow, this.descriptorHigh);
  }

  /** Makes sure that `size` bytes can be pushed: afterwards pushes of that many do not fault. */
  reserve(record: number, size: number): number {
    if (!this.long) return 0;
    const low = this.low - size;
    const high = low < 0 ? this.high - 1 : this.high;
    if (this.core.nonCanonicalHalves(high | 0)) return this.core.raise(record, SSF, this.code);
    if (this.access.knows(low | 0, high | 0, size, this.user)) return 0;
    // From the top, as pushes would find it.
    for (let offset = 8; offset <= size; offset += 8) {
      const place = this.low - offset;
      const failed = this.access.writable(record, place | 0, (place < 0 ? this.high - 1 : this.high) | 0, 8, this.user);
      if (failed) return failed;
    }
    return 0;
  }

  push(record: number, size: number, valueLow: number, valueHigh = 0): number {
    const { core } = this;
    if (this.long) {
      if (this.low < size) this.high = (this.high - 1) >>> 0;
      this.low = (this.low - size) >>> 0;
      if (core.nonCanonicalHalves(this.high | 0)) return core.raise(record, SSF, this.code);
      return this.access.store(record, this.low, this.high, size, valueLow, valueHigh, this.user);
    }
    this.low = ((this.low - size) & this.mask) >>> 0;
    if (!inLimit(this.low, size, this.limit, this.rights)) return core.raise(record, SSF, this.code);
    return this.access.store(record, (this.base + this.low) | 0, 0, size, valueLow, valueHigh, this.user | WRITE);
  }

  /** Into valueLow, valueHigh. 0 or EXIT.fault. */
  pop(record: number, size: number): number {
    const { core } = this;
    const { low, high } = this;
    this.release(size);
    if (this.long ? core.nonCanonicalHalves(high | 0) : !inLimit(low, size, this.limit, this.rights)) {
      return core.raise(record, SSF, this.code);
    }
    const from = this.access.locate(
      record,
      this.long ? low : (this.base + low) | 0,
      this.long ? high : 0,
      size,
      READ | this.user,
    );
    if (from === 0) return EXIT.fault;
    this.valueLow = size === 2 ? core.view.getUint16(from, true) : core.view.getUint32(from, true);
    this.valueHigh = size === 8 ? core.view.getUint32(from + 4, true) : 0;
    return 0;
  }

  /** Moves the pointer up without reading. */
  release(size: number): void {
    if (!this.long) this.low = ((this.low + size) & this.mask) >>> 0;
    else {
      const sum = this.low + size;
      if (sum > 0xffff_ffff) this.high = (this.high + 1) >>> 0;
      this.low = sum >>> 0;
    }
  }

  /** RSP = pointer; a 16-bit stack keeps the upper part of RSP. */
  commit(): void {
    const { u32 } = this.core;
    const index = at.registers + 2 * RSP;
    if (this.long) {
      u32[index] = this.low;
      u32[index + 1] = this.high;
    } else if (this.mask === 0xffff) u32[index] = (u32[index] & 0xffff_0000) | this.low;
    else {
      u32[index] = this.low;
      u32[index + 1] = 0;
    }
  }
}
