/** Far transfers between segments of any size: JMP, CALL, RETF and IRET, with pointers in the instruction and in memory. */
import { littleEndian } from "../../media/addresses";
import { USUAL_PLACE } from "../cases";
import { CODE_32, CODE_64, CS, DATA_32, type SegmentName, segmentAt, selectorOf } from "../segments";
import { chance, pick } from "./dice";
import { anyForm } from "./forms";
import type { Ground } from "./ground";
import { Writer } from "./writer";

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

/** IRET to the same ring: flags, CS and where it goes on; with 16 bits of each where that reaches. */
function interruptReturn(w: Writer): void {
  const { next, ground } = w;
  const one = codeSelector(w, ground.bits as 16 | 32);
  // What follows stands at the same place.
  const selector = segmentAt(one)?.base === ground.codeBase || chance(next, 5) ? one : ground.segments[CS];
  const size = ground.codeBase !== 0 && known(selector) === selector && chance(next, 40) ? 16 : 32;
  const { length } = w.bytes;
  for (let target = 0, again = 0; again < 2; again++) {
    w.bytes.length = length;
    for (const [opcode, value] of [[0x9c], [0x68, selector], [0x68, offsetIn(known(selector), target)], [0xcf]]) {
      w.size(size);
      w.emit(opcode, ...(value === undefined ? [] : littleEndian(value, size / 8)));
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

/** IRETQ to the same ring: SS and RSP come from the frame too. */
function longReturn(w: Writer): void {
  const { next } = w;
  // mov rcx, rsp; push ss; push rcx; pushfq; push cs; push target; iretq
  w.emit(0x48, 0x89, 0xe1, 0x6a, pick(next, [DATA_32, DATA_32, DATA_32, 0x03, 0x28]), 0x51, 0x9c, 0x6a, CODE_64);
  w.emit(0x68, ...littleEndian(w.linear + 7, 4), 0x48, 0xcf);
}

const legacy = [jump, jump, call, call, interruptReturn];
const long = [compatibility, compatibility, longReturn, longFar];
export const transfers = (w: Writer): void => pick(w.next, w.long ? long : legacy)(w);
