/** Single instructions as regions, against what a real processor did (tests/silicon). */
import { expect, test } from "vitest";
import { difference } from "../../silicon/compare";
import { EngineBench } from "../../silicon/engine";
import { recorded } from "../../silicon/recorded";

/** Compiling takes a while: one in so many. */
const SAMPLE = Number(process.env.SAMPLE ?? 16);
/** At least this share becomes regions; the rest is left to the interpreter. */
const LEAST_COMPILED = 0.8;
const vectors = recorded();

test("instructions compiled one by one come out as they came out of the processor", () => {
  const bench = new EngineBench(64, { regions: { threshold: 0 } });
  const wrong: string[] = [];
  let cases = 0;
  vectors
    .filter(({ test }) => test.bits === 64)
    .forEach((vector, n) => {
      if (n % SAMPLE) return;
      cases++;
      const found = difference(vector, bench.run(vector.test));
      if (found) wrong.push(found);
    });
  expect(wrong).toEqual([]);
  expect(bench.cpu.regions!.counts.compiled).toBeGreaterThan(cases * LEAST_COMPILED);
});
