/**
 * Makes sequences of one instruction or two for what single cases do not show: which exception, its error code and CR2. Alignment checks of
 * every form with a memory operand; operands over the ends of pages, segments and addresses; REP across the ends of pages; x87 with exceptions that are not masked; fetches that reach pages of other kinds; instructions of 15 bytes and
 * more; prefixes that mean nothing; instructions of several stores; addresses that are not canonical; branches out of a segment; LOCK with every form, and privileged instructions.
 */
import { decode, type Decoded } from "../../../src/engine/decode/decode";
import { type Form, forms } from "../../../src/engine/decode/forms";
import { type Bits, BITS, CODE, codeBase, DATA, dataBase, initialState as stateOfCase, random } from "../cases";
import { littleEndian } from "../media/addresses";
import { encodeForm, generateCase, isMedia, whyExcluded } from "../generate";
import { initialState as stateOfMedia } from "../media/cases";
import { generateMediaCase } from "../media/generate";
import { AC, LAST_CODE_PAGE, PAGE, type Sequence, STATUS, USUAL_PLACE } from "./cases";

type Next = () => number;
type Registers = ReadonlyMap<number, bigint>;
const SS = 2;
const [RAX, RCX, RSP, RBP, RSI, RDI] = [0, 1, 4, 5, 6, 7];
const INT3 = 0xcc,
  LOCK = 0xf0;
const DF = 0x400;
const LONGEST = 15;

const chance = (next: Next, percent: number) => next() % 100 < percent;
const pick = <T>(next: Next, list: readonly T[]): T => list[next() % list.length];

interface Wish {
  readonly bits: Bits;
  readonly code: Iterable<number>;
  readonly registers?: Registers;
  readonly place?: number;
  readonly flags?: number;
}

function sequence(next: Next, { bits, code, registers = new Map(), place = USUAL_PLACE, flags }: Wish): Sequence {
  return { bits, place, code: Uint8Array.from(code), seed: next(), flags: flags ?? next() & STATUS, registers };
}

const named = (...values: readonly (readonly [number, number])[]): Registers =>
  new Map(values.map(([n, value]) => [n, BigInt(value)]));
const decodeAs = (code: Uint8Array, bits: Bits) => decode(code, 0, { long: bits === 64, code32: bits === 32 });

// ---- one instruction with the registers that its address needs ----

interface One {
  readonly decoded: Decoded;
  readonly code: Uint8Array;
  readonly registers: Map<number, bigint>;
}

function instruction(form: Form, next: Next, bits: Bits): One | undefined {
  const media = isMedia(form) ? generateMediaCase(form, next(), bits, false) : undefined;
  const single = isMedia(form) ? undefined : generateCase(form, next(), bits);
  const made = media ?? single;
  const decoded = made && decodeAs(made.code, bits);
  if (!made || decoded?.kind !== "instruction") return undefined;
  const state = media ? stateOfMedia(media).registers : stateOfCase(single!).registers;
  const registers = new Map(made.registers);
  for (const operand of decoded.operands) {
    if (operand.kind !== "memory") continue;
    for (const n of [operand.base, operand.index]) if (n !== undefined) registers.set(n, state[n]);
  }
  return { decoded, code: made.code.subarray(0, decoded.length), registers };
}

const usesStack = ({ instruction: { name } }: Decoded | Form) => /^(push|pop|call|ret|enter|leave)/.test(name);
/** Forms that may have an operand in memory. */
const addresses = ({ operands }: Form) =>
  operands.some((o) => o.kind === "letter" && /^([EMWQOXY]|BB|DI)$/.test(o.letter));
const touchesMemory = (decoded: Decoded) =>
  usesStack(decoded) || decoded.operands.some(({ kind }) => kind === "memory" || kind.startsWith("string"));

/** Which of FXSAVE's two faults it is, and what it saves, differ from processor to processor (SDM 2A FXSAVE); so do estimates. */
const VARYING = /^(fx(save|rstor)|r(cp|sqrt)[ps]s$)/;
/** With an operand of 32 bits 16-bit code can call beyond the limit of CS: #GP comes before what pushing raises (SDM 2A CALL), here not. */
const callsFar = ({ instruction: { name }, operandSize }: Decoded, bits: Bits) =>
  name === "call" && bits === 16 && operandSize === 32;
