/** SSE: any form, MXCSR, and what has fixed registers. */
import { DATA } from "../../cases";
import { littleEndian } from "../../media/addresses";
import { chance } from "./dice";
import { anyForm } from "./forms";
import type { Writer } from "./writer";

function settings(w: Writer): void {
  const { next } = w;
  const at = 0x600 + 4 * (next() % 32);
  const masks = chance(next, 8) ? 0x1f80 & next() : 0x1f80;
  const rounding = chance(next, 50) ? 0 : next() & 0x6000;
  w.store(at, masks | rounding | (chance(next, 25) ? next() & 0x8040 : 0) | (chance(next, 40) ? next() & 0x3f : 0));
  w.memory({ opcode: [0x0f, 0xae], reg: 2 }, at);
}

/** MASKMOVDQU and MASKMOVQ store at rDI: what faults when the mask selects nothing there differs (SDM 2B MASKMOVDQU). */
function maskedStore(w: Writer): void {
  const { next, ground } = w;
  w.emit(0xbf);
  w.emitWord(DATA + 0x200 + 16 * (next() % 64) - ground.dataBase);
  const modrm = 0xc0 | (next() & 0x3f);
  w.emit(...(chance(next, 70) ? [0x66] : []), 0x0f, 0xf7, modrm);
}

/** Lengths of texts for PCMPESTRx in EAX and EDX. */
function texts(w: Writer): void {
  const { next } = w;
  for (const register of [0, 2]) {
    w.size(32);
    w.emit(0xb8 | register, ...littleEndian((next() % 43) - 21, 4));
  }
  anyForm(w, { kind: "sse", only: ({ instruction: { name } }) => /^pcmp[ei]str/.test(name) });
}

export function vectors(w: Writer): void {
  const dice = w.next() % 16;
  if (dice === 0) return settings(w);
  if (dice === 1) return maskedStore(w);
  if (dice === 2) return texts(w);
  for (let n = 1 + (w.next() % 3); n > 0; n--) anyForm(w, { kind: "sse" });
}
