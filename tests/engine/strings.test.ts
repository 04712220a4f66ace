/**
 * REP string instructions many iterations at once (handlers/bulk.ts) against one by one: in 64-bit, protected and real mode, up and down, over
 * page boundaries, overlapping, into pages that are absent, read-only or untouched, beside their own code, cut into portions.
 */
import { expect, test } from "vitest";
import { random } from "../silicon/cases";
import { bareMachine, CODE, DATA, enterLongMode, type Machine } from "./machine";

const CASES = Number(process.env.CASES ?? 700);
const SEED = Number(process.env.SEED ?? 1);
const LEAVES = 0xb000,
  DIRECTORY = 0xa000;
const PAGE = 4096;
const MOST_TICKS = 9000;
const [RAX, RCX, RSI, RDI] = [0, 1, 6, 7];

type Random = () => number;
const pick = <T>(next: Random, values: readonly T[]): T => values[next() % values.length];
/** A place near the end or beginning of one of the first pages. */
const place = (next: Random) =>
  (next() % 5) * PAGE + pick(next, [0, PAGE - 1 - (next() % 40), next() % PAGE, next() % 16]);

function instruction(next: Random, bits: number): number[] {
  const opcode = pick(next, [0xa4, 0xa5, 0xaa, 0xab, 0xac, 0xad, 0xa6, 0xa7, 0xae, 0xaf]);
  const prefixes = [pick(next, [0xf3, 0xf3, 0xf2])];
  if (next() % 4 === 0) prefixes.push(0x66);
  if (next() % 5 === 0) prefixes.push(0x67);
  if (next() % 8 === 0) prefixes.push(pick(next, [0x64, 0x26]));
  if (bits === 64 && next() % 3 === 0) prefixes.push(0x48);
  // Single ones before it, so that its pages are known for reading.
  const before = [...(next() % 2 ? [0xae] : []), ...(next() % 2 ? [0xac] : [])];
  return [...before, ...prefixes, opcode, 0xf4];
}

function segments({ state }: Machine, next: Random, bits: number): void {
  const set = (n: number, base: number, limit: number, access: number) => {
    state.set64("segmentBase", BigInt(base), n);
    if (n < 4) state.set32("descriptorBase", base, n);
    state.set32("segmentLimit", limit, n);
    state.set32("segmentAccess", access, n);
  };
  set(1, bits === 16 ? CODE - 0x8000 : 0, 0xffff_ffff, bits === 16 ? 0x9b00 : 0xc0_9b00);
  for (const n of [0, 2, 3, 4, 5]) {
    const base = next() % 2 ? DATA : DATA + (next() % 64) * 16;
    const limit = next() % 4 ? 0xffff_ffff : bits === 16 ? 0xffff : (next() % 6) * PAGE + (next() % 40);
    set(n, base, limit, next() % 12 ? 0xc0_9300 : pick(next, [0xc0_9100, 0xc0_9700, 0xc0_9b00]));
  }
}

/** The first 16 pages of DATA by a table of their own; some are not there, or not for writing, or not yet touched. */
function pages({ cpu }: Machine, next: Random): void {
  const table = new DataView(cpu.ram.buffer, cpu.ram.byteOffset);
  for (let n = 0; n < 512; n++) {
    const rights = n < 16 ? pick(next, [0x67, 0x67, 0x67, 0x67, 0x07, 0x27, 0x65, 0x66]) : 0x67;
    const frame = n < 16 && next() % 6 === 0 ? n ^ 1 : n;
    table.setBigUint64(LEAVES + n * 8, BigInt(DATA + frame * PAGE + rights), true);
  }
  table.setBigUint64(DIRECTORY + 8, BigInt(LEAVES + 0x67), true);
}

