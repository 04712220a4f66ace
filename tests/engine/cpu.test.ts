import { describe, expect, it } from "vitest";
import { CODE, hashOf, longMachine, register } from "./machine";

/** mov ecx, 10; loop: add rax, rcx; dec ecx; jnz loop; hlt */
const LOOP = [0xb9, 10, 0, 0, 0, 0x48, 0x01, 0xc8, 0xff, 0xc9, 0x75, 0xf9, 0xf4];

describe("running blocks", () => {
  it("runs a loop and counts its ticks", () => {
    const machine = longMachine(LOOP);
    const stop = machine.cpu.run(1000);
    expect(stop).toEqual({ kind: "halted", forever: true });
    expect(register(machine, 0)).toBe(55n);
    expect(machine.cpu.clock).toBe(1 + 10 * 3 + 1);
    expect(machine.state.get64("rip")).toBe(BigInt(CODE + LOOP.length));
  });

  it("stops at exactly the tick asked for, whatever the steps", () => {
    const whole = longMachine(LOOP);
    for (let tick = 1; tick <= 32; tick++) {
      const stepped = longMachine(LOOP);
      stepped.cpu.run(tick);
      expect(stepped.cpu.clock).toBe(tick);
      whole.cpu.run(tick);
      expect(hashOf(whole)).toBe(hashOf(stepped));
    }
  });
});
