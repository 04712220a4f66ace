/** Moves that change no flags. */
import {
  address,
  constant,
  type Expression,
  fit,
  load,
  low,
  numberOf,
  plus,
  RAX,
  RDX,
  register,
  sar,
  sext,
  system,
  zext,
} from "./expression";
import { callSystem, instruction, setRegister, write } from "./notation";

export const mov = instruction("mov", {
  forms: [
    "88 /r Eb,Gb",
    "89 /r Ev,Gv",
    "8A /r Gb,Eb",
    "8B /r Gv,Ev",
    "A0 AL,Ob",
    "A1 rAX,Ov",
    "A2 Ob,AL",
    "A3 Ov,rAX",
    "B0 +r Zb,Ib",
    "B8 +r Zv,Iv",
    "C6 /0 Eb,Ib",
    "C7 /0 Ev,Iz",
  ],
  operands: { dst: "write", src: "read" },
  result: ({ src }) => src,
  section: "SDM 2B MOV",
  text: "Copies the source to the destination.",
});

/** To memory always 16 bits; to a register the operand size, zero-extended. */
export const movFromSegment = instruction("mov", {
  forms: ["8C /r Mw,Sw", "8C /r Rv,Sw"],
  operands: { dst: "write", src: "read" },
  result: ({ dst, src }) => fit(dst.width, src),
  section: "SDM 2B MOV",
  text: "Copies a segment selector to the destination.",
});

export const movToSegment = instruction("mov", {
  forms: ["8E /r Sw,Ew"],
  operands: { dst: "none", src: "read" },
  loadsSegment: true,
  endsBlock: true,
  does: ({ src }) => [callSystem("loadSegment", numberOf(0), src)],
  section: "SDM 2B MOV",
  text: "Loads a segment register from a selector.",
});

export const movFromControl = instruction("mov", {
  forms: ["0F 20 /r Rd,Cd {i64}", "0F 20 /r Rq,Cq {o64}"],
  operands: { dst: "write", src: "none" },
  privilege: 0,
  result: ({ dst }) => low(dst.width, system("readControl", 64, numberOf(1))),
  section: "SDM 2B MOV—Move to/from Control Registers",
  text: "Copies a control register.",
});

export const movToControl = instruction("mov", {
  forms: ["0F 22 /r Cd,Rd {i64}", "0F 22 /r Cq,Rq {o64}"],
  operands: { dst: "none", src: "read" },
  privilege: 0,
  endsBlock: true,
  does: ({ src }) => [callSystem("writeControl", numberOf(0), src)],
  section: "SDM 2B MOV—Move to/from Control Registers",
  text: "Loads a control register.",
});

export const movFromDebug = instruction("mov", {
  forms: ["0F 21 /r Rd,Dd {i64}", "0F 21 /r Rq,Dq {o64}"],
  operands: { dst: "write", src: "none" },
  privilege: 0,
  result: ({ dst }) => low(dst.width, system("readDebug", 64, numberOf(1))),
  section: "SDM 2B MOV—Move to/from Debug Registers",
  text: "Copies a debug register.",
});

export const movToDebug = instruction("mov", {
  forms: ["0F 23 /r Dd,Rd {i64}", "0F 23 /r Dq,Rq {o64}"],
  operands: { dst: "none", src: "read" },
  privilege: 0,
  endsBlock: true,
  does: ({ src }) => [callSystem("writeDebug", numberOf(0), src)],
  section: "SDM 2B MOV—Move to/from Debug Registers",
  text: "Loads a debug register.",
});

export const movzx = instruction("movzx", {
  forms: ["0F B6 /r Gv,Eb", "0F B7 /r Gv,Ew"],
  operands: { dst: "write", src: "read" },
  result: ({ dst, src }) => zext(dst.width, src),
  section: "SDM 2B MOVZX",
  text: "Copies the source, extended with zeros.",
});

