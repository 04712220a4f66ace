/** Jumps that outlive a load of CR3: they must lead where a walk of the tables would (SDM 3, 4.10.4.1). */
import { beforeEach, expect, it } from "vitest";
import { jumpEntry } from "../../src/engine/handlers/lookup";
import { SPACES } from "../../src/engine/areas";
import { bareMachine, CODE, legacyMachine, longMachine, STACK, type Machine } from "./machine";

const A = 0x8000;
const B = 0xc000;
/** Linear address of the function, and the directory entry that maps it. */
const FUNCTION = 0x60_0000n;
const ENTRY = 0x2000 + 3 * 8;
const RIGHTS = 0x87;
const ACCESSED = 0x20;

let m: Machine;
let tables: DataView;

/** mov $result,%al; ret */
const place = (physical: number, result: number) => m.cpu.ram.set([0xb0, result, 0xc3], physical);
const map = (space: number, physical: number) => tables.setUint32(space + ENTRY, physical | RIGHTS, true);
/** Loads CR3 and calls the function; the sum of AL over `times` calls. */
function call(space: number, times = 1, { target = FUNCTION, rip = CODE } = {}): number {
  const { state, cpu } = m;
  state.set64("registers", 0n, 1);
  state.set64("registers", BigInt(space), 2);
  state.set64("registers", target, 3);
  state.set64("registers", BigInt(STACK), 4);
  state.set64("registers", BigInt(times), 6);
  state.set64("rip", BigInt(rip));
  state.set32("halted", 0);
  expect(cpu.run(cpu.clock + 10_000).kind).toBe("halted");
  return Number(state.get64("registers", 1) & 0xffn);
}

beforeEach(() => {
  // mov %rdx,%cr3; 1: call *%rbx; add %al,%cl; dec %esi; jnz 1b; hlt
  m = longMachine([0x0f, 0x22, 0xda, 0xff, 0xd3, 0x00, 0xc1, 0xff, 0xce, 0x75, 0xf8, 0xf4], 16);
  tables = new DataView(m.cpu.ram.buffer, m.cpu.ram.byteOffset);
  m.cpu.ram.copyWithin(B, A, A + 0x3000);
  tables.setUint32(B, (B + 0x1000) | 7, true);
  tables.setUint32(B + 0x1000, (B + 0x2000) | 7, true);
  place(0x20_0000, 1);
  place(0x40_0000, 2);
  place(0x80_0000, 4);
  map(A, 0x20_0000);
  map(B, 0x40_0000);
});

it("two spaces with other code at one address", () => {
  for (let n = 0; n < 5; n++) {
    expect(call(A, 3)).toBe(3);
    expect(call(B, 3)).toBe(6);
  }
});

it("blocks of both stay known", () => {
  for (let n = 0; n < 3; n++) for (const space of [A, B]) call(space);
  const { built } = m.cpu.blocks.counts;
  for (let n = 0; n < 50; n++) for (const space of [A, B]) call(space);
  expect(m.cpu.blocks.counts.built).toBe(built);
});

it("tables changed while another space was in use", () => {
  call(A);
  call(B);
  map(A, 0x80_0000);
  expect(call(A)).toBe(4);
  map(A, 0x20_0000);
  expect(call(A)).toBe(1);
});

it("changed there and back: what was entered in between is gone", () => {
  call(A);
  map(A, 0x80_0000);
  expect(call(A)).toBe(4);
  call(B);
  map(A, 0x20_0000);
  expect(call(A)).toBe(1);
  call(B);
  expect(call(A)).toBe(1);
});

it("an accessed bit that was cleared is set again by the next fetch", () => {
  call(A);
  const accessed = () => tables.getUint32(A + ENTRY, true) & ACCESSED;
  expect(accessed()).toBe(ACCESSED);
  call(B);
  map(A, 0x20_0000);
  expect(accessed()).toBe(0);
  call(A);
  expect(accessed()).toBe(ACCESSED);
});

it("INVLPG forgets the page that code is in, and only that", () => {
  const { system } = m.cpu;
  call(A);
  system.invalidatePage(0x3fff_f000n);
  expect(call(A)).toBe(1);
  map(A, 0x80_0000);
  system.invalidatePage(FUNCTION + 0x1234n);
  expect(call(A)).toBe(4);
});

it("after INVLPG the entries that are walked again are compared again", () => {
  call(A);
  m.cpu.system.invalidatePage(FUNCTION);
  call(A);
  call(B);
  map(A, 0x80_0000);
  expect(call(A)).toBe(4);
});

