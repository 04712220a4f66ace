/**
 * The same as transfers64.ts between flat 32-bit code segments with the present base and limit, on flat 32-bit stacks (SDM 2A INT n,
 * IRET; SDM 3, 6.12).
 */
import { RSP } from "../../../isa/expression";
import { MODE } from "../../state";
import { I64 } from "../../wasm/code";
import {
  above,
  add,
  and,
  below,
  both,
  eq,
  field,
  field64,
  has,
  less,
  load16,
  load32,
  load64,
  low,
  mul,
  ne,
  not,
  or,
  Routine,
  select,
  shl,
  shr,
  sub,
  type Term,
  type Variable,
  wide,
  xor,
} from "../../wasm/routine";
import { ACCESS, CS, EFER, FLAG, SS, TR } from "../core";
import { FAULT, SOFTWARE } from "../events";
import { USER, WRITE } from "../paging";
import type { Parts } from "./parts";
import { gateEntry, remember, returnEntry } from "./remembered";
import {
  assignFlat,
  baseOf,
  dplOf,
  FLAT_MODE,
  GATE,
  GATE_BITS,
  highOf,
  isFlat,
  isNull,
  returnedFlags,
  RIGHTS,
  setMode,
  TRAP_GATE,
  WHOLE,
} from "./segments";

const GATE_BYTES = 8;
const TYPE = ACCESS.present | ACCESS.user | ACCESS.code | ACCESS.big | ACCESS.accessed;
const CODE_BITS = TYPE | ACCESS.conforming,
  CODE = TYPE;
const DATA_BITS = TYPE | ACCESS.expandDown | ACCESS.writable,
  DATA = (TYPE & ~ACCESS.code) | ACCESS.writable;
/** Of TR: a 32-bit TSS, busy or not. */
const TASK_BITS = ACCESS.user | 0x800,
  TASK = 0x800;

const modeOf = (ring: Term): Term => or(FLAT_MODE, select(eq(ring, 3), MODE.user, 0));
/** Refused where there is IA-32e mode, alignment is checked, or code or stack are not of 32 bits. */
const isFlatMode = (): Term => both(eq(and(field("mode"), ~MODE.user), FLAT_MODE), not(has(field("efer"), EFER.LMA)));
const userIf3 = (ring: Term): Term => select(eq(ring, 3), USER, 0);

/** Whether a descriptor says of CS what CS says. */
function isPresentCode(parts: Parts, descriptor: Variable): Term {
  const [first, high] = [low(descriptor), highOf(descriptor)];
  return both(
    eq(baseOf(first, high), field("segmentBase", CS)),
    eq(parts.limitOf(first, high), field("segmentLimit", CS)),
  );
}

function isFlatStack(parts: Parts, descriptor: Variable, ring: Term): Term {
  const [first, high] = [low(descriptor), highOf(descriptor)];
  const typed = both(eq(and(high, DATA_BITS), DATA), eq(dplOf(high), ring));
  return both(typed, both(not(baseOf(first, high)), eq(parts.limitOf(first, high), WHOLE)));
}

const codeRights = (high: Term): Term => or(and(high, RIGHTS), ACCESS.accessed);

/** CS with another ring; SS, if the ring is another. */
function enter(r: Routine, selector: Term, high: Term, ring: Variable, rip: Term): void {
  r.setField("selector", selector, CS);
  r.setField("segmentAccess", codeRights(high), CS);
  r.setField64("rip", wide(rip));
  r.setField("cpl", ring);
  setMode(r, modeOf(ring));
}

