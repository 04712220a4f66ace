/**
 * Random programs come out of the second tier as they come out of the first, in whatever portions they are run and without any of its
 * optimisations. A program that does not is made small and printed: PROGRAMS=1000 FIRST=1 npx vitest run tests/engine/regions/random.test.ts
 */
import { expect, test } from "vitest";
import type { StopReason } from "../../../src/engine/board";
import type { CpuConfig } from "../../../src/engine/cpu";
import { disassemble } from "../../../src/engine/decode/disassemble";
import { defaultRegionOptions, type RegionOptions } from "../../../src/engine/regions/options";
import { random } from "../../silicon/cases";
import { CODE } from "../machine";
import { based, digest, flat, type Kind, long, programMachine, randomProgram, TIMER } from "./programs";
import { shrink } from "./shrink";

const PROGRAMS = Number(process.env.PROGRAMS ?? 4);
const FIRST = Number(process.env.FIRST ?? 1);
const MOST_TICKS = 30_000;
const CHECKS = 6;

interface Way {
  readonly name: string;
  readonly regions: CpuConfig["regions"];
  /** Ticks run at once at most; 0: to the next interrupt. */
  readonly portions: number;
}

const always = { threshold: 0 };
/** Each optimisation switched off alone. */
const switches = Object.entries(defaultRegionOptions)
  .filter(([, value]) => value === true)
  .map(([name]): Way => ({ name: `without ${name}`, regions: { threshold: 0, [name]: false }, portions: 0 }));
const none: Partial<RegionOptions> = Object.fromEntries(
  Object.entries(defaultRegionOptions).flatMap(([name, value]) => (value === true ? [[name, false]] : [])),
);
const ways: readonly Way[] = [
  { name: "regions", regions: always, portions: 0 },
  { name: "regions in small portions", regions: always, portions: 80 },
  { name: "short regions", regions: { threshold: 0, longest: 8 }, portions: 0 },
  { name: "regions of one page", regions: { threshold: 0, pages: 1 }, portions: 0 },
  { name: "without tables", regions: { threshold: 0, tableEntries: 0 }, portions: 0 },
  { name: "two regions at a time", regions: { threshold: 0, mostRegions: 2 }, portions: 0 },
  ...switches,
  { name: "without optimisations", regions: { threshold: 0, ...none }, portions: 0 },
  { name: "mixed tiers", regions: { threshold: 1, sampleEvery: 50 }, portions: 0 },
];

/** Hashes at some ticks and at the end. The timer interrupts at ticks that the seed tells. */
function run(seed: number, kind: Kind, { regions, portions }: Way, without?: ReadonlySet<number>): string[] {
  const next = random(seed);
  const { code } = randomProgram(next, kind, without);
  const machine = programMachine(code, next, kind, regions);
  const { cpu, board } = machine;
  const timer = random(seed + 1);
  const slices = random(seed + 2);
  const seen: string[] = [];
  let stop: StopReason = { kind: "ticks" };
  const to = (until: number) => {
    while (cpu.clock < until && (stop.kind === "ticks" || stop.kind === "attention")) {
      stop = cpu.run(portions ? Math.min(until, cpu.clock + 1 + (slices() % portions)) : until);
    }
  };
  for (let check = 1; check <= CHECKS; check++) {
    const end = (check * MOST_TICKS) / CHECKS;
    while (cpu.clock < end && stop.kind === "ticks") {
      to(Math.min(end, cpu.clock + 1 + (timer() % (timer() % 4 ? 30 : 3000))));
      board.pending = TIMER;
    }
    seen.push(`${stop.kind} ${digest(machine)}`);
  }
  return seen;
}

const interpreted: Way = { name: "interpreter", regions: false, portions: 0 };

/** The smallest program of this seed that the two tiers run differently, as text. */
function smallest(seed: number, kind: Kind, way: Way): string {
  const fails = (without: ReadonlySet<number>) =>
    run(seed, kind, interpreted, without).join() !== run(seed, kind, way, without).join();
  const without = shrink(randomProgram(random(seed), kind).pieces, fails);
  const { code } = randomProgram(random(seed), kind, without);
  const lines: string[] = [];
  for (let at = 0; at < code.length;) {
    const one = disassemble(code.subarray(at), BigInt(CODE - kind.base + at), kind.bits);
    lines.push(`${(CODE - kind.base + at).toString(16)}  ${one.text}`);
    at += one.length;
  }
  return lines.join("\n");
}

function check(kind: Kind, every: number): void {
  for (let seed = FIRST; seed < FIRST + PROGRAMS; seed++) {
    const expected = run(seed, kind, interpreted);
    for (const [n, way] of ways.entries()) {
      if ((n + seed) % every !== 0) continue;
      const seen = run(seed, kind, way);
      if (seen.join() === expected.join()) continue;
      console.log(`seed ${seed}, ${kind.bits} bits, ${way.name}:\n${smallest(seed, kind, way)}`);
      expect({ seed, way: way.name, seen }).toEqual({ seed, way: way.name, seen: expected });
    }
  }
}

test("random programs in 64-bit mode", () => check(long, 1));
test("random programs in flat 32-bit segments", () => check(flat, 2));
test("random programs in 32-bit segments with a base and a limit", () => check(based, 2));

test("a failure is made small", () => {
  const needed = [3, 17, 18];
  const without = shrink(40, (left) => needed.every((n) => !left.has(n)));
  expect(Array.from({ length: 40 }, (_, n) => n).filter((n) => !without.has(n))).toEqual(needed);
});
