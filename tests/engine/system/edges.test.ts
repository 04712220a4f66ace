/** Rare conditions of memory accesses, one at a time: what each changes, by the manual. */
import { beforeEach, describe, expect, it } from "vitest";
import { LOOKASIDE, lookasideTable } from "../../../src/engine/areas";
import { EXIT } from "../../../src/engine/record";
import {
  createMachine,
  enterLong,
  gate,
  GDT,
  IDT,
  type Machine,
  protect,
  SEL,
  STACK0,
  TABLES,
  toUser,
} from "./machine";

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

describe("large pages", () => {
  it("INVLPG forgets all parts of a page of a gibibyte, wherever in it the address lies (SDM 3, 4.10.4.1)", () => {
    enterLong(m);
    const GIBIBYTE = 0x4000_0000;
    const entry = TABLES + 0x1000 + 8;
    m.ram.setBigUint64(entry, 0x87n, true);
    expect(m.read(GIBIBYTE + 0x5000, 8)).not.toBe(0);
    m.ram.setBigUint64(entry, 0n, true);
    const place = (lookasideTable(false, false) + 5 * LOOKASIDE.entryBytes) >>> 2;
    const isKnown = () => m.state.u32[place] === GIBIBYTE + 0x5000;
    expect(isKnown()).toBe(true);
    m.call("invalidatePage", 2 * GIBIBYTE);
    expect(isKnown()).toBe(true);
    m.call("invalidatePage", 2 * GIBIBYTE - 1);
    expect(isKnown()).toBe(false);
  });
});

describe("PAE's directory pointers", () => {
  const reserved = [1, 2, 5, 8, 40, 51, 62, 63];
  const ignored = [3, 4, 9, 11];
  it.each([true, false])(
    "reserved bits are found at each walk, as in QEMU (SDM 3, table 4-8); short ways: %s",
    (quick) => {
      for (const bit of [...reserved, ...ignored]) {
        m = createMachine({ quick });
        protect(m);
        m.call("writeControl", 4, 0x20);
        m.ram.setBigUint64(TABLES, BigInt(TABLES + 0x1001), true);
        m.ram.setBigUint64(TABLES + 0x1000, 0x87n, true);
        m.call("writeControl", 3, TABLES);
        m.call("writeControl", 0, PE_PG);
        m.ram.setBigUint64(TABLES, BigInt(TABLES + 0x1001) | (1n << BigInt(bit)), true);
        expect([bit, m.read(0x5000, 4) !== 0]).toEqual([bit, ignored.includes(bit)]);
        if (reserved.includes(bit)) expect(m.fault()).toEqual({ vector: 14, code: 9 });
      }
    },
  );
});

it("a descriptor's accessed bit is written behind 4 GiB where the table's base and the selector lead there", () => {
  enterLong(m);
  // The last page below 4 GiB, and the first one behind it.
  const [last, first] = [0x5_0000, 0x5_1000];
  const tables = TABLES + 0x8000;
  const entry = (at: number, to: number) => m.ram.setBigUint64(at, BigInt(to | 7), true);
  entry(TABLES + 0x1000 + 3 * 8, tables);
  entry(tables + 511 * 8, tables + 0x1000);
  entry(tables + 0x1000 + 511 * 8, last);
  entry(TABLES + 0x1000 + 4 * 8, tables + 0x2000);
  entry(tables + 0x2000, tables + 0x3000);
  entry(tables + 0x3000, first);
  m.system.flushLookaside();
  // Data, writable, not accessed.
  m.ram.setBigUint64(first + 8, 0x00cf_9200_0000_ffffn, true);
  m.set("gdtBase", 0xffff_ff00);
  m.set("gdtLimit", 0xffff);
  const untouched = m.ram.getBigUint64(8, true);
  expect(m.call("loadSegment", 3, 0x108)).not.toBe(EXIT.fault);
  expect(m.ram.getBigUint64(first + 8, true)).toBe(0x00cf_9300_0000_ffffn);
  expect(m.ram.getBigUint64(8, true)).toBe(untouched);
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

describe("interrupts in virtual-8086 mode lead to ring 0 only (SDM 3, 21.3.1)", () => {
  it.each([
    ["a handler of ring 3", SEL.code32User],
    ["conforming code", SEL.conforming],
    ["a handler of ring 0", SEL.code32],
  ] as const)("%s", (_, selector) => {
    protect(m);
    gate(m, 0x21, selector, 0x7000, 0xee);
    const at = STACK0 - 0x400;
    const frame = [0x10, 0x1000, 0x2_3202, 0x1ff0, 0x2000, 0, 0, 0, 0];
    frame.forEach((value, n) => m.ram.setUint32(at + 4 * n, value, true));
    m.set("registers", at, 4);
    expect(m.call("interruptReturn", 32)).toBe(EXIT.leave);
    const left = m.call("interrupt", 0x21);
    if (selector === SEL.code32) expect([left === EXIT.fault, m.get("cpl")]).toEqual([false, 0n]);
    else expect([left, m.fault()]).toEqual([EXIT.fault, { vector: 13, code: selector & 0xfffc }]);
  });
});

it("a debug exception switches the protection of the debug registers off for its handler (SDM 3, 18.2.4)", () => {
  protect(m);
  gate(m, 1, SEL.code32, 0x7001, 0x8e);
  m.set("dr", 0x2400, 7);
  expect(m.system.deliverDebug(1)).toBeUndefined();
  expect([m.get("dr", 7), m.get("dr", 6) & 1n]).toEqual([0x400n, 1n]);
});
