/** Runs sequences on the processor of this machine, through harness.c. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Bits, visible } from "../cases";
import { FX } from "../media/cases";
import {
  BREAKPOINT,
  digest,
  FLAG_MASK,
  floatsOf,
  initialState,
  MOST_CODE,
  type Outcome,
  PAGE_FAULT,
  type Recorded,
  segmentsOf,
  type Sequence,
  startOf,
  WINDOW_BYTES,
} from "./cases";
import { lineOf, MOST_EVENTS, MOST_LABELS, restoredOf } from "./goingOn";
import { LDT } from "./segments";

const here = dirname(fileURLToPath(import.meta.url));
const build = join(here, "..", "..", "..", "build");
const HEAD = 128 + 8 + 4 + 2 + 2 + 12 + 2 + 2 + 2 * MOST_LABELS;
const CASE_BYTES = HEAD + MOST_CODE + WINDOW_BYTES;
const EVENT_HEAD = 128 + 8 + 8 + 12 + 12;
const EVENT_BYTES = EVENT_HEAD + FX.end;
const SUMS = EVENT_BYTES + WINDOW_BYTES + 4;
const EVENTS = SUMS + 4 * MOST_EVENTS + 4;
const RESULT_BYTES = EVENTS + MOST_EVENTS * EVENT_BYTES;
const SEGMENT_BYTES = 16;
/** At a time: each takes 32 KiB. */
const PORTION = 2500;

function compile(): string {
  const program = join(build, "silicon-sequences-harness");
  mkdirSync(build, { recursive: true });
  execFileSync("gcc", ["-O2", "-Wall", "-Wextra", "-fno-stack-protector", "-o", program, join(here, "harness.c")], {
    stdio: "inherit",
  });
  return program;
}
let program: string | undefined;
const compiled = (): string => (program ??= compile());

function encodeSegments(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(0, LDT.length, true);
  LDT.forEach(({ base, limit, kind, wide, pages, restricted, absent }, n) => {
    const at = 4 + n * SEGMENT_BYTES;
    view.setUint32(at, base, true);
    view.setUint32(at + 4, limit, true);
    bytes.set([{ data: 0, down: 1, code: 2 }[kind], ...[wide, pages, restricted, absent].map(Number)], at + 8);
  });
}

function encode(cases: readonly Sequence[]): Uint8Array {
  const first = 4 + LDT.length * SEGMENT_BYTES;
  const bytes = new Uint8Array(first + 4 + cases.length * CASE_BYTES);
  encodeSegments(bytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(first, cases.length, true);
  cases.forEach((test, n) => {
    const at = first + 4 + n * CASE_BYTES;
    const { registers, memory } = initialState(test);
    registers.forEach((value, register) => view.setBigUint64(at + register * 8, value, true));
    view.setBigUint64(at + 128, startOf(test), true);
    view.setUint32(at + 136, test.flags, true);
    view.setUint16(at + 140, test.place, true);
    view.setUint16(at + 142, test.code.length, true);
    segmentsOf(test).forEach((selector, register) => view.setUint16(at + 144 + register * 2, selector, true));
    const restored = restoredOf(test).reduce((bits, register) => bits | (1 << register), 0);
    view.setUint16(at + 156, restored, true);
    view.setUint16(at + 158, test.labels?.length ?? 0, true);
    test.labels?.forEach((label, index) => view.setUint16(at + 160 + 2 * index, label, true));
    bytes.set(test.code, at + HEAD);
    bytes.set(memory, at + HEAD + MOST_CODE);
  });
  return bytes;
}

function event(bytes: Buffer, at: number, bits: Bits): Omit<Outcome, "memory" | "events"> {
  const vector = bytes.readUInt32LE(at + 148);
  return {
    vector,
    error: bytes.readUInt32LE(at + 152),
    cr2: vector === PAGE_FAULT ? bytes.readBigUInt64LE(at + 136) : 0n,
    rip: bytes.readBigUInt64LE(at + 128),
    flags: bytes.readUInt32LE(at + 144) & FLAG_MASK,
    registers: Array.from({ length: 16 }, (_, n) => visible(bits, n, bytes.readBigUInt64LE(at + n * 8))),
    segments: Array.from({ length: 6 }, (_, n) => bytes.readUInt16LE(at + 156 + n * 2)),
    floats: floatsOf(bytes.subarray(at + EVENT_HEAD, at + EVENT_BYTES)),
  };
}

function outcome(bytes: Buffer, at: number, test: Sequence): Outcome {
  const end = event(bytes, at, test.bits);
  const count = bytes.readUInt32LE(at + SUMS - 4);
  const events = Array.from({ length: count }, (_, n) => {
    const sum = bytes.readUInt32LE(at + SUMS + 4 * n);
    return lineOf(test, { ...event(bytes, at + EVENTS + n * EVENT_BYTES, test.bits), sum });
  });
  return {
    ...end,
    rip: end.rip - (end.vector === BREAKPOINT ? 1n : 0n),
    memory: digest(bytes.subarray(at + EVENT_BYTES, at + EVENT_BYTES + WINDOW_BYTES)),
    ...(test.labels && { events: events.join("\n") }),
  };
}

export function runNatively(cases: readonly Sequence[]): Recorded[] {
  if (cases.length > PORTION) return [...runNatively(cases.slice(0, PORTION)), ...runNatively(cases.slice(PORTION))];
  const { stdout, status, signal, stderr } = spawnSync(compiled(), [], {
    input: encode(cases),
    maxBuffer: 2 ** 31 - 1,
  });
  if (status !== 0 || stdout.length !== cases.length * RESULT_BYTES) {
    throw new Error(`the harness failed (${signal ?? status}): ${stderr.toString()}`);
  }
  return cases.map((test, n) => ({ test, outcome: outcome(stdout, n * RESULT_BYTES, test) }));
}