function arrange(machine: Machine, seed: number): void {
  const next = random(seed);
  const { cpu, state } = machine;
  const bits = pick(next, [64, 64, 32, 16]);
  // Few values, so that comparisons go on for a while.
  const fill = pick(next, [1, 2, 3]);
  for (let n = 0; n < 6 * PAGE; n++) cpu.ram[DATA + n] = next() % 300 ? fill : next();
  cpu.ram.fill(0, 0, 0x1000);
  cpu.ram.set(instruction(next, bits), CODE);
  cpu.system.reset();
  if (bits === 64) {
    enterLongMode(cpu, state);
    pages(machine, next);
    cpu.ram.set(instruction(next, bits), DATA + 6 * PAGE);
  } else {
    segments(machine, next, bits);
    state.set64("cr0", bits === 32 ? 0x11n : 0x10n);
  }
  const base = bits === 64 ? DATA : 0;
  const near = place(next);
  // Also from and to 32- and 16-bit edges, and the code itself.
  const pointer = () => {
    if (next() % 16 === 0)
      return bits === 64 ? CODE - (next() % 64) : bits === 32 ? 0xffff_ffff - (next() % 64) : 0xffff - (next() % 64);
    return base + (next() % 3 ? place(next) : near + (next() % 24));
  };
  state.set64("registers", BigInt(fill * 0x0101_0101) * 0x1_0000_0001n + (next() % 3 ? 0n : 1n), RAX);
  state.set64("registers", BigInt(next() % 3 ? next() % 6000 : next() % 12), RCX);
  state.set64("registers", BigInt(pointer()), RSI);
  state.set64("registers", BigInt(pointer()), RDI);
  state.set64("registers", BigInt(bits === 64 ? CODE + 0x8000 : 0xf000), 4);
  state.set64("rip", BigInt(bits === 16 ? 0x8000 : CODE));
  state.set32("systemFlags", next() % 6 ? 2 : 0x402);
  cpu.restoreClock(0, 0);
  cpu.flushCaches();
}

function run({ cpu, state }: Machine, seed: number): string[] {
  const next = random(seed + 77);
  const portion = pick(next, [7, 300, 5000]);
  const seen: string[] = [];
  while (cpu.clock < MOST_TICKS) {
    const { kind } = cpu.run(cpu.clock + 1 + (next() % portion));
    const registers = [RAX, RCX, RSI, RDI].map((n) => state.get64("registers", n).toString(16));
    seen.push([kind, cpu.clock, state.get64("rip"), cpu.system.rflags(), state.get64("cr2"), ...registers].join(" "));
    if (kind !== "ticks") break;
  }
  return seen;
}

test("many at once is one after the other", () => {
  const machines = [bareMachine(4), bareMachine(4, false, { handlers: { bulk: false } })];
  for (let seed = SEED; seed < SEED + CASES; seed++) {
    const [bulk, single] = machines.map((machine) => {
      arrange(machine, seed);
      return run(machine, seed);
    });
    if (bulk.join() !== single.join()) expect({ seed, seen: bulk }).toEqual({ seed, seen: single });
    if (Buffer.compare(machines[0].cpu.ram, machines[1].cpu.ram)) throw new Error(`memory differs with seed ${seed}`);
  }
});

test("offsets of 32 bits wrap at 4 GiB also where the linear addresses go on", () => {
  const FS_BASE = DATA + 0x105;
  const BEHIND = 0x2_0000;
  const machines = [true, false].map((bulk) => {
    const machine = bareMachine(4, false, { handlers: { bulk } });
    const { cpu, state } = machine;
    enterLongMode(cpu, state);
    const table = new DataView(cpu.ram.buffer, cpu.ram.byteOffset);
    const pointers = Number(table.getBigUint64(Number(state.get64("cr3")), true) & ~0xfffn);
    // The fifth gibibyte begins with the memory from 0 on, in which the linear address goes on from there.
    table.setBigUint64(pointers + 4 * 8, BigInt(BEHIND | 7), true);
    table.setBigUint64(BEHIND + 8, 0x87n, true);
    for (let n = 0; n < 64; n++) [cpu.ram[0xf5 + n], cpu.ram[FS_BASE + n]] = [n, 0x80 + n];
    // 1: addr32 rep movsb %fs:(%esi),(%edi); hlt
    cpu.ram.set([0x64, 0x67, 0xf3, 0xa4, 0xf4], CODE);
    state.set64("segmentBase", BigInt(FS_BASE), 4);
    state.set64("registers", 64n, RCX);
    state.set64("registers", 0xffff_fff0n, RSI);
    state.set64("registers", BigInt(DATA + 0x1000), RDI);
    cpu.flushCaches();
    expect(cpu.run(1000).kind).toBe("halted");
    return machine;
  });
  const expected = Array.from({ length: 64 }, (_, n) => (n < 16 ? n : 0x80 + n - 16));
  for (const { cpu, state } of machines) {
    expect([...cpu.ram.subarray(DATA + 0x1000, DATA + 0x1040)]).toEqual(expected);
    expect([state.get64("registers", RSI), cpu.clock]).toEqual([48n, 65]);
  }
});
