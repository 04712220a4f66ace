/** Rare conditions of memory accesses, one at a time: what each changes, by the manual. */
import { beforeEach, describe, expect, it } from "vitest";
import { EXIT } from "../../../src/engine/record";
import { createMachine, enterLong, gate, GDT, IDT, type Machine, protect, SEL, TABLES, toUser } from "./machine";

const PE_PG = 0x8000_0011;
const AC = 0x4_0000;
const SMAP = 0x20_0000n;

let m: Machine;
beforeEach(() => {
  m = createMachine();
});

describe("SMAP: what the processor does by itself never reaches user pages (SDM 3, 4.6.1)", () => {
  /** All pages are user pages; AC lets explicit accesses through. */
  function start(): void {
    enterLong(m);
    gate(m, 0x30, SEL.code64, 0x7000, 0x8e, 0, true);
    m.set("cr4", m.get("cr4") | SMAP);
    m.system.flushLookaside();
    m.system.setRflags(AC | 2);
  }

  it.each([true, false])("whatever AC says, and whether the lookaside knows the page: %s", (known) => {
    start();
    const page = GDT & ~0xfff;
    if (known) expect(m.read(page, 8)).not.toBe(0);
    expect(m.call("loadSegment", 3, SEL.data3)).toBe(EXIT.fault);
    expect(m.fault()).toEqual({ vector: 14, code: 1 });
  });

  it("nor do interrupts, in short ways or long ones", () => {
    for (const quick of [true, false]) {
      m = createMachine({ quick });
      enterLong(m);
      gate(m, 0x30, SEL.code64, 0x7000, 0x8e, 0, true);
      m.set("registers", 0xa000, 4);
      for (const page of [GDT, IDT]) m.read(page, 8);
      // Twice: what is remembered of the first is no permission.
      expect(m.call("interrupt", 0x30, 1)).not.toBe(EXIT.fault);
      expect(m.call("interrupt", 0x30, 1)).not.toBe(EXIT.fault);
      m.set("cr4", m.get("cr4") | SMAP);
      m.system.flushLookaside();
      m.system.setRflags(AC | 2);
      for (const page of [GDT, IDT, 0x9000]) expect(m.read(page, 8)).not.toBe(0);
      m.write(0x9ff0, 8, 0);
      expect([quick, m.call("interrupt", 0x30, 1), m.fault()]).toEqual([quick, EXIT.fault, { vector: 14, code: 1 }]);
    }
  });
});

describe("accesses over the end of 4 GiB and of an address half", () => {
  beforeEach(() => {
    enterLong(m);
    // The fourth gibibyte is there, the fifth is not.
    m.ram.setBigUint64(TABLES + 0x1000 + 3 * 8, 0x87n, true);
  });

  it("go on behind 4 GiB", () => {
    expect(m.read(0xffff_fffcn, 8)).toBe(0);
    expect(m.fault()).toEqual({ vector: 14, code: 0 });
    m.system.deliverFault();
    expect(m.get("cr2")).toBe(0x1_0000_0000n);
  });

  it("are #GP where the second page has no canonical address, before any page is looked for", () => {
    expect(m.read(0x7fff_ffff_fffcn, 8)).toBe(0);
    expect(m.fault()).toEqual({ vector: 13, code: 0 });
  });
});

describe("A20", () => {
  it("masks what page tables lead to as well", () => {
    protect(m);
    // One page of 4 MiB at 0, tables where bit 20 is clear.
    m.ram.setUint32(0x20_0000, 0x87, true);
    m.call("writeControl", 4, 0x10);
    m.call("writeControl", 3, 0x20_0000);
    m.call("writeControl", 0, PE_PG);
    expect(m.system.translate(0x10_0500n, "read", false)).toBe(0x10_0500);
    m.addressMask = ~0x10_0000;
    m.system.rebuild();
    expect(m.system.translate(0x10_0500n, "read", false)).toBe(0x500);
  });
});

describe("tables of pages that hold code", () => {
  it.each([true, false])("accessed and dirty bits are writes to that code; short ways: %s", (quick) => {
    m = createMachine({ quick });
    const leaves = enterLong(m);
    m.codePages.add(leaves >>> 12);
    const at = leaves + 8 * 0x50;
    m.ram.setUint32(at, 0x5_0000 | 7, true);
    m.system.flushLookaside();
    m.log.length = 0;
    m.write(0x5_0000, 4, 1);
    expect(m.ram.getUint32(at, true)).toBe(0x5_0067);
    expect(m.log).toContain(`code ${at.toString(16)} 4`);
  });
});

describe("returns", () => {
  const frame = (...values: number[]) => {
    const rsp = 0x7c00;
    values.forEach((value, n) => m.ram.setUint32(rsp + 4 * n, value, true));
    m.set("registers", rsp, 4);
  };

  it("to an outer ring leave conforming code in data segments (SDM 2B RET)", () => {
    protect(m);
    m.call("loadSegment", 3, SEL.conforming);
    m.call("loadSegment", 0, SEL.data0);
    toUser(m, SEL.code32User);
    expect([m.get("selector", 3), m.get("selector", 0)]).toEqual([BigInt(SEL.conforming), 0n]);
  });

  it("IRET lets NMIs in again, and restores VIF and VIP in ring 0 only", () => {
    protect(m);
    m.set("nmiBlocked", 1);
    frame(0x6000, SEL.code32, 0x18_0002);
    expect(m.call("interruptReturn", 32)).not.toBe(EXIT.fault);
    expect([m.get("nmiBlocked"), m.system.rflags()]).toEqual([0n, 0x18_0002]);
    frame(0x6000, SEL.code32, 2);
    m.call("interruptReturn", 32);
    toUser(m, SEL.code32User);
    frame(0x6000, SEL.code32User, 0x18_0002);
    expect(m.call("interruptReturn", 32)).not.toBe(EXIT.fault);
    expect(m.system.rflags()).toBe(2);
  });
});

it("a debug exception switches the protection of the debug registers off for its handler (SDM 3, 18.2.4)", () => {
  protect(m);
  gate(m, 1, SEL.code32, 0x7001, 0x8e);
  m.set("dr", 0x2400, 7);
  expect(m.system.deliverDebug(1)).toBeUndefined();
  expect([m.get("dr", 7), m.get("dr", 6) & 1n]).toEqual([0x400n, 1n]);
});
