/**
 * MOV CR3 to an address space whose jumps are known and whose tables are as they were (jumps.ts), outside PAE paging, which loads more
 * than CR3 (SDM 3, 4.4.1); and reads of control registers.
 */
import { EXIT, record as fieldOf } from "../../record";
import { JOURNAL, SPACE, SPACES } from "../../areas";
import { MODE, MODE_BITS } from "../../state";
import {
  above,
  add,
  add64,
  and,
  both,
  eq,
  field,
  field64,
  type Function,
  has,
  load16,
  load32,
  load64,
  low,
  ne,
  ne64,
  not,
  or,
  Routine,
  shl,
  shr,
  shr64,
  sub,
  xor,
  type Term,
  type Variable,
  wide,
} from "../../wasm/routine";
import { CR0, CR4, CS, EFER, PHYSICAL_BITS } from "../core";
import { GLOBAL } from "../lookaside";
import { noteMarks } from "./walk";

const CR3 = 3;
const DIRTY = 0x40;
const EMPTY = -1;
const MOST_WANTED = (SPACE.bytes - SPACE.wanted) / 4;
const argument = (n: number): Term => field64("argument", n);
const argumentLow = (n: number): Term => field("argument", n);

/** MOV CR: argument 0 the number, 1 the value. */
export function writeControl(host: Function): Routine {
  const r = new Routine(1);
  const [record] = r.parameters;
  r.attempt((giveUpIf) => {
    giveUpIf(ne(argumentLow(0), CR3));
    const long = r.keep(has(field("efer"), EFER.LMA));
    const value = r.keep64(argument(1));
    giveUpIf(both(long, low(shr64(value, BigInt(PHYSICAL_BITS)))));
    giveUpIf(both(not(long), both(has(field("cr4"), CR4.PAE), has(field("cr0"), CR0.PG))));
    const number = r.keep(0);
    const space = r.keep(SPACES.at);
    r.while(ne64(load64(space), value), () => {
      r.set(number, add(number, 1));
      giveUpIf(eq(number, SPACES.entries));
      r.set(space, add(space, SPACE.bytes));
    });
    const epoch = r.keep(load32(space, SPACE.epoch));
    giveUpIf(not(epoch));
    tablesStand(r, giveUpIf, space);
    r.setField64("cr3", value);
    r.when(
      has(field("cr4"), CR4.PGE),
      () => flushLocal(r),
      () => flushAll(r),
    );
    r.setField("space", number);
    r.setField("jumpTag", or(and(field("jumpTag"), (1 << MODE_BITS) - 1), shl(epoch, MODE_BITS)));
    goOnNext(r, record);
  });
  r.return(host(record));
  return r;
}

/** Gives up unless the entries that fetches in this space went through are as they were. */
function tablesStand(r: Routine, giveUpIf: (condition: Term) => void, space: Variable): void {
  const words = r.keep(load32(space, SPACE.length));
  giveUpIf(above(words, MOST_WANTED));
  const at = r.keep(add(space, SPACE.wanted));
  const end = r.keep(add(at, shl(words, 2)));
  r.while(ne(at, end), () => {
    const place = r.keep(shl(load32(at), 2));
    giveUpIf(ne(and(load32(place), ~DIRTY), load32(at, 4)));
    giveUpIf(ne(load32(place, 4), load32(at, 8)));
    r.set(at, add(at, 12));
  });
}

const forgetMarks = (r: Routine): void => {
  r.setField("lookasideMarks", 0);
  r.setField64("largeRegions", 0n);
};

/** lookaside.ts, flushAll. */
function flushAll(r: Routine): void {
  const at = r.keep(JOURNAL.at);
  const end = r.keep(add(at, shl(field("journalled"), 2)));
  r.while(ne(at, end), () => {
    r.store64(shl(load32(at), 2), 0, -1n);
    r.set(at, add(at, 4));
  });
  r.setField("journalled", 0);
  forgetMarks(r);
}

/** lookaside.ts, flushLocal: what is left moves to the front of the journal. */
function flushLocal(r: Routine): void {
  const at = r.keep(JOURNAL.at);
  const kept = r.keep(JOURNAL.at);
  const end = r.keep(add(at, shl(field("journalled"), 2)));
  forgetMarks(r);
  r.while(ne(at, end), () => {
    const entry = r.keep(shl(load32(at), 2));
    r.when(ne(load32(entry), EMPTY), () => {
      const marks = r.keep(load32(entry, 12));
      r.when(
        has(marks, GLOBAL),
        () => {
          noteMarks(r, r.keep64(load64(entry)), marks);
          r.store32(kept, 0, load32(at));
          r.set(kept, add(kept, 4));
        },
        () => r.store64(entry, 0, -1n),
      );
    });
    r.set(at, add(at, 4));
  });
  r.setField("journalled", shr(sub(kept, JOURNAL.at), 2));
}

/** core.ts, goOnNext. */
function goOnNext(r: Routine, record: Term): void {
  const mode = r.keep(field("mode"));
  r.returnIf(has(mode, MODE.long), EXIT.goOnNext);
  const next = add64(wide(field("rip")), wide(load16(record, fieldOf.next)));
  r.returnIf(not(has(mode, MODE.code32)), EXIT.leaveNext);
  r.returnIf(low(shr64(next, 32n)), EXIT.leaveNext);
  const other = or(
    xor(field("segmentBase", CS), field("jumpBase")),
    xor(field("segmentLimit", CS), field("jumpLimit")),
  );
  r.returnIf(other, EXIT.leaveNext);
  r.return(EXIT.goOnNext);
}

/** MOV from CR0, CR3, CR4 and CR2: argument 0 the number; CR0 is also what SMSW reads. */
export function readControl(host: Function): Routine {
  const r = new Routine(1);
  const [record] = r.parameters;
  r.attempt((giveUpIf) => {
    giveUpIf(field("cpl"));
    const number = r.keep(argumentLow(0));
    for (const [n, name] of [
      [0, "cr0"],
      [3, "cr3"],
      [2, "cr2"],
      [4, "cr4"],
    ] as const) {
      r.when(eq(number, n), () => {
        r.setField64("value", field64(name));
        r.return(0);
      });
    }
  });
  r.return(host(record));
  return r;
}
