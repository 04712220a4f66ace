/** Code that is written again and again runs as it stands at that moment, whether it was decoded before or not (SDM 3, 12.6). */
import { expect, it } from "vitest";
import { findVersion } from "../../src/engine/rewritten";
import { CODE, longMachine, type Machine } from "./machine";

const ROUNDS = 64;
/** Where the immediate that is written stands. */
const IMMEDIATE = 28;

// prettier-ignore
const code = [
  0xb9, ROUNDS, 0, 0, 0,              //     mov $ROUNDS,%ecx
  0x89, 0xc8,                         // 1:  mov %ecx,%eax
  0x83, 0xe0, 3,                      //     and $3,%eax
  0x88, 0x05, 12, 0, 0, 0,            //     mov %al,2f+2
  0xe8, 5, 0, 0, 0,                   //     call 2f
  0xff, 0xc9,                         //     dec %ecx
  0x75, 0xec,                         //     jnz 1b
  0xf4,                               //     hlt
  0x81, 0xc3, 0, 0, 0, 0,             // 2:  add $0,%ebx
  0xeb, 0,                            //     jmp 3f
  0xc3,                               // 3:  ret
];

function machine(regions: Parameters<typeof longMachine>[2]): Machine {
  const made = longMachine(code, 4, regions);
  made.state.set64("registers", 0n, 3);
  return made;
}

/** The sum of the immediates, and the ticks it took. */
function run({ cpu, state }: Machine, portion: number, between: () => void = () => undefined): [bigint, number] {
  while (cpu.run(cpu.clock + portion).kind === "ticks") between();
  return [state.get64("registers", 3), cpu.clock];
}

const inOneGo = run(machine(false), 100_000);

it("adds up what was written, each time", () => {
  expect(inOneGo[0]).toBe(BigInt((ROUNDS / 4) * (0 + 1 + 2 + 3)));
});

it.each([false, { threshold: 0 }])("takes up what it decoded before (regions: %o)", (regions) => {
  const m = machine(regions);
  expect(run(m, 7)).toEqual(inOneGo);
  const { built, again, dropped } = m.cpu.blocks.counts;
  expect(again).toBeGreaterThan(ROUNDS / 2);
  expect(built).toBeLessThan(ROUNDS / 2);
  expect(dropped).toBeGreaterThanOrEqual(ROUNDS - 1);
});

it("comes to the same when everything is decoded anew each time", () => {
  const m = machine(false);
  expect(run(m, 7, () => m.cpu.flushCaches())).toEqual(inOneGo);
});

it.each([3, 5, 11])("comes to the same when everything is forgotten now and then (each %i portions)", (each) => {
  const m = machine(false);
  let portions = 0;
  expect(run(m, 7, () => (++portions % each === 0 ? m.cpu.flushCaches() : undefined))).toEqual(inOneGo);
});

it("sees that a version which it kept is not what stands there", () => {
  const m = machine(false);
  const { cpu } = m;
  // Bytes change behind the guest's back, as a device would change them: between portions, and to values never seen.
  let sum = 0n;
  let value = 0;
  const expected = run(m, 7, () => {
    value = (value * 5 + 1) & 0xff;
    cpu.ram[CODE + IMMEDIATE] = value;
    cpu.memoryChanged(CODE + IMMEDIATE, 1);
  });
  const other = machine(false);
  value = 0;
  sum = run(other, 7, () => {
    value = (value * 5 + 1) & 0xff;
    other.cpu.ram[CODE + IMMEDIATE] = value;
    other.cpu.flushCaches();
  })[0];
  expect(expected[0]).toBe(sum);
});

it("what was decoded is taken up again only where every byte is back", () => {
  const version = { code: Uint8Array.of(0xb0, 1, 0xeb, 0xfc), at: 0, records: new Uint8Array(0), block: undefined };
  const bytes = Uint8Array.of(0x90, ...version.code);
  expect(findVersion([version], bytes, 1)).toBe(version);
  for (let n = 1; n < bytes.length; n++) {
    const other = bytes.slice();
    other[n] ^= 1;
    expect(findVersion([version], other, 1)).toBeUndefined();
  }
});

it("what was decoded in one mode is not taken up in another", () => {
  // inc %rax, or dec %eax and inc %eax; the other version: nop and inc %eax. 1: jmp 1b
  const versions = [0x48, 0x90];
  const made = longMachine([0x48, 0xff, 0xc0, 0xeb, 0xfe]);
  const { cpu, state } = made;
  const seen: unknown[] = [];
  for (let round = 0; round < 3; round++)
    for (const first of versions)
      for (const rights of [0xa0_9b00, 0xc0_9b00]) {
        cpu.ram[CODE] = first;
        cpu.memoryChanged(CODE, 1);
        state.set32("segmentAccess", rights, 1);
        cpu.system.updateMode();
        state.set64("rip", BigInt(CODE));
        state.set64("registers", 0xffff_ffffn, 0);
        cpu.run(cpu.clock + 4);
        seen.push(state.get64("registers", 0).toString(16));
      }
  expect(seen).toEqual(Array.from({ length: 3 }, () => ["100000000", "ffffffff", "0", "0"]).flat());
  expect(cpu.blocks.counts.again).toBeGreaterThan(3);
});
