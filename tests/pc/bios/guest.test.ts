/** Memory of a caller as the firmware sees it: through the caller's page tables, around what is not RAM, and code that was decoded is told. */
import { beforeEach, describe, expect, it } from "vitest";
import { CpuState } from "../../../src/engine/state";
import { Guest } from "../../../src/pc/bios/guest";
import { Pc } from "../../../src/pc/pc";

const PAGE = 0x1000;
const DIRECTORY = 0x10_0000,
  TABLE = 0x10_1000;
/** Three linear pages, and where they lie: the last before the first, a page of ROM between. */
const LINEAR = 0x3_0000;
const FRAMES = [0x20_5000, 0xf_0000, 0x20_4000];
const ROM_PAGE = 1;

let pc: Pc;
let guest: Guest;
let tables: DataView;
beforeEach(() => {
  pc = new Pc({ disk: new Uint8Array(512), memoryMiB: 16 });
  guest = new Guest(pc.cpu, pc.board);
  tables = new DataView(pc.cpu.ram.buffer, pc.cpu.ram.byteOffset);
});

function pageOn(): void {
  tables.setUint32(DIRECTORY, TABLE | 7, true);
  FRAMES.forEach((frame, n) => tables.setUint32(TABLE + 4 * (LINEAR / PAGE + n), frame | 7, true));
  const state = new CpuState(pc.cpu.memory);
  state.set64("cr3", BigInt(DIRECTORY));
  state.set64("cr0", 0x8000_0011n);
  pc.cpu.flushCaches();
}

describe("with paging", () => {
  beforeEach(pageOn);
  const from = LINEAR + PAGE - 3;
  const bytes = Uint8Array.from({ length: PAGE + 6 }, (_, n) => (n % 251) + 1);
  const inRom = () => pc.cpu.ram.slice(FRAMES[ROM_PAGE], FRAMES[ROM_PAGE] + PAGE);

  it("bytes go to each page where it lies, and none to ROM", () => {
    const before = inRom();
    guest.writeBytes(from, bytes);
    expect([...pc.cpu.ram.subarray(FRAMES[0] + PAGE - 3, FRAMES[0] + PAGE)]).toEqual([1, 2, 3]);
    expect([...pc.cpu.ram.subarray(FRAMES[2], FRAMES[2] + 4)]).toEqual([...bytes.subarray(PAGE + 3), 0]);
    expect(inRom()).toEqual(before);
  });

  it("bytes come from each page where it lies", () => {
    pc.cpu.ram.set([1, 2, 3], FRAMES[0] + PAGE - 3);
    pc.cpu.ram.set([4, 5, 6], FRAMES[2]);
    expect([...guest.readBytes(from, PAGE + 6)]).toEqual([1, 2, 3, ...inRom(), 4, 5, 6]);
  });

  it("what is not mapped reads as ones and takes nothing", () => {
    tables.setUint32(TABLE + 4 * (LINEAR / PAGE + 2), 0, true);
    pc.cpu.flushCaches();
    const end = LINEAR + 2 * PAGE;
    guest.writeBytes(end, bytes);
    guest.write8(end, 1);
    expect([guest.read8(end), ...guest.readBytes(end, 2)]).toEqual([0xff, 0xff, 0xff]);
    expect(pc.cpu.ram[FRAMES[2]]).toBe(0);
  });

  it("words over the end of a page lie in both", () => {
    pc.cpu.ram.set([0x78, 0x56], FRAMES[0] + PAGE - 2);
    expect(guest.read32(LINEAR + PAGE - 2) & 0xffff).toBe(0x5678);
    const before = inRom();
    guest.write32(LINEAR + PAGE - 2, 0x1234_abcd);
    expect([...pc.cpu.ram.subarray(FRAMES[0] + PAGE - 2, FRAMES[0] + PAGE)]).toEqual([0xcd, 0xab]);
    expect(inRom()).toEqual(before);
  });

  it("pages that may not be written are not", () => {
    tables.setUint32(TABLE + 4 * (LINEAR / PAGE), FRAMES[0] | 5, true);
    new CpuState(pc.cpu.memory).set64("cr0", 0x8001_0011n);
    pc.cpu.flushCaches();
    guest.write8(LINEAR, 7);
    guest.writeBytes(LINEAR, bytes);
    expect(pc.cpu.ram[FRAMES[0]]).toBe(0);
  });
});

describe("without paging", () => {
  it("bit 20 of addresses counts when A20 is open", () => {
    pc.cpu.ram[0x10_0500] = 1;
    pc.cpu.ram[0x500] = 2;
    expect(guest.read8(0x10_0500)).toBe(1);
    pc.board.a20 = false;
    expect([guest.read8(0x10_0500), ...guest.readBytes(0x10_0500, 1)]).toEqual([2, 2]);
    guest.write8(0x10_0501, 3);
    expect([pc.cpu.ram[0x501], pc.cpu.ram[0x10_0501]]).toEqual([3, 0]);
  });

  it.each([
    ["a byte", (at: number) => guest.write8(at + 1, 2)],
    ["a word", (at: number) => guest.write16(at, 0x02b0)],
    ["many", (at: number) => guest.writeBytes(at, Uint8Array.of(0xb0, 2))],
  ])("code that was run is decoded anew after a write of %s", (_, write) => {
    const at = 0x2_0000;
    // mov al, 1; jmp to itself, in real mode.
    pc.cpu.ram.set([0xb0, 1, 0xeb, 0xfe], at);
    const state = new CpuState(pc.cpu.memory);
    const run = () => {
      for (const name of ["segmentBase", "descriptorBase"] as const) state.set64(name, BigInt(at), 1);
      state.set64("rip", 0n);
      pc.cpu.run(pc.cpu.clock + 5);
      return Number(state.get64("registers", 0) & 0xffn);
    };
    expect(run()).toBe(1);
    write(at);
    expect(run()).toBe(2);
  });

  it("beyond memory all ones are read", () => {
    expect([guest.read8(16 << 20), ...guest.readBytes((16 << 20) - 1, 2)]).toEqual([0xff, 0, 0xff]);
  });
});
