/** Ways into the middle of a region: back from calls that leave it, behind what the interpreter runs, and behind faults. */
import { expect, test } from "vitest";
import { CODE, DATA, hashOf, longMachine } from "../machine";
import type { RegionOptions } from "../../../src/engine/regions/options";
import { digest, long, programMachine } from "./programs";

/** In another page: with `pages: 1` a call there leaves the region. */
const FUNCTION = 0x11_0000;
const ROUNDS = 2000;
const often = { threshold: 1, thresholdLater: 1, sampleEvery: 60, sampleSeldom: 60, pages: 1 };
const bytes = (hex: string) => [...Buffer.from(hex.replaceAll(" ", ""), "hex")];

/** mov $ROUNDS,%ecx; 1: call *%rbx; the body; dec %ecx; jnz 1b; hlt */
function loopOf(body: string): number[] {
  const round = [0xff, 0xd3, ...bytes(body), 0xff, 0xc9, 0x75];
  return [...bytes("b9 d0070000"), ...round, -(round.length + 1) & 0xff, 0xf4];
}

function run(body: string, called: string, regions: false | Partial<RegionOptions>) {
  const machine = longMachine(loopOf(body), 4, regions);
  const { cpu, state } = machine;
  cpu.ram.set(bytes(called), FUNCTION);
  state.set64("registers", BigInt(FUNCTION), 3);
  for (const register of [0, 2, 6, 7]) state.set64("registers", 0n, register);
  expect(cpu.run(1_000_000)).toEqual({ kind: "halted", forever: true });
  return machine;
}

/** The same in both tiers; EAX at the end. */
function compared(body: string, called: string, regions: Partial<RegionOptions> = often) {
  const machine = run(body, called, regions);
  expect(machine.cpu.regions!.counts.compiled).toBeGreaterThan(0);
  expect(hashOf(machine)).toBe(hashOf(run(body, called, false)));
  return { ...machine, sum: Number(machine.state.get64("registers", 0)) };
}

test("entered in a loop's body, where the flags of before are asked for", () => {
  // adc $0,%eax    bt $0,%ecx; ret
  expect(compared("83d000", "0fbae100 c3").sum).toBe(ROUNDS / 2);
});

test("entered where flags are left as they are on the way out", () => {
  // lea 1(%rax),%eax; call *%rbx; setc %dl; movzbl %dl,%edx; add %edx,%esi    bt $0,%ecx; ret
  const { state, sum } = compared("8d4001 ffd3 0f92c2 0fb6d2 01d6", "0fbae100 c3");
  expect(sum).toBe(ROUNDS);
  expect(state.get64("registers", 6)).toBe(BigInt(ROUNDS / 2));
});

test("entered before and behind instructions that the interpreter runs", () => {
  // pushf; pop %rdx; bt $0,%ecx; pushf; pop %rdi; and %edi,%edx; and $1,%edx; add %edx,%eax    stc; ret
  expect(compared("9c5a 0fbae100 9c5f 21fa 83e201 01d0", "f9 c3").sum).toBe(ROUNDS / 2);
});

test("ways back to a block that has a door, while another block of the region was written to", () => {
  // The call comes back to: add $1,%eax; jmp 1f; 1: add %edx,%esi; mov $0,%edx:
  // which the function gives another number now and then: test %cl,%cl; jnz 2f; mov %ch,the number; 2: ret
  const body = "83c001 eb00 01d6 ba00000000";
  const at = CODE + 5 + 2 + 3 + 2 + 2 + 1;
  const called = `84c9 7507 882c25 ${at.toString(16).padStart(8, "0").match(/../g)!.reverse().join("")} c3`;
  const { cpu, sum } = compared(body, called, { ...often, sampleEvery: 20, sampleSeldom: 20 });
  expect(cpu.regions!.counts.dropped).toBeGreaterThan(0);
  expect(sum).toBe(ROUNDS);
});

test("behind a fault whose handler goes on there", () => {
  // mov $2000,%ecx; 1: lea 2f(%rip),%r15; stc; ud2; 2: adc $0,%eax; mov %ecx,(%r12); dec %ecx; jnz 1b; cli; hlt
  const code = Uint8Array.from(bytes("b9d0070000 4c8d3d03000000 f9 0f0b 83d000 41890c24 ffc9 75eb fa f4"));
  const machines = [often, false].map((regions) => {
    const machine = programMachine(code, () => 0, long, regions as typeof often);
    expect(machine.cpu.run(1_000_000).kind).toBe("halted");
    return machine;
  });
  expect(machines[0].cpu.regions!.counts.compiled).toBeGreaterThan(0);
  expect(digest(machines[0])).toBe(digest(machines[1]));
  expect(machines[0].cpu.ram[DATA]).toBe(1);
});
