/** Linear addresses: what a person types, and the fields the CPU makes of one (volume 3, 4.5). 64-bit values are bigint. */

export const ENTRY_BITS = 9;
const PAGE_BITS = 12;

export type Parsed = { readonly address: bigint } | { readonly problem: string };

/** Bits of a linear address that are translated: 48 with four levels, 57 with five. */
export const bitsOfLevels = (levels: number): number => PAGE_BITS + ENTRY_BITS * levels;

const signExtend = (address: bigint, bits: number): bigint => BigInt.asUintN(64, BigInt.asIntN(bits, address));

/** Hexadecimal, with or without 0x, spaces and underscores. */
export function parseAddress(text: string, levels: number): Parsed {
  const digits = text.replace(/[\s_'`]/g, "").replace(/^0x/i, "");
  if (digits === "") return { problem: "Type an address in hexadecimal, such as 400000." };
  if (!/^[0-9a-f]+$/i.test(digits)) return { problem: "Only hexadecimal digits: 0 to 9 and a to f." };
  if (digits.length > 16) return { problem: "An address has at most 16 hexadecimal digits (64 bits)." };
  const address = BigInt(`0x${digits}`);
  const bits = bitsOfLevels(levels);
  if (signExtend(address, bits) !== address)
    return {
      problem: `Not canonical: bits 63 to ${bits - 1} must all be equal. The CPU refuses it (#GP) before any walk.`,
    };
  return { address };
}

export interface Field {
  readonly name: string;
  readonly bits: number;
  readonly value: number;
}

const levelNames = ["PT", "PD", "PDPT", "PML4", "PML5"];

/** The fields from the root down: one index per level that is walked, then the offset into the page. */
export function splitAddress(address: bigint, levels: number, offsetBits = PAGE_BITS): Field[] {
  const fields: Field[] = [];
  for (let level = levels - 1; PAGE_BITS + ENTRY_BITS * level >= offsetBits; level--) {
    const shift = BigInt(PAGE_BITS + ENTRY_BITS * level);
    fields.push({ name: levelNames[level], bits: ENTRY_BITS, value: Number((address >> shift) & 511n) });
  }
  const value = Number(address & ((1n << BigInt(offsetBits)) - 1n));
  return [...fields, { name: "offset", bits: offsetBits, value }];
}

/** The first address that another entry of a table maps: its index at that level (0 is the root), all below it zero. */
export function withIndex(address: bigint, levels: number, level: number, index: number): bigint {
  const bits = bitsOfLevels(levels);
  const shift = BigInt(PAGE_BITS + ENTRY_BITS * (levels - 1 - level));
  const above = (BigInt.asUintN(bits, address) >> (shift + BigInt(ENTRY_BITS))) << (shift + BigInt(ENTRY_BITS));
  return signExtend(above | (BigInt(index) << shift), bits);
}

/** Physical address bits of a page table entry. */
const FRAME = 0x000f_ffff_ffff_f000n;

/** Where the page of the last level's entry begins; its low bits belong to a smaller page and are not part of it. */
export function pageOf(entry: bigint, offsetBits: number): bigint {
  return entry & FRAME & ~((1n << BigInt(offsetBits)) - 1n);
}

/** Present entry next to `index` in this direction, or undefined. */
export function nextPresent(siblings: Uint8Array, index: number, direction: 1 | -1): number | undefined {
  for (let at = index + direction; at >= 0 && at < siblings.length; at += direction) if (siblings[at] !== 0) return at;
  return undefined;
}

/** Cells of the strip; each stands for this many entries. */
export const CELLS = 64;
export const CELL_ENTRIES = 8;

export interface Cell {
  readonly first: number;
  /** Present entries among its eight, and large pages among those. */
  readonly present: number;
  readonly large: number;
}

export function cellsOf(siblings: Uint8Array): Cell[] {
  return Array.from({ length: CELLS }, (_, cell) => {
    const first = cell * CELL_ENTRIES;
    const entries = siblings.subarray(first, first + CELL_ENTRIES);
    return {
      first,
      present: entries.reduce((sum, state) => sum + (state === 0 ? 0 : 1), 0),
      large: entries.reduce((sum, state) => sum + (state === 2 ? 1 : 0), 0),
    };
  });
}

/** The present entry that a click on a cell means: the one after `index` inside it, else its first. */
export function entryOfCell(siblings: Uint8Array, cell: number, index: number): number | undefined {
  const first = cell * CELL_ENTRIES;
  const inside = (at: number | undefined): at is number => at !== undefined && at < first + CELL_ENTRIES;
  const after = index >= first ? nextPresent(siblings, index, 1) : undefined;
  if (inside(after)) return after;
  const start = nextPresent(siblings, first - 1, 1);
  return inside(start) ? start : undefined;
}
