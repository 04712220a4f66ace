/** Control registers, EFER, MSRs, CPUID, flags and ports: the #GP conditions of SDM 2B MOV CR, SDM 3, 2.5 and 10.8.5, SDM 4. */
import { beforeEach, describe, expect, it } from "vitest";
import { EXIT } from "../../../src/engine/record";
import { instructions } from "../../../src/isa";
import { createMachine, descriptor, enterLong, type Machine, protect, SEL, TABLES, toUser, TSS } from "./machine";

let m: Machine;
beforeEach(() => {
  m = createMachine();
});
const gp = (result: number, code = 0) => {
  expect(result).toBe(EXIT.fault);
  expect(m.fault()).toEqual({ vector: 13, code });
};
const left = (result: number) => expect(result).toBe(EXIT.leaveNext);
const EFER = 0xc000_0080;

describe("CR0, CR3, CR4, EFER", () => {
  it("CR0: PG needs PE, NW needs CD, no upper half; ET stays", () => {
    gp(m.call("writeControl", 0, 0xe000_0010));
    gp(m.call("writeControl", 0, 0x2000_0011));
    gp(m.call("writeControl", 0, 0x1_0000_0011n));
    left(m.call("writeControl", 0, 1));
    expect(m.get("cr0")).toBe(0x11n);
  });

  it("long mode is entered with PAE, LME and a CS without L, and left from compatibility mode only", () => {
    protect(m);
    left(m.call("writeMsr", EFER, 0x100));
    gp(m.call("writeControl", 0, 0xe000_0011));
    enterLong(m);
    expect(m.get("efer")).toBe(0xd01n);
    gp(m.call("writeControl", 0, 0x6000_0011));
    gp(m.call("writeMsr", EFER, 0x801));
    gp(m.call("writeControl", 4, 0));
    gp(m.call("writeControl", 4, 0x1020));
    gp(m.call("writeControl", 3, 1n << 40n));
    expect(m.call("farJump", SEL.code32, 0x5000, 32)).toBe(EXIT.leave);
    left(m.call("writeControl", 0, 0x6000_0011));
    expect(m.get("efer")).toBe(0x901n);
    expect(m.get("mode")).toBe(2n | 4n | 16n);
  });

  it("five levels: LA57 set before paging, addresses of 57 bits", () => {
    enterLong(m, 5);
    expect(m.get("mode")).toBe(1n | 16n);
    expect(m.read(0x5000, 8)).not.toBe(0);
    expect(m.read(0xff_ffff_ffff_fff8n, 8)).toBe(0);
    expect(m.fault().vector).toBe(14);
    expect(m.read(0x100_0000_0000_0000n, 8)).toBe(0);
    expect(m.fault().vector).toBe(13);
    gp(m.call("writeControl", 4, 0x20));
  });

  it("long mode is refused while CS has L", () => {
    protect(m);
    m.set("segmentAccess", 0xa0_9b00, 1);
    m.call("writeControl", 4, 0x20);
    m.call("writeMsr", EFER, 0x100);
    gp(m.call("writeControl", 0, 0xe000_0011));
    expect(m.get("efer")).toBe(0x100n);
  });

  it("PAE: reserved bits in the directory pointers are found when they are loaded", () => {
    protect(m);
    left(m.call("writeControl", 4, 0x20));
    m.ram.setBigUint64(TABLES + 8, 3n, true);
    m.call("writeControl", 3, TABLES);
    gp(m.call("writeControl", 0, 0xe000_0011));
    m.ram.setBigUint64(TABLES + 8, 1n, true);
    left(m.call("writeControl", 0, 0xe000_0011));
    m.ram.setBigUint64(TABLES + 0x40, (1n << 45n) | 1n, true);
    gp(m.call("writeControl", 3, TABLES + 0x40));
  });

  it("CR4: unknown bits; LA57 only where it exists", () => {
    for (let bit = 0; bit < 32; bit++) {
      const known = [2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 16, 20, 21].includes(bit);
      const result = m.call("writeControl", 4, 2 ** bit);
      expect({ bit, result }).toEqual({ bit, result: known ? EXIT.leaveNext : EXIT.fault });
    }
  });

  it("registers that do not exist are #UD; CR8 holds four bits", () => {
    for (const number of [1, 5, 7, 9, 15]) {
      expect(m.call("writeControl", number, 0)).toBe(EXIT.fault);
      expect(m.fault()).toEqual({ vector: 6, code: undefined });
      expect(m.call("readControl", number)).toBe(EXIT.fault);
    }
    expect(m.call("writeControl", 8, 15)).toBe(0);
    gp(m.call("writeControl", 8, 16));
    m.call("readControl", 8);
    expect(m.value()).toBe(15n);
  });

  it("debug registers: DR4 and DR5 stand for DR6 and DR7 unless CR4.DE; fixed bits; general detect", () => {
    expect(m.call("writeDebug", 5, 0)).toBe(EXIT.leaveNext);
    m.call("readDebug", 7);
    expect(m.value()).toBe(0x400n);
    m.call("writeDebug", 6, 0xffff_ffff);
    m.call("readDebug", 4);
    expect(m.value()).toBe(0xffff_efffn);
    gp(m.call("writeDebug", 7, 1n << 32n));
    m.call("writeControl", 4, 8);
    expect(m.call("readDebug", 4)).toBe(EXIT.fault);
    expect(m.fault().vector).toBe(6);
    m.call("writeDebug", 7, 0x2400);
    expect(m.call("readDebug", 0)).toBe(EXIT.fault);
    expect(m.fault().vector).toBe(1);
    expect(m.get("dr", 6) & 0x2000n).toBe(0x2000n);
  });
});