/** With AC set. Operands lie anywhere; so does the stack. */
function alignment(form: Form, next: Next, bits: Bits): Sequence | undefined {
  const one = instruction(form, next, bits);
  if (
    !one ||
    !touchesMemory(one.decoded) ||
    VARYING.test(form.instruction.name) ||
    callsFar(one.decoded, bits) ||
    /^sh[lr]d/.test(form.instruction.name)
  )
    return undefined;
  if (usesStack(one.decoded) && chance(next, 70))
    one.registers.set(RSP, BigInt(DATA + 0xc00 - dataBase(bits) + (next() % 8)));
  return sequence(next, { ...one, bits, flags: (next() & STATUS) | AC });
}

/** In which order images are saved and restored, and what a mask selects nothing of, is the processor's own affair (SDM 2B MASKMOVQ). */
const OWN_AFFAIR = /^(fn?(save|rstor|ldenv|stenv)|maskmov)/;

/** The operand over an end: of what can be written or read, of the segment, of the addresses that are canonical. With AC, often. */
function edged(form: Form, next: Next, bits: Bits): Sequence | undefined {
  const one = instruction(form, next, bits);
  const operand = one?.decoded.operands.find((o) => o.kind === "memory");
  if (!one || operand?.kind !== "memory" || operand.base === undefined || operand.index !== undefined) return undefined;
  const { name } = form.instruction;
  if (VARYING.test(name) || /^sh[lr]d/.test(name) || OWN_AFFAIR.test(name) || callsFar(one.decoded, bits))
    return undefined;
  const wide = one.decoded.addressSize;
  // Whether an operand that is not aligned is beyond the end of the stack, too, is not looked at first by every processor.
  if (operand.width === 128 && operand.segment === SS && bits === 16) return undefined;
  const near = (next() % 24) - 20;
  const data = DATA + pick(next, [0, 2 * PAGE, 2 * PAGE, 3 * PAGE]) - dataBase(bits) + near;
  const limit = (bits === 16 && wide === 32) || wide === 16 ? BigInt(0x1_0000 - (next() % 20)) : undefined;
  const beyond = wide === 64 ? nearHole(next) : limit;
  const wanted = beyond !== undefined && chance(next, 40) ? beyond : BigInt(data);
  one.registers.set(operand.base, BigInt.asUintN(wide, wanted - operand.displacement));
  return sequence(next, { ...one, bits, flags: (next() & STATUS) | (chance(next, 50) ? AC : 0) });
}

/** What POPA has read before it faults stays in some processors' registers. */
const POPS_ALL = /^popa/;

/** The stack, or the frame that LEAVE takes down, over such an end. */
function stackEdged(form: Form, next: Next, bits: Bits): Sequence | undefined {
  const one = instruction(form, next, bits);
  if (!one || !usesStack(one.decoded) || callsFar(one.decoded, bits) || POPS_ALL.test(form.instruction.name)) return;
  const near = (next() % 48) - 24;
  const data = BigInt(DATA + pick(next, [0, 2 * PAGE, 2 * PAGE, 3 * PAGE]) - dataBase(bits) + near);
  const end = bits === 64 ? nearHole(next) : bits === 16 ? BigInt(0x1_0000 + (next() % 16) - 8) : data;
  for (const n of [RSP, RBP]) {
    const value = BigInt.asUintN(bits === 64 ? 64 : 32, chance(next, 40) ? end : data);
    // The stack pointer of 16-bit code is SP: what stands above means nothing, but stays.
    one.registers.set(n, bits === 16 && chance(next, 80) ? value & 0xffffn : value);
  }
  return sequence(next, { ...one, bits, flags: (next() & STATUS) | (chance(next, 50) ? AC : 0) });
}

/** LOCK in front: of forms that do not take it, or whose operand is a register. */
function locked(form: Form, next: Next, bits: Bits): Sequence | undefined {
  const one = instruction(form, next, bits);
  const code = one?.code ?? encodeForm(form, next, { bits, crossing: false });
  // MOV CR0 with LOCK is MOV CR8 where AMD makes it.
  if (code.includes(LOCK) || code.length >= LONGEST || form.text.includes("Cd") || /C[dq]\b/.test(form.text))
    return undefined;
  return sequence(next, { registers: one?.registers, bits, code: [LOCK, ...code] });
}

