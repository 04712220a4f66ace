/**
 * The page tables as the CPU would walk them (SDM 3, 4.5), with all that stands beside the walked path, and the whole address space as
 * ranges of equal rights. Page numbers (address / 4096) are numbers: exact up to the 57 bits of 5-level paging.
 */
import type { GuestMemory, Paging } from "./memory";
import { type AddressRange, nameRanges, type NamedRegion, type PageRange } from "./regions";
import type { ProcessKey } from "./processes";

export interface PageTableLevel {
  /** "PML5" | "PML4" | "PDPT" | "PD" | "PT" */
  readonly name: string;
  /** Physical address of this table. */
  readonly table: bigint;
  readonly index: number;
  readonly entry: bigint;
  /** present, writable, user... of this entry, in the manual's letters: P R/W U A D G NX PS */
  readonly badges: readonly string[];
  /** Which of the 512 entries are present: 0 absent, 1 present, 2 large page. */
  readonly siblings: Uint8Array;
}

export interface PageTablesView {
  /** Whose they are; undefined before the kernel has processes, and in systems other than Herald. */
  readonly process?: ProcessKey;
  /** Whose tables they are, when the process runs in another one's: in the kernel nobody needs his own. */
  readonly owner?: ProcessKey;
  readonly cr3: bigint;
  readonly address: bigint;
  /** From the root down, ending with the level that maps the page or is not present. */
  readonly levels: readonly PageTableLevel[];
  readonly offsetBits: number;
  /** The translation the CPU itself makes of the address; undefined if it would fault. */
  readonly physical?: bigint;
  /** Contiguous ranges with equal rights, merged. */
  readonly ranges: readonly AddressRange[];
  /** Ranges left out because the list is bounded. */
  readonly rangesOmitted: number;
}

const ENTRIES = 512;
const P = 1;
const RW = 2;
const US = 4;
const PS = 0x80;
const NX = 0x8000_0000;
const LEVEL_NAMES = ["", "PT", "PD", "PDPT", "PML4", "PML5"];

/** Low bits with a letter in the manual's figures; NX is bit 63. */
const BADGES: readonly (readonly [number, string])[] = [
  [P, "P"],
  [RW, "R/W"],
  [US, "U"],
  [0x20, "A"],
  [0x40, "D"],
  [0x100, "G"],
];

/** Bounds of one look at an address space; tables that map themselves would otherwise make it endless. */
const MOST_TABLES = 1024;
const MOST_RANGES = 512;

interface Entry {
  readonly low: number;
  readonly high: number;
}

const isLarge = (entry: Entry, level: number) => (level === 2 || level === 3) && (entry.low & PS) !== 0;
const tableOf = (entry: Entry) => (entry.high & 0xfffff) * 2 ** 32 + ((entry.low & 0xffff_f000) >>> 0);
const rootOf = (paging: Paging) => Number(paging.cr3 & 0x000f_ffff_ffff_f000n);
export const bitsOf = (paging: Paging) => (paging.levels === 5 ? 57 : 48);

function badges(entry: Entry, level: number): string[] {
  const low = (entry.low & P) === 0 ? [] : BADGES.filter(([bit]) => entry.low & bit).map(([, text]) => text);
  if (low.length > 0 && (entry.high & NX) !== 0) low.push("NX");
  if (low.length > 0 && isLarge(entry, level)) low.push("PS");
  return low;
}

function siblings(memory: GuestMemory, table: number, level: number): Uint8Array {
  const states = new Uint8Array(ENTRIES);
  for (let index = 0; index < ENTRIES; index++) {
    const entry = memory.entryAt(table + 8 * index);
    if (entry && (entry.low & P) !== 0) states[index] = isLarge(entry, level) ? 2 : 1;
  }
  return states;
}

export interface Walk {
  readonly levels: readonly PageTableLevel[];
  readonly offsetBits: number;
  readonly physical?: bigint;
}

/** The path from CR3 to the page of `address`. */
export function walkAddress(memory: GuestMemory, paging: Paging, address: bigint): Walk {
  const levels: PageTableLevel[] = [];
  const bits = bitsOf(paging);
  if (BigInt.asUintN(64, BigInt.asIntN(bits, address)) !== address) return { levels, offsetBits: 12 };
  let table = rootOf(paging);
  for (let level: number = paging.levels; level >= 1; level--) {
    const shift = 12 + 9 * (level - 1);
    const index = Number((address >> BigInt(shift)) & 511n);
    const entry = memory.entryAt(table + 8 * index);
    if (!entry) return { levels, offsetBits: shift };
    levels.push({
      name: LEVEL_NAMES[level],
      table: BigInt(table),
      index,
      entry: (BigInt(entry.high) << 32n) | BigInt(entry.low),
      badges: badges(entry, level),
      siblings: siblings(memory, table, level),
    });
    if ((entry.low & P) === 0) return { levels, offsetBits: shift };
    if (level === 1 || isLarge(entry, level)) {
      const size = 1n << BigInt(shift);
      const page = BigInt(tableOf(entry));
      return { levels, offsetBits: shift, physical: page - (page % size) + (address & (size - 1n)) };
    }
    table = tableOf(entry);
  }
  return { levels, offsetBits: 12 };
}

/** Goes through every table once in address order and merges what lies side by side with equal rights. */
class RangeScan {
  readonly ranges: PageRange[] = [];
  omitted = 0;
  private tables = 0;
  private last: PageRange | undefined;

  constructor(private readonly memory: GuestMemory) {}

  /** `rights` is what the levels above allow: RW, US and (as bit 63 there) NX. */
  scan(table: number, level: number, firstPage: number, rights: Entry): void {
    if (++this.tables > MOST_TABLES) {
      this.omitted++;
      return;
    }
    const pagesPerEntry = 2 ** (9 * (level - 1));
    for (let index = 0; index < ENTRIES; index++) {
      const entry = this.memory.entryAt(table + 8 * index);
      if (!entry) return;
      if ((entry.low & P) === 0) continue;
      const here = { low: entry.low & rights.low, high: entry.high | rights.high };
      const page = firstPage + index * pagesPerEntry;
      if (level === 1 || isLarge(entry, level)) this.add(page, pagesPerEntry, here);
      else this.scan(tableOf(entry), level - 1, page, here);
    }
  }

  private add(start: number, pages: number, rights: Entry): void {
    const writable = (rights.low & RW) !== 0;
    const user = (rights.low & US) !== 0;
    const executable = (rights.high & NX) === 0;
    const last = this.last;
    if (
      last &&
      last.start + last.pages === start &&
      last.writable === writable &&
      last.user === user &&
      last.executable === executable
    ) {
      last.pages += pages;
      return;
    }
    this.last = { start, pages, writable, user, executable };
    if (this.ranges.length < MOST_RANGES) this.ranges.push(this.last);
    else this.omitted++;
  }
}

/** Everything that is mapped, lowest address first, cut and named by what the kernel says lies there. */
export function mappedRanges(
  memory: GuestMemory,
  paging: Paging,
  regions: readonly NamedRegion[],
): { readonly ranges: readonly AddressRange[]; readonly omitted: number } {
  const scan = new RangeScan(memory);
  scan.scan(rootOf(paging), paging.levels, 0, { low: RW | US, high: 0 });
  return { ranges: nameRanges(scan.ranges, regions, bitsOf(paging)), omitted: scan.omitted };
}
