import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { listFiles, readFile, readSuperblock, removeFile, sectorsFor, writeFile } from "../../src/herald/disk";
import { constants, structs } from "../../src/herald/layout";

const committed = new Uint8Array(readFileSync(resolve(import.meta.dirname, "../../public/herald.img")));
const bytes = (text: string) => new TextEncoder().encode(text);
const superblockAt = constants.SUPERBLOCK_LBA * constants.SECTOR_SIZE;

/** No two files share a sector, and all lie where files may lie. */
function expectSound(image: Uint8Array): void {
  const { dataLba, sectorCount } = readSuperblock(image);
  let free = dataLba;
  for (const file of listFiles(image).sort((a, b) => a.startLba - b.startLba)) {
    expect(file.startLba).toBeGreaterThanOrEqual(free);
    free = file.startLba + sectorsFor(file.length);
  }
  expect(free).toBeLessThanOrEqual(sectorCount);
}

describe("the disk", () => {
  it("replaces a file, longer or shorter, and leaves the others alone", () => {
    const image = committed.slice();
    const before = listFiles(image).filter(({ name }) => name !== "scenario.cfg");
    for (const text of ["quantum_ms=5\n".repeat(200), "hz=50\n", ""]) {
      writeFile(image, "scenario.cfg", "text", bytes(text));
      expect(readFile(image, "scenario.cfg")).toEqual(bytes(text));
      expect(listFiles(image).filter(({ name }) => name !== "scenario.cfg")).toEqual(before);
      expectSound(image);
    }
    for (const { name } of before) expect(readFile(image, name)).toEqual(readFile(committed, name));
  });

  it("adds and removes files", () => {
    const image = committed.slice();
    writeFile(image, "new.prg", "program", new Uint8Array(structs.Program.size).fill(7));
    expect(readFile(image, "new.prg")).toEqual(new Uint8Array(structs.Program.size).fill(7));
    expectSound(image);
    removeFile(image, "new.prg");
    expect(readFile(image, "new.prg")).toBeUndefined();
    expect(listFiles(image)).toEqual(listFiles(committed));
  });

  it("uses the room of a removed file again", () => {
    const image = committed.slice();
    for (let i = 0; i < 100; i++) {
      writeFile(image, "large", "text", new Uint8Array(200_000).fill(i));
      removeFile(image, "large");
    }
    expectSound(image);
  });

  it("refuses what does not fit and changes nothing", () => {
    const image = committed.slice();
    expect(() => writeFile(image, "huge", "text", new Uint8Array(2_000_000))).toThrow("full");
    expect(() => writeFile(image, "a name with spaces", "text", bytes("x"))).toThrow("file name");
    expect(() => writeFile(image, "x".repeat(constants.NAME_SIZE), "text", bytes("x"))).toThrow("file name");
    expect(Buffer.compare(image, committed)).toBe(0);
    const free = constants.DIRECTORY_ENTRIES - listFiles(image).length;
    for (let i = 0; i < free; i++) writeFile(image, `f${i}`, "text", bytes("x"));
    expect(() => writeFile(image, "one-more", "text", bytes("x"))).toThrow("directory is full");
    expectSound(image);
  });

  it("says what is wrong with an image that is not Herald's", () => {
    expect(() => readSuperblock(new Uint8Array(0))).toThrow("too short");
    expect(() => readSuperblock(new Uint8Array(100_000))).toThrow("no Herald superblock");
    const version = committed.slice();
    version[superblockAt + structs.superblock.fields.version.offset] = 99;
    expect(() => readSuperblock(version)).toThrow("version 99");
    expect(() => readSuperblock(committed.slice(0, 50_000))).toThrow("sectors that the image does not have");
  });

  it("refuses a directory entry that points outside the disk", () => {
    const image = committed.slice();
    const { directoryLba } = readSuperblock(image);
    const at = directoryLba * constants.SECTOR_SIZE + structs.directory_entry.fields.start_lba.offset;
    new DataView(image.buffer).setUint32(at, 0xffffff, true);
    expect(() => listFiles(image)).toThrow("makes no sense");
  });
});
