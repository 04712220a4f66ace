/**
 * Delivery through the IDT and IRETQ from 64-bit code to 64-bit code, in generated code. Gate, descriptors and frame are read and
 * checked (SDM 3, 6.14; SDM 2A IRET), and what they came to is remembered for again.ts. Whatever is not as usual is refused (0), when no more was
 * done than interrupts.ts and returns.ts do too before they look at it.
 */
import { RSP } from "../../../isa/expression";
import { MODE } from "../../state";
import {
  above,
  add,
  and,
  and64,
  below,
  both,
  eq,
  eq64,
  field,
  field64,
  has,
  less,
  load16,
  load32,
  load64,
  mul,
  ne,
  not,
  or,
  or64,
  Routine,
  select,
  shl64,
  shr,
  sub64,
  type Term,
  type Variable,
  wide,
  xor,
} from "../../wasm/routine";
import { ACCESS, CS, DPL_SHIFT, FLAG, SS, TR } from "../core";
import { FAULT, SOFTWARE } from "../events";
import { USER, WRITE } from "../paging";
import type { Parts } from "./parts";
import { gateEntry, remember, returnEntry } from "./remembered";
import {
  assignLong,
  assignNull,
  describe,
  describeNull,
  dplOf,
  GATE,
  GATE_BITS,
  highOf,
  isNull,
  LONG_MODE,
  returnedFlags,
  setMode,
  TRAP_GATE,
} from "./segments";
import { notCanonical } from "./walk";

const GATE_BYTES = 16;
const CODE_BITS =
    ACCESS.present | ACCESS.user | ACCESS.code | ACCESS.conforming | ACCESS.long | ACCESS.big | ACCESS.accessed,
  CODE = ACCESS.present | ACCESS.user | ACCESS.code | ACCESS.long | ACCESS.accessed;
const DATA_BITS = ACCESS.present | ACCESS.user | ACCESS.code | ACCESS.writable | ACCESS.accessed,
  DATA = ACCESS.present | ACCESS.user | ACCESS.writable | ACCESS.accessed;
const FRAME = 40;

const modeOf = (ring: Term): Term => or(LONG_MODE, select(eq(ring, 3), MODE.user, 0));

/** (vector, kind, error code or -1, RIP to come back to) -> 1, or 0. */
export function deliver64(parts: Parts): Routine {
  const r = new Routine(4);
  const [vector, kind, code, rip] = r.parameters;
  const refuseIf = (condition: Term) => r.returnIf(condition, 0);
  const offset = r.keep(mul(vector, GATE_BYTES));
  refuseIf(or(above(add(offset, GATE_BYTES - 1), field("idtLimit")), has(field("mode"), MODE.aligned)));
  const gate = r.keep(parts.structure(field64("idtBase"), offset, GATE_BYTES));
  refuseIf(not(gate));
  const first = r.keep(load32(gate));
  const second = r.keep(load32(gate, 4));
  refuseIf(ne(and(second, GATE_BITS), GATE));
  const cpl = r.keep(field("cpl"));
  refuseIf(both(eq(kind, SOFTWARE), below(dplOf(second), cpl)));
  const lower = or(and(second, 0xffff_0000 | 0), and(first, 0xffff));
  const target = r.keep64(or64(wide(lower), shl64(wide(load32(gate, 8)), 32n)));
  refuseIf(notCanonical(target));
  const selector = r.keep(shr(first, 16));
  const descriptor = r.keep64(parts.descriptor(selector));
  const high = r.keep(highOf(descriptor));
  const ring = r.keep(dplOf(high));
  refuseIf(or(ne(and(high, CODE_BITS), CODE), above(ring, cpl)));
  pushFrame(r, parts, { ring, cpl, ist: and(second, 7), kind, code, rip });
  const masked = FLAG.TF | FLAG.NT | FLAG.RF | FLAG.VM;
  const stays = r.keep(select(has(second, TRAP_GATE), ~masked, ~(masked | FLAG.IF)));
  const segment = describe(r, descriptor, parts.limitOf);
  r.set(selector, or(and(selector, 0xfffc), ring));
  const changes = r.keep(ne(ring, cpl));
  // The vector is an instruction's, and its stack is not the interrupt stack table's.
  r.when(both(eq(kind, SOFTWARE), not(and(second, 7))), () =>
    remember(r, gateEntry(vector), {
      words: { gate: load64(gate), gateHigh: load64(gate, 8), code: descriptor, target },
      fields: { selector, ...segment, ring, changes, stays },
    }),
  );
  r.setField("systemFlags", and(field("systemFlags"), stays));
  r.when(changes, () => {
    assignNull(r, SS, ring);
    r.setField("cpl", ring);
    setMode(r, modeOf(ring));
  });
  assignLong(r, CS, selector, segment);
  r.setField64("rip", target);
  r.return(1);
  return r;
}

