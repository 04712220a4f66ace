/** Pieces with the stack, jumps, calls and loops, and what has fixed registers. */
import { littleEndian } from "../../media/addresses";
import { segmentAt, SS } from "../segments";
import { chance, pick } from "./dice";
import { anyForm, someOffset } from "./forms";
import type { Writer } from "./writer";

const RSP = 4;
const AL = 0;
/** Registers of the first eight that may be anything. */
const free = ({ ground: { kept } }: Writer) => [0, 1, 2, 3, 5, 6, 7].filter((n) => !kept.has(n));
const integer = (w: Writer) => anyForm(w, { kind: "integer" });
/** Of the instruction: 4 bytes, or 2 in 16-bit code. */
const wordBytes = ({ ground }: Writer) => (ground.bits === 16 ? 2 : 4);

function pushAndPop(w: Writer): void {
  const { next } = w;
  const narrow = chance(next, 10) ? [0x66] : [];
  const push = () => {
    if (chance(next, 50)) return w.emit(...narrow, 0x50 | pick(next, [0, 1, 2, 3, 5, 6, 7]));
    if (chance(next, 30)) return w.emit(...narrow, 0x6a, next() & 0xff);
    if (chance(next, 40)) {
      const wide = narrow.length === 0 && w.ground.bits !== 16;
      return w.emit(...narrow, 0x68, ...littleEndian(next(), wide || (narrow.length && w.ground.bits === 16) ? 4 : 2));
    }
    w.memory({ prefixes: narrow, opcode: [0xff], reg: 6 }, someOffset(next));
  };
  push();
  if (chance(next, 30)) integer(w);
  if (chance(next, 25)) return w.memory({ prefixes: narrow, opcode: [0x8f], reg: 0 }, someOffset(next));
  w.emit(...narrow, 0x58 | pick(next, free(w)));
}

function pushAll(w: Writer): void {
  const { next, ground } = w;
  // PUSHAD stores ESP, of which a 16-bit stack has half.
  const narrow = !segmentAt(ground.segments[SS])?.wide || chance(next, 30);
  w.size(narrow ? 16 : 32);
  w.emit(0x60);
  for (let n = next() % 3; n > 0; n--) integer(w);
  w.size(narrow ? 16 : 32);
  w.emit(0x61);
}

/** ENTER and LEAVE; the frame pointer is kept around them. Enclosing frames are on this stack: at address 0 they might wrap (SDM 3, 5.3). */
function frame(w: Writer): void {
  const { next } = w;
  w.emit(0x55);
  const level = chance(next, 60) ? 0 : next() % 4;
  // mov bp, sp
  if (level > 1) w.emit(...(w.long ? [0x48] : []), 0x89, 0xe5);
  w.emit(0xc8, ...littleEndian(next() % 64, 2), level);
  if (chance(next, 50)) integer(w);
  w.emit(0xc9);
  w.emit(0x5d);
}

const PUSHF = 0x9c,
  POPF = 0x9d;
/** Flags to the stack and back, with TF now and then: a trap after the next instruction. */
function flagsOnStack(w: Writer): void {
  const { next } = w;
  if (chance(next, 20)) return w.emit(0x66, PUSHF, 0x66, POPF);
  w.emit(PUSHF);
  if (chance(next, 50)) return w.emit(0x58 | pick(next, free(w)));
  const mask = chance(next, 3) ? 0x100 : pick(next, [0x01, 0x40, 0x80, 0x800, 0x4000, 0xd5]);
  // xor word [sp], mask: not there in 16-bit addressing.
  if (w.ground.bits !== 16) w.emit(0x66, 0x81, 0x34, 0x24, ...littleEndian(mask, 2));
  w.emit(POPF);
  if (mask & 0x100) integer(w);
  // What the operating system would find set.
  if (mask & 0x4000) w.emit(PUSHF, 0x58 | pick(next, free(w)));
}

/** CALL of a place that pops the return address, or returns. */
function call(w: Writer): void {
  const { next, ground } = w;
  if (chance(next, 50)) {
    const from = w.bytes.length;
    w.emit(0xe8);
    w.emitWord(0);
    const start = w.bytes.length;
    integer(w);
    w.bytes[from + 1] = w.bytes.length - start;
    return w.emit(0x58 | pick(next, free(w)));
  }
  const target = w.here + 2;
  w.over(() => {
    for (let n = next() % 3; n > 0; n--) integer(w);
    const extra = chance(next, 20) ? (ground.bits === 64 ? 8 : wordBytes(w)) : 0;
    w.emit(...(extra ? [0xc2, extra, 0] : [0xc3]));
  });
  if (chance(next, 50)) {
    w.emit(0xe8);
    return w.emitWord(target - w.here - wordBytes(w));
  }
  const register = pick(next, free(w));
  if (chance(next, 30)) {
    const offset = someOffset(next);
    w.store(offset, target, ground.bits === 16 ? 16 : 32);
    if (w.long) w.store(offset + 4, 0);
    return w.memory({ opcode: [0xff], reg: 2 }, offset);
  }
  w.emit(0xb8 | register);
  w.emitWord(target);
  w.emit(0xff, 0xd0 | register);
}

