/** FXSAVE, FXRSTOR and MXCSR (SDM 1, 10.5.1 and 10.2.3; SDM 2A FXSAVE, table 3-43). */
import { beforeEach, describe, expect, it } from "vitest";
import { EXIT } from "../../../src/engine/record";
import { createMachine, enterLong, type Machine, protect } from "./machine";

const AREA = 0x5_0000;
const OTHER = 0x5_1000;
const OSFXSR = 0x200n;
const WIDE = 1;

let m: Machine;
const bytes = (at: number, count: number) => [...new Uint8Array(m.ram.buffer, m.ram.byteOffset + at, count)];
const fill = (at: number, value: number) => new Uint8Array(m.ram.buffer, m.ram.byteOffset + at, 512).fill(value);
const succeed = (helper: "fxsave" | "fxrstor", at: number, wide = WIDE) => expect(m.call(helper, at, wide)).toBe(0);
const fails = (helper: "fxsave" | "fxrstor" | "loadMxcsr", ...args: number[]) => {
  expect(m.call(helper, ...args)).toBe(EXIT.fault);
  return m.fault();
};

/** An area of which every field is another value; what is reserved, and MXCSR_MASK, are as FXSAVE writes them. */
function area(at: number, wide: boolean): void {
  fill(at, 0);
  // FCW, FSW with TOP 5, FTW of which three are full, FOP.
  [0x027f, 0x2800, 0x00e3, 0x0123].forEach((word, n) => m.ram.setUint16(at + 2 * n, word, true));
  if (wide) {
    m.ram.setBigUint64(at + 8, 0xffff_8765_4321_1234n, true);
    m.ram.setBigUint64(at + 16, 0x0000_1234_5678_9abcn, true);
  } else {
    m.ram.setUint32(at + 8, 0x8765_4321, true);
    m.ram.setUint16(at + 12, 0x0033, true);
    m.ram.setUint32(at + 16, 0x1234_5678, true);
    m.ram.setUint16(at + 20, 0x002b, true);
  }
  m.ram.setUint32(at + 24, 0x1fa5, true);
  m.ram.setUint32(at + 28, 0xffff, true);
  for (let n = 0; n < 8; n++) {
    m.ram.setBigUint64(at + 32 + 16 * n, 0x8000_0000_0000_0000n | BigInt(0x1000 + n), true);
    m.ram.setUint16(at + 40 + 16 * n, 0x4000 + n, true);
  }
  for (let n = 0; n < 32; n++) m.ram.setBigUint64(at + 160 + 8 * n, BigInt(n + 1) * 0x0101_0101_0101_0101n, true);
}

describe("64-bit mode", () => {
  beforeEach(() => {
    m = createMachine();
    enterLong(m);
    m.set("cr4", m.get("cr4") | OSFXSR);
  });

  it.each([true, false])("what was restored is saved, byte for byte; pointers wide: %s", (wide) => {
    area(AREA, wide);
    succeed("fxrstor", AREA, wide ? WIDE : 0);
    fill(OTHER, 0xee);
    succeed("fxsave", OTHER, wide ? WIDE : 0);
    expect(bytes(OTHER, 416)).toEqual(bytes(AREA, 416));
    // The rest is the program's.
    expect(bytes(OTHER + 416, 96)).toEqual(Array.from({ length: 96 }, () => 0xee));
  });

  it("ST(n) is the n-th from the top", () => {
    area(AREA, true);
    succeed("fxrstor", AREA);
    // TOP is 5: ST(0) is register 5, ST(3) register 0.
    expect([5, 6, 7, 0, 1, 2, 3, 4].map((n) => Number(m.get("fpr", 2 * n) & 0xfffn))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect([5, 0].map((n) => m.get("fpr", 2 * n + 1))).toEqual([0x4000n, 0x4003n]);
  });

  it.each([
    [false, 0xffff_8000_0000_0000n, 0x0000_7000_0000_0000n],
    [true, 0xff34_8000_0000_0000n, 0x0034_7000_0000_0000n],
  ])("pointers have no more bits than addresses, FOP has eleven; five levels: %s", (levels5, ip, dp) => {
    m = createMachine({ levels5 });
    enterLong(m);
    area(AREA, true);
    m.ram.setUint16(AREA + 6, 0xffff, true);
    m.ram.setBigUint64(AREA + 8, 0x0134_8000_0000_0000n, true);
    m.ram.setBigUint64(AREA + 16, 0x1234_7000_0000_0000n, true);
    succeed("fxrstor", AREA);
    expect([m.get("fpuIp"), m.get("fpuDp"), m.get("fpuOpcode")]).toEqual([ip, dp, 0x7ffn]);
  });

  it("reserved bits of MXCSR are #GP(0), and nothing is loaded", () => {
    const gp = { vector: 13, code: 0 };
    const before = m.get("mxcsr");
    expect(fails("loadMxcsr", 0x1_1f80)).toEqual(gp);
    area(AREA, true);
    m.ram.setUint32(AREA + 24, 0x1_1f80, true);
    expect(fails("fxrstor", AREA, WIDE)).toEqual(gp);
    expect([m.get("mxcsr"), m.get("xmm", 0), m.get("fpuStatus")]).toEqual([before, 0n, 0n]);
    expect(m.call("loadMxcsr", 0xffff)).toBe(0);
    expect(m.get("mxcsr")).toBe(0xffffn);
  });

  it("the area is aligned to 16 bytes", () => {
    for (const helper of ["fxsave", "fxrstor"] as const)
      expect(fails(helper, AREA + 8, WIDE)).toEqual({ vector: 13, code: 0 });
  });

  it("a page that is not there is missed by a write of FXSAVE, by a read of FXRSTOR, and nothing was written", () => {
    const leaf = 0x10_3000 + 8 * (OTHER >>> 12);
    expect(m.ram.getUint32(leaf, true) & ~0x60).toBe(OTHER | 7);
    m.ram.setUint32(leaf, 0, true);
    m.call("invalidatePage", OTHER);
    fill(AREA + 0xe00, 0xee);
    expect(fails("fxsave", OTHER - 256, WIDE)).toEqual({ vector: 14, code: 2 });
    expect(bytes(OTHER - 256, 256)).toEqual(Array.from({ length: 256 }, () => 0xee));
    expect(fails("fxrstor", OTHER - 256, WIDE)).toEqual({ vector: 14, code: 0 });
  });

  it("without CR4.OSFXSR the vector registers are left out", () => {
    area(AREA, true);
    succeed("fxrstor", AREA);
    m.set("cr4", m.get("cr4") & ~OSFXSR);
    fill(OTHER, 0xee);
    succeed("fxsave", OTHER);
    expect(bytes(OTHER + 160, 256)).toEqual(Array.from({ length: 256 }, () => 0xee));
    fill(OTHER + 160, 0);
    succeed("fxrstor", OTHER);
    expect(m.get("xmm", 0)).toBe(0x0101_0101_0101_0101n);
  });
});

it("outside 64-bit mode there are eight vector registers", () => {
  m = createMachine();
  protect(m);
  m.set("cr4", OSFXSR);
  area(AREA, false);
  succeed("fxrstor", AREA, 0);
  expect([m.get("xmm", 15), m.get("xmm", 16)]).toEqual([0x1010_1010_1010_1010n, 0n]);
  m.set("xmm", 0x77, 16);
  fill(OTHER, 0xee);
  succeed("fxsave", OTHER, 0);
  expect(bytes(OTHER, 288)).toEqual(bytes(AREA, 288));
  expect(bytes(OTHER + 288, 128)).toEqual(Array.from({ length: 128 }, () => 0xee));
});
