/**
 * Programs that write into their own code: ahead of them, behind them, and into the instruction that comes next, with or without a jump in
 * between (SDM 3, 11.6: a jump is asked for; processors notice without).
 */
import { CODE } from "../../cases";
import { littleEndian } from "../../media/addresses";
import { chance, pick } from "./dice";
import { anyForm } from "./forms";
import type { Writer } from "./writer";

const GS_PREFIX = 0x65;
/** MOV to a linear address: GS is flat in legacy programs. */
function storeAt(w: Writer, linear: number, bytes: readonly number[]): void {
  const { bits } = w.ground;
  const [opcode, size] = bytes.length === 1 ? [0xc6, []] : [0xc7, (bytes.length === 2) === (bits === 16) ? [] : [0x66]];
  const address = littleEndian(linear, 4);
  if (w.long) return w.emit(...size, opcode, 0x04, 0x25, ...address, ...bytes);
  w.emit(GS_PREFIX, ...(bits === 16 ? [0x67] : []), ...size, opcode, 0x05, ...address, ...bytes);
}
const storeLength = (w: Writer, bytes: number) => {
  const from = w.bytes.length;
  storeAt(
    w,
    0,
    Array.from({ length: bytes }, () => 0),
  );
  const { length } = w.bytes;
  w.bytes.length = from;
  return length - from;
};

/** MOV AL, n, where n is a mark. */
function marked(w: Writer): void {
  w.emit(0xb0, w.next() & 0xff);
  w.marks.push(w.linear - 1);
}

/** Into the immediate of an instruction a little further on. */
function ahead(w: Writer): void {
  const { next } = w;
  const between = chance(next, 60) ? [0xeb, 0] : chance(next, 50) ? [0x90] : [];
  const target = w.linear + storeLength(w, 1) + between.length + 1;
  storeAt(w, target, [next() & 0xff]);
  w.emit(...between);
  marked(w);
}

/** Other instructions in place of three bytes: inc eax; a move; a short jump to the next one. */
const REPLACEMENTS = [
  [0xff, 0xc0, 0x90, 0x90],
  [0x89, 0xc8, 0x31, 0xd2],
  [0xeb, 0x02, 0x0f, 0x0b],
  [0x90, 0x83, 0xc0, 0x05],
];
function replaced(w: Writer): void {
  const { next } = w;
  const bytes = pick(next, REPLACEMENTS);
  const size = w.ground.bits === 16 ? 2 : 4;
  const parts = [bytes.slice(0, size), ...(size === 2 ? [bytes.slice(2)] : [])];
  const jump = chance(next, 60) ? [0xeb, 0] : [];
  const target = w.linear + parts.length * storeLength(w, size) + jump.length;
  parts.forEach((part, n) => storeAt(w, target + 2 * n, part));
  w.emit(...jump, ...pick(next, REPLACEMENTS));
}

/** Into an immediate that was written before: the loop comes there again. */
function behind(w: Writer): void {
  if (w.marks.length === 0) return marked(w);
  storeAt(w, pick(w.next, w.marks), [w.next() & 0xff]);
}

/** REP MOVSB of an instruction over another one. */
function copied(w: Writer): void {
  const { next } = w;
  if (!w.long && !(w.ground.dataBase === 0 && w.ground.bits === 32)) return ahead(w);
  const from = w.linear + 17 + 2;
  w.emit(0xbe, ...littleEndian(from, 4), 0xbf, ...littleEndian(from + 2, 4), 0xb9, 2, 0, 0, 0, 0xf3, 0xa4);
  if (chance(next, 60)) w.emit(0xeb, 0);
  else w.emit(0x90, 0x90);
  w.emit(0xb0, next() & 0xff, 0xb4, next() & 0xff);
}

/** What stands in the code page is data as well. */
function readBack(w: Writer): void {
  const at = CODE + w.place + (w.next() % Math.max(w.bytes.length, 1));
  const { bits } = w.ground;
  if (w.long) w.emit(0x8b, 0x04, 0x25, ...littleEndian(at, 4));
  else w.emit(GS_PREFIX, ...(bits === 16 ? [0x67] : []), 0x8b, 0x05, ...littleEndian(at, 4));
}

export function rewriting(w: Writer): void {
  pick(w.next, [ahead, ahead, replaced, behind, behind, behind, marked, copied, readBack])(w);
  if (chance(w.next, 50)) anyForm(w, { kind: "integer" });
}
