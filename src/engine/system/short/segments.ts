/** What transfers in generated code share: descriptors, segment registers, flags, the mode (segments.ts, flags.ts, modes.ts). */
import { EXIT } from "../../record";
import { LOOKASIDE, LOOKASIDE_TABLE_BYTES } from "../../areas";
import { MODE, MODE_BITS } from "../../state";
import {
  above,
  add,
  add64,
  and,
  and64,
  below,
  both,
  eq,
  eq64,
  field,
  field64,
  type Function,
  has,
  load64,
  low,
  not,
  or,
  or64,
  popcount,
  Routine,
  select,
  shl,
  shl64,
  shr,
  shr64,
  type Term,
  type Variable,
  wide,
  xor,
} from "../../wasm/routine";
import { ACCESS, DPL_SHIFT, DS, EFER, ES, FLAG, FS, GS } from "../core";
import { SMAP_LIFTED } from "../lookaside";

/** Bits of a descriptor's high half that are kept as rights. */
export const RIGHTS = 0x00f0_ff00;
export const STATUS = FLAG.CF | FLAG.PF | FLAG.AF | FLAG.ZF | FLAG.SF | FLAG.OF;
export const SYSTEM =
  FLAG.TF | FLAG.IF | FLAG.DF | FLAG.IOPL | FLAG.NT | FLAG.VM | FLAG.AC | FLAG.VIF | FLAG.VIP | FLAG.ID;
/** Bits of segmentKinds, but for the number of the segment. */
const FLAT = 1,
  PLAIN = 0x100;
/** Limit of 4 GiB. */
export const WHOLE = 0xffff_ffff | 0;

/** Of 32-bit code on a 32-bit stack, in ring 0, 1 or 2. */
export const FLAT_MODE = MODE.protected | MODE.code32 | MODE.stack32;
export const LONG_MODE = MODE.protected | MODE.long;
/** A gate's second doubleword (SDM 3, 6.11 and 6.14.1): present, system, interrupt or trap gate of the mode's own size; bit 8 tells which. */
export const GATE_BITS = 0x9e00,
  GATE = 0x8e00,
  TRAP_GATE = 0x100;

export const dplOf = (high: Term): Term => and(shr(high, DPL_SHIFT), 3);
export const isNull = (selector: Term): Term => not(and(selector, 0xfffc));

/** (base, offset, bytes) -> Wasm offset of a structure of the processor's own. */
export function structure(locate: Function): Routine {
  const r = new Routine(3);
  const [base, offset, bytes] = r.parameters;
  const linear = r.keep64(add64(base, wide(offset)));
  r.when(not(has(field("efer"), EFER.LMA)), () => r.set(linear, and64(linear, 0xffff_ffffn)));
  // Entries for user pages that AC lifted SMAP for are none for the processor itself (SDM 3, 4.6.1).
  r.returnIf(has(field("lookasideMarks"), SMAP_LIFTED), 0);
  r.return(locate(linear, bytes, 0));
  return r;
}

/** (selector) -> a descriptor of the GDT, or 0. */
export function descriptor(structureAt: Function): Routine {
  const r = new Routine(1);
  const [selector] = r.parameters;
  const offset = r.keep(and(selector, 0xfff8));
  r.returnIf(or(and(selector, 4), not(offset)), 0n);
  r.returnIf(above(add(offset, 7), field("gdtLimit")), 0n);
  const at = r.keep(structureAt(field64("gdtBase"), offset, 8));
  r.returnIf(not(at), 0n);
  r.return(load64(at));
  return r;
}

export const highOf = (descriptor: Term): Term => low(shr64(descriptor, 32n));

/** (descriptor's halves) -> limit in bytes. */
export function limitOf(): Routine {
  const r = new Routine(2);
  const [first, high] = r.parameters;
  const limit = r.keep(or(and(first, 0xffff), and(high, 0xf_0000)));
  r.return(select(has(high, ACCESS.granular), or(shl(limit, 12), 0xfff), limit));
  return r;
}

export const baseOf = (first: Term, high: Term): Term =>
  or(shr(first, 16), shl(and(high, 0xff), 16), and(high, 0xff00_0000 | 0));

/** What CS or SS hold in 64-bit mode, where base and limit count for nothing; `base` is that of the descriptor. */
export interface LongSegment {
  readonly limit: Variable;
  readonly rights: Variable;
  readonly base: Variable;
  readonly kinds: Variable;
}

export function describe(r: Routine, descriptor: Term, limitOf: Function): LongSegment {
  const first = r.keep(low(descriptor));
  const high = r.keep(highOf(descriptor));
  const limit = r.keep(limitOf(first, high));
  return {
    limit,
    rights: r.keep(or(and(high, RIGHTS), ACCESS.accessed)),
    base: r.keep(baseOf(first, high)),
    kinds: r.keep(select(eq(limit, WHOLE), FLAT | PLAIN, PLAIN)),
  };
}

/** A null selector instead. */
export function describeNull(r: Routine, { limit, rights, base, kinds }: LongSegment): void {
  for (const variable of [limit, base]) r.set(variable, 0);
  r.set(rights, ACCESS.unusable);
  r.set(kinds, PLAIN);
}

