import { describe, expect, it } from "vitest";
import type { Paging } from "../../src/lens/memory";
import { mappedRanges, walkAddress } from "../../src/lens/pageTables";
import { HandMadeGuest } from "./guest";

const NX = 1n << 63n;
const P = 1n;
const RW = 2n;
const US = 4n;
const PS = 0x80n;

/** Tables at 0x1000 (root) down to 0x4000 (PT): three user pages at 0x400000, the last two not executable; one 2 MiB page beside. */
function fourLevels(): { guest: HandMadeGuest; paging: Paging } {
  const guest = new HandMadeGuest();
  guest.entry(0x1000, 0, 0x2000n | P | RW | US);
  guest.entry(0x2000, 0, 0x3000n | P | RW | US);
  guest.entry(0x3000, 2, 0x4000n | P | RW | US);
  guest.entry(0x3000, 3, 0x20_0000n | P | RW | PS);
  guest.entry(0x4000, 0, 0x9000n | P | US | 0x20n);
  guest.entry(0x4000, 1, 0x5000n | P | RW | US | NX | 0x60n);
  guest.entry(0x4000, 2, 0x6000n | P | RW | US | NX);
  return { guest, paging: { cr3: 0x1000n, levels: 4 } };
}

describe("walks", () => {
  it("go down four levels and show what stands beside the path", () => {
    const { guest, paging } = fourLevels();
    const walk = walkAddress(guest.memory(paging), paging, 0x40_1234n);
    expect(walk.physical).toBe(0x5234n);
    expect(walk.offsetBits).toBe(12);
    expect(walk.levels.map(({ name, index }) => `${name} ${index}`)).toEqual(["PML4 0", "PDPT 0", "PD 2", "PT 1"]);
    expect(walk.levels[3].badges).toEqual(["P", "R/W", "U", "A", "D", "NX"]);
    expect([...walk.levels[2].siblings.subarray(0, 5)]).toEqual([0, 0, 1, 2, 0]);
  });

  it("end at a large page, and at what is not present", () => {
    const { guest, paging } = fourLevels();
    const large = walkAddress(guest.memory(paging), paging, 0x6f_1234n);
    expect([large.physical, large.offsetBits, large.levels.at(-1)!.badges.at(-1)]).toEqual([0x2f_1234n, 21, "PS"]);
    const absent = walkAddress(guest.memory(paging), paging, 0x80_0000n);
    expect([absent.physical, absent.levels.length]).toEqual([undefined, 3]);
    expect(walkAddress(guest.memory(paging), paging, 0x0001_0000_0000_0000n)).toEqual({ levels: [], offsetBits: 12 });
  });

  it("go down five levels where the CPU has them", () => {
    const { guest } = fourLevels();
    guest.entry(0x7000, 511, 0x1000n | P | RW | US);
    const paging: Paging = { cr3: 0x7000n, levels: 5 };
    const address = BigInt.asUintN(64, BigInt.asIntN(57, (511n << 48n) | 0x40_1234n));
    const walk = walkAddress(guest.memory(paging), paging, address);
    expect(walk.levels.map(({ name }) => name)).toEqual(["PML5", "PML4", "PDPT", "PD", "PT"]);
    expect(walk.physical).toBe(0x5234n);
    expect(guest.memory(paging).physical(address)).toBe(0x5234);
    expect(mappedRanges(guest.memory(paging), paging, []).ranges[0].start).toBe(address & ~0x1fffn);
  });

  it("survive tables outside memory", () => {
    const { guest } = fourLevels();
    guest.entry(0x1000, 1, 0xff_ffff_f000n | P | RW);
    const paging: Paging = { cr3: 0x1000n, levels: 4 };
    expect(walkAddress(guest.memory(paging), paging, 1n << 39n).physical).toBeUndefined();
    const nowhere: Paging = { cr3: 0xf_ffff_f000n, levels: 4 };
    expect(walkAddress(guest.memory(nowhere), nowhere, 0n)).toEqual({ levels: [], offsetBits: 39 });
    expect(mappedRanges(guest.memory(nowhere), nowhere, [])).toEqual({ ranges: [], omitted: 0 });
  });
});

describe("ranges", () => {
  it("merge neighbours of equal rights", () => {
    const { guest, paging } = fourLevels();
    const { ranges, omitted } = mappedRanges(guest.memory(paging), paging, []);
    expect(omitted).toBe(0);
    expect(
      ranges.map(({ start, length, writable, executable, user }) => [start, length, writable, executable, user]),
    ).toEqual([
      [0x40_0000n, 0x1000n, false, true, true],
      [0x40_1000n, 0x2000n, true, false, true],
      [0x60_0000n, 0x20_0000n, true, true, false],
    ]);
  });

  it("are cut and named where regions begin and end, and free regions are listed", () => {
    const { guest, paging } = fourLevels();
    const { ranges } = mappedRanges(guest.memory(paging), paging, [
      { start: 0x40_0000n, end: 0x40_2000n, what: (rights) => (rights.executable ? "code" : "data") },
      { start: 0x40_2000n, end: 0x40_3000n, what: "heap" },
      { start: 0x50_0000n, end: 0x50_1000n, what: "guard", free: true },
    ]);
    expect(ranges.map(({ start, what, mapped }) => [start, what, mapped])).toEqual([
      [0x40_0000n, "code", true],
      [0x40_1000n, "data", true],
      [0x40_2000n, "heap", true],
      [0x50_0000n, "guard", false],
      [0x60_0000n, "supervisor", true],
    ]);
  });

  it("stay bounded when the tables map themselves", () => {
    const guest = new HandMadeGuest();
    for (let index = 0; index < 512; index++) guest.entry(0x1000, index, 0x1000n | P | RW | (index % 2 ? US : 0n));
    const paging: Paging = { cr3: 0x1000n, levels: 4 };
    const start = performance.now();
    const { ranges, omitted } = mappedRanges(guest.memory(paging), paging, []);
    expect(ranges.length).toBeLessThanOrEqual(512);
    expect(omitted).toBeGreaterThan(0);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
