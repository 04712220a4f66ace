import { beforeEach, describe, expect, it } from "vitest";
import { PIT_HERTZ } from "../../src/pc/devices/i8254";
import { Rig } from "./rig";

describe("8254", () => {
  let rig: Rig;
  /** To the tick at which `clocks` more input clocks have passed. */
  const clocks = (count: number) => {
    const { clock } = rig.board;
    rig.runTo(clock.tickOf(clock.count(rig.tick, PIT_HERTZ) + count, PIT_HERTZ));
  };
  const program = (counter: number, mode: number, count: number, bcd = 0) => {
    rig.out8(0x43, (counter << 6) | 0x30 | (mode << 1) | bcd);
    rig.out8(0x40 + counter, count & 0xff, count >> 8);
  };
  const read = (counter: number) => {
    rig.out8(0x43, counter << 6);
    return rig.in8(0x40 + counter) | (rig.in8(0x40 + counter) << 8);
  };
  const status = (counter: number) => (rig.out8(0x43, 0xe0 | (2 << counter)), rig.in8(0x40 + counter));
  const gate = (open: boolean) => rig.out8(0x61, open ? 1 : 0);
  const out2 = () => (rig.in8(0x61) >> 5) & 1;

  beforeEach(() => {
    rig = new Rig();
    rig.startPics();
    rig.runTo(12_345);
  });

  it("mode 0: counts down from the clock after the count, OUT rises at 0 and stays", () => {
    gate(true);
    program(2, 0, 100);
    expect(out2()).toBe(0);
    clocks(1);
    expect(read(2)).toBe(100);
    clocks(99);
    expect([read(2), out2()]).toEqual([1, 0]);
    clocks(1);
    expect([read(2), out2()]).toEqual([0, 1]);
    clocks(1);
    expect([read(2), out2()]).toEqual([0xffff, 1]);
  });

  it("mode 0: the gate stops the count, the first byte of a new one too", () => {
    gate(true);
    program(2, 0, 100);
    clocks(11);
    gate(false);
    clocks(1000);
    expect(read(2)).toBe(90);
    gate(true);
    clocks(10);
    expect(read(2)).toBe(80);
    rig.out8(0x42, 50);
    clocks(500);
    expect(out2()).toBe(0);
    rig.out8(0x42, 0);
    clocks(51);
    expect(out2()).toBe(1);
  });

  it("mode 1: one pulse for each rising gate", () => {
    gate(false);
    program(2, 1, 20);
    expect(out2()).toBe(1);
    clocks(50);
    gate(true);
    clocks(1);
    expect(out2()).toBe(0);
    clocks(19);
    expect(out2()).toBe(0);
    clocks(1);
    expect(out2()).toBe(1);
    gate(false);
    gate(true);
    clocks(1);
    expect(out2()).toBe(0);
  });

  it("mode 2: low for one clock in each period, the gate restarts it", () => {
    gate(true);
    program(2, 2, 10);
    clocks(1);
    const levels = Array.from({ length: 20 }, () => (clocks(1), out2()));
    expect(levels.join("")).toBe("11111111011111111101");
    expect(read(2)).toBe(10);
    clocks(4);
    gate(false);
    expect(out2()).toBe(1);
    gate(true);
    clocks(1);
    expect(read(2)).toBe(10);
  });

  it("mode 2: a new count waits for the end of the period", () => {
    gate(true);
    program(2, 2, 10);
    clocks(4);
    rig.out8(0x42, 4, 0);
    expect(read(2)).toBe(7);
    clocks(8);
    expect(read(2)).toBe(3);
    clocks(400);
    expect(read(2)).toBe(3);
  });

  it("mode 3: half the period high, an odd count one clock longer", () => {
    gate(true);
    program(2, 3, 5);
    clocks(1);
    expect(out2()).toBe(1);
    const levels = Array.from({ length: 10 }, () => (clocks(1), out2()));
    expect(levels.join("")).toBe("1100111001");
  });

  it("mode 3: counts down by two, an odd count from one less", () => {
    gate(true);
    program(2, 3, 5);
    clocks(1);
    const counts = Array.from({ length: 10 }, () => (clocks(1), read(2)));
    expect(counts).toEqual([2, 0, 4, 2, 4, 2, 0, 4, 2, 4]);
  });

  it("mode 4: one low clock when the count runs out", () => {
    gate(true);
    program(2, 4, 6);
    clocks(1);
    const levels = Array.from({ length: 10 }, () => (clocks(1), out2()));
    expect(levels.join("")).toBe("1111101111");
  });

  it("counts in BCD", () => {
    gate(true);
    program(2, 0, 0x1000, 1);
    clocks(2);
    expect(read(2)).toBe(0x0999);
    clocks(1000);
    expect(read(2)).toBe(0x9999);
    program(2, 0, 0x1234, 1);
    clocks(1);
    expect(read(2)).toBe(0x1234);
    clocks(35);
    expect(read(2)).toBe(0x1199);
  });

  it("latches a count until it has been read, and status before count", () => {
    gate(true);
    program(2, 0, 1000);
    clocks(1);
    rig.out8(0x43, 0x80);
    clocks(100);
    rig.out8(0x43, 0x80);
    expect(rig.in8(0x42) | (rig.in8(0x42) << 8)).toBe(1000);
    expect(read(2)).toBe(900);
    rig.out8(0x43, 0xc8);
    expect(rig.in8(0x42)).toBe(0x30);
    expect(rig.in8(0x42) | (rig.in8(0x42) << 8)).toBe(900);
  });

  it("says null count until the count has been taken", () => {
    rig.out8(0x43, 0x34);
    expect(status(0) & 0x40).toBe(0x40);
    rig.out8(0x40, 100, 0);
    expect(status(0)).toBe(0xf4);
    clocks(2);
    expect(status(0)).toBe(0xb4);
  });

  it("reads and writes one byte where the control word says so", () => {
    rig.out8(0x43, 0x90);
    gate(true);
    rig.out8(0x42, 77);
    clocks(1);
    expect([rig.in8(0x42), rig.in8(0x42)]).toEqual([77, 77]);
    rig.out8(0x43, 0xa0);
    rig.out8(0x42, 2);
    clocks(1);
    expect(rig.in8(0x42)).toBe(2);
  });

  it("interrupts at the exact ticks of the rising edges", () => {
    rig.out8(0x21, 0xfe);
    program(0, 2, 1193);
    const { clock } = rig.board;
    const start = clock.count(rig.tick, PIT_HERTZ) + 1;
    rig.run(600_000, true);
    const expected = [1, 2, 3, 4, 5, 6].map((n) => clock.tickOf(start + n * 1193, PIT_HERTZ));
    expect(rig.delivered.map(({ tick }) => tick)).toEqual(expected);
    expect(expected[4] - expected[0]).toBeGreaterThan(399_900);
  });

  it("interrupts once in mode 0", () => {
    rig.out8(0x21, 0xfe);
    program(0, 0, 100);
    rig.run(100_000, true);
    expect(rig.delivered).toHaveLength(1);
  });

  it("interrupts in mode 4 at the end of the low clock", () => {
    rig.out8(0x21, 0xfe);
    program(0, 4, 100);
    rig.delivered.length = 0;
    const { clock } = rig.board;
    const start = clock.count(rig.tick, PIT_HERTZ) + 1;
    // OUT is high already when the mode is set: that edge was before.
    rig.runTo(clock.tickOf(start + 50, PIT_HERTZ), true);
    rig.delivered.length = 0;
    rig.run(100_000, true);
    expect(rig.delivered.map(({ tick }) => tick)).toEqual([clock.tickOf(start + 101, PIT_HERTZ)]);
  });

  it("stays exact after a hundred days", () => {
    const day = 86_400 * rig.board.clock.ticksPerSecond;
    const { clock } = rig.board;
    for (const tick of [100 * day, 100 * day + 1, 100 * day + 99_999_999]) {
      const exact = (BigInt(tick) * BigInt(PIT_HERTZ)) / 100_000_000n;
      expect(BigInt(clock.count(tick, PIT_HERTZ))).toBe(exact);
      const back = clock.tickOf(Number(exact), PIT_HERTZ);
      expect(clock.count(back, PIT_HERTZ)).toBe(Number(exact));
      expect(clock.count(back - 1, PIT_HERTZ)).toBe(Number(exact) - 1);
    }
  });

  it("toggles the refresh bit every 18 clocks", () => {
    const bits = Array.from({ length: 6 }, () => {
      const bit = rig.in8(0x61) & 0x10;
      clocks(18);
      return bit !== 0;
    });
    expect(bits).toEqual(bits.map((_, index) => bits[0] === (index % 2 === 0)));
  });
});
