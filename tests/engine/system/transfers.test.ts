/** Far transfers, system calls and ENTER (SDM 2A CALL, JMP; SDM 2B RET, SYSCALL, SYSRET, SYSENTER, SYSEXIT, SWAPGS). */
import { beforeEach, describe, expect, it } from "vitest";
import { EXIT } from "../../../src/engine/record";
import {
  createMachine,
  descriptor,
  enterLong,
  GDT,
  type Machine,
  protect,
  SEL,
  STACK0,
  STACK3,
  toUser,
} from "./machine";

let m: Machine;
beforeEach(() => {
  m = createMachine();
});
const rsp = () => Number(m.get("registers", 4));
const rip = () => Number(m.get("rip"));
const selector = (index: number) => Number(m.get("selector", index));
const fails = (result: number, vector: number, code: number) => {
  expect(result).toBe(EXIT.fault);
  expect(m.fault()).toEqual({ vector, code });
};
const dwords = (at: number, count: number) =>
  Array.from({ length: count }, (_, i) => m.ram.getUint32(at + 4 * i, true));
const qwords = (at: number, count: number) =>
  Array.from({ length: count }, (_, i) => Number(m.ram.getBigUint64(at + 8 * i, true)));

function callGate(target: number, offset: number, access: number, parameters = 0): void {
  m.ram.setUint32(GDT + SEL.free, (target << 16) | (offset & 0xffff), true);
  m.ram.setUint32(GDT + SEL.free + 4, (offset & 0xffff_0000) | (access << 8) | parameters, true);
  m.ram.setBigUint64(GDT + SEL.free + 8, 0n, true);
}

