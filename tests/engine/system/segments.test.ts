/** Segment loads and checks against tables written from SDM 2B MOV, SDM 3, 5.3 to 5.6 and 5.8. */
import { beforeEach, describe, expect, it } from "vitest";
import { EXIT } from "../../../src/engine/record";
import { createMachine, descriptor, enterLong, GDT, type Machine, protect, RECORD, SEL, toUser } from "./machine";

const DS = 3,
  SS = 2;
let m: Machine;
beforeEach(() => {
  m = createMachine();
});

/** Descriptor types (S = 1) by what they are. */
const types = Array.from({ length: 16 }, (_, type) => ({
  type,
  code: type >= 8,
  conforming: type >= 8 && (type & 4) !== 0,
  readable: type < 8 || (type & 2) !== 0,
  writable: type < 8 && (type & 2) !== 0,
}));

function atCpl(cpl: number): void {
  m.set("cpl", cpl);
  m.set("segmentAccess", 0xc0_9b00 | (cpl << 13), 1);
  m.system.updateMode();
}

describe("MOV Sreg in protected mode", () => {
  beforeEach(() => protect(m));

  it("DS: every type, DPL, RPL, CPL and presence", () => {
    for (const t of types)
      for (const dpl of [0, 1, 2, 3])
        for (const rpl of [0, 1, 2, 3])
          for (const cpl of [0, 1, 2, 3])
            for (const present of [true, false]) {
              atCpl(cpl);
              descriptor(m, SEL.free, 0x1234_5000, 0x8_7654, (present ? 0x80 : 0) | (dpl << 5) | 0x10 | t.type, 0x8);
              const selector = SEL.free | rpl;
              const result = m.call("loadSegment", DS, selector);
              // "If the descriptor is not a data or readable code segment" - #GP; "data or nonconforming code: both RPL and CPL <= DPL".
              const privileged = t.conforming || (rpl <= dpl && cpl <= dpl);
              const want = !t.readable || !privileged ? 13 : !present ? 11 : 0;
              expect({ t, dpl, rpl, cpl, present, result }).toMatchObject({ result: want ? EXIT.fault : 0 });
              if (want) expect(m.fault()).toEqual({ vector: want, code: SEL.free });
              else {
                expect(m.get("selector", DS)).toBe(BigInt(selector));
                expect(m.get("segmentBase", DS)).toBe(0x1234_5000n);
                expect(m.get("segmentLimit", DS)).toBe(0x8765_4fffn);
                expect(m.ram.getUint8(GDT + SEL.free + 5) & 1).toBe(1);
              }
            }
  });

  it("SS: writable data of exactly this privilege", () => {
    for (const t of types)
      for (const dpl of [0, 3])
        for (const rpl of [0, 3])
          for (const cpl of [0, 3])
            for (const present of [true, false]) {
              atCpl(cpl);
              descriptor(m, SEL.free, 0, 0xfffff, (present ? 0x80 : 0) | (dpl << 5) | 0x10 | t.type, 0xc);
              const result = m.call("loadSegment", SS, SEL.free | rpl);
              const want = !t.writable || rpl !== cpl || dpl !== cpl ? 13 : !present ? 12 : 0;
              if (want) {
                expect(result).toBe(EXIT.fault);
                expect(m.fault()).toEqual({ vector: want, code: SEL.free });
              } else {
                expect(result).toBe(EXIT.leaveNext);
                expect(m.get("shadow")).toBe(2n);
                m.set("shadow", 0);
              }
            }
  });

  it("null: DS becomes unusable and faults when used; SS refuses", () => {
    expect(m.call("loadSegment", DS, 3)).toBe(0);
    expect(m.get("selector", DS)).toBe(3n);
    expect(m.get("segmentPlain", DS)).toBe(0n);
    expect(m.system.checkSegment(DS, 0, 1, 0, RECORD)).toBe(EXIT.fault);
    expect(m.fault()).toEqual({ vector: 13, code: 0 });
    expect(m.call("loadSegment", SS, 0)).toBe(EXIT.fault);
    expect(m.fault()).toEqual({ vector: 13, code: 0 });
  });

  it("selectors outside their table", () => {
    expect(m.call("loadSegment", DS, 0x800)).toBe(EXIT.fault);
    expect(m.fault()).toEqual({ vector: 13, code: 0x800 });
    expect(m.call("loadLocalTable", SEL.ldt)).toBe(0);
    expect(m.call("loadSegment", DS, 0x87)).toBe(EXIT.fault);
    expect(m.fault()).toEqual({ vector: 13, code: 0x84 });
    m.call("loadLocalTable", 0);
    expect(m.call("loadSegment", DS, 0x0f)).toBe(EXIT.fault);
    expect(m.fault()).toEqual({ vector: 13, code: 0x0c });
  });

  it("limits: expand-up, expand-down, read-only, execute-only; #SS for the stack", () => {
    const load = (type: number, limit: number, flags: number) => {
      descriptor(m, SEL.free, 0, limit, 0x90 | type, flags);
      m.call("loadSegment", DS, SEL.free);
      return m.get("segmentPlain", DS);
    };
    const check = (offset: number, size: number, write: number) =>
      m.system.checkSegment(DS, offset, size, write, RECORD);
    expect(load(2, 0x1fff, 4)).toBe(1n);
    expect([check(0x1ffc, 4, 1), check(0x1ffd, 4, 1), check(0, 1, 0)]).toEqual([0, EXIT.fault, 0]);
    // Expand-down: valid is above the limit, up to 4 GiB with B, 64 KiB without.
    expect(load(6, 0x1fff, 4)).toBe(0n);
    expect([check(0x1fff, 1, 0), check(0x2000, 1, 0), check(0xffff_fffc, 4, 1), check(0xffff_fffd, 4, 1)]).toEqual([
      EXIT.fault,
      0,
      0,
      EXIT.fault,
    ]);
    load(6, 0x1fff, 0);
    expect([check(0xfffe, 2, 0), check(0xffff, 2, 0)]).toEqual([0, EXIT.fault]);
    expect(load(0, 0x1fff, 4)).toBe(0n);
    expect([check(0, 1, 0), check(0, 1, 1)]).toEqual([0, EXIT.fault]);
    expect(load(10, 0x1fff, 4)).toBe(0n);
    expect([check(0, 1, 0), check(0, 1, 1)]).toEqual([0, EXIT.fault]);
    m.set("segmentLimit", 0xfff, SS);
    expect(m.system.checkSegment(SS, 0x1000, 1, 0, RECORD)).toBe(EXIT.fault);
    expect(m.fault()).toEqual({ vector: 12, code: 0 });
  });

  it("LAR, LSL, VERR, VERW tell what may be seen and nothing more", () => {
    const ask = (helper: "loadAccessRights" | "loadSegmentLimit" | "verifyRead" | "verifyWrite", selector: number) => {
      expect(m.call(helper, selector)).toBe(0);
      return BigInt.asIntN(64, m.value());
    };
    expect(ask("loadAccessRights", SEL.data0)).toBe(0xc0_9300n);
    expect(ask("loadSegmentLimit", SEL.data0)).toBe(0xffff_ffffn);
    expect(ask("loadSegmentLimit", SEL.tss)).toBe(0x67n);
    expect([ask("verifyRead", SEL.data0), ask("verifyWrite", SEL.data0)]).toEqual([1n, 1n]);
    expect([ask("verifyRead", SEL.code32), ask("verifyWrite", SEL.code32)]).toEqual([1n, 0n]);
    expect(ask("verifyRead", 0)).toBe(0n);
    expect(ask("loadAccessRights", 0x7f8)).toBe(-1n);
    expect(ask("loadAccessRights", 0x1000)).toBe(-1n);
    gateAt(SEL.free, 6);
    expect(ask("loadAccessRights", SEL.free)).toBe(-1n);
    gateAt(SEL.free, 12);
    expect(ask("loadAccessRights", SEL.free)).toBe(0x8c00n);
    expect(ask("loadSegmentLimit", SEL.free)).toBe(-1n);
    toUser(m, SEL.code32User);
    expect(ask("loadAccessRights", SEL.data0)).toBe(-1n);
    expect(ask("loadAccessRights", SEL.conforming)).toBe(0xc0_9e00n);
    expect(ask("verifyRead", SEL.data3)).toBe(1n);
    expect(ask("verifyWrite", SEL.data0)).toBe(0n);
  });

  function gateAt(selector: number, type: number): void {
    m.ram.setUint32(GDT + selector + 4, 0x8000 | (type << 8), true);
  }
});

