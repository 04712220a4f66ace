import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { constants, enums, structs } from "../../src/herald/layout";
import { frameUses, readMemory } from "../../src/lens/frames";
import { parseMap } from "../../src/lens/map";
import { GuestMemory } from "../../src/lens/memory";
import { Pc } from "../../src/pc/pc";
import { HandMadeGuest } from "./guest";

const use = enums.frame_use.byName;

/** A frame table of `count` free frames but those given, and no heap. */
function guestWith(count: number, frames: readonly (readonly [frame: number, use: number, owner?: number])[]) {
  const guest = new HandMadeGuest();
  const table = guest.place(count * structs.frame_entry.size);
  const allocator = guest.place(structs.frame_allocator.size, "frame_allocator");
  guest.set(allocator, structs.frame_allocator, "frames", table);
  guest.set(allocator, structs.frame_allocator, "frame_count", count);
  guest.set(allocator, structs.frame_allocator, "free_count", count - frames.length);
  const at = (frame: number) => table + BigInt(frame * structs.frame_entry.size);
  for (let frame = 0; frame < count; frame++) guest.set(at(frame), structs.frame_entry, "use", use.free);
  for (const [frame, kind, owner = 0] of frames) {
    guest.set(at(frame), structs.frame_entry, "use", kind);
    guest.set(at(frame), structs.frame_entry, "owner", owner);
  }
  return { guest, allocator };
}

describe("frames", () => {
  it("are counted by use and owner, most first, and mapped up to the highest in use", () => {
    const { guest } = guestWith(1024, [
      [3, use.user_stack, 7],
      [4, use.user_stack, 7],
      [300, use.heap],
    ]);
    const view = readMemory(guest.memory())!;
    expect(view.groups).toEqual([
      { use: "user_stack", owner: 7, frames: 2 },
      { use: "heap", owner: 0, frames: 1 },
    ]);
    expect(view.cells).toMatchObject({ framesPerCell: 1, frames: 512 });
    expect([...view.cells.use.slice(2, 6)].map((kind) => frameUses[kind])).toEqual([
      "free",
      "user_stack",
      "user_stack",
      "free",
    ]);
    expect(view.cells.owner[4]).toBe(7);
    expect(view.freeFrames).toBe(1021);
  });

  it("share a cell when there are many: what is in use shows, free ones do not hide it", () => {
    const { guest } = guestWith(16_384, [
      [5, use.kernel],
      [16_383, use.page_table, 2],
    ]);
    const { cells } = readMemory(guest.memory())!;
    expect(cells.framesPerCell).toBe(4);
    expect(cells.use.length).toBe(4096);
    expect([cells.use[0], cells.use[1], cells.use[4095]]).toEqual([use.free, use.kernel, use.page_table]);
  });

  it("of a table that is not all in memory are not guessed", () => {
    const { guest, allocator } = guestWith(16, []);
    guest.set(allocator, structs.frame_allocator, "frame_count", 1 << 20);
    expect(readMemory(guest.memory())).toBeUndefined();
    guest.set(allocator, structs.frame_allocator, "frame_count", 0);
    expect(readMemory(guest.memory())).toBeUndefined();
  });
});

describe("the memory of a booted kernel", () => {
  let view: NonNullable<ReturnType<typeof readMemory>>;

  beforeAll(() => {
    const file = (name: string) => readFileSync(new URL(`../../public/${name}`, import.meta.url));
    const pc = new Pc({ disk: new Uint8Array(file("herald.img")), memoryMiB: 16 });
    pc.run(60_000_000);
    const map = parseMap(JSON.parse(file("herald.map.json").toString()));
    view = readMemory(new GuestMemory(pc.cpu.ram, map, { cr3: pc.snapshot().cr3, levels: 4 }))!;
  });

  it("adds up: used and free frames are all there are", () => {
    const used = view.groups.reduce((sum, group) => sum + group.frames, 0);
    expect(used + view.freeFrames).toBe(view.memoryFrames);
    expect(view.groups.map((group) => group.use)).toEqual(
      expect.arrayContaining(["kernel", "heap", "page_table", "kernel_stack", "user_image"]),
    );
  });

  it("the heap's blocks add up to what the kernel counts, and lie in the frames it mapped", () => {
    const heap = view.heap!;
    const bytes = heap.owners.reduce((sum, owner) => sum + owner.bytes, 0);
    expect(bytes).toBe(heap.usedBytes);
    expect(heap.classes.reduce((sum, kind) => sum + kind.used, 0)).toBe(heap.usedBlocks);
    const frames = view.groups.find((group) => group.use === "heap")!.frames;
    expect(heap.mappedBytes).toBe(frames * constants.PAGE_SIZE);
    expect(view.note).toBeUndefined();
  });
});
