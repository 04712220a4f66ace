/** Vector instructions as regions, against what a real processor did (tests/silicon/media). */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { unpack } from "../../silicon/media/cases";
import { difference, mediaBenches } from "../../silicon/media/engine";

/** Compiling takes a while: one in so many. */
const SAMPLE = Number(process.env.SAMPLE ?? 24);
const vectors = ["floats", "integer", "sse4"].flatMap((name) =>
  unpack(readFileSync(new URL(`../../silicon/media/fixtures/${name}.gz`, import.meta.url))),
);

test("vector instructions compiled one by one come out as they came out of the processor", () => {
  const bench = mediaBenches({ regions: { threshold: 0 } });
  const wrong = vectors
    .filter((_, n) => n % SAMPLE === 0)
    .map((vector) => difference(vector, bench(vector.test.bits).runMedia(vector.test)));
  expect(wrong.filter(Boolean)).toEqual([]);
});