/** The instructions that the operating system would answer for the processor (UMIP). */
const ANSWERED = /^(sgdt|sidt|smsw|sldt|str)$/;
/** Known to this processor, or to the engine, only. */
const OTHERS = /^(rdpmc|monitor|mwait|rdfsbase|rdgsbase|wrfsbase|wrgsbase|sysenter)$/;

function privileged({ instruction: { name, privilege } }: Form): boolean {
  return (
    (privilege !== undefined || /^(in|out|ins|outs|cli|sti)$/.test(name)) && !ANSWERED.test(name) && !OTHERS.test(name)
  );
}

function forbidden(form: Form, next: Next, bits: Bits): Sequence | undefined {
  const code = encodeForm(form, next, { bits, crossing: false });
  const decoded = decodeAs(code, bits);
  if (decoded.kind !== "instruction" || decoded.form !== form || decoded.length !== code.length) return undefined;
  return sequence(next, { bits, code });
}

// ---- REP ----

/** Elements go over an end of the data: into the page that is only read, the one that is not there, or, backward, out at the beginning. */
function repeated(next: Next, bits: Bits): Sequence {
  const opcode = pick(next, [0xa4, 0xa6, 0xaa, 0xac, 0xae]) | (next() & 1);
  const wide = bits === 64 && opcode & 1 && chance(next, 40);
  const prefixes = [pick(next, [0xf2, 0xf3, 0xf3]), ...(chance(next, 25) ? [0x66] : []), ...(wide ? [0x48] : [])];
  const backward = chance(next, 30);
  const far = chance(next, 30) ? next() % 3000 : next() % 90;
  const edges = backward ? [far] : [2 * PAGE - far, 3 * PAGE - far, 3 * PAGE - far];
  const near = () => (chance(next, 70) ? pick(next, edges) : backward ? PAGE + (next() % PAGE) : next() % (2 * PAGE));
  // In the page that is only read all is zero: comparisons go on there.
  const value = chance(next, 70) ? 0 : next();
  const count = chance(next, 20) ? next() % 20 : 5000;
  const at = (offset: number) => DATA + offset - dataBase(bits);
  const registers = named([RSI, at(near())], [RDI, at(near())], [RCX, count], [RAX, value]);
  return sequence(next, {
    bits,
    code: [...prefixes, opcode],
    registers,
    flags: (next() & STATUS) | (backward ? DF : 0),
  });
}

// ---- fetches ----

const plain = forms.filter(
  (form) => !whyExcluded(form) && !/^(j|call|ret|loop|enter|leave|sh[lr]d|ud[01])/.test(form.instruction.name),
);

/** An instruction of several bytes over the end of a page that can be executed. */
function fetched(next: Next, bits: Bits): Sequence | undefined {
  const one = instruction(pick(next, plain), next, bits);
  if (!one) return undefined;
  const end = chance(next, 50) ? PAGE : LAST_CODE_PAGE + PAGE;
  const place = end - (next() % (one.code.length + 1));
  if (place === end) return jumped(next, bits, end);
  // Relative to RIP they would be elsewhere.
  if (one.decoded.operands.some((operand) => operand.kind === "memory" && operand.ripRelative)) return undefined;
  return sequence(next, { ...one, bits, place });
}

/** A jump to another page. */
function jumped(next: Next, bits: Bits, end: number): Sequence {
  const to = CODE + end - codeBase(bits) + (next() % PAGE);
  return sequence(next, { bits, code: [0xff, pick(next, [0xe0, 0xd0])], registers: named([RAX, to]) });
}

/** As many prefixes as it takes. */
function long(next: Next, bits: Bits): Sequence | undefined {
  const one = instruction(pick(next, plain), next, bits);
  if (!one) return undefined;
  const wanted = LONGEST - 1 + (next() % 4);
  const code = [...Array.from({ length: Math.max(0, wanted - one.code.length) }, () => 0x3e), ...one.code];
  // Other segments fault in other ways, and RIP-relative operands move.
  if (
    one.decoded.segment !== undefined ||
    one.decoded.operands.some((o) => o.kind === "memory" && (o.ripRelative || o.segment !== 3))
  )
    return undefined;
  const place = chance(next, 30) ? LAST_CODE_PAGE + PAGE - LONGEST + 1 + (next() % 3) - 1 : USUAL_PLACE;
  return sequence(next, { bits, code, registers: one.registers, place });
}

// ---- prefixes that mean nothing ----

