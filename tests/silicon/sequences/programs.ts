/**
 * Makes random programs of 64-bit code: blocks with loops, jumps forward, calls, stack, strings, integer and SSE instructions of any form,
 * and now and then a fault, which ends them. R12 to R15 point at data and R10 counts rounds; no other instruction writes to these or RSP.
 */
import { decode } from "../../../src/engine/decode/decode";
import { type Form, forms } from "../../../src/engine/decode/forms";
import { shrink } from "../../engine/regions/shrink";
import { DATA, random } from "../cases";
import { littleEndian } from "../media/addresses";
import { isMedia, whyExcluded } from "../generate";
import { isLoose, PAGE, type Sequence, STATUS, USUAL_PLACE } from "./cases";

type Next = () => number;
const POINTERS: ReadonlyMap<number, bigint> = new Map([
  [12, BigInt(DATA + 0x100)],
  [13, BigInt(DATA + 0x740)],
  [14, BigInt(DATA + PAGE - 0x80)],
  [15, BigInt(DATA + PAGE + 0x800)],
]);
const SIB_ONLY_BASE = 0x24;
const KEPT = new Set([4, 10, 12, 13, 14, 15]);
const pick = <T>(next: Next, list: readonly T[]): T => list[next() % list.length];
const chance = (next: Next, percent: number) => next() % 100 < percent;

/** Jumps and the stack are made apart; the rest reads what the operating system has, leaves results undefined, or only estimates. */
const LEFT_OUT =
  /^(j|call|ret|loop|enter|leave|push|pop|lahf|sahf|std|cld|xlatb|sh[lr]d|bswap|movsxd|ud|rcp|rsqrt|ldmxcsr|stmxcsr|fx|maskmov|cmpxchg16b|clflush)/;
const isXmm = (form: Form) =>
  isMedia(form) &&
  form.instruction.unit === "sse" &&
  !form.operands.some((o) => o.kind === "letter" && /^[PQN]$/.test(o.letter));
const body = forms.filter(
  (form) =>
    form.inLong &&
    form.hasModrm &&
    form.modrm === undefined &&
    !form.instruction.repeat &&
    !LEFT_OUT.test(form.instruction.name) &&
    (isXmm(form) || !whyExcluded(form)),
);
const integers = body.filter((form) => !isMedia(form));
const vectors = body.filter(isMedia);

/** ModRM and displacement: two registers, or memory at one of the pointers. */
function modrm(form: Form, next: Next, rex: number): { rex: number; bytes: number[] } {
  const reg = (form.reg ?? next() % 8) << 3;
  const registers =
    form.operands.some((o) => o.kind === "letter" && /^[RUN]$/.test(o.letter)) || form.attributes.has("mod3");
  const memory = form.operands.some((o) => o.kind === "letter" && o.letter === "M") || chance(next, 45);
  if (registers || !memory) return { rex: rex | (next() & 1), bytes: [0xc0 | reg | (next() % 8)] };
  const base = 12 + (next() % 4);
  // Seldom far enough for the page that is only read; mostly where 16 bytes are aligned.
  const reach = chance(next, 2)
    ? 2 * PAGE
    : (next() % 0x60) & (isMedia(form) || chance(next, 60) ? (chance(next, 1) ? ~0 : ~15) : ~0);
  const sib = base === 12 ? [SIB_ONLY_BASE] : [];
  return { rex: rex | 1, bytes: [0x80 | reg | (base & 7), ...sib, ...littleEndian(reach, 4)] };
}

