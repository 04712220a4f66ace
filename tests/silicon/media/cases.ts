/**
 * Cases for instructions with vector or x87 registers. A case is code, a seed and a style, from which `initialState` derives registers,
 * the 512-byte FXSAVE image and the memory window; `initialState` may never change, because the recorded vectors depend on it.
 */
import { gunzipSync, gzipSync } from "node:zlib";
import { type Bits, crossingShift, DATA, dataBase, FLAG_MASK, random, Reader, visible } from "../cases";

/** What lanes and memory are filled with. */
export const STYLES = ["integers", "singles", "doubles", "extended", "texts"] as const;
export type Style = (typeof STYLES)[number];

export const WINDOW_BYTES = 640;
/** The last bytes of the page; the next page is not mapped. */
export const WINDOW = DATA + 4096 - WINDOW_BYTES;
export const FX_BYTES = 512;
/** Places in the FXSAVE image. */
export const FX = {
  control: 0,
  status: 2,
  tags: 4,
  opcode: 6,
  instruction: 8,
  operand: 16,
  mxcsr: 24,
  mask: 28,
  stack: 32,
  xmm: 160,
  end: 416,
} as const;

export interface Case {
  readonly bits: Bits;
  /** The window lies across two pages. */
  readonly crossing: boolean;
  readonly code: Uint8Array;
  readonly seed: number;
  readonly style: Style;
  /** Values for general registers, by number. */
  readonly registers: ReadonlyMap<number, bigint>;
}

export interface State {
  readonly registers: bigint[];
  readonly flags: number;
  readonly memory: Uint8Array;
  readonly fx: Uint8Array;
}
export interface Outcome extends State {
  readonly signal: number;
  readonly rip: number;
}
export interface Vector {
  readonly test: Case;
  readonly outcome: Outcome;
}

/** Where the window of a case begins. */
export const windowOf = ({ crossing }: Pick<Case, "crossing">): number =>
  crossing ? WINDOW + crossingShift(WINDOW_BYTES) : WINDOW;

type Random = () => number;
const whole = (next: Random) => (BigInt(next()) << 32n) | BigInt(next());

/** Drawn anew for each float. */
const drawn = new Uint32Array(10);

function exponentAt(choice: number, bias: number, top: number, fractionBits: number): number {
  if (choice >= 9 && choice <= 12) return bias + (drawn[choice - 9] % 9) - 4;
  const half = bias >> 1;
  switch (choice) {
    case 2:
      return 1;
    case 3:
      return 2;
    case 4:
    case 5:
      return top;
    case 6:
      return top - 1;
    case 7:
      return top - 2;
    case 8:
      return bias;
    case 13:
      return bias + 29 + (drawn[4] % 6);
    case 14:
      return bias + 61 + (drawn[5] % 5);
    case 15:
      return bias + fractionBits;
    case 16:
      return bias + fractionBits + 1;
    case 17:
      return half + (drawn[6] % 5);
    case 18:
      return bias + half + (drawn[7] % 5);
    case 19:
    case 20:
      return drawn[choice - 11] % (top + 1);
    default:
      return 0;
  }
}

/** `at`: a bit; `any`: where the choice is none of the edges. */
function fractionAt(choice: number, fractionBits: number, at: number, any: bigint): bigint {
  const f = BigInt(fractionBits);
  const ones = (1n << f) - 1n;
  if (choice >= 9) return any & ones;
  switch (choice) {
    case 2:
      return 1n;
    case 3:
      return ones;
    case 4:
      return ones - 1n;
    case 5:
      return 1n << (f - 1n);
    case 6:
      return (1n << (f - 1n)) - 1n;
    case 7:
      return 1n << BigInt(at);
    case 8:
      return ones ^ ((1n << BigInt(at)) - 1n);
    default:
      return 0n;
  }
}

