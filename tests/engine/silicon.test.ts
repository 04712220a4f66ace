/** What a real processor did (tests/silicon), against the engine: decoder, handlers, memory access and flags at once. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { unpack } from "../silicon/cases";
import { difference } from "../silicon/compare";
import { runOnEngine } from "./silicon";

const vectors = unpack(readFileSync(new URL("../silicon/fixtures/vectors.gz", import.meta.url))).filter(
  ({ test }) => !test.crossing,
);

test("every recorded instruction comes out of the engine as it came out of the processor", () => {
  const wrong = vectors.map((vector) => difference(vector, runOnEngine(vector.test))).filter(Boolean);
  expect(wrong).toEqual([]);
});
