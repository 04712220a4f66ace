/**
 * Pieces of code that run until a breakpoint or an exception: what stands in registers, flags and memory before, and how outcomes are
 * compared. `initialState` may never change: recorded outcomes depend on it.
 */
import { createHash } from "node:crypto";
import { decode } from "../../../src/engine/decode/decode";
import { type Bits, CODE, DATA, isRepeatedComparison, random, visible } from "../cases";
import { extended, FX, quadword } from "../media/cases";
import { fieldName, isOpen } from "../media/image";
import { eventDifference } from "./goingOn";
import { CS, segmentAt, SS, usualSegments } from "./segments";

export const PAGE = 4096;
/** Of the pages at DATA two can be written, the third only read, the next one is not there. */
export const WINDOW_BYTES = 2 * PAGE;
/** Of the pages at CODE the first, the fourth, and the two from PAIR on can be executed; the second may not be, the others are not there. */
export const LAST_CODE_PAGE = 3 * PAGE;
export const PAIR = 6 * PAGE;
export const USUAL_PLACE = 0x800;
export const MOST_CODE = 1024;
/** CF PF AF ZF SF DF OF, and AC. */
export const FLAG_MASK = 0x40cd5;
export const AC = 0x4_0000;
/** The status flags. */
export const STATUS = 0x8d5;
export const BREAKPOINT = 3,
  PAGE_FAULT = 14;
/** Vectors that no exception has: it ran too long, or called the operating system. */
export const ENDLESS = 255,
  CALLED = 254;

export interface Sequence {
  readonly bits: Bits;
  /** Of the first byte, from CODE. */
  readonly place: number;
  readonly code: Uint8Array;
  readonly seed: number;
  readonly flags: number;
  /** Values for registers, by number; the others come from the seed. */
  readonly registers: ReadonlyMap<number, bigint>;
  /** Selectors of ES CS SS DS FS GS, where they are not the usual ones. */
  readonly segments?: readonly number[];
  /** Places in the code where it goes on behind faults (goingOn.ts), from its first byte. */
  readonly labels?: readonly number[];
  /** What memory is filled with: any bits, or singles, doubles, extended values and integers in turn. */
  readonly filling?: "bits" | "numbers";
}

export interface Outcome {
  readonly vector: number;
  readonly error: number;
  /** 0 unless it was a page fault. */
  readonly cr2: bigint;
  /** As an address, without the base of the code segment. */
  readonly rip: bigint;
  readonly flags: number;
  readonly registers: readonly bigint[];
  /** A digest. */
  readonly memory: string;
  /** Of older recordings they are not known. */
  readonly segments?: readonly number[];
  /** x87 and vector state as words, or a digest of them. */
  readonly floats?: string;
  /** The exceptions behind which it went on, a line for each (goingOn.ts), or a digest of them. */
  readonly events?: string;
}

export interface Recorded {
  readonly test: Sequence;
  readonly outcome: Outcome;
}

export const digest = (memory: Uint8Array): string => createHash("sha256").update(memory).digest("hex").slice(0, 12);
export const segmentsOf = ({ bits, segments }: Sequence): readonly number[] => segments ?? usualSegments(bits);
/** Where a segment begins that a sequence starts with. */
export const baseOf = (test: Sequence, register: number): number => segmentAt(segmentsOf(test)[register])?.base ?? 0;
export const startOf = (test: Sequence): bigint => BigInt(CODE + test.place - baseOf(test, CS));

/** Stripes of 64 bytes. */
const STRIPE = 64;
export const STRIPES = ["singles", "doubles", "extended", "integers"] as const;
function fillWithNumbers(view: DataView, next: () => number): void {
  for (let at = 0; at < WINDOW_BYTES; at += 16) {
    const stripe = STRIPES[Math.floor(at / STRIPE) % STRIPES.length];
    const words = [quadword(next, stripe), quadword(next, stripe)];
    const whole = stripe === "extended" ? extended(next) : words[0];
    view.setBigUint64(at, BigInt.asUintN(64, whole), true);
    view.setBigUint64(at + 8, stripe === "extended" ? whole >> 64n : words[1], true);
  }
}

export function initialState(test: Sequence): { registers: bigint[]; memory: Uint8Array } {
  const next = random(test.seed);
  const registers = Array.from({ length: 16 }, () => (BigInt(next()) << 32n) | BigInt(next()));
  registers[4] = BigInt(DATA + 0xc00 - baseOf(test, SS));
  const memory = new Uint8Array(WINDOW_BYTES);
  const view = new DataView(memory.buffer);
  if (test.filling === "numbers") fillWithNumbers(view, next);
  else for (let n = 0; n < WINDOW_BYTES; n += 4) view.setUint32(n, next(), true);
  for (const [number, value] of test.registers) registers[number] = value;
  return { registers: registers.map((value, n) => visible(test.bits, n, value)), memory };
}

/** Instructions that may leave flags undefined. */
export const isLoose = (name: string): boolean =>
  /^(sh[lr]|sa[lr]|ro[lr]|rc[lr]|i?mul|i?div|bs[fr]|bt|aa[amds]|da[as]|and|or|xor|test)/.test(name);

const decodeAs = (code: Uint8Array, bits: Bits) => decode(code, 0, { long: bits === 64, code32: bits === 32 });

