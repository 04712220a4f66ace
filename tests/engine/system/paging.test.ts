/** Page walks of every kind, against expectations written from SDM 3, 4.6 and 4.7 without looking at the walk's code. */
import { beforeEach, describe, expect, it } from "vitest";
import {
  createMachine,
  DEVICE_PAGE,
  identityMap,
  type Machine,
  protect,
  RAM_BYTES,
  RECORD,
  ROM_PAGE,
  TABLES,
} from "./machine";
import { EXIT } from "../../../src/engine/record";
import { RAM, SCRATCH, lookasideTable } from "../../../src/engine/areas";

interface Rights {
  present: boolean;
  writable: boolean;
  user: boolean;
  noExecute: boolean;
}
interface Control {
  wp: boolean;
  smep: boolean;
  smap: boolean;
  ac: boolean;
}
type Kind = "read" | "write" | "execute";

/** SDM 3, 4.6.1: who may do what, clause by clause. */
function allowed(kind: Kind, userAccess: boolean, levels: Rights[], c: Control): boolean {
  const userAddress = levels.every((l) => l.user);
  const everyWritable = levels.every((l) => l.writable);
  const anyNx = levels.some((l) => l.noExecute);
  if (userAccess) {
    // "For user-mode accesses": supervisor-mode addresses may not be touched at all.
    if (!userAddress) return false;
    if (kind === "read") return true;
    if (kind === "write") return everyWritable;
    return !anyNx;
  }
  if (kind === "execute") {
    // Supervisor fetch: from user-mode addresses only without SMEP.
    if (userAddress && c.smep) return false;
    return !anyNx;
  }
  if (userAddress && c.smap && !c.ac) return false;
  if (kind === "read") return true;
  return c.wp ? everyWritable : true;
}

/** SDM 3, 4.7, figure 4-12. */
function errorCode(kind: Kind, userAccess: boolean, present: boolean, reserved: boolean, fetchBit: boolean): number {
  return (
    (present ? 1 : 0) +
    (kind === "write" ? 2 : 0) +
    (userAccess ? 4 : 0) +
    (reserved ? 8 : 0) +
    (kind === "execute" && fetchBit ? 16 : 0)
  );
}

interface Format {
  name: string;
  cr4: number;
  efer: number;
  /** Bytes of an entry. */
  size: 4 | 8;
  /** Has NX. */
  nx: boolean;
  /** Address bits below each entry, from the root on; the last is the page. PAE's directory pointers are not levels with rights. */
  shifts: number[];
  /** Shift of PAE's pointer table above the levels. */
  pointers?: boolean;
  linear: bigint;
}

const LME = 0x500;
const formats: Format[] = [
  { name: "32-bit, 4 KiB", cr4: 0, efer: 0, size: 4, nx: false, shifts: [22, 12], linear: 0xc012_3456n },
  { name: "32-bit, 4 MiB", cr4: 0x10, efer: 0, size: 4, nx: false, shifts: [22], linear: 0xc012_3456n },
  {
    name: "PAE, 4 KiB",
    cr4: 0x20,
    efer: 0x800,
    size: 8,
    nx: true,
    shifts: [21, 12],
    pointers: true,
    linear: 0xc012_3456n,
  },
  { name: "PAE, 2 MiB", cr4: 0x20, efer: 0x800, size: 8, nx: true, shifts: [21], pointers: true, linear: 0xc012_3456n },
  {
    name: "PAE without NXE",
    cr4: 0x20,
    efer: 0,
    size: 8,
    nx: false,
    shifts: [21, 12],
    pointers: true,
    linear: 0xc012_3456n,
  },
  {
    name: "4-level, 4 KiB",
    cr4: 0x20,
    efer: LME | 0x800,
    size: 8,
    nx: true,
    shifts: [39, 30, 21, 12],
    linear: 0xffff_8123_4567_89abn,
  },
  {
    name: "4-level, 2 MiB",
    cr4: 0x20,
    efer: LME | 0x800,
    size: 8,
    nx: true,
    shifts: [39, 30, 21],
    linear: 0x0000_7fff_ffe1_2345n,
  },
  {
    name: "4-level, 1 GiB",
    cr4: 0x20,
    efer: LME | 0x800,
    size: 8,
    nx: true,
    shifts: [39, 30],
    linear: 0xffff_ffff_8012_3456n,
  },
  {
    name: "5-level, 4 KiB",
    cr4: 0x1020,
    efer: LME | 0x800,
    size: 8,
    nx: true,
    shifts: [48, 39, 30, 21, 12],
    linear: 0xff12_3456_789a_bcden,
  },
  {
    name: "5-level, 2 MiB",
    cr4: 0x1020,
    efer: LME | 0x800,
    size: 8,
    nx: true,
    shifts: [48, 39, 30, 21],
    linear: 0x00ab_3456_781a_bcden,
  },
];