describe("MSRs, CPUID, time", () => {
  it("reads back what it was given, refuses what does not fit", () => {
    for (const [msr, good, bad] of [
      [0xc000_0081, 0x0023_0008_0000_0000n, undefined],
      [0xc000_0082, 0xffff_8000_0000_1234n, 0x8000_0000_0000n],
      [0xc000_0083, 0x7fff_ffff_ffffn, 1n << 60n],
      [0xc000_0084, 0x4_7700n, 1n << 32n],
      [0xc000_0100, 0xffff_ffff_8000_0000n, 0x8000_0000_0000n],
      [0xc000_0101, 5n, 0xffff_0000_0000_0000n],
      [0xc000_0102, 0xffff_8800_0000_0000n, 1n << 63n],
      [0xc000_0103, 7n, 1n << 32n],
      [0x174, 8n, undefined],
      [0x175, 0xffff_8000_0000_0000n, 1n << 63n],
      [0x277, 0x0007_0406_0007_0406n, 2n],
      [0x200, 0x6n, 0x2n],
      [0x201, 0xff_f000_0800n, 0x1n],
      [0x250, 0x0606_0606_0606_0606n, 0x7n],
      [0x2ff, 0xc06n, 0x1000n],
    ] as const) {
      expect({ msr, result: m.call("writeMsr", msr, good) }).toEqual({ msr, result: 0 });
      expect(m.call("readMsr", msr)).toBe(0);
      expect({ msr, value: m.value() }).toEqual({ msr, value: good });
      if (bad !== undefined) gp(m.call("writeMsr", msr, bad));
    }
    for (const unknown of [0, 0x30, 0x19f, 0xc000_0085, 0xc001_0010]) {
      gp(m.call("readMsr", unknown));
      gp(m.call("writeMsr", unknown, 0));
    }
    gp(m.call("writeMsr", EFER, 2));
  });

  it("the time stamp counter is the clock, and can be set", () => {
    m.call("timestamp");
    expect(m.value()).toBe(1000n);
    m.call("writeMsr", 0x10, 5);
    m.clock += 10;
    m.call("readMsr", 0x10);
    expect(m.value()).toBe(15n);
    protect(m);
    m.call("writeControl", 4, 4);
    expect(m.call("timestamp")).toBe(0);
    toUser(m, SEL.code32User);
    gp(m.call("timestamp"));
  });

  it("CPUID: vendor, limits, and no feature whose instructions are not defined", () => {
    const ask = (eax: number, ecx = 0): number[] => {
      m.set("registers", eax, 0);
      m.set("registers", ecx, 1);
      expect(m.call("cpuid")).toBe(0);
      return [0, 3, 1, 2].map((register) => Number(m.get("registers", register)));
    };
    const text = (...words: number[]) =>
      words.map((w) => String.fromCharCode(w & 255, (w >> 8) & 255, (w >> 16) & 255, w >>> 24)).join("");
    const [max, b, c, d] = ask(0);
    expect(max).toBe(7);
    expect(text(b, d, c)).toBe("VitrineX8664");
    expect(ask(0x8000_0000)[0]).toBe(0x8000_0008);
    expect(text(...ask(0x8000_0002), ...ask(0x8000_0003), ...ask(0x8000_0004)).replace(/\0+$/, "")).toBe(
      "Vitrine x86-64 under glass",
    );
    const names = new Set(instructions.map(({ name }) => name));
    const [, , ecx, edx] = ask(1);
    expect(edx & (1 << 8) ? names.has("cmpxchg8b") : true).toBe(true);
    expect(ecx & (1 << 23) ? names.has("popcnt") : true).toBe(true);
    // APIC: only where the board has one.
    expect(edx & (1 << 9)).toBe(0);
    for (const [bit, name] of [
      [0, "fadd"],
      [23, "paddb"],
      [24, "fxsave"],
      [25, "addps"],
      [26, "addpd"],
    ] as const) {
      expect((edx & (1 << bit)) !== 0).toBe(names.has(name));
    }
    expect(ask(0x8000_0001)[3] & (1 << 29)).not.toBe(0);
    expect(ask(7)[2] & (1 << 16)).not.toBe(0);
    expect(ask(7, 1)).toEqual([0, 0, 0, 0]);
    // Beyond the last leaf comes what the last basic one says.
    for (const beyond of [8, 0x3fff_ffff, 0x8000_0009, 0xffff_ffff]) expect(ask(beyond)).toEqual(ask(7));
    expect(ask(0x8000_0009, 1)).toEqual([0, 0, 0, 0]);
    expect(ask(5)).toEqual([0, 0, 0, 0]);
    expect(ask(0x8000_0008)[0]).toBe(40 | (57 << 8));
  });
});

