/**
 * Segment registers: descriptors read and checked, hidden parts kept (SDM 3, 3.4 and 5; SDM 2B MOV).
 *
 * `low` and `high` are the halves of the descriptor that was read last; a caller that reads a second one copies them first.
 */
import { EXIT } from "../record";
import { ACCESS, at, CS, DPL_SHIFT, DS, ES, FS, GP, GS, LDTR, NP, SS, SSF, type Core } from "./core";
import type { Access } from "./access";

/** Bits of a descriptor's high half that are kept as rights. */
const RIGHTS = 0x00f0_ff00;

export const dplOf = (high: number): number => (high >>> DPL_SHIFT) & 3;
/** S = 1 and code. */
export const isCode = (high: number): boolean => (high & (ACCESS.user | ACCESS.code)) === (ACCESS.user | ACCESS.code);
export const isConforming = (high: number): boolean => (high & ACCESS.conforming) !== 0;
export const isPresent = (high: number): boolean => (high & ACCESS.present) !== 0;
export const isWritableData = (high: number): boolean =>
  (high & (ACCESS.user | ACCESS.code | ACCESS.writable)) === (ACCESS.user | ACCESS.writable);
export const isReadable = (high: number): boolean =>
  (high & ACCESS.user) !== 0 && (high & (ACCESS.code | ACCESS.readable)) !== ACCESS.code;
/** Type field of a system descriptor (S = 0), or -1. */
export const systemType = (high: number): number => (high & ACCESS.user ? -1 : (high >>> 8) & 15);
export const isNull = (selector: number): boolean => (selector & 0xfffc) === 0;
export const limitOf = (low: number, high: number): number => {
  const limit = (low & 0xffff) | (high & 0xf_0000);
  return high & ACCESS.granular ? ((limit << 12) | 0xfff) >>> 0 : limit;
};
export const baseOf = (low: number, high: number): number =>
  ((low >>> 16) | ((high & 0xff) << 16) | (high & 0xff00_0000)) >>> 0;

export class Segments {
  low = 0;
  high = 0;

  constructor(
    private readonly core: Core,
    private readonly access: Access,
  ) {}

  /** Reads the descriptor a selector that is not null names. Outside its table: `vector` with the selector. 0 or EXIT.fault. */
  read(record: number, selector: number, vector: number): number {
    const { core } = this;
    const from = this.locate(record, selector, vector, 8);
    if (from === 0) return EXIT.fault;
    this.low = core.view.getUint32(from, true);
    this.high = core.view.getUint32(from + 4, true);
    return 0;
  }

  private locate(record: number, selector: number, vector: number, size: number): number {
    const { u32 } = this.core;
    const local = (selector & 4) !== 0;
    const offset = selector & 0xfff8;
    const limit = local ? u32[at.segmentLimit + LDTR] : u32[at.gdtLimit];
    if ((local && u32[at.segmentAccess + LDTR] & ACCESS.unusable) || offset + size - 1 > limit) {
      this.core.raise(record, vector, selector & 0xfffc);
      return 0;
    }
    return this.access.locateIn(record, local ? at.segmentBase + 2 * LDTR : at.gdtBase, offset, size);
  }

  /** Upper half of a 16-byte descriptor (IA-32e): bits 63..32 of the address it holds, or -1 with a fault raised. */
  readUpper(record: number, selector: number, vector: number): number {
    const { core } = this;
    const from = this.locate(record, selector, vector, 16);
    if (from === 0) return -1;
    const upper = core.view.getUint32(from + 8, true);
    if (core.view.getUint32(from + 12, true) & 0x1f00) {
      core.raise(record, vector, selector & 0xfffc);
      return -1;
    }
    return upper;
  }

  /** Sets bits in the high half of a descriptor in memory: accessed (code, data), busy (TSS). 0 or EXIT.fault. */
  mark(record: number, selector: number, high: number): number {
    const base = selector & 4 ? at.segmentBase + 2 * LDTR : at.gdtBase;
    return this.access.storeIn(record, base, (selector & 0xfff8) + 4, 4, high);
  }

  markAccessed(record: number, selector: number, high: number): number {
    return high & ACCESS.accessed ? 0 : this.mark(record, selector, high | ACCESS.accessed);
  }

  /** Fills a segment register from a descriptor; checks were made. The caller updates the mode after CS and SS. */
  assign(index: number, selector: number, low: number, high: number): void {
    this.place(index, selector, baseOf(low, high), limitOf(low, high), (high & RIGHTS) | ACCESS.accessed);
  }