/** Sets up one translation of `f.linear`; returns the addresses of its entries, root first, and where the page lies. */
function build(m: Machine, f: Format, rights: Rights[], mutate?: (entry: bigint, level: number) => bigint) {
  const entries: number[] = [];
  const last = f.shifts[f.shifts.length - 1];
  const frame = last >= 22 ? 0n : last === 21 ? 0x20_0000n : 0x7000n;
  const indexBits = f.size === 4 ? 10n : 9n;
  let table = TABLES;
  if (f.pointers) {
    m.ram.setBigUint64(TABLES + 8 * Number(f.linear >> 30n), BigInt(TABLES + 0x1000) | 1n, true);
    table += 0x1000;
  }
  f.shifts.forEach((shift, level) => {
    const leaf = level === f.shifts.length - 1;
    const index = Number((f.linear >> BigInt(shift)) & ((1n << indexBits) - 1n));
    const r = rights[level];
    let entry = leaf ? frame : BigInt(table + 0x1000);
    if (r.present) entry |= 1n;
    if (r.writable) entry |= 2n;
    if (r.user) entry |= 4n;
    if (r.noExecute) entry |= 1n << 63n;
    if (leaf && shift > 12) entry |= 0x80n;
    if (mutate) entry = mutate(entry, level);
    const at = table + f.size * index;
    if (f.size === 8) m.ram.setBigUint64(at, entry, true);
    else m.ram.setUint32(at, Number(entry), true);
    entries.push(at);
    table += 0x1000;
  });
  const inside = f.linear & ((1n << BigInt(last)) - 1n);
  return { entries, physical: Number(frame + inside) };
}

function start(m: Machine, f: Format, c: Control): void {
  m.set("cr0", 0x8000_0011 + (c.wp ? 0x1_0000 : 0));
  m.set("cr4", f.cr4 | (c.smep ? 0x10_0000 : 0) | (c.smap ? 0x20_0000 : 0));
  m.set("efer", f.efer);
  m.set("cr3", TABLES);
  m.set("systemFlags", 2 | (c.ac ? 0x4_0000 : 0));
  m.system.updateMode();
  m.system.flushLookaside();
}

function as(m: Machine, user: boolean): void {
  m.set("cpl", user ? 3 : 0);
  m.set("segmentAccess", (m.get("efer") & 0x400n ? 0xa0_9b00 : 0xc0_9b00) | (user ? 0x6000 : 0), 1);
  m.system.updateMode();
}

/** Performs the access; undefined when it went through, else the page-fault code. */
function attempt(m: Machine, kind: Kind, user: boolean, linear: bigint): { physical: number } | { code: number } {
  as(m, user);
  let ok: boolean;
  let physical = -1;
  if (kind === "execute") {
    physical = m.system.fetch(Number(linear & 0xffff_ffffn), Number(linear >> 32n), user);
    ok = physical >= 0;
  } else if (kind === "read") {
    const from = m.read(linear, 1);
    ok = from !== 0;
    physical = from - RAM;
  } else {
    ok = m.write(linear, 1, 0x5a) === 0;
    physical = m.system.translate(linear, "read", user) ?? m.system.translate(linear, "write", user) ?? -1;
  }
  if (ok) return { physical };
  expect(m.fault().vector).toBe(14);
  return { code: m.fault().code! };
}

const bits = (n: number): Rights => ({
  present: true,
  writable: (n & 1) !== 0,
  user: (n & 2) !== 0,
  noExecute: (n & 4) !== 0,
});
const all: Rights = { present: true, writable: true, user: true, noExecute: false };
const kinds: Kind[] = ["read", "write", "execute"];

let m: Machine;
beforeEach(() => {
  m = createMachine();
});