describe("protected mode", () => {
  beforeEach(() => protect(m));

  it("direct far call and return in the same ring", () => {
    const before = rsp();
    expect(m.call("farCall", SEL.conforming, 0x6000, 32)).toBe(EXIT.leave);
    expect(dwords(rsp(), 2)).toEqual([0x5002, SEL.code32]);
    expect([rip(), selector(1)]).toEqual([0x6000, SEL.conforming]);
    expect(m.call("farReturn", 8, 32)).toBe(EXIT.leave);
    expect([rip(), rsp(), selector(1)]).toEqual([0x5002, before + 8, SEL.code32]);
  });

  it("refuses: null, data, other rings, absent, beyond the limit", () => {
    fails(m.call("farJump", 2, 0, 32), 13, 0);
    fails(m.call("farJump", SEL.data0, 0, 32), 13, SEL.data0);
    fails(m.call("farJump", SEL.code32User, 0, 32), 13, SEL.code32User & 0xfffc);
    fails(m.call("farJump", SEL.code32 | 3, 0, 32), 13, SEL.code32);
    descriptor(m, SEL.free, 0, 0xfffff, 0x1a, 0xc);
    fails(m.call("farCall", SEL.free, 0, 32), 11, SEL.free);
    fails(m.call("farJump", SEL.code16, 0x1_0000, 32), 13, 0);
    expect(m.call("farJump", SEL.code16, 0x1_2345, 16)).toBe(EXIT.leave);
    expect([rip(), Number(m.get("segmentBase", 1)), m.get("mode") & 2n]).toEqual([0x2345, 0x4_0000, 0n]);
  });

  it("a call gate to ring 0 copies parameters and takes the stack of the TSS; RETF n undoes it", () => {
    callGate(SEL.code32, 0x7700, 0xec, 2);
    toUser(m, SEL.code32User);
    m.ram.setUint32(STACK3 - 8, 0xaaaa, true);
    m.ram.setUint32(STACK3 - 4, 0xbbbb, true);
    m.set("registers", STACK3 - 8, 4);
    expect(m.call("farCall", SEL.free | 3, 0x9999, 32)).toBe(EXIT.leave);
    expect([m.get("cpl"), rip(), selector(2)]).toEqual([0n, 0x7700, SEL.data0]);
    expect(rsp()).toBe(STACK0 - 24);
    expect(dwords(rsp(), 6)).toEqual([0x6002, SEL.code32User, 0xaaaa, 0xbbbb, STACK3 - 8, SEL.data3]);
    expect(m.call("farReturn", 8, 32)).toBe(EXIT.leave);
    expect([m.get("cpl"), rip(), rsp(), selector(2)]).toEqual([3n, 0x6002, STACK3, SEL.data3]);
  });

  it("gate rights: DPL against CPL and RPL, presence, JMP does not change rings", () => {
    callGate(SEL.code32, 0x7700, 0x8c);
    fails(m.call("farCall", SEL.free | 3, 0, 32), 13, SEL.free);
    toUser(m, SEL.code32User);
    fails(m.call("farCall", SEL.free, 0, 32), 13, SEL.free);
    callGate(SEL.code32, 0x7700, 0x6c);
    fails(m.call("farCall", SEL.free, 0, 32), 11, SEL.free);
    callGate(0, 0x7700, 0xec);
    fails(m.call("farCall", SEL.free, 0, 32), 13, 0);
    callGate(SEL.code32, 0x7700, 0xec);
    fails(m.call("farJump", SEL.free, 0, 32), 13, SEL.code32);
    callGate(SEL.conforming, 0x7700, 0xec);
    expect(m.call("farJump", SEL.free, 0, 32)).toBe(EXIT.leave);
    expect([m.get("cpl"), selector(1)]).toEqual([3n, SEL.conforming | 3]);
  });

  it("RETF to an inner ring is refused", () => {
    toUser(m, SEL.code32User);
    m.ram.setUint32(STACK3 - 8, 0x5000, true);
    m.ram.setUint32(STACK3 - 4, SEL.code32, true);
    m.set("registers", STACK3 - 8, 4);
    fails(m.call("farReturn", 0, 32), 13, SEL.code32);
  });

  it("JMP to a TSS switches tasks and back", () => {
    const other = 0x3400;
    descriptor(m, SEL.free, other, 0x67, 0x89, 0);
    m.ram.setUint32(other + 32, 0x7777, true);
    m.ram.setUint32(other + 36, 0x202, true);
    [SEL.data0, SEL.code32, SEL.data0, SEL.data0, SEL.data0, 0].forEach((s, i) =>
      m.ram.setUint32(other + 72 + 4 * i, s, true),
    );
    m.set("registers", 0x1111, 0);
    expect(m.call("farJump", SEL.free, 0, 32)).toBe(EXIT.leave);
    expect([rip(), selector(7), m.system.rflags(), selector(3)]).toEqual([0x7777, SEL.free, 0x202, SEL.data0]);
    expect([m.ram.getUint8(GDT + SEL.tss + 5), m.ram.getUint8(GDT + SEL.free + 5)]).toEqual([0x89, 0x8b]);
    fails(m.call("farJump", SEL.free, 0, 32), 13, SEL.free);
    expect(m.call("farJump", SEL.tss, 0, 32)).toBe(EXIT.leave);
    expect([rip(), m.get("registers", 0)]).toEqual([0x5002, 0x1111n]);
  });

  it("ENTER with nesting copies the outer frames' pointers", () => {
    const base = STACK0 - 0x200;
    m.set("registers", base, 4);
    m.set("registers", base + 0x80, 5);
    m.ram.setUint32(base + 0x7c, 0x1111, true);
    expect(m.call("enter", 0x20, 2, 32)).toBe(0);
    expect(dwords(base - 12, 3)).toEqual([base - 4, 0x1111, base + 0x80]);
    expect([Number(m.get("registers", 5)), rsp()]).toEqual([base - 4, base - 12 - 0x20]);
  });

  it("SYSENTER and SYSEXIT", () => {
    m.call("writeMsr", 0x175, STACK0);
    m.call("writeMsr", 0x176, 0x7000);
    fails(m.call("sysenter"), 13, 0);
    m.call("writeMsr", 0x174, 0x18);
    toUser(m, SEL.code32User);
    expect(m.call("sysenter")).toBe(EXIT.leave);
    expect([m.get("cpl"), selector(1), selector(2), rip(), rsp()]).toEqual([0n, 0x18, 0x20, 0x7000, STACK0]);
    m.set("registers", 0x6000, 2);
    m.set("registers", STACK3, 1);
    expect(m.call("sysexit", 32)).toBe(EXIT.leave);
    expect([m.get("cpl"), selector(1), selector(2), rip(), rsp()]).toEqual([3n, 0x2b, 0x33, 0x6000, STACK3]);
  });
});

