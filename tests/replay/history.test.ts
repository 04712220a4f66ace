import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Pc } from "../../src/pc/pc";
import { History } from "../../src/replay/history";
import { ByteLog } from "../../src/replay/log";

const disk = new Uint8Array(readFileSync(new URL("../../public/herald.img", import.meta.url)));

describe("a machine taken to earlier and later instants", () => {
  it("is what it was there, also after snapshots were thinned out, and goes on the same", () => {
    const pc = new Pc({ disk: disk.slice(), memoryMiB: 16 });
    const atPowerOn = pc.hash();
    const history = new History(pc, 0, { snapshots: 8, bytes: 64 << 20 });
    const hashes = new Map<number, string>();
    const idle = new Map<number, number>([[0, 0]]);
    for (let tick = 4_000_000; tick <= 80_000_000; tick += 4_000_000) {
      pc.run(tick);
      history.take(tick);
      hashes.set(tick, pc.hash());
      idle.set(tick, pc.cpu.idleTicks);
    }
    expect(history.count).toBe(8);
    expect(history.restore(history.before(0))).toBe(0);
    expect(pc.hash()).toBe(atPowerOn);
    for (const tick of hashes.keys()) {
      const at = history.restore(history.before(tick));
      if (at) expect(pc.hash()).toBe(hashes.get(at));
      expect(pc.cpu.idleTicks).toBe(idle.get(at));
    }
    expect(pc.cpu.idleTicks).toBeGreaterThan(0);
    // There and back in an order of its own, each time from the nearest snapshot.
    for (const tick of [40_000_000, 8_000_000, 80_000_000, 76_000_000, 4_000_000, 60_000_000]) {
      const snapshot = history.before(tick);
      expect(snapshot.tick).toBeLessThanOrEqual(tick);
      expect(history.restore(snapshot)).toBe(snapshot.tick);
      expect(pc.clock).toBe(snapshot.tick);
      pc.run(tick);
      expect(pc.hash()).toBe(hashes.get(tick));
    }
  });

  it("keeps as many snapshots as there is room for, each with its own memory", () => {
    const pc = new Pc({ disk: disk.slice(), memoryMiB: 16 });
    const from = 0x40_0000;
    const count = 64;
    /** A page changes every round, every second or every third. */
    const valueAt = (round: number, n: number) => round - (round % (1 + (n % 3)));
    const history = new History(pc, 0, { snapshots: 1000, bytes: (128 + 6 * count) * 4096 });
    for (let round = 1; round <= 60; round++) {
      pc.run(round);
      for (let n = 0; n < count; n++) pc.cpu.ram[from + n * 4096] = valueAt(round, n);
      history.take(round);
    }
    const marks = new Set(Array.from({ length: 61 }, (_, tick) => history.before(tick).mark));
    expect(marks.size).toBe(history.count);
    // Each keeps these pages but once.
    expect(history.count).toBeGreaterThanOrEqual(6);
    for (const mark of marks) {
      history.restore(history.before(mark));
      const found = Array.from({ length: count }, (_, n) => pc.cpu.ram[from + n * 4096]);
      expect([mark, pc.clock, ...found]).toEqual([mark, mark, ...found.map((_, n) => valueAt(mark, n))]);
    }
  });

  it("forgets the future that another one replaces", () => {
    const pc = new Pc({ disk: disk.slice(), memoryMiB: 16 });
    const history = new History(pc, "power-on");
    const run = (to: number, mark: string) => {
      pc.run(to);
      history.take(mark);
    };
    run(5_000_000, "one");
    run(10_000_000, "two");
    run(15_000_000, "three");
    expect([4_999_999, 5_000_000, 5_000_001].map((tick) => history.before(tick).mark)).toEqual([
      "power-on",
      "one",
      "one",
    ]);
    history.restore(history.before(5_000_000));
    history.forgetAfter(5_000_000);
    pc.input({ kind: "serial", bytes: [65] });
    run(12_000_000, "other");
    expect(history.latest.mark).toBe("other");
    const hash = pc.hash();
    expect(history.restore(history.before(11_000_000))).toBe("one");
    expect(history.restore(history.before(20_000_000))).toBe("other");
    expect(pc.hash()).toBe(hash);
  });
});

describe("a log of bytes", () => {
  const bytes = (from: number, count: number) => Uint8Array.from({ length: count }, (_, at) => (from + at) & 255);

  it("takes nothing twice, and gives what there was up to a position", () => {
    const log = new ByteLog(1000);
    log.put(0, bytes(0, 10));
    log.put(4, bytes(4, 4));
    log.put(8, bytes(8, 6));
    expect([...log.until(99)]).toEqual([...bytes(0, 14)]);
    expect([...log.until(3)]).toEqual([0, 1, 2]);
    log.cut(5);
    log.put(5, bytes(50, 2));
    expect([...log.until(99)]).toEqual([0, 1, 2, 3, 4, 50, 51]);
  });

  it("is bounded: the oldest whole records go", () => {
    const log = new ByteLog(100, 8);
    for (let at = 0; at < 400; at += 8) log.put(at, bytes(at, 8));
    expect(log.end).toBe(400);
    const kept = log.until(400);
    expect(kept.length).toBeLessThanOrEqual(100);
    expect(kept.length % 8).toBe(0);
    expect([...kept]).toEqual([...bytes(400 - kept.length, kept.length)]);
    log.put(400, bytes(400, 1000));
    expect([...log.until(1400)].at(-1)).toBe(1399 & 255);
  });
});