export function assignLong(r: Routine, index: number, selector: Term, segment: Record<keyof LongSegment, Term>): void {
  r.setField("selector", selector, index);
  r.setField("segmentLimit", segment.limit, index);
  r.setField("segmentAccess", segment.rights, index);
  r.setField("descriptorBase", segment.base, index);
  kinds(r, index, segment.kinds);
}

/** A segment of 4 GiB from 0, with these rights: data, or in 64-bit mode code. */
export function assignFlat(r: Routine, index: number, selector: Term, rights: Term): void {
  r.setField("selector", selector, index);
  r.setField("segmentLimit", WHOLE, index);
  r.setField("segmentAccess", rights, index);
  r.setField64("segmentBase", 0n, index);
  r.setField64("descriptorBase", 0n, index);
  kinds(r, index, FLAT | PLAIN);
}

/** A null selector in SS, in 64-bit mode. */
export function assignNull(r: Routine, index: number, selector: Term): void {
  r.setField("selector", selector, index);
  r.setField("segmentLimit", 0, index);
  r.setField("segmentAccess", ACCESS.unusable, index);
  r.setField64("segmentBase", 0n, index);
  r.setField64("descriptorBase", 0n, index);
  kinds(r, index, PLAIN);
}

function kinds(r: Routine, index: number, bits: Term): void {
  r.setField("segmentPlain", 1, index);
  r.setField("segmentKinds", or(and(field("segmentKinds"), ~((FLAT | PLAIN) << index)), shl(bits, index)));
}

/** Whether a segment is all of 4 GiB from 0, and may be read and written. */
export const isFlat = (index: number): Term => has(field("segmentKinds"), FLAT << index);

/** (ring) -> whether a return to it makes a data segment null (SDM 2B RET). */
export function dropsPrivileged(): Routine {
  const r = new Routine(1);
  const [ring] = r.parameters;
  const CONFORMING = ACCESS.user | ACCESS.code | ACCESS.conforming;
  for (const index of [ES, DS, FS, GS]) {
    const rights = field("segmentAccess", index);
    const stays = or(has(rights, ACCESS.unusable), eq(and(rights, CONFORMING), CONFORMING));
    r.returnIf(both(not(stays), below(dplOf(rights), ring)), 1);
  }
  return r;
}

/** The new mode, and what of the caches is chosen by it. Alignment is not checked there. */
export function setMode(r: Routine, mode: Term): void {
  const MASK = (1 << MODE_BITS) - 1;
  const kept = r.keep(mode);
  r.setField("mode", kept);
  r.setField("jumpTag", or(and(field("jumpTag"), ~MASK), kept));
  const table = r.keep(select(has(kept, MODE.user), LOOKASIDE.at + 2 * LOOKASIDE_TABLE_BYTES, LOOKASIDE.at));
  r.setField("lookasideRead", table);
  r.setField("lookasideWrite", add(table, LOOKASIDE_TABLE_BYTES));
}

/** () -> RFLAGS. */
export function getFlags(): Routine {
  const r = new Routine(0);
  const sign = r.keep64(field64("signSource"));
  const parity = and(popcount(and(low(sign), 0xff)), 1);
  const status = or(
    field("cf"),
    shl(not(parity), 2),
    shl(field("af"), 4),
    shl(eq64(field64("zeroSource"), 0n), 6),
    shl(low(shr64(sign, 63n)), 7),
    shl(field("of"), 11),
  );
  r.return(or(status, field("systemFlags"), 2));
  return r;
}

/** The status flags of RFLAGS. */
export function setStatus(r: Routine, value: Variable): void {
  const bit = (n: number) => and(shr(value, n), 1);
  r.setField("cf", bit(0));
  r.setField("af", bit(4));
  r.setField("of", bit(11));
  r.setField64("zeroSource", wide(not(bit(6))));
  r.setField64("signSource", or64(wide(not(bit(2))), shl64(wide(bit(7)), 63n)));
}

/** (RFLAGS): all but RF, which is cleared; AC must be what it was. */
export function setFlags(): Routine {
  const r = new Routine(1);
  const [value] = r.parameters;
  setStatus(r, value);
  r.setField("systemFlags", or(and(value, SYSTEM), 2));
  return r;
}

/** Bits of RFLAGS that IRET of more than 16 bits takes over (flags.ts: writable; SDM 2B POPF, table 4-16): the status flags are among them. */
export function returnedBits(before: Term, cpl: Term): Term {
  const always = STATUS | FLAG.TF | FLAG.DF | FLAG.NT | FLAG.AC | FLAG.ID;
  const inner = select(cpl, 0, FLAG.IOPL | FLAG.VIF | FLAG.VIP);
  const interrupt = select(above(cpl, and(shr(before, 12), 3)), 0, FLAG.IF);
  return or(always, inner, interrupt);
}

/** RFLAGS after IRET, from `value` in its frame and the system flags before. */
export const returnedFlags = (value: Term, before: Term, cpl: Term): Term =>
  xor(before, and(xor(before, value), returnedBits(before, cpl)));

/** EXIT of a transfer: generated code goes on unless a trap or an interrupt is due (core.ts, goOn). */
export function goOn(): Routine {
  const r = new Routine(0);
  const flags = r.keep(field("systemFlags"));
  r.returnIf(or(and(flags, FLAG.TF | FLAG.RF), field("debugPending")), EXIT.leave);
  r.returnIf(both(and(flags, FLAG.IF), field("interruptWaiting")), EXIT.leave);
  r.return(EXIT.goOn);
  return r;
}
