/**
 * The segments that sequences can reach: those of Linux's GDT that user code may load, and an LDT with the kinds that it lets programs
 * have. Both sides take them from here: the harness by modify_ldt, the engine as descriptors in memory.
 */
import { type Bits, CODE, DATA } from "../cases";

export interface Segment {
  readonly base: number;
  /** In bytes, or in pages with `pages`. */
  readonly limit: number;
  readonly kind: "data" | "down" | "code";
  /** D or B: 32 bits. */
  readonly wide?: boolean;
  readonly pages?: boolean;
  /** Data that cannot be written, code that cannot be read. */
  readonly restricted?: boolean;
  readonly absent?: boolean;
}

export const ES = 0,
  CS = 1,
  SS = 2,
  DS = 3,
  FS = 4,
  GS = 5;

const WINDOW = 0x1fff;
/** In the order of the LDT. Conforming code is not among them: Linux lets nobody have it. */
const table = {
  code16: { base: CODE, limit: 0xffff, kind: "code" },
  data16: { base: DATA, limit: 0xffff, kind: "data" },
  code32: { base: CODE, limit: 0x7fff, kind: "code", wide: true },
  data32: { base: DATA, limit: WINDOW, kind: "data", wide: true },
  flat: { base: 0, limit: 0xf_ffff, kind: "data", wide: true, pages: true },
  readOnly: { base: DATA, limit: WINDOW, kind: "data", wide: true, restricted: true },
  down32: { base: DATA, limit: 0x7ff, kind: "down", wide: true },
  down16: { base: DATA - 0x1000, limit: 0xfff, kind: "down" },
  small: { base: DATA + 0x700, limit: 0x1ff, kind: "data", wide: true },
  absent: { base: DATA, limit: 0xffff, kind: "data", absent: true },
  absentCode: { base: CODE, limit: 0xffff, kind: "code", absent: true },
  unreadable: { base: CODE, limit: 0x7fff, kind: "code", wide: true, restricted: true },
  shortCode: { base: CODE, limit: 0xbff, kind: "code" },
  odd: { base: DATA + 3, limit: WINDOW - 3, kind: "data", wide: true },
  flatCode: { base: 0, limit: 0xf_ffff, kind: "code", wide: true, pages: true },
  codeInPages: { base: CODE, limit: 0, kind: "code", pages: true },
} as const satisfies Record<string, Segment>;

export type SegmentName = keyof typeof table;
export const LDT: readonly Segment[] = Object.values(table);
const LDT_RIGHTS = 7;
export const selectorOf = (name: SegmentName): number => Object.keys(table).indexOf(name) * 8 + LDT_RIGHTS;

/** Linux's own: __USER32_CS, __USER_DS, __USER_CS. */
export const CODE_32 = 0x23,
  DATA_32 = 0x2b,
  CODE_64 = 0x33;
const flatCode: Segment = { base: 0, limit: 0xf_ffff, kind: "code", wide: true, pages: true };
const flatData: Segment = { ...flatCode, kind: "data" };
/** The GDT as far as ring 3 can tell: what is privileged or not there refuses alike. */
export const GDT: ReadonlyMap<number, Segment> = new Map([
  [CODE_32, flatCode],
  [DATA_32, flatData],
  [CODE_64, flatCode],
]);
export const GDT_LIMIT = 0x7f;

/** In a segment register: selectors with any RPL, 0 to 3 for null. */
export function segmentAt(selector: number): Segment | undefined {
  if (selector & 4) return LDT[selector >> 3];
  return GDT.get(selector | 3);
}

const DPL_3 = 0x6000,
  PRESENT = 0x8000,
  IS_SEGMENT = 0x1000,
  CODE_BIT = 0x800,
  DOWN_OR_CONFORMING = 0x400,
  RIGHTS = 0x200,
  ACCESSED = 0x100,
  LONG = 0x20_0000,
  WIDE = 0x40_0000,
  PAGES = 0x80_0000;

/** Bits 8 to 23 of the descriptor's upper half, in place (SDM 3, 3.4.5), as Linux makes them. */
export function accessOf(segment: Segment, long = false): number {
  const { kind, wide, pages, restricted, absent } = segment;
  return (
    IS_SEGMENT |
    DPL_3 |
    ACCESSED |
    (absent ? 0 : PRESENT) |
    (kind === "code" ? CODE_BIT : kind === "down" ? DOWN_OR_CONFORMING : 0) |
    (restricted ? 0 : RIGHTS) |
    (long ? LONG : wide ? WIDE : 0) |
    (pages ? PAGES : 0)
  );
}

export function descriptor(segment: Segment, long = false): bigint {
  const { base, limit } = segment;
  const high = (base & 0xff00_0000) | ((base >>> 16) & 0xff) | (limit & 0xf_0000) | accessOf(segment, long);
  return (BigInt(high >>> 0) << 32n) | BigInt(((base & 0xffff) << 16) >>> 0) | BigInt(limit & 0xffff);
}

/** The last byte of the segment (of data that grows down: the last that is not in it). */
export const lastByte = ({ limit, pages }: Segment): number => (pages ? (limit * 4096 + 4095) >>> 0 : limit);

/** ES CS SS DS FS GS where a sequence does not say: 16-bit code has segments at CODE and DATA, the rest flat ones. */
export function usualSegments(bits: Bits): readonly number[] {
  const data = bits === 16 ? selectorOf("data16") : DATA_32;
  const code = { 64: CODE_64, 32: CODE_32, 16: selectorOf("code16") }[bits];
  return [data, code, data, data, data, data];
}
