/** Conditions and what depends on them: Jcc, SETcc, CMOVcc. */
import { type Expression, flag, next, not, or, plus, select, xor, zext } from "./expression";
import { instruction, jump } from "./notation";

/** The sixteen conditions by their number in the opcode (SDM 1, appendix B); an odd number negates. */
export function condition(number: number): Expression {
  const positive = [
    () => flag("of"),
    () => flag("cf"),
    () => flag("zf"),
    () => or(flag("cf"), flag("zf")),
    () => flag("sf"),
    () => flag("pf"),
    () => xor(flag("sf"), flag("of")),
    () => or(flag("zf"), xor(flag("sf"), flag("of"))),
  ][number >> 1]();
  return number & 1 ? not(positive) : positive;
}

/** Suffix of the mnemonic for each condition. */
export const conditionNames: readonly string[] = "o no b ae e ne be a s ns p np l ge le g".split(" ");

/** The same in words, as after a comparison. */
export const conditionMeanings: readonly string[] = [
  "overflow (OF = 1)",
  "no overflow (OF = 0)",
  "below, without signs (CF = 1)",
  "above or equal, without signs (CF = 0)",
  "equal, zero (ZF = 1)",
  "not equal, not zero (ZF = 0)",
  "below or equal, without signs (CF = 1 or ZF = 1)",
  "above, without signs (CF = 0 and ZF = 0)",
  "negative (SF = 1)",
  "not negative (SF = 0)",
  "even parity (PF = 1)",
  "odd parity (PF = 0)",
  "less, with signs (SF is not OF)",
  "greater or equal, with signs (SF = OF)",
  "less or equal, with signs (ZF = 1 or SF is not OF)",
  "greater, with signs (ZF = 0 and SF = OF)",
];

export const jcc = instruction("j", {
  forms: ["70 Jbs {f64}", "0F 80 Jz {f64}"],
  operands: { target: "read" },
  conditional: true,
  does: ({ target }, context) => [jump(plus(next(context.operandSize), target), condition(context.condition))],
  section: "SDM 2A Jcc",
  text: "Jumps if the condition holds.",
});

export const setcc = instruction("set", {
  forms: ["0F 90 /r Eb"],
  operands: { dst: "write" },
  conditional: true,
  result: (_, context) => zext(8, condition(context.condition)),
  section: "SDM 2B SETcc",
  text: "Sets the byte to 1 if the condition holds, else to 0.",
});

/** The source is always read, and a 32-bit destination always clears its upper half (SDM 2A CMOVcc). */
export const cmovcc = instruction("cmov", {
  forms: ["0F 40 /r Gv,Ev"],
  operands: { dst: "readwrite", src: "read" },
  conditional: true,
  result: ({ dst, src }, context) => select(condition(context.condition), src, dst),
  section: "SDM 2A CMOVcc",
  text: "Moves the source to the destination if the condition holds.",
});
