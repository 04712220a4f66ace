/**
 * Test cases for single instructions: what stands in registers, flags and memory before, and the binary format in which recorded
 * outcomes are kept.
 *
 * A case is code bytes, a seed from which `initialState` derives the whole machine, and patches to it (registers that must point
 * somewhere). `initialState` may therefore never change: the recorded vectors depend on it.
 */
import type { decode } from "../../src/engine/decode/decode";
import { gunzipSync, gzipSync } from "node:zlib";

/** Mode of the code: 64-bit, 32-bit with flat segments, or 16-bit with CS at CODE and the data segments at DATA. */
export type Bits = 16 | 32 | 64;
export const BITS: readonly Bits[] = [64, 32, 16];

export const CODE = 0x1000_0000;
export const START = CODE + 0x800;
export const WINDOW_BYTES = 128;
export const DATA = 0x2000_0000;
/** The last bytes of the page at DATA; the next page is not mapped. */
export const WINDOW = DATA + 0x1000 - WINDOW_BYTES;
/** Crossing cases: how far on the window lies, its middle on the border of two pages that are both there. */
export const crossingShift = (windowBytes: number): number => 0x2000 + windowBytes / 2;
/** Where the code and data segments of a mode begin. */
export const codeBase = (bits: Bits): number => (bits === 16 ? CODE : 0);
export const dataBase = (bits: Bits): number => (bits === 16 ? DATA : 0);
/** CF PF AF ZF SF DF OF. */
export const FLAG_MASK = 0xcd5;

export interface Case {
  readonly bits: Bits;
  /** The window lies across two pages. */
  readonly crossing: boolean;
  readonly code: Uint8Array;
  readonly seed: number;
  /** Values for registers, by number. */
  readonly registers: ReadonlyMap<number, bigint>;
  /** 8-byte values for the window, by offset. */
  readonly words: ReadonlyMap<number, bigint>;
}

export interface InitialState {
  readonly registers: bigint[];
  readonly flags: number;
  readonly memory: Uint8Array;
}

export interface Outcome {
  /** 0 retired; 4 SIGILL, 7 SIGBUS, 8 SIGFPE, 11 SIGSEGV. */
  readonly signal: number;
  /** With the base of the code segment. */
  readonly rip: number;
  readonly flags: number;
  readonly registers: readonly bigint[];
  readonly memory: Uint8Array;
}

export interface Vector {
  readonly test: Case;
  readonly outcome: Outcome;
}

/** Where the window of a case begins. */
export const windowOf = ({ crossing }: Pick<Case, "crossing">): number =>
  crossing ? WINDOW + crossingShift(WINDOW_BYTES) : WINDOW;

/** A small generator of 32-bit numbers (mulberry32). */
export function random(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** A 64-bit value, often one at which something happens. */
function interesting(next: () => number): bigint {
  const whole = () => (BigInt(next()) << 32n) | BigInt(next());
  const kind = next() % 8;
  const at = BigInt(next() % 64);
  if (kind < 3) return whole();
  if (kind === 3) return BigInt.asUintN(64, (1n << at) - BigInt(next() % 3));
  if (kind === 4) return BigInt.asUintN(64, ~(1n << at));
  if (kind === 5) return BigInt(next() % 17);
  if (kind === 6) return BigInt.asUintN(64, -BigInt(next() % 17));
  const halves = [0x7fffffffn, 0x80000000n, 0xffffffffn, 0n, 0x7f7f7f7fn, 0x80808080n, 0x00ff00ffn, 1n];
  return (halves[next() % 8] << 32n) | halves[next() % 8];
}

/**
 * What code of this mode can see of a register. 16-bit code runs on a 16-bit stack, where the operating system does not keep
 * the upper half of ESP.
 */
export function visible(bits: Bits, number: number, value: bigint): bigint {
  if (bits === 64) return value;
  if (number >= 8) return 0n;
  return value & (bits === 16 && number === 4 ? 0xffffn : 0xffff_ffffn);
}

export function initialState(test: Case): InitialState {
  const next = random(test.seed);
  const registers = Array.from({ length: 16 }, () => interesting(next));
  registers[4] = BigInt(windowOf(test) - dataBase(test.bits) + 64);
  const flags = next() & FLAG_MASK;
  const memory = new Uint8Array(WINDOW_BYTES);
  const view = new DataView(memory.buffer);
  for (let offset = 0; offset < WINDOW_BYTES; offset += 8) view.setBigUint64(offset, interesting(next), true);
  for (const [number, value] of test.registers) registers[number] = value;
  for (const [offset, value] of test.words) view.setBigUint64(offset, value, true);
  registers.forEach((value, number) => (registers[number] = visible(test.bits, number, value)));
  return { registers, flags, memory };
}

/** Byte by byte, with numbers of varying length: seven bits to a byte. */
class Writer {
  private readonly bytes: number[] = [];

  byte(value: number): void {
    this.bytes.push(value);
  }

  number(value: bigint): void {
    let rest = BigInt.asUintN(64, value);
    for (; rest > 127n; rest >>= 7n) this.bytes.push(Number(rest & 127n) | 128);
    this.bytes.push(Number(rest));
  }

  pairs(values: ReadonlyMap<number, bigint>): void {
    this.byte(values.size);
    for (const [key, value] of values) {
      this.byte(key);
      this.number(value);
    }
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.bytes);
  }
}

