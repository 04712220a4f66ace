/** Frames byte for byte, gate checks, error codes, double and triple faults (SDM 2A INT n, SDM 3, 6). */
import { beforeEach, describe, expect, it } from "vitest";
import { EXIT } from "../../../src/engine/record";
import { combine } from "../../../src/engine/system/exceptions";
import {
  createMachine,
  descriptor,
  enterLong,
  gate,
  identityMap,
  type Machine,
  protect,
  RECORD,
  SEL,
  STACK0,
  STACK1,
  STACK3,
  toUser,
  TSS,
} from "./machine";

let m: Machine;
beforeEach(() => {
  m = createMachine();
});
const words = (at: number, count: number, size: 2 | 4 | 8) =>
  Array.from({ length: count }, (_, i) =>
    size === 8
      ? Number(m.ram.getBigUint64(at + 8 * i, true))
      : size === 4
        ? m.ram.getUint32(at + 4 * i, true)
        : m.ram.getUint16(at + 2 * i, true),
  );
const rsp = () => Number(m.get("registers", 4));
const rip = () => Number(m.get("rip"));
const fault = (vector: number, code?: number) => {
  m.system.raise(RECORD, vector, code);
  return m.system.deliverFault();
};

describe("real mode", () => {
  it("pushes FLAGS, CS, IP; no error codes; IF and TF cleared; 16-bit stack wraps", () => {
    m.ram.setUint16(13 * 4, 0x1111, true);
    m.ram.setUint16(13 * 4 + 2, 0x2000, true);
    m.call("farJump", 0x300, 0x44, 16);
    m.call("loadSegment", 2, 0x1000);
    m.set("registers", 0xabcd_0002, 4);
    m.system.setRflags(0x0302 | 0x41);
    expect(fault(13, 0x77)).toBeUndefined();
    expect(rsp()).toBe(0xabcd_fffc);
    expect(words(0x1_fffc, 2, 2)).toEqual([0x44, 0x300]);
    expect(m.ram.getUint16(0x1_0000, true)).toBe(0x0343);
    expect([rip(), Number(m.get("selector", 1)), Number(m.get("segmentBase", 1))]).toEqual([0x1111, 0x2000, 0x2_0000]);
    expect(m.system.rflags() & 0x300).toBe(0);
  });

  it("INT n returns after itself; IRET restores", () => {
    m.ram.setUint32(0x21 * 4, 0x2000_1111, true);
    m.call("farJump", 0x300, 0x44, 16);
    m.set("registers", 0x8000, 4);
    m.system.setRflags(0x202);
    expect(m.call("interrupt", 0x21)).toBe(EXIT.leave);
    expect(words(0x7ffa, 3, 2)).toEqual([0x46, 0x300, 0x202]);
    expect(m.call("interruptReturn", 16)).toBe(EXIT.leave);
    expect([rip(), rsp(), m.system.rflags()]).toEqual([0x46, 0x8000, 0x202]);
  });

  it("an IDT that is too short ends in shutdown", () => {
    m.call("loadTable", 1, 0x10, 0);
    expect(fault(6)).toEqual({ tripleFault: expect.stringContaining("#UD, then #GP") });
  });
});

