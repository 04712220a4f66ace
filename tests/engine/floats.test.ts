/**
 * SSE arithmetic by the host's floating point, in both tiers, against the helpers of system/float (which tests/silicon/media compares with
 * a real processor): operands where rounding, flags and exceptions change, MXCSR as programs have it and in every other way.
 */
import { expect, test } from "vitest";
import { createCpu, type CpuConfig } from "../../src/engine/cpu";
import { CpuState } from "../../src/engine/state";
import { random } from "../silicon/cases";
import { BareBoard, enterLongMode } from "./machine";

const ROUNDS = Number(process.env.ROUNDS ?? 120);
const SEED = Number(process.env.SEED ?? 1);

const opcodes = { add: 0x58, mul: 0x59, sub: 0x5c, min: 0x5d, div: 0x5e, max: 0x5f, sqrt: 0x51 };
const prefixes = { ps: [], pd: [0x66], ss: [0xf3], sd: [0xf2] };
/** xmm1, xmm2 (or rcx): everything with a fast form. */
const instructions: [name: string, code: number[]][] = [];
for (const [suffix, prefix] of Object.entries(prefixes)) {
  for (const [name, opcode] of Object.entries(opcodes))
    instructions.push([name + suffix, [...prefix, 0x0f, opcode, 0xca]]);
  for (let n = 0; n < 8; n++) instructions.push([`cmp${suffix} ${n}`, [...prefix, 0x0f, 0xc2, 0xca, n]]);
}
instructions.push(
  ["ucomiss", [0x0f, 0x2e, 0xca]],
  ["ucomisd", [0x66, 0x0f, 0x2e, 0xca]],
  ["comiss", [0x0f, 0x2f, 0xca]],
  ["comisd", [0x66, 0x0f, 0x2f, 0xca]],
  ["cvtsi2ss", [0xf3, 0x0f, 0x2a, 0xc9]],
  ["cvtsi2ss 64", [0xf3, 0x48, 0x0f, 0x2a, 0xc9]],
  ["cvtsi2sd", [0xf2, 0x0f, 0x2a, 0xc9]],
  ["cvtsi2sd 64", [0xf2, 0x48, 0x0f, 0x2a, 0xc9]],
  ...[0x2c, 0x2d].flatMap((opcode): [string, number[]][] => [
    ["cvtss2si", [0xf3, 0x0f, opcode, 0xca]],
    ["cvtss2si 64", [0xf3, 0x48, 0x0f, opcode, 0xca]],
    ["cvtsd2si", [0xf2, 0x0f, opcode, 0xca]],
    ["cvtsd2si 64", [0xf2, 0x48, 0x0f, opcode, 0xca]],
  ]),
  ...([[], [0x66], [0xf3], [0xf2]] as number[][]).map((p): [string, number[]] => ["cvt 5A", [...p, 0x0f, 0x5a, 0xca]]),
  ...([[], [0x66], [0xf3]] as number[][]).map((p): [string, number[]] => ["cvt 5B", [...p, 0x0f, 0x5b, 0xca]]),
  ...([[0x66], [0xf3], [0xf2]] as number[][]).map((p): [string, number[]] => ["cvt E6", [...p, 0x0f, 0xe6, 0xca]]),
);

type Random = () => number;
const bits64 = (next: Random) => (BigInt(next() >>> 0) << 32n) | BigInt(next() >>> 0);

