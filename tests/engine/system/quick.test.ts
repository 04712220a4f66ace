/** The short ways of instructions (system/short/) against the long ones, on gates, descriptors, stacks and flags of all kinds. */
import { expect, test } from "vitest";
import { EXIT } from "../../../src/engine/record";
import { layout, type FieldName } from "../../../src/engine/state";
import { random } from "../../silicon/cases";
import {
  createMachine,
  descriptor,
  enterLong,
  gate,
  GDT,
  IDT,
  identityMap32,
  type Machine,
  protect,
  SEL,
  STACK0,
  STACK1,
  STACK3,
  TABLES,
  toUser,
  TSS,
} from "./machine";

const CASES = Number(process.env.CASES ?? 2000);
const SEED = Number(process.env.SEED ?? 1);
const VECTOR = 0x30;

/** Structures and stacks, and the page tables. */
const USED = [
  [0, 0x1_0000],
  [TABLES, TABLES + 0x5000],
] as const;

/** Two pages of stacks that lie in each other's place where there is paging: what crosses the end of one goes on elsewhere. */
const SWAPPED = [0x9000, 0xd000];
const PG = 1n << 31n;
function swap(m: Machine, leaves: number, bytes: 4 | 8): void {
  SWAPPED.forEach((page, n) => m.ram.setUint32(leaves + (page >>> 12) * bytes, SWAPPED[1 - n] | 7, true));
  m.call("writeControl", 3, TABLES);
}
function physical(m: Machine, linear: number): number {
  const n = m.get("cr0") & PG ? SWAPPED.indexOf(linear & ~0xfff) : -1;
  return n < 0 ? linear : SWAPPED[1 - n] | (linear & 0xfff);
}
function write(m: Machine, at: number, value: bigint, bytes: 4 | 8): void {
  m.ram.setUint32(at, Number(value & 0xffff_ffffn), true);
  if (bytes === 8) m.ram.setUint32(at + 4, Number((value >> 32n) & 0xffff_ffffn), true);
}
function poke(m: Machine, linear: number, value: bigint, bytes: 4 | 8): void {
  write(m, physical(m, linear), value, 4);
  if (bytes === 8) write(m, physical(m, linear + 4), value >> 32n, 4);
}

type Random = () => number;
const chance = (next: Random, percent: number) => next() % 100 < percent;

/** One thing is wrong in some of the cases; most are as a kernel has them. */
function arrange(m: Machine, next: Random): void {
  const pick = <T>(values: readonly T[]): T => values[next() % values.length];
  const odd = (percent = 6) => chance(next, percent);
  const user = chance(next, 50);
  if (user) toUser(m, SEL.code64User);
  if (!odd(20)) for (const segment of [0, 3, 4, 5]) m.call("loadSegment", segment, SEL.data3);
  const stack = pick([STACK0, STACK1, STACK3, STACK0 - 8, STACK1 + 20]) - (next() % 6) * 8;
  m.set("registers", odd() ? pick([16, 0x8000_0000_1000n, 0x7fff_ffff_fff0n, 0x3f_f008, 0x9003]) : stack, 4);
  m.ram.setBigUint64(TSS + 4, BigInt(odd() ? pick([0, 24, 0x9014, 0x40_0000]) : STACK1), true);
  if (odd(3)) m.set("segmentLimit", next() % 16, 7);
  const access = odd() ? next() & 0xff : pick([0x8e, 0xee, 0x8f, 0xef]);
  const target = odd()
    ? pick([0, 3, SEL.absent, SEL.conforming, SEL.code64User, SEL.data0, SEL.ldt | 4, 0x7f8, 0xfff8])
    : SEL.code64;
  const at = IDT + VECTOR * 16;
  m.ram.setUint32(at, (target << 16) | 0x7030, true);
  m.ram.setUint32(at + 4, (access << 8) | (odd(3) ? 1 : 0), true);
  m.ram.setUint32(at + 8, odd(3) ? 0x8000 : pick([0, 0xffff_8000]), true);
  m.ram.setUint32(at + 12, 0, true);
  if (odd(3)) m.set("idtLimit", VECTOR * 16 + (next() % 20));
  if (odd(3)) m.set("gdtLimit", next() % 0x40);
  for (const selector of [SEL.code64, SEL.code64User, SEL.data0, SEL.data3]) {
    if (odd()) {
      const place = GDT + (selector & 0xf8) + 4;
      m.ram.setUint32(place, m.ram.getUint32(place, true) ^ (1 << (8 + (next() % 16))), true);
    }
  }
  m.set("nmiBlocked", odd(3) ? 1 : 0);
  m.set("star", (BigInt(SEL.data3 - 8) << 48n) | (BigInt(SEL.code64) << 32n));
  m.set("lstar", 0xffff_8000_0000_4000n);
  m.set("sfmask", next() & 0x4_7fd5);
  m.set("registers", odd() ? 0x8000_0000_0000n : pick([0x6000n, 0x7fff_ffff_0000n]), 1);
  m.set("registers", next() & (odd(20) ? -1 : ~0x4_0100), 11);
  if (odd(3)) m.set("efer", 0xd00);
  if (odd(20)) m.set("cr0", m.get("cr0") | 0x4_0000n);
  m.system.setRflags((next() & 0x3d_7fd5 & (odd(20) ? -1 : ~0x4_4100)) | 2);
  m.system.updateMode();
}

