/**
 * How a sequence with labels goes on behind an exception, as if a handler had returned: behind a trap at the next instruction, behind a
 * fault at the next label, with stack, pointers, segments and flags as at the beginning. The harness does the same (harness.c). What stood
 * where at each exception is a line of text.
 */
import { decode } from "../../../src/engine/decode/decode";
import { CODE } from "../cases";
import { BREAKPOINT, CALLED, type Outcome, PAGE_FAULT, segmentsOf, type Sequence, STATUS } from "./cases";
import { segmentAt, SS } from "./segments";

export const MOST_LABELS = 96;
/** What comes after them ends it. */
export const MOST_EVENTS = 24;
const DEBUG = 1,
  OVERFLOW = 4;
const STACK_POINTER = 4;
const WINDOW_WORDS = 2048;

/** What an exception shows, and the sum of the memory. */
export interface Event extends Omit<Outcome, "memory" | "events"> {
  readonly sum: number;
}

/** General registers that are as at the beginning again behind a fault. */
export const restoredOf = ({ registers, labels }: Sequence): readonly number[] =>
  labels ? [STACK_POINTER, ...registers.keys()] : [];

export function sumOf(memory: Uint8Array): number {
  const words = new Uint32Array(memory.buffer, memory.byteOffset, WINDOW_WORDS);
  let sum = 0;
  for (let n = 0; n < WINDOW_WORDS; n++) sum = Math.imul(sum ^ words[n], 16777619);
  return sum >>> 0;
}

/** From the first byte of the code; below 0 or beyond its length where it ran elsewhere. */
function placeIn(test: Sequence, rip: bigint, selector: number): number {
  const base = selector & 4 ? (segmentAt(selector)?.base ?? 0) : 0;
  const linear = selector & 4 ? BigInt.asUintN(32, rip + BigInt(base)) : rip;
  return Number(BigInt.asIntN(64, linear - BigInt(CODE + test.place)));
}

/** Where to go on: at this label, or behind a trap ("next"); undefined: it ends. `rip` is as the processor pushes it. */
export class Path {
  private last = -1;
  private events = 0;

  constructor(private readonly test: Sequence) {}

  goesOn({ vector, rip, segments }: Pick<Outcome, "vector" | "rip" | "segments">): number | "next" | undefined {
    const { labels, code } = this.test;
    if (!labels?.length || this.events === MOST_EVENTS || vector >= CALLED) return undefined;
    const at = placeIn(this.test, rip, segments![1]);
    if (vector === BREAKPOINT && at === code.length + 1) return undefined;
    const traps = vector === DEBUG || vector === BREAKPOINT || vector === OVERFLOW;
    const next = traps && at > 0 && at <= code.length;
    const from = at >= 0 && at < code.length ? at : this.last;
    const label = labels.find((one) => one > from);
    if (!next && label === undefined) return undefined;
    this.events++;
    if (next) return "next";
    return (this.last = label!);
  }
}

/** Flags at an exception may be undefined: at a step behind an instruction that leaves them so; and see `promised` about REPE and REPNE. */
function openAt(test: Sequence, { vector, rip, segments }: Event): number {
  if (vector === DEBUG) return STATUS;
  const at = placeIn(test, rip, segments![1]);
  if (at < 0 || at >= test.code.length) return 0;
  const [selector] = [segments![1]];
  const long = selector === segmentsOf({ ...test, segments: undefined, bits: 64 })[1];
  const code32 = !long && segmentAt(selector)?.wide === true;
  const decoded = decode(test.code.subarray(at), 0, { long, code32 });
  return decoded.kind === "instruction" && decoded.instruction.repeat === "compare" && decoded.rep ? STATUS : 0;
}

const END_OF_USER = 0x7fff_ffff_f000n;

export function lineOf(test: Sequence, event: Event): string {
  const { vector, error, cr2, rip, flags, registers, segments, floats, sum } = event;
  // As `difference` has it: what Linux tells of its own addresses, null selectors, and half of a stack pointer.
  const code = vector === PAGE_FAULT && cr2 >= END_OF_USER ? error | 1 : error;
  const stack = segmentAt(segments![SS]);
  const seen = registers.map((value, n) => (n === STACK_POINTER && stack && !stack.wide ? value & 0xffffn : value));
  const parts = [vector, code, cr2, rip, flags & ~openAt(test, event), ...seen];
  const selectors = segments!.map((one) => (one < 4 ? 0 : one));
  return [...parts, ...selectors, sum].map((one) => one.toString(16)).join(" ") + ` | ${floats}`;
}

const NAMES = ["vector", "error", "cr2", "rip", "flags", ...Array.from({ length: 16 }, (_, n) => `register ${n}`)];
const FIELDS = [...NAMES, "es", "cs", "ss", "ds", "fs", "gs", "memory", "|"];

/** The first line that differs, by its fields. */
export function eventDifference(expected: string, found: string): string {
  const [theirs, ours] = [expected, found].map((text) => text.split("\n"));
  for (let n = 0; n < Math.max(theirs.length, ours.length); n++) {
    if (theirs[n] === ours[n]) continue;
    const [a, b] = [ours[n] ?? "", theirs[n] ?? ""].map((line) => line.split(" "));
    const parts = Array.from({ length: Math.max(a.length, b.length) }, (_, k) => k)
      .filter((k) => a[k] !== b[k])
      .map((k) => `${FIELDS[k] ?? `floats ${k - FIELDS.length}`} ${a[k]}, not ${b[k]}`);
    return `event ${n} (vector ${a[0]} at ${a[3]}): ${parts.slice(0, 6).join("; ")}`;
  }
  return "";
}