/** A float of `exponentBits` and `fractionBits`, often one at which something happens. What is drawn and in which order may not change. */
function edgeFloat(next: Random, exponentBits: number, fractionBits: number): bigint {
  for (let n = 0; n < drawn.length; n++) drawn[n] = next();
  const exponent = exponentAt(next() % 21, (1 << (exponentBits - 1)) - 1, (1 << exponentBits) - 1, fractionBits);
  const at = next() % fractionBits;
  for (let n = 0; n < 6; n++) drawn[n] = next();
  const choice = next() % 12;
  const pair = choice < 9 ? 0 : 2 * (choice - 9);
  const any = (BigInt(drawn[pair]) << 32n) | BigInt(drawn[pair + 1]);
  const fraction = fractionAt(choice, fractionBits, at, any);
  return (
    (BigInt(next() & 1) << BigInt(exponentBits + fractionBits)) | (BigInt(exponent) << BigInt(fractionBits)) | fraction
  );
}

/** 80 bits: usually with the integer bit that belongs to the exponent. */
export function extended(next: Random): bigint {
  const compact = edgeFloat(next, 15, 63);
  const exponent = (compact >> 63n) & 0x7fffn;
  const usual = exponent === 0n ? 0n : 1n;
  const integer = next() % 10 === 0 ? 1n - usual : usual;
  return ((compact >> 63n) << 64n) | (integer << 63n) | (compact & ((1n << 63n) - 1n));
}

const EDGES = [0n, 0xffn, 0x80n, 0x7fn, 0x01n, 0x8000n, 0x7fffn, 0xffffn, 0n, 0xffffn, 0xffffn];

