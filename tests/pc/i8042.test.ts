import { beforeEach, describe, expect, it } from "vitest";
import { keyNames, keyOf, scancode, translate } from "../../src/pc/devices/scancodes";
import { Rig } from "./rig";

describe("scancodes", () => {
  it("set 2 translates to set 1 for every key, going down and up", () => {
    for (const code of keyNames.filter((name) => name !== "Pause"))
      for (const down of [true, false]) {
        const one = scancode(code, down, 1)!;
        const two = scancode(code, down, 2)!;
        const translated: number[] = [];
        for (let index = 0; index < two.length; index++)
          translated.push(two[index] === 0xf0 ? translate(two[++index]) | 0x80 : translate(two[index]));
        expect(translated, `${code} ${down}`).toEqual(one);
      }
  });

  it("knows the well-known codes", () => {
    expect(scancode("KeyA", true, 2)).toEqual([0x1c]);
    expect(scancode("KeyA", false, 2)).toEqual([0xf0, 0x1c]);
    expect(scancode("ArrowUp", true, 2)).toEqual([0xe0, 0x75]);
    expect(scancode("ArrowUp", false, 1)).toEqual([0xe0, 0xc8]);
    expect(scancode("F7", true, 2)).toEqual([0x83]);
    expect(scancode("ContextMenu", true, 2)).toEqual([0xe0, 0x2f]);
    expect(scancode("constructor", true, 1)).toBeUndefined();
  });

  it("finds a key for every printable ASCII character", () => {
    for (let code = 0x20; code < 0x7f; code++) {
      const key = keyOf(String.fromCharCode(code));
      expect(key, String.fromCharCode(code)).toBeDefined();
      expect(keyNames).toContain(key!.code);
    }
    expect(keyOf("?")).toEqual({ code: "Slash", shift: true });
    expect(keyOf("é")).toBeUndefined();
  });
});

