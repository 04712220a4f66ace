import { beforeEach, describe, expect, it } from "vitest";
import { Rig } from "./rig";

describe("board", () => {
  let rig: Rig;
  beforeEach(() => {
    rig = new Rig();
  });

  it("reads all ones where nothing is, and counts it", () => {
    expect(rig.board.portRead(0x5678, 4)).toBe(0xffffffff);
    rig.out8(0x5678, 1);
    expect([...rig.board.unknownPorts]).toEqual([
      [0x5678, 2],
      [0x5679, 1],
      [0x567a, 1],
      [0x567b, 1],
    ]);
  });

  it("splits wide accesses among narrow parts", () => {
    rig.board.portWrite(0x80, 2, 0x1234);
    expect([rig.in8(0x80), rig.in8(0x81)]).toEqual([0x34, 0x12]);
    expect(rig.board.portRead(0x80, 2)).toBe(0x1234);
    // Ports wrap at the end.
    expect(rig.board.portRead(0xffff, 2)).toBe(0x00ff);
  });

  it("switches off by ACPI", () => {
    rig.board.portWrite(0x604, 2, 0x2000);
    expect(rig.board.stop).toEqual({ kind: "poweredOff" });
    expect(rig.board.takeAttention()).toBe(true);
  });

  it("does not have other sleep states", () => {
    rig.board.portWrite(0x604, 2, 0x2400);
    expect(rig.board.stop?.kind).toBe("unimplemented");
  });

  it("counts the power management timer at 3.58 MHz", () => {
    rig.tick = rig.board.clock.ticksPerSecond;
    expect(rig.board.portRead(0x608, 4)).toBe(3_579_545);
    rig.tick *= 10;
    expect(rig.board.portRead(0x608, 4)).toBe(35_795_450 & 0xffffff);
  });

  it("resets through CF9h and port 92h, on a rising edge", () => {
    rig.out8(0xcf9, 0x02);
    expect(rig.board.resetRequested).toBe(false);
    rig.out8(0xcf9, 0x06);
    expect(rig.board.resetRequested).toBe(true);
    rig.board.reset();
    expect(rig.board.resetRequested).toBe(false);
    rig.out8(0x92, 0x01);
    expect(rig.board.resetRequested).toBe(true);
  });

  it("has A20 in port 92h", () => {
    expect(rig.in8(0x92) & 2).toBe(2);
    rig.board.takeAttention();
    rig.out8(0x92, 0);
    expect(rig.board.addressMask()).toBe(0xffefffff);
    expect(rig.board.takeAttention()).toBe(true);
    rig.out8(0x92, 2);
    expect(rig.board.addressMask()).toBe(0xffffffff);
  });

  it("ends by isa-debug-exit", () => {
    rig.board.portWrite(0xf4, 4, 0x31);
    expect(rig.board.stop).toEqual({ kind: "debugExit", value: 0x31 });
  });

  it("rings Herald's doorbell with the ring it was told", () => {
    const rung: number[][] = [];
    rig = new Rig({}, { doorbell: (head, ring) => rung.push([head, ring]) });
    rig.board.portWrite(0x704, 4, 0x123000);
    rig.board.portWrite(0x700, 4, 99);
    expect(rung).toEqual([[99, 0x123000]]);
  });

  it("answers PCI configuration cycles", () => {
    const config = (address: number) => {
      rig.board.portWrite(0xcf8, 4, (0x80000000 | address) >>> 0);
      return rig.board.portRead(0xcfc, 4);
    };
    expect(config(0x0000)).toBe(0x12378086);
    expect(config(0x0b00)).toBe(0x71138086);
    expect(config(0x0b40)).toBe(0x601);
    // IDETIM bit 15 of both channels (82371SB): drivers leave a channel alone that is not decoded.
    expect(config(0x0940)).toBe(0x80008000);
    expect(config(0x1000)).toBe(0xffffffff);
    expect(config(0x10000)).toBe(0xffffffff);
    rig.board.portWrite(0xcf8, 4, 0);
    expect(rig.board.portRead(0xcfc, 4)).toBe(0xffffffff);
    // Nothing here has base addresses to place; the interrupt line is a byte to keep.
    config(0x0910);
    rig.board.portWrite(0xcfc, 4, 0xffffffff);
    expect(config(0x0910)).toBe(0);
    config(0x093c);
    rig.board.portWrite(0xcfc, 1, 0x0e);
    expect(config(0x093c)).toBe(0x0e);
  });

  it("raises attention only when something the CPU must know has changed", () => {
    rig.startPics();
    rig.board.takeAttention();
    rig.out8(0x80, 1);
    rig.in8(0x3f8);
    expect(rig.board.takeAttention()).toBe(false);
    rig.out8(0x43, 0x34);
    rig.out8(0x40, 10, 0);
    expect(rig.board.takeAttention()).toBe(true);
    expect(rig.board.takeAttention()).toBe(false);
  });

  it("shows the ROM below 4 GiB too, and all ones where no memory is", () => {
    rig.board.ram[0xffff0] = 0xea;
    expect(rig.board.pageKind(0xfffff000)).toBe("device");
    expect(rig.board.physicalRead(0xfffffff0, 1)).toBe(0xean);
    rig.board.ram[0xe0000] = 0x55;
    expect([0xfffdffff, 0xfffe0000].map((at) => rig.board.physicalRead(at, 1))).toEqual([0xffn, 0x55n]);
    expect(rig.board.physicalRead(0x8000000, 4)).toBe(0xffffffffn);
    expect(
      ["a0000", "b8000", "c0000", "fffff", "100000", "3ffffff", "4000000"].map((at) =>
        rig.board.pageKind(parseInt(at, 16)),
      ),
    ).toEqual(["ram", "ram", "rom", "rom", "ram", "ram", "device"]);
  });

  it("comes back from a saved state part by part", () => {
    rig.startPics();
    rig.out8(0x43, 0x36);
    rig.out8(0x40, 0x12, 0x34);
    rig.out8(0x70, 0x40);
    rig.out8(0x71, 7);
    rig.run(100_000);
    const saved = rig.board.save();
    const other = new Rig();
    other.tick = rig.tick;
    other.board.restore(structuredClone(saved));
    expect(other.board.save()).toEqual(saved);
    expect(other.board.nextEvent).toBe(rig.board.nextEvent);
    expect(other.in8(0x71)).toBe(7);
  });

  it("comes back running from a saved state, whatever had ended it since", () => {
    const saved = rig.board.save();
    rig.board.portWrite(0x604, 2, 0x2000);
    expect(rig.board.stop).toEqual({ kind: "poweredOff" });
    rig.board.restore(saved);
    expect(rig.board.stop).toBeUndefined();
  });

  it("stores DMA registers by byte, low first", () => {
    rig.out8(0x0c, 0);
    rig.out8(0x02, 0x34, 0x12);
    rig.out8(0x0c, 0);
    expect([rig.in8(0x02), rig.in8(0x02)]).toEqual([0x34, 0x12]);
    rig.out8(0xc4, 0x78, 0x56);
    expect([rig.in8(0xc4), rig.in8(0xc4)]).toEqual([0x78, 0x56]);
  });
});

