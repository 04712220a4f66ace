/** Segment registers, far transfers between segments of any size, BOUND, and selectors that are looked at. */
import { DATA } from "../../cases";
import { littleEndian } from "../../media/addresses";
import { USUAL_PLACE } from "../cases";
import { CODE_32, CODE_64, CS, DATA_32, SS, type SegmentName, segmentAt, selectorOf } from "../segments";
import { chance, pick } from "./dice";
import { anyForm, someOffset } from "./forms";
import type { Ground } from "./ground";
import { Writer } from "./writer";

const AX = 0;
const names: readonly SegmentName[] = [
  "data16",
  "data32",
  "flat",
  "readOnly",
  "down32",
  "down16",
  "small",
  "odd",
  "code32",
  "flatCode",
];
const bad: readonly SegmentName[] = ["absent", "absentCode", "unreadable"];
/** Beyond the tables, privileged, or of another kind. */
const wrong = [0x10, 0x18, 0x83, 0x1fff, 0x87 + 8 * 16, 0x43, 0x63];

/** A selector for a data segment register: mostly one that can be loaded. */
function dataSelector(w: Writer): number {
  const { next } = w;
  if (chance(next, 6)) return pick(next, wrong);
  if (chance(next, 6)) return selectorOf(pick(next, bad));
  if (chance(next, 15)) return next() & 3;
  if (chance(next, 20)) return pick(next, [DATA_32, CODE_32, CODE_64]) & ~(next() & 3);
  return selectorOf(pick(next, names)) & ~(next() & 3);
}

/** mov ax, selector; mov sreg, ax: ES, FS or GS, now and then DS with the base it had, or SS and ESP. */
function load(w: Writer): void {
  const { next, ground } = w;
  const register = pick(next, [0, 0, 4, 4, 5]);
  w.size(16);
  w.emit(0xb8, ...littleEndian(dataSelector(w), 2), 0x8e, 0xc0 | (register << 3));
  if (register === 5 && !w.long && chance(next, 80)) restore(w, 5, selectorOf("flat"));
  if (register === 0 && chance(next, 85)) restore(w, 0, ground.segments[0]);
}
function restore(w: Writer, register: number, selector: number): void {
  w.size(16);
  w.emit(0xb8, ...littleEndian(selector, 2), 0x8e, 0xc0 | (register << 3));
}

/** Access through a segment that was loaded. */
function through(w: Writer): void {
  const { next } = w;
  const name = pick(next, names);
  const register = pick(next, [0, 4]);
  restore(w, register, selectorOf(name));
  const base = segmentAt(selectorOf(name))!.base;
  const prefix = [0x26, 0, 0, 0, 0x64][register];
  const at = DATA + someOffset(next) - base;
  const prefixes = w.ground.bits === 16 ? [0x67] : [];
  w.emit(
    prefix,
    ...prefixes,
    pick(next, [0x8b, 0x8a, 0x03, 0x39, 0x89, 0x88]),
    0x05 | (pick(next, [0, 1, 2, 6]) << 3),
    ...littleEndian(at >>> 0, 4),
  );
  if (register === 0) restore(w, 0, w.ground.segments[0]);
}

/** PUSH of one segment register, POP into another or into the same; MOV from one. */
function moved(w: Writer): void {
  const { next, ground } = w;
  if (chance(next, 30)) {
    const operation = { prefixes: chance(next, 30) ? [0x66] : [], opcode: [0x8c], reg: next() % 6 };
    if (chance(next, 50)) return w.memory(operation, someOffset(next, 2));
    return w.emit(...operation.prefixes, 0x8c, 0xc0 | (operation.reg << 3) | pick(next, [0, 1, 2, 6]));
  }
  const [fs, gs] = [
    [0x0f, 0xa0],
    [0x0f, 0xa8],
  ];
  const push = pick(next, w.long ? [fs, gs] : [[0x06], [0x0e], [0x16], [0x1e], fs, gs]);
  w.emit(...push);
  if (chance(next, 30)) return w.emit(0x58 | pick(next, [0, 1, 2, 6]));
  const same = [push[0] + (push.length === 1 ? 1 : 0), ...(push.length === 1 ? [] : [push[1] + 1])];
  if (push[0] !== 0x0e && chance(next, 40)) return w.emit(...same);
  w.emit(
    ...pick(
      next,
      w.long
        ? [
            [0x0f, 0xa1],
            [0x0f, 0xa9],
          ]
        : [[0x07], [0x0f, 0xa1]],
    ),
  );
  if (!w.long && chance(next, 80)) restore(w, 0, ground.segments[0]);
}

