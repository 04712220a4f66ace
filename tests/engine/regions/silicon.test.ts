/** Single instructions as regions, against what a real processor did (tests/silicon). */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { unpack } from "../../silicon/cases";
import { difference } from "../../silicon/compare";
import { EngineBench } from "../../silicon/engine";

/** Compiling takes a while: one in so many. */
const SAMPLE = Number(process.env.SAMPLE ?? 16);
const vectors = unpack(readFileSync(new URL("../../silicon/fixtures/vectors.gz", import.meta.url)));

test("instructions compiled one by one come out as they came out of the processor", () => {
  const bench = new EngineBench(64, { regions: { threshold: 0 } });
  const wrong: string[] = [];
  vectors
    .filter(({ test }) => test.bits === 64)
    .forEach((vector, n) => {
      if (n % SAMPLE) return;
      const found = difference(vector, bench.run(vector.test));
      if (found) wrong.push(found);
    });
  expect(wrong).toEqual([]);
});