describe("real mode and the ways between modes", () => {
  it("segments are paragraphs; limits stay what protected mode made them", () => {
    m.call("loadSegment", DS, 0x1234);
    expect(m.get("segmentBase", DS)).toBe(0x1_2340n);
    expect(m.get("segmentLimit", DS)).toBe(0xffffn);
    protect(m);
    expect(m.call("writeControl", 0, 0x6000_0010)).toBe(EXIT.leaveNext);
    expect(m.call("farJump", 0x100, 0x20, 16)).toBe(EXIT.leave);
    m.call("loadSegment", DS, 0x2000);
    expect([m.get("segmentBase", DS), m.get("segmentLimit", DS)]).toEqual([0x2_0000n, 0xffff_ffffn]);
    expect(m.get("segmentBase", 1)).toBe(0x1000n);
    expect(m.get("mode") & 16n).toBe(0n);
  });

  it("after reset: table 10-1", () => {
    expect(m.get("rip")).toBe(0xfff0n);
    expect([m.get("selector", 1), m.get("segmentBase", 1), m.get("segmentLimit", 1)]).toEqual([
      0xf000n,
      0xffff_0000n,
      0xffffn,
    ]);
    expect(m.get("cr0")).toBe(0x6000_0010n);
    expect(m.system.rflags()).toBe(2);
    expect([m.get("gdtLimit"), m.get("idtLimit")]).toEqual([0xffffn, 0xffffn]);
    expect([m.get("dr", 6), m.get("dr", 7)]).toEqual([0xffff_0ff0n, 0x400n]);
    expect([m.get("mxcsr"), m.get("fpuControl"), m.get("fpuFull")]).toEqual([0x1f80n, 0x40n, 0xffn]);
    // SDM 3, 12.12.4.
    expect(m.get("pat")).toBe(0x0007_0406_0007_0406n);
    expect(m.get("mode")).toBe(0n);
  });

  it("64-bit mode: bases of ES, CS, SS, DS read as 0 and come back in compatibility mode", () => {
    enterLong(m);
    expect(m.get("mode")).toBe(1n | 16n);
    descriptor(m, SEL.free, 0x12_3000, 0xfffff, 0x92, 0xc);
    m.call("loadSegment", DS, SEL.free);
    m.call("loadSegment", 4, SEL.free);
    expect([m.get("segmentBase", DS), m.get("segmentBase", 4)]).toEqual([0n, 0x12_3000n]);
    expect(m.system.checkSegment(DS, 0xffff_ffff, 8, 1, RECORD)).toBe(0);
    expect(m.call("farJump", SEL.code32, 0x5000, 32)).toBe(EXIT.leave);
    expect(m.get("mode")).toBe(2n | 4n | 16n);
    expect(m.get("segmentBase", DS)).toBe(0x12_3000n);
    // SS may be null in ring 0 of 64-bit mode.
    m.call("farJump", SEL.code64, 0x5000, 32);
    expect(m.call("loadSegment", SS, 0)).toBe(EXIT.leaveNext);
    expect(m.call("loadSegment", SS, 3)).toBe(EXIT.fault);
  });

  it("LTR and LLDT: 16-byte descriptors in IA-32e mode, busy marks, types", () => {
    enterLong(m);
    expect(m.call("loadTask", SEL.tss)).toBe(EXIT.fault);
    expect(m.fault()).toEqual({ vector: 13, code: SEL.tss });
    descriptor(m, SEL.free, 0x5000, 0x67, 0x89, 0);
    m.ram.setBigUint64(GDT + SEL.free + 8, 0xffff_8000n, true);
    expect(m.call("loadTask", SEL.free)).toBe(0);
    expect(m.get("segmentBase", 7)).toBe(0xffff_8000_0000_5000n);
    expect(m.ram.getUint8(GDT + SEL.free + 5)).toBe(0x8b);
    m.ram.setUint32(GDT + SEL.free + 12, 0x100, true);
    m.ram.setUint8(GDT + SEL.free + 5, 0x89);
    expect(m.call("loadTask", SEL.free)).toBe(EXIT.fault);
    expect(m.fault()).toEqual({ vector: 13, code: SEL.free });
    expect(m.call("loadTask", 0)).toBe(EXIT.fault);
    expect(m.fault()).toEqual({ vector: 13, code: 0 });
    expect(m.call("loadLocalTable", SEL.data0)).toBe(EXIT.fault);
    expect(m.fault()).toEqual({ vector: 13, code: SEL.data0 });
    expect(m.call("loadLocalTable", 0)).toBe(0);
  });
});
