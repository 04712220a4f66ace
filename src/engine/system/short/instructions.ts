/**
 * The helpers of isa/system.ts that have a short way: generated code that does what is usual and calls the host's helper, with
 * nothing changed, for the rest.
 */
import { RCX } from "../../../isa/expression";
import { record as fieldOf } from "../../record";
import { CODE_LEAF_BITS, CODE_LEAVES, LOOKASIDE, LOOKASIDE_TABLE_BYTES } from "../../areas";
import { MODE } from "../../state";
import {
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
  load16,
  load64,
  load8,
  low,
  mul,
  ne,
  not,
  or,
  or64,
  Routine,
  shl,
  shl64,
  shr,
  shr64,
  type Term,
  type Variable,
  wide,
  xor,
} from "../../wasm/routine";
import { CR0, CS, EFER, FLAG, SS } from "../core";
import { SOFTWARE } from "../events";
import { GIBIBYTE, GUARDED, LARGE, REGION_HASH } from "../lookaside";
import { CODE64, DATA, R11, RING3, SYSRET_FLAGS } from "../syscall";
import { interruptAgain32, interruptAgain64, returnAgain32, returnAgain64 } from "./again";
import type { Parts } from "./parts";
import { flagsNow, goOnWith } from "./remembered";
import { assignFlat, LONG_MODE, setMode, setStatus, STATUS, SYSTEM } from "./segments";
import { notCanonical } from "./walk";

/** A helper with its short way: (record) -> EXIT. */
function helper(
  write: (r: Routine, record: Variable, refuseIf: (condition: Term) => void) => void,
  host: Function,
): Routine {
  const r = new Routine(1);
  const [record] = r.parameters;
  const refuse = () => r.return(host(record));
  write(r, record, (condition) => r.when(condition, refuse));
  refuse();
  return r;
}

/** The same without a call before all is done: what gives up leaves everything to the host. */
function attempted(
  write: (r: Routine, record: Variable, giveUpIf: (condition: Term) => void) => void,
  host: Function,
): Routine {
  const r = new Routine(1);
  const [record] = r.parameters;
  r.attempt((giveUpIf) => write(r, record, giveUpIf));
  r.return(host(record));
  return r;
}

const argument = (n: number): Term => field("argument", n);
const isLong = (): Term => has(field("mode"), MODE.long);

/** RIP of the next instruction, before it is cut to the size that addresses have. */
const nextRip = (record: Term): Term => add64(field64("rip"), wide(load16(record, fieldOf.next)));

/** INT n and its kind. `deliver` as in transfers64.ts and transfers32.ts. */
export function interrupt(deliver64: Function, deliver32: Function, parts: Parts, host: Function): Routine {
  return helper((r, record, refuseIf) => {
    // INT1 is no interrupt of the program (interrupts.ts).
    refuseIf(eq(argument(0), 1));
    const vector = and(argument(0), 0xff);
    r.when(
      isLong(),
      () => r.when(deliver64(vector, SOFTWARE, -1, nextRip(record)), () => r.return(parts.goOn())),
      () => r.when(deliver32(vector, SOFTWARE, -1, low(nextRip(record))), () => r.return(parts.goOn())),
    );
  }, host);
}

/** The same, tried first as it was the last time. */
export function interruptAgain(anew: Function): Routine {
  return helper((r, record) => {
    const vector = r.keep(and(argument(0), 0xff));
    r.when(
      isLong(),
      () => interruptAgain64(r, vector, nextRip(record)),
      () => interruptAgain32(r, vector, low(nextRip(record))),
    );
  }, anew);
}

/** IRET: argument 0 the operand size. */
export function interruptReturn(return64: Function, return32: Function, parts: Parts, host: Function): Routine {
  return helper((r) => {
    r.when(
      isLong(),
      () => r.when(both(eq(argument(0), 64), return64()), () => r.return(parts.goOn())),
      () => r.when(both(eq(argument(0), 32), return32()), () => r.return(parts.goOn())),
    );
  }, host);
}

