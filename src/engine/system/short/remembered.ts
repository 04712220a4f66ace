/**
 * What gates and descriptors came to the last time. INT n and IRET read them from memory each time, with the lookaside and the limits
 * of their tables; when their words, and whatever else the checks depended on, are as they were, the checks need not be made again.
 * The comparison is the proof: nothing here has to be forgotten when anything changes.
 *
 * One entry for each vector, and one for each of 32 code selectors that IRET returns to.
 */
import { GATES, LOOKASIDE, RETURNS } from "../../areas";
import {
  add,
  add64,
  and,
  and64,
  below,
  eq64,
  field,
  field64,
  has,
  load32,
  load64,
  low,
  mul,
  ne64,
  not,
  or,
  popcount,
  type Routine,
  select,
  shl,
  shr,
  shr64,
  type Term,
  type Variable,
  wide,
} from "../../wasm/routine";
import { ACCESS, CR4, DS, EFER, ES, FLAG, FS, GS } from "../core";
import { EXIT } from "../../record";
import { SMAP_LIFTED } from "../lookaside";
import { dplOf } from "./segments";

/** Offsets in an entry. Of SS only where the ring changes. */
export const entryOf = {
  /** u64: words of the gate (in 64-bit mode two), and of CS's descriptor. */
  gate: 0,
  gateHigh: 8,
  code: 16,
  /** u32: see `conditions`; 0 while there is nothing. */
  conditions: 24,
  /** u32: the selector as CS will have it, limit, rights, base, segmentKinds (64-bit mode); or those that CS must have (flat mode). */
  selector: 28,
  limit: 32,
  rights: 36,
  base: 40,
  kinds: 44,
  /** u32: the new ring; 1 when that is another. */
  ring: 48,
  changes: 52,
  /** u64: SS's descriptor. */
  stack: 56,
  /** u32: SS's selector, limit, rights, base, segmentKinds. */
  stackSelector: 64,
  stackLimit: 68,
  stackRights: 72,
  stackBase: 76,
  stackKinds: 80,
  /** u32: bits of RFLAGS that stay. */
  stays: 84,
  /** u64: the new RIP. */
  target: 88,
} as const;

type Word = "gate" | "gateHigh" | "code" | "stack" | "target";
type Field = Exclude<keyof typeof entryOf, Word | "conditions">;

export const gateEntry = (vector: Term): Term => add(GATES.at, mul(vector, GATES.entryBytes));
export const returnEntry = (selector: Term): Term =>
  add(RETURNS.at, mul(and(shr(selector, 3), 31), RETURNS.entryBytes));

/** Fields of an entry, before anything of the transfer has happened. */
export function remember(
  r: Routine,
  entry: Term,
  { words, fields }: { words: Partial<Record<Word, Term>>; fields: Partial<Record<Field, Term>> },
): void {
  const at = r.keep(entry);
  r.store32(at, entryOf.conditions, conditions());
  for (const [name, value] of Object.entries(words)) r.store64(at, entryOf[name as Word], value);
  for (const [name, value] of Object.entries(fields)) r.store32(at, entryOf[name as Field], value);
}

/** What checks depend on besides words in memory and, in flat mode, CS's base and limit. Not 0 in protected mode. */
export const conditions = (): Term =>
  or(
    or(field("mode"), shl(field("cpl"), 8), and(field("efer"), EFER.LMA), and(field("cr4"), CR4.LA57)),
    // Nothing is remembered where this is set: then tables are not read through the lookaside (segments.ts, structure).
    shl(and(field("lookasideMarks"), SMAP_LIFTED), 13),
  );

type GiveUpIf = (condition: Term) => void;

/** The Wasm offset of bytes in one page that the lookaside knows; `table` the Wasm offset of the lookaside's table. */
export function found(
  r: Routine,
  giveUpIf: GiveUpIf,
  linear: Variable,
  bytes: Term,
  table: Term = LOOKASIDE.at,
): Variable {
  const place = and(shr(low(linear), 8), 0xfff0);
  const fixed = typeof table === "number";
  const at = r.keep(fixed ? place : add(place, table));
  const offset = fixed ? table : 0;
  const last = typeof bytes === "number" ? BigInt(bytes - 1) : wide(add(bytes, -1));
  giveUpIf(ne64(load64(at, offset), and64(add64(linear, last), -4096n)));
  return r.keep(add(low(linear), load32(at, offset + 8)));
}

/** Gives up unless the GDT still has this descriptor under a selector. The selector is not null, and of the GDT. */
export function isStill(r: Routine, giveUpIf: GiveUpIf, selector: Term, descriptor: Term): void {
  const offset = r.keep(and(selector, 0xfff8));
  giveUpIf(below(field("gdtLimit"), or(offset, 7)));
  const place = found(r, giveUpIf, r.keep64(add64(field64("gdtBase"), wide(offset))), 8);
  giveUpIf(ne64(load64(place), descriptor));
}

/** RFLAGS. */
export function flagsNow(r: Routine): Variable {
  const sign = r.keep64(field64("signSource"));
  const parity = and(popcount(and(low(sign), 0xff)), 1);
  return r.keep(
    or(
      or(field("cf"), shl(not(parity), 2), shl(field("af"), 4)),
      or(shl(eq64(field64("zeroSource"), 0n), 6), shl(low(shr64(sign, 63n)), 7)),
      or(shl(field("of"), 11), field("systemFlags")),
    ),
  );
}

/** A data segment that a return to this ring would make null, or that has to be looked at more closely. */
export const mayDrop = (ring: Term): Term => {
  const drops = [ES, DS, FS, GS].map((index) => {
    const rights = field("segmentAccess", index);
    return and(below(dplOf(rights), ring), not(has(rights, ACCESS.unusable)));
  });
  return or(drops[0], ...drops.slice(1));
};

/** EXIT of a transfer, as goOn in segments.ts says, when these are the flags. */
export function goOnWith(r: Routine, flags: Term): void {
  const due = or(
    or(and(flags, FLAG.TF | FLAG.RF), field("debugPending")),
    and(shr(flags, 9), field("interruptWaiting")),
  );
  r.return(select(due, EXIT.leave, EXIT.goOn));
}