/** (vector, kind, error code or -1, EIP to come back to) -> 1, or 0. */
export function deliver32(parts: Parts): Routine {
  const r = new Routine(4);
  const [vector, kind, code, rip] = r.parameters;
  const refuseIf = (condition: Term) => r.returnIf(condition, 0);
  const offset = r.keep(mul(vector, GATE_BYTES));
  refuseIf(or(above(add(offset, GATE_BYTES - 1), field("idtLimit")), not(isFlatMode())));
  const gate = r.keep(parts.structure(field64("idtBase"), offset, GATE_BYTES));
  refuseIf(not(gate));
  const first = r.keep(load32(gate));
  const second = r.keep(load32(gate, 4));
  refuseIf(ne(and(second, GATE_BITS), GATE));
  const cpl = r.keep(field("cpl"));
  refuseIf(both(eq(kind, SOFTWARE), below(dplOf(second), cpl)));
  const target = r.keep(or(and(second, 0xffff_0000 | 0), and(first, 0xffff)));
  const selector = r.keep(shr(first, 16));
  refuseIf(above(target, field("segmentLimit", CS)));
  const descriptor = r.keep(parts.descriptor(selector), I64);
  const high = r.keep(highOf(descriptor));
  const ring = r.keep(dplOf(high));
  refuseIf(or(ne(and(high, CODE_BITS), CODE), above(ring, cpl)));
  refuseIf(not(isPresentCode(parts, descriptor)));
  const stack = newStack(r, parts, ring, cpl);
  pushFrame(r, parts, { ring, cpl, kind, code, rip, pointer: stack.pointer });
  const masked = FLAG.TF | FLAG.NT | FLAG.RF | FLAG.VM;
  const stays = r.keep(select(has(second, TRAP_GATE), ~masked, ~(masked | FLAG.IF)));
  r.set(selector, or(and(selector, 0xfffc), ring));
  r.when(eq(kind, SOFTWARE), () =>
    remember(r, gateEntry(vector), {
      words: { gate: load64(gate), code: descriptor, stack: stack.descriptor, target: wide(target) },
      fields: { selector, stays, ...flatCode(high), ...changed(ring, cpl, stack) },
    }),
  );
  r.setField("systemFlags", and(field("systemFlags"), stays));
  r.when(ne(ring, cpl), () => assignFlat(r, SS, stack.selector, stack.rights));
  enter(r, selector, high, ring, target);
  r.return(1);
  return r;
}

/** CS, as remembered: what it must have, and its rights then. */
const flatCode = (high: Term) => ({
  base: field("segmentBase", CS),
  limit: field("segmentLimit", CS),
  rights: codeRights(high),
});

const changed = (ring: Term, cpl: Term, stack: Pick<NewStack, "selector" | "rights">) => ({
  ring,
  changes: ne(ring, cpl),
  stackSelector: stack.selector,
  stackRights: stack.rights,
});

interface NewStack {
  readonly pointer: Variable;
  readonly selector: Variable;
  readonly rights: Variable;
  readonly descriptor: Variable;
}

/** ESP, or SS and ESP that the TSS has for an inner ring. */
function newStack(r: Routine, parts: Parts, ring: Variable, cpl: Variable): NewStack {
  const stack = {
    pointer: r.keep(field("registers", RSP)),
    selector: r.variable(),
    rights: r.variable(),
    descriptor: r.variable(I64),
  };
  r.when(
    eq(ring, cpl),
    () => r.returnIf(not(isFlat(SS)), 0),
    () => {
      r.returnIf(ne(and(field("segmentAccess", TR), TASK_BITS), TASK), 0);
      const offset = r.keep(add(shl(ring, 3), 4));
      r.returnIf(above(add(offset, 5), field("segmentLimit", TR)), 0);
      const place = r.keep(parts.structure(field64("segmentBase", TR), offset, 6));
      r.returnIf(not(place), 0);
      r.set(stack.pointer, load32(place));
      r.set(stack.selector, load16(place, 4));
      r.returnIf(or(isNull(stack.selector), ne(and(stack.selector, 3), ring)), 0);
      r.set(stack.descriptor, parts.descriptor(stack.selector));
      r.returnIf(not(isFlatStack(parts, stack.descriptor, ring)), 0);
      r.set(stack.rights, and(highOf(stack.descriptor), RIGHTS));
    },
  );
  return stack;
}

interface Frame {
  readonly ring: Variable;
  readonly cpl: Variable;
  readonly kind: Term;
  readonly code: Term;
  readonly rip: Term;
  readonly pointer: Variable;
}

