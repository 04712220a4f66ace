/**
 * What every part of the system side shares: the state as 32-bit words, the board, and how a fault is noted.
 * 64-bit values are read as unsigned halves on hot paths and as bigint elsewhere.
 */
import type { Board } from "../board";
import { EXIT, record as fieldOf } from "../record";
import { CODE_PAGES, TRACKED_PAGES } from "../areas";
import { layout, MODE, NO_STI, type CpuState, type FieldName } from "../state";
import type { SystemHooks } from "./hooks";

/** Index of each field in the state's u32 view (for 64-bit fields: of the low half). */
export const at = Object.fromEntries(
  Object.entries(layout).map(([name, { offset }]) => [name, offset >>> 2]),
) as Record<FieldName, number>;

export const CR0 = {
  PE: 1,
  MP: 2,
  EM: 4,
  TS: 8,
  ET: 16,
  NE: 32,
  WP: 0x1_0000,
  AM: 0x4_0000,
  NW: 0x2000_0000,
  CD: 0x4000_0000,
  PG: 0x8000_0000,
};
export const CR4 = {
  TSD: 4,
  DE: 8,
  PSE: 0x10,
  PAE: 0x20,
  PGE: 0x80,
  PCE: 0x100,
  OSFXSR: 0x200,
  OSXMMEXCPT: 0x400,
  UMIP: 0x800,
  LA57: 0x1000,
  FSGSBASE: 0x1_0000,
  SMEP: 0x10_0000,
  SMAP: 0x20_0000,
};
export const EFER = { SCE: 1, LME: 0x100, LMA: 0x400, NXE: 0x800 };
export const FLAG = {
  CF: 1,
  PF: 4,
  AF: 0x10,
  ZF: 0x40,
  SF: 0x80,
  TF: 0x100,
  IF: 0x200,
  DF: 0x400,
  OF: 0x800,
  IOPL: 0x3000,
  NT: 0x4000,
  RF: 0x1_0000,
  VM: 0x2_0000,
  AC: 0x4_0000,
  VIF: 0x8_0000,
  VIP: 0x10_0000,
  ID: 0x20_0000,
};

export const ES = 0,
  CS = 1,
  SS = 2,
  DS = 3,
  FS = 4,
  GS = 5,
  LDTR = 6,
  TR = 7;

/** Vectors (SDM 3, table 6-1). */
export const DE = 0,
  DB = 1,
  UD = 6,
  DF = 8,
  TS = 10,
  NP = 11,
  SSF = 12,
  GP = 13,
  PF = 14,
  AC = 17;

/** Width of a physical address, as CPUID 80000008 reports it; higher bits of table entries are reserved. */
export const PHYSICAL_BITS = 40;

/** Bits of state.segmentAccess, which are those of a descriptor's high half. */
export const ACCESS = {
  accessed: 0x100,
  writable: 0x200,
  readable: 0x200,
  conforming: 0x400,
  expandDown: 0x400,
  code: 0x800,
  user: 0x1000,
  present: 0x8000,
  long: 0x20_0000,
  big: 0x40_0000,
  granular: 0x80_0000,
  unusable: 0x1_0000,
};
export const DPL_SHIFT = 13;

export class Core {
  readonly u32: Uint32Array;
  readonly u64: BigUint64Array;
  readonly view: DataView;
  /** 1 while an event from outside the program is delivered: bit EXT of selector error codes (SDM 3, 6.13). */
  external = 0;
  /** Linear address of the last page fault: CR2 once it is delivered. */
  faultLow = 0;
  faultHigh = 0;

  /** What keeps page walks from generated code: A20 is off; there are data breakpoints. */
  private hindrances = { masked: false, watched: false };
  private readonly codePages: Uint8Array;

  /** Set when the processor shut down inside a task switch: what led to it. */
  shutdown: string | undefined;

  constructor(
    readonly state: CpuState,
    readonly board: Board,
    readonly hooks: SystemHooks,
    /** Five-level paging exists. */
    readonly levels5 = true,
  ) {
    this.u32 = state.u32;
    this.u64 = state.u64;
    this.view = state.bytes;
    this.codePages = new Uint8Array(state.memory.buffer, CODE_PAGES.at, TRACKED_PAGES);
  }

  notePlainPaging(changed: { masked?: boolean; watched?: boolean }): void {
    this.hindrances = { ...this.hindrances, ...changed };
    this.u32[at.plainPaging] = this.hindrances.masked || this.hindrances.watched ? 0 : 1;
  }

  /** Whether decoded code was made from the page of this address, which is memory. */
  isCodePage(physical: number): boolean {
    return this.codePages[physical >>> 12] !== 0;
  }

  /** Notes a fault. Codes of selector faults get the EXT bit of the event being delivered. */
  raise(record: number, vector: number, code?: number): number {
    const { u32 } = this;
    u32[at.exitRecord] = record;
    u32[at.faultVector] = vector;
    u32[at.faultHasCode] = code === undefined ? 0 : 1;
    u32[at.faultCode] = code === undefined ? 0 : vector >= TS && vector <= GP ? code | this.external : code;
    return EXIT.fault;
  }

  raisePage(record: number, low: number, high: number, code: number): number {
    this.faultLow = low;
    this.faultHigh = high;
    return this.raise(record, PF, code);
  }

