/**
 * x87 (SDM 1, chapter 8). The stack, the tags and the 80-bit arithmetic live behind helpers; the definitions say which encodings there
 * are and what each asks of them. `T` is ST(i) by ModRM.rm.
 */
import { type Expression, numberOf, system } from "./expression";
import { compared } from "./flags";
import { FPU_ARITHMETIC } from "./floatcodes";
import { callSystem } from "./notation";
import { number, kindNumber, x87 } from "./x87";

/** Memory operands: size letter, kind, and whether the mnemonic begins with FI. */
const floats = [
  ["D8", "d", "single"],
  ["DC", "q", "double"],
] as const;
const integers = [
  ["DA", "d", "integer32"],
  ["DE", "w", "integer16"],
] as const;

for (const [n, operation] of FPU_ARITHMETIC.entries()) {
  const reg = { add: 0, mul: 1, sub: 4, subr: 5, div: 6, divr: 7 }[operation];
  // With ST(i) as destination the two directions have each other's number.
  const backward = reg < 4 ? reg : reg ^ 1;
  const text = {
    add: "Adds.",
    mul: "Multiplies.",
    sub: "Subtracts.",
    subr: "Subtracts from the source.",
    div: "Divides.",
    divr: "Divides the source.",
  }[operation];
  for (const [opcode, size, kind] of [...floats, ...integers]) {
    const name = kind.startsWith("integer") ? `fi${operation}` : `f${operation}`;
    x87(name, [`${opcode} /${reg} M${size}`], text, {
      operands: { src: "read" },
      does: ({ src }) => [callSystem("fpuArithmeticMemory", number(n), kindNumber(kind), src)],
    });
  }
  const between = (name: string, form: string, pops: number) =>
    x87(name, [form], text, {
      operands: { dst: "none", src: "none" },
      does: () => [callSystem("fpuArithmetic", number(n), indexOf(form, 0), indexOf(form, 1), number(pops))],
    });
  between(`f${operation}`, `D8 /${reg} ST,T`, 0);
  between(`f${operation}`, `DC /${backward} T,ST`, 0);
  between(`f${operation}p`, `DE /${backward} T,ST`, 1);
}
/** The number of a stack operand of a form: 0 for ST. */
function indexOf(form: string, operand: number): Expression {
  const written = form.split(" ").pop()!.split(",");
  return written[operand] === "ST" ? number(0) : numberOf(operand);
}

// Comparisons: with mode 1 quiet NaNs do not signal.
for (const [name, integerName, reg, pops] of [
  ["fcom", "ficom", 2, 0],
  ["fcomp", "ficomp", 3, 1],
] as const) {
  for (const [opcode, size, kind] of [...floats, ...integers]) {
    x87(kind.startsWith("integer") ? integerName : name, [`${opcode} /${reg} M${size}`], "Compares ST with memory.", {
      operands: { src: "read" },
      does: ({ src }) => [callSystem("fpuCompareMemory", number(pops), kindNumber(kind), src)],
    });
  }
}
for (const [name, forms, mode, pops] of [
  ["fcom", ["D8 /2 ST,T", "DC /2 ST,T"], 0, 0],
  ["fcomp", ["D8 /3 ST,T", "DC /3 ST,T", "DE /2 ST,T"], 0, 1],
  ["fucom", ["DD /4 ST,T"], 1, 0],
  ["fucomp", ["DD /5 ST,T"], 1, 1],
] as const) {
  x87(name, forms, "Compares ST with ST(i), into C3 C2 C0.", {
    operands: { a: "none", b: "none" },
    does: () => [callSystem("fpuCompare", number(mode), numberOf(1), number(pops))],
  });
}
for (const [name, form, mode, pops] of [
  ["fcomi", "DB /6 ST,T", 0, 0],
  ["fcomip", "DF /6 ST,T", 0, 1],
  ["fucomi", "DB /5 ST,T", 1, 0],
  ["fucomip", "DF /5 ST,T", 1, 1],
] as const) {
  x87(name, [form], "Compares ST with ST(i): CF less, ZF equal, all three of ZF PF CF unordered.", {
    operands: { a: "none", b: "none" },
    does: () => {
      return compared(system("fpuCompareFlags", 8, number(mode), numberOf(1), number(pops)));
    },
  });
}
for (const [name, form, mode] of [
  ["fcompp", "DE D9", 0],
  ["fucompp", "DA E9", 1],
] as const) {
  x87(name, [form], "Compares ST with ST(1) and pops both.", {
    does: () => [callSystem("fpuCompare", number(mode), number(1), number(2))],
  });
}
