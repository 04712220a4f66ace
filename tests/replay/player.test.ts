import { describe, expect, it } from "vitest";
import { Player, type Machine } from "../../src/replay/player";
import { InputLog } from "../../src/replay/recording";
import type { Input } from "../../src/scenario/schema";

/** Notes at which ticks it is told what; stops for good at `end`. */
class NotingMachine implements Machine {
  tick = 0;
  readonly noted: string[] = [];
  constructor(private readonly end = Infinity) {}
  run(until: number): void {
    this.tick = Math.min(until, this.end);
  }
  input(input: Input): void {
    this.noted.push(`${this.tick}:${input.code}${input.down ? "+" : "-"}`);
  }
}

const key = (tick: number, code: string, down = true): Input => ({ kind: "key", tick, code, down });

describe("the player", () => {
  const log = () => new InputLog([key(70, "KeyB"), key(10, "KeyA"), key(70, "KeyC"), key(100, "KeyD")]);

  it("applies inputs at their ticks, those of one tick in order", () => {
    const player = new Player(new NotingMachine(), log());
    player.runTo(99);
    expect(player.machine.noted).toEqual(["10:KeyA+", "70:KeyB+", "70:KeyC+"]);
    expect(player.machine.tick).toBe(99);
    expect(player.replayUntil).toBe(100);
    player.runTo(100);
    expect(player.machine.noted.at(-1)).toBe("100:KeyD+");
    expect(player.replayUntil).toBeUndefined();
  });

  it("does the same however the way is cut into pieces", () => {
    const whole = new Player(new NotingMachine(), log());
    whole.runTo(150);
    const pieces = new Player(new NotingMachine(), log());
    for (let tick = 0; tick <= 150; tick += 7) pieces.runTo(tick);
    pieces.runTo(150);
    expect(pieces.machine.noted).toEqual(whole.machine.noted);
  });

  it("records what is done now and drops the future that was", () => {
    const player = new Player(new NotingMachine(), log());
    player.runTo(50);
    player.input(key(50, "KeyX"));
    player.runTo(200);
    expect(player.machine.noted).toEqual(["10:KeyA+", "50:KeyX+"]);
    expect(player.log.inputs.map((input) => input.tick)).toEqual([10, 50]);
  });

  it("goes on from another instant without repeating inputs", () => {
    const player = new Player(new NotingMachine(), log());
    player.machine.tick = 70;
    player.moved();
    player.runTo(120);
    expect(player.machine.noted).toEqual(["100:KeyD+"]);
  });

  it("stops where the machine stops", () => {
    const player = new Player(new NotingMachine(40), log());
    player.runTo(1000);
    expect(player.machine.tick).toBe(40);
    expect(player.machine.noted).toEqual(["10:KeyA+"]);
  });
});
