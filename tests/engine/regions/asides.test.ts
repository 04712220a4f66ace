/** Instructions that the interpreter runs in the middle of a region, and the way back. */
import { expect, test } from "vitest";
import { longMachine, type Machine } from "../machine";
import type { RegionOptions } from "../../../src/engine/regions/options";

const ends = { kind: "halted", forever: true };
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));

function ran(hex: string, regions: false | Partial<RegionOptions>, prepare: (machine: Machine) => void = () => {}) {
  const machine = longMachine(bytes(hex), 4, regions);
  prepare(machine);
  expect(machine.cpu.run(1_000_000)).toEqual(ends);
  return machine;
}

/** mov $100,%ecx; 1: movq %mm0,2f(%rip); 2: paddd %mm2,%mm1; 5 times nop; dec %ecx; jnz 1b; hlt */
const rewritesNext = "b964000000 0f7f0500000000 0ffeca 9090909090 ffc9 75ed f4";
/** pxor %mm2,%mm1; 5 times nop */
const instead = 0x9090_9090_90ca_ef0fn;

test("an aside that writes over the one behind it", () => {
  const prepare = ({ state }: Machine) => {
    for (const [n, value] of [instead, 5n, 3n].entries()) state.set64("fpr", value, 2 * n);
  };
  const machine = ran(rewritesNext, { threshold: 0 }, prepare);
  expect(machine.cpu.regions!.counts.compiled).toBeGreaterThan(0);
  const interpreted = ran(rewritesNext, false, prepare);
  expect(machine.state.get64("fpr", 2)).toBe(interpreted.state.get64("fpr", 2));
  expect(machine.state.get64("fpr", 2)).toBe(5n);
  expect(machine.cpu.clock).toBe(interpreted.cpu.clock);
});

/** mov $1000,%edx; 1: mov $0x200000,%edi; mov $300,%ecx; rep stosb; inc %eax; dec %edx; jnz 1b; hlt */
const fills = "bae8030000 bf00002000 b92c010000 f3aa ffc0 ffca 75ee f4";

test.each([1, 7, 299, 1003])("REP in a region stops at every tick that it should (%i ticks at once)", (portion) => {
  const machines = [longMachine(bytes(fills), 4, { threshold: 0 }), longMachine(bytes(fills))];
  for (let at = portion; at < 20 * portion + 5000; at += portion) {
    for (const { cpu } of machines) expect(cpu.run(at).kind).toBe("ticks");
    const [one, other] = machines.map(({ cpu, state }) => [cpu.clock, state.get64("rip"), state.get64("registers", 7)]);
    expect(one).toEqual(other);
  }
  expect(machines[0].cpu.regions!.counts.compiled).toBeGreaterThan(0);
});

test("the records of asides are used again", () => {
  // The first instruction of the loop is written anew in each round: mov %cl,1+2f(%rip); 2: mov $0,%al; cpuid; mov ...
  const rewrites = "be50000000 40883501000000 b000 31c0 0fa2 ffce 75f1 f4";
  const { cpu } = ran(rewrites, { threshold: 0 });
  expect(cpu.regions!.counts.dropped).toBeGreaterThan(0);
});
