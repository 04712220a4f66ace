/**
 * String instructions: one iteration each; the framework repeats them under REP, REPE and REPNE (SDM 2B REP). rSI and rDI have the
 * address size and move by the operand size, down if DF is set. Under REPE and REPNE flags are set by the last element: a fault or an
 * interrupt before it shows them as they were.
 */
import {
  and,
  constant,
  type Expression,
  flag,
  low,
  minus,
  neg,
  or,
  plus,
  RDI,
  RDX,
  register,
  RSI,
  select,
  system,
  type Width,
} from "./expression";
import { subtraction } from "./flags";
import { callSystem, type Context, type Effect, instruction, setRegister, write } from "./notation";

function moved(pointer: number, width: Width, { addressSize }: Context): Effect {
  const step = constant(addressSize, width / 8);
  return setRegister(pointer, plus(register(pointer, addressSize), select(flag("df"), neg(step), step)));
}

export const movs = instruction("movs", {
  forms: ["A4 Yb,Xb", "A5 Yv,Xv"],
  operands: { dst: "write", src: "read" },
  repeat: "plain",
  does: ({ src }, context) => [write(0, src), moved(RSI, src.width, context), moved(RDI, src.width, context)],
  section: "SDM 2B MOVS",
  text: "Copies an element from DS:rSI to ES:rDI.",
});

export const cmps = instruction("cmps", {
  forms: ["A6 Xb,Yb", "A7 Xv,Yv"],
  operands: { dst: "read", src: "read" },
  repeat: "compare",
  result: ({ dst, src }) => minus(dst, src),
  does: ({ src }, context) => [moved(RSI, src.width, context), moved(RDI, src.width, context)],
  flags: subtraction,
  section: "SDM 2A CMPS",
  text: "Compares the elements at DS:rSI and ES:rDI.",
});

export const stos = instruction("stos", {
  forms: ["AA Yb,AL", "AB Yv,rAX"],
  operands: { dst: "write", src: "read" },
  repeat: "plain",
  does: ({ src }, context) => [write(0, src), moved(RDI, src.width, context)],
  section: "SDM 2B STOS",
  text: "Stores the accumulator at ES:rDI.",
});

export const lods = instruction("lods", {
  forms: ["AC AL,Xb", "AD rAX,Xv"],
  operands: { dst: "write", src: "read" },
  repeat: "plain",
  does: ({ src }, context) => [write(0, src), moved(RSI, src.width, context)],
  section: "SDM 2A LODS",
  text: "Loads the accumulator from DS:rSI.",
});

export const scas = instruction("scas", {
  forms: ["AE AL,Yb", "AF rAX,Yv"],
  operands: { dst: "read", src: "read" },
  repeat: "compare",
  result: ({ dst, src }) => minus(dst, src),
  does: ({ src }, context) => [moved(RDI, src.width, context)],
  flags: subtraction,
  section: "SDM 2B SCAS",
  text: "Compares the accumulator with the element at ES:rDI.",
});

const port = register(RDX, 16);
const bytes = (width: Width): Expression => constant(64, width / 8);

/** The destination is read first, only so that a page fault comes before the port is touched. */
export const ins = instruction("ins", {
  forms: ["6C Yb,DX", "6D Yz,DX"],
  operands: { dst: "readwrite", port: "none" },
  repeat: "plain",
  privilege: "port",
  does: ({ dst }, context) => [
    write(0, or(and(dst, constant(dst.width, 0)), low(dst.width, system("portIn", 64, port, bytes(dst.width))))),
    moved(RDI, dst.width, context),
  ],
  section: "SDM 2A INS",
  text: "Reads a port to ES:rDI.",
});

export const outs = instruction("outs", {
  forms: ["6E DX,Xb", "6F DX,Xz"],
  operands: { port: "none", src: "read" },
  repeat: "plain",
  privilege: "port",
  does: ({ src }, context) => [callSystem("portOut", port, bytes(src.width), src), moved(RSI, src.width, context)],
  section: "SDM 2B OUTS",
  text: "Writes the element at DS:rSI to a port.",
});

export const input = instruction("in", {
  forms: ["E4 AL,Ib", "E5 eAX,Ib", "EC AL,DX", "ED eAX,DX"],
  operands: { dst: "write", port: "read" },
  result: ({ dst, port }) => low(dst.width, system("portIn", 64, port, bytes(dst.width))),
  section: "SDM 2A IN",
  text: "Reads a port.",
});

export const output = instruction("out", {
  forms: ["E6 Ib,AL", "E7 Ib,eAX", "EE DX,AL", "EF DX,eAX"],
  operands: { port: "read", src: "read" },
  does: ({ port, src }) => [callSystem("portOut", port, bytes(src.width), src)],
  section: "SDM 2B OUT",
  text: "Writes a port.",
});