/** The same for flat 32-bit segments. */
function arrange32(m: Machine, next: Random): void {
  const pick = <T>(values: readonly T[]): T => values[next() % values.length];
  const odd = (percent = 6) => chance(next, percent);
  if (chance(next, 50)) toUser(m, SEL.code64User);
  else if (!odd()) expect(m.call("farJump", SEL.code64, 0x5000, 32)).not.toBe(EXIT.fault);
  if (!odd(20)) for (const segment of [0, 3, 4, 5]) m.call("loadSegment", segment, SEL.data3);
  const stack = pick([STACK0, STACK1, STACK3, STACK0 - 8, STACK1 + 20]) - (next() % 6) * 4;
  m.set("registers", odd() ? pick([8, 0xffff_fff0, 0x8004, 0x9003]) : stack, 4);
  m.ram.setUint32(TSS + 4, odd() ? pick([0, 24, 0x9014, 0x40_0000]) : STACK1, true);
  m.ram.setUint16(TSS + 8, odd() ? pick([0, SEL.data3, SEL.absent, SEL.data0 | 1]) : SEL.data0, true);
  if (odd(3)) m.set("segmentLimit", next() % 16, 7);
  if (odd(3)) m.set("segmentAccess", pick([0x8300, 0x8900, 0x8b00]), 7);
  const access = odd() ? next() & 0xff : pick([0x8e, 0xee, 0x8f, 0xef]);
  const target = odd()
    ? pick([0, 3, SEL.absent, SEL.conforming, SEL.code64User, SEL.data0, SEL.code16, SEL.ldt | 4, 0x7f8, 0xfff8])
    : SEL.code64;
  gate(m, VECTOR, target, odd(3) ? 0xffff_fff0 : 0x1234_7030, access);
  if (odd(3)) m.set("idtLimit", VECTOR * 8 + (next() % 12));
  if (odd(3)) m.set("gdtLimit", next() % 0x40);
  if (odd(3)) m.set("segmentLimit", 0xffff, 1);
  for (const selector of [SEL.code64, SEL.code64User, SEL.data0, SEL.data3]) {
    if (!odd()) continue;
    const place = GDT + (selector & 0xf8) + (odd(50) ? 4 : 0);
    m.ram.setUint32(place, m.ram.getUint32(place, true) ^ (1 << (next() % 32)), true);
  }
  if (odd(5)) m.set("cr0", m.get("cr0") | 0x4_0000n);
  m.set("nmiBlocked", odd(3) ? 1 : 0);
  m.system.setRflags((next() & 0x3d_7fd5 & (odd(20) ? -1 : ~0x4_4100)) | 2);
  m.system.updateMode();
}