describe("64-bit mode", () => {
  beforeEach(() => {
    enterLong(m);
    m.call("writeMsr", 0xc000_0081, 0x001b_0008_0000_0000n);
    m.call("writeMsr", 0xc000_0082, 0xffff_8000_0000_7000n);
    m.call("writeMsr", 0xc000_0084, 0x4_7700);
  });

  it("SYSCALL and SYSRET", () => {
    toUser(m, SEL.code64User);
    m.system.setRflags(0x4_0302);
    m.set("rip", 0x7fff_ffff_fffen);
    expect(m.call("systemCall")).toBe(EXIT.goOn);
    expect([m.get("cpl"), selector(1), selector(2), m.get("rip")]).toEqual([0n, 8, 0x10, 0xffff_8000_0000_7000n]);
    expect([m.get("registers", 1), m.get("registers", 11), m.system.rflags()]).toEqual([
      0x8000_0000_0000n,
      0x4_0302n,
      2,
    ]);
    fails(m.call("systemReturn", 64), 13, 0);
    m.set("registers", 0x6000, 1);
    expect(m.call("systemReturn", 64)).toBe(EXIT.leave);
    expect([m.get("cpl"), selector(1), selector(2), rip(), m.system.rflags()]).toEqual([
      3n,
      0x2b,
      0x23,
      0x6000,
      0x4_0302,
    ]);
    expect([m.get("segmentAccess", 1), m.get("segmentAccess", 2)]).toEqual([0xa0_fb00n, 0xc0_f300n]);
    m.call("systemCall");
    expect(m.call("systemReturn", 32)).toBe(EXIT.leave);
    expect([selector(1), m.get("mode")]).toEqual([0x1b, 2n | 4n | 8n | 16n]);
    expect(m.call("systemCall")).toBe(EXIT.fault);
    expect(m.fault().vector).toBe(6);
  });

  it("SYSCALL without EFER.SCE is #UD", () => {
    m.call("writeMsr", 0xc000_0080, 0x900);
    expect(m.call("systemCall")).toBe(EXIT.fault);
    expect(m.fault()).toEqual({ vector: 6, code: undefined });
  });

  it("SWAPGS exchanges the bases, in ring 0 only", () => {
    m.set("segmentBase", 0x1111_2222_3333n, 5);
    m.set("kernelGsBase", 0xffff_8000_1234_5678n);
    expect(m.call("swapGs")).toBe(0);
    expect([m.get("segmentBase", 5), m.get("kernelGsBase")]).toEqual([0xffff_8000_1234_5678n, 0x1111_2222_3333n]);
    toUser(m, SEL.code64User);
    fails(m.call("swapGs"), 13, 0);
  });

  it("a 64-bit call gate: 16 bytes, quadwords, SS null, back by RETF", () => {
    callGate(SEL.code64, 0x7700, 0xec);
    toUser(m, SEL.code64User);
    expect(m.call("farCall", SEL.free | 3, 0, 64)).toBe(EXIT.leave);
    expect([m.get("cpl"), rip(), selector(2), rsp()]).toEqual([0n, 0x7700, 0, STACK0 - 32]);
    expect(qwords(rsp(), 4)).toEqual([0x6002, SEL.code64User, STACK3, SEL.data3]);
    expect(m.call("farReturn", 0, 64)).toBe(EXIT.leave);
    expect([m.get("cpl"), rip(), rsp(), selector(2)]).toEqual([3n, 0x6002, STACK3, SEL.data3]);
    m.ram.setUint32(GDT + SEL.free + 12, 0x800, true);
    fails(m.call("farCall", SEL.free | 3, 0, 64), 13, SEL.free);
    callGate(SEL.code32, 0x7700, 0xec);
    fails(m.call("farCall", SEL.free | 3, 0, 64), 13, SEL.code32);
  });

  it("a code segment with both L and D is refused, targets must be canonical", () => {
    descriptor(m, SEL.free, 0, 0xfffff, 0x9a, 0xe);
    fails(m.call("farJump", SEL.free, 0, 64), 13, SEL.free);
    fails(m.call("farJump", SEL.code64, 0x8000_0000_0000n, 64), 13, 0);
  });
});
