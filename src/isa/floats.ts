/**
 * SSE floating point. A rounding, an exception or a NaN depends on MXCSR, so arithmetic goes through a helper that knows it;
 * four lines of encodings cover packed and scalar, single and double.
 */
import { byBits } from "./elements";
import { and, constant, type Expression, lanes, or, shr, system, zext } from "./expression";
import { compared } from "./flags";
import { FLOAT, type FloatOperation, SINGLE_PRECISION } from "./floatcodes";
import { alternate } from "./horizontal";
import { instruction } from "./notation";

/** Packed and scalar, single and double: suffix, mandatory prefix, precision, lanes. */
const kinds = [
  ["ps", "NP", SINGLE_PRECISION, 4],
  ["pd", "66", 0, 2],
  ["ss", "F3", SINGLE_PRECISION, 1],
  ["sd", "F2", 0, 1],
] as const;
const singles = ["ps", "ss"];

function arithmetic(name: string, opcode: string, operation: FloatOperation, text: string): void {
  for (const [suffix, prefix, precision, lanes] of kinds) {
    if (/^r/.test(name) && !singles.includes(suffix)) continue;
    const code = constant(64, FLOAT[operation] | precision | (lanes << 16));
    instruction(name + suffix, {
      forms: [`${prefix} 0F ${opcode} /r V${suffix},W${suffix}`],
      operands: { dst: /^r|sqrt/.test(name) ? "write" : "readwrite", src: "read" },
      unit: "sse",
      result: ({ dst, src }) => system("floatArithmetic", dst.width, code, dst, src),
      section: `SDM 2 ${name.toUpperCase()}${suffix.toUpperCase()}`,
      text,
    });
  }
}

arithmetic("add", "58", "add", "Adds floating-point numbers.");
arithmetic("mul", "59", "multiply", "Multiplies floating-point numbers.");
arithmetic("sub", "5C", "subtract", "Subtracts floating-point numbers.");
arithmetic("min", "5D", "min", "Takes the smaller number; the source if either is a NaN or both are zero.");
arithmetic("div", "5E", "divide", "Divides floating-point numbers.");
arithmetic("max", "5F", "max", "Takes the greater number; the source if either is a NaN or both are zero.");
arithmetic("sqrt", "51", "root", "Takes square roots.");
arithmetic("rsqrt", "52", "reciprocalRoot", "Estimates the reciprocals of square roots, to 12 bits.");
arithmetic("rcp", "53", "reciprocal", "Estimates reciprocals, to 12 bits.");

const compute = (operation: FloatOperation, precision: number, a: Expression, b: Expression): Expression => {
  const count = precision === SINGLE_PRECISION ? 4 : 2;
  return system("floatArithmetic", 128, constant(64, FLOAT[operation] | precision | (count << 16)), a, b);
};
for (const [suffix, prefix, precision, width] of [
  ["ps", "F2", SINGLE_PRECISION, 32],
  ["pd", "66", 0, 64],
] as const) {
  const neighbours = (operation: FloatOperation, a: Expression, b: Expression) =>
    compute(operation, precision, alternate(width, false, a, b), alternate(width, true, a, b));
  for (const [name, opcode, result, text] of [
    [
      "addsub",
      "D0",
      (a, b) => compute("subtractAdd", precision, a, b),
      "Subtracts even floating-point numbers, adds odd ones.",
    ],
    ["hadd", "7C", (a, b) => neighbours("add", a, b), "Adds neighbouring floating-point numbers."],
    [
      "hsub",
      "7D",
      (a, b) => neighbours("subtract", a, b),
      "Subtracts odd floating-point numbers from the even ones below them.",
    ],
  ] as readonly (readonly [string, string, (a: Expression, b: Expression) => Expression, string])[]) {
    instruction(name + suffix, {
      forms: [`${prefix} 0F ${opcode} /r V${suffix},W${suffix}`],
      operands: { dst: "readwrite", src: "read" },
      unit: "sse",
      result: ({ dst, src }) => result(dst, src),
      section: `SDM 2 ${name.toUpperCase()}${suffix.toUpperCase()}`,
      text,
    });
  }

  /** Bits 4 and up of the immediate say which products count, bits 0 and up which elements get the sum; the others are 0. */
  instruction(`dp${suffix}`, {
    forms: [`66 0F 3A ${suffix === "ps" ? "40" : "41"} /r V${suffix},W${suffix},Ib`],
    operands: { dst: "readwrite", src: "read", which: "read" },
    unit: "sse",
    result: ({ dst, src, which }) => {
      const counts = byBits(width, shr(which, constant(8, 4)));
      const only = (mask: Expression, a: Expression) => lanes("and", 64, mask, a);
      const products = compute("multiply", precision, only(counts, dst), only(counts, src));
      const pairs = neighbours("add", products, products);
      return only(byBits(width, which), width === 64 ? pairs : neighbours("add", pairs, pairs));
    },
    section: `SDM 2A DP${suffix.toUpperCase()}`,
    text: "Multiplies, adds up the products that the immediate chooses, and puts the sum where it says.",
  });
}

for (const [suffix, , precision, count] of kinds) {
  const opcode = { ps: "08", pd: "09", ss: "0A", sd: "0B" }[suffix];
  instruction(`round${suffix}`, {
    forms: [`66 0F 3A ${opcode} /r V${suffix},W${suffix},Ib`],
    operands: { dst: "write", src: "read", how: "read" },
    unit: "sse",
    result: ({ dst, src, how }) => {
      const code = or(constant(64, precision | (count << 16)), zext(64, how));
      return system("floatRound", dst.width, code, src);
    },
    section: `SDM 2B ROUND${suffix.toUpperCase()}`,
    text: "Rounds to integers: to nearest, down, up, towards zero, or as MXCSR says.",
  });
}

for (const [suffix, prefix, precision, lanes] of kinds) {
  instruction(`cmp${suffix}`, {
    forms: [`${prefix} 0F C2 /r V${suffix},W${suffix},Ib`],
    operands: { dst: "readwrite", src: "read", predicate: "read" },
    unit: "sse",
    result: ({ dst, src, predicate }) => {
      const code = or(constant(64, precision | (lanes << 16)), zext(64, and(predicate, constant(8, 7))));
      return system("floatCompare", dst.width, code, dst, src);
    },
    section: `SDM 2A CMP${suffix.toUpperCase()}`,
    text: "Sets to all ones where the predicate holds (equal, less, less or equal, unordered, or their opposites), else to zero.",
  });
}

for (const [name, opcode, signals] of [
  ["ucomis", "2E", 0],
  ["comis", "2F", 1],
] as const) {
  for (const [suffix, prefix, precision] of [
    ["s", "NP", SINGLE_PRECISION],
    ["d", "66", 0],
  ] as const) {
    instruction(name + suffix, {
      forms: [`${prefix} 0F ${opcode} /r Vs${suffix},Ws${suffix}`],
      operands: { a: "read", b: "read" },
      unit: "sse",
      does: ({ a, b }) => {
        return compared(system("floatFlags", 8, constant(64, signals | precision), a, b));
      },
      section: `SDM 2 ${name.toUpperCase()}S${suffix.toUpperCase()}`,
      text: "Compares: CF less, ZF equal, all three of ZF PF CF unordered.",
    });
  }
}
