/** What a real processor did with programs and faults, recorded by ../run.ts, against both tiers. No compiler is needed here. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { BREAKPOINT, difference, openFlags, type Recorded, unpack } from "./cases";
import { sequenceBenches } from "./engine";
import { isDeviation } from "./faults";

const recorded = (name: string) => unpack(readFileSync(new URL(`fixtures/${name}.gz`, import.meta.url)));
/** Compiling takes a while: one in so many. */
const SAMPLE = Number(process.env.SAMPLE ?? 15);

function wrong(those: readonly Recorded[], bench: ReturnType<typeof sequenceBenches>): string[] {
  return those.flatMap(({ test, outcome }) => {
    if (isDeviation(test, outcome)) return [];
    const found = difference(outcome, bench(test.bits).runSequence(test), openFlags(test, outcome));
    return found ? [`${test.bits} bits ${Buffer.from(test.code).toString("hex")}: ${found}`] : [];
  });
}

test.each(["faults", "programs"])("%s come out as they came out of the processor", (name) => {
  const those = recorded(name);
  expect(those.length).toBeGreaterThan(500);
  expect(new Set(those.map(({ outcome }) => outcome.vector)).size).toBeGreaterThan(3);
  expect(wrong(those, sequenceBenches())).toEqual([]);
});

test("programs come out the same in regions", () => {
  const those = recorded("programs").filter((_, n) => n % SAMPLE === 0);
  const bench = sequenceBenches({ regions: { threshold: 0 } });
  expect(wrong(those, bench)).toEqual([]);
  expect(bench(64).cpu.regions!.counts.compiled).toBeGreaterThan(those.length);
  expect(those.some(({ outcome }) => outcome.vector === BREAKPOINT)).toBe(true);
});

test("faults in the middle of REP leave the same with one iteration at a time", () => {
  const those = recorded("faults").filter(({ test }) => test.code.length < 5);
  expect(wrong(those, sequenceBenches({ handlers: { bulk: false } }))).toEqual([]);
});
