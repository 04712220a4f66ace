/**
 * Page walks in generated code, and the lookaside entries they fill: what paging.ts and access.ts do, for accesses of the program to
 * memory that lie in one page. Refused (0), and left to them, is whatever faults, reaches a device, ROM or memory that nobody has
 * asked about, writes to code, or meets SMAP. By then at most accessed bits have been set that they set as well.
 */
import { CODE_PAGES, JOURNAL, LOOKASIDE, PAGE_KINDS, RAM } from "../../areas";
import { MODE } from "../../state";
import { I64 } from "../../wasm/code";
import {
  above,
  add,
  add64,
  and,
  and64,
  both,
  eq,
  eq64,
  field,
  field64,
  type Function,
  has,
  load32,
  load64,
  load8,
  low,
  mul,
  ne,
  ne64,
  not,
  or,
  or64,
  Routine,
  sar64,
  select,
  shl,
  shl64,
  shr,
  shr64,
  sub,
  type Term,
  type Variable,
  wide,
} from "../../wasm/routine";
import { CR0, CR4, EFER } from "../core";
import { GIBIBYTE, GLOBAL, GUARDED, LARGE, REGION_HASH } from "../lookaside";
import {
  ACCESSED,
  DIRTY,
  GLOBAL_PAGE,
  LARGE_PAGE,
  PRESENT,
  RAM_PAGE,
  USER,
  USER_PAGE,
  WRITABLE,
  WRITE,
} from "../paging";

const PAGE = 0x1000;
const EMPTY = -1;
/** Memory ends below it. */
const MEMORY_BITS = 28;
/** Address bits 51..28 of an entry: beyond memory, or reserved. PAE has no bits to ignore above them (SDM 3, 4.4.2). */
const BEYOND = 0x000f_ffff_f000_0000n,
  BEYOND_PAE = 0x7fff_ffff_f000_0000n;

/** The kinds of access that the tables are for are their numbers: bit 0 WRITE, bit 1 USER (areas.ts, lookasideTable). */
const entryOf = (linear: Term, access: Term): Term =>
  add(LOOKASIDE.at, shl(access, 16), and(shr(low(linear), 8), 0xfff0));

/** Whether an address has its upper bits all equal, as far as the mode has them (SDM 1, 3.3.7.1). */
export function notCanonical(linear: Term): Term {
  const top = (shift: bigint): Term => above(low(add64(sar64(linear, shift), 1n)), 1);
  return select(has(field("cr4"), CR4.LA57), top(56n), top(47n));
}

const isCode = (physical: Term): Term => load8(shr(physical, 12), CODE_PAGES.at);
const isRam = (physical: Term): Term =>
  both(not(shr(physical, MEMORY_BITS)), eq(load8(shr(physical, 12), PAGE_KINDS.at), RAM_PAGE));

/** (linear, access, delta, marks, guarded): the entry of a page. */
export function fill(): Routine {
  const r = new Routine(5);
  const [linear, access, delta, marks, guarded] = r.parameters;
  const entry = r.keep(entryOf(linear, access));
  r.when(eq(load32(entry), EMPTY), () => {
    r.store32(shl(field("journalled"), 2), JOURNAL.at, shr(entry, 2));
    r.setField("journalled", add(field("journalled"), 1));
  });
  r.store64(entry, 0, or64(and64(linear, BigInt(-PAGE)), wide(guarded)));
  r.store32(entry, 8, delta);
  r.store32(entry, 12, marks);
  noteMarks(r, linear, marks);
  return r;
}

/** lookaside.ts, noteMarks. */
export function noteMarks(r: Routine, linear: Variable, marks: Variable): void {
  r.setField("lookasideMarks", or(field("lookasideMarks"), marks));
  r.when(has(marks, LARGE), () => {
    const region = add(shr(low(linear), REGION_HASH.shift), shl(low(shr64(linear, 32n)), REGION_HASH.high));
    const bit = shr(mul(region, REGION_HASH.factor), 32 - REGION_HASH.bits);
    r.setField64("largeRegions", or64(field64("largeRegions"), shl64(1n, wide(bit))));
  });
}

/** Writes accessed and dirty bits into an entry of a table, unless somebody made code of the table. */
function mark(r: Routine, address: Variable, value: Term): void {
  r.returnIf(isCode(address), 0);
  r.store32(address, RAM, value);
}

/**
 * (linear, access, address of the entry or -1, entry, rights, physical, shift) -> Wasm offset: rights of the whole walk (SDM 3, 4.6),
 * the leaf's accessed and dirty bits, the lookaside.
 */
