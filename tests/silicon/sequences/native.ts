/** Runs sequences on the processor of this machine, through harness.c. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { visible } from "../cases";
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
import { LDT } from "./segments";

const here = dirname(fileURLToPath(import.meta.url));
const build = join(here, "..", "..", "..", "build");
const HEAD = 128 + 8 + 4 + 2 + 2 + 12 + 4;
const CASE_BYTES = HEAD + MOST_CODE + WINDOW_BYTES;
const RESULT_HEAD = 128 + 8 + 8 + 12 + 12;
const RESULT_BYTES = RESULT_HEAD + FX.end + WINDOW_BYTES;
const SEGMENT_BYTES = 16;
/** At a time: each takes 17 KiB. */
const PORTION = 5000;

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
    bytes.set(test.code, at + HEAD);
    bytes.set(memory, at + HEAD + MOST_CODE);
  });
  return bytes;
}

function outcome(bytes: Buffer, at: number, { bits }: Sequence): Outcome {
  const vector = bytes.readUInt32LE(at + 148);
  const afterFloats = at + RESULT_HEAD + FX.end;
  return {
    vector,
    error: bytes.readUInt32LE(at + 152),
    cr2: vector === PAGE_FAULT ? bytes.readBigUInt64LE(at + 136) : 0n,
    rip: bytes.readBigUInt64LE(at + 128) - (vector === BREAKPOINT ? 1n : 0n),
    flags: bytes.readUInt32LE(at + 144) & FLAG_MASK,
    registers: Array.from({ length: 16 }, (_, n) => visible(bits, n, bytes.readBigUInt64LE(at + n * 8))),
    segments: Array.from({ length: 6 }, (_, n) => bytes.readUInt16LE(at + 156 + n * 2)),
    floats: floatsOf(bytes.subarray(at + RESULT_HEAD, afterFloats)),
    memory: digest(bytes.subarray(afterFloats, at + RESULT_BYTES)),
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