describe("flags", () => {
  it("every value survives its split form", () => {
    for (let i = 0; i < 0x1000; i++) {
      const value = (i & 0x8d5) | (i & 0x700) | 2;
      m.system.setRflags(value);
      expect(m.system.rflags()).toBe(value);
    }
  });

  it("parity is that of the low byte of the result", () => {
    for (let i = 0; i < 256; i++) {
      m.set("signSource", i | 0xff00);
      const ones = i.toString(2).replaceAll("0", "").length;
      expect((m.system.rflags() >> 2) & 1).toBe(ones % 2 === 0 ? 1 : 0);
    }
  });

  it("POPF changes IF by CPL <= IOPL, IOPL in ring 0 only (SDM 2B, table 4-16)", () => {
    protect(m);
    for (const cpl of [0, 3])
      for (const iopl of [0, 3])
        for (const size of [16, 32]) {
          m.set("cpl", cpl);
          m.system.setRflags((iopl << 12) | 2);
          m.call("setFlags", 0xffff_ffff, size);
          const flags = m.system.rflags();
          expect({ cpl, iopl, if: (flags >> 9) & 1 }).toEqual({ cpl, iopl, if: cpl <= iopl ? 1 : 0 });
          expect((flags >> 12) & 3).toBe(cpl === 0 ? 3 : iopl);
          expect((flags >> 18) & 1).toBe(size === 32 ? 1 : 0);
          expect(flags & 0x3_0000).toBe(0);
        }
  });

  it("STI holds interrupts for one instruction; CLI and STI obey IOPL", () => {
    protect(m);
    m.set("interruptWaiting", 1);
    left(m.call("setInterrupts"));
    expect(m.get("shadow")).toBe(1n);
    expect(m.call("setInterrupts")).toBe(0);
    expect(m.call("clearInterrupts")).toBe(0);
    expect(m.system.rflags() & 0x200).toBe(0);
    m.set("shadow", 0);
    toUser(m, SEL.code32User);
    gp(m.call("setInterrupts"));
    gp(m.call("clearInterrupts"));
    m.system.setRflags(0x3002);
    left(m.call("setInterrupts"));
    gp(m.call("halt"));
  });
});

describe("ports", () => {
  it("ring 3 needs IOPL or a clear bit in the TSS's map for every byte", () => {
    protect(m);
    expect(m.call("portIn", 0x60, 1)).toBe(0);
    expect(m.value()).toBe(0x78n);
    descriptor(m, SEL.free, TSS, 0x88, 0x89, 0);
    m.call("loadTask", SEL.free);
    toUser(m, SEL.code32User);
    for (let i = 0; i < 32; i++) m.ram.setUint8(TSS + 0x68 + i, 0xff);
    gp(m.call("portOut", 0x60, 1, 7));
    m.ram.setUint8(TSS + 0x68 + 12, 0xfe);
    m.log.length = 0;
    expect(m.call("portOut", 0x60, 1, 7)).toBe(0);
    gp(m.call("portOut", 0x60, 2, 7));
    m.ram.setUint8(TSS + 0x68 + 12, 0xfc);
    expect(m.call("portOut", 0x60, 2, 0x1_2345)).toBe(0);
    expect(m.log).toEqual(["out 60 1 7", "out 60 2 2345"]);
    // The map ends at the limit: 0x88 - 0x68 + 1 bytes, the last of which is only ever the second one read.
    m.ram.setUint8(TSS + 0x68 + 31, 0);
    m.ram.setUint8(TSS + 0x68 + 32, 0);
    expect(m.call("portOut", 31 * 8, 1, 0)).toBe(0);
    gp(m.call("portOut", 32 * 8, 1, 0));
    m.system.setRflags(0x3002);
    expect(m.call("portOut", 0x3000, 4, 0xffff_ffff)).toBe(0);
  });
});
