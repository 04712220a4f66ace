/**
 * Page walks and INVLPG in generated code (system/short/) against those of the host, over random tables: results, faults, tables,
 * lookaside.
 */
import { expect, test } from "vitest";
import { EXIT } from "../../../src/engine/record";
import { CODE_LEAF_BITS, CODE_LEAVES, LOOKASIDE, NO_LOOKASIDE, PAGE_KINDS } from "../../../src/engine/areas";
import { type FieldName } from "../../../src/engine/state";
import { RAM_PAGE } from "../../../src/engine/system/paging";
import { random } from "../../silicon/cases";
import { createMachine, DEVICE_PAGE, type Machine, RAM_BYTES, ROM_PAGE } from "./machine";

const CASES = Number(process.env.CASES ?? 4000);
const SEED = Number(process.env.SEED ?? 1);

const ACCESSES = 16;
type Random = () => number;
const TABLES = 0x10_0000;
const TABLE_COUNT = 6;
const CODE_FRAME = 0x20_0000;
const FRAMES = [0x5_0000, 0x20_1000, CODE_FRAME, ROM_PAGE, DEVICE_PAGE, RAM_BYTES + 0x1000];
const CR0 = 0x8000_0011;

interface Way {
  readonly cr4: number;
  readonly efer: number;
  readonly mode: number;
  readonly shifts: readonly number[];
  readonly bytes: 4 | 8;
}
const PROTECTED = 22,
  LONG = 17;
const ways: readonly Way[] = [
  { cr4: 0x00, efer: 0, mode: PROTECTED, shifts: [22, 12], bytes: 4 },
  { cr4: 0x10, efer: 0, mode: PROTECTED, shifts: [22, 12], bytes: 4 },
  { cr4: 0x20, efer: 0x800, mode: PROTECTED, shifts: [30, 21, 12], bytes: 8 },
  { cr4: 0x20, efer: 0x500, mode: LONG, shifts: [39, 30, 21, 12], bytes: 8 },
  { cr4: 0x1020, efer: 0xd00, mode: LONG, shifts: [48, 39, 30, 21, 12], bytes: 8 },
];

/** Entries as a kernel has them, but for some. */
function entry(next: Random, leaf: boolean, table: number, { bytes }: Way): bigint {
  const odd = (percent: number) => next() % 100 < percent;
  let low = 7 | (next() & 0x160 & (odd(50) ? -1 : 0x40)) | (odd(60) ? 0x20 : 0);
  if (odd(2)) low &= ~1;
  if (odd(6)) low &= ~2;
  if (odd(6)) low &= ~4;
  if (!leaf && odd(8)) low |= 0x80;
  const frame = leaf ? FRAMES[odd(80) ? next() % 2 : next() % FRAMES.length] : TABLES + table * 0x1000;
  low |= low & 0x80 && !leaf && !odd(20) ? 0 : frame;
  if (odd(2)) low |= 1 << (next() % 32);
  let value = BigInt(low >>> 0);
  if (bytes === 8 && odd(3)) value |= 1n << 63n;
  if (bytes === 8 && odd(2)) value |= 1n << BigInt(32 + (next() % 31));
  return value;
}

/** The linear addresses that are accessed differ in their lowest bits only: one entry in use at the upper levels, a few at the last. */
function build(m: Machine, way: Way, next: Random, linear: bigint): void {
  const { shifts, bytes } = way;
  new Uint8Array(m.ram.buffer, m.ram.byteOffset + TABLES, TABLE_COUNT * 0x1000).fill(0);
  const pae = shifts[0] === 30;
  shifts.forEach((shift, level) => {
    const leaf = level === shifts.length - 1;
    const bits = bytes === 4 ? 10n : pae && level === 0 ? 2n : 9n;
    const index = Number((linear >> BigInt(shift)) & ((1n << bits) - 1n));
    for (let n = 0; n < (leaf ? 4 : 1); n++) {
      const at = TABLES + level * 0x1000 + (index + n) * bytes;
      let value = entry(next, leaf, level + 1, way);
      if (pae && level === 0 && next() % 10) value &= ~0x1e6n & 0xffff_f001n;
      if (bytes === 8) m.ram.setBigUint64(at, value, true);
      else m.ram.setUint32(at, Number(value), true);
    }
  });
}

/** As if all memory had been walked to before. */
function askKinds(m: Machine): void {
  const kinds = new Uint8Array(m.ram.buffer, PAGE_KINDS.at, RAM_BYTES >>> 12);
  kinds.fill(RAM_PAGE);
  kinds[ROM_PAGE >>> 12] = kinds[DEVICE_PAGE >>> 12] = 0;
}

/** Code was fetched from the page of an address, as jumps.ts notes it; tells for which addresses INVLPG has to ask there. */
function fetchCode(m: Machine, linear: bigint, shift: number): (at: bigint) => boolean {
  const sizes = [12, 21, 22, 30];
  const number = (at: bigint) => Number((at >> BigInt(shift)) & BigInt(CODE_LEAF_BITS - 1));
  const place = number(linear) + sizes.indexOf(shift) * CODE_LEAF_BITS;
  new Uint8Array(m.ram.buffer, CODE_LEAVES.at)[place >>> 3] |= 1 << (place & 7);
  return (at) => number(at) === number(linear);
}

