/** Interrupts on the path of a message, at some of its instructions; tests/herald/sweep.ts takes all of them. */
import { describe, expect, it } from "vitest";
import { Sweep, sweptChecks } from "./sweeping";

const INTERRUPTS = 25;

describe("the timer's interrupt between two publishes", () => {
  it.each(sweptChecks)("does no harm anywhere: %s", { timeout: 60_000 }, (check) => {
    const sweep = new Sweep(check);
    expect(sweep.length).toBeGreaterThan(1000);
    const step = Math.floor(sweep.length / INTERRUPTS);
    for (let k = 0; k < sweep.length; k += step) expect(sweep.interruptAt(k)).toEqual([]);
  });
});
