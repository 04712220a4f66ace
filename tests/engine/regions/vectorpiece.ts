/** One random instruction with xmm registers, of any form there is, for programs.ts. */
import { type Form, forms } from "../../../src/engine/decode/forms";
import type { Next, Writer } from "./programs";

const letterOf = (form: Form, n: number) => {
  const operand = form.operands[n];
  return operand?.kind === "letter" ? operand.letter : "";
};
/** What has mm registers, or fixed places of memory, is the interpreter's alone. */
const usable = forms.filter(
  (form) =>
    form.instruction.unit === "sse" &&
    form.reg === undefined &&
    form.operands.every((_, n) => !["P", "Q", "N", "DI"].includes(letterOf(form, n))),
);

/** A few forms for one program: each new one costs a compilation. */
export function paletteOf(next: Next, long: boolean): readonly Form[] {
  const fitting = usable.filter((form) => (long ? form.inLong : form.inLegacy));
  return Array.from({ length: 8 }, () => fitting[next() % fitting.length]);
}

/** Registers that may be written, data at R12 and R13 (or EBX), 16 bytes mostly where they are aligned. */
export function vector(w: Writer, next: Next, palette: readonly Form[], registers: readonly number[]): void {
  const form = palette[next() % palette.length];
  const letters = form.operands.map((_, n) => letterOf(form, n));
  const wide = w.long && (form.onlySize === 64 || next() % 4 === 0);
  const pick = (general: boolean) => (general ? registers[next() % registers.length] : next() % (w.long ? 16 : 8));
  const reg = pick(letters.includes("G"));
  const registersOnly = letters.some((letter) => letter === "R" || letter === "U");
  const toMemory = !registersOnly && (letters.includes("M") || next() % 3 === 0);
  const rm = toMemory ? 12 : pick(letters.includes("E") || letters.includes("R"));
  if (form.prefix && form.prefix !== "NP") w.emit(parseInt(form.prefix, 16));
  w.rex((wide ? 8 : 0) | ((reg >> 3) << 2) | (rm >> 3));
  w.emit(...[[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]][form.map], form.opcode);
  if (toMemory) {
    const place = next() % 0x200;
    const displacement = next() % 8 === 0 ? 0xff8 + (next() % 16) : next() % 8 ? place & ~15 : place;
    if (w.long) w.emit(0x84 | ((reg & 7) << 3), 0x24);
    else w.emit(0x83 | ((reg & 7) << 3));
    w.emit32(displacement);
  } else w.emit(0xc0 | ((reg & 7) << 3) | (rm & 7));
  if (letters.includes("I")) w.emit(next() & 0xff);
}
