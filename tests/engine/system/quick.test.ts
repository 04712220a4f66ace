/** The short ways of interrupts and IRETQ (system/quick.ts) against the long ones, on gates, descriptors, stacks and flags of all kinds. */
import { expect, test } from "vitest";
import { EXIT } from "../../../src/engine/record";
import { layout, type FieldName } from "../../../src/engine/state";
import { random } from "../../silicon/cases";
import {
  createMachine,
  descriptor,
  enterLong,
  GDT,
  IDT,
  type Machine,
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

type Random = () => number;
const chance = (next: Random, percent: number) => next() % 100 < percent;

/** One thing is wrong in some of the cases; most are as a kernel has them. */
function arrange(m: Machine, next: Random): void {
  const pick = <T>(values: readonly T[]): T => values[next() % values.length];
  const odd = (percent = 6) => chance(next, percent);
  const user = chance(next, 50);
  if (user) toUser(m, SEL.code64User);
  const stack = pick([STACK0, STACK1, STACK3, STACK0 - 8, STACK1 + 20]) - (next() % 3) * 8;
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
  m.system.setRflags((next() & 0x3d_7fd5 & (odd(20) ? -1 : ~0x4100)) | 2);
}

/** A frame for IRETQ on the present stack, or what is there. */
function frame(m: Machine, next: Random): void {
  const pick = <T>(values: readonly T[]): T => values[next() % values.length];
  const odd = () => chance(next, 6);
  const rsp = Number(m.get("registers", 4));
  if (rsp < 0x1000 || rsp > 0x3f_0000) return;
  const user = m.get("cpl") === 3n || chance(next, 50);
  const [code, stack] = user ? [SEL.code64User, SEL.data3] : [SEL.code64, pick([SEL.data0, 0])];
  const values = [
    odd() ? 0x8000_0000_0000n : pick([0x6000n, 0xffff_8000_0000_1234n]),
    BigInt(odd() ? pick([0, SEL.code32, SEL.code64, SEL.conforming, SEL.absent, SEL.data3]) : code) |
      (BigInt(next()) << 16n),
    BigInt(next() & 0x3f_7fd5 & (chance(next, 20) ? -1 : ~0x4100)),
    BigInt(next()),
    BigInt(odd() ? pick([0, 3, SEL.data0, SEL.data3, SEL.code64]) : stack),
  ];
  values.forEach((value, n) => m.ram.setBigUint64(rsp + 8 * n, BigInt.asUintN(64, value), true));
}

/** The lookaside knows most of what is asked. */
function warm(m: Machine, next: Random): void {
  for (const page of [GDT, IDT, TSS, STACK0 - 0x1000, STACK0, STACK1 - 0x1000, STACK1, STACK3 - 0x1000, STACK3]) {
    if (chance(next, 4)) continue;
    m.read(page, 8);
    if (page > TSS) m.write(page, 8, 0);
  }
}

function outcome(m: Machine, seed: number): string {
  const next = random(seed);
  enterLong(m);
  descriptor(m, SEL.code64, 0, 0xf_ffff, 0x9b, 0xa);
  descriptor(m, SEL.code64User, 0, 0xf_ffff, 0xfb, 0xa);
  descriptor(m, SEL.data3, 0, 0xf_ffff, 0xf3, 0xc);
  descriptor(m, SEL.data0, 0, 0xf_ffff, 0x93, 0xc);
  // The processor's own structures are read with the rights of ring 0.
  warm(m, next);
  arrange(m, next);
  warm(m, next);
  const results: unknown[] = [];
  for (let n = 0; n < 2; n++) {
    const what = next() % 4;
    if (what === 0) results.push(m.call("interrupt", VECTOR));
    else if (what === 1) results.push(m.system.deliverInterrupt(VECTOR));
    else if (what === 2) {
      m.system.raise(0, 14, next() & 31);
      results.push(m.system.deliverFault());
    } else {
      frame(m, next);
      results.push(m.call("interruptReturn", 64));
    }
    if (results.at(-1) === EXIT.fault) results.push(m.fault());
  }
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
  // Who goes on at the new RIP is not compared.
  const ends = results.map((result) => (result === EXIT.goOn ? EXIT.leave : result));
  return [JSON.stringify(ends), ...state, ...derived, memory.replace(/\0+/g, "")].join("\n");
}

test("short and long ways come to the same", () => {
  const [short, long] = [createMachine({ quick: true }), createMachine({ quick: false })];
  for (let seed = SEED; seed < SEED + CASES; seed++) {
    const results = [short, long].map((m) => {
      for (const [from, to] of USED) new Uint8Array(m.ram.buffer, m.ram.byteOffset + from, to - from).fill(0);
      m.system.reset();
      return outcome(m, seed);
    });
    if (results[0] !== results[1]) expect({ seed, result: results[0] }).toEqual({ seed, result: results[1] });
  }
});