const SEGMENTS = [0x26, 0x36, 0x3e];
/** With F2 or F3 they are others, here or on this processor (LZCNT, TZCNT, RDPID); of two bytes only those are taken that surely are not. */
const takesRepeat = (form: Form) =>
  !form.instruction.repeat &&
  (form.map === 0 ||
    (form.map === 1 && /^(cmov|set|bt|imul|cmpxchg|xadd|mov[sz]x|bswap)$/.test(form.instruction.name)));

/** REPNE, REP, overrides of segments that are the same, and a REX that is not the last prefix, in front of any form (SDM 2A, 2.1.1 and 2.2.1). */
function prefixed(form: Form, next: Next, bits: Bits): Sequence | undefined {
  const one = instruction(form, next, bits);
  if (!one || VARYING.test(form.instruction.name) || /^sh[lr]d/.test(form.instruction.name)) return undefined;
  const code = [...one.code];
  for (let n = 1 + (next() % 3); n > 0; n--) {
    const kind = next() % 4;
    if (kind === 0 && takesRepeat(form)) code.unshift(0xf2 | (next() & 1));
    else if (
      kind === 1 &&
      bits === 64 &&
      /^(26|2e|36|3e|6[4-7]|f[023]|4.)$/.test(code[0].toString(16).padStart(2, "0"))
    )
      code.unshift(0x40 | (next() & 15));
    else if (kind === 2 && !touchesMemory(one.decoded)) code.unshift(pick(next, [0x2e, 0x64, 0x65]));
    else code.unshift(pick(next, SEGMENTS));
  }
  const decoded = decodeAs(Uint8Array.from(code), bits);
  if (code.length > LONGEST || decoded.kind !== "instruction" || decoded.form !== form) return undefined;
  // Relative to RIP they would be elsewhere; and a segment that is the same, or whose base counts.
  const moves = one.decoded.operands.some((o) => o.kind === "relative" || (o.kind === "memory" && o.ripRelative));
  return moves || one.decoded.segment !== undefined ? undefined : sequence(next, { ...one, bits, code });
}

// ---- several stores ----

/** Each leaves nothing behind when one of its accesses faults: the stack, or the frame, lies over the beginning of the data or the end of what can be written. */
function severalStores(next: Next, bits: Bits): Sequence {
  const narrow = bits !== 64 && chance(next, 50) ? [0x66] : [];
  const enter = [0xc8, next() & 0x7f, 0, next() % 7];
  const call = [0xe8, 0, 0, ...(bits === 16 ? [] : [0, 0])];
  const all = bits === 64 ? [] : [[0x60], [0x60], [0x61]];
  const code = chance(next, 20) ? call : [...narrow, ...pick(next, [enter, enter, [0xff, 0x30], [0x8f, 0x00], ...all])];
  const inside = DATA + 0x400 - dataBase(bits);
  const edge = () => (chance(next, 50) ? DATA : DATA + 2 * PAGE - 0x28) + (next() % 0x50) - dataBase(bits);
  const registers = named(
    [RSP, chance(next, 80) ? edge() : inside],
    [RBP, chance(next, 40) ? edge() : inside],
    [RAX, edge()],
  );
  return sequence(next, { bits, code, registers });
}

// ---- x87 ----

/** What makes the stack, and sometimes an exception that then waits: constants, FCHS, FSQRT, FDIV, FADDP, FINCSTP. */
const BEFORE = [
  [0xd9, 0xe8],
  [0xd9, 0xeb],
  [0xd9, 0xee],
  [0xd9, 0xe0],
  [0xd9, 0xfa],
  [0xd8, 0xf1],
  [0xde, 0xc1],
  [0xd9, 0xf7],
];