/** A frame for IRETQ or IRETD on the present stack, or what is there. */
function frame(m: Machine, next: Random, bits: 32 | 64): void {
  const pick = <T>(values: readonly T[]): T => values[next() % values.length];
  const odd = () => chance(next, 6);
  const rsp = Number(m.get("registers", 4));
  if (rsp < 0x1000 || rsp > 0x3f_0000) return;
  const user = m.get("cpl") === 3n || chance(next, 50);
  const [code, stack] = user ? [SEL.code64User, SEL.data3] : [SEL.code64, pick([SEL.data0, 0])];
  const values = [
    odd() ? 0x8000_0000_0000n : pick([0x6000n, bits === 64 ? 0xffff_8000_0000_1234n : 0x1_1234n]),
    BigInt(odd() ? pick([0, SEL.code32, SEL.code64, SEL.conforming, SEL.absent, SEL.data3]) : code) |
      (BigInt(next()) << 16n),
    BigInt(next() & 0x3f_7fd5 & (chance(next, 20) ? -1 : ~0x4100)),
    BigInt(next()),
    BigInt(odd() ? pick([0, 3, SEL.data0, SEL.data3, SEL.code64]) : stack),
  ];
  const bytes = bits === 64 ? 8 : 4;
  // Where it crosses the end of a page, another one that is as good goes on behind that page in memory.
  const decoy = values.map((value, n) => (n === 3 ? value ^ 0xff0n : value));
  decoy.forEach((value, n) => write(m, physical(m, rsp) + bytes * n, value, bytes));
  values.forEach((value, n) => poke(m, rsp + bytes * n, value, bytes));
}

/** The lookaside knows most of what is asked. */
function warm(m: Machine, next: Random): void {
  for (const page of [GDT, IDT, TSS, STACK0 - 0x1000, STACK0, STACK1 - 0x1000, STACK1, STACK3 - 0x1000, STACK3]) {
    if (chance(next, 4)) continue;
    m.read(page, 8);
    if (page > TSS) m.write(page, 8, 0);
  }
}

/** What was remembered of the same arrangement may hold no longer: one thing that it depends on is another. */
function disturb(m: Machine, next: Random, bits: 32 | 64): void {
  const pick = <T>(values: readonly T[]): T => values[next() % values.length];
  const size = bits === 64 ? 16 : 8;
  const flip = (place: number, bit: number) => m.ram.setUint32(place, m.ram.getUint32(place, true) ^ (1 << bit), true);
  const rsp = m.get("registers", 4);
  const changes: (() => void)[] = [
    () => m.set("idtLimit", VECTOR * size + (next() % size)),
    () => m.set("gdtLimit", next() % 0x40),
    () => flip(GDT + (pick([SEL.code64, SEL.code64User, SEL.data0, SEL.data3]) & 0xf8) + (next() % 2) * 4, next() % 32),
    () => flip(IDT + VECTOR * size + (next() % (size / 4)) * 4, next() % 32),
    () => flip(TSS + pick([4, 8]), next() % 16),
    () => m.set("segmentLimit", 4 + (next() % 8), 7),
    () => m.set("segmentAccess", 0x8300, 7),
    () => m.set("nmiBlocked", 1),
    () => m.set("registers", pick([8n, 0xffcn, 0xffff_fff0n, (rsp & ~0xfffn) + BigInt(next() % 24)]), 4),
    () => m.set("registers", (rsp & ~0xfffn) - BigInt(4 * (next() % 12)), 4),
    ...Array<() => void>(4).fill(() => m.set("registers", BigInt(SWAPPED[0]) - pick([12n, 16n, 24n, 32n]), 4)),
    () => m.set("segmentAccess", pick([0x9300, 0x1_0000, 0xf300, 0xfb00]), pick([0, 3, 4, 5])),
    () => m.system.setRflags(m.system.rflags() ^ pick([0x4_0000, 0x4000, 0x3000])),
  ];
  if (bits === 32) {
    const shorten = (segment: number) => () => {
      m.set("segmentLimit", pick([0x100, 0xffff]), segment);
      m.system.rebuild();
    };
    changes.push(shorten(1), shorten(2), () => m.set("segmentBase", 0x10, 1));
  }
  pick(changes)();
  m.system.updateMode();
  warm(m, next);
}

/** Helpers that succeeded, on both machines; those of them that a short way left to the host. */
const calls = { all: 0, refused: 0 };

