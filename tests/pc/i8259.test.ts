import { beforeEach, describe, expect, it } from "vitest";
import { I8259 } from "../../src/pc/devices/i8259";

describe("8259A pair", () => {
  let pic: I8259;
  const reports: string[] = [];
  const out = (port: number, ...values: number[]) => values.forEach((value) => pic.writePort(port, 1, value));
  const read = (port: number) => pic.readPort(port, 1);
  const pulse = (line: number) => {
    pic.setIrq(line, true);
    pic.setIrq(line, false);
  };
  const irr = () => (out(0x20, 0x0a), read(0x20));
  const isr = () => (out(0x20, 0x0b), read(0x20));

  beforeEach(() => {
    reports.length = 0;
    pic = new I8259((report) => reports.push(report));
    out(0x20, 0x11);
    out(0x21, 0x08, 0x04, 0x01, 0x00);
    out(0xa0, 0x11);
    out(0xa1, 0x70, 0x02, 0x01, 0x00);
  });

  it("delivers by fixed priority, and holds lower lines until the end of interrupt", () => {
    pulse(5);
    pulse(1);
    expect(pic.acknowledge()).toBe(0x09);
    expect(pic.intr).toBe(false);
    pulse(0);
    expect(pic.intr).toBe(true);
    expect(pic.acknowledge()).toBe(0x08);
    expect(isr()).toBe(0x03);
    out(0x20, 0x20);
    expect(isr()).toBe(0x02);
    out(0x20, 0x20);
    expect(pic.acknowledge()).toBe(0x0d);
  });

  it("latches an edge while masked", () => {
    out(0x21, 0x10);
    pulse(4);
    expect(pic.intr).toBe(false);
    expect(irr()).toBe(0x10);
    out(0x21, 0x00);
    expect(pic.acknowledge()).toBe(0x0c);
  });

  it("needs a new edge for a second interrupt, unless ELCR makes the line level-triggered", () => {
    pic.setIrq(5, true);
    expect(pic.acknowledge()).toBe(0x0d);
    out(0x20, 0x20);
    expect(pic.intr).toBe(false);
    pic.setIrq(5, false);
    out(0x4d0, 0x20);
    pic.setIrq(5, true);
    pic.acknowledge();
    out(0x20, 0x20);
    expect(pic.intr).toBe(true);
    pic.setIrq(5, false);
    expect(pic.intr).toBe(false);
  });

  it("keeps lines 0, 1, 2, 8 and 13 edge-triggered whatever ELCR says", () => {
    out(0x4d0, 0xff);
    out(0x4d1, 0xff);
    expect([read(0x4d0), read(0x4d1)]).toEqual([0xf8, 0xde]);
  });

  it("cascades the second controller through line 2", () => {
    pulse(14);
    expect(irr()).toBe(0x04);
    expect(pic.acknowledge()).toBe(0x76);
    expect(isr()).toBe(0x04);
    pulse(12);
    expect(pic.intr).toBe(false); // the first controller still serves its line 2
    out(0xa0, 0x20);
    out(0x20, 0x20);
    expect(pic.acknowledge()).toBe(0x74);
  });

  it("answers line 7 without service when the request has gone", () => {
    pulse(3);
    out(0x21, 0x08);
    expect(pic.acknowledge()).toBe(0x0f);
    expect(isr()).toBe(0);
  });

  it("answers line 15 when the second controller's request has gone", () => {
    pulse(9);
    out(0xa1, 0x02);
    // The edge on line 2 stays latched.
    expect(pic.intr).toBe(true);
    expect(pic.acknowledge()).toBe(0x77);
  });

  it("ends a named interrupt, and rotates", () => {
    pulse(1);
    pulse(2);
    pic.acknowledge();
    out(0x20, 0x61);
    expect(isr()).toBe(0);
    out(0x20, 0xc3); // line 3 lowest: line 4 first
    pulse(1);
    pulse(4);
    expect(pic.acknowledge()).toBe(0x0c);
    out(0x20, 0xa0); // rotate on non-specific end of interrupt: line 5 first
    pulse(4);
    pulse(5);
    expect(pic.acknowledge()).toBe(0x0d);
  });

  it("rotates on a specific end of interrupt: the named line becomes the lowest", () => {
    pulse(3);
    pic.acknowledge();
    out(0x20, 0xe3);
    expect(isr()).toBe(0);
    pulse(3);
    pulse(4);
    expect(pic.acknowledge()).toBe(0x0c);
  });

  it("takes the upper five bits of a vector from ICW2, the lower three from the line", () => {
    out(0x20, 0x11);
    out(0x21, 0x4f, 0x04, 0x01, 0x00);
    pulse(1);
    expect(pic.acknowledge()).toBe(0x49);
  });

  it("special fully nested mode: the second controller may interrupt itself, by its own priorities", () => {
    out(0x20, 0x11);
    out(0x21, 0x08, 0x04, 0x11, 0x00);
    out(0xa0, 0x11);
    out(0xa1, 0x70, 0x02, 0x11, 0x00);
    pulse(10);
    expect(pic.acknowledge()).toBe(0x72);
    pulse(11);
    expect(pic.intr).toBe(false);
    pulse(9);
    expect(pic.acknowledge()).toBe(0x71);
  });

  it("clears in-service by itself in automatic mode", () => {
    out(0x20, 0x11);
    out(0x21, 0x08, 0x04, 0x03, 0x00);
    pulse(6);
    pic.acknowledge();
    expect(isr()).toBe(0);
  });

  it("special mask mode lets lower lines through", () => {
    pulse(1);
    pic.acknowledge();
    out(0x21, 0x02);
    pulse(6);
    expect(pic.intr).toBe(false);
    out(0x20, 0x68);
    // OCW3 without its bit 6 leaves the mode as it is.
    expect(isr()).toBe(0x02);
    expect(pic.acknowledge()).toBe(0x0e);
  });

  it("polls", () => {
    out(0x20, 0x0c);
    expect(read(0x20)).toBe(0);
    pulse(3);
    out(0x20, 0x0c);
    expect(read(0x20)).toBe(0x83);
    expect(isr()).toBe(0x08);
  });

  it("forgets masks and service when initialised", () => {
    pulse(1);
    pic.acknowledge();
    out(0x20, 0x11);
    out(0x21, 0x40, 0x04, 0x01);
    expect([isr(), irr(), read(0x21)]).toEqual([0, 0, 0]);
    pulse(1);
    expect(pic.acknowledge()).toBe(0x41);
  });

  it("reports the 8080 mode as something it does not have", () => {
    out(0x20, 0x10);
    expect(reports).toHaveLength(1);
  });

  it("comes back from a saved state", () => {
    pulse(1);
    pic.acknowledge();
    pulse(0);
    const copy = new I8259(() => {});
    copy.restore(pic.save());
    expect(copy.intr).toBe(true);
    expect(copy.acknowledge()).toBe(0x08);
    expect(pic.intr).toBe(true);
  });
});