function outcome(m: Machine, seed: number): string {
  const next = random(seed);
  const odd = (percent: number) => next() % 100 < percent;
  const way = ways[next() % ways.length];
  const set = (name: FieldName, value: number | bigint) => m.set(name, value);
  m.system.reset();
  m.codePages.clear();
  m.codePages.add(CODE_FRAME >>> 12);
  if (odd(5)) m.codePages.add((TABLES >>> 12) + (next() % 5));
  set("efer", way.efer & (odd(20) ? ~0x800 : -1));
  set("cr4", way.cr4 | (odd(50) ? 0x80 : 0) | (odd(10) ? 0x20_0000 : 0));
  const unpaged = way.bytes === 4 && odd(10);
  set("cr0", (unpaged ? CR0 & 0x7fff_ffff : CR0) | (odd(50) ? 0x1_0000 : 0));
  set("cr3", TABLES);
  const cpl = odd(50) ? 3 : 0;
  set("cpl", cpl);
  m.set("segmentAccess", (way.mode === LONG ? 0xa0_9b00 : 0xc0_9b00) | (cpl << 13), 1);
  m.set("segmentAccess", 0xc0_9300 | (cpl << 13), 2);
  m.system.setRflags(odd(10) ? 0x4_0002 : 2);
  m.system.rebuild();
  const linear = way.mode === LONG ? (odd(50) ? 0x1234_5678n << 12n : 0xffff_8000_0040_0000n) : 0xc012_3000n;
  if (!odd(10)) askKinds(m);
  build(m, way, next, linear & (unpaged ? 0x3f_f000n : -1n));
  new Uint8Array(m.ram.buffer, CODE_LEAVES.at, CODE_LEAVES.bytes).fill(0);
  const code = odd(30)
    ? fetchCode(m, linear + BigInt((next() % 4) * 0x1000), [12, 21, 22, 30][next() % 4])
    : () => false;
  const results: unknown[] = [];
  for (let n = 0; n < ACCESSES; n++) {
    const at = BigInt.asUintN(64, linear + BigInt((next() % 4) * 0x1000 + (next() % 0x1004)));
    const address = (unpaged ? at & 0x3f_ffffn : at) ^ (odd(2) ? 1n << BigInt(40 + (next() % 24)) : 0n);
    if (odd(15)) {
      m.set("cpl", odd(80) ? 0 : cpl);
      results.push(invalidate(m, address, code));
      m.set("cpl", cpl);
      continue;
    }
    const size = [1, 2, 4, 8][next() % 4];
    const what = next() % 3;
    const result = what === 0 ? m.write(address, size, next()) : m.read(address, size, what === 1 ? 0x100 : 0);
    results.push(result, (what === 0 ? result !== 0 : result === 0) ? m.fault() : "");
  }
  return JSON.stringify(results) + m.log.splice(0).join();
}

/** The host's way always asks whether code was fetched there; the short one where it may have been. */
function invalidate(m: Machine, address: bigint, code: (at: bigint) => boolean): unknown {
  const before = m.log.length;
  const result = m.call("invalidatePage", address);
  if (!code(address)) m.log.length = before;
  return result === EXIT.fault ? m.fault() : "";
}

const cached = ["lookasideMarks", "largeRegions"] as const;
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

test("walks of generated code and of the host come to the same", () => {
  const machines = [createMachine({ quick: true }), createMachine({ quick: false })];
  const [short, long] = machines;
  const parts = (m: Machine) => [
    new Uint8Array(m.ram.buffer, m.ram.byteOffset, RAM_BYTES),
    new Uint8Array(m.ram.buffer, LOOKASIDE.at, NO_LOOKASIDE.at - LOOKASIDE.at),
  ];
  const [ofShort, ofLong] = machines.map(parts);
  for (let seed = SEED; seed < SEED + CASES; seed++) {
    const results = machines.map((m) => outcome(m, seed));
    expect({ seed, result: results[0] }).toEqual({ seed, result: results[1] });
    const [tables, tablesLong] = [ofShort[0], ofLong[0]].map((ram) =>
      ram.subarray(TABLES, TABLES + TABLE_COUNT * 4096),
    );
    expect({ seed, tables: same(tables, tablesLong) }).toEqual({ seed, tables: true });
    expect({ seed, lookaside: same(ofShort[1], ofLong[1]) }).toEqual({ seed, lookaside: true });
    for (const name of cached) expect({ seed, [name]: short.get(name) }).toEqual({ seed, [name]: long.get(name) });
  }
  expect(same(ofShort[0], ofLong[0])).toBe(true);
  // Refused are faults, and what is unusual.
  const refused = [...short.refused.values()].reduce((sum, count) => sum + count, 0);
  expect(refused / (ACCESSES * CASES)).toBeLessThan(0.5);
});
