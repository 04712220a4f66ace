import { describe, expect, it } from "vitest";
import * as address from "../../../../src/ui/panels/pageTables/address";
import { rangeToken, rightsOf, sizeOf } from "../../../../src/ui/panels/pageTables/ranges";

const fields = (value: bigint, levels: number, offsetBits?: number) =>
  address.splitAddress(value, levels, offsetBits).map(({ name, value: index }) => `${name} ${index.toString(16)}`);

describe("an address that is typed", () => {
  it("is hexadecimal, with or without prefix and spaces", () => {
    expect(address.parseAddress("0x400000", 4)).toEqual({ address: 0x400000n });
    expect(address.parseAddress(" 7fff ffff_e3a8 ", 4)).toEqual({ address: 0x7fffffffe3a8n });
    expect(address.parseAddress("FFFFFFFF80100000", 4)).toEqual({ address: 0xffffffff80100000n });
  });

  it("says what is wrong with it", () => {
    const problem = (text: string, levels = 4) => (address.parseAddress(text, levels) as { problem: string }).problem;
    expect(problem("")).toMatch(/Type an address/);
    expect(problem("12g4")).toMatch(/hexadecimal digits/);
    expect(problem("1".repeat(17))).toMatch(/at most 16/);
    expect(problem("0000800000000000")).toMatch(/bits 63 to 47/);
    expect(problem("0100000000000000", 5)).toMatch(/bits 63 to 56/);
    expect(address.parseAddress("0000800000000000", 5)).toEqual({ address: 0x800000000000n });
  });
});

describe("the split", () => {
  it("has 9 bits per level and 12 for the page", () => {
    expect(fields(0x00007fffffffe3a8n, 4)).toEqual(["PML4 ff", "PDPT 1ff", "PD 1ff", "PT 1fe", "offset 3a8"]);
    expect(fields(0xff11223344556677n, 5).length).toBe(6);
    expect(fields(0xff11223344556677n, 5)[0]).toBe("PML5 111");
  });

  it("ends earlier for a large page", () => {
    expect(fields(0xffffffff80123456n, 4, 21)).toEqual(["PML4 1ff", "PDPT 1fe", "PD 0", "offset 123456"]);
    expect(fields(0xffff800040001234n, 4, 30)).toEqual(["PML4 100", "PDPT 1", "offset 1234"]);
  });
});

describe("another entry of a table", () => {
  it("is the address with that index, all below it zero, canonical again", () => {
    expect(address.withIndex(0x00007fffffffe3a8n, 4, 3, 0x1fd)).toBe(0x00007fffffffd000n);
    expect(address.withIndex(0x00007fffffffe3a8n, 4, 0, 256)).toBe(0xffff800000000000n);
    expect(address.withIndex(0xffffffff80100000n, 4, 0, 0)).toBe(0n);
    expect(address.withIndex(0xffffffff80100000n, 4, 2, 1)).toBe(0xffffffff80200000n);
  });

  it("is found next to the one that is walked, in its cell and along the strip", () => {
    const siblings = new Uint8Array(512);
    for (const entry of [2, 16, 18, 23, 511]) siblings[entry] = 1;
    siblings[18] = 2;
    expect(address.nextPresent(siblings, 2, 1)).toBe(16);
    expect(address.nextPresent(siblings, 2, -1)).toBeUndefined();
    expect(address.entryOfCell(siblings, 2, 0)).toBe(16);
    expect(address.entryOfCell(siblings, 2, 16)).toBe(18);
    expect(address.entryOfCell(siblings, 2, 23)).toBe(16);
    expect(address.entryOfCell(siblings, 5, 0)).toBeUndefined();
    const cells = address.cellsOf(siblings);
    expect(cells.length).toBe(64);
    expect(cells[2]).toEqual({ first: 16, present: 3, large: 1 });
  });

  it("the frame of a large page has no low bits", () => {
    expect(address.pageOf(0x8000000000c000e3n, 21)).toBe(0xc00000n);
    expect(address.pageOf(0x0000000002137067n, 12)).toBe(0x2137000n);
  });
});

describe("ranges", () => {
  const range = { start: 0x400000n, length: 0x3000n, writable: false, executable: true, user: true, what: "code" };

  it("say rights and size", () => {
    expect([rightsOf(range), sizeOf(range), rangeToken(range)]).toEqual(["r-x", "3 pages", "--range-code"]);
    expect(sizeOf({ ...range, length: 64n << 20n })).toBe("64.0 MiB");
    expect(sizeOf({ ...range, length: 0x1000n })).toBe("1 page");
    expect(rightsOf({ ...range, mapped: false })).toBe("---");
    expect(rangeToken({ ...range, user: false })).toBe("--range-kernel");
  });
});
