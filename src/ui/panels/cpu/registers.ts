/** What the CPU panel shows of the registers. 64-bit values are bigint. */
import type { CpuView } from "../../../worker/protocol";

/** In the order of CpuView.registers. */
const names = "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15".split(" ");

export interface Register {
  readonly name: string;
  /** In hexadecimal, as wide as the register. */
  readonly value: string;
  readonly changed: boolean;
}

const hex = (value: bigint, bits: number): string =>
  BigInt.asUintN(bits, value)
    .toString(16)
    .padStart(bits / 4, "0");

/** Sixteen of 64 bits in 64-bit mode; elsewhere code sees eight, of 32 bits. With what differs from `before`. */
export function registersOf(cpu: CpuView, before: CpuView | undefined): Register[] {
  const bits = cpu.mode === "64-bit" ? 64 : 32;
  const seen = bits === 64 ? names : names.slice(0, 8).map((name) => name.replace("r", "e"));
  return seen.map((name, at) => {
    const value = hex(cpu.registers[at], bits);
    return { name, value, changed: before !== undefined && hex(before.registers[at], bits) !== value };
  });
}

/** Where the next instruction is: with the segment where code thinks in segments. */
export function placeOf(cpu: CpuView): { readonly name: string; readonly value: string } {
  if (cpu.mode === "64-bit") return { name: "rip", value: hex(cpu.rip, 64) };
  if (cpu.mode !== "real" && cpu.mode !== "virtual-8086") return { name: "eip", value: hex(cpu.rip, 32) };
  const selector = cpu.segments.find(({ name }) => name === "CS")!.selector;
  return { name: "cs:ip", value: `${hex(BigInt(selector), 16)}:${hex(cpu.rip, 16)}` };
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