/** An instruction with an operand in memory, at [EAX] or [EBP], behind FLDCW: which comes first, its own exception or that of its address. */
function numeric(next: Next, bits: Bits): Sequence {
  const control = (next() & 0xf00) | (chance(next, 20) ? 0x3f : next() & 0x3f) | 0x40;
  const word = littleEndian(control, 2);
  const scratch = littleEndian(DATA + 0x200 - dataBase(bits), bits === 16 ? 2 : 4);
  const direct = (reg: number) => (bits === 64 ? [(reg << 3) | 4, 0x25] : [(reg << 3) | (bits === 32 ? 5 : 6)]);
  const load = [
    ...(bits === 16 ? [] : [0x66]),
    0xc7,
    ...direct(0),
    ...scratch,
    ...word,
    0xd9,
    ...direct(5),
    ...scratch,
  ];
  const before = Array.from({ length: next() % 4 }, () => pick(next, BEFORE)).flat();
  const [opcode, reg] = [0xd8 | (next() & 7), next() & 7];
  // Where the images of FLDENV, FNSTENV, FRSTOR and FNSAVE are checked first is the processor's own affair.
  const image = (opcode & 0xfb) === 0xd9 && (reg & 5) === 4;
  const byStack = chance(next, 30);
  const modrm = byStack ? [(reg << 3) | 0x45, 0] : [reg << 3];
  const operand = [...(bits === 16 ? [0x67] : []), opcode, ...modrm];
  const edge = DATA + pick(next, [0, PAGE, 2 * PAGE, 3 * PAGE]) - dataBase(bits) + (next() % 24) - 16;
  // Not round the end of 4 GiB, which may fault or not (SDM 3, 5.3).
  const outside = bits === 64 ? nearHole(next) : BigInt((bits === 16 ? 0x1_0000 : 2 ** 32 - 10) - (next() % 16));
  const inside = DATA + 0x400 - dataBase(bits) + (next() % 8);
  const address = !image && chance(next, 20) ? outside : BigInt(!image && chance(next, 60) ? edge : inside);
  return sequence(next, {
    bits,
    code: [0xdb, 0xe3, ...load, ...before, ...operand, 0x9b],
    registers: new Map([[byStack ? RBP : RAX, BigInt.asUintN(bits === 64 ? 64 : 32, address)]]),
    flags: (next() & STATUS) | (chance(next, 60) ? AC : 0),
  });
}

// ---- addresses that are not canonical ----

const nearHole = (next: Next) => BigInt.asUintN(64, pick(next, [1n << 47n, -(1n << 47n)]) + BigInt((next() % 32) - 16));

/** ModRM.rm is RAX, or [RAX]. */
const BRANCHES = [
  [0xff, 0xe0],
  [0xff, 0xd0],
  [0x50, 0xc3],
  [0x50, 0xc2, 8, 0],
  [0x50, 0xff, 0x24, 0x24],
  [0x50, 0xff, 0x14, 0x24],
];
const ACCESSES = [
  [0x8b, 0x08],
  [0x48, 0x89, 0x08],
  [0x48, 0x01, 0x08],
  [0xff, 0x20],
  [0xff, 0x10],
  [0x0f, 0x10, 0x00],
  [0xdd, 0x00],
  [0x48, 0x89, 0xc4, 0x50],
  [0x48, 0x89, 0xc4, 0x58],
  [0x48, 0x89, 0xc4, 0xe8, 0, 0, 0, 0],
  [0x48, 0x89, 0xc4, 0xc3],
  [0x48, 0x89, 0xc5, 0x8b, 0x4d, 0x00],
  [0x48, 0x89, 0xc5, 0xc9],
  [0x48, 0x89, 0xc6, 0xac],
  [0x48, 0x89, 0xc7, 0xab],
  [0x48, 0x89, 0xc6, 0xf3, 0xa5],
];

function hole(next: Next): Sequence {
  const code = pick(next, chance(next, 40) ? BRANCHES : ACCESSES);
  const registers = new Map([[RAX, nearHole(next)], ...named([RDI, DATA], [RSI, DATA], [RCX, 5])]);
  const flags = (next() & STATUS) | (chance(next, 40) ? AC : 0);
  return sequence(next, { bits: 64, code: [...code, INT3], registers, flags });
}

// ---- branches beyond the limit of CS ----

/** To EAX, with 32-bit operands in 16-bit code. */
const WIDE_BRANCHES = [
  [0x66, 0xff, 0xe0],
  [0x66, 0xff, 0xd0],
  [0x66, 0x50, 0x66, 0xc3],
  [0x66, 0x50, 0x66, 0xc2, 8, 0],
  [0x66, 0xa3, 0, 1, 0x66, 0xff, 0x26, 0, 1],
  [0x66, 0xa3, 0, 1, 0x66, 0xff, 0x16, 0, 1],
];