export function leaf(fillEntry: Function): Routine {
  const r = new Routine(7);
  const [linear, access, address, entry, rights, physical, shift] = r.parameters;
  const cr0 = r.keep(field("cr0"));
  const isWrite = has(access, WRITE);
  r.when(
    has(access, USER),
    () => {
      r.returnIf(not(has(rights, USER_PAGE)), 0);
      r.returnIf(both(isWrite, not(has(rights, WRITABLE))), 0);
    },
    () => {
      r.returnIf(both(isWrite, both(not(has(rights, WRITABLE)), has(cr0, CR0.WP))), 0);
      r.returnIf(both(has(rights, USER_PAGE), has(field("cr4"), CR4.SMAP)), 0);
    },
  );
  r.returnIf(not(isRam(physical)), 0);
  const code = r.keep(isCode(physical));
  r.returnIf(both(isWrite, code), 0);
  r.returnIf(above(field("journalled"), JOURNAL.entries - 2), 0);
  const wanted = r.keep(or(entry, ACCESSED, select(isWrite, DIRTY, 0)));
  r.when(ne(wanted, entry), () => mark(r, address, wanted));
  const size = select(eq(shift, 12), 0, select(eq(shift, 30), LARGE | GIBIBYTE, LARGE));
  const isGlobal = both(has(entry, GLOBAL_PAGE), has(field("cr4"), CR4.PGE));
  const marks = r.keep(or(size, select(isGlobal, GLOBAL, 0)));
  const delta = r.keep(sub(add(physical, RAM), low(linear)));
  const user = and(access, USER);
  r.do(fillEntry(linear, user, delta, marks, 0));
  const mayWrite = or(has(rights, WRITABLE), both(not(user), not(has(cr0, CR0.WP))));
  r.when(or(isWrite, both(mayWrite, has(wanted, DIRTY))), () =>
    r.do(fillEntry(linear, or(user, WRITE), delta, marks, select(code, GUARDED, 0))),
  );
  r.return(add(physical, RAM));
  return r;
}

/** (linear, access) -> Wasm offset: tables of 4-byte entries (SDM 3, 4.3). */
export function walk32(finish: Function): Routine {
  const r = new Routine(2);
  const [linear, access] = r.parameters;
  const at = r.keep(low(linear));
  const directory = r.keep(add(and(field("cr3"), -PAGE), shl(shr(at, 22), 2)));
  r.returnIf(not(isRam(directory)), 0);
  const pde = r.keep(load32(directory, RAM));
  r.returnIf(not(has(pde, PRESENT)), 0);
  r.when(both(has(pde, LARGE_PAGE), has(field("cr4"), CR4.PSE)), () => {
    // Bit 21 is reserved; the bits below it are address bits 39..32.
    r.returnIf(has(pde, 0x3f_e000), 0);
    r.return(finish(linear, access, directory, pde, pde, or(and(pde, ~0x3f_ffff), and(at, 0x3f_ffff)), 22));
  });
  r.when(not(has(pde, ACCESSED)), () => mark(r, directory, or(pde, ACCESSED)));
  const address = r.keep(add(and(pde, -PAGE), and(shr(at, 10), 0xffc)));
  r.returnIf(not(isRam(address)), 0);
  const pte = r.keep(load32(address, RAM));
  r.returnIf(not(has(pte, PRESENT)), 0);
  const physical = or(and(pte, -PAGE), and(at, PAGE - 1));
  r.return(finish(linear, access, address, pte, and(pte, pde), physical, 12));
  return r;
}

/** (linear, access, level, table, address bits that are refused) -> Wasm offset: tables of 8-byte entries (SDM 3, 4.4 and 4.5). */
export function walkTables(finish: Function): Routine {
  const r = new Routine(5);
  const [linear, access, level, table, beyond] = r.parameters;
  const rights = r.keep(WRITABLE | USER_PAGE);
  const shift = r.variable();
  const address = r.variable();
  const entry = r.variable(I64);
  const entryLow = r.variable();
  r.while(1, () => {
    r.set(shift, add(mul(level, 9), 3));
    r.set(address, add(table, shl(and(low(shr64(linear, wide(shift))), 0x1ff), 3)));
    r.returnIf(not(isRam(address)), 0);
    r.set(entry, load64(address, RAM));
    r.set(entryLow, low(entry));
    r.returnIf(not(has(entryLow, PRESENT)), 0);
    r.returnIf(ne64(and64(entry, beyond), 0n), 0);
    r.returnIf(both(low(shr64(entry, 63n)), not(has(field("efer"), EFER.NXE))), 0);
    r.set(rights, and(rights, entryLow));
    const isLarge = has(entryLow, LARGE_PAGE);
    r.returnIf(both(isLarge, above(level, 3)), 0);
    r.when(or(eq(level, 1), isLarge), () => {
      const inside = r.keep(sub(shl(1, shift), 1));
      // Below the address of a large page bit 12 is PAT, the others are reserved.
      r.returnIf(both(ne(level, 1), and(entryLow, and(inside, ~0x1fff))), 0);
      const physical = or(and(entryLow, sub(-1, inside)), and(low(linear), inside));
      r.return(finish(linear, access, address, entryLow, rights, physical, shift));
    });
    r.when(not(has(entryLow, ACCESSED)), () => mark(r, address, or(entryLow, ACCESSED)));
    r.set(table, and(entryLow, -PAGE));
    r.set(level, sub(level, 1));
  });
  return r;
}