describe.each(formats)("$name", (f) => {
  it("grants exactly what SDM 3, 4.6.1 grants, at each pair of levels, with the error code of 4.7", () => {
    const rightsCount = f.nx ? 8 : 4;
    const depth = f.shifts.length;
    let checked = 0;
    for (let control = 0; control < 16; control++) {
      const c = { wp: !!(control & 1), smep: !!(control & 2), smap: !!(control & 4), ac: !!(control & 8) };
      const fetchBit = f.nx || c.smep;
      for (let upper = 0; upper < rightsCount; upper++) {
        for (let leaf = 0; leaf < rightsCount; leaf++) {
          // The restricting upper entry takes each level in turn.
          const at = depth === 1 ? 0 : (upper + leaf + control) % (depth - 1);
          const levels = f.shifts.map((_, i) => (i === depth - 1 ? bits(leaf) : i === at ? bits(upper) : all));
          for (const kind of kinds) {
            for (const user of [false, true]) {
              const { physical } = build(m, f, levels);
              start(m, f, c);
              const got = attempt(m, kind, user, f.linear);
              const want = allowed(kind, user, levels, c)
                ? { physical }
                : { code: errorCode(kind, user, true, false, fetchBit) };
              if (JSON.stringify(got) !== JSON.stringify(want))
                expect({ kind, user, c, levels, got }).toEqual({ kind, user, c, levels, got: want });
              checked++;
            }
          }
        }
      }
    }
    expect(checked).toBe(16 * rightsCount ** 2 * 6);
  });

  it("faults with P clear at any level, and with RSVD for every reserved bit", () => {
    const c = { wp: true, smep: false, smap: false, ac: false };
    f.shifts.forEach((_, absent) => {
      build(
        m,
        f,
        f.shifts.map((_, i) => ({ ...all, present: i !== absent })),
      );
      start(m, f, c);
      expect(attempt(m, "write", true, f.linear)).toEqual({
        code: errorCode("write", true, false, false, f.nx),
      });
    });
    for (const [level, bit] of reservedBits(f)) {
      build(
        m,
        f,
        f.shifts.map(() => all),
        (entry, l) => (l === level ? entry | (1n << BigInt(bit)) : entry),
      );
      start(m, f, c);
      const got = attempt(m, "read", false, f.linear);
      expect({ level, bit, got }).toEqual({ level, bit, got: { code: 9 } });
    }
  });

  it("sets A on the way down and D in the leaf on writes only; nothing for a walk that changes nothing", () => {
    const { entries } = build(
      m,
      f,
      f.shifts.map(() => all),
    );
    start(m, f, { wp: true, smep: false, smap: false, ac: false });
    const marks = () => entries.map((at) => m.ram.getUint32(at, true) & 0x60);
    as(m, true);
    expect(m.system.translate(f.linear, "write", true)).toBeDefined();
    expect(marks()).toEqual(entries.map(() => 0));
    expect(m.read(f.linear, 1)).not.toBe(0);
    expect(marks()).toEqual(entries.map(() => 0x20));
    expect(m.write(f.linear, 1, 1)).toBe(0);
    expect(marks()).toEqual(entries.map((_, i) => (i === entries.length - 1 ? 0x60 : 0x20)));
  });

  it("a denied access marks the entries above the leaf, never the leaf", () => {
    const { entries } = build(
      m,
      f,
      f.shifts.map((_, i) => (i === f.shifts.length - 1 ? { ...all, writable: false } : all)),
    );
    start(m, f, { wp: true, smep: false, smap: false, ac: false });
    as(m, true);
    expect(m.write(f.linear, 1, 1)).toBe(EXIT.fault);
    expect(entries.map((at) => m.ram.getUint32(at, true) & 0x60)).toEqual(
      entries.map((_, i) => (i < entries.length - 1 ? 0x20 : 0)),
    );
  });
});

/** SDM 3, tables 4-4 to 4-20, with MAXPHYADDR 40: [level index from the root, bit]. */
function reservedBits(f: Format): [number, number][] {
  const found: [number, number][] = [];
  const last = f.shifts.length - 1;
  f.shifts.forEach((shift, level) => {
    if (f.size === 4) {
      if (shift === 22 && level === last) found.push([level, 21]);
      return;
    }
    for (let bit = 40; bit <= (f.pointers ? 62 : 51); bit++) found.push([level, bit]);
    if (!f.nx) found.push([level, 63]);
    if (shift >= 39) found.push([level, 7]);
    if (level === last && shift > 12) for (let bit = 13; bit < shift; bit++) found.push([level, bit]);
  });
  return found;
}

