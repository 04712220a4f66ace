/** Regions over several pages: calls into another page, which is not always the same one. */
import { expect, test } from "vitest";
import { CODE, longMachine } from "../machine";
import type { RegionOptions } from "../../../src/engine/regions/options";

/** A linear page, and where it leads in two address spaces. */
const PAGE = 0x4000_0000;
const HERE = 0x30_0000,
  THERE = 0x30_1000;
const SPACES = [0x2_0000, 0x2_4000];
const PRESENT_WRITABLE = 3n;
/** Samples until a region is made by itself. */
const NEVER = 1e9;
const INTERPRETED = 500;
/** Where the loop goes on after the load of the first address space. */
const AFTER_LOAD = 8;

/** mov $1000,%ecx; 1: mov %rax,%cr3; call PAGE; call PAGE; mov %rdx,%cr3; call PAGE; dec %ecx; jnz 1b; hlt */
function program(): Uint8Array {
  const code: number[] = [0xb9, 0xe8, 0x03, 0, 0];
  const call = () => {
    const relative = PAGE - (CODE + code.length + 5);
    code.push(0xe8, ...[0, 8, 16, 24].map((shift) => (relative >> shift) & 0xff));
  };
  const start = code.length;
  code.push(0x0f, 0x22, 0xd8);
  call();
  call();
  code.push(0x0f, 0x22, 0xda);
  call();
  code.push(0xff, 0xc9, 0x75, (start - code.length - 4) & 0xff, 0xf4);
  return Uint8Array.from(code);
}

function run(options: Partial<RegionOptions>, regions = true) {
  const machine = longMachine(program(), 4, regions && options);
  const { cpu, state } = machine;
  const memory = new DataView(cpu.ram.buffer, cpu.ram.byteOffset);
  const entry = (at: number, to: number) => memory.setBigUint64(at, BigInt(to) | PRESENT_WRITABLE, true);
  const top = Number(state.get64("cr3"));
  const identity = Number(memory.getBigUint64(Number(memory.getBigUint64(top, true) & ~0xfffn), true) & ~0xfffn);
  SPACES.forEach((space, n) => {
    entry(space, space + 0x1000);
    entry(space + 0x1000, identity);
    entry(space + 0x1008, space + 0x2000);
    entry(space + 0x2000, space + 0x3000);
    entry(space + 0x3000, [HERE, THERE][n]);
    state.set64("registers", BigInt(space), n === 0 ? 0 : 2);
  });
  // add $1,%ebx; ret    add $0x100,%ebx; ret
  cpu.ram.set([0x83, 0xc3, 0x01, 0xc3], HERE);
  cpu.ram.set([0x81, 0xc3, 0, 1, 0, 0, 0xc3], THERE);
  if (cpu.regions && options.threshold === NEVER) {
    // All code has been run by then; what is called lies in the region of the caller.
    cpu.run(INTERPRETED);
    const block = cpu.blocks.known(CODE + AFTER_LOAD, state.get32("mode"))!;
    expect(cpu.regions.compile(block, BigInt(CODE + AFTER_LOAD))).toBe(true);
    expect(cpu.regions.counts.instructions).toBeGreaterThan(7);
  }
  expect(cpu.run(1_000_000)).toEqual({ kind: "halted", forever: true });
  return { ...machine, counted: state.get64("registers", 3) };
}

test.each([
  { threshold: NEVER },
  { threshold: NEVER, pages: 1 },
  { threshold: 0 },
  { threshold: 1, sampleEvery: 50 },
  { threshold: 0, pages: 1 },
  { threshold: 0, doors: false },
])("code of another address space is not run in its place (%o)", (options) => {
  const { cpu, counted } = run(options);
  const interpreted = run(options, false);
  expect(cpu.regions!.counts.compiled).toBeGreaterThan(0);
  expect(counted).toBe(1000n * 0x102n);
  expect(counted).toBe(interpreted.counted);
  expect(cpu.clock).toBe(interpreted.cpu.clock);
});
