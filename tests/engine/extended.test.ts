/**
 * The short ways of x87 (system/short/x87) against arithmetic on integers of any length, which tests/silicon/media
 * compares with a real processor.
 */
import { expect, test } from "vitest";
import { createCpu } from "../../src/engine/cpu";
import { CpuState } from "../../src/engine/state";
import { random } from "../silicon/cases";
import { BareBoard, DATA, enterLongMode } from "./machine";

const ROUNDS = Number(process.env.ROUNDS ?? 200);
const SEED = Number(process.env.SEED ?? 1);

/** With ST(0), ST(1) and the number at RDX. */
const instructions: [name: string, code: number[]][] = [
  ...[0, 1, 4, 5, 6, 7].flatMap((n): [string, number[]][] => [
    [`D8 /${n} st(1)`, [0xd8, 0xc1 + n * 8]],
    [`DC /${n} st(1)`, [0xdc, 0xc1 + n * 8]],
    [`DE /${n} st(1), pop`, [0xde, 0xc1 + n * 8]],
    [`D8 /${n} single`, [0xd8, 0x02 + n * 8]],
    [`DC /${n} double`, [0xdc, 0x02 + n * 8]],
  ]),
  ["fld single", [0xd9, 0x02]],
  ["fld double", [0xdd, 0x02]],
  ["fld st(1)", [0xd9, 0xc1]],
  ["fxch", [0xd9, 0xc9]],
  ["fchs", [0xd9, 0xe0]],
  ["fabs", [0xd9, 0xe1]],
  ["fsqrt", [0xd9, 0xfa]],
  ["ftst", [0xd9, 0xe4]],
  ...[0, 1, 2, 3, 4, 5, 6].map((n): [string, number[]] => [`fldconst ${n}`, [0xd9, 0xe8 + n]]),
  ["fld extended", [0xdb, 0x2a]],
  ["fstp extended", [0xdb, 0x3a]],
  ["fild word", [0xdf, 0x02]],
  ["fild dword", [0xdb, 0x02]],
  ["fild qword", [0xdf, 0x2a]],
  ["fist word", [0xdf, 0x12]],
  ["fist dword", [0xdb, 0x12]],
  ["fistp dword", [0xdb, 0x1a]],
  ["fistp qword", [0xdf, 0x3a]],
  ["fisttp word", [0xdf, 0x0a]],
  ["fisttp dword", [0xdb, 0x0a]],
  ["fisttp qword", [0xdd, 0x0a]],
  ["fiadd dword", [0xda, 0x02]],
  ["fisubr word", [0xde, 0x2a]],
  ["fcom single", [0xd8, 0x12]],
  ["fcomp double", [0xdc, 0x1a]],
  ["ficom word", [0xde, 0x12]],
  ["fst st(3)", [0xdd, 0xd3]],
  ["fstp st(1)", [0xdd, 0xd9]],
  ["fcmovbe", [0xda, 0xd1]],
  ["fldcw", [0xd9, 0x2a]],
  ["fnstcw", [0xd9, 0x3a]],
  ["fnstsw ax", [0xdf, 0xe0]],
  ["fwait", [0x9b]],
  ["fst single", [0xd9, 0x12]],
  ["fst double", [0xdd, 0x12]],
  ["fstp double", [0xdd, 0x1a]],
  ["fcom", [0xd8, 0xd1]],
  ["fcomi", [0xdb, 0xf1]],
  ["fucomip", [0xdf, 0xe9]],
  ["fucompp", [0xda, 0xe9]],
];

type Random = () => number;
interface Input {
  readonly control: number;
  readonly status: number;
  readonly full: number;
  readonly registers: readonly (readonly [significand: bigint, exponent: bigint])[];
  readonly memory: bigint;
}

const bits64 = (next: Random) => (BigInt(next() >>> 0) << 32n) | BigInt(next() >>> 0);
const pick = <T>(next: Random, values: readonly T[]): T => values[next() % values.length];