export const movsx = instruction("movsx", {
  forms: ["0F BE /r Gv,Eb", "0F BF /r Gv,Ew"],
  operands: { dst: "write", src: "read" },
  result: ({ dst, src }) => sext(dst.width, src),
  section: "SDM 2B MOVSX/MOVSXD",
  text: "Copies the source, extended with its sign.",
});

/** Without REX.W a plain move of 16 or 32 bits. */
export const movsxd = instruction("movsxd", {
  forms: ["63 /r Gv,Ez {o64}"],
  operands: { dst: "write", src: "read" },
  result: ({ dst, src }) => sext(dst.width, src),
  section: "SDM 2B MOVSX/MOVSXD",
  text: "Copies a 32-bit source, extended with its sign.",
});

/** The non-temporal hint means nothing here. */
export const movnti = instruction("movnti", {
  forms: ["NP 0F C3 /r My,Gy"],
  operands: { dst: "write", src: "read" },
  result: ({ src }) => src,
  section: "SDM 2B MOVNTI",
  text: "Stores a register, hinting that it will not be read soon.",
});

export const lea = instruction("lea", {
  forms: ["8D /r Gv,M"],
  operands: { dst: "write", src: "address" },
  result: ({ dst }, context) => fit(dst.width, address(context.addressSize, 1)),
  section: "SDM 2A LEA",
  text: "Computes the address of the operand without reading it.",
});

export const xlat = instruction("xlatb", {
  forms: ["D7 BBb"],
  operands: { table: "address" },
  does: (_, { addressSize }) => [
    setRegister(RAX, load(8, "operand", plus(address(addressSize, 0), zext(addressSize, register(RAX, 8))))),
  ],
  section: "SDM 2D XLAT/XLATB",
  text: "Replaces AL by the byte at its place in the table at rBX.",
});

const signFill = (value: Expression): Expression => sar(value, constant(value.width, value.width - 1));

/** AL to AX, AX to EAX, EAX to RAX. */
for (const [name, width, attribute] of [
  ["cbw", 16, "o16"],
  ["cwde", 32, "o32"],
  ["cdqe", 64, "o64v"],
] as const) {
  instruction(name, {
    forms: [`98 {${attribute}}`],
    does: () => [setRegister(RAX, sext(width, register(RAX, (width / 2) as 8 | 16 | 32)))],
    section: "SDM 2A CBW/CWDE/CDQE",
    text: "Doubles the width of the accumulator, extending its sign.",
  });
}

for (const [name, width, attribute] of [
  ["cwd", 16, "o16"],
  ["cdq", 32, "o32"],
  ["cqo", 64, "o64v"],
] as const) {
  instruction(name, {
    forms: [`99 {${attribute}}`],
    does: () => [setRegister(RDX, signFill(register(RAX, width)))],
    section: "SDM 2A CWD/CDQ/CQO",
    text: "Fills rDX with the sign of rAX.",
  });
}

/** Far pointer loads: the segment register first, since loading it may fault. */
for (const [name, opcode, segment] of [
  ["les", "C4 /r Gv,Mp {i64}", 0],
  ["lds", "C5 /r Gv,Mp {i64}", 3],
  ["lss", "0F B2 /r Gv,Mp", 2],
  ["lfs", "0F B4 /r Gv,Mp", 4],
  ["lgs", "0F B5 /r Gv,Mp", 5],
] as const) {
  instruction(name, {
    forms: [opcode],
    operands: { dst: "write", src: "address" },
    endsBlock: true,
    does: ({ dst }, { addressSize }) => {
      const pointer = address(addressSize, 1);
      const offset = load(dst.width, "operand", pointer);
      const selector = load(16, "operand", plus(pointer, constant(addressSize, dst.width / 8)));
      return [callSystem("loadPointerSegment", constant(64, segment), selector), write(0, offset)];
    },
    section: "SDM 2A LDS/LES/LFS/LGS/LSS",
    text: "Loads a far pointer: the register and the segment register.",
  });
}
