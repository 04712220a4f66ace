import { describe, expect, it } from "vitest";
import { SerialOutbox } from "../../src/worker/outbox";
import { Pacer } from "../../src/worker/pacing";

/** Plays real time: a machine that does `ticksPerMs` when it runs and waits when told to. Answers the ticks done. */
function play(pacer: Pacer, ms: number, ticksPerMs: number): number {
  let now = 1000;
  let done = 0;
  const end = now + ms;
  pacer.restart();
  while (now < end) {
    const allowed = pacer.allowance(now);
    const took = allowed / ticksPerMs;
    pacer.ran(allowed, 0, took);
    done += allowed;
    now += took + pacer.waitMs();
    pacer.measure(now);
  }
  return done;
}

describe("pacing", () => {
  it("keeps real time when the machine can", () => {
    const pacer = new Pacer();
    const ticks = play(pacer, 3000, 400_000);
    expect(ticks / 300_000_000).toBeCloseTo(1, 1);
    expect(pacer.pace).toBeCloseTo(1, 1);
  });

  it("falls behind evenly when it cannot, in short slices", () => {
    const pacer = new Pacer();
    let longest = 0;
    const inner = pacer.ran.bind(pacer);
    pacer.ran = (ticks, idle, ms) => {
      longest = Math.max(longest, ms);
      inner(ticks, idle, ms);
    };
    const ticks = play(pacer, 3000, 20_000);
    expect(ticks / 60_000_000).toBeCloseTo(1, 1);
    expect(longest).toBeLessThan(12);
    expect(pacer.pace).toBeCloseTo(0.2, 1);
  });

  it("does not make up for a stall", () => {
    const pacer = new Pacer();
    pacer.restart();
    pacer.allowance(0);
    pacer.ran(0, 0, 0);
    let done = 0;
    for (let i = 0; i < 100; i++) {
      const allowed = pacer.allowance(60_000);
      pacer.ran(allowed, 0, 1);
      done += allowed;
    }
    expect(done).toBeLessThanOrEqual(6_000_000);
  });

  it("can go at one tick a second", () => {
    const pacer = new Pacer();
    pacer.setSpeed(1);
    expect(play(pacer, 10_500, 400_000)).toBe(10);
  });

  it("runs whole slices without pause when unpaced", () => {
    const pacer = new Pacer();
    pacer.setSpeed("max");
    expect(play(pacer, 1000, 400_000)).toBeGreaterThan(390_000_000);
  });

  it("refuses speeds that are none", () => {
    const pacer = new Pacer();
    for (const speed of [0, -1, NaN, Infinity]) expect(() => pacer.setSpeed(speed)).toThrow(/speed/);
  });
});

describe("the serial outbox", () => {
  it("keeps the newest bytes when nobody takes them", () => {
    const outbox = new SerialOutbox();
    for (let i = 0; i < 3_000_000; i++) outbox.push(i & 0xff);
    const taken = outbox.take();
    expect(taken.length).toBeLessThanOrEqual(1 << 20);
    expect(taken.at(-1)).toBe(2_999_999 & 0xff);
    expect(outbox.take().length).toBe(0);
  });
});
