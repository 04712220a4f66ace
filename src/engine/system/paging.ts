/**
 * Page walks (SDM 3, chapter 4): 32-bit, PAE, 4-level and 5-level. Addresses are halves; nothing here allocates.
 *
 * Accessed bits are set entry by entry on the way down, those of the leaf (and its dirty bit) once the access is known to
 * be allowed (SDM 3, 4.8). Deviation: PAE's four directory pointers are read at each walk, not kept in registers.
 */
import { PAGE_KINDS, RAM, TRACKED_PAGES } from "../areas";
import { at, CR0, CR4, EFER, FLAG, PHYSICAL_BITS, type Core } from "./core";

/** How memory is accessed. */
export const READ = 0,
  WRITE = 1,
  /** With the rights of CPL 3. */
  USER = 2,
  EXECUTE = 4,
  /** Supervisor access that the processor makes by itself (descriptor tables, TSS): SMAP holds whatever AC says. */
  IMPLICIT = 8,
  /** Change nothing: no accessed or dirty bits. */
  PROBE = 16;

/** Page-fault error code bits (SDM 3, 4.7). `FAULT` marks a failed walk whose code is 0. */
export const CODE = { present: 1, write: 2, user: 4, reserved: 8, fetch: 16 };
export const FAULT = 0x100;

/** Page kinds, small numbers for the cache; 0: not asked yet. */
export const RAM_PAGE = 1,
  ROM_PAGE = 2,
  DEVICE_PAGE = 3;

/** Bits of table entries (SDM 3, 4.5). */
export const PRESENT = 1,
  WRITABLE = 2,
  USER_PAGE = 4,
  ACCESSED = 0x20,
  DIRTY = 0x40,
  LARGE_PAGE = 0x80,
  GLOBAL_PAGE = 0x100;
const TWO32 = 0x1_0000_0000;
/** Bits 51..PHYSICAL_BITS of an entry, in its high half. */
const BEYOND_PHYSICAL = 0xf_ffff & ~((1 << (PHYSICAL_BITS - 32)) - 1);
const PHYSICAL_HIGH = (1 << (PHYSICAL_BITS - 32)) - 1;
const NO_EXECUTE = 0x8000_0000;
/** A place that no memory has. */
const UNTRACKED = 0xffff_ffff;

/** The entries that the last walk read, by their place in the u32 view (beyond it for those in a device), and the size of the page. */
export interface Walk {
  readonly trail: Uint32Array;
  readonly depth: number;
  readonly shift: number;
}

export class Paging implements Walk {
  readonly trail = new Uint32Array(8);
  depth = 0;
  shift = 12;
  /** Results of the last successful walk. */
  physical = 0;
  dirty = false;
  global = false;
  userPage = false;
  /** The same access could write; with `dirty`, without changing any entry. */
  writable = false;
  /** What a PROBE would have written: accessed and dirty bits, from the root down. */
  private readonly owed = { addresses: new Float64Array(8), values: new Int32Array(8), count: 0 };

  /** The board's address mask (A20), low half; see refreshMask. */
  private mask = -1;
  private readonly kinds: Uint8Array;
  private entryHigh = 0;

  constructor(private readonly core: Core) {
    const { buffer } = core.state.memory;
    this.kinds = new Uint8Array(buffer, PAGE_KINDS.at, Math.min(TRACKED_PAGES, (buffer.byteLength - RAM) >>> 12));
  }

  /** Reads the A20 mask again. True when it changed: cached translations are then wrong. */
  refreshMask(): boolean {
    const mask = this.core.board.addressMask() | 0;
    const changed = mask !== this.mask;
    this.mask = mask;
    this.core.notePlainPaging({ masked: mask !== -1 });
    return changed;
  }

  /** The board's memory map may have changed (reset). */
  forgetKinds(): void {
    this.kinds.fill(0);
  }

  /** What lies at a physical address; asked of the board once per page. */
  kindOf(physical: number): number {
    const page = physical < TWO32 ? physical >>> 12 : Infinity;
    if (page >= this.kinds.length) return DEVICE_PAGE;
    return this.kinds[page] || (this.kinds[page] = this.askKind(page * 4096));
  }

  private askKind(physical: number): number {
    const kind = this.core.board.pageKind(physical);
    return kind === "ram" ? RAM_PAGE : kind === "rom" ? ROM_PAGE : DEVICE_PAGE;
  }

