/** Round robin, accounting and idling, measured from outside. */
import { describe, expect, it } from "vitest";
import { writeFile } from "../../src/herald/disk";
import { constants, enums, structs } from "../../src/herald/layout";
import { GuestMemory } from "../../src/lens/memory";
import { committedMap } from "./fuzzing";
import { runBetweenSteps } from "./invariants";
import { committedImage, HeraldMachine } from "./machine";

const SECOND = 100_000_000;
const reasons = enums.switch_reason.byName;
const states = enums.process_state.byName;

function machineWith(scenario: string): HeraldMachine {
  const image = committedImage.slice();
  writeFile(image, "scenario.cfg", "text", new TextEncoder().encode(scenario));
  return new HeraldMachine(image).boot();
}

interface Account {
  readonly generation: number;
  readonly state: number;
  /** Ticks up to this instant. */
  readonly run: number;
  readonly ready: number;
  readonly blocked: number;
  readonly switches: number;
}

/** What the kernel has accounted for each living process, brought up to this instant. */
function accounts(machine: HeraldMachine): { readonly now: number; readonly byPid: ReadonlyMap<number, Account> } {
  const { pc } = machine;
  expect(runBetweenSteps(pc)).toBe(true);
  const memory = new GuestMemory(pc.cpu.ram, committedMap, { cr3: pc.snapshot().cr3, levels: 4 });
  const table = memory.symbol("process_table")!;
  const byPid = new Map<number, Account>();
  const now = pc.clock;
  for (let pid = 0; pid < constants.MAX_PROCESSES; pid++) {
    const process = memory.structure(structs.process, table + BigInt(pid * structs.process.size))!;
    const state = process.number("state");
    if (state === states.free) continue;
    const since = (wanted: number) => (state === wanted ? now - process.number("state_since") : 0);
    byPid.set(pid, {
      generation: process.number("generation"),
      state,
      run: process.number("run_time") + (state === states.running ? now - process.number("switched_in") : 0),
      ready: process.number("ready_time") + since(states.ready),
      blocked: process.number("blocked_time") + since(states.blocked),
      switches: process.number("switches"),
    });
  }
  return { now, byPid };
}

describe("round robin", () => {
  const machine = machineWith("trace=all\nrun=shell\n");
  const spinners = [0, 1, 2, 3].map(() => Number(/process (\d+)/.exec(machine.command("run spin &").join())?.[1]));

  it.each([1000, 5000, 10_000, 25_000])("gives those who never wait equal slices of %d us in turn", (quantum) => {
    machine.command(`quantum ${quantum / 1000}`);
    machine.trace.length = 0;
    machine.pc.run(machine.pc.clock + (36 * quantum * SECOND) / 1_000_000);
    const schedule = machine.trace.filter(({ kind }) => kind === "schedule");
    const slices = schedule
      .slice(0, -1)
      .map((record, i) => ({ pid: record.pid, by: schedule[i + 1].flags, ticks: schedule[i + 1].time - record.time }))
      .filter(({ pid, by }) => spinners.includes(pid) && by === reasons.quantum);
    expect(slices.length).toBeGreaterThan(25);
    slices.forEach(({ pid }, i) => {
      if (i >= 4) expect(pid).toBe(slices[i - 4].pid);
    });
    // The period is a whole number of the 8254's ticks, 84 of ours each; an interrupt that something else masks for a moment
    // moves a switch by less than 2 microseconds.
    const lengths = slices.map(({ ticks }) => Number(ticks));
    expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThan(400);
    const mean = lengths.reduce((sum, ticks) => sum + ticks, 0) / lengths.length;
    expect(Math.abs(mean / (quantum * 100) - 1)).toBeLessThan(0.002);
  });
});

describe("accounting", () => {
  const machine = machineWith("trace=none\nrun=shell\n");
  for (const line of ["run spin &", "run display &", "run sensor 1000 &", "run thermostat &"]) machine.command(line);
  machine.pc.run(machine.pc.clock + SECOND);

  it("of each process adds up to the time that went by, and of all on the CPU too", () => {
    let before = accounts(machine);
    for (let look = 0; look < 40; look++) {
      machine.pc.run(machine.pc.clock + 1_234_567 + look * 77_777);
      const after = accounts(machine);
      expect([...after.byPid.keys()]).toEqual([...before.byPid.keys()]);
      const elapsed = after.now - before.now;
      let run = 0;
      for (const [pid, now] of after.byPid) {
        const then = before.byPid.get(pid)!;
        expect(now.generation).toBe(then.generation);
        const spent = [now.run - then.run, now.ready - then.ready, now.blocked - then.blocked];
        for (const ticks of spent) expect(ticks, `process ${pid}`).toBeGreaterThanOrEqual(0);
        expect(
          spent.reduce((a, b) => a + b),
          `process ${pid}`,
        ).toBe(elapsed);
        run += spent[0];
      }
      expect(run).toBe(elapsed);
      before = after;
    }
    expect(before.byPid.size).toBeGreaterThan(8);
  });
});

describe("a machine with nothing to do", () => {
  it("halts the CPU", () => {
    const machine = machineWith("trace=none\nrun=shell\n");
    machine.settle();
    const start = machine.pc.statistics();
    machine.pc.run(machine.pc.clock + SECOND);
    const { ticks, idleTicks } = machine.pc.statistics();
    expect((idleTicks - start.idleTicks) / (ticks - start.ticks)).toBeGreaterThan(0.999);
    expect(accounts(machine).byPid.get(0)!.state).toBe(states.running);
  });
});
