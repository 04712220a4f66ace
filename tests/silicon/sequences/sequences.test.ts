/** What a real processor did with programs and faults, recorded by ../run.ts, against both tiers. No compiler is needed here. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { BREAKPOINT, difference, isUsable, openFlags, promised, type Recorded } from "./cases";
import { BITS } from "../cases";
import { MIXED, sequenceBenches } from "./engine";
import { found } from "./found";
import { unpack } from "./recording";

const recorded = (name: string) => unpack(readFileSync(new URL(`fixtures/${name}.gz`, import.meta.url)));
/** Compiling takes a while: one in so many. */
const SAMPLE = Number(process.env.SAMPLE ?? 15);

function wrong(those: readonly Recorded[], bench: ReturnType<typeof sequenceBenches>): string[] {
  return those.flatMap(({ test, outcome }) => {
    if (!isUsable(outcome)) return [];
    const ours = bench(test.bits).runSequence(test);
    const found = isUsable(ours) && difference(promised(test, outcome), ours, openFlags(test, outcome));
    return found ? [`${test.bits} bits ${Buffer.from(test.code).toString("hex")}: ${found}`] : [];
  });
}

test.each(["faults", "masked", "programs"])("%s come out as they came out of the processor", (name) => {
  const those = recorded(name);
  expect(those.length).toBeGreaterThan(500);
  expect(new Set(those.map(({ outcome }) => outcome.vector)).size).toBeGreaterThan(2);
  expect(wrong(those, sequenceBenches())).toEqual([]);
});

test("what programs found stays mended", () => {
  const those = recorded("found");
  expect(those.map(({ test }) => Buffer.from(test.code).toString("hex"))).toEqual(
    found.map(({ code }) => Buffer.from(code).toString("hex")),
  );
  expect(wrong(those, sequenceBenches())).toEqual([]);
});

test.each([
  { name: "regions", options: { regions: { threshold: 0 } }, place: 0 },
  { name: "regions and interpreter by turns", options: MIXED, place: 1 },
])("programs come out the same in $name", ({ options, place }) => {
  const those = recorded("programs").filter((_, n) => n % SAMPLE === place % SAMPLE);
  const bench = sequenceBenches(options);
  expect(wrong(those, bench)).toEqual([]);
  for (const bits of BITS) expect(bench(bits).cpu.regions!.counts.compiled).toBeGreaterThan(0);
  expect(those.some(({ outcome }) => outcome.vector === BREAKPOINT)).toBe(true);
});

test("faults in the middle of REP leave the same with one iteration at a time", () => {
  const those = recorded("faults").filter(({ test }) => test.code.length < 5);
  expect(wrong(those, sequenceBenches({ handlers: { bulk: false } }))).toEqual([]);
});