interface Frame {
  readonly ring: Variable;
  readonly cpl: Variable;
  readonly ist: Term;
  readonly kind: Term;
  readonly code: Term;
  readonly rip: Term;
}

/** SDM 3, 6.14.2 to 6.14.5: on the stack that IST or the ring say, the pointer aligned to 16; RSP at it. */
function pushFrame(r: Routine, parts: Parts, { ring, cpl, ist, kind, code, rip }: Frame): void {
  const before = r.keep64(field64("registers", RSP));
  const stack = r.keep64(before);
  const number = r.keep(ist);
  r.when(or(number, ne(ring, cpl)), () => {
    const offset = r.keep(select(number, add(mul(number, 8), 28), add(mul(ring, 8), 4)));
    r.returnIf(above(add(offset, 7), field("segmentLimit", TR)), 0);
    const place = r.keep(parts.structure(field64("segmentBase", TR), offset, 8));
    r.returnIf(not(place), 0);
    r.set(stack, load64(place));
  });
  const hasCode = r.keep(not(less(code, 0)));
  const bytes = r.keep(select(hasCode, FRAME + 8, FRAME));
  const bottom = r.keep64(sub64(and64(stack, -16n), wide(bytes)));
  const place = r.keep(parts.locate(bottom, bytes, or(WRITE, select(eq(ring, 3), USER, 0))));
  r.returnIf(not(place), 0);
  r.when(hasCode, () => {
    r.store64(place, 0, wide(code));
    r.set(place, add(place, 8));
  });
  r.store64(place, 0, rip);
  r.store64(place, 8, wide(field("selector", CS)));
  r.store64(place, 16, wide(or(parts.getFlags(), select(eq(kind, FAULT), FLAG.RF, 0))));
  r.store64(place, 24, before);
  r.store64(place, 32, wide(field("selector", SS)));
  r.setField64("registers", bottom, RSP);
}

/** () -> 1, or 0. */
export function return64(parts: Parts): Routine {
  const r = new Routine(0);
  const refuseIf = (condition: Term) => r.returnIf(condition, 0);
  const flags = r.keep(field("systemFlags"));
  refuseIf(or(and(flags, FLAG.NT), field("nmiBlocked"), has(field("mode"), MODE.aligned)));
  const cpl = r.keep(field("cpl"));
  const frame = r.keep(parts.locate(field64("registers", RSP), FRAME, select(eq(cpl, 3), USER, 0)));
  refuseIf(not(frame));
  const rip = r.keep64(load64(frame));
  const selector = r.keep(load16(frame, 8));
  const ring = r.keep(and(selector, 3));
  refuseIf(or(below(ring, cpl), notCanonical(rip)));
  const code = r.keep64(parts.descriptor(selector));
  const high = highOf(code);
  refuseIf(or(ne(and(high, CODE_BITS), CODE), ne(dplOf(high), ring)));
  const stackSelector = r.keep(load16(frame, 32));
  refuseIf(ne(and(stackSelector, 3), ring));
  const stack = r.keep64(0n);
  r.when(
    isNull(stackSelector),
    () => refuseIf(eq(ring, 3)),
    () => {
      r.set(stack, parts.descriptor(stackSelector));
      const rights = or(DATA_BITS, 3 << DPL_SHIFT);
      refuseIf(ne(and(highOf(stack), rights), or(DATA, mul(ring, 1 << DPL_SHIFT))));
    },
  );
  const returned = r.keep(load32(frame, 16));
  const after = r.keep(returnedFlags(returned, flags, cpl));
  refuseIf(has(or(xor(after, flags), select(eq(ring, 3), after, 0)), FLAG.AC));
  refuseIf(both(above(ring, cpl), parts.dropsPrivileged(ring)));
  const pointer = r.keep64(load64(frame, 24));
  const segment = describe(r, code, parts.limitOf);
  const stackSegment = describe(r, stack, parts.limitOf);
  r.when(eq64(stack, 0n), () => describeNull(r, stackSegment));
  remember(r, returnEntry(selector), {
    words: { code, stack },
    fields: {
      selector,
      ...segment,
      ring,
      changes: ne(ring, cpl),
      stackSelector,
      stackLimit: stackSegment.limit,
      stackRights: stackSegment.rights,
      stackBase: stackSegment.base,
      stackKinds: stackSegment.kinds,
    },
  });
  r.do(parts.setFlags(after));
  r.setField("systemFlags", or(field("systemFlags"), and(returned, FLAG.RF)));
  assignLong(r, SS, stackSelector, stackSegment);
  assignLong(r, CS, selector, segment);
  r.setField64("rip", rip);
  r.setField64("registers", pointer, RSP);
  r.when(ne(ring, cpl), () => {
    r.setField("cpl", ring);
    setMode(r, modeOf(ring));
  });
  r.return(1);
  return r;
}