/** A jump forward over one or two instructions: on a condition, by a register, on a count. */
function jump(w: Writer): void {
  const { next } = w;
  const body = () => {
    integer(w);
    if (chance(next, 50)) integer(w);
  };
  switch (next() % 4) {
    case 0: {
      const register = pick(next, free(w));
      const from = w.bytes.length;
      w.emit(0xb8 | register);
      w.emitWord(0);
      w.emit(0xff, 0xe0 | register);
      body();
      const bytes = littleEndian(w.here >>> 0, wordBytes(w));
      bytes.forEach((byte, n) => (w.bytes[from + 1 + n] = byte));
      return;
    }
    case 1:
      // JrCXZ and LOOPcc
      if (chance(next, 40)) w.emit(0xb9 | 0, ...littleEndian(next() % 3, wordBytes(w)));
      if (chance(next, 15)) w.emit(0x67);
      return w.over(body, 0xe0 | (next() & 3));
    case 2: {
      // near
      w.emit(...(chance(next, 25) ? [0xe9] : [0x0f, 0x80 | (next() & 15)]));
      w.emitWord(0);
      const at = w.bytes.length;
      body();
      const distance = littleEndian(w.bytes.length - at, wordBytes(w));
      distance.forEach((byte, n) => (w.bytes[at - distance.length + n] = byte));
      return;
    }
    default:
      w.over(body, 0x70 | (next() & 15));
  }
}

/** LOOP around a few instructions: ECX may be written to, too. */
function counted(w: Writer): void {
  const { next } = w;
  w.emit(0xb9, ...littleEndian(1 + (next() % 5), wordBytes(w)));
  const head = w.bytes.length;
  anyForm(w, { kind: "integer", only: ({ instruction: { name } }) => /^(add|xor|mov|lea|sub|inc|test)$/.test(name) });
  w.emit(0xe2, (head - w.bytes.length - 2) & 0xff);
}

/** A bit number in a register, made small. */
function bitString(w: Writer): void {
  const { next } = w;
  const register = pick(next, free(w));
  const rex = w.long && chance(next, 40);
  // and r, 3ff; sub r, 1ff
  if (rex) w.emit(0x48);
  else w.size(32);
  w.emit(0x81, 0xe0 | register, 0xff, 3, 0, 0);
  if (rex) w.emit(0x48);
  else w.size(32);
  w.emit(0x81, 0xe8 | register, 0xff, 1, 0, 0);
  const lock = chance(next, 15) ? [0xf0] : [];
  w.memory(
    { prefixes: lock, opcode: [0x0f, pick(next, [0xa3, 0xab, 0xb3, 0xbb])], reg: register, wide: rex },
    0x200 + (next() % 0x600),
  );
  w.emit(0x39, 0xc8);
}

/** Division of what fits, so that it comes to an end. */
function division(w: Writer): void {
  const { next } = w;
  if (chance(next, 50)) w.emit(0x99);
  else w.emit(0x31, 0xd2);
  w.memory({ opcode: [0xf7], reg: 6 + (next() & 1), wide: w.long && chance(next, 30) }, someOffset(next));
  w.emit(0x39, 0xc8);
}

function translate(w: Writer): void {
  const [pointer] = w.ground.pointers.keys();
  // mov rbx, pointer: XLAT's base is kept in legacy code anyway.
  if (w.long) w.emit(0x4c, 0x89, 0xc0 | ((pointer & 7) << 3) | 3);
  w.emit(0xd7);
}

function wideExchange(w: Writer): void {
  const { next } = w;
  if (!w.long) return void anyForm(w, { kind: "integer", only: ({ instruction: { name } }) => name === "cmpxchg8b" });
  const at = 0x400 + 16 * (next() % 16);
  const equal = chance(next, 50);
  if (equal)
    for (const [reg, offset] of [
      [AL, at],
      [2, at + 8],
    ])
      w.memory({ opcode: [0x8b], reg, wide: true }, offset);
  w.memory(
    { prefixes: chance(next, 30) ? [0xf0] : [], opcode: [0x0f, 0xc7], reg: 1, wide: true },
    chance(next, 5) ? at + 8 : at,
  );
}

/** Moves of the stack pointer that come back. */
function stackPointer(w: Writer): void {
  const { next } = w;
  const by = 8 * (1 + (next() % 8));
  const rex = w.long ? [0x48] : [];
  w.emit(...rex, 0x83, 0xe8 | RSP, by);
  integer(w);
  w.emit(...rex, 0x83, 0xc0 | RSP, by);
  w.emit(0x39, 0xc8);
}

/** What ends a program, seldom: privileged, undefined, or software interrupts. INT1 is not among them: under KVM, AMD's processors leave RIP at it. */
export function ending(w: Writer): void {
  const { next } = w;
  const all = [
    [0x0f, 0x0b],
    [0x0f, 0xb9, 0xc0],
    [0xf4],
    [0xfa],
    [0xec],
    [0xcd, next() & 0x7f],
    [0x0f, 0xff],
    [0x0f, 0x22, 0xc0],
    [0xcd, 0x03],
    [0xcd, 0x04],
  ];
  w.emit(...pick(next, w.long ? all : [...all, [0xce], [0xce]]));
}

const common = [
  pushAndPop,
  pushAndPop,
  frame,
  flagsOnStack,
  call,
  call,
  jump,
  jump,
  jump,
  counted,
  bitString,
  division,
  translate,
  wideExchange,
];

export function control(w: Writer): void {
  const legacy = [pushAll, pushAll];
  const list = w.long
    ? [...common, stackPointer]
    : w.ground.bits === 32
      ? [...common, ...legacy, stackPointer]
      : [...common, ...legacy];
  pick(w.next, list)(w);
}
