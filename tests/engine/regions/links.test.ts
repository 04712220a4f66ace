/** Ways straight from region to region, and what must end them. The interpreter says what is right. */
import { expect, test } from "vitest";
import { JUMP, SITES } from "../../../src/engine/areas";
import type { Block } from "../../../src/engine/block";
import { Jumps } from "../../../src/engine/jumps";
import { Links } from "../../../src/engine/regions/links";
import type { RegionOptions } from "../../../src/engine/regions/options";
import { bareMachine, CODE, enterLongMode, hashOf, type Machine } from "../machine";

/** A linear page, the two frames it may lead to, and its entry in the tables of two address spaces. */
const FUNCTION = 0x4000_0000;
const FRAMES = [0x30_0000, 0x30_1000];
const SPACES = [0x2_0000, 0x2_4000];
const entryOf = (space: number) => space + 0x3000;
const IDT = 0x3000,
  GDT = 0x2000,
  HANDLERS = 0x5000;
const [DEBUG, TIMER] = [1, 32];
const ROUNDS = 6000;
const EVERY = 256;
const apart: Partial<RegionOptions> = { threshold: 1, thresholdLater: 1, sampleEvery: 60, sampleSeldom: 60, pages: 1 };
const bytes = (hex: string) => [...Buffer.from(hex.replaceAll(" ", ""), "hex")];
const quad = (value: number) => bytes(value.toString(16).padStart(8, "0")).reverse();

/** mov $ROUNDS,%ecx; 1: call *%rbx; the body; dec %ecx; jnz 1b; hlt. %rbx: FUNCTION; %r8 and %r9: the spaces; %rsi: the entry in the first. */
function loopOf(body: string): number[] {
  const round = [0xff, 0xd3, ...bytes(body), 0xff, 0xc9, 0x0f, 0x85];
  return [0xb9, ...quad(ROUNDS), ...round, ...quad(-(round.length + 4) >>> 0), 0xf4];
}

// add $1,%eax; ret    add $0x100,%eax; ret
const CALLED = [bytes("83c001 c3"), bytes("0500010000 c3")];

function machineOf(body: string, regions: false | Partial<RegionOptions>, called = CALLED): Machine {
  const m = bareMachine(4, regions);
  const { ram } = m.cpu;
  enterLongMode(m.cpu, m.state);
  ram.set(loopOf(body), CODE);
  FRAMES.forEach((frame, n) => ram.set(called[n], frame));
  const memory = new DataView(ram.buffer, ram.byteOffset);
  const tables = Number(m.state.get64("cr3"));
  SPACES.forEach((space, n) => {
    memory.setBigUint64(space, BigInt(space + 0x1007), true);
    memory.setBigUint64(space + 0x1000, memory.getBigUint64(tables + 0x1000, true), true);
    memory.setBigUint64(space + 0x1008, BigInt(space + 0x2007), true);
    memory.setBigUint64(space + 0x2000, BigInt(space + 0x3007), true);
    memory.setBigUint64(entryOf(space), BigInt(FRAMES[n] + 7), true);
    m.state.set64("registers", BigInt(space), 8 + n);
  });
  gates(m, memory);
  m.state.set64("cr3", BigInt(SPACES[0]));
  for (const n of [0, 2, 5, 7]) m.state.set64("registers", 0n, n);
  m.state.set64("registers", BigInt(FUNCTION), 3);
  m.state.set64("registers", BigInt(entryOf(SPACES[0])), 6);
  m.cpu.flushCaches();
  return m;
}

/** Their handlers count in R10 and R11. */
function gates({ cpu, state }: Machine, memory: DataView): void {
  memory.setBigUint64(GDT + 8, 0x00af_9b00_0000_ffffn, true);
  memory.setBigUint64(GDT + 16, 0x00cf_9300_0000_ffffn, true);
  memory.setBigUint64(GDT + 24, 0x00cf_9b00_0000_ffffn, true);
  state.set64("gdtBase", BigInt(GDT));
  state.set32("gdtLimit", 31);
  state.set64("idtBase", BigInt(IDT));
  state.set32("idtLimit", 0x2ff);
  for (const [vector, counter] of [
    [DEBUG, 0xc2],
    [TIMER, 0xc3],
  ]) {
    const at = HANDLERS + vector * 16;
    memory.setBigUint64(IDT + vector * 16, BigInt(at) | (8n << 16n) | (0x8e00n << 32n), true);
    // inc of the counter; iretq
    cpu.ram.set([0x49, 0xff, counter, 0x48, 0xcf], at);
  }
}