describe("VGA", () => {
  const at = (column: number, row: number) => 0xb8000 + (row * 80 + column) * 2;

  it("shows the text memory from the start address, with the cursor", () => {
    const { board, out8 } = new Rig();
    const { ram } = board;
    ram.set([0x41, 0x1f], at(2, 1));
    out8(0x3d4, 0x0e);
    out8(0x3d5, 0);
    out8(0x3d4, 0x0f);
    out8(0x3d5, 82);
    let screen = board.vga.screen(ram);
    expect([screen.columns, screen.rows]).toEqual([80, 25]);
    expect(screen.cells[82]).toBe(0x1f41);
    expect(screen.cursor).toEqual({ column: 2, row: 1, visible: true, first: 13, last: 14 });
    out8(0x3d4, 0x0d);
    out8(0x3d5, 80);
    screen = board.vga.screen(ram);
    expect(screen.cells[2]).toBe(0x1f41);
    expect(screen.cursor.row).toBe(0);
    out8(0x3d4, 0x0a);
    out8(0x3d5, 0x2d);
    expect(board.vga.screen(ram).cursor.visible).toBe(false);
  });

  it("lets the beam come and go", () => {
    const rig = new Rig();
    const seen = new Set<number>();
    for (let line = 0; line < 449 * 8; line++) {
      rig.tick += 400;
      seen.add(rig.in8(0x3da));
    }
    expect([...seen].sort()).toEqual([0, 1, 9]);
  });

  it("stores its registers, and takes 3C0h in turns", () => {
    const { in8, out8 } = new Rig();
    in8(0x3da);
    out8(0x3c0, 0x10, 0x0c);
    in8(0x3da);
    out8(0x3c0, 0x10);
    expect(in8(0x3c1)).toBe(0x0c);
    out8(0x3c8, 5);
    out8(0x3c9, 1, 2, 3);
    out8(0x3c7, 5);
    expect([in8(0x3c9), in8(0x3c9), in8(0x3c9)]).toEqual([1, 2, 3]);
    out8(0x3d4, 0x11);
    expect(in8(0x3d5)).toBe(0x8e);
    out8(0x3d4, 0x00);
    out8(0x3d5, 0x11);
    expect(in8(0x3d5)).toBe(0x5f); // registers 0 to 7 are protected
    expect(in8(0x3b4)).toBe(0xff);
  });
});
