/** Runs a case through a model of the processor and compares the outcome with the recorded one. */
import { decode } from "../../src/engine/decode/decode";
import type { Flag } from "../../src/isa/expression";
import { execute, GuestFault, type Helpers, type MachineState, setRegister, undefinedFlags } from "../isa/evaluate";
import {
  type Bits,
  type Case,
  codeBase,
  dataBase,
  initialState,
  type InitialState,
  type Outcome,
  START,
  type Vector,
  visible,
  WINDOW_BYTES,
  windowOf,
  isRepeatedComparison,
} from "./cases";

const flagBits: readonly (readonly [Flag, number])[] = [
  ["cf", 0],
  ["pf", 2],
  ["af", 4],
  ["zf", 6],
  ["sf", 7],
  ["df", 10],
  ["of", 11],
];
const signals: Readonly<Record<string, number>> = {
  "#DE": 8,
  "#UD": 4,
  "#BR": 11,
  "#OF": 11,
  "#GP(0)": 11,
  "#PF": 11,
  "#SS(0)": 7,
  "#AC": 7,
};

function machine({ registers, flags, memory }: InitialState, test: Case): MachineState {
  const { bits } = test;
  const offset = (address: bigint, bytes: number) => {
    const at = Number(BigInt.asUintN(64, address)) + dataBase(bits) - windowOf(test);
    if (at >= 0 && at + bytes <= WINDOW_BYTES) return at;
    if (at + bytes > WINDOW_BYTES && at < WINDOW_BYTES + 4096 && !test.crossing) throw new GuestFault("#PF");
    throw new Error(`access outside the window, at ${address.toString(16)}`);
  };
  const named = Object.fromEntries(flagBits.map(([name, bit]) => [name, (flags & (1 << bit)) !== 0]));
  return {
    registers,
    rip: BigInt(START - codeBase(bits)),
    flags: { ...(named as Record<Flag, boolean>), if: true },
    codeLimit: bits === 64 ? undefined : bits === 32 ? 0xffff_ffffn : 0xffffn,
    memory: {
      read(address, bytes) {
        const at = offset(address, bytes);
        return memory.subarray(at, at + bytes).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
      },
      write(address, bytes, value) {
        const at = offset(address, bytes);
        for (let n = 0; n < bytes; n++) memory[at + n] = Number((value >> BigInt(8 * n)) & 255n);
      },
    },
  };
}

/** ENTER (SDM 2A ENTER), which is a system helper because it loops. */
function enter(state: MachineState, allocation: bigint, nesting: bigint, size: bigint, stack: number): bigint {
  const bytes = size / 8n;
  const level = nesting & 31n;
  let pointer = state.registers[4];
  const push = (value: bigint) => {
    pointer = BigInt.asUintN(stack, pointer - bytes);
    state.memory.write(pointer, Number(bytes), BigInt.asUintN(Number(size), value));
  };
  push(state.registers[5]);
  const frame = pointer;
  for (let n = 1n; n < level; n++) push(state.memory.read(state.registers[5] - bytes * n, Number(bytes), false));
  if (level > 0n) push(frame);
  setRegister(state, 5, Number(size), BigInt.asUintN(Number(size), frame));
  setRegister(state, 4, stack, BigInt.asUintN(stack, pointer - allocation));
  return 0n;
}
const helpers = (bits: Bits): Helpers => ({
  enter: (state, allocation, level, size) => enter(state, allocation, level, size, bits),
  flushLine: () => 0n,
});

const decodeCase = (test: Case) => decode(test.code, 0, { long: test.bits === 64, code32: test.bits === 32 });

/** The definition, walked by tests/isa/evaluate.ts. */
export function runByDefinition(test: Case): Outcome {
  const initial = initialState(test);
  const state = machine(initial, test);
  const decoded = decodeCase(test);
  if (decoded.kind !== "instruction") throw new Error(`does not decode: ${decoded.kind}`);
  let signal = 0;
  try {
    execute(state, decoded, test.bits, helpers(test.bits));
  } catch (error) {
    if (!(error instanceof GuestFault)) throw error;
    signal = signals[error.fault];
  }
  let flags = 0;
  for (const [name, bit] of flagBits) if (state.flags[name]) flags |= 1 << bit;
  if (signal && isRepeatedComparison(decoded)) flags = initial.flags;
  const registers = state.registers.map((value, n) => visible(test.bits, n, value));
  return { signal, rip: Number(state.rip) + codeBase(test.bits), flags, registers, memory: initial.memory };
}

/** Flags that the manual leaves undefined in a case, as bits. */
export function undefinedBits(test: Case): number {
  const decoded = decodeCase(test);
  if (decoded.kind !== "instruction") return 0;
  let names: Set<Flag>;
  try {
    names = undefinedFlags(machine(initialState(test), test), decoded, test.bits);
  } catch (error) {
    if (error instanceof GuestFault) return 0;
    throw error;
  }
  return flagBits.reduce((bits, [name, bit]) => (names.has(name) ? bits | (1 << bit) : bits), 0);
}

const hex = (value: bigint | number) => `0x${value.toString(16)}`;
const dump = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/**
 * What differs between the processor's outcome and a model's, or "" when nothing does. When REPE or REPNE faults EFLAGS is as before it, says
 * the manual (SDM 2B REP); processors differ (sequences/cases.ts, `promised`).
 */
export function difference({ test, outcome }: Vector, model: Outcome): string {
  const parts: string[] = [];
  if (model.signal !== outcome.signal) parts.push(`signal ${model.signal}, not ${outcome.signal}`);
  if (model.rip !== outcome.rip) parts.push(`rip ${hex(model.rip)}, not ${hex(outcome.rip)}`);
  const expected = outcome.signal && isRepeatedComparison(decodeCase(test)) ? initialState(test).flags : outcome.flags;
  const flags = (model.flags ^ expected) & ~undefinedBits(test);
  if (flags) parts.push(`flags ${hex(model.flags)}, not ${hex(expected)}`);
  outcome.registers.forEach((value, n) => {
    if (model.registers[n] !== value) parts.push(`register ${n} ${hex(model.registers[n])}, not ${hex(value)}`);
  });
  if (dump(model.memory) !== dump(outcome.memory))
    parts.push(`memory ${dump(model.memory)}, not ${dump(outcome.memory)}`);
  if (parts.length === 0) return "";
  const before = initialState(test);
  const state = before.registers.map(hex).join(" ");
  return `${test.bits}-bit ${dump(test.code)}, flags ${hex(before.flags)}, registers ${state}: ${parts.join("; ")}`;
}
