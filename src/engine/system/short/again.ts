/**
 * INT n and IRET whose gate, descriptors and conditions are as they were the last time (remembered.ts), with tables and stack where the
 * lookaside knows them: without a call, and without a check that was made before. Where anything else is found they give up before
 * anything has changed, and transfers32.ts or transfers64.ts begin anew.
 */
import { RSP } from "../../../isa/expression";
import { LOOKASIDE, LOOKASIDE_TABLE_BYTES } from "../../areas";
import { MODE } from "../../state";
import {
  above,
  add,
  add64,
  and,
  and64,
  below,
  eq,
  field,
  field64,
  load16,
  load32,
  load64,
  ne,
  ne64,
  not,
  or,
  type Routine,
  select,
  shl,
  sub,
  sub64,
  type Term,
  type Variable,
  wide,
  xor,
} from "../../wasm/routine";
import { ACCESS, CS, FLAG, SS, TR } from "../core";
import { conditions, entryOf, flagsNow, found, gateEntry, goOnWith, isStill, mayDrop, returnEntry } from "./remembered";
import {
  assignFlat,
  assignLong,
  assignNull,
  FLAT_MODE,
  isFlat,
  isNull,
  LONG_MODE,
  returnedFlags,
  setMode,
  setStatus,
  SYSTEM,
} from "./segments";
import { notCanonical } from "./walk";

type GiveUpIf = (condition: Term) => void;
const PAGE = 0x1000;
const SUPERVISOR_WRITE = LOOKASIDE.at + LOOKASIDE_TABLE_BYTES;
const TASK32_BITS = ACCESS.user | 0x800,
  TASK32 = 0x800;
const FRAME = 40;

const of = (entry: Term, name: keyof typeof entryOf): Term => load32(entry, entryOf[name]);
const of64 = (entry: Term, name: keyof typeof entryOf): Term => load64(entry, entryOf[name]);

/** In flat mode: CS is as it was, or as the descriptor said. */
const otherCode = (entry: Term): Term =>
  or(xor(field("segmentBase", CS), of(entry, "base")), xor(field("segmentLimit", CS), of(entry, "limit")));

/** Gives up unless the GDT still has the descriptor of CS. */
const codeIsStill = (r: Routine, giveUpIf: GiveUpIf, entry: Term): void =>
  isStill(r, giveUpIf, of(entry, "selector"), of64(entry, "code"));

// ---- flat 32-bit code ----

/** INT n; `next` is the EIP to come back to. */
export function interruptAgain32(r: Routine, vector: Variable, next: Term): void {
  r.attempt((giveUpIf) => {
    const entry = r.keep(gateEntry(vector));
    giveUpIf(ne(conditions(), of(entry, "conditions")));
    const offset = r.keep(shl(vector, 3));
    giveUpIf(below(field("idtLimit"), or(offset, 7)));
    const gate = found(r, giveUpIf, r.keep64(wide(add(field("idtBase"), offset))), 8);
    giveUpIf(ne64(load64(gate), of64(entry, "gate")));
    codeIsStill(r, giveUpIf, entry);
    giveUpIf(otherCode(entry));
    const changes = r.keep(of(entry, "changes"));
    const before = r.keep(field("registers", RSP));
    const pointer = r.keep(before);
    const bytes = r.keep(12);
    const table = r.keep(field("lookasideWrite"));
    r.when(
      changes,
      () => {
        innerStack32(r, giveUpIf, entry, pointer);
        r.set(bytes, 20);
        r.set(table, SUPERVISOR_WRITE);
      },
      () => giveUpIf(not(isFlat(SS))),
    );
    const bottom = r.keep64(wide(sub(pointer, bytes)));
    const place = found(r, giveUpIf, bottom, bytes, table);
    const flags = flagsNow(r);
    r.store32(place, 0, next);
    r.store32(place, 4, field("selector", CS));
    r.store32(place, 8, flags);
    r.when(changes, () => {
      r.store32(place, 12, before);
      r.store32(place, 16, field("selector", SS));
      assignFlat(r, SS, of(entry, "stackSelector"), of(entry, "stackRights"));
      r.setField("cpl", of(entry, "ring"));
      setMode(r, FLAT_MODE);
    });
    r.setField64("registers", bottom, RSP);
    const after = r.keep(and(field("systemFlags"), of(entry, "stays")));
    r.setField("systemFlags", after);
    r.setField("selector", of(entry, "selector"), CS);
    r.setField("segmentAccess", of(entry, "rights"), CS);
    r.setField64("rip", wide(of(entry, "target")));
    goOnWith(r, after);
  });
}

