/**
 * x87 (SDM 1, chapter 8). The stack, the tags and the 80-bit arithmetic live behind helpers; the definitions say which encodings there
 * are and what each asks of them. `T` is ST(i) by ModRM.rm.
 */
import { address, and, constant, type Expression, flag, not, numberOf, or, system } from "./expression";
import { FPU_ARITHMETIC, FPU_CONSTANTS, FPU_KINDS, FPU_OPERATIONS, TRUNCATE } from "./floatcodes";
import { callSystem, type Definition, instruction } from "./notation";

const number = (value: number) => constant(64, value);
const kindNumber = (kind: (typeof FPU_KINDS)[number]) => number(FPU_KINDS.indexOf(kind));

function x87(name: string, forms: readonly string[], text: string, definition: Partial<Definition>): void {
  instruction(name, { forms, unit: "fpu", section: `SDM 2A ${name.toUpperCase()}`, text, ...definition });
}

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

// Comparisons: bit 0 of the mode: quiet NaNs do not signal; bit 1: RFLAGS instead of condition codes.
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
  ["fcomi", ["DB /6 ST,T"], 2, 0],
  ["fcomip", ["DF /6 ST,T"], 2, 1],
  ["fucomi", ["DB /5 ST,T"], 3, 0],
  ["fucomip", ["DF /5 ST,T"], 3, 1],
] as const) {
  x87(name, forms, mode & 2 ? "Compares ST with ST(i), into ZF PF CF." : "Compares ST with ST(i), into C3 C2 C0.", {
    operands: { a: "none", b: "none" },
    does: () => [callSystem("fpuCompare", number(mode), numberOf(1), number(pops))],
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

// Loads. Extended and decimal numbers are longer than a value of the notation: the helper reads them.
for (const [name, form, kind] of [
  ["fld", "D9 /0 Md", "single"],
  ["fld", "DD /0 Mq", "double"],
  ["fild", "DF /0 Mw", "integer16"],
  ["fild", "DB /0 Md", "integer32"],
  ["fild", "DF /5 Mq", "integer64"],
] as const) {
  x87(name, [form], "Pushes a number from memory.", {
    operands: { src: "read" },
    does: ({ src }) => [callSystem("fpuLoad", kindNumber(kind), src)],
  });
}
for (const [name, form, kind] of [
  ["fld", "DB /5 Mt", "extended"],
  ["fbld", "DF /4 Mt", "decimal"],
] as const) {
  x87(name, [form], "Pushes a number from memory.", {
    operands: { src: "address" },
    does: (_, { addressSize }) => [callSystem("fpuLoad", kindNumber(kind), address(addressSize, 0))],
  });
}
x87("fld", ["D9 /0 T"], "Pushes a copy of ST(i).", {
  operands: { src: "none" },
  does: () => [callSystem("fpuLoad", kindNumber("register"), numberOf(0))],
});
for (const [n, name] of FPU_CONSTANTS.entries()) {
  x87(`fld${name}`, [`D9 E${(8 + n).toString(16).toUpperCase()}`], "Pushes a constant.", {
    does: () => [callSystem("fpuConstant", number(n))],
  });
}

// Stores.
for (const [name, form, kind, pops] of [
  ["fst", "D9 /2 Md", "single", 0],
  ["fstp", "D9 /3 Md", "single", 1],
  ["fst", "DD /2 Mq", "double", 0],
  ["fstp", "DD /3 Mq", "double", 1],
  ["fstp", "DB /7 Mt", "extended", 1],
  ["fist", "DF /2 Mw", "integer16", 0],
  ["fistp", "DF /3 Mw", "integer16", 1],
  ["fist", "DB /2 Md", "integer32", 0],
  ["fistp", "DB /3 Md", "integer32", 1],
  ["fistp", "DF /7 Mq", "integer64", 1],
  ["fbstp", "DF /6 Mt", "decimal", 1],
] as const) {
  x87(name, [form], "Stores ST in memory, rounded to its format.", {
    operands: { dst: "address" },
    does: (_, { addressSize }) => [callSystem("fpuStore", kindNumber(kind), address(addressSize, 0), number(pops))],
  });
}
for (const [form, kind] of [
  ["DF /1 Mw", "integer16"],
  ["DB /1 Md", "integer32"],
  ["DD /1 Mq", "integer64"],
] as const) {
  x87("fisttp", [form], "Stores ST in memory as an integer, cutting off its fraction, and pops it.", {
    operands: { dst: "address" },
    does: (_, { addressSize }) => [
      callSystem("fpuStore", kindNumber(kind), address(addressSize, 0), number(1 | TRUNCATE)),
    ],
  });
}
for (const [name, forms, pops] of [
  ["fst", ["DD /2 T"], 0],
  ["fstp", ["DD /3 T", "DF /2 T", "DF /3 T"], 1],
  ["fstpnce", ["D9 /3 T"], 2],
] as const) {
  x87(name, forms, "Copies ST to ST(i).", {
    operands: { dst: "none" },
    does: () => [callSystem("fpuStore", kindNumber("register"), numberOf(0), number(pops))],
  });
}

x87("fxch", ["D9 /1 ST,T", "DD /1 ST,T", "DF /1 ST,T"], "Exchanges ST and ST(i).", {
  operands: { a: "none", b: "none" },
  does: () => [callSystem("fpuExchange", numberOf(1))],
});
x87("ffree", ["DD /0 T"], "Marks ST(i) as empty.", {
  operands: { dst: "none" },
  does: () => [callSystem("fpuFree", numberOf(0), number(0))],
});
x87("ffreep", ["DF /0 T"], "Marks ST(i) as empty and pops.", {
  operands: { dst: "none" },
  does: () => [callSystem("fpuFree", numberOf(0), number(1))],
});

const below = flag("cf");
const equal = flag("zf");
const unordered = flag("pf");
for (const [name, form, condition] of [
  ["fcmovb", "DA /0 ST,T", below],
  ["fcmove", "DA /1 ST,T", equal],
  ["fcmovbe", "DA /2 ST,T", or(below, equal)],
  ["fcmovu", "DA /3 ST,T", unordered],
  ["fcmovnb", "DB /0 ST,T", not(below)],
  ["fcmovne", "DB /1 ST,T", not(equal)],
  ["fcmovnbe", "DB /2 ST,T", and(not(below), not(equal))],
  ["fcmovnu", "DB /3 ST,T", not(unordered)],
] as const) {
  x87(name, [form], "Copies ST(i) to ST if the condition holds.", {
    operands: { dst: "none", src: "none" },
    does: () => [callSystem("fpuConditionalMove", numberOf(1), condition)],
  });
}

const operationForms: Readonly<Record<string, string>> = {
  chs: "D9 E0",
  abs: "D9 E1",
  tst: "D9 E4",
  xam: "D9 E5",
  sqrt: "D9 FA",
  rndint: "D9 FC",
  scale: "D9 FD",
  xtract: "D9 F4",
  prem: "D9 F8",
  prem1: "D9 F5",
  "2xm1": "D9 F0",
  yl2x: "D9 F1",
  yl2xp1: "D9 F9",
  ptan: "D9 F2",
  patan: "D9 F3",
  sin: "D9 FE",
  cos: "D9 FF",
  sincos: "D9 FB",
  decstp: "D9 F6",
  incstp: "D9 F7",
  nop: "D9 D0",
};
const operationTexts: Readonly<Record<string, string>> = {
  chs: "Changes the sign of ST.",
  abs: "Clears the sign of ST.",
  tst: "Compares ST with 0.",
  xam: "Tells the class of ST in C3 C2 C0.",
  sqrt: "Square root of ST.",
  rndint: "Rounds ST to an integer.",
  scale: "Scales ST by the power of two in ST(1).",
  xtract: "Splits ST into exponent and significand.",
  prem: "Partial remainder of ST / ST(1), quotient cut off.",
  prem1: "Partial remainder of ST / ST(1), quotient rounded.",
  "2xm1": "Raises 2 to the power of ST and subtracts 1.",
  yl2x: "Multiplies ST(1) by the binary logarithm of ST and pops.",
  yl2xp1: "Multiplies ST(1) by the binary logarithm of ST + 1 and pops.",
  ptan: "Tangent of ST, then pushes 1.",
  patan: "Arctangent of ST(1) / ST, popping.",
  sin: "Sine of ST.",
  cos: "Cosine of ST.",
  sincos: "Sine of ST, then pushes the cosine.",
  decstp: "Turns the stack back by one.",
  incstp: "Turns the stack on by one.",
  nop: "Does nothing.",
};
for (const [n, name] of FPU_OPERATIONS.entries()) {
  x87(`f${name}`, [operationForms[name]], operationTexts[name], {
    does: () => [callSystem("fpuOperation", number(n))],
  });
}

// Control. Those without waiting ("FN") do not look at a pending exception.
const atOnce = { unit: "fpu control" } as const;
x87("fldcw", ["D9 /5 Mw"], "Loads the control word.", {
  operands: { src: "read" },
  does: ({ src }) => [callSystem("fpuLoadControl", src)],
});
x87("fnstcw", ["D9 /7 Mw"], "Stores the control word.", {
  ...atOnce,
  operands: { dst: "write" },
  result: () => system("fpuControl", 16),
});
x87("fnstsw", ["DD /7 Mw", "DF E0 AX"], "Stores the status word.", {
  ...atOnce,
  operands: { dst: "write" },
  result: () => system("fpuStatus", 16),
});
x87("fnclex", ["DB E2"], "Clears the exceptions.", { ...atOnce, does: () => [callSystem("fpuClear")] });
x87("fninit", ["DB E3"], "Sets control, status and tags as after reset of the unit.", {
  ...atOnce,
  does: () => [callSystem("fpuInitialise")],
});
for (const [name, form] of [
  ["fneni", "DB E0"],
  ["fndisi", "DB E1"],
  ["fnsetpm", "DB E4"],
] as const) {
  x87(name, [form], "Does nothing since the 80387.", {
    ...atOnce,
    does: () => [callSystem("fpuOperation", number(FPU_OPERATIONS.indexOf("nop")))],
  });
}
for (const [name, form, helper, text] of [
  ["fldenv", "D9 /4 M", "fpuLoadEnvironment", "Loads control, status, tags and pointers."],
  [
    "fnstenv",
    "D9 /6 M",
    "fpuStoreEnvironment",
    "Stores control, status, tags and pointers, then masks all exceptions.",
  ],
  ["frstor", "DD /4 M", "fpuRestore", "Loads the whole x87 state."],
  ["fnsave", "DD /6 M", "fpuSave", "Stores the whole x87 state, then initialises it."],
] as const) {
  x87(name, [form], text, {
    ...(name.startsWith("fn") ? atOnce : {}),
    operands: { place: "address" },
    does: (_, { addressSize, operandSize }) => [callSystem(helper, address(addressSize, 0), number(operandSize))],
  });
}
/** #NM only when CR0.MP asks for it as well: no unit check of the usual kind. */
instruction("fwait", {
  forms: ["9B"],
  does: () => [callSystem("fpuWait")],
  section: "SDM 2D WAIT/FWAIT",
  text: "Raises a pending x87 exception.",
});