it("an entry that was another for a while counts as both", () => {
  // A second directory, to which the entry above it leads between two loads of CR3.
  const other = 0x1_4000;
  const second = FUNCTION + 0x20_0000n;
  const target = { target: second };
  m.cpu.ram.copyWithin(other, A + 0x2000, A + 0x3000);
  tables.setUint32(A + ENTRY + 8, 0x20_0000 | RIGHTS, true);
  tables.setUint32(other + (ENTRY - 0x2000) + 8, 0x80_0000 | RIGHTS, true);
  const leadTo = (directory: number) => tables.setUint32(A + 0x1000, directory | 7 | ACCESSED, true);
  expect(call(A, 3)).toBe(3);
  leadTo(other);
  // Behind the load of CR3: what was fetched there is known, the function is not.
  expect(call(A, 1, { ...target, rip: CODE + 3 })).toBe(4);
  leadTo(A + 0x2000);
  expect(call(A, 1, target)).toBe(1);
});

it("one address space more than are remembered: each still has its own code", () => {
  const spaces = Array.from({ length: SPACES.entries + 1 }, (_, n) => 0xc0_0000 + n * 0x3000);
  spaces.forEach((space, n) => {
    m.cpu.ram.copyWithin(space, A, A + 0x3000);
    tables.setUint32(space, (space + 0x1000) | 7, true);
    tables.setUint32(space + 0x1000, (space + 0x2000) | 7, true);
    map(space, [0x20_0000, 0x40_0000, 0x80_0000][n % 3]);
  });
  for (let round = 0; round < 3; round++) {
    spaces.forEach((space, n) => expect([n, call(space)]).toEqual([n, [1, 2, 4][n % 3]]));
  }
});

it("spaces are found however often everything was forgotten", () => {
  for (let n = 0; n < 2 * SPACES.entries; n++) {
    expect([call(A), call(B)]).toEqual([1, 2]);
    m.cpu.flushCaches();
  }
});

it("in 32-bit code a space is another one for each code segment", () => {
  const directories = [0x8000, 0xc000, 0x1_0000];
  m = bareMachine(16);
  const { cpu, state } = m;
  const other = legacyMachine([], 32);
  for (let n = 0; n < 6; n++)
    for (const name of ["selector", "segmentLimit", "segmentAccess"] as const)
      state.set32(name, other.state.get32(name, n), n);
  for (let n = 0; n < 6; n++) state.set64("segmentBase", 0n, n);
  for (let n = 0; n < 4; n++) state.set64("descriptorBase", 0n, n);
  // mov cr3,edx; 1: call ebx; add cl,al; dec esi; jnz 1b; hlt
  cpu.ram.set([0x0f, 0x22, 0xda, 0xff, 0xd3, 0x00, 0xc1, 0x4e, 0x75, 0xf9, 0xf4], CODE);
  tables = new DataView(cpu.ram.buffer, cpu.ram.byteOffset);
  directories.forEach((directory, n) => {
    const frame = (n + 1) * 0x40_0000;
    tables.setUint32(directory, RIGHTS, true);
    tables.setUint32(directory + 4, frame | RIGHTS, true);
    place(frame, n + 1);
  });
  state.set64("cr3", BigInt(directories[0]));
  state.set64("cr4", 0x10n);
  state.set64("cr0", 0x8001_0033n);
  state.set32("systemFlags", 2);
  cpu.flushCaches();
  for (const limit of [0xffff_ffff, 0x0fff_ffff, 0xffff_ffff]) {
    state.set32("segmentLimit", limit, 1);
    cpu.system.updateMode();
    for (let round = 0; round < 3; round++)
      expect(directories.map((directory) => call(directory, 1, { target: 0x40_0000n }))).toEqual([1, 2, 3]);
  }
});

it("two functions that meet in the table of jumps stay known", () => {
  const first = 0x20_0000;
  /** mov $1000,%esi; 1: call *%rbx; call *%rdi; dec %esi; jnz 1b; hlt */
  const code = [0xbe, 0xe8, 3, 0, 0, 0xff, 0xd3, 0xff, 0xd7, 0xff, 0xce, 0x75, 0xf8, 0xf4];
  const { cpu, state } = longMachine(code, 16);
  const meets = (rip: number) => jumpEntry(rip, state.get32("jumpTag")) === jumpEntry(first, state.get32("jumpTag"));
  let second = first + 16;
  while (!meets(second)) second += 16;
  for (const [register, rip] of [
    [3, first],
    [7, second],
  ]) {
    cpu.ram[rip] = 0xc3;
    state.set64("registers", BigInt(rip), register);
  }
  let runs = 0;
  const run = cpu.library.run.bind(cpu.library);
  cpu.library.run = (record) => {
    runs++;
    return run(record);
  };
  expect(cpu.run(1_000_000).kind).toBe("halted");
  expect(jumpEntry(second, state.get32("jumpTag"))).toBe(jumpEntry(first, state.get32("jumpTag")));
  expect(runs).toBeLessThan(20);
});
