/**
 * What lies where in the Wasm memory that generated code and the TypeScript around it share: one line for each area, in the order in which
 * they lie there. Offsets and sizes derive from these lines.
 */

/** An offset in the Wasm memory. */
export type WasmOffset = number;

export interface Area {
  readonly at: WasmOffset;
  readonly entries: number;
  readonly entryBytes: number;
  readonly bytes: number;
  /** Where the next one may begin. */
  readonly end: WasmOffset;
}

/** Nothing lies in the first kilobyte, so that 0 can stand for no place. */
let cursor: WasmOffset = 0x400;
function area(entries: number, entryBytes: number, alignment = 16): Area {
  const at = Math.ceil(cursor / alignment) * alignment;
  const bytes = entries * entryBytes;
  cursor = at + bytes;
  return { at, entries, entryBytes, bytes, end: cursor };
}

/** Of one table of the lookaside: a page's entry stands at the low bits of its number. */
export const LOOKASIDE_ENTRIES = 4096;
/** Pages of 256 MiB, the most memory there is. */
export const TRACKED_PAGES = 0x1_0000;
/** For each size of page, a bit for each value of the low bits of its number. */
export const CODE_LEAF_BITS = 4096;

/**
 * Bytes in an entry of JUMPS: u64 RIP, u32 jumpTag, u32 first record of the block there (0: empty). Where regions may go straight to the function
 * of one that is entered there (regions/links.ts), u32 each: its table slot (else 0), the block's number in it, ticks that must be left, instructions.
 */
export const JUMP = {
  rip: 0,
  tag: 8,
  record: 12,
  slot: 16,
  number: 20,
  needed: 24,
  instructions: 28,
  bytes: 32,
} as const;
/** In an entry of SPACES: u64 CR3, u32 words of `wanted` in use, u32 number for jumpTag (0: none), and the words that its tables must hold. */
export const SPACE = { key: 0, length: 8, epoch: 12, wanted: 16, bytes: 16 + 4 * 3 * 128 } as const;
/** Of GATES and RETURNS; what is in them is short/remembered.ts's affair. */
const REMEMBERED_BYTES = 128;

/** The CPU's state: `layout` in state.ts. */
export const STATE = area(0x3c00, 1);
/** Through which an access passes that is not plain memory. */
export const SCRATCH = area(64, 1, 0x1000);
/** u32 for each pair of a linear and a physical page that regions rely on: the jumpTag it was seen with, or 0 (regions/pages.ts). */
export const PROVEN = area(4096, 4, 0x1000);
/** u32 for each region that relies on open memory: how often it met other memory (regions/open.ts). */
export const OUTSIDE = area(1024, 4);
/**
 * The lookaside's four tables: read and write for supervisor, read and write for user. An entry: u64 tag (linear address of the page, ~0 when
 * empty), u32 delta (host offset = low 32 bits of the linear address + delta), u32 marks (system/lookaside.ts).
 */
export const LOOKASIDE = area(4 * LOOKASIDE_ENTRIES, 16, 0x1_0000);
/** A fifth that never has an entry: every access takes the slow path (alignment checks). */
export const NO_LOOKASIDE = area(LOOKASIDE_ENTRIES, LOOKASIDE.entryBytes);
/** Virtual address -> first record of the block there. An entry: JUMP. Its place: handlers/lookup.ts. */
export const JUMPS = area(65536, JUMP.bytes);
/** u32 places of the lookaside's entries in use: each once, and room for those that were cleared and filled again (system/lookaside.ts). */
export const JOURNAL = area(5 * LOOKASIDE_ENTRIES, 4);
/** What lies at each physical page, one byte (system/paging.ts). */
export const PAGE_KINDS = area(TRACKED_PAGES, 1);
/** 1 for each physical page that code was decoded from (blocks.ts). */
export const CODE_PAGES = area(TRACKED_PAGES, 1);
/** For each of four sizes of page: bits of addresses that code was fetched from (jumps.ts). */
export const CODE_LEAVES = area(4, CODE_LEAF_BITS / 8);
/** By vector: what gates came to the last time (system/short/remembered.ts). */
export const GATES = area(256, REMEMBERED_BYTES);
/** By low bits of the selector: code segments that IRET returned to (system/short/remembered.ts). */
export const RETURNS = area(32, REMEMBERED_BYTES);
/** Address spaces whose jumps are known, for loads of CR3 to come back to. An entry: SPACE (jumps.ts). */
export const SPACES = area(32, SPACE.bytes);
/** For each place where a region is left, the entry of JUMPS that was found there the last time (regions/links.ts). The first stays empty. */
export const SITES = area(8192, JUMP.bytes);
/** Decoded instructions (record.ts), block after block. */
export const RECORDS = area(0x80_0000, 1);
/** Guest physical memory from address 0 to its end, contiguous (VGA and ROM areas included). */
export const RAM: WasmOffset = area(0, 1, 0x1_0000).at;

export const LOOKASIDE_TABLE_BYTES = NO_LOOKASIDE.bytes;
export const lookasideTable = (user: boolean, write: boolean): WasmOffset =>
  LOOKASIDE.at + ((user ? 2 : 0) + (write ? 1 : 0)) * LOOKASIDE_TABLE_BYTES;