  /** The same for CS and SS in 64-bit mode, where their base and limit count for nothing. */
  assignLong(index: number, selector: number, low: number, high: number): void {
    const { u32 } = this.core;
    const limit = limitOf(low, high);
    u32[at.selector + index] = selector;
    u32[at.segmentLimit + index] = limit;
    u32[at.segmentAccess + index] = (high & RIGHTS) | ACCESS.accessed;
    u32[at.descriptorBase + 2 * index] = baseOf(low, high);
    u32[at.segmentPlain + index] = 1;
    const flat = limit === 0xffff_ffff ? 1 << index : 0;
    u32[at.segmentKinds] = (u32[at.segmentKinds] & ~(1 << index)) | (0x100 << index) | flat;
  }

  /** System registers (LDTR, TR): no accessed bit; `upper` of the base in IA-32e mode. */
  assignSystem(index: number, selector: number, low: number, high: number, upper: number): void {
    this.place(index, selector, baseOf(low, high), limitOf(low, high), high & RIGHTS);
    this.core.u32[at.segmentBase + 2 * index + 1] = upper;
  }

  /** A null selector. In 64-bit mode it leaves a segment that works all the same. */
  assignNull(index: number, selector: number): void {
    this.place(index, selector, 0, 0, ACCESS.unusable);
  }

  /** Real mode: base from the paragraph, limit and size stay ("unreal"). Virtual-8086 mode: 64 KiB, DPL 3 (SDM 3, 21.3.1). */
  assignParagraph(index: number, selector: number): void {
    const { core } = this;
    const { u32 } = core;
    if (core.virtual8086) this.place(index, selector, selector << 4, 0xffff, 0xf300);
    else {
      const size = u32[at.segmentAccess + index] & (ACCESS.big | ACCESS.granular);
      const limit = u32[at.segmentAccess + index] & ACCESS.unusable ? 0xffff : u32[at.segmentLimit + index];
      this.place(index, selector, selector << 4, limit, size | (index === CS ? 0x9b00 : 0x9300));
    }
  }

  /** Flat segments of SYSCALL, SYSENTER and their returns. */
  assignFlat(index: number, selector: number, rights: number): void {
    if (!this.core.long64) return this.place(index, selector, 0, 0xffff_ffff, rights);
    const { u32 } = this.core;
    u32[at.selector + index] = selector;
    u32[at.segmentLimit + index] = 0xffff_ffff;
    u32[at.segmentAccess + index] = rights;
    u32[at.segmentBase + 2 * index] = u32[at.segmentBase + 2 * index + 1] = 0;
    u32[at.descriptorBase + 2 * index] = u32[at.descriptorBase + 2 * index + 1] = 0;
    u32[at.segmentPlain + index] = 1;
    u32[at.segmentKinds] |= 0x101 << index;
  }

  private place(index: number, selector: number, base: number, limit: number, rights: number): void {
    const { u32 } = this.core;
    u32[at.selector + index] = selector;
    u32[at.segmentLimit + index] = limit;
    u32[at.segmentAccess + index] = rights;
    const visible = index > DS || !this.core.long64;
    u32[at.segmentBase + 2 * index] = visible ? base : 0;
    u32[at.segmentBase + 2 * index + 1] = 0;
    if (index <= DS) {
      u32[at.descriptorBase + 2 * index] = base;
      u32[at.descriptorBase + 2 * index + 1] = 0;
    }
    this.updatePlain(index);
  }

  /** 64-bit mode was entered or left: the bases of ES, CS, SS, DS are 0 there, else what was loaded. */
  showBases(): void {
    const { core } = this;
    for (let i = ES; i <= DS; i++) {
      core.u32[at.segmentBase + 2 * i] = core.long64 ? 0 : core.u32[at.descriptorBase + 2 * i];
      core.u32[at.segmentBase + 2 * i + 1] = 0;
    }
  }

  refreshPlain(): void {
    for (let i = ES; i <= GS; i++) this.updatePlain(i);
  }

  private updatePlain(index: number): void {
    const { core } = this;
    const rights = core.u32[at.segmentAccess + index];
    const expandDown = (rights & (ACCESS.code | ACCESS.expandDown)) === ACCESS.expandDown;
    const typed = (rights & (ACCESS.code | ACCESS.writable)) === ACCESS.writable;
    const usable = (rights & ACCESS.unusable) === 0 && !expandDown && (typed || core.paragraphs);
    const plain = core.long64 || usable;
    core.u32[at.segmentPlain + index] = plain ? 1 : 0;
    const flat =
      plain && core.u32[at.segmentBase + 2 * index] === 0 && core.u32[at.segmentLimit + index] === 0xffff_ffff;
    core.u32[at.segmentKinds] =
      (core.u32[at.segmentKinds] & ~(0x101 << index)) | (plain ? 0x100 << index : 0) | (flat ? 1 << index : 0);
  }

