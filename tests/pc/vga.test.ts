/** What the screen shows, by the registers that say so (IBM VGA technical reference, text modes). */
import { beforeEach, describe, expect, it } from "vitest";
import { Rig } from "./rig";

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
const screen = () => rig.board.vga.screen(rig.board.ram);
const crtc = (register: number, value: number) => rig.out8(0x3d4, register) ?? rig.out8(0x3d5, value);
const attribute = (register: number, value: number) => {
  rig.in8(0x3da);
  rig.out8(0x3c0, register | 0x20, value);
};
const cell = (index: number, value: number) => {
  rig.board.ram[0xb8000 + 2 * index] = value & 0xff;
  rig.board.ram[0xb8001 + 2 * index] = value >> 8;
};

describe("VGA text screen", () => {
  it("begins as mode 3: 80 by 25, blinking, the 16 colours of CGA", () => {
    const { columns, rows, lines, blink, palette, text } = screen();
    expect({ columns, rows, lines, blink, text }).toEqual({
      columns: 80,
      rows: 25,
      lines: 16,
      blink: true,
      text: true,
    });
    expect(palette.map((colour) => colour.toString(16).padStart(6, "0")).join(" ")).toBe(
      "000000 0000aa 00aa00 00aaaa aa0000 aa00aa aa5500 aaaaaa 555555 5555ff 55ff55 55ffff ff5555 ff55ff ffff55 ffffff",
    );
  });

  it("the start address scrolls, the cursor with it; both wrap in 32 KiB", () => {
    cell(0, 0x0741);
    cell(160, 0x1f42);
    crtc(0x0e, 0);
    crtc(0x0f, 163);
    expect([screen().cells[0], screen().cursor.row, screen().cursor.column]).toEqual([0x0741, 2, 3]);
    crtc(0x0d, 160);
    expect([screen().cells[0], screen().cursor.row, screen().cursor.column]).toEqual([0x1f42, 0, 3]);
    crtc(0x0d, 200);
    expect(screen().cursor.visible).toBe(false);
    crtc(0x0c, 0x3f);
    crtc(0x0d, 0xb0);
    expect(screen().cells[80]).toBe(0x0741);
  });

  it("the row length may be more than is shown", () => {
    crtc(0x11, 0x0e);
    crtc(0x01, 39);
    crtc(0x13, 40);
    cell(80, 0x0743);
    const { columns, cells } = screen();
    expect([columns, cells[40]]).toEqual([40, 0x0743]);
  });

  it("the cursor has first and last line, and can be off", () => {
    const shape = (first: number, last: number) => {
      crtc(0x0a, first);
      crtc(0x0b, last);
      const { cursor } = screen();
      return [cursor.visible, cursor.first, cursor.last];
    };
    expect(shape(13, 14)).toEqual([true, 13, 14]);
    expect(shape(0, 15)).toEqual([true, 0, 15]);
    expect(shape(0, 31)).toEqual([true, 0, 15]);
    expect(shape(0x20, 15)[0]).toBe(false);
    // The end before the start: none (VGA; the EGA wrapped).
    expect(shape(14, 3)[0]).toBe(false);
  });

  it("cells of 8 lines make 50 rows", () => {
    crtc(0x09, 0x47);
    expect([screen().rows, screen().lines]).toEqual([50, 8]);
  });

  it("the number of lines has ten bits", () => {
    crtc(0x11, 0x0e);
    crtc(0x07, 0x1d);
    expect(screen().rows).toBe(9);
    crtc(0x07, 0x1f);
    expect(screen().rows).toBe(25);
    crtc(0x07, 0x5d);
    expect(screen().rows).toBe(41);
  });

  it("a read of input status 1 makes the next byte for 3C0h an index", () => {
    rig.in8(0x3da);
    rig.out8(0x3c0, 0x30);
    rig.in8(0x3da);
    rig.out8(0x3c0, 0x31);
    expect(rig.in8(0x3c0)).toBe(0x31);
  });

  it("colours have six bits", () => {
    rig.out8(0x3c8, 1);
    rig.out8(0x3c9, 0xff);
    rig.out8(0x3c7, 1);
    expect(rig.in8(0x3c9)).toBe(0x3f);
  });

  it("the beam is in vertical retrace for two of 449 lines", () => {
    const lines: number[] = [];
    for (let line = 0; line < 449; line++) {
      rig.tick = Math.floor(((line + 0.5) / 31_469) * rig.board.clock.ticksPerSecond);
      if (rig.in8(0x3da) & 8) lines.push(line);
    }
    expect(lines).toEqual([412, 413]);
  });

  it("bit 3 of the mode control register chooses between blinking and bright background", () => {
    attribute(0x10, 0x04);
    expect(screen().blink).toBe(false);
    attribute(0x10, 0x0c);
    expect(screen().blink).toBe(true);
  });

  it("colours go through palette, colour select, mask and DAC", () => {
    const colour = (index: number) => screen().palette[index].toString(16).padStart(6, "0");
    attribute(1, 0x3f);
    expect(colour(1)).toBe("ffffff");
    rig.out8(0x3c8, 0x3f);
    rig.out8(0x3c9, 0x3f, 0x20, 0x00);
    expect(colour(1)).toBe("ff8200");
    // Colour select bits 3 and 2 are bits 7 and 6 of the DAC's index.
    rig.out8(0x3c8, 0x7f);
    rig.out8(0x3c9, 0x00, 0x3f, 0x00);
    attribute(0x14, 0x04);
    expect(colour(1)).toBe("00ff00");
    // With P54S of the mode control, bits 1 and 0 stand for bits 5 and 4 of the palette.
    rig.out8(0x3c8, 0x5f);
    rig.out8(0x3c9, 0x3f, 0x00, 0x3f);
    attribute(0x10, 0x8c);
    attribute(0x14, 0x05);
    expect(colour(1)).toBe("ff00ff");
    rig.out8(0x3c6, 0x00);
    expect(colour(1)).toBe("000000");
  });

  it("registers 0 to 7 of the CRT controller are protected by bit 7 of 11h, but for one bit", () => {
    crtc(0x11, 0x0e);
    crtc(0x01, 39);
    crtc(0x11, 0x8e);
    crtc(0x01, 79);
    expect(screen().columns).toBe(40);
    rig.out8(0x3d4, 7);
    const before = rig.in8(0x3d5);
    rig.out8(0x3d5, before ^ 0xff);
    expect(rig.in8(0x3d5)).toBe(before ^ 0x10);
  });
});