function significand(next: Random): bigint {
  const some = pick(next, [
    0n,
    (1n << 64n) - 1n,
    bits64(next),
    bits64(next) >> BigInt(next() % 64),
    bits64(next) << BigInt(next() % 64),
  ]);
  return BigInt.asUintN(64, next() % 16 ? some | (1n << 63n) : some);
}
/** Sign and exponent: mostly near that of 1, so that operands meet; also where formats end. */
function exponent(next: Random): bigint {
  const near = 16383 + (next() % 140) - 70;
  const value =
    next() % 4
      ? near
      : pick(next, [
          0,
          1,
          2,
          0x7fff,
          0x7ffe,
          0x7ffd,
          16383 + 1023,
          16383 + 1024,
          16383 - 1022,
          16383 - 126,
          16383 + 127,
          next() % 0x8000,
        ]);
  return BigInt(value | (next() % 2 ? 0x8000 : 0));
}

function input(next: Random): Input {
  const registers = Array.from({ length: 8 }, () => [significand(next), exponent(next)] as const);
  if (next() % 6 === 0) registers[1] = [registers[0][0], registers[0][1] ^ BigInt(next() % 2 ? 0x8000 : 0)];
  if (next() % 12 === 0) registers[next() % 2] = [0n, BigInt(next() % 2 ? 0x8000 : 0)];
  const double =
    (bits64(next) & 0x800f_ffff_ffff_ffffn) | (BigInt(next() % 6 ? 1023 + (next() % 40) - 20 : next() % 2048) << 52n);
  return {
    control: next() % 4 ? 0x37f : (next() & 0xf3f) | 0x40,
    status: next() % 2 ? 0 : next() & 0x4720,
    full: next() % 8 ? 0x03 : next() & 0xff,
    registers,
    memory: next() % 2 ? double : bits64(next),
  };
}

class Bench {
  private readonly cpu;
  private readonly state: CpuState;

  constructor(quick: boolean) {
    this.cpu = createCpu({ board: new BareBoard(4 << 20), memoryMiB: 4, quick });
    this.state = new CpuState(this.cpu.memory);
    enterLongMode(this.cpu, this.state);
    this.cpu.flushCaches();
  }

  place(code: readonly number[], at: number): void {
    // A store first, so that the lookaside knows the place.
    this.cpu.ram.set([0x48, 0x89, 0x02, ...code, 0xf4], at);
    this.cpu.memoryChanged(at, code.length + 4);
  }

  run(at: number, { control, status, full, registers, memory }: Input): string {
    const { cpu, state } = this;
    cpu.restoreClock(0, 0);
    state.set64("rip", BigInt(at));
    state.set32("halted", 0);
    state.set32("fpuControl", control);
    state.set32("fpuStatus", status);
    state.set32("fpuFull", full);
    state.set64("registers", BigInt(DATA), 2);
    state.set64("registers", memory, 0);
    registers.forEach(([low, high], n) => {
      state.set64("fpr", low, 2 * n);
      state.set64("fpr", high, 2 * n + 1);
    });
    const stop = cpu.run(cpu.clock + 50);
    const places = Array.from({ length: 16 }, (_, n) => state.get64("fpr", n).toString(16));
    const words = ["fpuStatus", "fpuFull", "fpuControl", "fpuCs"].map((name) =>
      state.get32(name as "fpuStatus").toString(16),
    );
    const pointers = [state.get64("fpuIp"), state.get64("fpuDp"), state.get64("rip")];
    const stored = Buffer.from(cpu.ram.subarray(DATA, DATA + 16)).toString("hex");
    return [stop.kind, ...words, ...pointers, cpu.system.rflags(), stored, ...places].join(" ");
  }
}

test("short and long ways of x87 come to the same", () => {
  const next = random(SEED);
  const [short, long] = [new Bench(true), new Bench(false)];
  const wrong: string[] = [];
  instructions.forEach(([name, code], index) => {
    const at = 0x10_0000 + index * 16;
    for (const bench of [short, long]) bench.place(code, at);
    for (let round = 0; round < ROUNDS; round++) {
      const given = input(next);
      const [found, expected] = [short.run(at, given), long.run(at, given)];
      const shown = given.registers.slice(0, 2).map(([low, high]) => `${high.toString(16)}:${low.toString(16)}`);
      if (found !== expected)
        wrong.push(`${name}: ${shown.join(" ")} ${given.memory.toString(16)} -> ${found}, not ${expected}`);
    }
  });
  expect(wrong).toEqual([]);
});