  /** contract.ts: checkSegment. SDM 3, 5.3 to 5.5. */
  check(segment: number, offset: number, size: number, write: number, record: number): number {
    const { core } = this;
    if (core.long64) return 0;
    const rights = core.u32[at.segmentAccess + segment];
    const data = (rights & ACCESS.code) === 0;
    const typed = write ? data && (rights & ACCESS.writable) !== 0 : data || (rights & ACCESS.readable) !== 0;
    if ((rights & ACCESS.unusable) === 0 && (typed || core.paragraphs)) {
      const limit = core.u32[at.segmentLimit + segment];
      if (inLimit(offset >>> 0, size, limit, rights)) return 0;
    }
    return core.raise(record, segment === SS ? SSF : GP, 0);
  }

  /** MOV Sreg, POP Sreg (SDM 2B): argument 0 the register, 1 the selector. */
  readonly loadHelper = (record: number): number => {
    const outcome = this.loadPointer(record);
    if (outcome === EXIT.leaveNext) this.core.castShadow(2);
    return outcome;
  };

  /** LDS and its kind (SDM 2A). LSS loads the pointer as well, so it holds nothing off (SDM 3, 6.8.3). */
  readonly loadPointer = (record: number): number => {
    const index = this.core.argument(0);
    if (this.load(record, index, this.core.argument(1) & 0xffff)) return EXIT.fault;
    return index === SS ? EXIT.leaveNext : 0;
  };

  load(record: number, index: number, selector: number): number {
    if (this.core.paragraphs) {
      this.assignParagraph(index, selector);
      return 0;
    }
    if (index === SS) return this.loadStack(record, selector);
    if (isNull(selector)) {
      this.assignNull(index, selector);
      return 0;
    }
    if (this.read(record, selector, GP)) return EXIT.fault;
    const { low, high } = this;
    const { cpl } = this.core;
    if (!isReadable(high)) return this.core.raise(record, GP, selector & 0xfffc);
    const guarded = !isCode(high) || !isConforming(high);
    if (guarded && ((selector & 3) > dplOf(high) || cpl > dplOf(high)))
      return this.core.raise(record, GP, selector & 0xfffc);
    if (!isPresent(high)) return this.core.raise(record, NP, selector & 0xfffc);
    if (this.markAccessed(record, selector, high)) return EXIT.fault;
    this.assign(index, selector, low, high);
    return 0;
  }

  private loadStack(record: number, selector: number): number {
    const { core } = this;
    const { cpl } = core;
    if (isNull(selector)) {
      if (!core.long64 || cpl === 3 || (selector & 3) !== cpl) return core.raise(record, GP, 0);
      this.assignNull(SS, selector);
      return 0;
    }
    if (this.checkStack(record, selector, cpl, GP)) return EXIT.fault;
    this.assign(SS, selector, this.low, this.high);
    return 0;
  }

  /** A selector for SS at privilege `cpl`: errors are `vector`(selector), not present #SS(selector). Marks it accessed. */
  checkStack(record: number, selector: number, cpl: number, vector: number): number {
    const { core } = this;
    if (this.read(record, selector, vector)) return EXIT.fault;
    const { high } = this;
    if ((selector & 3) !== cpl || dplOf(high) !== cpl || !isWritableData(high)) {
      return core.raise(record, vector, selector & 0xfffc);
    }
    if (!isPresent(high)) return core.raise(record, SSF, selector & 0xfffc);
    return this.markAccessed(record, selector, high);
  }

  /** After a return to an outer privilege: data segments it may not use become null, bases stay (SDM 2B RET). */
  dropPrivileged(cpl: number): void {
    for (const index of [ES, DS, FS, GS]) {
      const rights = this.core.u32[at.segmentAccess + index];
      if (rights & ACCESS.unusable) continue;
      if (isCode(rights) && isConforming(rights)) continue;
      if (dplOf(rights) >= cpl) continue;
      this.core.u32[at.selector + index] = 0;
      this.core.u32[at.segmentAccess + index] = ACCESS.unusable;
      this.updatePlain(index);
    }
  }
}

/** Whether [offset, offset + size) lies in a segment; expand-down segments hold what is above their limit (SDM 3, 5.3). */
export function inLimit(offset: number, size: number, limit: number, rights: number): boolean {
  const last = offset + size - 1;
  if ((rights & (ACCESS.user | ACCESS.code | ACCESS.expandDown)) === (ACCESS.user | ACCESS.expandDown)) {
    return offset > limit && last <= (rights & ACCESS.big ? 0xffff_ffff : 0xffff);
  }
  return last <= limit || limit === 0xffff_ffff;
}