/** Error code, EIP, CS, EFLAGS, and from an outer ring ESP and SS; ESP at it. */
function pushFrame(r: Routine, parts: Parts, { ring, cpl, kind, code, rip, pointer }: Frame): void {
  const hasCode = r.keep(not(less(code, 0)));
  const inner = r.keep(ne(ring, cpl));
  const bytes = r.keep(add(12, shl(hasCode, 2), shl(inner, 3)));
  r.returnIf(below(pointer, bytes), 0);
  const bottom = r.keep(sub(pointer, bytes));
  const place = r.keep(parts.locate(wide(bottom), bytes, or(WRITE, userIf3(ring))));
  r.returnIf(not(place), 0);
  r.when(hasCode, () => {
    r.store32(place, 0, code);
    r.set(place, add(place, 4));
  });
  r.store32(place, 0, rip);
  r.store32(place, 4, field("selector", CS));
  r.store32(place, 8, or(parts.getFlags(), select(eq(kind, FAULT), FLAG.RF, 0)));
  r.when(inner, () => {
    r.store32(place, 12, field("registers", RSP));
    r.store32(place, 16, field("selector", SS));
  });
  r.setField64("registers", wide(bottom), RSP);
}

/** () -> 1, or 0. */
export function return32(parts: Parts): Routine {
  const r = new Routine(0);
  const refuseIf = (condition: Term) => r.returnIf(condition, 0);
  const flags = r.keep(field("systemFlags"));
  refuseIf(or(and(flags, FLAG.NT), field("nmiBlocked"), not(both(isFlatMode(), isFlat(SS)))));
  const cpl = r.keep(field("cpl"));
  const pointer = r.keep(field("registers", RSP));
  const frame = r.keep(parts.locate(wide(pointer), 12, userIf3(cpl)));
  refuseIf(not(frame));
  const rip = r.keep(load32(frame));
  const selector = r.keep(load16(frame, 4));
  const returned = r.keep(load32(frame, 8));
  const ring = r.keep(and(selector, 3));
  refuseIf(or(below(ring, cpl), has(returned, FLAG.VM), above(rip, field("segmentLimit", CS))));
  const code = r.keep(parts.descriptor(selector), I64);
  const high = r.keep(highOf(code));
  refuseIf(or(ne(and(high, CODE_BITS), CODE), ne(dplOf(high), ring), not(isPresentCode(parts, code))));
  const after = r.keep(returnedFlags(returned, flags, cpl));
  refuseIf(has(or(xor(after, flags), select(eq(ring, 3), after, 0)), FLAG.AC));
  const inner = r.keep(eq(ring, cpl));
  const stackSelector = r.variable();
  const stack = r.variable(I64);
  const stackRights = r.variable();
  r.when(
    inner,
    () => r.set(pointer, add(pointer, 12)),
    () => {
      refuseIf(not(parts.locate(wide(pointer), 20, userIf3(cpl))));
      r.set(pointer, load32(frame, 12));
      r.set(stackSelector, load16(frame, 16));
      refuseIf(or(isNull(stackSelector), ne(and(stackSelector, 3), ring)));
      r.set(stack, parts.descriptor(stackSelector));
      refuseIf(or(not(isFlatStack(parts, stack, ring)), parts.dropsPrivileged(ring)));
      r.set(stackRights, and(highOf(stack), RIGHTS));
    },
  );
  remember(r, returnEntry(selector), {
    words: { code, stack },
    fields: { selector, ...flatCode(high), ...changed(ring, cpl, { selector: stackSelector, rights: stackRights }) },
  });
  r.do(parts.setFlags(after));
  r.setField("systemFlags", or(field("systemFlags"), and(returned, FLAG.RF)));
  r.when(not(inner), () => assignFlat(r, SS, stackSelector, stackRights));
  r.setField64("registers", wide(pointer), RSP);
  enter(r, selector, high, ring, rip);
  r.return(1);
  return r;
}
