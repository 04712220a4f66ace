/** Segment registers: loads of every kind, accesses through them, and what looks at selectors and bounds. */
import { DATA } from "../../cases";
import { littleEndian } from "../../media/addresses";
import { CODE_32, CODE_64, DATA_32, SS, type SegmentName, segmentAt, selectorOf } from "../segments";
import { chance, pick } from "./dice";
import { anyForm, someOffset } from "./forms";
import type { Writer } from "./writer";

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

const legacy = [load, load, through, through, moved, pointer, stack, looked, adjusted, bounded];
const long = [load, moved, pointer, looked, bases];
export const selectors = (w: Writer): void => pick(w.next, w.long ? long : legacy)(w);