function interesting(next: Random): bigint {
  const kind = next() % 4;
  if (kind < 2) return whole(next);
  let value = 0n;
  for (let n = 0n; n < 64n; n += 16n) value |= EDGES[next() % EDGES.length] << n;
  return kind === 2 ? value : [0n, BigInt(next() % 70), (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n][next() % 5];
}

/** Few different bytes or words, now and then the end of a text. */
function letters(next: Random): bigint {
  const wide = next() % 2 === 0;
  const alphabet = [1n, 1n, 2n, 2n, 3n, 0x7fn, 0x80n, 0xffn];
  let value = 0n;
  for (let n = 0n; n < 64n; n += wide ? 16n : 8n) {
    const letter = next() % 12 === 0 ? 0n : alphabet[next() % alphabet.length];
    value |= (wide && letter & 0x80n ? letter * 0x101n : letter) << n;
  }
  return value;
}

export function quadword(next: Random, style: Style): bigint {
  if (style === "texts") return letters(next);
  if (style === "singles") return (edgeFloat(next, 8, 23) << 32n) | edgeFloat(next, 8, 23);
  if (style === "doubles") return edgeFloat(next, 11, 52);
  return interesting(next);
}

export function initialState(test: Case): State {
  const { style } = test;
  const next = random(test.seed);
  const registers = Array.from({ length: 16 }, () => interesting(next));
  registers[4] = BigInt(windowOf(test) - dataBase(test.bits) + 64);
  for (const [number, value] of test.registers) registers[number] = value;
  if (style === "texts") {
    // Lengths, of which the magnitude counts.
    for (const n of [0, 2]) if (!test.registers.has(n)) registers[n] = BigInt.asUintN(64, BigInt((next() % 43) - 21));
  }
  registers.forEach((value, n) => (registers[n] = visible(test.bits, n, value)));
  const flags = next() & FLAG_MASK;
  const memory = new Uint8Array(WINDOW_BYTES);
  const window = new DataView(memory.buffer);
  for (let n = 0; n < WINDOW_BYTES; n += 8) window.setBigUint64(n, quadword(next, style), true);
  if (style === "extended") {
    for (let n = 0; n + 16 <= WINDOW_BYTES; n += 16) {
      const value = extended(next);
      window.setBigUint64(n, value & ((1n << 64n) - 1n), true);
      window.setUint16(n + 8, Number(value >> 64n), true);
    }
  }
  const fx = new Uint8Array(FX_BYTES);
  const image = new DataView(fx.buffer);
  const usualControl = next() % 2;
  image.setUint16(FX.control, usualControl ? 0x37f : 0x40 | (next() & 0xf3f), true);
  // Some start with a pending exception.
  const flagsHeld = next() % 4 === 0 ? next() & 0x3f : 0;
  const control = image.getUint16(FX.control, true);
  const held = next() % 8 === 0 ? flagsHeld : flagsHeld & control & 0x3f;
  image.setUint16(FX.status, (next() & 0x7f00) | held | (held & ~control & 0x3f ? 0x8080 : 0), true);
  image.setUint8(FX.tags, [0xff, 0xff, 0xff, next() & 0xff][next() % 4]);
  const usualMxcsr = next() % 3;
  image.setUint32(
    FX.mxcsr,
    usualMxcsr === 0 ? 0x1f80 : usualMxcsr === 1 ? 0x1f80 | (next() & 0xe07f) : next() & 0xffff,
    true,
  );
  image.setUint32(FX.mask, 0xffff, true);
  for (let n = 0; n < 8; n++) {
    const value = extended(next);
    image.setBigUint64(FX.stack + 16 * n, value & ((1n << 64n) - 1n), true);
    image.setUint16(FX.stack + 16 * n + 8, Number(value >> 64n), true);
  }
  for (let n = 0; n < (test.bits === 64 ? 32 : 16); n++) {
    image.setBigUint64(FX.xmm + 8 * n, quadword(next, style === "extended" ? "integers" : style), true);
  }
  return { registers, flags, memory, fx };
}

// ---- the recorded form ----

class Writer {
  readonly bytes: number[] = [];
  number(value: bigint): void {
    let rest = BigInt.asUintN(64, value);
    for (; rest > 127n; rest >>= 7n) this.bytes.push(Number(rest & 127n) | 128);
    this.bytes.push(Number(rest));
  }
  pairs(values: ReadonlyMap<number, bigint>): void {
    this.bytes.push(values.size);
    for (const [key, value] of values) {
      this.bytes.push(key);
      this.number(value);
    }
  }
}

const words = (bytes: Uint8Array) => new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
function changes(before: ArrayLike<bigint>, after: ArrayLike<bigint>): Map<number, bigint> {
  const result = new Map<number, bigint>();
  for (let n = 0; n < before.length; n++) if (before[n] !== after[n]) result.set(n, before[n] ^ after[n]);
  return result;
}

const modeBits = { 64: 0, 32: 0x80, 16: 0x20 } as const;
const CROSSING = 0x40;

export function pack(vectors: readonly Vector[]): Uint8Array {
  const writer = new Writer();
  for (const { test, outcome } of vectors) {
    const before = initialState(test);
    const head = test.code.length | modeBits[test.bits] | (test.crossing ? CROSSING : 0);
    writer.bytes.push(head, ...test.code, STYLES.indexOf(test.style));
    writer.number(BigInt(test.seed));
    writer.pairs(test.registers);
    writer.bytes.push(outcome.signal);
    writer.number(BigInt.asUintN(64, BigInt(outcome.rip)));
    writer.number(BigInt(outcome.flags ^ before.flags));
    writer.pairs(changes(before.registers, outcome.registers));
    writer.pairs(changes(words(before.memory), words(outcome.memory)));
    writer.pairs(changes(words(before.fx), words(outcome.fx)));
  }
  return gzipSync(Uint8Array.from(writer.bytes), { level: 9 });
}

export function unpack(compressed: Uint8Array): Vector[] {
  const reader = new Reader(gunzipSync(compressed));
  const vectors: Vector[] = [];
  while (!reader.done) {
    const head = reader.byte();
    const code = Uint8Array.from({ length: head & 0x1f }, () => reader.byte());
    const style = STYLES[reader.byte()];
    const seed = Number(reader.number());
    const place = { bits: head & 0x80 ? 32 : head & 0x20 ? 16 : 64, crossing: (head & CROSSING) !== 0 } as const;
    const test: Case = { ...place, code, style, seed, registers: reader.pairs() };
    const after = initialState(test);
    const signal = reader.byte();
    const rip = Number(reader.number());
    const flags = Number(reader.number()) ^ after.flags;
    for (const [n, bits] of reader.pairs()) after.registers[n] ^= bits;
    for (const part of [words(after.memory), words(after.fx)]) for (const [n, bits] of reader.pairs()) part[n] ^= bits;
    vectors.push({ test, outcome: { ...after, flags, signal, rip } });
  }
  return vectors;
}