/** The same, tried first as it was the last time. */
export function returnAgain(anew: Function): Routine {
  return helper((r) => {
    r.when(
      isLong(),
      () => r.when(eq(argument(0), 64), () => returnAgain64(r)),
      () => r.when(eq(argument(0), 32), () => returnAgain32(r)),
    );
  }, anew);
}

/** Refused unless SYSCALL and SYSRET work at all. */
const callsOff = (): Term => or(not(isLong()), not(has(field("efer"), EFER.SCE)));

/** SYSCALL, while AC stays what it is: 0. */
export function systemCall(host: Function): Routine {
  return attempted((r, record, giveUpIf) => {
    giveUpIf(callsOff());
    const system = r.keep(field("systemFlags"));
    giveUpIf(has(system, FLAG.AC));
    const flags = flagsNow(r);
    r.setField64("registers", nextRip(record), RCX);
    r.setField64("registers", wide(flags), R11);
    const stays = r.keep(xor(field("sfmask"), -1));
    r.when(ne(and(stays, STATUS), STATUS), () => setStatus(r, r.keep(and(flags, stays))));
    const after = r.keep(or(and(system, stays, ~FLAG.RF), 2));
    r.setField("systemFlags", after);
    const selectors = r.keep(low(shr64(field64("star"), 32n)));
    r.setField("cpl", 0);
    assignFlat(r, CS, and(selectors, 0xfffc), CODE64);
    assignFlat(r, SS, and(add(selectors, 8), 0xffff), DATA);
    r.setField64("rip", field64("lstar"));
    setMode(r, LONG_MODE);
    goOnWith(r, after);
  }, host);
}

/** SYSRET to 64-bit code, while AC stays what it is, and without a step to be noted. */
export function systemReturn(host: Function): Routine {
  return attempted((r, _record, giveUpIf) => {
    giveUpIf(callsOff());
    const flags = r.keep(field("registers", R11));
    giveUpIf(has(or(flags, field("systemFlags")), FLAG.AC));
    giveUpIf(or(and(flags, FLAG.TF), xor(argument(0), 64), field("cpl")));
    const rip = r.keep64(field64("registers", RCX));
    giveUpIf(notCanonical(rip));
    setStatus(r, flags);
    const after = r.keep(or(and(flags, SYSRET_FLAGS & SYSTEM), 2));
    r.setField("systemFlags", after);
    const selectors = r.keep(low(shr64(field64("star"), 48n)));
    r.setField("cpl", 3);
    assignFlat(r, CS, and(or(add(selectors, 16), 3), 0xffff), CODE64 | RING3);
    assignFlat(r, SS, and(or(add(selectors, 8), 3), 0xffff), DATA | RING3);
    r.setField64("rip", rip);
    setMode(r, LONG_MODE | MODE.user);
    goOnWith(r, after);
  }, host);
}

/** (linear) -> 1, or 0: INVLPG of an address from which no code was fetched, and which lies in no large page. */
export function dropPage(): Routine {
  const r = new Routine(1);
  const [linear] = r.parameters;
  const refuseIf = (condition: Term) => r.returnIf(condition, 0);
  refuseIf(field("cpl"));
  r.when(not(has(field("efer"), EFER.LMA)), () => r.set(linear, and64(linear, 0xffff_ffffn)));
  refuseIf(mayBeLarge(linear));
  for (const [n, shift] of [12n, 21n, 22n, 30n].entries()) refuseIf(mayBeCode(linear, n, shift));
  const page = r.keep64(and64(linear, -4096n));
  const entry = r.keep(add(LOOKASIDE.at, and(shr(low(linear), 8), 0xfff0)));
  for (let table = 0; table < 4; table++) {
    const offset = table * LOOKASIDE_TABLE_BYTES;
    const tag = and64(load64(entry, offset), BigInt(~GUARDED));
    r.when(eq64(tag, page), () => r.store64(entry, offset, -1n));
  }
  r.return(1);
  return r;
}

/** INVLPG. */
export function invalidatePage(drop: Function, host: Function): Routine {
  return helper((r) => r.when(drop(field64("argument")), () => r.return(0)), host);
}