/** One of what has a short way, with its results. */
function perform(m: Machine, what: number, next: Random, bits: 32 | 64): unknown[] {
  const results: unknown[] = [];
  // Who goes on at the new RIP, and whether the run loop looks at the flags, is not compared.
  const left = (result: number) => (result === EXIT.goOn ? EXIT.leave : result === EXIT.leaveNext ? 0 : result);
  const call = (...args: Parameters<Machine["call"]>) => {
    m.refused.clear();
    const result = m.call(...args);
    results.push(left(result));
    if (result === EXIT.fault) return;
    calls.all++;
    if (m.refused.has(`system.${args[0]}`)) calls.refused++;
  };
  switch (what % (bits === 64 ? 10 : 8)) {
    case 0:
    case 1:
      call("interrupt", VECTOR, 1);
      break;
    case 2:
      results.push(m.system.deliverInterrupt(VECTOR));
      break;
    case 3:
      m.system.raise(0, 14, next() & 31);
      results.push(m.system.deliverFault());
      break;
    case 4:
      call("setFlags", next() & 0x3f_7fd5 & (next() % 5 ? ~0x4_0100 : -1), [16, 32, 64][next() % 3]);
      break;
    case 5:
      call("getFlags");
      results.push(m.get("value").toString());
      break;
    case 8:
      call("systemCall");
      break;
    case 9:
      call("systemReturn", next() % 10 ? 64 : 32);
      break;
    default:
      frame(m, next, bits);
      call("interruptReturn", bits);
  }
  if (results[0] === EXIT.fault) results.push(m.fault());
  return results;
}

/** Two things with short ways, and both again when one thing is changed of what was arranged. */
function outcome(m: Machine, seed: number, bits: 32 | 64): string {
  const what = random(seed + 1);
  const [first, second] = [what(), what()];
  const once = (arranged: Random, then: Random, disturbed: boolean) => {
    prepare(m, arranged, bits);
    if (disturbed) disturb(m, then, bits);
    return describe(m, [perform(m, first, then, bits), perform(m, second, then, bits)]);
  };
  return [once(random(seed), what, false), once(random(seed), what, true)].join("\n");
}

function prepare(m: Machine, next: Random, bits: 32 | 64): void {
  for (const [from, to] of USED) new Uint8Array(m.ram.buffer, m.ram.byteOffset + from, to - from).fill(0);
  m.system.reset();
  if (bits === 64) swap(m, enterLong(m), 8);
  else {
    protect(m);
    if (chance(next, 50)) swap(m, identityMap32(m), 4);
  }
  const small = bits === 32 && chance(next, 10);
  descriptor(m, SEL.code64, 0, small ? 0xf : 0xf_ffff, 0x9b, bits === 64 ? 0xa : 0xc);
  descriptor(m, SEL.code64User, 0, 0xf_ffff, 0xfb, bits === 64 ? 0xa : 0xc);
  descriptor(m, SEL.data3, 0, 0xf_ffff, 0xf3, 0xc);
  descriptor(m, SEL.data0, 0, 0xf_ffff, 0x93, 0xc);
  // The processor's own structures are read with the rights of ring 0.
  warm(m, next);
  if (bits === 64) arrange(m, next);
  else arrange32(m, next);
  if (small) m.set("segmentLimit", 0xffff, 1);
  warm(m, next);
}

/** Results, state and memory. */
function describe(m: Machine, results: unknown[]): string {
  const fields = Object.entries(layout).filter(([, field]) => field.architectural);
  const state = fields.map(([name, { count }]) =>
    Array.from({ length: count }, (_, n) => m.get(name as FieldName, n).toString(16)).join(),
  );
  const derived = (["mode", "lookasideRead", "lookasideWrite", "segmentPlain", "segmentKinds"] as const).map((name) =>
    Array.from({ length: layout[name].count }, (_, n) => m.get(name, n)).join(),
  );
  const memory = USED.map(([from, to]) =>
    Buffer.from(m.ram.buffer, m.ram.byteOffset + from, to - from).toString("latin1"),
  ).join("");
  return [JSON.stringify(results), ...state, ...derived, memory.replace(/\0+/g, "")].join("\n");
}

test.each([64, 32] as const)("short and long ways of %i bits come to the same", (bits) => {
  const [short, long] = [createMachine({ quick: true }), createMachine({ quick: false })];
  for (let seed = SEED; seed < SEED + CASES; seed++) {
    const results = [short, long].map((m) => outcome(m, seed, bits));
    if (results[0] !== results[1]) expect({ seed, result: results[0] }).toEqual({ seed, result: results[1] });
  }
  // In most of the cases that do not fault there is nothing unusual.
  expect(calls.all).toBeGreaterThan(CASES / 2);
  expect(calls.refused / calls.all).toBeLessThan(0.25);
});