describe("8042", () => {
  let rig: Rig;
  const key = (code: string, down = true) => {
    const taken = rig.board.keyboard.key(code, down);
    rig.board.rescheduleAll();
    return taken;
  };
  const full = () => (rig.in8(0x64) & 1) !== 0;
  /** The next byte, waiting as a polling driver would. */
  const next = () => {
    for (let tries = 0; tries < 10 && !full(); tries++) rig.run(10_000);
    expect(full()).toBe(true);
    return rig.in8(0x60);
  };
  const requests = () => (rig.out8(0x20, 0x0a), rig.in8(0x20));

  beforeEach(() => {
    rig = new Rig();
    rig.startPics();
    rig.out8(0x21, 0xff);
  });

  it("gives a translated scancode and IRQ 1, which falls when it is read", () => {
    key("KeyA");
    expect(requests() & 2).toBe(2);
    expect(rig.in8(0x60)).toBe(0x1e);
    expect(full()).toBe(false);
    key("KeyA", false);
    expect(next()).toBe(0x9e);
  });

  it("sends the bytes of a key one at a time, each with an edge", () => {
    rig.out8(0x21, 0xfd);
    key("ArrowLeft");
    const seen: number[] = [];
    for (let i = 0; i < 2; i++) {
      rig.run(100_000);
      expect(rig.board.acknowledgeInterrupt()).toBe(9);
      seen.push(rig.in8(0x60));
      rig.out8(0x20, 0x20);
    }
    expect(seen).toEqual([0xe0, 0x4b]);
    rig.run(100_000);
    expect(rig.board.interruptPending()).toBe(false);
  });

  it("gives set 2 untranslated when the command byte says so", () => {
    rig.out8(0x64, 0x60);
    rig.out8(0x60, 0x05);
    key("KeyA", false);
    expect([next(), next()]).toEqual([0xf0, 0x1c]);
  });

  it("gives set 1 from the keyboard itself", () => {
    rig.out8(0x64, 0x60);
    rig.out8(0x60, 0x05);
    rig.out8(0x60, 0xf0);
    expect(next()).toBe(0xfa);
    rig.out8(0x60, 0x01);
    expect(next()).toBe(0xfa);
    key("Home", false);
    expect([next(), next()]).toEqual([0xe0, 0xc7]);
  });

  it("does not interrupt when the command byte forbids it", () => {
    rig.out8(0x64, 0x60);
    rig.out8(0x60, 0x44);
    key("KeyA");
    expect(requests() & 2).toBe(0);
    expect(full()).toBe(true);
  });

  it("keeps keys while its port is off", () => {
    rig.out8(0x64, 0xad);
    key("KeyB");
    rig.run(1_000_000);
    expect(full()).toBe(false);
    rig.out8(0x64, 0xae);
    expect(next()).toBe(0x30);
  });

  it("refuses keys when 16 bytes wait, and never half a key", () => {
    for (let i = 0; i < 8; i++) key("ArrowUp");
    // One byte is in the output buffer, 15 in the keyboard's own.
    expect(key("ArrowUp")).toBe(false);
    expect(key("KeyA")).toBe(true);
    expect(key("KeyB")).toBe(false);
    const bytes = Array.from({ length: 17 }, () => next());
    expect(bytes).toEqual([...new Array(8).fill([0xe0, 0x48]).flat(), 0x1e]);
  });

  it("answers the keyboard's commands", () => {
    const ask = (...bytes: number[]) => bytes.forEach((byte) => rig.out8(0x60, byte));
    ask(0xf2);
    expect([next(), next(), next()]).toEqual([0xfa, 0xab, 0x41]);
    ask(0xed);
    expect(next()).toBe(0xfa);
    ask(0x07);
    expect(next()).toBe(0xfa);
    expect(rig.board.keyboard.leds).toBe(7);
    ask(0xf5);
    expect(next()).toBe(0xfa);
    expect(key("KeyA")).toBe(false);
    ask(0xff);
    expect([next(), next()]).toEqual([0xfa, 0xaa]);
    expect(rig.board.keyboard.leds).toBe(0);
    ask(0x99);
    expect(next()).toBe(0xfe);
  });

  it("has a mouse that answers and lies still, on IRQ 12", () => {
    rig.out8(0x64, 0xa8, 0x60);
    rig.out8(0x60, 0x47);
    const mouse = (byte: number) => {
      rig.out8(0x64, 0xd4);
      rig.out8(0x60, byte);
    };
    mouse(0xff);
    expect(rig.in8(0x64) & 0x21).toBe(0x21);
    rig.out8(0xa0, 0x0a);
    expect(rig.in8(0xa0) & 0x10).toBe(0x10);
    expect([next(), next(), next()]).toEqual([0xfa, 0xaa, 0x00]);
    mouse(0xe9);
    expect([next(), next(), next(), next()]).toEqual([0xfa, 0x00, 0x02, 100]);
  });

  it("opens and closes A20, and resets", () => {
    rig.out8(0x64, 0xd1);
    rig.out8(0x60, 0xdd);
    expect(rig.board.addressMask()).toBe(0xffefffff);
    rig.out8(0x64, 0xd0);
    expect(next() & 2).toBe(0);
    rig.out8(0x64, 0xdf);
    expect(rig.board.addressMask()).toBe(0xffffffff);
    expect(rig.board.resetRequested).toBe(false);
    rig.out8(0x64, 0xfe);
    expect(rig.board.resetRequested).toBe(true);
    expect(rig.board.takeAttention()).toBe(true);
  });

  it("resets by bit 0 of its output port", () => {
    rig.out8(0x64, 0xd1);
    rig.out8(0x60, 0xdf);
    expect(rig.board.resetRequested).toBe(false);
    rig.out8(0x64, 0xd1);
    rig.out8(0x60, 0xde);
    expect(rig.board.resetRequested).toBe(true);
  });

  it("shows in its output port from whom the byte is that waits", () => {
    const port = () => (rig.out8(0x64, 0xd0), next() & 0x30);
    expect(port()).toBe(0);
    rig.out8(0x64, 0xd2);
    rig.out8(0x60, 0x77);
    expect(port()).toBe(0x10);
    rig.out8(0x64, 0xd3);
    rig.out8(0x60, 0x77);
    expect(port()).toBe(0x20);
  });

  it("a byte for the keyboard switches its port on", () => {
    rig.out8(0x64, 0xad);
    rig.out8(0x60, 0xee);
    expect(next()).toBe(0xee);
    rig.out8(0x64, 0x20);
    expect(next() & 0x10).toBe(0);
  });

  it("F5 and F6 go back to set 2, F4 does not", () => {
    rig.out8(0x64, 0x60);
    rig.out8(0x60, 0x05);
    const ask = (...bytes: number[]) =>
      bytes.forEach((byte) => {
        rig.out8(0x60, byte);
        expect(next()).toBe(0xfa);
      });
    const set = () => (ask(0xf0, 0x00), next());
    const after = [0xf4, 0xf5, 0xf6].map((command) => {
      ask(0xf0, 0x01, command);
      return set();
    });
    expect(after).toEqual([1, 2, 2]);
  });
});