/** lookaside.ts, invalidate. */
function mayBeLarge(linear: Term): Term {
  const region = add(shr(low(linear), REGION_HASH.shift), shl(low(shr64(linear, 32n)), REGION_HASH.high));
  const bit = shr(mul(region, REGION_HASH.factor), 32 - REGION_HASH.bits);
  const marks = field("lookasideMarks");
  const known = and(low(shr64(field64("largeRegions"), wide(bit))), 1);
  return both(has(marks, LARGE), or(has(marks, GIBIBYTE), known));
}

/** jumps.ts, note. */
function mayBeCode(linear: Term, table: number, shift: bigint): Term {
  const number = and(low(shr64(linear, shift)), CODE_LEAF_BITS - 1);
  return and(shr(load8(shr(number, 3), CODE_LEAVES.at + (table * CODE_LEAF_BITS) / 8), and(number, 7)), 1);
}

/** PUSHF. */
export function pushFlags(parts: Parts, host: Function): Routine {
  return helper((r, _record, refuseIf) => {
    refuseIf(has(field("systemFlags"), FLAG.VM));
    r.setField64("value", wide(and(parts.getFlags(), ~(FLAG.VM | FLAG.RF))));
    r.return(0);
  }, host);
}

/** Whether CLI and STI fault (flags.ts). */
const heldByIopl = (): Term =>
  both(has(field("cr0"), CR0.PE), below(and(shr(field("systemFlags"), 12), 3), field("cpl")));

/** CLI. */
export function clearInterrupts(host: Function): Routine {
  return helper((r, _record, refuseIf) => {
    refuseIf(heldByIopl());
    r.setField("systemFlags", and(field("systemFlags"), ~FLAG.IF));
    r.return(0);
  }, host);
}

/** STI, while no interrupt waits: the run goes on, and who ends it looks whether the shadow is over (state.ts, stiAt). */
export function setInterrupts(host: Function): Routine {
  return helper((r, _record, refuseIf) => {
    refuseIf(or(heldByIopl(), field("interruptWaiting")));
    const flags = r.keep(field("systemFlags"));
    r.returnIf(has(flags, FLAG.IF), 0);
    r.setField("systemFlags", or(flags, FLAG.IF));
    r.setField("shadow", 1);
    r.setField("stiAt", field("remaining"));
    r.return(0);
  }, host);
}

/** Bits that POPF loads at CPL 0 (SDM 2B POPF, table 4-16). */
const POPPED =
  FLAG.CF |
  FLAG.PF |
  FLAG.AF |
  FLAG.ZF |
  FLAG.SF |
  FLAG.OF |
  FLAG.TF |
  FLAG.IF |
  FLAG.DF |
  FLAG.IOPL |
  FLAG.NT |
  FLAG.AC |
  FLAG.ID;

/** POPF of 32 or 64 bits at CPL 0, without a change that the run loop looks at: an interrupt that waits, TF, AC. */
export function popFlags(parts: Parts, host: Function): Routine {
  return helper((r, _record, refuseIf) => {
    const before = r.keep(field("systemFlags"));
    const value = r.keep(argument(0));
    refuseIf(or(field("cpl"), has(before, FLAG.VM), eq(argument(1), 16)));
    refuseIf(has(xor(before, value), FLAG.TF | FLAG.AC));
    refuseIf(both(has(and(value, xor(before, -1)), FLAG.IF), field("interruptWaiting")));
    r.do(parts.setFlags(and(value, POPPED)));
    r.return(0);
  }, host);
}

/** The same delivery for the host. */
export function deliver(deliver64: Function, deliver32: Function): Routine {
  const r = new Routine(5);
  const [vector, kind, code, ripLow, ripHigh] = r.parameters;
  r.when(isLong(), () => r.return(deliver64(vector, kind, code, or64(wide(ripLow), shl64(wide(ripHigh), 32n)))));
  r.return(deliver32(vector, kind, code, ripLow));
  return r;
}
