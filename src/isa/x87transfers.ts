/** x87: loads, stores, constants, and moves within the stack. */
import { address, and, flag, not, numberOf, or } from "./expression";
import { FPU_CONSTANTS, TRUNCATE } from "./floatcodes";
import { callSystem } from "./notation";
import { number, kindNumber, x87 } from "./x87";

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
