/** String instructions with and without REP, in both directions, over page ends, in any segment. */
import { DATA } from "../../cases";
import { PAGE } from "../cases";
import { chance, pick } from "./dice";
import type { Writer } from "./writer";

const OPCODES = [0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf];
const RCX = 1,
  RSI = 6,
  RDI = 7;
const STD = 0xfd,
  CLD = 0xfc;

export function strings(w: Writer): void {
  const { next, ground } = w;
  const place = () =>
    chance(next, 80) ? 0x200 + (next() % 0x500) : chance(next, 60) ? PAGE - (next() % 40) : next() % (2 * PAGE);
  const load = (register: number, value: number) => {
    w.emit(0xb8 | register);
    w.emitWord(value);
  };
  const address = () => DATA + place() - ground.dataBase;
  load(RSI, address());
  load(RDI, address());
  load(RCX, next() % 50);
  const backward = chance(next, 20);
  if (backward) w.emit(STD);
  if (!w.long && chance(next, 15)) w.emit(pick(next, [0x26, 0x36, 0x3e, 0x3e, 0x2e, 0x64]));
  // In 16-bit code the upper halves are whatever they are.
  if (chance(next, ground.bits === 64 ? 15 : ground.bits === 32 && ground.dataBase ? 10 : 1)) w.emit(0x67);
  if (chance(next, 70)) w.emit(0xf2 + (next() & 1));
  const opcode = pick(next, OPCODES);
  if (opcode & 1 && chance(next, 40)) w.emit(w.long && chance(next, 60) ? 0x48 : 0x66);
  w.emit(opcode);
  if (backward && chance(next, 95)) w.emit(CLD);
}