/**
 * What a processor that follows the manual shows where the one that was recorded does not: when REPE or REPNE faults, EFLAGS is as before the
 * instruction (SDM 2B REP). AMD's (family 1Ah) shows the flags of the last element that went well; those of before only when there was
 * none, and after 27 or 28 times 128 bytes of 5000.
 */
export function promised(test: Sequence, outcome: Outcome): Outcome {
  const { code, bits, flags, segments } = test;
  // What is fetched after it may fault as well.
  const faulted = outcome.vector !== BREAKPOINT && outcome.rip === startOf(test);
  if (segments || !faulted || !isRepeatedComparison(decodeAs(code, bits))) return outcome;
  return { ...outcome, flags: (outcome.flags & ~STATUS) | (flags & STATUS) };
}

/** Flags that are not compared: of a piece that ends at such an instruction, or of a program (which says its segments), in the middle of one perhaps. */
export function openFlags({ code, bits, segments }: Sequence, { vector }: Outcome): number {
  if (segments) return vector === BREAKPOINT ? 0 : STATUS;
  const decoded = decodeAs(code, bits);
  return decoded.kind === "instruction" && isLoose(decoded.instruction.name) ? STATUS : 0;
}

/** MXCSR.MM, misaligned exception mask (AMD APM 2, 11.3.3): AMD's processors take it, Intel's and ours say #GP (SDM 1, 10.2.3). */
const MISALIGNED_MASK = 0x2_0000n;
/** Outcomes that say nothing about the instructions: what ended it was not one of them (both count time in their own ways), or this processor did what is its maker's own. */
export function isUsable({ vector, floats, events = "" }: Outcome): boolean {
  const states = [floats ?? "", ...events.split("\n").map((line) => line.split(" | ")[1] ?? "")];
  const misaligned = states.some((words) => BigInt(`0x${words.split(" ")[FX.mxcsr / 8] ?? 0}`) & MISALIGNED_MASK);
  return vector !== ENDLESS && vector !== CALLED && !misaligned;
}

const END_OF_USER = 0x7fff_ffff_f000n;
const PRESENT = 1;

const words = (fx: Uint8Array) => {
  const view = new DataView(fx.buffer, fx.byteOffset);
  return Array.from({ length: FX.end / 8 }, (_, n) => view.getBigUint64(n * 8, true).toString(16));
};
/** An FXSAVE image as words, without what processors differ in. */
export function floatsOf(fx: Uint8Array): string {
  const kept = Uint8Array.from(fx.subarray(0, FX.end));
  const status = kept[FX.status];
  for (let n = 0; n < FX.stack; n++) if (isOpen(n, status)) kept[n] = 0;
  return words(kept).join(" ");
}

/** Digests stand in recordings. */
function floatDifference(expected: string, found: string): string {
  const [theirs, ours] = [expected, found].map((text) => text.split(" "));
  if (theirs.length === 1) return expected === digest(Buffer.from(found)) ? "" : "floats";
  const parts = theirs.flatMap((word, n) => (ours[n] === word ? [] : [`${fieldName(8 * n)} ${ours[n]}, not ${word}`]));
  return parts.join("; ");
}

/** Digests stand in recordings here too. */
function eventsDifference(expected: string, found: string): string {
  if (expected === "" || expected.includes(" ")) return eventDifference(expected, found);
  return digest(Buffer.from(found)) === expected ? "" : "events";
}

/** Of a 16-bit stack the operating system does not keep the upper half of ESP. */
const registerSeen = ({ segments }: Outcome, n: number, value: bigint): bigint =>
  n === 4 && segments && segmentAt(segments[SS]) && !segmentAt(segments[SS])?.wide ? value & 0xffffn : value;

/** What differs, or "". AF is left out where `open` says so: it may be undefined. */
export function difference(expected: Outcome, found: Outcome, open = 0): string {
  const parts: string[] = [];
  const compare = (name: string, ours: string, theirs: string) => {
    if (ours !== theirs) parts.push(`${name} ${ours}, not ${theirs}`);
  };
  compare("vector", String(found.vector), String(expected.vector));
  // Linux tells of all faults in its half of the addresses as if pages were there.
  const hidden = expected.cr2 >= END_OF_USER ? PRESENT : 0;
  compare("error code", (found.error | hidden).toString(16), (expected.error | hidden).toString(16));
  compare("cr2", found.cr2.toString(16), expected.cr2.toString(16));
  compare("rip", found.rip.toString(16), expected.rip.toString(16));
  compare("flags", (found.flags & ~open).toString(16), (expected.flags & ~open).toString(16));
  expected.registers.forEach((value, n) => {
    const [ours, theirs] = [found.registers[n], value].map((one) => registerSeen(expected, n, one).toString(16));
    compare(`register ${n}`, ours, theirs);
  });
  compare("memory", found.memory, expected.memory);
  // The return from the operating system makes null selectors 0.
  const selectors = ({ segments }: Outcome) => segments?.map((one) => (one < 4 ? 0 : one).toString(16)).join(" ");
  if (expected.segments) compare("segments", selectors(found)!, selectors(expected)!);
  if (expected.floats) parts.push(...[floatDifference(expected.floats, found.floats!)].filter(Boolean));
  if (expected.events !== undefined) parts.push(...[eventsDifference(expected.events, found.events!)].filter(Boolean));
  return parts.join("; ");
}