  get cpl(): number {
    return this.u32[at.cpl];
  }
  /** 64-bit mode (not merely IA-32e mode). */
  get long64(): boolean {
    return (this.u32[at.mode] & MODE.long) !== 0;
  }
  /** IA-32e mode: 64-bit or compatibility. */
  get longActive(): boolean {
    return (this.u32[at.efer] & EFER.LMA) !== 0;
  }
  get protectedMode(): boolean {
    return (this.u32[at.cr0] & CR0.PE) !== 0;
  }
  get virtual8086(): boolean {
    return (this.u32[at.systemFlags] & FLAG.VM) !== 0;
  }
  /** Real or virtual-8086 mode: a selector is a paragraph number. */
  get paragraphs(): boolean {
    return !this.protectedMode || this.virtual8086;
  }
  get iopl(): number {
    return (this.u32[at.systemFlags] >>> 12) & 3;
  }

  /** Argument i of a helper: its low half, or all of it. */
  argument(i: number): number {
    return this.u32[at.argument + 2 * i];
  }
  argument64(i: number): bigint {
    return this.u64[(at.argument >>> 1) + i];
  }
  get(name: FieldName, i = 0): bigint {
    return this.u64[(at[name] >>> 1) + i];
  }
  set(name: FieldName, value: bigint, i = 0): void {
    this.u64[(at[name] >>> 1) + i] = value;
  }
  /** Value of a helper. */
  yield64(value: bigint): number {
    this.u64[at.value >>> 1] = value;
    return 0;
  }
  yield32(value: number): number {
    this.u32[at.value] = value;
    this.u32[at.value + 1] = 0;
    return 0;
  }

  /** Segment register of the memory operand of a record (SS faults differ). */
  segmentOf(record: number): number {
    return record === 0 ? DS : this.view.getUint8(record + fieldOf.segment);
  }
  /** RIP of the instruction after `record`: state.rip is that of the block. */
  nextRip(record: number): bigint {
    const rip = this.get("rip") + BigInt(this.view.getUint16(record + fieldOf.next, true));
    return this.truncateRip(rip);
  }
  /** The same as halves; or RIP of the instruction itself, by another field of the record. */
  nextRipHalves(record: number, field: number = fieldOf.next): [low: number, high: number] {
    const { u32 } = this;
    const low = u32[at.rip] + this.view.getUint16(record + field, true);
    if (!(u32[at.mode] & MODE.long)) return [low >>> 0, 0];
    return [low >>> 0, low > 0xffff_ffff ? (u32[at.rip + 1] + 1) >>> 0 : u32[at.rip + 1]];
  }
  /** Offset of the memory operand of a record in its segment, as halves. */
  operandOffset(record: number): [low: number, high: number] {
    const { u32, view } = this;
    const base = view.getUint16(record + fieldOf.base, true) >>> 2;
    // An address micro-record has worked it out, and added the base of the segment: what is left has 16 or 32 bits.
    if (base === at.effective) return [(u32[base] - u32[at.segmentBase + 2 * this.segmentOf(record)]) >>> 0, 0];
    const index = view.getUint16(record + fieldOf.index, true) >>> 2;
    const scale = view.getUint8(record + fieldOf.scale);
    const scaled = scale ? (u32[index + 1] << scale) | (u32[index] >>> (32 - scale)) : u32[index + 1];
    const low = u32[base] + ((u32[index] << scale) >>> 0) + view.getUint32(record + fieldOf.displacement, true);
    const carry = Math.floor(low / 2 ** 32);
    return [
      low >>> 0,
      (u32[base + 1] + scaled + view.getUint32(record + fieldOf.displacement + 4, true) + carry) >>> 0,
    ];
  }
  /**
   * How an instruction ends that has set RIP: generated code goes on there by itself if it is 64-bit code, or 32-bit code in the segment
   * that code was in, and the run loop has nothing to do before: no single step, and no interrupt that is let through now.
   */
  goOn(): number {
    const { u32 } = this;
    const flags = u32[at.systemFlags];
    // RF and what the debug registers found are the run loop's business.
    if (flags & (FLAG.TF | FLAG.RF) || u32[at.debugPending]) return EXIT.leave;
    if (!(u32[at.mode] & MODE.long)) {
      if (!(u32[at.mode] & MODE.code32)) return EXIT.leave;
      if (!this.hooks.inSegment(u32[at.segmentBase + 2 * CS], u32[at.segmentLimit + CS])) return EXIT.leave;
    }
    return flags & FLAG.IF && this.board.interruptPending() ? EXIT.leave : EXIT.goOn;
  }
  /** The same of one that goes on behind itself, and changed nothing that the run loop looks at. */
  goOnNext(record: number): number {
    const { u32 } = this;
    if (u32[at.mode] & MODE.long) return EXIT.goOnNext;
    const next = u32[at.rip] + this.view.getUint16(record + fieldOf.next, true);
    if (!(u32[at.mode] & MODE.code32) || next > 0xffff_ffff) return EXIT.leaveNext;
    const known = this.hooks.inSegment(u32[at.segmentBase + 2 * CS], u32[at.segmentLimit + CS]);
    return known ? EXIT.goOnNext : EXIT.leaveNext;
  }
  /** Interrupts are held for one instruction; an earlier shadow in the same run is over. */
  castShadow(shadow: 1 | 2): void {
    this.u32[at.shadow] = shadow;
    this.u32[at.stiAt] = NO_STI;
  }

  /** 16-bit code has 32 bits of it, too: it does not begin anew behind the first 64 KiB. */
  truncateRip(rip: bigint): bigint {
    return BigInt.asUintN(this.u32[at.mode] & MODE.long ? 64 : 32, rip);
  }

  /** Whether high:low is not canonical: bits 63 down to 47 (or 56, with LA57) must be equal (SDM 1, 3.3.7.1). */
  nonCanonicalHalves(high: number): boolean {
    const top = high >> (this.u32[at.cr4] & CR4.LA57 ? 24 : 15);
    return top !== 0 && top !== -1;
  }
  nonCanonical(address: bigint): boolean {
    return this.nonCanonicalHalves(Number(address >> 32n) | 0);
  }
}
