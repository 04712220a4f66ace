import { describe, expect, it } from "vitest";
import { Player, type Machine } from "../../src/replay/player";
import { InputLog } from "../../src/replay/recording";
import type { PcInput, PcStop } from "../../src/pc/pc";
import type { Input } from "../../src/scenario/schema";

/** Notes at which ticks it is told what; stops for good at `end`. */
class NotingMachine implements Machine {
  clock = 0;
  readonly noted: string[] = [];
  constructor(private readonly end = Infinity) {}
  run(until: number): PcStop {
    this.clock = Math.min(until, this.end);
    return { kind: this.clock < until ? "poweredOff" : "ticks" };
  }
  input(input: PcInput): boolean {
    if (input.kind === "key") this.noted.push(`${this.clock}:${input.code}${input.down ? "+" : "-"}`);
    return true;
  }
}

const key = (tick: number, code: string, down = true): Input => ({ kind: "key", tick, code, down });

function player(end?: number) {
  const machine = new NotingMachine(end);
  const log = new InputLog([key(70, "KeyB"), key(10, "KeyA"), key(70, "KeyC"), key(100, "KeyD")]);
  return { machine, player: new Player(machine, log) };
}

describe("the player", () => {
  it("applies inputs at their ticks, those of one tick in order", () => {
    const { machine, player: one } = player();
    one.runTo(99);
    expect(machine.noted).toEqual(["10:KeyA+", "70:KeyB+", "70:KeyC+"]);
    expect(machine.clock).toBe(99);
    expect(one.replayUntil).toBe(100);
    one.runTo(100);
    expect(machine.noted.at(-1)).toBe("100:KeyD+");
    expect(one.replayUntil).toBeUndefined();
  });

  it("does the same however the way is cut into pieces", () => {
    const whole = player();
    whole.player.runTo(150);
    const pieces = player();
    for (let tick = 0; tick <= 154; tick += 7) pieces.player.runTo(tick);
    expect(pieces.machine.noted).toEqual(whole.machine.noted);
  });

  it("records what is done now and drops the future that was", () => {
    const { machine, player: one } = player();
    one.runTo(50);
    one.input(key(50, "KeyX"));
    one.runTo(200);
    expect(machine.noted).toEqual(["10:KeyA+", "50:KeyX+"]);
    expect(one.log.inputs.map((input) => input.tick)).toEqual([10, 50]);
  });

  it("goes on from another instant without repeating inputs", () => {
    const { machine, player: one } = player();
    machine.clock = 70;
    one.moved(3);
    one.runTo(120);
    expect(machine.noted).toEqual(["100:KeyD+"]);
    machine.clock = 70;
    one.moved(1);
    one.runTo(80);
    expect(machine.noted.slice(1)).toEqual(["70:KeyB+", "70:KeyC+"]);
  });

  it("stops where the machine stops", () => {
    const { machine, player: one } = player(40);
    one.runTo(1000);
    expect(machine.clock).toBe(40);
    expect(one.ended).toEqual({ kind: "poweredOff" });
    // Taken back to an earlier instant it can go on again.
    machine.clock = 20;
    one.moved(1);
    expect(one.ended).toBeUndefined();
    one.runTo(30);
    expect(machine.clock).toBe(30);
    expect(machine.noted).toEqual(["10:KeyA+"]);
  });
});
