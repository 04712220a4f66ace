/** Instructions about single flags. */
import {
  and,
  bit,
  constant,
  type Expression,
  type Flag,
  flag,
  highByte,
  not,
  or,
  RAX,
  shl,
  system,
  zext,
} from "./expression";
import { callSystem, type Effect, instruction, setFlag } from "./notation";

for (const { name, opcode, effect, text } of [
  { name: "clc", opcode: "F8", effect: setFlag("cf", constant(1, 0)), text: "Clears the carry flag." },
  { name: "stc", opcode: "F9", effect: setFlag("cf", constant(1, 1)), text: "Sets the carry flag." },
  { name: "cmc", opcode: "F5", effect: setFlag("cf", not(flag("cf"))), text: "Inverts the carry flag." },
  { name: "cld", opcode: "FC", effect: setFlag("df", constant(1, 0)), text: "String instructions go up." },
  { name: "std", opcode: "FD", effect: setFlag("df", constant(1, 1)), text: "String instructions go down." },
]) {
  instruction(name, { forms: [opcode], does: () => [effect], section: `SDM 2A ${name.toUpperCase()}`, text });
}

export const cli = instruction("cli", {
  forms: ["FA"],
  privilege: "iopl",
  endsBlock: true,
  does: () => [callSystem("clearInterrupts")],
  section: "SDM 2A CLI",
  text: "Holds off interrupts.",
});

export const sti = instruction("sti", {
  forms: ["FB"],
  privilege: "iopl",
  endsBlock: true,
  does: () => [callSystem("setInterrupts")],
  section: "SDM 2B STI",
  text: "Allows interrupts, from after the next instruction on.",
});

/** EFLAGS.AC lifts SMAP (SDM 3, 4.6). Everything else keeps its value, since the privilege is 0. */
const alignmentCheck = constant(64, 1n << 18n);

export const stac = instruction("stac", {
  forms: ["NP 0F 01 CB"],
  privilege: 0,
  privilegeFault: "#UD",
  endsBlock: true,
  does: () => [callSystem("setFlags", or(system("getFlags", 64), alignmentCheck), constant(64, 32))],
  section: "SDM 2B STAC",
  text: "Lets the kernel touch user pages.",
});

export const clac = instruction("clac", {
  forms: ["NP 0F 01 CA"],
  privilege: 0,
  privilegeFault: "#UD",
  endsBlock: true,
  does: () => [callSystem("setFlags", and(system("getFlags", 64), not(alignmentCheck)), constant(64, 32))],
  section: "SDM 2A CLAC",
  text: "Keeps the kernel from touching user pages.",
});

/** Status flags at their places in AH (SDM 2A LAHF). */
const inAh: readonly (readonly [Flag, number])[] = [
  ["cf", 0],
  ["pf", 2],
  ["af", 4],
  ["zf", 6],
  ["sf", 7],
];
const packed = (): Expression =>
  inAh.reduce(
    (sum, [name, place]) => or(sum, shl(zext(8, flag(name)), constant(8, place))),
    constant(8, 2) as Expression,
  );

export const lahf = instruction("lahf", {
  forms: ["9F"],
  does: () => [{ kind: "setRegister", register: RAX, value: packed(), high: true }],
  section: "SDM 2A LAHF",
  text: "Copies the status flags to AH.",
});

export const sahf = instruction("sahf", {
  forms: ["9E"],
  does: (): Effect[] => inAh.map(([name, place]) => setFlag(name, bit(highByte(RAX), place))),
  section: "SDM 2B SAHF",
  text: "Copies AH to the status flags.",
});

export const salc = instruction("salc", {
  forms: ["D6 {i64}"],
  does: () => [{ kind: "setRegister", register: RAX, value: signOfCarry() }],
  section: "AMD 3 appendix A (undocumented by Intel)",
  text: "Fills AL with the carry flag.",
});

function signOfCarry(): Expression {
  return { kind: "sext", width: 8, a: flag("cf") };
}
