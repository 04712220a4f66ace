/** Boot sectors that others wrote (SYSLINUX): they find the partition to start, by CHS or LBA, and hand over as the convention says. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Pc, screenText } from "../../../src/pc/pc";

const sector = (name: string) => readFileSync(new URL(`syslinux/${name}.bin`, import.meta.url));
const SECTORS = 40_000;

/** cli; hlt, with the signature. What counts are the registers it is entered with. */
function partitionSector(): Uint8Array {
  const bytes = new Uint8Array(512);
  bytes.set([0xfa, 0xf4]);
  bytes.set([0x55, 0xaa], 510);
  return bytes;
}

interface Entry {
  readonly active: boolean;
  readonly start: number;
  readonly type?: number;
}

function disk(name: string, entries: readonly Entry[], boots: readonly number[]): Uint8Array {
  const image = new Uint8Array(SECTORS * 512);
  image.set(sector(name));
  const view = new DataView(image.buffer);
  entries.forEach(({ active, start, type = 0x83 }, index) => {
    const at = 446 + 16 * index;
    image.set([active ? 0x80 : 0, 0xfe, 0xff, 0xff, type, 0xfe, 0xff, 0xff], at);
    view.setUint32(at + 8, start, true);
    view.setUint32(at + 12, 1000, true);
  });
  image.set([0x55, 0xaa], 510);
  for (const start of boots) image.set(partitionSector(), start * 512);
  return image;
}

function boot(image: Uint8Array) {
  const pc = new Pc({ disk: image, memoryMiB: 16 });
  pc.run(2_000_000_000);
  return { pc, registers: pc.snapshot().registers, screen: screenText(pc.screen()) };
}

/** DS:SI points at the partition's entry, DL is the drive. */
function handedOver({ pc, registers }: ReturnType<typeof boot>) {
  const entry = Number(pc.snapshot().segments[3].base) + Number(registers[6] & 0xffffn);
  const view = new DataView(pc.cpu.ram.buffer, pc.cpu.ram.byteOffset + entry);
  return { rip: Number(pc.snapshot().rip), drive: Number(registers[2] & 0xffn), start: view.getUint32(8, true) };
}

describe("SYSLINUX's boot sectors", () => {
  it("mbr starts the active partition", () => {
    const entries = [
      { active: false, start: 2048 },
      { active: true, start: 20_000 },
    ];
    const run = boot(disk("mbr", entries, [2048, 20_000]));
    expect(handedOver(run)).toEqual({ rip: 0x7c02, drive: 0x80, start: 20_000 });
  });

  it("mbr says so when there is none, or more than one", () => {
    expect(boot(disk("mbr", [{ active: false, start: 2048 }], [2048])).screen).toMatch(/Missing operating system/);
    const both = [2048, 20_000].map((start) => ({ active: true, start }));
    expect(boot(disk("mbr", both, [2048, 20_000])).screen).toMatch(/Multiple active partitions/);
  });

  it("mbr does not start a partition without a boot sector", () => {
    expect(boot(disk("mbr", [{ active: true, start: 2048 }], [])).screen).toMatch(
      /Operating system load error|Missing operating system/,
    );
  });

  it("mbr finds a logical partition in an extended one", () => {
    const image = disk("mbr", [{ active: false, start: 4000, type: 0x0f }], [4063]);
    // The chain's record: its first entry counts from the record itself.
    image.set([0x80, 0xfe, 0xff, 0xff, 0x83, 0xfe, 0xff, 0xff, 63, 0, 0, 0, 0xe8, 3, 0, 0], 4000 * 512 + 446);
    image.set([0x55, 0xaa], 4000 * 512 + 510);
    expect(handedOver(boot(image))).toMatchObject({ rip: 0x7c02, drive: 0x80, start: 4063 });
  });

  it("altmbr starts the partition whose number stands behind it, active or not", () => {
    const entries = [
      { active: true, start: 2048 },
      { active: false, start: 20_000 },
    ];
    const image = disk("altmbr", entries, [2048, 20_000]);
    image[439] = 2;
    expect(handedOver(boot(image))).toEqual({ rip: 0x7c02, drive: 0x80, start: 20_000 });
  });

  it("gptmbr starts the GUID partition with the attribute for old firmware", () => {
    const image = disk("gptmbr", [{ active: false, start: 1, type: 0xee }], [30_000]);
    const view = new DataView(image.buffer);
    // UEFI 2.10, table 5.5 and 5.6: header at sector 1, entries of 128 bytes from sector 2; attribute bit 2.
    image.set(Buffer.from("EFI PART"), 512);
    view.setUint32(512 + 72, 2, true);
    view.setUint32(512 + 80, 128, true);
    view.setUint32(512 + 84, 128, true);
    [20_000, 30_000].forEach((start, index) => {
      const at = 1024 + 128 * (index + 3);
      image.fill(0x11, at, at + 32);
      view.setUint32(at + 32, start, true);
      view.setUint32(at + 40, start + 999, true);
      view.setUint32(at + 48, index === 1 ? 4 : 0, true);
    });
    const run = boot(image);
    expect(run.screen).not.toMatch(/Missing/);
    expect(handedOver(run)).toMatchObject({ rip: 0x7c02, drive: 0x80, start: 30_000 });
    // EAX "!GPT" says that a GUID entry follows at DS:SI + 16.
    expect(run.registers[0] & 0xffff_ffffn).toBe(0x54504721n);
  });
});
