/** ACPI machine language (ACPI 1.0b, 16 and 6.4), as much as a description of fixed devices needs: each function gives the bytes of one term. */

type Bytes = readonly number[];

const word = (value: number): Bytes => [value & 0xff, (value >> 8) & 0xff];
const dword = (value: number): Bytes => [...word(value & 0xffff), ...word(value >>> 16)];
const nameSegment = (name: string): Bytes => [...name.padEnd(4, "_")].map((character) => character.charCodeAt(0));

/** The length counts itself (16.2.4). */
function withLength(body: Bytes): Bytes {
  if (body.length + 1 < 64) return [body.length + 1, ...body];
  const length = body.length + 2;
  if (length > 0xfff) throw new RangeError("firmware: the term is too long");
  return [0x40 | (length & 15), length >> 4, ...body];
}

export const integer = (value: number): Bytes =>
  value < 2
    ? [value]
    : value < 0x100
      ? [0x0a, value]
      : value < 0x1_0000
        ? [0x0b, ...word(value)]
        : [0x0c, ...dword(value)];

/** A device's identity, compressed as ISA Plug and Play does: three letters of five bits, four digits; high byte first. */
export function eisaId(id: string): Bytes {
  const letters = [...id.slice(0, 3)].reduce((sum, letter) => (sum << 5) | (letter.charCodeAt(0) - 0x40), 0);
  const digits = parseInt(id.slice(3), 16);
  return [0x0c, letters >> 8, letters & 0xff, digits >> 8, digits & 0xff];
}

export const name = (segment: string, value: Bytes): Bytes => [0x08, ...nameSegment(segment), ...value];
export const pack = (...elements: Bytes[]): Bytes => [0x12, ...withLength([elements.length, ...elements.flat()])];
export const scope = (segment: string, ...terms: Bytes[]): Bytes => [
  0x10,
  ...withLength([...nameSegment(segment), ...terms.flat()]),
];
export const device = (segment: string, ...terms: Bytes[]): Bytes => [
  0x5b,
  0x82,
  ...withLength([...nameSegment(segment), ...terms.flat()]),
];

/** A buffer of resource descriptors with the end tag behind them; its checksum 0 says "none". */
export function resources(...descriptors: Bytes[]): Bytes {
  const bytes = [...descriptors.flat(), 0x79, 0x00];
  return [0x11, ...withLength([...integer(bytes.length), ...bytes])];
}

/** Ports at a fixed place, all 16 address lines decoded. */
export const ports = (first: number, count: number): Bytes => [0x47, 1, ...word(first), ...word(first), 1, count];
/** An edge-triggered line of the 8259s. */
export const irq = (line: number): Bytes => [0x22, ...word(1 << line)];

/** Minimum and maximum are fixed, and the bridge passes the range on. */
const FIXED = 0x0c;
const range = (tag: number, encode: (value: number) => Bytes, kind: Bytes, first: number, last: number): Bytes => {
  const body = [...kind, ...[0, first, last, 0, last - first + 1].flatMap(encode)];
  return [tag, ...word(body.length), ...body];
};
export const busNumbers = (first: number, last: number): Bytes => range(0x88, word, [2, FIXED, 0], first, last);
export const portRange = (first: number, last: number): Bytes => range(0x88, word, [1, FIXED, 3], first, last);
export const memoryRange = (first: number, last: number): Bytes => range(0x87, dword, [0, FIXED, 1], first, last);