describe("32-bit protected mode", () => {
  beforeEach(() => {
    protect(m);
    for (let vector = 0; vector < 64; vector++) gate(m, vector, SEL.code32, 0x7000 + vector, 0x8e);
  });

  it("same ring: EFLAGS, CS, EIP, code; RF in the image of a fault", () => {
    m.system.setRflags(0x246);
    const before = rsp();
    expect(fault(13, 0x1234)).toBeUndefined();
    expect(rsp()).toBe(before - 16);
    expect(words(rsp(), 4, 4)).toEqual([0x1234, 0x5000, SEL.code32, 0x1_0246]);
    expect([rip(), m.system.rflags()]).toEqual([0x700d, 0x46]);
  });

  it("a trap gate keeps IF; NT and TF are cleared by both", () => {
    gate(m, 6, SEL.code32, 0x9000, 0x8f);
    m.system.setRflags(0x4302);
    expect(fault(6)).toBeUndefined();
    expect(m.system.rflags()).toBe(0x202);
  });

  it("to an inner ring: SS, ESP of the TSS; back by IRET, which drops data segments of the inner ring", () => {
    gate(m, 0x30, SEL.code32, 0x7030, 0xee);
    toUser(m, SEL.code32User);
    m.system.setRflags(0x246);
    expect(m.get("cpl")).toBe(3n);
    expect(m.get("selector", 3)).toBe(0n);
    m.call("loadSegment", 3, SEL.data3);
    expect(m.call("interrupt", 0x30)).toBe(EXIT.leave);
    expect([m.get("cpl"), m.get("selector", 2), m.get("selector", 1)]).toEqual([
      0n,
      BigInt(SEL.data0),
      BigInt(SEL.code32),
    ]);
    expect(rsp()).toBe(STACK0 - 20);
    expect(words(rsp(), 5, 4)).toEqual([0x6002, SEL.code32User, 0x246, STACK3, SEL.data3]);
    m.call("loadSegment", 0, SEL.data0);
    expect(m.call("interruptReturn", 32)).toBe(EXIT.leave);
    expect([m.get("cpl"), rip(), rsp(), m.system.rflags()]).toEqual([3n, 0x6002, STACK3, 0x246]);
    expect([m.get("selector", 0), m.get("selector", 3)]).toEqual([0n, BigInt(SEL.data3)]);
  });

  it("16-bit gates push words", () => {
    gate(m, 6, SEL.code32, 0x7006, 0x86);
    m.system.setRflags(0x1_0002);
    const before = rsp();
    fault(6);
    expect(rsp()).toBe(before - 6);
    expect(words(rsp(), 3, 2)).toEqual([0x5000, SEL.code32, 0x0002]);
  });

  it.each([
    ["beyond the limit", 0x70, () => m.call("loadTable", 1, 0x37f, 0x2000), 13, 0x70 * 8 + 2],
    ["not a gate", 0x31, () => gate(m, 0x31, SEL.code32, 0, 0x8a), 13, 0x31 * 8 + 2],
    ["not present", 0x31, () => gate(m, 0x31, SEL.code32, 0, 0x0e), 11, 0x31 * 8 + 2],
    ["null code segment", 0x31, () => gate(m, 0x31, 3, 0, 0x8e), 13, 0],
    ["data as code", 0x31, () => gate(m, 0x31, SEL.data0, 0, 0x8e), 13, SEL.data0],
    ["outer code", 0x31, () => gate(m, 0x31, SEL.code32User, 0, 0x8e), 13, SEL.code32User & 0xfffc],
    ["code beyond the GDT", 0x31, () => gate(m, 0x31, 0x9f0, 0, 0x8e), 13, 0x9f0],
    [
      "code not present",
      0x31,
      () => (descriptor(m, SEL.free, 0, 0xfffff, 0x1a, 0xc), gate(m, 0x31, SEL.free, 0, 0x8e)),
      11,
      SEL.free,
    ],
    [
      "offset beyond the limit",
      0x31,
      () => (descriptor(m, SEL.free, 0, 0xff, 0x9a, 4), gate(m, 0x31, SEL.free, 0x100, 0x8e)),
      13,
      0,
    ],
  ] as const)("INT n, %s", (_, vector, prepare, expected, code) => {
    prepare();
    const before = [rip(), rsp(), m.system.rflags()];
    expect(m.call("interrupt", vector)).toBe(EXIT.fault);
    expect(m.fault()).toEqual({ vector: expected, code });
    expect([rip(), rsp(), m.system.rflags()]).toEqual(before);
    // From outside the program the same failure has EXT set, and is delivered in the event's place.
    expect(m.system.deliverInterrupt(vector)).toBeUndefined();
    expect(rip()).toBe(0x7000 + expected);
    expect(words(rsp(), 1, 4)).toEqual([code | 1]);
  });

  it("a gate of ring 0 refuses INT n from ring 3 but takes exceptions", () => {
    toUser(m, SEL.code32User);
    expect(m.call("interrupt", 0x31)).toBe(EXIT.fault);
    expect(m.fault()).toEqual({ vector: 13, code: 0x31 * 8 + 2 });
    expect(m.system.deliverFault()).toBeUndefined();
    expect([rip(), m.get("cpl")]).toEqual([0x700d, 0n]);
  });

  it.each([
    ["null", () => m.ram.setUint16(TSS + 8, 0, true), 10, 0],
    ["wrong RPL", () => m.ram.setUint16(TSS + 8, SEL.data0 | 3, true), 10, SEL.data0],
    ["wrong DPL", () => m.ram.setUint16(TSS + 8, SEL.data3 & 0xfffc, true), 10, SEL.data3 & 0xfffc],
    ["code", () => m.ram.setUint16(TSS + 8, SEL.code32, true), 10, SEL.code32],
    ["not present", () => m.ram.setUint16(TSS + 8, SEL.absent, true), 12, SEL.absent],
    ["TSS too short", () => m.set("segmentLimit", 7, 7), 10, SEL.tss],
  ] as const)("stack of the TSS: %s", (_, prepare, vector, code) => {
    gate(m, 0x30, SEL.code32, 0x7030, 0xee);
    toUser(m, SEL.code32User);
    prepare();
    expect(m.call("interrupt", 0x30)).toBe(EXIT.fault);
    expect(m.fault()).toEqual({ vector, code });
    expect(m.get("cpl")).toBe(3n);
  });

  it("a stack without room: #SS of the present one has code 0, of a new one its selector", () => {
    m.set("segmentLimit", 0x1000, 2);
    expect(m.call("interrupt", 0x30)).toBe(EXIT.fault);
    expect(m.fault()).toEqual({ vector: 12, code: 0 });
  });

  it("a conforming handler runs in the ring that was interrupted", () => {
    gate(m, 6, SEL.conforming, 0x7006, 0x8e);
    toUser(m, SEL.code32User);
    fault(6);
    expect([m.get("cpl"), m.get("selector", 1)]).toEqual([3n, BigInt(SEL.conforming | 3)]);
    expect(rsp()).toBe(STACK3 - 12);
  });

  it("a task gate switches tasks, links back, pushes the error code; IRET returns", () => {
    const other = 0x3400;
    descriptor(m, SEL.free, other, 0x67, 0x89, 0);
    m.ram.setUint32(other + 32, 0x7777, true);
    m.ram.setUint32(other + 36, 2, true);
    m.ram.setUint32(other + 56, STACK1, true);
    [SEL.data0, SEL.code32, SEL.data0, SEL.data0, 0, 0].forEach((selector, i) =>
      m.ram.setUint32(other + 72 + 4 * i, selector, true),
    );
    m.ram.setUint32(other + 40, 0xeaea, true);
    gate(m, 8, SEL.free, 0, 0x85);
    m.set("registers", 0x1234, 0);
    m.system.setRflags(0x246);
    expect(fault(8, 0)).toBeUndefined();
    expect([rip(), rsp(), m.get("registers", 0)]).toEqual([0x7777, STACK1 - 4, 0xeaean]);
    expect(m.get("selector", 7)).toBe(BigInt(SEL.free));
    expect(m.system.rflags()).toBe(0x4002);
    expect([m.ram.getUint16(other, true), m.ram.getUint32(TSS + 32, true), m.ram.getUint32(TSS + 40, true)]).toEqual([
      SEL.tss,
      0x5000,
      0x1234,
    ]);
    expect(m.get("cr0") & 8n).toBe(8n);
    expect(m.call("interruptReturn", 32)).toBe(EXIT.leave);
    expect([rip(), m.get("registers", 0), m.system.rflags()]).toEqual([0x5000, 0x1234n, 0x246]);
    expect(m.get("selector", 7)).toBe(BigInt(SEL.tss));
    expect(m.ram.getUint8(0x1000 + SEL.free + 5)).toBe(0x89);
  });

  it("virtual-8086: IRET enters it, an exception leaves it with all segments on the stack", () => {
    const at = STACK0 - 0x400;
    [0x10, 0x1000, 0x2_0202, 0x1ff0, 0x2000, 0x3000, 0x4000, 0x5000, 0x6000].forEach((v, i) =>
      m.ram.setUint32(at + 4 * i, v, true),
    );
    m.set("registers", at, 4);
    expect(m.call("interruptReturn", 32)).toBe(EXIT.leave);
    expect([m.get("cpl"), m.get("mode"), rip()]).toEqual([3n, 8n, 0x10]);
    expect([1, 2, 0, 3].map((i) => Number(m.get("segmentBase", i)))).toEqual([0x1_0000, 0x2_0000, 0x3_0000, 0x4_0000]);
    expect(m.call("clearInterrupts")).toBe(EXIT.fault);
    expect(m.call("interrupt", 0x21)).toBe(EXIT.fault);
    expect(m.fault()).toEqual({ vector: 13, code: 0 });
    expect(m.system.deliverFault()).toBeUndefined();
    expect(words(rsp(), 10, 4)).toEqual([0, 0x10, 0x1000, 0x3_0202, 0x1ff0, 0x2000, 0x3000, 0x4000, 0x5000, 0x6000]);
    expect([m.get("cpl"), m.get("selector", 3), m.get("mode") & 16n]).toEqual([0n, 0n, 16n]);
  });
});