test.each([64, 32] as const)("IRET of %i bits takes a frame over the end of a page from both of its pages", (bits) => {
  const m = createMachine({ quick: true });
  const bytes = bits === 64 ? 8 : 4;
  const end = SWAPPED[0];
  // The first one is remembered (system/short/remembered.ts).
  for (const at of [STACK0 - 0x200, ...[1, 2, 3, 4].map((n) => end - n * bytes)]) {
    m.system.reset();
    if (bits === 64) swap(m, enterLong(m), 8);
    else {
      protect(m);
      swap(m, identityMap32(m), 4);
    }
    descriptor(m, SEL.code64User, 0, 0xf_ffff, 0xfb, bits === 64 ? 0xa : 0xc);
    descriptor(m, SEL.data3, 0, 0xf_ffff, 0xf3, 0xc);
    for (const segment of [0, 3, 4, 5]) m.call("loadSegment", segment, SEL.data3);
    for (const page of [GDT, at & ~0xfff, end - 0x1000, end]) m.read(page, 8);
    const values = [0x6000n, BigInt(SEL.code64User), 2n, 0x1230n, BigInt(SEL.data3)];
    values.forEach((value, n) => write(m, physical(m, at) + n * bytes, n === 3 ? 0x5550n : value, bytes));
    values.forEach((value, n) => poke(m, at + n * bytes, value, bytes));
    m.set("registers", at, 4);
    m.refused.clear();
    expect(m.call("interruptReturn", bits)).not.toBe(EXIT.fault);
    expect([m.get("registers", 4), m.get("selector", 2), m.get("cpl")]).toEqual([0x1230n, BigInt(SEL.data3), 3n]);
    // Only what lies in one page has a short way, and is remembered.
    expect({ at, refused: m.refused.has("system.interruptReturn") }).toEqual({ at, refused: at + 5 * bytes > end });
  }
});

test.each([64, 32] as const)("INT n of %i bits writes a frame over the end of a page to both of its pages", (bits) => {
  const m = createMachine({ quick: true });
  const bytes = bits === 64 ? 8 : 4;
  const end = SWAPPED[0];
  // The first one is remembered. Of the others one more word each lies behind the end; in 64-bit mode frames are aligned.
  const beyond = bits === 64 ? [2, 4] : [1, 2, 3, 4];
  for (const top of [STACK1, ...beyond.map((words) => end + words * bytes)]) {
    m.system.reset();
    if (bits === 64) swap(m, enterLong(m), 8);
    else {
      protect(m);
      swap(m, identityMap32(m), 4);
    }
    descriptor(m, SEL.code64, 0, 0xf_ffff, 0x9b, bits === 64 ? 0xa : 0xc);
    descriptor(m, SEL.code64User, 0, 0xf_ffff, 0xfb, bits === 64 ? 0xa : 0xc);
    descriptor(m, SEL.data0, 0, 0xf_ffff, 0x93, 0xc);
    toUser(m, SEL.code64User);
    gate(m, VECTOR, SEL.code64, 0x7000, 0xee, 0, bits === 64);
    m.ram.setUint32(TSS + 4, top, true);
    for (const page of [GDT, IDT, TSS]) m.read(page, 8);
    m.set("cpl", 0);
    m.system.updateMode();
    for (const page of [STACK1 - 0x1000, end - 0x1000, end]) m.write(page, 8, 0);
    for (const page of [GDT, IDT, TSS]) m.read(page, 8);
    m.set("cpl", 3);
    m.system.updateMode();
    for (const page of SWAPPED) new Uint8Array(m.ram.buffer, m.ram.byteOffset + page, 64).fill(0);
    m.refused.clear();
    expect(m.call("interrupt", VECTOR, 1)).not.toBe(EXIT.fault);
    const bottom = top - 5 * bytes;
    const frame = [0, 1, 2, 3, 4].map((n) => m.ram.getUint32(physical(m, bottom + n * bytes), true));
    expect([top, ...frame]).toEqual([top, 0x6002, SEL.code64User, frame[2], STACK3, SEL.data3]);
    // What lies behind the first page in memory is nobody's.
    const behind = [0, 4, 8, 12, 16].map((n) => m.ram.getUint32(end + n, true));
    expect([top, ...behind]).toEqual([top, 0, 0, 0, 0, 0]);
    if (top === STACK1) expect([...m.refused]).toEqual([]);
  }
});
