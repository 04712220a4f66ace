/**
 * x87: loads, a few instructions of any form, and as many stores as there are values left, so that the stack mostly stays valid; control
 * words, environments and save areas in between. All pointers that are shown come from an instruction of the program.
 */
import { chance, type Next, pick } from "./dice";
import { anyForm, someOffset } from "./forms";
import type { Writer } from "./writer";

const STACK_LIMIT = 8;
const loads = [
  { opcode: [0xd9], reg: 0, stripe: "singles" },
  { opcode: [0xdd], reg: 0, stripe: "doubles" },
  { opcode: [0xdb], reg: 5, stripe: "extended" },
  { opcode: [0xdf], reg: 0, stripe: "integers" },
  { opcode: [0xdb], reg: 0, stripe: "integers" },
  { opcode: [0xdf], reg: 5, stripe: "integers" },
  { opcode: [0xdf], reg: 4, stripe: "integers" },
] as const;
const stores = [
  { opcode: [0xd9], reg: 3 },
  { opcode: [0xdd], reg: 3 },
  { opcode: [0xdb], reg: 7 },
  { opcode: [0xdf], reg: 3 },
  { opcode: [0xdb], reg: 3 },
  { opcode: [0xdf], reg: 7 },
  { opcode: [0xdf], reg: 6 },
  { opcode: [0xdd], reg: 1 },
] as const;
const CONSTANTS = 7;

/** What an instruction adds to the values on the stack. */
function growth(name: string): number {
  if (/^f(u?comp)p$/.test(name)) return -2;
  if (/^(f(ld|ild|bld)|fld.*|fxtract|fdecstp)$/.test(name)) return 1;
  if (name === "fincstp" || name === "fstpnce") return -1;
  return /p$/.test(name) && !/^(fnop|fdecstp)$/.test(name) ? -1 : 0;
}

function load(w: Writer): void {
  const { next } = w;
  if (chance(next, 15)) return w.emit(0xd9, 0xe8 | (next() % CONSTANTS));
  const one = pick(next, loads);
  w.memory(one, someOffset(next, 8, one.stripe));
}

function store(w: Writer): void {
  const { next } = w;
  if (chance(next, 20)) return w.emit(0xdd, 0xd8);
  w.memory(pick(next, stores), someOffset(next));
}

function computation(w: Writer): void {
  const { next } = w;
  let depth = 0;
  for (let n = next() % 3; n > 0; n--, depth++) load(w);
  for (let n = 1 + (next() % 4); n > 0; n--) {
    const { instruction } = anyForm(w, {
      kind: "x87",
      only: (form) => depth > 0 || !/p$|fincstp/.test(form.instruction.name),
    });
    if (instruction.name === "fninit") depth = 0;
    else depth = Math.min(depth + growth(instruction.name), STACK_LIMIT);
  }
  if (chance(next, 4)) return;
  for (; depth > 0; depth--) store(w);
  if (depth < 0 && chance(next, 60)) for (; depth < 0; depth++) load(w);
}

/** Precision, rounding, and seldom an exception that is not masked. */
function controlWord(next: Next): number {
  const masked = chance(next, 12) ? next() & 0x3f : 0x3f;
  return (
    0x40 |
    masked |
    (pick(next, [0, 2, 3, 3]) << 8) |
    (chance(next, 50) ? 0 : (next() & 3) << 10) |
    (chance(next, 10) ? 0x1000 : 0)
  );
}

function control(w: Writer): void {
  const { next } = w;
  const at = 0x600 + 4 * (next() % 32);
  w.store(at, controlWord(next), 16);
  w.memory({ opcode: [0xd9], reg: 5 }, at);
}

const prefix = (next: Next) => (chance(next, 30) ? [0x66] : []);

/** FNSTENV and FLDENV, FNSAVE and FRSTOR, with the tags or the status changed in memory. The areas have a size of their own for each operand size. */
function environment(w: Writer): void {
  const { next } = w;
  const whole = chance(next, 40);
  const at = 0x600 + (next() % 0x180);
  const size = prefix(next);
  const wide = (size.length === 0) === (w.ground.bits !== 16);
  w.memory({ prefixes: size, opcode: [whole ? 0xdd : 0xd9], reg: 6 }, at);
  const step = wide ? 4 : 2;
  if (chance(next, 30)) w.store(at + 2 * step, next() & 0xffff, 16);
  if (chance(next, 30)) w.store(at + step, next() & (chance(next, 20) ? 0xffff : 0x7f00), 16);
  if (chance(next, 20)) w.store(at, controlWord(next), 16);
  if (chance(next, 75)) w.memory({ prefixes: size, opcode: [whole ? 0xdd : 0xd9], reg: 4 }, at);
}

const AREA = 0x1800;
/**
 * FXSAVE and FXRSTOR. What AMD's processors leave of the pointers while no exception is pending is wiped out in memory (AMD 2, 11.4.4),
 * and shown by nobody before another instruction has set them.
 */
function area(w: Writer): void {
  const { next } = w;
  const at = AREA + 16 * (next() % 8) + (chance(next, 3) ? 8 : 0);
  const wide = w.long && chance(next, 50);
  // Where pages are missing, CR2 tells the first byte or the last.
  w.plainly({ opcode: [0x0f, 0xae], reg: 0, wide }, at);
  w.store(at + 6, 0, 16);
  for (let n = 8; n < 24; n += 4) w.store(at + n, 0);
  w.store(at + 28, 0);
  if (chance(next, 20)) w.store(at + 4, next() & 0xff, 16);
  if (chance(next, 20)) w.store(at + 2, next() & 0x7f00, 16);
  if (chance(next, 10)) w.store(at + 24, 0x1f80 | (next() & 0xe07f));
  for (let n = next() % 3; n > 0; n--) anyForm(w, { kind: "sse", registers: true });
  if (chance(next, 70)) w.plainly({ opcode: [0x0f, 0xae], reg: 1, wide: w.long && chance(next, 50) }, at);
  w.memory(loads[1], someOffset(next, 8, "doubles"));
  w.emit(0xdd, 0xd8);
}

/** MMX and x87 share registers: EMMS mostly stands between them. */
export function mmx(w: Writer): void {
  const { next } = w;
  for (let n = 2 + (next() % 4); n > 0; n--) anyForm(w, { kind: "mmx" });
  if (chance(next, 85)) w.emit(0x0f, 0x77);
}

export const FNINIT = [0xdb, 0xe3];
export function x87(w: Writer): void {
  const dice = w.next() % 16;
  if (dice < 11) return computation(w);
  if (dice < 13) return control(w);
  if (dice === 13) return environment(w);
  if (dice === 14) return area(w);
  w.emit(...pick(w.next, [FNINIT, [0xdb, 0xe2], [0x9b], [0xdf, 0xe0], [0xd9, 0xf7], [0xdd, 0xc0 | (w.next() & 7)]]));
}
