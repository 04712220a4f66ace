/**
 * Sequences of SSE floating point as regions and interpreted: what an instruction leaves out because one before it has checked the same
 * must not show, whatever the registers hold: zeros, denormals, NaNs, infinities, and results that are one of these.
 */
import { expect, test } from "vitest";
import { disassemble } from "../../../src/engine/decode/disassemble";
import { random } from "../../silicon/cases";
import { CODE, DATA, longMachine, type Machine } from "../machine";

const SEQUENCES = Number(process.env.SEQUENCES ?? 120);
const LENGTH = 10;
const ROUNDS = 24;
const RBX = 3;
/** A jump to itself. */
const SPIN = [0xeb, 0xfe];
/** MXCSR at power-on, and with "inexact" set. */
const controls = [0x1f80, 0x1fa0] as const;
/** What LDMXCSR loads: the same, and other roundings, denormals as zeros, results flushed to zero. */
const loaded = [...controls, 0x7f80, 0x1fe0, 0x9fa0];
const CONTROLS = 0x80;
/** Ordinary ones too, at which results leave the normal numbers. */
const special64 = [
  ...[
    0n,
    1n << 63n,
    1n,
    0x000f_ffff_ffff_ffffn,
    0x7ff0_0000_0000_0000n,
    0xfff8_0000_0000_0000n,
    0x7ff0_0000_0000_0001n,
  ],
  ...[
    0x0010_0000_0000_0000n,
    0x0010_0000_0000_0001n,
    0x8018_0000_0000_0000n,
    0x7fef_ffff_ffff_ffffn,
    0x1ff0_0000_0000_0000n,
  ],
];
const special32 = [
  ...[0, 0x8000_0000, 1, 0x007f_ffff, 0x7f80_0000, 0xffc0_0000, 0x7f80_0001],
  ...[0x0080_0000, 0x0080_0001, 0x80c0_0000, 0x7f7f_ffff, 0x2000_0000],
];

type Next = () => number;
const pick = <T>(next: Next, list: readonly T[]): T => list[next() % list.length];

/** Both halves of a register: doubles or singles. One in so many is no ordinary number. */
function half(next: Next, seldom: number): bigint {
  const bits = new DataView(new ArrayBuffer(8));
  const ordinary = () => (1 + (next() % 4000)) / 2 ** (next() % 9) - (next() % 7);
  if (next() % 3) {
    bits.setFloat64(0, ordinary());
    return next() % seldom ? bits.getBigUint64(0) : pick(next, special64);
  }
  for (const at of [0, 4]) {
    bits.setFloat32(at, ordinary());
    if (next() % seldom === 0) bits.setUint32(at, pick(next, special32));
  }
  return bits.getBigUint64(0);
}

/** ADD MUL SUB MIN DIV MAX SQRT, COMIS, moves, UNPCK, SHUF, LDMXCSR, between xmm0 to xmm3 and memory at RBX. */
function instruction(next: Next): number[] {
  const prefix = pick(next, [[], [0x66], [0xf2], [0xf2], [0xf3]]);
  const reg = (next() % 4) << 3;
  const operand = next() % 4 ? [0xc0 | reg | (next() % 4)] : [0x43 | reg, (next() % 4) * 16];
  const kind = next() % 13;
  if (kind < 7)
    return [...prefix, 0x0f, pick(next, [0x58, 0x59, 0x5c, 0x5d, 0x5e, 0x5f, 0x51, 0x58, 0x59]), ...operand];
  if (kind === 7) return [...pick(next, [[], [0x66]]), 0x0f, pick(next, [0x2e, 0x2f]), ...operand];
  if (kind === 8) return [...prefix, 0x0f, 0x10, ...operand];
  if (kind === 9) return [...pick(next, [[], [0x66]]), 0x0f, pick(next, [0x14, 0x15, 0x28]), ...operand];
  if (kind === 10) return [...pick(next, [[], [0x66]]), 0x0f, 0xc6, ...operand, next() & 0xff];
  if (kind === 12) return [0x0f, 0xae, 0x93, CONTROLS + (next() % loaded.length) * 4, 0, 0, 0];
  return [...pick(next, [[], [0x66], [0xf2], [0xf3]]), 0x0f, 0x5a, ...operand];
}

