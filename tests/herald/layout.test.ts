import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { layoutHeader, layoutHeaderPath } from "../../src/herald/generate";
import { constants, enums, programInstructions, read, structs } from "../../src/herald/layout";

describe("the layout description", () => {
  it("is what the committed C header was generated from", () => {
    expect(readFileSync(layoutHeaderPath, "utf8")).toBe(layoutHeader());
  });

  it("gives trace records 32 bytes and their ring a header of 64", () => {
    expect(structs.trace_record.size).toBe(32);
    expect(structs.trace_ring.size).toBe(64);
    expect(constants.TRACE_CAPACITY & (constants.TRACE_CAPACITY - 1)).toBe(0);
  });

  it("fits whole directory entries into sectors", () => {
    expect(constants.SECTOR_SIZE % structs.directory_entry.size).toBe(0);
    expect(structs.superblock.size).toBeLessThanOrEqual(constants.SECTOR_SIZE);
  });

  it("names every value of an enumeration both ways", () => {
    for (const one of Object.values(enums)) {
      for (const [name, value] of Object.entries(one.byName)) expect(one.byValue[value as number]).toBe(name);
    }
  });

  it("keeps every trace kind within the mask", () => {
    for (const kind of Object.values(enums.trace_kind.byName)) expect(kind).toBeLessThan(64);
  });

  it("gives every instruction of a Program its own opcode, none of them 0", () => {
    const opcodes = programInstructions.map(({ opcode }) => opcode);
    expect(new Set(opcodes).size).toBe(opcodes.length);
    expect(Math.min(...opcodes)).toBeGreaterThan(0);
    expect(Math.max(...opcodes)).toBeLessThan(128);
  });

  it("reads a structure out of memory", () => {
    const memory = new DataView(new ArrayBuffer(structs.process.size + 8));
    const { fields } = structs.process;
    memory.setUint32(8 + fields.pid.offset, 7, true);
    memory.setInt32(8 + fields.exit_status.offset, -3, true);
    memory.setBigUint64(8 + fields.page_root.offset, 0x123000n, true);
    [..."init"].forEach((c, i) => memory.setUint8(8 + fields.name.offset + i, c.charCodeAt(0)));
    const process = read(structs.process, memory, 8);
    expect(process).toMatchObject({ pid: 7, exit_status: -3, page_root: 0x123000n, name: "init" });
    expect(process.mailbox).toMatchObject({ message_count: 0, messages: { next: 0n, previous: 0n } });
  });
});
