import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { demonstrationPrograms } from "../../src/herald/demonstration";
import { listFiles, readFile, readSuperblock } from "../../src/herald/disk";
import { constants, layoutVersion, structs } from "../../src/herald/layout";
import { sourceHash } from "../../src/herald/sources";

const folder = resolve(import.meta.dirname, "../../public");
const image = new Uint8Array(readFileSync(resolve(folder, "herald.img")));
const map = JSON.parse(readFileSync(resolve(folder, "herald.map.json"), "utf8")) as {
  layoutVersion: number;
  sourceHash: string;
  imageHash: string;
  kernelVirtualBase: string;
  symbols: Record<string, { address: string; size: number }>;
  programs: Record<string, { symbols: Record<string, { address: string; size: number }> }>;
};

describe("the committed image", () => {
  it("was built from the sources as they are (if not: npm run build:herald)", () => {
    expect(map.sourceHash).toBe(sourceHash());
    expect(readSuperblock(image).sourceHash).toBe(map.sourceHash);
  });

  it("belongs to its map", () => {
    expect(createHash("sha256").update(image).digest("hex")).toBe(map.imageHash);
    expect(map.layoutVersion).toBe(layoutVersion);
  });

  it("is a bootable disk of whole sectors", () => {
    expect(image.length % constants.SECTOR_SIZE).toBe(0);
    expect(image.length).toBe(readSuperblock(image).sectorCount * constants.SECTOR_SIZE);
    expect([image[510], image[511]]).toEqual([0x55, 0xaa]);
  });

  it("has the globals the lens starts from, with the sizes of the layout", () => {
    const sizes: Record<string, number> = {
      process_table: structs.process.size * constants.MAX_PROCESSES,
      current_pid: 4,
      mutex_lock: structs.mutex.size,
      scheduler: structs.scheduler.size,
      topic_table: structs.topic_table.size,
      notify_queue: structs.notify_queue.size,
      frame_allocator: structs.frame_allocator.size,
      heap: structs.heap.size,
      boot_info: structs.boot_info.size,
      kernel_page_root: 8,
    };
    for (const [name, size] of Object.entries(sizes)) expect([name, map.symbols[name]?.size]).toEqual([name, size]);
    expect(map.symbols.trace_ring.size).toBeGreaterThanOrEqual(
      structs.trace_ring.size + structs.trace_record.size * constants.TRACE_CAPACITY,
    );
  });

  it("lies where the map says", () => {
    const base = BigInt(map.kernelVirtualBase) + BigInt(constants.KERNEL_PHYSICAL_BASE);
    expect(BigInt(map.symbols.kernel_text.address)).toBe(base);
  });

  it("holds the two Programs of the demonstration, 20 and 4 instructions long", () => {
    for (const [name, length] of Object.entries({ "one.prg": 20, "two.prg": 4 })) {
      const bytes = readFile(image, name)!;
      expect(bytes).toEqual(demonstrationPrograms[name]);
      expect(new DataView(bytes.buffer, bytes.byteOffset).getInt32(structs.Program.fields.len.offset, true)).toBe(
        length,
      );
    }
  });

  it("holds the native programs with their symbols", () => {
    const names = listFiles(image)
      .filter(({ kind }) => kind === "executable")
      .map(({ name }) => name);
    for (const name of [
      "init",
      "shell",
      "ping",
      "pong",
      "sensor",
      "display",
      "badptr",
      "badcall",
      "illegal",
      "spin",
      "overflow",
      "intruder",
    ]) {
      expect(names).toContain(name);
      expect(map.programs[name].symbols.main.address).toMatch(/^0x4[0-9a-f]{5}$/);
    }
  });

  it("contains no path of the machine it was built on", () => {
    const text = Buffer.from(image).toString("latin1");
    expect(text).not.toMatch(/\/(home|tmp|work|root|usr)\//);
  });
});