/** A 16-bit segment ends at 64 KiB; with operands of 32 bits its code can try to leave it: by a register, or relative to the next instruction. */
function strayed(next: Next): Sequence {
  const target = 0x1_0000 + (next() % 32) - 16 + (chance(next, 20) ? next() : 0);
  const registers = named([RAX, target >>> 0], [RCX, next() % 3]);
  if (chance(next, 40)) {
    return sequence(next, { bits: 16, code: [...pick(next, WIDE_BRANCHES), INT3], registers });
  }
  if (chance(next, 50)) {
    const opcode = pick(next, [[0xe8], [0xe9], [0x0f, 0x80 | (next() & 15)]]);
    const from = USUAL_PLACE + 1 + opcode.length + 4;
    return sequence(next, { bits: 16, code: [0x66, ...opcode, ...littleEndian(target - from, 4), INT3], registers });
  }
  // Backward out of the beginning, or to it; not into itself.
  const opcode = pick(next, [0xeb, 0x70 | (next() & 15), 0xe0, 0xe1, 0xe2, 0xe3]);
  const place = next() % 64;
  return sequence(next, { bits: 16, place, code: [0x66, opcode, 0x80 + (next() % 0x70), INT3], registers });
}

// ---- masked stores ----

/**
 * Of all bytes the lowest are left out, or the highest; in each page that the operand touches some are stored: else it is left to the processor
 * whether it faults there (SDM 2B MASKMOVDQU). Sequences that begin with such an instruction have masks of 0. */
function masked(next: Next, bits: Bits): Sequence | undefined {
  const wide = chance(next, 60);
  const size = wide ? 16 : 8;
  const left = next() % size;
  const upward = chance(next, 50);
  const prefix = wide ? [0x66] : [];
  const ones = [0, 1].flatMap((n) => [...prefix, 0x0f, 0x76, 0xc0 | (9 * n)]);
  const shift = wide ? [upward ? 0xf9 : 0xd9, left] : [upward ? 0xf1 : 0xd1, 8 * left];
  const first = DATA + pick(next, [PAGE, 2 * PAGE, 3 * PAGE]) - (chance(next, 20) ? size : next() % (size + 1));
  const split = PAGE - (first % PAGE);
  const [from, to] = upward ? [left, size] : [0, size - left];
  if (split < size && (from >= split || to <= split)) return undefined;
  return sequence(next, {
    bits,
    code: [...ones, ...prefix, 0x0f, 0x73, ...shift, ...prefix, 0x0f, 0xf7, 0xc1, INT3],
    registers: named([RDI, first - dataBase(bits)]),
    flags: (next() & STATUS) | (chance(next, 50) ? AC : 0),
  });
}

// ---- all of them ----

/** `count` of each kind for each form or mode. */
export function generateFaults(count: number, seed: number, only = /./): Sequence[] {
  const next = random(seed);
  const all: Sequence[] = [];
  const make = (name: string, times: number, one: () => Sequence | undefined) => {
    if (!only.test(name)) return;
    for (let made = 0, tried = 0; made < times && tried < times * 40; tried++) {
      const test = one();
      if (!test) continue;
      all.push(test);
      made++;
    }
  };
  for (const form of forms) {
    for (const bits of BITS) {
      if (!(bits === 64 ? form.inLong : form.inLegacy)) continue;
      const share = bits === 64 ? count : Math.ceil(count / 3);
      const name = `${form.instruction.name} ${form.text}`;
      if (isMedia(form) || !whyExcluded(form)) {
        if (addresses(form) || usesStack(form)) make(`alignment ${name}`, share, () => alignment(form, next, bits));
        if (addresses(form)) make(`edges ${name}`, share, () => edged(form, next, bits));
        if (usesStack(form)) make(`stack edges ${name}`, share, () => stackEdged(form, next, bits));
        if (chance(next, 30)) make(`prefixes ${name}`, share, () => prefixed(form, next, bits));
      }
      if (!ANSWERED.test(form.instruction.name))
        make(`lock ${name}`, Math.ceil(share / 4), () => locked(form, next, bits));
      if (privileged(form)) make(`privilege ${name}`, share, () => forbidden(form, next, bits));
    }
  }
  for (const bits of BITS) {
    make("repeat", 100 * count, () => repeated(next, bits));
    make("fetch", 60 * count, () => fetched(next, bits));
    make("stores", 60 * count, () => severalStores(next, bits));
    make("long", 60 * count, () => long(next, bits));
    make("numeric", 200 * count, () => numeric(next, bits));
    make("masked", 60 * count, () => masked(next, bits));
  }
  make("canonical", 60 * count, () => hole(next));
  make("stray", 60 * count, () => strayed(next));
  return all;
}