/** ESP of the TSS, whose SS must be what it was. */
function innerStack32(r: Routine, giveUpIf: GiveUpIf, entry: Variable, pointer: Variable): void {
  giveUpIf(ne(and(field("segmentAccess", TR), TASK32_BITS), TASK32));
  const offset = r.keep(add(shl(of(entry, "ring"), 3), 4));
  giveUpIf(below(field("segmentLimit", TR), add(offset, 5)));
  const place = found(r, giveUpIf, r.keep64(wide(add(field("segmentBase", TR), offset))), 6);
  giveUpIf(ne(load16(place, 4), of(entry, "stackSelector")));
  isStill(r, giveUpIf, of(entry, "stackSelector"), of64(entry, "stack"));
  r.set(pointer, load32(place));
}

/** IRETD. */
export function returnAgain32(r: Routine): void {
  r.attempt((giveUpIf) => {
    const before = r.keep(field("systemFlags"));
    giveUpIf(or(and(before, FLAG.NT), field("nmiBlocked"), not(isFlat(SS))));
    const pointer = r.keep(field("registers", RSP));
    const frame = found(r, giveUpIf, r.keep64(wide(pointer)), 12, field("lookasideRead"));
    const selector = r.keep(load16(frame, 4));
    const entry = r.keep(returnEntry(selector));
    giveUpIf(or(xor(conditions(), of(entry, "conditions")), xor(selector, of(entry, "selector"))));
    codeIsStill(r, giveUpIf, entry);
    giveUpIf(otherCode(entry));
    const rip = r.keep(load32(frame));
    giveUpIf(above(rip, field("segmentLimit", CS)));
    const returned = r.keep(load32(frame, 8));
    const cpl = r.keep(field("cpl"));
    const after = r.keep(flagsAfter(r, giveUpIf, returned, before, cpl));
    const ring = r.keep(of(entry, "ring"));
    const changes = r.keep(of(entry, "changes"));
    const top = r.keep(add(pointer, 12));
    r.when(changes, () => {
      giveUpIf(above(add(and(pointer, PAGE - 1), 20), PAGE));
      giveUpIf(or(xor(load16(frame, 16), of(entry, "stackSelector")), mayDrop(ring)));
      isStill(r, giveUpIf, of(entry, "stackSelector"), of64(entry, "stack"));
      r.set(top, load32(frame, 12));
    });
    r.when(changes, () => {
      assignFlat(r, SS, of(entry, "stackSelector"), of(entry, "stackRights"));
      r.setField("cpl", ring);
      setMode(r, or(FLAT_MODE, select(eq(ring, 3), MODE.user, 0)));
    });
    setStatus(r, returned);
    r.setField("systemFlags", after);
    r.setField64("registers", wide(top), RSP);
    r.setField("selector", selector, CS);
    r.setField("segmentAccess", of(entry, "rights"), CS);
    r.setField64("rip", wide(rip));
    goOnWith(r, after);
  });
}

/** The system flags that IRET leaves. Gives up where AC changes, or where it counts. */
function flagsAfter(r: Routine, giveUpIf: GiveUpIf, returned: Variable, before: Variable, cpl: Variable): Term {
  const after = r.keep(returnedFlags(returned, before, cpl));
  giveUpIf(and(or(after, before), FLAG.AC));
  giveUpIf(and(returned, FLAG.VM));
  return or(and(after, SYSTEM), and(returned, FLAG.RF), 2);
}

// ---- 64-bit code ----