/** LES, LFS, LGS, LDS and LSS of a pointer in memory. */
function pointer(w: Writer): void {
  const { next, ground } = w;
  const at = 0x400 + (next() % 0x200);
  const wide = ground.bits !== 16;
  w.store(at, next(), wide ? 32 : 16);
  const all = ["es", "fs", "gs", "ds", "ss"] as const,
    long = ["fs", "gs", "ss"] as const;
  const which: (typeof all)[number] = pick(next, w.long ? long : all);
  const stays = { es: 0, fs: 0, gs: 0, ds: ground.segments[3], ss: ground.segments[2] }[which];
  w.store(at + (wide ? 4 : 2), stays || dataSelector(w), 16);
  const opcode = { es: [0xc4], ds: [0xc5], ss: [0x0f, 0xb2], fs: [0x0f, 0xb4], gs: [0x0f, 0xb5] }[which];
  // Neither the pointers nor the stack. Processors read offset and selector in one order or the other.
  w.plainly({ opcode, reg: pick(next, [0, 1, 2, 6, 7]) }, at);
  if (which === "gs" && !w.long) restore(w, 5, selectorOf("flat"));
  if (which === "es") restore(w, 0, ground.segments[0]);
}

/** Another stack segment, and back; nothing in between looks at all of ESP. */
function stack(w: Writer): void {
  const { next, ground } = w;
  const old = ground.segments[SS];
  const base = segmentAt(old)!.base;
  const name = pick(next, ["data16", "data32", "flat", "down16", "down32", "odd", "small"] as const);
  const chosen = selectorOf(chance(next, 5) ? pick(next, [...bad, "readOnly"] as const) : name);
  const to = (selector: number, base: number) => {
    restore(w, SS, selector);
    w.size(32);
    w.emit(0xbc, ...littleEndian((DATA + 0xc00 - base - (selector === selectorOf("small") ? 0x400 : 0)) >>> 0, 4));
  };
  to(chosen, segmentAt(chosen)!.base);
  w.emit(0x50, 0x51, 0x58, 0x59);
  if (chance(next, 50)) anyForm(w, { kind: "integer", registers: true });
  to(old, base);
}

// ---- far transfers ----

/** Code segments that the program's code can run in, by their size; each has the code page at CODE. */
const sizes: Readonly<Record<16 | 32, readonly SegmentName[]>> = {
  32: ["code32", "flatCode", "unreadable"],
  16: ["code16", "shortCode"],
};
/** Where a linear address lies in a code segment. */
const offsetIn = (selector: number, linear: number) => (linear - segmentAt(selector)!.base) >>> 0;

function codeSelector(w: Writer, bits: 16 | 32): number {
  const { next } = w;
  if (chance(next, 3))
    return chance(next, 50) ? selectorOf("absentCode") : pick(next, [0, 0x10, 0x2b, 0x1fff, selectorOf("data32")]);
  if (bits === 32 && chance(next, 30)) return CODE_32;
  // Beyond its limit, whether CALL has stored its return address by then differs.
  return selectorOf(
    pick(next, w.place === USUAL_PLACE ? sizes[bits] : sizes[bits].filter((name) => name !== "shortCode")),
  );
}
const known = (selector: number) => (segmentAt(selector)?.kind === "code" ? selector : CODE_32);

/** Far pointer in the instruction: 16:32, or 16:16 where offsets fit. */
function farPointer(w: Writer, opcode: number, selector: number, linear: number): void {
  w.size(32);
  w.emit(opcode, ...littleEndian(offsetIn(known(selector), linear), 4), ...littleEndian(selector, 2));
}

