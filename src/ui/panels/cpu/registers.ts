/** What the CPU panel shows of the registers. 64-bit values are bigint. */
import type { CpuView } from "../../../worker/protocol";

/** In the order of CpuView.registers. */
const names = "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15".split(" ");

export interface Register {
  readonly name: string;
  readonly value: bigint;
  readonly changed: boolean;
}

/** The sixteen, with what differs from `before`. */
export function registersOf(cpu: CpuView, before: CpuView | undefined): Register[] {
  const all = names.map((name, at) => ({ name, value: cpu.registers[at], old: before?.registers[at] }));
  return all.map(({ name, value, old }) => ({ name, value, changed: old !== undefined && old !== value }));
}

export interface Flag {
  readonly letter: string;
  readonly name: string;
  readonly set: boolean;
  readonly changed: boolean;
}

/** RFLAGS, most significant first (volume 1, 3.4.3). */
const flagBits: readonly (readonly [letter: string, bit: number, name: string])[] = [
  ["o", 11, "overflow"],
  ["d", 10, "direction"],
  ["i", 9, "interrupts on"],
  ["s", 7, "sign"],
  ["z", 6, "zero"],
  ["a", 4, "auxiliary carry"],
  ["p", 2, "parity"],
  ["c", 0, "carry"],
];

export function flagsOf(cpu: CpuView, before: CpuView | undefined): Flag[] {
  return flagBits.map(([letter, bit, name]) => {
    const set = ((cpu.rflags >> BigInt(bit)) & 1n) === 1n;
    const old = before && ((before.rflags >> BigInt(bit)) & 1n) === 1n;
    return { letter: set ? letter.toUpperCase() : letter, name, set, changed: old !== undefined && old !== set };
  });
}

/** The registers at the latest pause and at the one before. */
export interface Pauses {
  readonly tick: number;
  readonly latest?: CpuView;
  readonly before?: CpuView;
}

export const noPause: Pauses = { tick: -1 };

/**
 * Keeps the pause before the latest one, to compare with. A new pause is one at another instant; time that went back is another run.
 */
export function trackPauses(pauses: Pauses, cpu: CpuView, standing: boolean, tick: number): Pauses {
  if (tick < pauses.tick) return standing ? { tick, latest: cpu } : noPause;
  if (!standing) return pauses;
  if (tick === pauses.tick) return pauses.latest === cpu ? pauses : { ...pauses, latest: cpu };
  return { tick, latest: cpu, before: pauses.latest };
}
