import { beforeEach, describe, expect, it } from "vitest";
import { civilDate, civilDays } from "../../src/pc/devices/mc146818";
import { Rig } from "./rig";

describe("calendar", () => {
  it("goes there and back over four hundred years", () => {
    for (let days = -20_000; days < 130_000; days += 17) {
      const { year, month, day } = civilDate(days);
      expect(civilDays(year, month, day)).toBe(days);
      const date = new Date(days * 86_400_000);
      expect([year, month, day]).toEqual([date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]);
    }
  });
});

describe("MC146818", () => {
  let rig: Rig;
  const second = () => rig.board.clock.ticksPerSecond;
  const read = (register: number) => (rig.out8(0x70, register), rig.in8(0x71));
  const write = (register: number, value: number) => rig.out8(0x70, register) ?? rig.out8(0x71, value);
  const time = () => [4, 2, 0].map((register) => read(register).toString(16).padStart(2, "0")).join(":");
  const date = () => [0x32, 9, 8, 7].map((register) => read(register).toString(16).padStart(2, "0")).join("");

  beforeEach(() => {
    // 31 December 2027, 23:59:50 UTC, a Friday.
    rig = new Rig({ epoch: Date.UTC(2027, 11, 31, 23, 59, 50) / 1000 });
    rig.startPics();
  });

  it("follows virtual time over the turn of the year", () => {
    expect([date(), time(), read(6)]).toEqual(["20271231", "23:59:50", 6]);
    rig.runTo(9 * second());
    expect(time()).toBe("23:59:59");
    rig.runTo(10 * second());
    expect([date(), time(), read(6)]).toEqual(["20280101", "00:00:00", 7]);
  });

  it("speaks binary and 12 hours", () => {
    write(0x0b, 0x04);
    expect([read(4), read(2), read(0)]).toEqual([0x80 | 11, 59, 50]);
    write(0x0b, 0x00);
    expect(read(4)).toBe(0x91);
    rig.runTo(10 * second());
    expect(read(4)).toBe(0x12);
  });

  it("is set while SET stands still, and goes on", () => {
    write(0x0b, 0x82);
    for (const [register, value] of [
      [0x32, 0x19],
      [9, 0x99],
      [8, 0x02],
      [7, 0x28],
      [4, 0x12],
      [2, 0x34],
      [0, 0x56],
    ])
      write(register, value);
    rig.run(5 * second());
    expect(time()).toBe("12:34:56");
    write(0x0b, 0x02);
    rig.run(4 * second());
    expect([date(), time()]).toEqual(["19990228", "12:35:00"]);
  });

  it("shows an update in progress shortly before the second", () => {
    rig.runTo(second() - 20_000);
    expect(read(0x0a) & 0x80).toBe(0x80);
    rig.runTo(second());
    expect(read(0x0a) & 0x80).toBe(0);
    // 244 microseconds before (data sheet, register A).
    rig.runTo(2 * second() - 24_500);
    expect(read(0x0a) & 0x80).toBe(0);
    rig.runTo(2 * second() - 24_400);
    expect(read(0x0a) & 0x80).toBe(0x80);
  });

  it("has midnight and noon as the twelfth hour", () => {
    const hour24 = (hour12: number) => {
      write(0x0b, 0x80);
      write(4, hour12);
      write(0x0b, 0x00);
      expect(read(4)).toBe(hour12);
      write(0x0b, 0x02);
      return read(4);
    };
    expect([0x12, 0x01, 0x11, 0x92, 0x81, 0x91].map(hour24)).toEqual([0x00, 0x01, 0x11, 0x12, 0x13, 0x23]);
  });

  it("SET takes the update interrupt away", () => {
    write(0x0b, 0x12);
    write(0x0b, 0x92);
    expect(read(0x0b)).toBe(0x82);
  });

  it("rates 1 and 2 are 256 and 128 a second", () => {
    for (const [rate, count] of [
      [1, 256],
      [2, 128],
    ]) {
      rig = new Rig();
      rig.startPics();
      rig.out8(0x21, 0xfb);
      rig.out8(0xa1, 0xfe);
      write(0x0a, 0x20 | rate);
      write(0x0b, 0x42);
      rig.runTo(second(), true);
      expect(rig.delivered).toHaveLength(count);
    }
  });

  it("interrupts at the periodic rate", () => {
    write(0x0b, 0x42);
    rig.out8(0x21, 0xfb);
    rig.out8(0xa1, 0xfe);
    rig.runTo(second() / 2, true);
    expect(rig.delivered).toHaveLength(512);
    expect(rig.delivered[0]).toEqual({ tick: rig.board.clock.tickOf(32, 32_768), vector: 0x70 });
    expect(rig.delivered[511].tick).toBe(second() / 2);
  });

  it("interrupts at an alarm and at updates", () => {
    for (const [register, value] of [
      [1, 0x00],
      [3, 0x00],
      [5, 0xc0],
    ])
      write(register, value);
    write(0x0b, 0x22);
    rig.runTo(9.5 * second());
    expect(read(0x0c) & 0xa0).toBe(0);
    rig.runTo(10 * second());
    expect(read(0x0c)).toBe(0xf0); // flags are set whether enabled or not
    expect(read(0x0c)).toBe(0);
    write(0x0b, 0x12);
    rig.runTo(11 * second());
    expect(read(0x0c) & 0x90).toBe(0x90);
  });

  it("keeps 640 KiB, extended memory and the disk's type in its memory", () => {
    const word = (register: number) => read(register) | (read(register + 1) << 8);
    expect(word(0x15)).toBe(640);
    expect(word(0x30)).toBe(63 * 1024);
    expect(word(0x34)).toBe(48 * 16);
    expect(read(0x12)).toBe(0xf0);
    write(0x40, 0x5a);
    expect(read(0x40)).toBe(0x5a);
  });
});