/** Cells in use. */
function followed({ cpu }: Machine): number {
  const words = new Uint32Array(cpu.memory.buffer, SITES.at, SITES.bytes / 4);
  return words.filter((slot, n) => (n * 4) % JUMP.bytes === JUMP.slot && slot !== 0).length;
}

const finish = (m: Machine) => expect(m.cpu.run(m.cpu.clock + 1_000_000)).toEqual({ kind: "halted", forever: true });
/** The loop runs until its regions are linked. */
function linked(body: string, options: Partial<RegionOptions> = apart, called = CALLED): Machine {
  const m = machineOf(body, options, called);
  while (followed(m) < 2 && !m.cpu.halted) m.cpu.run(m.cpu.clock + 500);
  expect(Number(m.state.get64("registers", 1))).toBeGreaterThan(ROUNDS / 2);
  return m;
}

/** From there on both tiers come to the same. Returns EAX. */
function compared(body: string, options: Partial<RegionOptions> = apart): number {
  const [m, interpreted] = [linked(body, options), machineOf(body, false)];
  finish(m);
  finish(interpreted);
  expect(hashOf(m)).toBe(hashOf(interpreted));
  expect(m.cpu.regions!.counts.compiled).toBeGreaterThan(1);
  return Number(m.state.get64("registers", 0));
}

/** When the low byte of the count is 0: test %cl,%cl; jnz over it. */
const sometimes = (hex: string) => `84c9 75${bytes(hex).length.toString(16).padStart(2, "0")} ${hex}`;

test("a call and its return go straight there, and back", () => {
  expect(compared("90")).toBe(ROUNDS);
  const off = machineOf("90", { ...apart, links: false });
  finish(off);
  expect(followed(off)).toBe(0);
});

test("returns to several places", () => {
  // call *%rbx; add $3,%edx; call *%rbx; add $5,%edi
  const m = linked("ffd3 83c203 ffd3 83c705");
  finish(m);
  const register = (n: number) => Number(m.state.get64("registers", n));
  expect([register(0), register(2), register(7)]).toEqual([3 * ROUNDS, 3 * ROUNDS, 5 * ROUNDS]);
});

test("another frame in place of the target's", () => {
  // xorl $0x1000,(%rsi); invlpg (%rbx)
  expect(compared(sometimes("813600100000 0f013b"))).toBeGreaterThan(ROUNDS * 0x40);
});

test("the target's code written", () => {
  // mov %ch,2(%rbx)
  expect(compared(sometimes("886b02"))).toBeGreaterThan(ROUNDS);
});

test("another address space", () => {
  // mov %r9,%cr3; call *%rbx; mov %r8,%cr3
  const more = Math.floor(ROUNDS / EVERY);
  expect(compared(sometimes("410f22d9 ffd3 410f22d8"))).toBe(ROUNDS + more * 0x100);
});

test("regions that make room for others", () => {
  expect(compared(sometimes("ffd3"), { ...apart, mostRegions: 2, doors: false })).toBeGreaterThan(ROUNDS);
  const m = linked("90");
  m.cpu.regions!.forget();
  expect(followed(m)).toBe(0);
  finish(m);
  expect(Number(m.state.get64("registers", 0))).toBe(ROUNDS);
});

test("only what leads to the block at the region's RIP leads to its function, and only until the region goes", () => {
  const { state } = machineOf("90", false);
  const { u32 } = state;
  const [jumps, links] = [new Jumps(state), new Links(state)];
  const way = { slot: 9, number: 1, needed: 5, instructions: 3 };
  const slotAt = (entry: number) => u32[entry + JUMP.slot / 4];
  const entry = jumps.enter(CODE, 0, 0x100);
  const block = { record: 0x100, entries: new Set([entry]) } as unknown as Block;
  // Another block has come to this RIP, or the block is at another one.
  links.add(entry, { ...block, record: 0x200 }, BigInt(CODE), way);
  links.add(entry, block, BigInt(CODE) + 0x1000n, way);
  expect(slotAt(entry)).toBe(0);
  links.add(entry, block, BigInt(CODE), way);
  expect([...u32.subarray(entry + JUMP.slot / 4, entry + JUMP.bytes / 4)]).toEqual([9, 1, 5, 3]);
  // The entry of a block that is gone is another's by now.
  links.remove({ ...block, record: 0x200 });
  expect(slotAt(entry)).toBe(9);
  links.remove(block);
  expect(slotAt(entry)).toBe(0);
});

test("the first cell is nobody's, however many places there are", () => {
  const links = new Links(machineOf("90", false).state);
  const places = Array.from({ length: 2 * SITES.entries }, () => links.site());
  expect(Math.min(...places)).toBe(JUMP.bytes);
  expect(Math.max(...places)).toBe(SITES.bytes - JUMP.bytes);
  expect(new Set(places).size).toBe(SITES.entries - 1);
});