/** (linear, access) -> Wasm offset. */
export function walk(finish: Function, short: Function, tables: Function): Routine {
  const r = new Routine(2);
  const [linear, access] = r.parameters;
  r.returnIf(not(field("plainPaging")), 0);
  r.when(not(has(field("cr0"), CR0.PG)), () => {
    // Nothing is to be marked, and everything may be written.
    const rights = WRITABLE | USER_PAGE | ACCESSED | DIRTY;
    r.returnIf(both(not(has(access, USER)), has(field("cr4"), CR4.SMAP)), 0);
    r.return(finish(linear, access, -1, rights, rights, low(linear), 12));
  });
  const cr3 = r.keep(field("cr3"));
  r.when(not(has(field("cr4"), CR4.PAE)), () => r.return(short(linear, access)));
  r.when(
    has(field("efer"), EFER.LMA),
    () => {
      r.returnIf(notCanonical(linear), 0);
      r.returnIf(low(shr64(field64("cr3"), 32n)), 0);
      const levels = select(has(field("cr4"), CR4.LA57), 5, 4);
      r.return(tables(linear, access, levels, and(cr3, -PAGE), BEYOND));
    },
    () => {
      const address = r.keep(add(and(cr3, ~0x1f), shl(shr(low(linear), 30), 3)));
      r.returnIf(not(isRam(address)), 0);
      const pointer = r.keep64(load64(address, RAM));
      r.returnIf(not(has(low(pointer), PRESENT)), 0);
      // SDM 3, table 4-8: bits 1, 2 and 5 to 8 are reserved.
      r.returnIf(ne64(and64(pointer, BEYOND_PAE | (1n << 63n) | 0x1e6n), 0n), 0);
      r.return(tables(linear, access, 2, and(low(pointer), -PAGE), BEYOND_PAE));
    },
  );
  return r;
}

/** (linear, bytes, access) -> Wasm offset of bytes that lie in one page, by the lookaside or a walk. */
export function locate(walkPages: Function): Routine {
  const r = new Routine(3);
  const [linear, bytes, access] = r.parameters;
  const entry = r.keep(entryOf(linear, access));
  r.returnIf(above(add(and(low(linear), PAGE - 1), bytes), PAGE), 0);
  const known = eq64(load64(entry), and64(linear, BigInt(-PAGE)));
  r.returnIf(known, add(low(linear), load32(entry, 8)));
  r.return(walkPages(linear, access));
  return r;
}

/** contract.ts: readSlow. */
export function readSlow(walkPages: Function, refused: Function): Routine {
  const r = new Routine(2);
  const [record, sizeAndIntent] = r.parameters;
  const refuse = () => r.return(refused(record, sizeAndIntent));
  const mode = r.keep(field("mode"));
  const linear = accessed(r, mode, and(sizeAndIntent, 0xff), refuse);
  const access = or(select(has(mode, MODE.user), USER, 0), and(shr(sizeAndIntent, 8), WRITE));
  const host = r.keep(walkPages(linear, access));
  r.when(not(host), refuse);
  r.return(host);
  return r;
}

/** contract.ts: writeSlow. */
export function writeSlow(walkPages: Function, refused: Function): Routine {
  const r = new Routine(2);
  const [record, bytes] = r.parameters;
  const refuse = () => r.return(refused(record, bytes));
  const mode = r.keep(field("mode"));
  const linear = accessed(r, mode, bytes, refuse);
  const host = r.keep(walkPages(linear, or(select(has(mode, MODE.user), USER, 0), WRITE)));
  r.when(not(host), refuse);
  const value = (n = 0) => field64("accessValue", n);
  r.when(eq(bytes, 1), () => r.store8(host, 0, low(value())));
  r.when(eq(bytes, 2), () => r.store16(host, 0, low(value())));
  r.when(eq(bytes, 4), () => r.store32(host, 0, low(value())));
  r.when(above(bytes, 4), () => r.store64(host, 0, value()));
  r.when(above(bytes, 8), () => r.store64(host, 8, value(1)));
  return r;
}

/** The address that is asked about, in this mode; refused when alignment is checked or the access lies in two pages. */
function accessed(r: Routine, mode: Term, bytes: Term, refuse: () => void): Variable {
  r.when(has(mode, MODE.aligned), refuse);
  const linear = r.keep64(field64("accessAddress"));
  r.when(not(has(mode, MODE.long)), () => r.set(linear, and64(linear, 0xffff_ffffn)));
  r.when(above(add(and(low(linear), PAGE - 1), bytes), PAGE), refuse);
  return linear;
}