/** Reads recorded vectors. */
export class Reader {
  private at = 0;
  constructor(private readonly bytes: Uint8Array) {}

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  byte(): number {
    if (this.done) throw new Error("the recorded vectors end early");
    return this.bytes[this.at++];
  }

  number(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  }

  pairs(): Map<number, bigint> {
    return new Map(Array.from({ length: this.byte() }, () => [this.byte(), this.number()]));
  }
}

/** REPE and REPNE. */
export const isRepeatedComparison = (decoded: ReturnType<typeof decode>): boolean =>
  decoded.kind === "instruction" && decoded.instruction.repeat === "compare" && decoded.rep !== "";

/** Registers and 8-byte words that differ between two lists. */
function differences(before: readonly bigint[], after: readonly bigint[]): Map<number, bigint> {
  return new Map(
    after.flatMap((value, n) => (value === before[n] ? [] : [[n, BigInt.asUintN(64, value - before[n])]])),
  );
}
const words = (memory: Uint8Array): bigint[] => [
  ...new BigUint64Array(memory.buffer, memory.byteOffset, WINDOW_BYTES / 8),
];

const modeBits = { 64: 0, 32: 0x80, 16: 0x40 } as const;

const CROSSING = 0x20;

/** A vector: mode, place of the window and length, code, seed, patches; then signal, RIP from the start, flags, and what changed (as differences). */
export function pack(vectors: readonly Vector[]): Uint8Array {
  const writer = new Writer();
  for (const { test, outcome } of vectors) {
    const before = initialState(test);
    writer.byte(test.code.length | modeBits[test.bits] | (test.crossing ? CROSSING : 0));
    for (const byte of test.code) writer.byte(byte);
    writer.number(BigInt(test.seed));
    writer.pairs(test.registers);
    writer.pairs(test.words);
    writer.byte(outcome.signal);
    writer.number(BigInt(outcome.rip - CODE));
    writer.number(BigInt((outcome.flags ^ before.flags) & FLAG_MASK));
    writer.pairs(differences(before.registers, outcome.registers));
    writer.pairs(differences(words(before.memory), words(outcome.memory)));
  }
  return gzipSync(writer.finish(), { level: 9 });
}

export function unpack(compressed: Uint8Array): Vector[] {
  const reader = new Reader(gunzipSync(compressed));
  const vectors: Vector[] = [];
  while (!reader.done) {
    const head = reader.byte();
    const code = Uint8Array.from({ length: head & 0x1f }, () => reader.byte());
    const seed = Number(reader.number());
    const test: Case = {
      bits: head & 0x80 ? 32 : head & 0x40 ? 16 : 64,
      crossing: (head & CROSSING) !== 0,
      code,
      seed,
      registers: reader.pairs(),
      words: reader.pairs(),
    };
    const before = initialState(test);
    const signal = reader.byte();
    const rip = Number(reader.number()) + CODE;
    const flags = Number(reader.number()) ^ before.flags;
    const registers = before.registers;
    for (const [n, difference] of reader.pairs()) registers[n] = BigInt.asUintN(64, registers[n] + difference);
    const memory = before.memory;
    const view = new BigUint64Array(memory.buffer);
    for (const [n, difference] of reader.pairs()) view[n] += difference;
    vectors.push({ test, outcome: { signal, rip, flags, registers, memory } });
  }
  return vectors;
}