function instruction(next: Next): number[] {
  for (;;) {
    const form = pick(next, chance(next, 25) ? vectors : integers);
    const mandatory = form.prefix && form.prefix !== "NP" ? [parseInt(form.prefix, 16)] : [];
    const narrow = mandatory.length === 0 && form.prefix !== "NP" && chance(next, 20) ? [0x66] : [];
    const operand = modrm(form, next, 0x40 | (chance(next, 40) ? 8 : 0) | (next() & 4));
    const escape = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]][form.map];
    const opcode = form.opcode + (form.instruction.conditional ? next() % 16 : 0);
    const immediate = Array.from({ length: 8 }, () => next() & 0xff);
    const bytes = Uint8Array.from([
      ...narrow,
      ...mandatory,
      operand.rex,
      ...escape,
      opcode,
      ...operand.bytes,
      ...immediate,
    ]);
    const decoded = decode(bytes, 0, { long: true, code32: false });
    if (decoded.kind !== "instruction" || LEFT_OUT.test(decoded.instruction.name)) continue;
    if (/^i?div$/.test(decoded.instruction.name) && !chance(next, 10)) continue;
    if (decoded.operands.some((o) => o.kind === "register" && (KEPT.has(o.register) || o.high))) continue;
    // A bit number in a register reaches anywhere.
    if (/^bt/.test(decoded.instruction.name) && decoded.operands[0].kind === "memory") continue;
    const code = [...bytes.subarray(0, decoded.length)];
    // cmp rax, rcx: what is undefined is not looked at.
    return isLoose(decoded.instruction.name) ? [...code, 0x48, 0x39, 0xc8] : code;
  }
}

function strings(next: Next): number[] {
  const at = () => littleEndian(DATA + 0x200 + (next() % (chance(next, 10) ? 2 * PAGE : PAGE)), 4);
  const rep = chance(next, 70) ? [0xf2 + (next() & 1)] : [];
  const code = pick(next, [0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf]);
  // mov esi, ...; mov edi, ...; mov ecx, ...
  return [
    0xbe,
    ...at(),
    0xbf,
    ...at(),
    0xb9,
    next() % 50,
    0,
    0,
    0,
    ...rep,
    ...(chance(next, 40) && code & 1 ? [0x48] : []),
    code,
  ];
}

const LOW = [0, 1, 2, 3, 5, 6, 7];
function step(next: Next): number[] {
  switch (next() % 16) {
    case 0:
      return [0x50 | pick(next, LOW), 0x58 | pick(next, LOW)];
    case 1:
      return strings(next);
    case 2: {
      // call a place that pops the return address: over one instruction
      const skipped = instruction(next);
      return [0xe8, ...littleEndian(skipped.length, 4), ...skipped, 0x58 | pick(next, LOW)];
    }
    case 3: {
      // jcc over one or two
      const skipped = [...instruction(next), ...(chance(next, 50) ? instruction(next) : [])];
      return [0x70 | (next() & 15), skipped.length, ...skipped];
    }
    default:
      return instruction(next);
  }
}

/** Stores xmm0 to xmm7 at R15, where the digest of memory sees them. */
const EPILOGUE = Array.from({ length: 8 }, (_, n) => [
  0x41,
  0x0f,
  0x11,
  0x87 | (n << 3),
  ...littleEndian(0x100 + 16 * n, 4),
]).flat();
const MOST = 400;

export interface Program {
  readonly test: Sequence;
  /** Pieces that can be left out. */
  readonly pieces: number;
}

export function randomProgram(seed: number, without: ReadonlySet<number> = new Set()): Program {
  const next = random(seed);
  const code: number[] = [];
  let pieces = 0;
  const blocks = 2 + (next() % 3);
  for (let block = 0; block < blocks; block++) {
    // mov r10d, rounds
    code.push(0x41, 0xba, 1 + (next() % 12), 0, 0, 0);
    const head = code.length;
    for (let n = 3 + (next() % 10); n > 0; n--) {
      const piece = step(next);
      if (!without.has(pieces++) && code.length + piece.length < MOST) code.push(...piece);
    }
    // dec r10; jnz head
    code.push(0x49, 0xff, 0xca, 0x0f, 0x85);
    code.push(...littleEndian(head - code.length - 4, 4));
  }
  code.push(...EPILOGUE);
  const flags = next() & STATUS;
  return {
    test: { bits: 64, place: USUAL_PLACE, code: Uint8Array.from(code), seed, flags, registers: POINTERS },
    pieces,
  };
}

/** What is left of a program when all is left out without which it still fails. */
export const smallest =
  (seed: number) =>
  (fails: (test: Sequence) => boolean): Sequence => {
    const without = shrink(randomProgram(seed).pieces, (left) => fails(randomProgram(seed, left).test));
    return randomProgram(seed, without).test;
  };
