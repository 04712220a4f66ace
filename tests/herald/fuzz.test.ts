/** A bounded portion of the system-call fuzz; tests/herald/fuzz.ts runs as much as one likes. */
import { describe, expect, it } from "vitest";
import { fuzz } from "./fuzzing";

const CALLS = 5_000;

describe("random and hostile system calls", () => {
  it.each([
    { seed: 1, workers: 4 },
    { seed: 2, workers: 8 },
    { seed: 3, workers: 2 },
  ])("from $workers processes, seed $seed, leave the kernel sound", ({ seed, workers }) => {
    const result = fuzz({ seed, workers, calls: CALLS, lookEvery: 100_000 });
    expect(result.problems).toEqual([]);
    expect(result.lines.filter((line) => line.startsWith("fuzz:"))).toEqual([
      expect.stringMatching(new RegExp(`^fuzz: seed ${seed}: [0-9]+ calls in [0-9]+ rounds`)),
      "fuzz: every message as it should be",
    ]);
    expect(result.after).toBe(result.before);
    expect(result.looks).toBeGreaterThan(50);
    expect(result.alive).toBe(true);
  });
});