/** Into another segment, an instruction there, and home again. */
function jump(w: Writer): void {
  const { next, ground } = w;
  const home = ground.segments[CS];
  const bits = chance(next, 50) ? (ground.bits as 16 | 32) : ground.bits === 16 ? 32 : 16;
  const length = (w.ground.bits === 16 ? 1 : 0) + 7;
  farPointer(w, 0xea, codeSelector(w, bits), w.linear + length);
  foreign(w, bits, (inner) => {
    if (chance(next, 70)) anyForm(inner, { kind: "integer", registers: true });
    if (chance(next, 30)) return viaMemory(inner, home, 5);
    farPointer(inner, 0xea, home, inner.linear + (bits === 16 ? 1 : 0) + 7);
  });
}

/** JMP or CALL through a pointer in memory; what follows is where it leads. */
function viaMemory(w: Writer, selector: number, reg: 3 | 5): void {
  const at = 0x400 + (w.next() % 0x200);
  const { length } = w.bytes;
  // Written twice: the first time for its length.
  for (let target = 0, again = 0; again < 2; again++) {
    w.bytes.length = length;
    w.store(at, offsetIn(selector, target));
    w.store(at + 4, selector, 16);
    const prefixes = w.ground.bits === 16 ? [0x66] : [];
    w.plainly({ prefixes, opcode: [0xff], reg }, at);
    target = w.linear;
  }
}

/** Code of another size in the midst of a program: written with a ground of its own, at the same place. */
function foreign(w: Writer, bits: 16 | 32 | 64, write: (inner: Writer) => void): void {
  const ground: Ground = { ...w.ground, bits, kept: new Set([...w.ground.kept, 3, 4, 5, 10, 12, 13, 14, 15]) };
  const inner = new Writer(ground, w.next, undefined, w.rare, w.place);
  inner.bytes.push(...w.bytes);
  write(inner);
  w.bytes.push(...inner.bytes.slice(w.bytes.length));
}

/** CALL of a routine in another segment, perhaps of the other size, that returns far. */
function call(w: Writer): void {
  const { next, ground } = w;
  const bits = chance(next, 50) ? (ground.bits as 16 | 32) : ground.bits === 16 ? 32 : 16;
  const target = w.linear + 2;
  w.over(() =>
    foreign(w, bits, (inner) => {
      for (let n = next() % 3; n > 0; n--) anyForm(inner, { kind: "integer", registers: true });
      inner.size(32);
      inner.emit(...(chance(next, 20) ? [0xca, 4 * (next() & 1), 0] : [0xcb]));
    }),
  );
  const selector = codeSelector(w, bits);
  if (chance(next, 70)) return farPointer(w, 0x9a, selector, target);
  const at = 0x400 + (next() % 0x200);
  w.store(at, offsetIn(known(selector), target));
  w.store(at + 4, selector, 16);
  w.plainly({ prefixes: ground.bits === 16 ? [0x66] : [], opcode: [0xff], reg: 3 }, at);
}

/** IRET to the same ring: flags, CS and where it goes on. */
function interruptReturn(w: Writer): void {
  const { next, ground } = w;
  const one = codeSelector(w, ground.bits as 16 | 32);
  // What follows stands at the same place.
  const selector = segmentAt(one)?.base === ground.codeBase || chance(next, 5) ? one : ground.segments[CS];
  const { length } = w.bytes;
  for (let target = 0, again = 0; again < 2; again++) {
    w.bytes.length = length;
    for (const [opcode, value] of [[0x9c], [0x68, selector], [0x68, offsetIn(known(selector), target)], [0xcf]]) {
      w.size(32);
      w.emit(opcode, ...(value === undefined ? [] : littleEndian(value, 4)));
    }
    target = w.linear;
  }
  if (chance(next, 30)) anyForm(w, { kind: "integer", registers: true });
}

/** From 64-bit code to a 32-bit segment by RETF, and back by a far jump. */
function compatibility(w: Writer): void {
  const { next } = w;
  const selector = chance(next, 60) ? CODE_32 : selectorOf("flatCode");
  // push selector; push target; retf
  w.emit(0x68, ...littleEndian(selector, 4), 0x68, ...littleEndian(w.linear + 12, 4), 0x48, 0xcb);
  foreign(w, 32, (inner) => {
    for (let n = next() % 3; n > 0; n--) anyForm(inner, { kind: "integer", registers: true });
    farPointer(inner, 0xea, CODE_64, inner.linear + 7);
  });
}