describe("accesses", () => {
  beforeEach(() => {
    protect(m);
  });

  it("gathers a value that crosses pages, and writes both parts or neither", () => {
    const leaves = enter4();
    map(leaves, 0x200, 0x50_000);
    map(leaves, 0x201, 0x30_000);
    m.ram.setUint32(0x50_ffc, 0x4433_2211, true);
    m.ram.setUint32(0x30_000, 0x8877_6655, true);
    m.system.flushLookaside();
    const from = m.read(0x20_0ffd, 8);
    expect(from).toBe(SCRATCH.at);
    expect(m.state.bytes.getBigUint64(from, true) & 0xff_ffff_ffff_ffffn).toBe(0x8877_6655_4433_22n);
    expect(m.write(0x20_0ffe, 4, 0xddcc_bbaa)).toBe(0);
    expect(m.ram.getUint16(0x50_ffe, true)).toBe(0xbbaa);
    expect(m.ram.getUint16(0x30_000, true)).toBe(0xddcc);
    m.ram.setUint32(leaves + 8 * 0x201, 0x30_005, true);
    m.system.flushLookaside();
    as64User();
    expect(m.write(0x20_0ffe, 4, 0)).toBe(EXIT.fault);
    expect(m.fault()).toEqual({ vector: 14, code: 7 });
    expect(m.ram.getUint16(0x50_ffe, true)).toBe(0xbbaa);
  });

  it("a fault in the second page shows that page's first byte as CR2", () => {
    const leaves = enter4();
    m.ram.setUint32(leaves + 8 * 0x201, 0, true);
    m.system.flushLookaside();
    expect(m.read(0x20_0fff, 2)).toBe(0);
    m.system.deliverFault();
    expect(m.get("cr2")).toBe(0x20_1000n);
  });

  it("read-modify-write asks for both permissions at once", () => {
    const leaves = enter4();
    m.ram.setUint32(leaves + 8 * 0x200, 0x50_005, true);
    m.system.flushLookaside();
    as64User();
    expect(m.read(0x20_0000, 4)).toBe(RAM + 0x5_0000);
    expect(m.read(0x20_0000, 4, 0x100)).toBe(0);
    expect(m.fault()).toEqual({ vector: 14, code: 7 });
  });

  it("the lookaside: reads give no write entry, writes give one, a guarded one for code pages, none for ROM", () => {
    const leaves = enter4();
    const entry = (write: boolean, page: number) =>
      m.state.u32[(lookasideTable(false, write) + (page & 4095) * 16) >>> 2];
    expect(m.read(0x20_0000, 4)).not.toBe(0);
    expect(entry(false, 0x200)).toBe(0x20_0000);
    expect(entry(true, 0x200)).toBe(0xffff_ffff);
    expect(m.write(0x20_0000, 4, 7)).toBe(0);
    expect(entry(true, 0x200)).toBe(0x20_0000);
    m.system.protectPage(0x200);
    expect(entry(true, 0x200)).toBe(0x20_0001);
    m.codePages.add(0x200);
    expect(m.write(0x20_0008, 4, 7)).toBe(0);
    expect(m.log).toContain("code 200008 4");
    m.system.invalidatePage(0x20_0000n);
    expect(entry(true, 0x200)).toBe(0xffff_ffff);
    expect(m.write(0x20_0010, 4, 7)).toBe(0);
    expect(m.log).toContain("code 200010 4");
    expect(entry(true, 0x200)).toBe(0x20_0001);
    map(leaves, 0x201, ROM_PAGE);
    m.system.invalidatePage(0x20_1000n);
    m.ram.setUint32(ROM_PAGE, 0x1234, true);
    expect(m.write(0x20_1000, 4, 7)).toBe(0);
    expect(m.ram.getUint32(ROM_PAGE, true)).toBe(0x1234);
    expect(entry(true, 0x201)).toBe(0xffff_ffff);
  });

  it("devices and holes go to the board whole, and a crossing access byte by byte", () => {
    const leaves = enter4();
    map(leaves, 0x200, DEVICE_PAGE);
    m.system.flushLookaside();
    m.log.length = 0;
    expect(m.read(0x20_0010, 4)).toBe(SCRATCH.at);
    expect(m.write(0x20_0010, 8, 0x1122_3344_5566_7788n)).toBe(0);
    expect(m.write(0x20_0ffe, 4, 0x4433_2211)).toBe(0);
    expect(m.log).toEqual(["read e0010 4", "write e0010 8 1122334455667788", "write e0ffe 2 2211"]);
    m.call("writeControl", 0, 0x6000_0011);
  });

  it("global pages survive MOV CR3, not INVLPG nor a change of CR4.PGE", () => {
    const leaves = enter4();
    m.call("writeControl", 4, 0xa0);
    m.ram.setUint32(leaves + 8 * 0x200, 0x20_0107, true);
    const held = (page: number) => m.state.u32[(lookasideTable(false, false) + page * 16) >>> 2] === page << 12;
    const touch = () => [0x200, 0x201].forEach((page) => m.read(page << 12, 1));
    touch();
    expect([held(0x200), held(0x201)]).toEqual([true, true]);
    m.call("writeControl", 3, TABLES);
    expect([held(0x200), held(0x201)]).toEqual([true, false]);
    touch();
    m.call("invalidatePage", 0x20_0abc);
    expect([held(0x200), held(0x201)]).toEqual([false, true]);
    touch();
    m.call("writeControl", 4, 0x20);
    expect([held(0x200), held(0x201)]).toEqual([false, false]);
  });

  it("INVLPG anywhere in a large page drops all of it", () => {
    enter4();
    m.ram.setBigUint64(TABLES + 0x2000 + 8, 0x87n | 0x20_0000n, true);
    m.system.flushLookaside();
    m.read(0x20_0000, 1);
    m.read(0x20_5000, 1);
    m.call("invalidatePage", 0x3f_f000);
    expect(m.state.u32[(lookasideTable(false, false) + 0x205 * 16) >>> 2]).toBe(0xffff_ffff);
  });

  it("AC lifts SMAP for kernel accesses, and dropping AC takes it back at once", () => {
    enter4();
    m.call("writeControl", 4, 0x20_0020);
    expect(m.read(0x20_0000, 1)).toBe(0);
    expect(m.fault()).toEqual({ vector: 14, code: 1 });
    m.system.setRflags(0x4_0002);
    expect(m.read(0x20_0000, 1)).not.toBe(0);
    m.system.setRflags(2);
    expect(m.state.u32[(lookasideTable(false, false) + 0x200 * 16) >>> 2]).toBe(0xffff_ffff);
    expect(m.read(0x20_0000, 1)).toBe(0);
  });

  it("refuses addresses that are not canonical: #SS for the stack segment, #GP else", () => {
    enter4();
    for (const [address, ok] of [
      [0x7fff_ffff_ffffn, true],
      [0x8000_0000_0000n, false],
      [0xffff_7fff_ffff_ffffn, false],
      [0xffff_8000_0000_0000n, true],
    ] as const) {
      expect(m.read(address, 1)).toBe(0);
      expect(m.fault().vector).toBe(ok ? 14 : 13);
    }
    m.state.bytes.setUint8(RECORD + 10, 2);
    expect(m.read(0x8000_0000_0000n, 1)).toBe(0);
    expect(m.fault()).toEqual({ vector: 12, code: 0 });
    expect(m.write(0x8000_0000_0000n, 1, 0)).toBe(EXIT.fault);
    expect(m.fault()).toEqual({ vector: 12, code: 0 });
  });

  it("A20 off folds the odd megabytes, also for tables; attention at a port makes the CPU notice", () => {
    m.ram.setUint8(0x5_0000, 0x11);
    m.ram.setUint8(0x15_0000, 0x22);
    expect(m.read(0x15_0000, 1)).toBe(RAM + 0x15_0000);
    m.addressMask = ~0x10_0000;
    m.attention = true;
    expect(m.call("portOut", 0x92, 1, 0)).toBe(EXIT.leaveNext);
    expect(m.system.takeAttention()).toBe(true);
    expect(m.system.takeAttention()).toBe(false);
    expect(m.read(0x15_0000, 1)).toBe(RAM + 0x5_0000);
  });

  it("memory beyond RAM reads as the board says", () => {
    expect(m.read(RAM_BYTES + 16, 4)).toBe(SCRATCH.at);
    expect(m.state.u32[SCRATCH.at >>> 2]).toBe(0xffff_ffff);
  });

  function enter4(): number {
    const leaves = identityMap(m, 4);
    m.call("writeControl", 4, 0x20);
    m.call("writeControl", 3, TABLES);
    m.call("writeMsr", 0xc000_0080, 0x901);
    m.call("writeControl", 0, 0xe001_0011);
    m.set("segmentAccess", 0xa0_9b00, 1);
    m.system.updateMode();
    return leaves;
  }
  function map(leaves: number, page: number, physical: number): void {
    m.ram.setUint32(leaves + 8 * page, physical | 7, true);
  }
  function as64User(): void {
    as(m, true);
  }
});