/** INT n; `next` is the RIP to come back to. */
export function interruptAgain64(r: Routine, vector: Variable, next: Term): void {
  r.attempt((giveUpIf) => {
    const entry = r.keep(gateEntry(vector));
    giveUpIf(ne(conditions(), of(entry, "conditions")));
    const offset = r.keep(shl(vector, 4));
    giveUpIf(below(field("idtLimit"), or(offset, 15)));
    const gate = found(r, giveUpIf, r.keep64(add64(field64("idtBase"), wide(offset))), 16);
    giveUpIf(ne64(load64(gate), of64(entry, "gate")));
    giveUpIf(ne64(load64(gate, 8), of64(entry, "gateHigh")));
    codeIsStill(r, giveUpIf, entry);
    const changes = r.keep(of(entry, "changes"));
    const before = r.keep64(field64("registers", RSP));
    const stack = r.keep64(before);
    const table = r.keep(field("lookasideWrite"));
    r.when(changes, () => {
      const place = r.keep(add(shl(of(entry, "ring"), 3), 4));
      giveUpIf(below(field("segmentLimit", TR), add(place, 7)));
      r.set(stack, load64(found(r, giveUpIf, r.keep64(add64(field64("segmentBase", TR), wide(place))), 8)));
      r.set(table, SUPERVISOR_WRITE);
    });
    const bottom = r.keep64(sub64(and64(stack, -16n), BigInt(FRAME)));
    const place = found(r, giveUpIf, bottom, FRAME, table);
    const flags = flagsNow(r);
    r.store64(place, 0, next);
    r.store64(place, 8, wide(field("selector", CS)));
    r.store64(place, 16, wide(flags));
    r.store64(place, 24, before);
    r.store64(place, 32, wide(field("selector", SS)));
    r.when(changes, () => {
      assignNull(r, SS, of(entry, "ring"));
      r.setField("cpl", of(entry, "ring"));
      setMode(r, LONG_MODE);
    });
    r.setField64("registers", bottom, RSP);
    const after = r.keep(and(field("systemFlags"), of(entry, "stays")));
    r.setField("systemFlags", after);
    assignLong(r, CS, of(entry, "selector"), codeOf(entry));
    r.setField64("rip", of64(entry, "target"));
    goOnWith(r, after);
  });
}

const codeOf = (entry: Variable) => ({
  limit: of(entry, "limit"),
  rights: of(entry, "rights"),
  base: of(entry, "base"),
  kinds: of(entry, "kinds"),
});
const stackOf = (entry: Variable) => ({
  limit: of(entry, "stackLimit"),
  rights: of(entry, "stackRights"),
  base: of(entry, "stackBase"),
  kinds: of(entry, "stackKinds"),
});

/** IRETQ. */
export function returnAgain64(r: Routine): void {
  r.attempt((giveUpIf) => {
    const before = r.keep(field("systemFlags"));
    giveUpIf(or(and(before, FLAG.NT), field("nmiBlocked")));
    const frame = found(r, giveUpIf, r.keep64(field64("registers", RSP)), FRAME, field("lookasideRead"));
    const selector = r.keep(load16(frame, 8));
    const entry = r.keep(returnEntry(selector));
    giveUpIf(or(xor(conditions(), of(entry, "conditions")), xor(selector, of(entry, "selector"))));
    const stackSelector = r.keep(load16(frame, 32));
    giveUpIf(ne(stackSelector, of(entry, "stackSelector")));
    codeIsStill(r, giveUpIf, entry);
    r.when(not(isNull(stackSelector)), () => isStill(r, giveUpIf, stackSelector, of64(entry, "stack")));
    const rip = r.keep64(load64(frame));
    giveUpIf(notCanonical(rip));
    const returned = r.keep(load32(frame, 16));
    const cpl = r.keep(field("cpl"));
    const after = r.keep(flagsAfter(r, giveUpIf, returned, before, cpl));
    const ring = r.keep(of(entry, "ring"));
    const changes = r.keep(of(entry, "changes"));
    r.when(changes, () => giveUpIf(mayDrop(ring)));
    setStatus(r, returned);
    r.setField("systemFlags", after);
    assignLong(r, SS, stackSelector, stackOf(entry));
    assignLong(r, CS, selector, codeOf(entry));
    r.setField64("rip", rip);
    r.setField64("registers", load64(frame, 24), RSP);
    r.when(changes, () => {
      r.setField("cpl", ring);
      setMode(r, or(LONG_MODE, select(eq(ring, 3), MODE.user, 0)));
    });
    goOnWith(r, after);
  });
}
