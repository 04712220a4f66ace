/** A code segment whose limit ends inside a block that was run before in a longer segment (SDM 3, 5.3). */
import { expect, test } from "vitest";
import { CODE, legacyMachine, type Machine } from "./machine";

const CS = 1;
const EAX = 0;
/** 1: dec %ecx; js 2f; jmp 3f; 2: hlt; 3: inc %eax; inc %eax; jmp 1b */
const loop = [0x49, 0x78, 0x02, 0xeb, 0x01, 0xf4, 0x40, 0x40, 0xeb, 0xf6];
/** Of the second INC, which lies beyond the limit. */
const BEYOND = CODE + 7;

function run({ cpu, state }: Machine, rounds: number) {
  state.set64("registers", BigInt(rounds), 1);
  state.set64("registers", 0n, EAX);
  state.set64("rip", BigInt(CODE));
  return cpu.run(cpu.clock + 100_000).kind;
}

test.each([false, { threshold: 0 }])("a jump within the page ends where the segment does (regions: %o)", (regions) => {
  const machine = legacyMachine(loop, 32, regions);
  const { state } = machine;
  expect(run(machine, 100)).toBe("halted");
  state.set32("halted", 0);
  state.set32("segmentLimit", BEYOND - 1, CS);
  // There are no handlers: #GP cannot be delivered.
  expect(run(machine, 100)).toBe("tripleFault");
  expect(state.get64("rip")).toBe(BigInt(BEYOND));
  expect(state.get64("registers", EAX)).toBe(1n);
});

test("jumps to and fro between segments that end at different places of the page", () => {
  const machine = legacyMachine(loop, 32);
  const { state } = machine;
  for (const limit of [0xffff_ffff, CODE + loop.length - 1, 0xffff_ffff, CODE + 0xfff]) {
    state.set32("segmentLimit", limit, CS);
    expect(run(machine, 100)).toBe("halted");
    expect(state.get64("registers", EAX)).toBe(200n);
    state.set32("halted", 0);
  }
});
