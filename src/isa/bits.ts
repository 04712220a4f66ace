/** Bit tests, bit scans, byte order. */
import {
  address,
  and,
  bswap,
  clz,
  constant,
  ctz,
  type Expression,
  isZero,
  load,
  low,
  minus,
  not,
  or,
  plus,
  popcount,
  sar,
  sext,
  shl,
  shr,
  type Width,
  xor,
} from "./expression";
import {
  type Context,
  type Effect,
  type FlagRules,
  instruction,
  type Operands,
  setFlag,
  store,
  when,
  write,
} from "./notation";

type Change = (value: Expression, mask: Expression) => Expression;

/** What the four do to the tested bit, by their number in the encodings; BT does nothing. */
const family: readonly { name: string; change: Change | undefined; text: string }[] = [
  { name: "bt", change: undefined, text: "Copies a bit to the carry flag." },
  { name: "bts", change: or, text: "Copies a bit to the carry flag and sets it." },
  {
    name: "btr",
    change: (value, mask) => and(value, not(mask)),
    text: "Copies a bit to the carry flag and clears it.",
  },
  { name: "btc", change: xor, text: "Copies a bit to the carry flag and inverts it." },
];
const flags: FlagRules = { of: "undefined", sf: "undefined", af: "undefined", pf: "undefined" };

const position = (index: Expression): Expression => and(index, constant(index.width, index.width - 1));
const tested = (value: Expression, index: Expression): Expression => low(1, shr(value, position(index)));
const mask = (index: Expression): Expression => shl(constant(index.width, 1), position(index));

/** Register, or any operand with an immediate: the bit number is taken modulo the operand size. */
function inOperand({ dst, src }: Operands, change: Change | undefined): Effect[] {
  const effects = [setFlag("cf", tested(dst, src))];
  if (change) effects.unshift(write(0, change(dst, mask(src))));
  return effects;
}

/** Memory with a bit number in a register: a bit string that reaches from the address both ways (SDM 2A, table 3-2). */
function inBitString({ src }: Operands, context: Context, change: Change | undefined): Effect[] {
  const size: Width = context.operandSize;
  const word = sar(src, constant(size, Math.log2(size)));
  const bytes = shl(
    context.addressSize > size ? sext(context.addressSize, word) : low(context.addressSize, word),
    constant(context.addressSize, Math.log2(size / 8)),
  );
  const offset = plus(address(context.addressSize, 0), bytes);
  const value = load(size, "operand", offset, change !== undefined);
  const effects = [setFlag("cf", tested(value, src))];
  if (change) effects.unshift(store("operand", offset, change(value, mask(src))));
  return effects;
}

family.forEach(({ name, change, text }, n) => {
  const common = { lockable: change !== undefined, flags, section: `SDM 2A ${name.toUpperCase()}`, text };
  const opcode = (0xa3 + 8 * n).toString(16).toUpperCase();
  instruction(name, {
    ...common,
    forms: [`0F ${opcode} /r Rv,Gv`, `0F BA /${4 + n} Ev,Ib`],
    operands: { dst: change ? "readwrite" : "read", src: "read" },
    does: ({ dst, src }) => inOperand({ dst, src: low(dst.width, widened(src, dst.width)) }, change),
  });
  instruction(name, {
    ...common,
    forms: [`0F ${opcode} /r Mv,Gv`],
    operands: { dst: "address", src: "read" },
    does: (operands, context) => inBitString(operands, context, change),
  });
});

/** An immediate bit number is a byte. */
function widened(src: Expression, width: Width): Expression {
  return src.width < width ? sext(width, src) : src;
}

/** With a source of 0 the destination keeps its value (AMD's definition; Intel's processors do the same). */
const scanFlags: FlagRules = {
  cf: "undefined",
  of: "undefined",
  sf: "undefined",
  af: "undefined",
  pf: "undefined",
};
const scan = (src: Expression, found: Expression): Effect[] => [
  setFlag("zf", isZero(src)),
  when(not(isZero(src)), write(0, found)),
];

/** F3 0F BC (TZCNT) and F3 0F BD (LZCNT) are not in this processor: the prefix is ignored (SDM 2B TZCNT). */
export const bsf = instruction("bsf", {
  forms: ["0F BC /r Gv,Ev"],
  operands: { dst: "write", src: "read" },
  does: ({ src }) => scan(src, ctz(src)),
  flags: scanFlags,
  section: "SDM 2A BSF",
  text: "Finds the lowest bit that is set.",
});

export const bsr = instruction("bsr", {
  forms: ["0F BD /r Gv,Ev"],
  operands: { dst: "write", src: "read" },
  does: ({ src }) => scan(src, minus(constant(src.width, src.width - 1), clz(src))),
  flags: scanFlags,
  section: "SDM 2A BSR",
  text: "Finds the highest bit that is set.",
});

const cleared = (): Expression => constant(1, 0);

export const popcntInstruction = instruction("popcnt", {
  forms: ["F3 0F B8 /r Gv,Ev"],
  operands: { dst: "write", src: "read" },
  result: ({ src }) => popcount(src),
  flags: { zf: ({ src }) => isZero(src), cf: cleared, of: cleared, sf: cleared, af: cleared, pf: cleared },
  section: "SDM 2B POPCNT",
  text: "Counts the bits that are set.",
});

/** With a 16-bit operand the result is undefined; processors give 0. */
export const bswapInstruction = instruction("bswap", {
  forms: ["0F C8 +r Zv"],
  operands: { dst: "readwrite" },
  result: ({ dst }) => (dst.width === 16 ? constant(16, 0) : bswap(dst)),
  section: "SDM 2A BSWAP",
  text: "Reverses the order of the bytes.",
});
