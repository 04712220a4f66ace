/** Random programs come out of the second tier as they come out of the first, in whatever portions they are run. */
import { expect, test } from "vitest";
import type { CpuConfig } from "../../../src/engine/cpu";
import type { StopReason } from "../../../src/engine/board";
import { random } from "../../silicon/cases";
import { digest, programMachine, randomProgram, TIMER } from "./programs";

const PROGRAMS = Number(process.env.PROGRAMS ?? 6);
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
const ways: readonly Way[] = [
  { name: "regions", regions: always, portions: 0 },
  { name: "regions in small portions", regions: always, portions: 80 },
  { name: "short regions", regions: { threshold: 0, longest: 8 }, portions: 0 },
  {
    name: "without optimisations",
    regions: { threshold: 0, lazyFlags: false, simplify: false, returns: false },
    portions: 0,
  },
  { name: "mixed tiers", regions: { threshold: 1, sampleEvery: 50 }, portions: 0 },
];

/** Hashes at some ticks and at the end. The timer interrupts at ticks that the seed tells. */
function run(seed: number, { regions, portions }: Way): string[] {
  const next = random(seed);
  const code = randomProgram(next);
  const machine = programMachine(code, next, regions);
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

test("random programs", () => {
  for (let seed = FIRST; seed < FIRST + PROGRAMS; seed++) {
    const expected = run(seed, interpreted);
    for (const way of ways)
      expect({ seed, way: way.name, seen: run(seed, way) }).toEqual({ seed, way: way.name, seen: expected });
  }
});