describe("64-bit mode", () => {
  beforeEach(() => {
    enterLong(m);
    for (let vector = 0; vector < 64; vector++) gate(m, vector, SEL.code64, 0x7000 + vector, 0x8e, 0, true);
  });

  it("always SS:RSP, on a stack aligned to 16", () => {
    m.set("registers", STACK0 - 5, 4);
    m.system.setRflags(0x246);
    expect(fault(14, 4)).toBeUndefined();
    expect(rsp()).toBe(STACK0 - 16 - 48);
    expect(words(rsp(), 6, 8)).toEqual([4, 0x5000, SEL.code64, 0x1_0246, STACK0 - 5, SEL.data0]);
    expect(rip()).toBe(0x700e);
  });

  it("from ring 3: RSP0, SS null; IRETQ goes back", () => {
    gate(m, 0x30, SEL.code64, 0x7030, 0xee, 0, true);
    toUser(m, SEL.code64User);
    expect(m.get("cpl")).toBe(3n);
    m.system.setRflags(0x202);
    expect(m.call("interrupt", 0x30)).toBe(EXIT.goOn);
    expect([m.get("cpl"), m.get("selector", 2)]).toEqual([0n, 0n]);
    expect(words(STACK0 - 40, 5, 8)).toEqual([0x6002, SEL.code64User, 0x202, STACK3, SEL.data3]);
    expect(m.call("interruptReturn", 64)).toBe(EXIT.goOn);
    expect([m.get("cpl"), rip(), rsp(), m.get("selector", 2)]).toEqual([3n, 0x6002, STACK3, BigInt(SEL.data3)]);
  });

  it("IST: its stack whatever the ring", () => {
    gate(m, 2, SEL.code64, 0x7002, 0x8e, 3, true);
    m.ram.setBigUint64(TSS + 36 + 16, BigInt(STACK1), true);
    m.system.deliverInterrupt(2);
    expect(rsp()).toBe(STACK1 - 40);
    toUser(m, SEL.code64User);
    m.system.deliverInterrupt(2);
    expect(rsp()).toBe(STACK1 - 40);
  });

  it("gates must be 64-bit interrupt or trap gates to 64-bit code", () => {
    for (const type of [0, 4, 5, 6, 7, 12]) {
      gate(m, 0x31, SEL.code64, 0, 0x80 | type, 0, true);
      expect(m.call("interrupt", 0x31)).toBe(EXIT.fault);
      expect(m.fault()).toEqual({ vector: 13, code: 0x31 * 8 + 2 });
    }
    gate(m, 0x31, SEL.code32, 0, 0x8e, 0, true);
    expect(m.call("interrupt", 0x31)).toBe(EXIT.fault);
    expect(m.fault()).toEqual({ vector: 13, code: SEL.code32 });
  });

  it("a stack that is not canonical is #SS(0), TSS too short #TS", () => {
    m.set("registers", 0x8000_0000_1000n, 4);
    expect(m.call("interrupt", 0x30)).toBe(EXIT.fault);
    expect(m.fault()).toEqual({ vector: 12, code: 0 });
    gate(m, 0x30, SEL.code64, 0x7030, 0x8e, 7, true);
    m.set("segmentLimit", 0x5a, 7);
    expect(m.call("interrupt", 0x30)).toBe(EXIT.fault);
    expect(m.fault()).toEqual({ vector: 10, code: SEL.tss });
  });

  it("a page fault on the way becomes a double fault on its own stack; a third ends the machine", () => {
    const leaves = identityMap(m, 4);
    m.ram.setUint32(leaves + 8 * 0x50, 0, true);
    m.system.flushLookaside();
    gate(m, 8, SEL.code64, 0x7008, 0x8e, 1, true);
    m.ram.setBigUint64(TSS + 36, BigInt(STACK1), true);
    m.set("registers", 0x5_1000, 4);
    m.read(0x5_0008, 1);
    expect(m.system.deliverFault()).toBeUndefined();
    expect(rip()).toBe(0x7008);
    expect(words(rsp(), 2, 8)).toEqual([0, 0x5000]);
    expect(m.get("cr2")).toBe(0x5_0ff8n);
    m.ram.setBigUint64(TSS + 36, 0x5_1000n, true);
    m.set("registers", 0x5_1000, 4);
    m.read(0x5_0008, 1);
    expect(m.system.deliverFault()?.tripleFault).toMatch(/#PF\(0\).*#DF\(0\).*#PF\(2\)/);
  });

  it("IRETQ checks what it returns to", () => {
    const attempt = (frame: (number | bigint)[]) => {
      const at = STACK0 - 0x800;
      frame.forEach((value, i) => m.ram.setBigUint64(at + 8 * i, BigInt(value), true));
      m.set("registers", at, 4);
      const result = m.call("interruptReturn", 64);
      return result === EXIT.fault ? m.fault() : "ok";
    };
    const user = SEL.code64User;
    expect(attempt([0x6000, 0, 2, STACK3, SEL.data3])).toEqual({ vector: 13, code: 0 });
    expect(attempt([0x6000, SEL.data3, 2, STACK3, SEL.data3])).toEqual({ vector: 13, code: SEL.data3 & 0xfffc });
    expect(attempt([0x6000, user & 0xfffc, 2, STACK3, SEL.data3])).toEqual({ vector: 13, code: user & 0xfffc });
    expect(attempt([0x6000, user, 2, STACK3, 0])).toEqual({ vector: 13, code: 0 });
    expect(attempt([0x6000, user, 2, STACK3, SEL.data0])).toEqual({ vector: 13, code: SEL.data0 });
    expect(attempt([0x6000, user, 2, STACK3, user])).toEqual({ vector: 13, code: user & 0xfffc });
    expect(attempt([0x8000_0000_0000n, user, 2, STACK3, SEL.data3])).toEqual({ vector: 13, code: 0 });
    m.system.setRflags(0x4002);
    expect(attempt([0x6000, user, 2, STACK3, SEL.data3])).toEqual({ vector: 13, code: 0 });
    m.system.setRflags(2);
    expect(attempt([0x6000, SEL.code64, 0x3202, 0x1234_5678_9abcn, 0])).toEqual("ok");
    expect([m.get("registers", 4), m.system.rflags()]).toEqual([0x1234_5678_9abcn, 0x3202]);
    m.set("registers", STACK0, 4);
    expect(attempt([0x6000, SEL.code32User, 0x3202, STACK3, SEL.data3])).toEqual("ok");
    expect(m.get("mode")).toBe(2n | 4n | 8n | 16n);
    // IOPL is what ring 0 gave; ring 3 cannot raise it by IRET.
    m.system.setRflags(0x0202);
  });

  it("interrupts end HLT and the shadow of STI", () => {
    m.set("halted", 1);
    m.set("shadow", 1);
    m.system.deliverInterrupt(0x20);
    expect([m.get("halted"), m.get("shadow"), rip()]).toEqual([0n, 0n, 0x7020]);
  });

  it("the single-step trap reports itself in DR6, without RF", () => {
    m.system.setRflags(0x102);
    m.system.deliverDebug(0x4000);
    expect(m.get("dr", 6) & 0x4000n).toBe(0x4000n);
    expect(words(rsp(), 3, 8)).toEqual([0x5000, SEL.code64, 0x102]);
    expect(m.system.rflags()).toBe(2);
  });
});

describe("table 6-5", () => {
  const benign = [1, 2, 3, 4, 5, 6, 7, 9, 16, 17, 18, 19];
  const contributory = [0, 10, 11, 12, 13];
  it("gives what the manual gives", () => {
    for (const first of [...benign, ...contributory, 14]) {
      for (const second of [...benign, ...contributory, 14]) {
        const double =
          (contributory.includes(first) && contributory.includes(second)) ||
          (first === 14 && (contributory.includes(second) || second === 14));
        expect([first, second, combine(first, second)]).toEqual([first, second, double ? 8 : second]);
      }
    }
    for (const second of [...contributory, 14]) expect(combine(8, second)).toBe(-1);
  });
});
