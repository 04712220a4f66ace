/** Regions that reach memory without the lookaside while paging is off (system/open.ts), beside the interpreter: what is elsewhere, and what closes it. */
import { expect, test } from "vitest";
import { hashOf, legacyMachine, type Machine } from "../machine";

const RAX = 0,
  RCX = 1,
  RDX = 2,
  RDI = 7;
const MIB = 1 << 20;
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));

/** Interpreted; a region for every block; and regions that samples, which are seldom, find and drop. */
const tiers = [false, { threshold: 0 }, { threshold: 1, sampleEvery: 700, work: 0 }] as const;

/** All stop alike, at the same tick and with the same memory. The state of the last, which ran regions. */
function same(hex: string, prepare: (machine: Machine) => void) {
  const runs = tiers.map((regions) => {
    const machine = legacyMachine(bytes(hex), 32, regions);
    prepare(machine);
    const why = machine.cpu.run(1_000_000);
    return { machine, seen: [why, hashOf(machine)] };
  });
  for (const { seen } of runs) expect(seen).toEqual(runs[0].seen);
  const { state, cpu } = runs[2].machine;
  expect(runs[1].machine.cpu.regions!.counts.compiled).toBeGreaterThan(0);
  return { state, made: cpu.regions!.counts.compiled };
}

const put =
  (values: Readonly<Record<number, number>>) =>
  ({ state }: Machine) => {
    for (const [register, value] of Object.entries(values)) state.set64("registers", BigInt(value), Number(register));
  };

/** 1: mov %ecx,(%edi); add (%edi),%ebx; add 1(%edi),%bx; add %cl,3(%edi); add %edx,%edi; dec %ecx; jnz 1b; hlt */
const overEnds = "890f 031f 66035f01 004f03 01d7 49 75f0 f4";

test.each([1, 4, 0xfff])("accesses below, over and above the end of memory (every %i bytes)", (step) => {
  const count = step === 0xfff ? 100 : 80;
  same(overEnds, put({ [RDI]: 4 * MIB - (count >> 1) * step, [RDX]: step, [RCX]: count }));
});

test("accesses below and above the code, which lies where nothing can be written directly", () => {
  same(overEnds, put({ [RDI]: MIB - 50, [RDX]: 1, [RCX]: 40 }));
  same(overEnds, put({ [RDI]: MIB + 4096 - 50, [RDX]: 1, [RCX]: 100 }));
});

test("addresses that wrap", () => {
  same(overEnds, put({ [RDI]: -50, [RDX]: 1, [RCX]: 100 }));
});

/** 1: movaps %xmm0,(%edi); paddd (%edi),%xmm1; add %edx,%edi; dec %ecx; jnz 1b; hlt */
const vectors = "0f2907 660ffe0f 01d7 49 75f4 f4";

test.each([16, 24, 1])("vectors that are aligned, or not (every %i bytes), up to the end of memory", (step) => {
  for (const from of [MIB + 0x1_0000, 4 * MIB - 64]) {
    same(vectors, (machine) => {
      put({ [RDI]: from, [RDX]: step, [RCX]: 20 })(machine);
      machine.state.set64("cr4", 0x600n);
    });
  }
});

/** Writes "mov $ebp,%eax; ret" to where it wrote data before, and calls it, 500 times. */
const becomesCode = `bf00102000 bdf4010000 b92c010000 898f00080000 49 75f7 c607b8 896f01 c64705c3 ffd7 01c3 4d 75e1 f4`;

test("code is decoded in memory that was open", () => {
  const { state, made } = same(becomesCode, () => {});
  expect(made).toBeGreaterThan(0);
  expect(state.get64("registers", 3)).toBe((500n * 501n) / 2n);
});

/** The loop "add %ecx,(%edi)", before paging is switched on (CR0.PG) and after it. */
const turnsPagingOn = "bd02000000 b9b80b0000 010f 49 75fb 0f20c0 0d00000080 0f22c0 eb00 4d 75e6 f4";

test("paging is switched on", () => {
  const [directory, table, page, instead] = [0x8000, 0x9000, 2 * MIB, 3 * MIB];
  const { state, made } = same(turnsPagingOn, (machine) => {
    const memory = new Uint32Array(machine.cpu.memory.buffer, machine.cpu.ram.byteOffset);
    memory[directory / 4] = table + 3;
    for (let n = 0; n < 1024; n++) memory[table / 4 + n] = n * 4096 + 3;
    memory[table / 4 + page / 4096] = instead + 3;
    machine.state.set64("cr3", BigInt(directory));
    put({ [RDI]: page })(machine);
  });
  expect(made).toBeGreaterThan(0);
  const ram = new DataView(state.memory.buffer, state.memory.buffer.byteLength - 4 * MIB);
  expect([page, instead].map((at) => ram.getUint32(at, true))).toEqual([4501500, 4501500]);
});

/** The same loop, with a breakpoint on what it writes from the second time on (DR0, DR7). There is no IDT: #DB ends it. */
const setsBreakpoint = "bd03000000 b9b80b0000 eb00 010f 49 75fb b801040d00 0f23c7 0f23f8 4d 75e6 f4";

test("a data breakpoint is set", () => {
  const { state, made } = same(setsBreakpoint, put({ [RDI]: 2 * MIB }));
  expect(made).toBeGreaterThan(0);
  expect(state.get64("registers", RAX)).toBe(0xd0401n);
  expect(state.get64("registers", RCX)).toBeGreaterThan(0n);
});

test("A20 is closed", () => {
  const runs = tiers.map((regions) => {
    const machine = legacyMachine(bytes(overEnds), 32, regions);
    put({ [RDI]: 3 * MIB, [RDX]: 8, [RCX]: 1000 })(machine);
    machine.cpu.run(2000);
    // The code is found at its place with A20 closed, too.
    machine.cpu.ram.set(bytes(overEnds), 0);
    machine.board.addressMask = () => 0xffef_ffff;
    machine.cpu.flushCaches();
    return [machine.cpu.run(1_000_000), hashOf(machine), machine.cpu.ram[2 * MIB + 8 * 999]];
  });
  for (const run of runs) expect(run).toEqual(runs[0]);
  expect(runs[0][2]).not.toBe(0);
});

/** 1: mov %ecx,%edi; and $0xffc,%edi; add %ecx,(%edi); dec %ecx; jnz 1b; hlt */
test("a region whose memory is elsewhere is made anew without", () => {
  const program = "89cf 81e7fc0f0000 010f 49 75f3 f4";
  const regions = { threshold: 2, sampleEvery: 500 };
  const machine = legacyMachine(bytes(program), 32, regions);
  Object.defineProperty(machine.board, "mainMemory", { value: { from: MIB, to: 4 * MIB } });
  put({ [RCX]: 100_000 })(machine);
  machine.cpu.flushCaches();
  const interpreted = legacyMachine(bytes(program), 32);
  put({ [RCX]: 100_000 })(interpreted);
  expect(machine.cpu.run(1_000_000)).toEqual(interpreted.cpu.run(1_000_000));
  expect(hashOf(machine)).toBe(hashOf(interpreted));
  expect(machine.cpu.regions!.counts.dropped).toBe(1);
  expect(machine.cpu.regions!.counts.compiled).toBe(2);
});