  /** Translates high:low. 0 and the results above, or a page-fault error code with FAULT set. */
  walk(low: number, high: number, access: number): number {
    const { u32 } = this.core;
    this.depth = 0;
    this.shift = 12;
    this.owed.count = 0;
    if (!(u32[at.cr0] & CR0.PG)) {
      this.physical = (low & this.mask) >>> 0;
      this.dirty = this.writable = true;
      this.global = this.userPage = false;
      return 0;
    }
    const cr4 = u32[at.cr4];
    if (!(cr4 & CR4.PAE)) return this.walk32(low, access);
    const noExecute = u32[at.efer] & EFER.NXE ? 0 : NO_EXECUTE;
    if (!(u32[at.efer] & EFER.LMA)) return this.walkPae(low, access, noExecute);
    const root = (u32[at.cr3] & 0xffff_f000) >>> 0;
    const table = root + (u32[at.cr3 + 1] & PHYSICAL_HIGH) * TWO32;
    return this.walkTables(low, high, access, cr4 & CR4.LA57 ? 5 : 4, table, BEYOND_PHYSICAL | noExecute);
  }

  /** SDM 3, 4.5: tables of 512 eight-byte entries from `level` down to 1. */
  private walkTables(
    low: number,
    high: number,
    access: number,
    level: number,
    table: number,
    reserved: number,
  ): number {
    let rights = WRITABLE | USER_PAGE;
    let noExecute = 0;
    for (; ; level--) {
      const address = table + 8 * tableIndex(low, high, level);
      const entry = this.readEntry(address);
      const entryHigh = this.entryHigh;
      if (!(entry & PRESENT)) return this.fault(access, 0);
      const leaf = level === 1 || (entry & LARGE_PAGE && level <= 3);
      const reservedLow = level === 1 ? 0 : level > 3 ? LARGE_PAGE : !leaf ? 0 : level === 2 ? 0x1f_e000 : 0x3fff_e000;
      if (entryHigh & reserved || entry & reservedLow) return this.fault(access, CODE.present | CODE.reserved);
      rights &= entry;
      noExecute |= entryHigh & NO_EXECUTE;
      if (!leaf) {
        if (!(entry & ACCESSED)) this.mark(address, entry | ACCESSED, access);
        table = (entry & 0xffff_f000) >>> 0;
        if (entryHigh & PHYSICAL_HIGH) table += (entryHigh & PHYSICAL_HIGH) * TWO32;
        continue;
      }
      const denied = this.finish(address, entry, access, rights, noExecute);
      if (denied) return denied;
      const inside = level === 1 ? 0xfff : level === 2 ? 0x1f_ffff : 0x3fff_ffff;
      this.shift = 3 + 9 * level;
      this.physical = this.join(entry, entryHigh & PHYSICAL_HIGH, low, inside);
      return 0;
    }
  }

  /** SDM 3, 4.4: four directory pointers with no rights of their own, then two levels. */
  private walkPae(low: number, access: number, noExecute: number): number {
    const pointer = this.readEntry(((this.core.u32[at.cr3] & 0xffff_ffe0) >>> 0) + 8 * (low >>> 30));
    if (!(pointer & PRESENT)) return this.fault(access, 0);
    if (this.entryHigh & ~PHYSICAL_HIGH || pointer & 0x1e6) return this.fault(access, CODE.present | CODE.reserved);
    const table = ((pointer & 0xffff_f000) >>> 0) + (this.entryHigh & PHYSICAL_HIGH) * TWO32;
    return this.walkTables(low, 0, access, 2, table, (0x7fff_ffff & ~PHYSICAL_HIGH) | noExecute);
  }

  /** SDM 3, 4.3: two levels of 1024 four-byte entries; 4 MiB pages with PSE, their address widened by PSE-36. */
  private walk32(low: number, access: number): number {
    const { u32 } = this.core;
    const directory = ((u32[at.cr3] & 0xffff_f000) >>> 0) + 4 * (low >>> 22);
    const pde = this.readEntry32(directory);
    if (!(pde & PRESENT)) return this.fault(access, 0);
    if (pde & LARGE_PAGE && u32[at.cr4] & CR4.PSE) {
      if (pde & 0x20_0000) return this.fault(access, CODE.present | CODE.reserved);
      const denied = this.finish(directory, pde, access, pde, 0);
      if (denied) return denied;
      this.shift = 22;
      this.physical = this.join(pde, (pde >>> 13) & 0xff, low, 0x3f_ffff);
      return 0;
    }
    if (!(pde & ACCESSED)) this.mark(directory, pde | ACCESSED, access);
    const address = ((pde & 0xffff_f000) >>> 0) + 4 * ((low >>> 12) & 0x3ff);
    const pte = this.readEntry32(address);
    if (!(pte & PRESENT)) return this.fault(access, 0);
    const denied = this.finish(address, pte, access, pte & pde, 0);
    if (denied) return denied;
    this.physical = this.join(pte, 0, low, 0xfff);
    return 0;
  }

  private join(entry: number, high: number, low: number, inside: number): number {
    const lower = (((entry & ~inside) | (low & inside)) & this.mask) >>> 0;
    return high === 0 ? lower : high * TWO32 + lower;
  }