/** Far jumps and calls through memory to the next instruction; the call's return address comes off the stack again. */
function longFar(w: Writer): void {
  const calls = chance(w.next, 50);
  viaMemory(w, CODE_64, calls ? 3 : 5);
  if (calls) w.emit(0x58 | pick(w.next, [0, 1, 2, 6]));
}

/** FS and GS bases in 64-bit mode. */
function bases(w: Writer): void {
  const { next } = w;
  const [gs, register] = [next() & 1, pick(next, [0, 1, 2, 6])];
  if (chance(next, 90)) w.emit(0xb8 | register, ...littleEndian(DATA + (next() % 0x800), 4));
  const wide = chance(next, 70) ? [0x48] : [];
  w.emit(0xf3, ...wide, 0x0f, 0xae, 0xd0 | (gs << 3) | register);
  w.emit(gs ? 0x65 : 0x64, 0x8b, 0x04, 0x25, ...littleEndian(next() % 0x400, 4));
  w.emit(0xf3, ...wide, 0x0f, 0xae, 0xc0 | (gs << 3) | register);
}

/** IRETQ to the same ring: SS and RSP come from the frame too. */
function longReturn(w: Writer): void {
  const { next } = w;
  // mov rcx, rsp; push ss; push rcx; pushfq; push cs; push target; iretq
  w.emit(0x48, 0x89, 0xe1, 0x6a, pick(next, [DATA_32, DATA_32, DATA_32, 0x03, 0x28]), 0x51, 0x9c, 0x6a, CODE_64);
  w.emit(0x68, ...littleEndian(w.linear + 7, 4), 0x48, 0xcf);
}

// ---- and what looks at selectors and bounds ----

function looked(w: Writer): void {
  const { next } = w;
  w.size(16);
  w.emit(0xb8, ...littleEndian(dataSelector(w), 2));
  const reg = pick(next, [1, 2, 6]);
  const rex = w.long && chance(next, 30) ? [0x48] : [];
  switch (next() % 4) {
    case 0: {
      w.emit(...rex, 0x0f, 0x02, 0xc0 | (reg << 3) | AX);
      // LAR leaves bits 16 to 19 undefined: and reg, fff0ffff
      const bytes = littleEndian(0xfff0_ffff, 4);
      w.size(32);
      w.emit(0x81, 0xe0 | reg, ...bytes, 0x39, 0xc8);
      return;
    }
    case 1:
      return w.emit(...rex, 0x0f, 0x03, 0xc0 | (reg << 3) | AX);
  }
  // VERR, VERW
  w.emit(0x0f, 0x00, 0xe0 | (next() & 8) | AX);
}

function adjusted(w: Writer): void {
  const { next } = w;
  if (chance(next, 50)) return w.emit(0x63, 0xc0 | (pick(next, [0, 1, 2, 6]) << 3) | pick(next, [0, 1, 2, 6]));
  // Whether a page is written to that needs no change depends on the processor; the manual has #GP for segments only.
  w.plainly({ opcode: [0x63], reg: pick(next, [0, 1, 2, 6]) }, 0x400 + (next() % 0x400));
}

/** BOUND: mostly inside. */
function bounded(w: Writer): void {
  const { next, ground } = w;
  const at = 0x400 + (next() % 0x200);
  const register = pick(next, [0, 1, 2, 6, 7]);
  const size = ground.bits as 16 | 32;
  w.store(at, -(next() % 100), size);
  w.store(at + size / 8, next() % 100, size);
  w.emit(0xb8 | register);
  w.emitWord((next() % 110) - (chance(next, 5) ? 0 : 100));
  w.memory({ opcode: [0x62], reg: register }, at);
}

const legacy = [
  load,
  load,
  through,
  through,
  moved,
  pointer,
  stack,
  jump,
  jump,
  call,
  call,
  interruptReturn,
  looked,
  adjusted,
  bounded,
];
const long = [load, moved, pointer, looked, compatibility, compatibility, longReturn, longFar, bases];
export const far = (w: Writer): void => pick(w.next, w.long ? long : legacy)(w);
