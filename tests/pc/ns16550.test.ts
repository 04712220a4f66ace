import { beforeEach, describe, expect, it } from "vitest";
import { Ns16550 } from "../../src/pc/devices/ns16550";

describe("16550A", () => {
  let uart: Ns16550;
  let sent: number[];
  let edges: boolean[];
  const read = (register: number) => uart.readPort(0x3f8 + register, 1);
  const write = (register: number, value: number) => uart.writePort(0x3f8 + register, 1, value);
  const line = () => edges.at(-1) ?? false;

  beforeEach(() => {
    sent = [];
    edges = [];
    const setIrq = (_: number, level: boolean) => {
      if (level !== (edges.at(-1) ?? false)) edges.push(level);
    };
    uart = new Ns16550({ setIrq }, 4, (byte) => sent.push(byte));
  });

  it("sends at once and is always empty", () => {
    write(0, 0x41);
    expect(sent).toEqual([0x41]);
    expect(read(5)).toBe(0x60);
  });

  it("keeps the divisor apart from data", () => {
    write(3, 0x83);
    write(0, 0x0c);
    write(1, 0x01);
    expect([read(0), read(1)]).toEqual([0x0c, 0x01]);
    write(3, 0x03);
    expect(read(1)).toBe(0);
    expect(sent).toEqual([]);
  });

  it("interrupts for a byte, and loses none of a burst", () => {
    write(1, 0x01);
    uart.receive([1, 2, 3]);
    expect(line()).toBe(true);
    expect(read(2)).toBe(0x04);
    expect([read(0), read(0), read(0)]).toEqual([1, 2, 3]);
    expect(line()).toBe(false);
    expect(read(5) & 1).toBe(0);
  });

  it("has a FIFO of 16 with trigger levels; less than that is a time-out", () => {
    write(2, 0xc7);
    write(1, 0x01);
    uart.receive(Array.from({ length: 13 }, (_, i) => i));
    expect(read(2)).toBe(0xcc);
    uart.receive([13, 14, 15, 16]);
    expect(read(2)).toBe(0xc4);
    expect(Array.from({ length: 17 }, () => read(0))).toEqual(Array.from({ length: 17 }, (_, i) => i));
    write(2, 0x00);
    expect(read(2)).toBe(0x01);
  });

  it("tells an empty transmitter once, and again after each byte", () => {
    write(1, 0x02);
    expect(line()).toBe(true);
    expect(read(2)).toBe(0x02);
    expect(read(2)).toBe(0x01);
    expect(line()).toBe(false);
    write(0, 0x41);
    write(0, 0x42);
    expect(edges).toEqual([true, false, true, false, true]);
  });

  it("forgets what it received when the FIFOs are switched on or off, or told to", () => {
    for (const [before, after] of [
      [1, 0],
      [0, 1],
      [1, 3],
    ]) {
      write(2, before);
      uart.receive([1]);
      expect(read(5) & 1).toBe(1);
      write(2, after);
      expect(read(5) & 1).toBe(0);
    }
  });

  it("tells of the ring indicator when it ends only", () => {
    write(4, 0x10);
    read(6);
    write(4, 0x14);
    expect(read(6)).toBe(0x40);
    write(4, 0x10);
    expect(read(6)).toBe(0x04);
  });

  it("has four interrupt enables", () => {
    write(1, 0xff);
    expect(read(1)).toBe(0x0f);
  });

  it("loops back data and modem lines", () => {
    expect(read(6)).toBe(0xb0);
    write(4, 0x1f);
    expect(read(6) & 0xf0).toBe(0xf0);
    write(0, 0x55);
    expect(sent).toEqual([]);
    expect(read(0)).toBe(0x55);
    write(0, 1);
    write(0, 2);
    expect(read(5) & 2).toBe(2); // overrun without FIFO
    expect(read(5) & 2).toBe(0);
    write(4, 0x12);
    expect(read(6)).toBe(0x10 | 0x0e); // DSR, DCD changed, RI ended
    expect(read(6)).toBe(0x10);
  });

  it("keeps bytes from outside apart while it loops", () => {
    write(4, 0x10);
    uart.receive([9]);
    expect(read(5) & 1).toBe(0);
    write(4, 0x00);
    expect(read(0)).toBe(9);
  });
});