  /** Rights of the whole walk (SDM 3, 4.6), then the leaf's accessed and dirty bits. */
  private finish(address: number, entry: number, access: number, rights: number, noExecute: number): number {
    const { u32 } = this.core;
    const user = (rights & USER_PAGE) !== 0;
    const readOnly = (access & WRITE) !== 0 && !(rights & WRITABLE);
    let denied = (access & EXECUTE) !== 0 && noExecute !== 0;
    if (access & USER) denied ||= !user || readOnly;
    else {
      denied ||= readOnly && (u32[at.cr0] & CR0.WP) !== 0;
      if (user) denied ||= this.supervisorBarred(access);
    }
    if (denied) return this.fault(access, CODE.present);
    const wanted = entry | ACCESSED | (access & WRITE ? DIRTY : 0);
    if (wanted !== entry) this.mark(address, wanted, access);
    this.dirty = (wanted & DIRTY) !== 0;
    this.writable = (rights & WRITABLE) !== 0 || (!(access & USER) && !(u32[at.cr0] & CR0.WP));
    this.global = (entry & GLOBAL_PAGE) !== 0 && (u32[at.cr4] & CR4.PGE) !== 0;
    this.userPage = user;
    return 0;
  }

  /** SMEP and SMAP: a supervisor access to a user page. */
  private supervisorBarred(access: number): boolean {
    const { u32 } = this.core;
    if (access & EXECUTE) return (u32[at.cr4] & CR4.SMEP) !== 0;
    return (u32[at.cr4] & CR4.SMAP) !== 0 && ((access & IMPLICIT) !== 0 || !(u32[at.systemFlags] & FLAG.AC));
  }

  private fault(access: number, code: number): number {
    const { u32 } = this.core;
    const nx = (u32[at.cr4] & CR4.PAE) !== 0 && (u32[at.efer] & EFER.NXE) !== 0;
    const fetch = access & EXECUTE && (nx || u32[at.cr4] & CR4.SMEP) ? CODE.fetch : 0;
    return FAULT | code | (access & WRITE ? CODE.write : 0) | (access & USER ? CODE.user : 0) | fetch;
  }

  /** Physical address after the A20 mask. */
  masked(physical: number): number {
    return this.mask === -1 ? physical : Math.floor(physical / TWO32) * TWO32 + ((physical & this.mask) >>> 0);
  }

  private readEntry32(physical: number): number {
    const address = this.masked(physical);
    if (this.kindOf(address) !== DEVICE_PAGE) {
      const index = (RAM + address) >>> 2;
      this.trail[this.depth++] = index;
      return this.core.u32[index] | 0;
    }
    this.trail[this.depth++] = UNTRACKED;
    return Number(this.core.board.physicalRead(address, 4)) | 0;
  }

  /** Low half; the high one is left in entryHigh. */
  private readEntry(physical: number): number {
    const address = this.masked(physical);
    if (this.kindOf(address) !== DEVICE_PAGE) {
      const index = (RAM + address) >>> 2;
      this.trail[this.depth++] = index;
      this.entryHigh = this.core.u32[index + 1];
      return this.core.u32[index] | 0;
    }
    this.trail[this.depth++] = UNTRACKED;
    const value = this.core.board.physicalRead(address, 8);
    this.entryHigh = Number(value >> 32n);
    return Number(value & 0xffff_ffffn) | 0;
  }

  /** Accessed and dirty bits: written, or with PROBE owed. */
  private mark(address: number, value: number, access: number): void {
    if (!(access & PROBE)) return this.writeEntry(address, value);
    const { owed } = this;
    owed.addresses[owed.count] = address;
    owed.values[owed.count++] = value;
  }

  /** Makes of the last walk, a PROBE that succeeded, the walk without it. */
  settle(): void {
    const { addresses, values, count } = this.owed;
    for (let n = 0; n < count; n++) this.writeEntry(addresses[n], values[n]);
    this.owed.count = 0;
  }

  /** Writes the low half of an entry. */
  private writeEntry(physical: number, value: number): void {
    const address = this.masked(physical);
    const kind = this.kindOf(address);
    if (kind === DEVICE_PAGE) this.core.board.physicalWrite(address, 4, BigInt(value >>> 0));
    if (kind !== RAM_PAGE) return;
    this.core.u32[(RAM + address) >>> 2] = value;
    if (this.core.isCodePage(address)) this.core.hooks.codeWritten(address, 4);
  }
}

/** Nine bits of the address for the table at `level`. */
function tableIndex(low: number, high: number, level: number): number {
  switch (level) {
    case 1:
      return (low >>> 12) & 0x1ff;
    case 2:
      return (low >>> 21) & 0x1ff;
    case 3:
      return ((high << 2) | (low >>> 30)) & 0x1ff;
    case 4:
      return (high >>> 7) & 0x1ff;
    default:
      return (high >>> 16) & 0x1ff;
  }
}
