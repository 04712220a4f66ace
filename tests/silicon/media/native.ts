/** Runs cases on the processor of this machine, through harness.c. */
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { codeBase, crossingShift, FLAG_MASK, visible } from "../cases";
import { compile } from "../native";
import { type Case, FX, FX_BYTES, initialState, type Outcome, type Vector, WINDOW_BYTES } from "./cases";

const here = dirname(fileURLToPath(import.meta.url));
const HEAD = 128 + 4 + 1 + 1 + 18;
const CASE_BYTES = HEAD + WINDOW_BYTES + FX_BYTES;
const RESULT_BYTES = 128 + 8 + 4 + 4 + WINDOW_BYTES + FX_BYTES;

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
    bytes.set(state.memory, at + HEAD);
    bytes.set(state.fx, at + HEAD + WINDOW_BYTES);
  });
  return bytes;
}

function outcome(bytes: Buffer, at: number, test: Case): Outcome {
  const memory = Uint8Array.from(bytes.subarray(at + 144, at + 144 + WINDOW_BYTES));
  const fx = Uint8Array.from(bytes.subarray(at + 144 + WINDOW_BYTES, at + RESULT_BYTES));
  return {
    registers: Array.from({ length: 16 }, (_, n) => visible(test.bits, n, bytes.readBigUInt64LE(at + n * 8))),
    rip: Number(bytes.readBigUInt64LE(at + 128)) + codeBase(test.bits),
    flags: bytes.readUInt32LE(at + 136) & FLAG_MASK,
    signal: bytes.readUInt32LE(at + 140),
    memory,
    fx,
  };
}

/** MXCSR.MM, misaligned exception mask (AMD APM 2, 11.3.3): AMD's processors take it, Intel's and ours say #GP (SDM 1, 10.2.3). */
const MISALIGNED_MASK = 0x2_0000;
const standard = ({ fx }: Outcome): boolean =>
  (new DataView(fx.buffer, fx.byteOffset).getUint32(FX.mxcsr, true) & MISALIGNED_MASK) === 0;

/** Outcomes of all cases but those in which this processor did what is AMD's own. */
export function runNatively(cases: readonly Case[]): Vector[] {
  const { stdout, status, signal, stderr } = spawnSync(compile(here, "silicon-media-harness"), [], {
    input: encode(cases),
    maxBuffer: 2 ** 31 - 1,
  });
  if (status !== 0 || stdout.length !== cases.length * RESULT_BYTES) {
    throw new Error(`the harness failed (${signal ?? status}): ${stderr.toString()}`);
  }
  return cases
    .map((test, n) => ({ test, outcome: outcome(stdout, n * RESULT_BYTES, test) }))
    .filter((vector) => standard(vector.outcome));
}
