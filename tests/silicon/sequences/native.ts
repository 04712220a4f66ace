/** Runs sequences on the processor of this machine, through harness.c. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { visible } from "../cases";
import {
  BREAKPOINT,
  digest,
  FLAG_MASK,
  initialState,
  MOST_CODE,
  type Outcome,
  PAGE_FAULT,
  type Recorded,
  type Sequence,
  WINDOW_BYTES,
} from "./cases";

const here = dirname(fileURLToPath(import.meta.url));
const build = join(here, "..", "..", "..", "build");
const HEAD = 128 + 4 + 2 + 2 + 4 + 4;
const CASE_BYTES = HEAD + MOST_CODE + WINDOW_BYTES;
const RESULT_HEAD = 128 + 8 + 8 + 16;
const RESULT_BYTES = RESULT_HEAD + WINDOW_BYTES;
/** At a time: each takes 17 KiB. */
const PORTION = 5000;

function compile(): string {
  const program = join(build, "silicon-sequences-harness");
  mkdirSync(build, { recursive: true });
  execFileSync("gcc", ["-O2", "-Wall", "-Wextra", "-o", program, join(here, "harness.c")], { stdio: "inherit" });
  return program;
}

function encode(cases: readonly Sequence[]): Uint8Array {
  const bytes = new Uint8Array(4 + cases.length * CASE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, cases.length, true);
  cases.forEach((test, n) => {
    const at = 4 + n * CASE_BYTES;
    const { registers, memory } = initialState(test);
    registers.forEach((value, register) => view.setBigUint64(at + register * 8, value, true));
    view.setUint32(at + 128, test.flags, true);
    view.setUint16(at + 132, test.place, true);
    view.setUint16(at + 134, test.code.length, true);
    view.setUint32(at + 136, test.bits, true);
    bytes.set(test.code, at + HEAD);
    bytes.set(memory, at + HEAD + MOST_CODE);
  });
  return bytes;
}

function outcome(bytes: Buffer, at: number, { bits }: Sequence): Outcome {
  const vector = bytes.readUInt32LE(at + 148);
  return {
    vector,
    error: bytes.readUInt32LE(at + 152),
    cr2: vector === PAGE_FAULT ? bytes.readBigUInt64LE(at + 136) : 0n,
    rip: bytes.readBigUInt64LE(at + 128) - (vector === BREAKPOINT ? 1n : 0n),
    flags: bytes.readUInt32LE(at + 144) & FLAG_MASK,
    registers: Array.from({ length: 16 }, (_, n) => visible(bits, n, bytes.readBigUInt64LE(at + n * 8))),
    memory: digest(bytes.subarray(at + RESULT_HEAD, at + RESULT_BYTES)),
  };
}

export function runNatively(cases: readonly Sequence[]): Recorded[] {
  if (cases.length > PORTION) return [...runNatively(cases.slice(0, PORTION)), ...runNatively(cases.slice(PORTION))];
  const { stdout, status, signal, stderr } = spawnSync(compile(), [], { input: encode(cases), maxBuffer: 2 ** 31 - 1 });
  if (status !== 0 || stdout.length !== cases.length * RESULT_BYTES) {
    throw new Error(`the harness failed (${signal ?? status}): ${stderr.toString()}`);
  }
  return cases.map((test, n) => ({ test, outcome: outcome(stdout, n * RESULT_BYTES, test) }));
}
