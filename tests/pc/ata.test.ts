import { beforeEach, describe, expect, it } from "vitest";
import { Disk } from "../../src/pc/disk";
import type { DiskActivity } from "../../src/pc/devices/ata";
import { Rig } from "./rig";

const DATA = 0x1f0;
const STATUS = 0x1f7;

describe("ATA", () => {
  let rig: Rig;
  let disk: Disk;
  let activity: DiskActivity[];
  const registers = (count: number, lba: number, drive = 0) => {
    rig.out8(0x1f2, count);
    rig.out8(0x1f3, lba & 0xff);
    rig.out8(0x1f4, (lba >> 8) & 0xff);
    rig.out8(0x1f5, (lba >> 16) & 0xff);
    rig.out8(0x1f6, 0xe0 | (drive << 4) | ((lba >> 24) & 15));
  };
  const command = (code: number) => {
    rig.out8(STATUS, code);
    return rig.in8(0x3f6);
  };
  const settle = () => {
    rig.run(1000);
    return rig.in8(STATUS);
  };
  const words = (count: number) => Array.from({ length: count }, () => rig.board.portRead(DATA, 2));
  const interrupt = () => {
    rig.out8(0xa0, 0x0a);
    return (rig.in8(0xa0) & 0x40) !== 0;
  };

  beforeEach(() => {
    const image = new Uint8Array(512 * 100);
    for (let sector = 0; sector < 100; sector++) image.fill(sector, sector * 512, sector * 512 + 512);
    disk = new Disk(image);
    activity = [];
    rig = new Rig({ disks: [disk] }, { disk: (what) => activity.push(what) });
    rig.startPics();
    rig.out8(0xa1, 0xff);
  });

  it("identifies itself", () => {
    registers(0, 0);
    expect(command(0xec)).toBe(0x80);
    expect(settle()).toBe(0x58);
    const identity = words(256);
    expect(settle()).toBe(0x50);
    expect(identity[60] | (identity[61] << 16)).toBe(100);
    expect(identity[100]).toBe(100);
    expect(identity[49] & 0x200).toBe(0x200);
    expect(identity[83] & 0x4400).toBe(0x4400);
    const name = identity.slice(27, 47).map((word) => String.fromCharCode(word >> 8, word & 0xff));
    expect(name.join("").trim()).toBe("Vitrine disk");
  });

  it("reads sectors one block at a time, with an interrupt each", () => {
    registers(2, 7);
    command(0x20);
    expect(interrupt()).toBe(false);
    rig.run(1000);
    expect(interrupt()).toBe(true);
    expect(rig.in8(0x3f6)).toBe(0x58);
    rig.in8(STATUS);
    expect(words(256)).toEqual(new Array(256).fill(0x0707));
    expect(rig.in8(0x3f6)).toBe(0x80);
    expect(settle()).toBe(0x58);
    expect(words(256)).toEqual(new Array(256).fill(0x0808));
    expect(settle()).toBe(0x50);
    expect(activity).toEqual([{ drive: 0, write: false, lba: 7, sectors: 2 }]);
  });

  it("reads 32 bits at a time", () => {
    registers(1, 9);
    command(0x20);
    settle();
    expect(Array.from({ length: 128 }, () => rig.board.portRead(DATA, 4))).toEqual(new Array(128).fill(0x09090909));
    expect(rig.in8(STATUS)).toBe(0x50);
  });

  it("writes, and interrupts when a block is on the disk", () => {
    registers(2, 20);
    expect(command(0x30)).toBe(0x58);
    expect(interrupt()).toBe(false);
    for (let i = 0; i < 256; i++) rig.board.portWrite(DATA, 2, i);
    expect(rig.in8(0x3f6)).toBe(0x80);
    rig.run(1000);
    expect(interrupt()).toBe(true);
    expect(rig.in8(STATUS)).toBe(0x58);
    for (let i = 0; i < 256; i++) rig.board.portWrite(DATA, 2, 0xffff);
    expect(settle()).toBe(0x50);
    expect(disk.read(20)[4]).toBe(2);
    expect(disk.read(21)[511]).toBe(0xff);
    expect(disk.read(22)[0]).toBe(22);
  });

  it("moves several sectors in a block after SET MULTIPLE", () => {
    registers(4, 0);
    command(0xc6);
    expect(settle()).toBe(0x50);
    registers(6, 30);
    command(0xc4);
    settle();
    expect(words(4 * 256)[3 * 256]).toBe(0x2121);
    expect(settle()).toBe(0x58);
    expect(words(2 * 256)[256]).toBe(0x2323);
    expect(settle()).toBe(0x50);
    registers(3, 0);
    command(0xc6);
    expect(settle() & 1).toBe(1);
  });

  it("reads with 48-bit addresses", () => {
    rig.out8(0x1f6, 0x40);
    for (const [port, high, low] of [
      [0x1f2, 0, 1],
      [0x1f3, 0, 50],
      [0x1f4, 0, 0],
      [0x1f5, 0, 0],
    ])
      rig.out8(port, high, low);
    command(0x24);
    expect(settle()).toBe(0x58);
    expect(words(256)[0]).toBe(0x3232);
    rig.out8(0x1f3, 9, 50);
    rig.out8(0x3f6, 0x80);
    expect(rig.in8(0x1f3)).toBe(9);
    rig.out8(0x3f6, 0x00);
    expect(rig.in8(0x1f3)).toBe(50);
  });

  it("count 0 is 256 sectors, or 65536 with 48-bit addresses", () => {
    const bothHalves = () => [0x1f2, 0x1f3, 0x1f4, 0x1f5].forEach((port) => rig.out8(port, 0, 0));
    registers(0, 0);
    command(0x40);
    expect(settle()).toBe(0x51);
    bothHalves();
    command(0x42);
    expect(settle()).toBe(0x51);
    rig = new Rig({ disks: [new Disk(new Uint8Array(512 * 256))] }, { disk: (what) => activity.push(what) });
    registers(0, 0);
    command(0x40);
    expect(settle()).toBe(0x50);
    bothHalves();
    command(0x42);
    expect(settle()).toBe(0x51);
    command(0x20);
    expect(activity).toEqual([{ drive: 0, write: false, lba: 0, sectors: 256 }]);
  });

  it("counts what is left in both halves of the register", () => {
    rig = new Rig({ disks: [new Disk(new Uint8Array(512 * 300))] });
    rig.out8(0x1f6, 0x40);
    rig.out8(0x1f2, 1, 1);
    for (const port of [0x1f3, 0x1f4, 0x1f5]) rig.out8(port, 0, 0);
    command(0x24);
    const left = () => {
      settle();
      words(256);
      const [low, high] = [0, 0x80].map((control) => (rig.out8(0x3f6, control), rig.in8(0x1f2)));
      return high * 256 + low;
    };
    expect([left(), left()]).toEqual([256, 255]);
  });

  it("shows the newest values again after a write to a register", () => {
    rig.out8(0x1f3, 9, 50);
    rig.out8(0x3f6, 0x80);
    expect(rig.in8(0x1f3)).toBe(9);
    rig.out8(0x1f4, 1);
    expect(rig.in8(0x1f3)).toBe(50);
  });

  it("takes nothing into its registers while it is busy", () => {
    registers(1, 7);
    expect(command(0x20)).toBe(0x80);
    rig.out8(0x1f2, 77);
    rig.out8(0x1f6, 0xf0);
    expect(settle()).toBe(0x58);
    expect([rig.in8(0x1f2), rig.in8(0x1f6)]).toEqual([1, 0xe0]);
  });

  it("there is no sector 0 on a track", () => {
    rig.out8(0x1f2, 1);
    for (const port of [0x1f3, 0x1f4, 0x1f5]) rig.out8(port, 0);
    rig.out8(0x1f6, 0xa1);
    command(0x20);
    expect(settle()).toBe(0x51);
    expect(rig.in8(0x1f1)).toBe(0x10);
  });

  it("each disk has its own block size", () => {
    rig = new Rig({ disks: [disk, new Disk(new Uint8Array(512 * 3))] });
    registers(4, 0, 1);
    command(0xc6);
    settle();
    const blocks = [0, 1].map((drive) => {
      registers(0, 0, drive);
      command(0xec);
      settle();
      return words(256)[59];
    });
    expect(blocks).toEqual([0x110, 0x104]);
  });

  it("reads by cylinder, head and sector", () => {
    rig.out8(0x1f2, 1);
    rig.out8(0x1f3, 2);
    rig.out8(0x1f4, 0);
    rig.out8(0x1f5, 0);
    rig.out8(0x1f6, 0xa1);
    command(0x20);
    expect(settle()).toBe(0x58);
    expect(words(1)[0]).toBe(0x4040); // head 1, sector 2: 63 + 1
  });

  it("refuses what lies outside and what it does not do", () => {
    registers(2, 99);
    command(0x20);
    expect(settle()).toBe(0x51);
    expect(rig.in8(0x1f1)).toBe(0x10);
    registers(1, 0);
    command(0xc8);
    expect(settle()).toBe(0x51);
    expect(rig.in8(0x1f1)).toBe(0x04);
    command(0xa1);
    expect(settle() & 1).toBe(1);
  });

  it("shows its signature after a reset", () => {
    registers(9, 0x123456);
    rig.out8(0x3f6, 0x04);
    expect(rig.in8(0x3f6)).toBe(0x80);
    rig.out8(0x3f6, 0x00);
    expect([0x1f1, 0x1f2, 0x1f3, 0x1f4, 0x1f5].map(rig.in8)).toEqual([1, 1, 1, 0, 0]);
  });

  it("does not interrupt with nIEN set", () => {
    rig.out8(0x3f6, 0x02);
    registers(1, 0);
    command(0x20);
    rig.run(1000);
    expect(interrupt()).toBe(false);
    rig.out8(0x3f6, 0x00);
    expect(interrupt()).toBe(true);
  });

  it("answers 0 where no second disk is", () => {
    registers(1, 0, 1);
    expect(rig.in8(STATUS)).toBe(0);
    rig.out8(STATUS, 0xec);
    expect(settle()).toBe(0);
    expect(rig.in8(0x177)).toBe(0);
  });

  it("has a second disk when there is one", () => {
    rig = new Rig({ disks: [disk, new Disk(new Uint8Array(512 * 3).fill(0xee))] });
    registers(1, 2, 1);
    command(0x20);
    expect(settle()).toBe(0x58);
    expect(words(1)[0]).toBe(0xeeee);
  });

  it("comes back in the middle of a transfer", () => {
    registers(2, 7);
    command(0x20);
    settle();
    words(100);
    const saved = rig.board.ata.save();
    words(156);
    settle();
    words(256);
    disk.write(8, new Uint8Array(512));
    rig.board.ata.restore(saved);
    words(156);
    settle();
    expect(words(256)).toEqual(new Array(256).fill(0x0808));
  });
});

describe("a disk image", () => {
  it("says why no PC would start from it", () => {
    const sector = new Uint8Array(512);
    expect(new Disk(new Uint8Array(0)).defect).toContain("empty");
    expect(new Disk(new Uint8Array(513)).defect).toContain("513 bytes");
    expect(new Disk(sector).defect).toContain("55 AA");
    sector.set([0x55, 0xaa], 510);
    expect(new Disk(sector).defect).toBeUndefined();
  });

  it("is not changed by what is written to the disk", () => {
    const image = new Uint8Array(1024);
    const disk = new Disk(image);
    disk.write(1, new Uint8Array(512).fill(1));
    expect(image[512]).toBe(0);
    const saved = disk.save();
    disk.write(0, new Uint8Array(512).fill(2));
    disk.restore(saved);
    expect([disk.read(0)[0], disk.read(1)[0]]).toEqual([0, 1]);
  });
});
