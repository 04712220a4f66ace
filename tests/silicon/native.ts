/** Runs cases on the processor of this machine, through harness.c. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Bits,
  type Case,
  codeBase,
  crossingShift,
  FLAG_MASK,
  initialState,
  type Outcome,
  type Vector,
  visible,
  WINDOW_BYTES,
} from "./cases";

const here = dirname(fileURLToPath(import.meta.url));
const build = join(here, "..", "..", "build");
const CASE_BYTES = 128 + 4 + 1 + 1 + 18 + WINDOW_BYTES;
const RESULT_BYTES = 128 + 8 + 4 + 4 + WINDOW_BYTES;

/** Why this machine cannot run cases, or undefined. */
export function whyNot(): string | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") return "this needs Linux on an x86-64 processor";
  if (spawnSync("gcc", ["--version"]).error) return "this needs gcc";
  return undefined;
}

/** Compiles a harness.c; the answer is the program's path. */
export function compile(folder: string, name: string): string {
  const program = join(build, name);
  mkdirSync(build, { recursive: true });
  execFileSync("gcc", ["-O2", "-Wall", "-Wextra", "-o", program, join(folder, "harness.c")], { stdio: "inherit" });
  return program;
}

function encode(cases: readonly Case[]): Uint8Array {
  const bytes = new Uint8Array(4 + cases.length * CASE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, cases.length, true);
  cases.forEach((test, n) => {
    const at = 4 + n * CASE_BYTES;
    const state = initialState(test);
    state.registers.forEach((value, register) => view.setBigUint64(at + register * 8, value, true));
    view.setUint32(at + 128, state.flags, true);
    view.setUint8(at + 132, test.bits);
    view.setUint8(at + 133, test.code.length);
    bytes.set(test.code, at + 134);
    view.setUint16(at + 150, test.crossing ? crossingShift(WINDOW_BYTES) : 0, true);
    bytes.set(state.memory, at + 152);
  });
  return bytes;
}

function outcome(bytes: Buffer, at: number, bits: Bits): Outcome {
  const registers = Array.from({ length: 16 }, (_, n) => visible(bits, n, bytes.readBigUInt64LE(at + n * 8)));
  return {
    registers,
    rip: Number(bytes.readBigUInt64LE(at + 128)) + codeBase(bits),
    flags: bytes.readUInt32LE(at + 136) & FLAG_MASK,
    signal: bytes.readUInt32LE(at + 140),
    memory: Uint8Array.from(bytes.subarray(at + 144, at + 144 + WINDOW_BYTES)),
  };
}

export function runNatively(cases: readonly Case[]): Vector[] {
  const { stdout, status, signal, stderr } = spawnSync(compile(here, "silicon-harness"), [], {
    input: encode(cases),
    maxBuffer: 2 ** 31 - 1,
  });
  if (status !== 0 || stdout.length !== cases.length * RESULT_BYTES) {
    throw new Error(`the harness failed (${signal ?? status}): ${stderr.toString()}`);
  }
  return cases.map((test, n) => ({ test, outcome: outcome(stdout, n * RESULT_BYTES, test.bits) }));
}