function randomRun(machine: Machine, at: number, seed: number): string {
  const { cpu, state } = machine;
  const next = random(seed);
  const seldom = pick(next, [1, 4, 16, 64]);
  for (let n = 0; n < 32; n++) state.set64("xmm", half(next, seldom), n);
  const data = new DataView(cpu.ram.buffer, cpu.ram.byteOffset + DATA);
  for (let n = 0; n < 8; n++) data.setBigUint64(n * 8, half(next, seldom), true);
  loaded.forEach((value, n) => data.setUint32(CONTROLS + n * 4, value, true));
  state.set32("mxcsr", pick(next, controls));
  return run(machine, at);
}

function run({ cpu, state }: Machine, at: number, pointer = DATA): string {
  state.set64("registers", BigInt(pointer), RBX);
  state.set64("rip", BigInt(at));
  const stop = cpu.run(cpu.clock + LENGTH + 5);
  const vectors = Array.from({ length: 8 }, (_, n) => state.get64("xmm", n).toString(16)).join(" ");
  return `${stop.kind} ${cpu.clock} ${state.get32("mxcsr").toString(16)} ${cpu.system.rflags().toString(16)} ${vectors}`;
}

function machine(code: Uint8Array, regions: boolean): Machine {
  const made = longMachine(code, 4, regions && { threshold: 0 });
  made.state.set64("cr4", made.state.get64("cr4") | 0x600n);
  made.cpu.flushCaches();
  return made;
}

test("sequences of floating point in both tiers", () => {
  const next = random(Number(process.env.FIRST ?? 1));
  const bytes: number[] = [];
  const starts = Array.from({ length: SEQUENCES }, () => {
    const start = bytes.length;
    for (let n = 0; n < LENGTH; n++) bytes.push(...instruction(next));
    bytes.push(...SPIN);
    return start;
  });
  const code = Uint8Array.from(bytes);
  const [interpreted, compiled] = [machine(code, false), machine(code, true)];
  for (const [n, start] of starts.entries()) {
    for (let round = 0; round < ROUNDS; round++) {
      const seed = n * ROUNDS + round;
      const [expected, seen] = [interpreted, compiled].map((side) => randomRun(side, CODE + start, seed));
      if (seen !== expected) expect({ text: listing(code, start), seen }).toEqual({ text: [], seen: expected });
    }
  }
  expect(compiled.cpu.regions!.counts.compiled).toBeGreaterThanOrEqual(SEQUENCES);
});

test("a sum that is a denormal is one when it is multiplied", () => {
  // subsd xmm0, xmm1; mulsd xmm0, xmm2
  const code = Uint8Array.of(0xf2, 0x0f, 0x5c, 0xc1, 0xf2, 0x0f, 0x59, 0xc2, ...SPIN);
  for (const inexact of controls) {
    const side = machine(code, true);
    side.state.set32("mxcsr", inexact);
    const values = [0x0010_0000_0000_0001n, 0x0010_0000_0000_0000n, 0x7fe0_0000_0000_0000n];
    values.forEach((value, n) => side.state.set64("xmm", value, 2 * n));
    run(side, CODE);
    const DENORMAL = 2;
    expect(side.state.get32("mxcsr")).toBe(inexact | DENORMAL);
    expect(side.state.get64("xmm", 0)).toBe(0x3cc0_0000_0000_0000n);
  }
});

test("what must be aligned and is not faults", () => {
  // movaps xmm0, [rbx]; addps xmm0, [rbx]; movaps [rbx], xmm0; and the first unaligned: movups xmm0, [rbx]
  const codes = [
    [0x0f, 0x28, 0x03],
    [0x0f, 0x58, 0x03],
    [0x0f, 0x29, 0x03],
    [0x0f, 0x10, 0x03],
  ];
  for (const bytes of codes) {
    for (const at of [0, 1, 8, 0xff0, 0xff8]) {
      const [expected, seen] = [false, true].map((regions) => {
        const side = machine(Uint8Array.of(...bytes, ...SPIN), regions);
        // The first time opens the page.
        run(side, CODE);
        return run(side, CODE, DATA + at);
      });
      expect(seen).toBe(expected);
    }
  }
});

function listing(code: Uint8Array, start: number): string[] {
  const lines: string[] = [];
  for (let at = start; code[at] !== SPIN[0];) {
    const { text, length } = disassemble(code.subarray(at), BigInt(CODE + at), 64);
    lines.push(text);
    at += length;
  }
  return lines;
}