test("ways to pages that are not proven keep nothing in the first cell", () => {
  // call FUNCTION; and sometimes mov %r9,%cr3; call *%rbx; mov %r8,%cr3
  const call = Buffer.from(quad(FUNCTION - (CODE + 12))).toString("hex");
  const body = `e8${call} ${sometimes("410f22d9 ffd3 410f22d8")}`;
  const [m, interpreted] = [machineOf(body, { threshold: 1e9, pages: 8 }), machineOf(body, false)];
  const { cpu, state } = m;
  cpu.run(2000);
  // The function is in the region of the loop, which can be entered there too.
  const loop = CODE + 5;
  expect(cpu.regions!.compile(cpu.blocks.known(loop, state.get32("mode"))!, BigInt(loop))).toBe(true);
  const first = new Uint32Array(cpu.memory.buffer, SITES.at, JUMP.bytes / 4);
  while (!cpu.halted) {
    cpu.run(cpu.clock + 1000);
    expect([...first]).toEqual(Array.from(first, () => 0));
  }
  finish(interpreted);
  expect(hashOf(m)).toBe(hashOf(interpreted));
});

test("an entry of the table that leads to another block leads to no region", () => {
  const { state } = machineOf("90", false);
  const jumps = new Jumps(state);
  const entry = jumps.enter(CODE, 0, 0x100);
  state.u32[entry + JUMP.slot / 4] = 1;
  expect(jumps.enter(CODE, 0, 0x200)).toBe(entry);
  expect(state.u32[entry + JUMP.slot / 4]).toBe(0);
});

test("code of 32 bits at the same place", () => {
  // Called in both: inc %rax; dec %eax and inc %eax. In between: push of $0x18 and of 1f; lretq; 1: call *%ebx; ljmp $8,2f; 2:
  const called = bytes("48ffc0 c3");
  const at = CODE + 5 + 2 + 4;
  const [first, behind] = [at + 12, at + 22].map((place) => quad(place));
  const hex = (list: number[]) => Buffer.from(list).toString("hex");
  const body = sometimes(`6a18 68${hex(first)} 48cb 90909090 ffd3 ea${hex(behind)} 0800`);
  const machines = [apart, false].map((regions) => {
    const m = machineOf(body, regions as false);
    for (const frame of FRAMES) m.cpu.ram.set(called, frame);
    return m;
  });
  for (const m of machines) finish(m);
  expect(hashOf(machines[0])).toBe(hashOf(machines[1]));
  expect(followed(machines[0])).toBeGreaterThan(1);
  expect(Number(machines[0].state.get64("registers", 0))).toBe(ROUNDS);
});

test.each([
  ["of one block", CALLED],
  // test $1,%cl; jz 1f; add $2,%edx; 1: test $2,%cl; jz 2f; add $3,%edi; 2: inc %eax; ret
  ["of several blocks", FRAMES.map(() => bytes("f6c101 7403 83c202 f6c102 7403 83c703 ffc0 c3"))],
])("ticks that run out at the way to a function %s", (_, called) => {
  const [m, interpreted] = [linked("90", apart, called), machineOf("90", false, called)];
  interpreted.cpu.run(m.cpu.clock);
  for (let step = 1; step < 60; step++) {
    const until = m.cpu.clock + step;
    for (const { cpu } of [m, interpreted]) expect(cpu.run(until)).toEqual({ kind: "ticks" });
    expect({ step, hash: hashOf(m) }).toEqual({ step, hash: hashOf(interpreted) });
  }
});

test.each(["interrupt", "trap"])("%ss after each instruction of a round", (event) => {
  const [m, interpreted] = [linked("90"), machineOf("90", false)];
  interpreted.cpu.run(m.cpu.clock);
  for (let step = 0; step < 40; step++) {
    for (const { cpu, state, board } of [m, interpreted]) {
      const flags = state.get32("systemFlags");
      if (event === "interrupt") board.pending = TIMER;
      state.set32("systemFlags", flags | (event === "interrupt" ? 0x200 : 0x100));
      cpu.run(cpu.clock + 1);
      state.set32("systemFlags", state.get32("systemFlags") & ~0x100);
      cpu.run(cpu.clock + 22);
    }
    expect({ step, hash: hashOf(m) }).toEqual({ step, hash: hashOf(interpreted) });
  }
  // A trap's frame holds TF, so that more follow it.
  expect(Number(m.state.get64("registers", event === "interrupt" ? 11 : 10))).toBeGreaterThanOrEqual(40);
});