/** A float with an exponent where something happens, or one near 1, or an integer; `width` 32 or 64. */
function float(next: Random, width: 32 | 64): bigint {
  const [fraction, bias] = width === 32 ? [23n, 127] : [52n, 1023];
  const top = 2 * bias + 1;
  const exponents = [0, 1, 2, 3, top, top - 1, top - 2, top - 3, top - 4, bias >> 1, bias + (bias >> 1)];
  const near = bias - 4 + (next() % 70);
  const exponent = next() % 4 ? near : next() % 2 ? exponents[next() % exponents.length] : next() % (top + 1);
  let significand = BigInt.asUintN(Number(fraction), bits64(next));
  // Products of two numbers with half of the bits each are just exact, or just not.
  const half = Number(fraction) >> 1;
  const zeros = next() % 2 ? half - 2 + (next() % 5) : next() % 53;
  if (next() % 3) significand = (significand >> BigInt(zeros)) << BigInt(zeros);
  if (next() % 8 === 0) significand = 0n;
  if (next() % 12 === 0) significand = -1n;
  if (next() % 10 === 0) return BigInt(next() % 2) << BigInt(width - 1);
  significand = BigInt.asUintN(Number(fraction), significand);
  return (BigInt(next() % 2) << BigInt(width - 1)) | (BigInt(exponent) << fraction) | significand;
}
const singles = (next: Random) => float(next, 32) | (float(next, 32) << 32n);
const doubles = (next: Random) => float(next, 64);
/** Near a power of two: where an integer just fits a significand, or just does not. */
function integer(next: Random, width: 32 | 64): bigint {
  const bits = next() % 2 ? 24 : [31, 53, 63, next()][next() % 4] % width;
  const magnitude = (1n << BigInt(bits)) + BigInt(next() % 5) - 2n;
  return BigInt.asUintN(width, next() % 2 ? magnitude : -magnitude);
}
const integers = (next: Random) => (next() % 2 ? integer(next, 64) : integer(next, 32) | (integer(next, 32) << 32n));
/** Mostly what the instruction is for. */
function quadword(next: Random, name: string): bigint {
  const usual = /(s[sd]|p[sd])$/.test(name) ? (name.endsWith("d") ? doubles : singles) : integers;
  return (next() % 4 ? usual : [singles, doubles, bits64][next() % 3])(next);
}

function mxcsr(next: Random): number {
  const flags = next() & 0x3f;
  const controls = next() % 4 ? 0x1f80 : next() & 0xffc0;
  return controls | (next() % 2 ? flags : next() % 2 ? 0x20 : 0);
}

interface Input {
  readonly mxcsr: number;
  readonly xmm: readonly bigint[];
  readonly rcx: bigint;
}

class Bench {
  private readonly cpu;
  private readonly state: CpuState;

  constructor(config: Partial<CpuConfig>) {
    this.cpu = createCpu({ board: new BareBoard(4 << 20), memoryMiB: 4, ...config });
    this.state = new CpuState(this.cpu.memory);
    enterLongMode(this.cpu, this.state);
    this.state.set64("cr4", 0x620n);
    this.cpu.flushCaches();
  }

  /** The instruction and HLT; each at an address of its own, so that what was compiled stays. */
  place(code: readonly number[], at: number): void {
    this.cpu.ram.set([...code, 0xf4], at);
    this.cpu.memoryChanged(at, code.length + 1);
  }

  run(at: number, input: Input): string {
    const { cpu, state } = this;
    // Nobody handles #XM here: what is not masked ends in a triple fault, which this forgets.
    cpu.restoreClock(0, 0);
    state.set64("rip", BigInt(at));
    state.set32("halted", 0);
    state.set32("mxcsr", input.mxcsr);
    input.xmm.forEach((value, n) => state.set64("xmm", value, 2 + n));
    state.set64("registers", input.rcx, 1);
    const stop = cpu.run(cpu.clock + 50);
    const xmm = [2, 3, 4, 5].map((n) => state.get64("xmm", n).toString(16));
    return [
      stop.kind,
      state.get32("mxcsr").toString(16),
      state.get64("rip") - BigInt(at),
      ...xmm,
      cpu.system.rflags().toString(16),
      state.get64("registers", 1).toString(16),
    ].join(" ");
  }
}

test("the host's arithmetic is that of the helpers, flags included", () => {
  const next = random(SEED);
  const soft = new Bench({ handlers: { hostFloats: false } });
  const tiers = { interpreter: new Bench({}), regions: new Bench({ regions: { threshold: 0 } }) };
  const wrong: string[] = [];
  instructions.forEach(([name, code], index) => {
    const at = 0x10_0000 + index * 16;
    for (const bench of [soft, ...Object.values(tiers)]) bench.place(code, at);
    for (let round = 0; round < ROUNDS; round++) {
      const xmm = Array.from({ length: 4 }, () => quadword(next, name));
      // Of two operands that belong together more comes out exact.
      if (next() % 4 === 0) xmm[2] = xmm[0];
      const input = {
        mxcsr: mxcsr(next),
        xmm,
        rcx: next() % 2 ? integer(next, 64) : bits64(next) >> BigInt(next() % 64),
      };
      const expected = soft.run(at, input);
      for (const [tier, bench] of Object.entries(tiers)) {
        const found = bench.run(at, input);
        if (found === expected) continue;
        const values = [input.mxcsr, ...xmm, input.rcx].map((value) => value.toString(16)).join(" ");
        wrong.push(`${name} in ${tier}: ${values} -> ${found}, not ${expected}`);
      }
    }
  });
  expect(wrong).toEqual([]);
});
