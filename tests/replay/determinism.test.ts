/** A run is a pure function of image, scenario and inputs: however it is cut into slices, live or replayed. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Pc } from "../../src/pc/pc";
import { Player } from "../../src/replay/player";
import { InputLog } from "../../src/replay/recording";
import { builtinScenarios } from "../../src/scenario/builtin";
import { buildDisk } from "../../src/scenario/disk";
import type { Input, Scenario } from "../../src/scenario/schema";

const image = new Uint8Array(readFileSync(new URL("../../public/herald.img", import.meta.url)));

function machine(scenario: Scenario, inputs: readonly Input[] = []) {
  const { memoryMiB, mhz } = scenario.machine;
  const pc = new Pc({ disk: buildDisk(image, scenario), memoryMiB, mhz });
  return { pc, player: new Player(pc, new InputLog(inputs)) };
}

/** "ps", typed at odd moments after the prompt. */
const typing: Input[] = ["KeyP", "KeyS", "Enter"].flatMap((code, i) => [
  { kind: "key" as const, tick: 60_000_011 + i * 3_333_337, code, down: true },
  { kind: "key" as const, tick: 61_000_003 + i * 3_333_337, code, down: false },
]);
const END = 100_000_007;

describe("the same run", () => {
  for (const scenario of builtinScenarios) {
    it(`ends in the same state, whole and in slices: ${scenario.title}`, () => {
      const whole = machine(scenario, typing);
      whole.player.runTo(END);
      const sliced = machine(scenario, typing);
      // Slices of all sizes, from a fixed sequence.
      for (let seed = 1; sliced.pc.clock < END;) {
        seed = (seed * 48271) % 0x7fffffff;
        sliced.player.runTo(Math.min(END, sliced.pc.clock + 1 + (seed % 10 ** (1 + (seed % 6)))));
      }
      expect(sliced.pc.clock).toBe(END);
      expect(sliced.pc.hash()).toBe(whole.pc.hash());
    });
  }

  it("differs when an input comes one tick later", () => {
    const [scenario] = builtinScenarios;
    const hashes = [0, 1].map((later) => {
      const { pc, player } = machine(
        scenario,
        typing.map((input) => ({ ...input, tick: input.tick + later })),
      );
      player.runTo(END);
      return pc.hash();
    });
    expect(hashes[0]).not.toBe(hashes[1]);
  });

  it("is the same one instruction at a time", () => {
    const [scenario] = builtinScenarios;
    const whole = machine(scenario);
    const stepped = machine(scenario);
    for (const from of [0, 1_500_000, 9_000_000]) {
      stepped.player.runTo(from);
      for (let i = 1; i <= 20_000; i++) stepped.player.runTo(from + i);
      whole.player.runTo(from + 20_000);
      expect(stepped.pc.hash()).toBe(whole.pc.hash());
    }
  });
});
