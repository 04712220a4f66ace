/** Somebody who types, pauses, steps, goes back and forth without a plan: the inputs that are left give the same run from power-on. */
import { describe, expect, it } from "vitest";
import { EVERYTHING, Page } from "./page";

/** Pseudo-random numbers from 0 to below `bound` (Park and Miller, 1988). */
function numbers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => (state = (state * 48271) % 0x7fff_ffff) % bound;
}

const KEYS = ["KeyP", "KeyS", "Enter", "Backspace", "ArrowUp", "Space"];
/** Between two of 20 slices there are as many instructions as between two snapshots. */
const SLICE = 2_000_000;

function wander(page: Page, random: (bound: number) => number): void {
  const { tick, recorded } = page.frame().status;
  const run = (ticks: number) => page.send({ kind: "runTo", tick: tick + ticks }).pass(2000);
  switch (random(10)) {
    case 0:
    case 1:
    case 2:
    case 3: {
      const code = KEYS[random(KEYS.length)];
      page.send({ kind: "key", code, down: true });
      if (random(2)) run(random(SLICE));
      page.send({ kind: "key", code, down: false });
      return;
    }
    case 4:
      page.send({ kind: "seek", tick: recorded - Math.min(recorded, random(3 * SLICE)) }).pass(2000);
      return;
    case 5:
      page.send({ kind: "seek", tick: recorded }).pass(2000);
      return;
    case 6:
      page.send({ kind: "stepBack" });
      return;
    case 7:
      page.send({ kind: "step", count: 1 + random(1000) });
      return;
    default:
      run(random(20) ? SLICE : 1);
  }
}

describe("wandering about in a recording", () => {
  it.each([1, 2, 3])("leaves inputs that give the same run (seed %i)", (seed) => {
    const random = numbers(seed);
    const page = new Page().open();
    page.send({ kind: "view", view: { panels: EVERYTHING, syntax: "intel" } });
    page.runUntil("herald> ");
    for (let steps = 0; steps < 150; steps++) wander(page, random);
    const { tick } = page.frame().status;
    const { hash } = page.send({ kind: "hash" }).last("hash")!;
    const inputs = page.session["run"]!.player.log.inputs.filter((input) => input.tick <= tick);
    expect(inputs.length).toBeGreaterThan(5);
    const again = new Page().open(undefined, inputs);
    again.send({ kind: "runTo", tick }).pass(100_000);
    expect(again.send({ kind: "hash" }).last("hash")).toMatchObject({ tick, hash });
  });
});
