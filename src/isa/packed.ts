/**
 * Integer arithmetic on vectors, lane by lane: MMX (64 bits) and SSE (128), one line for both. An operation on lanes is the same for
 * any number of them.
 */
import {
  constant,
  type Expression,
  lane,
  lanes,
  type LaneWidth,
  shiftLanes,
  splat,
  type VectorOperator,
  zext,
} from "./expression";
import { instruction } from "./notation";

export type Combine = (dst: Expression, src: Expression) => Expression;
const each =
  (operator: VectorOperator, width: LaneWidth): Combine =>
  (dst, src) =>
    lanes(operator, width, dst, src);

/** `NP` opcode: mm registers; `66` opcode: xmm registers. `mm` is the size of the mm source where it is not 64 bits. */
export function packed(name: string, opcode: string, result: Combine, text: string, mm = "q"): void {
  const common = {
    operands: { dst: "readwrite", src: "read" },
    section: `SDM 2B ${name.toUpperCase()}`,
    text,
  } as const;
  instruction(name, {
    ...common,
    forms: [`NP 0F ${opcode} /r Pq,Q${mm}`],
    unit: "mmx",
    result: ({ dst, src }) => result(dst, zext(64, src)),
  });
  wide(name, opcode, result, text);
}

/** xmm registers alone. */
export function wide(name: string, opcode: string, result: Combine, text: string): void {
  instruction(name, {
    forms: [`66 0F ${opcode} /r Vdq,Wdq`],
    operands: { dst: "readwrite", src: "read" },
    unit: "sse",
    result: ({ dst, src }) => result(dst, src),
    section: `SDM 2B ${name.toUpperCase()}`,
    text,
  });
}

const sizes = { b: 8, w: 16, d: 32, q: 64 } as const;
const names = { b: "bytes", w: "words", d: "doublewords", q: "quadwords" } as const;
type Size = keyof typeof sizes;

for (const [stem, opcodes, operator, text] of [
  ["padd", { b: "FC", w: "FD", d: "FE", q: "D4" }, "plus", "Adds"],
  ["psub", { b: "F8", w: "F9", d: "FA", q: "FB" }, "minus", "Subtracts"],
  ["padds", { b: "EC", w: "ED" }, "plusSaturatedS", "Adds with signed saturation"],
  ["paddus", { b: "DC", w: "DD" }, "plusSaturatedU", "Adds with unsigned saturation"],
  ["psubs", { b: "E8", w: "E9" }, "minusSaturatedS", "Subtracts with signed saturation"],
  ["psubus", { b: "D8", w: "D9" }, "minusSaturatedU", "Subtracts with unsigned saturation"],
  ["pcmpeq", { b: "74", w: "75", d: "76" }, "equal", "Sets to all ones, where equal, else to zero,"],
  ["pcmpgt", { b: "64", w: "65", d: "66" }, "greaterS", "Sets to all ones, where greater (signed), else to zero,"],
  ["pavg", { b: "E0", w: "E3" }, "averageU", "Averages, rounding up,"],
] as const) {
  for (const [size, opcode] of Object.entries(opcodes) as [Size, string][])
    packed(stem + size, opcode, each(operator, sizes[size]), `${text} ${names[size]}.`);
}

packed("pminub", "DA", each("minU", 8), "Takes the smaller of two unsigned bytes.");
packed("pmaxub", "DE", each("maxU", 8), "Takes the greater of two unsigned bytes.");
packed("pminsw", "EA", each("minS", 16), "Takes the smaller of two signed words.");
packed("pmaxsw", "EE", each("maxS", 16), "Takes the greater of two signed words.");
packed("pmullw", "D5", each("times", 16), "Multiplies words, keeps the low halves.");
packed("pmulhw", "E5", each("timesHighS", 16), "Multiplies signed words, keeps the high halves.");
packed("pmulhuw", "E4", each("timesHighU", 16), "Multiplies unsigned words, keeps the high halves.");
packed("pmuludq", "F4", each("timesEvenU", 32), "Multiplies the even unsigned doublewords to quadwords.");
packed("pmaddwd", "F5", each("dot", 16), "Multiplies signed words, adds neighbouring products to doublewords.");
packed("psadbw", "F6", each("distance", 8), "Sums the absolute differences of eight unsigned bytes.");
packed("pand", "DB", each("and", 64), "Bitwise AND.");
packed("pandn", "DF", each("andnot", 64), "Bitwise AND of the source with the complement of the destination.");
packed("por", "EB", each("or", 64), "Bitwise OR.");
packed("pxor", "EF", each("xor", 64), "Bitwise exclusive OR.");
packed("packsswb", "63", each("narrowS", 16), "Packs words to bytes with signed saturation.");
packed("packssdw", "6B", each("narrowS", 32), "Packs doublewords to words with signed saturation.");
packed("packuswb", "67", each("narrowU", 16), "Packs signed words to bytes with unsigned saturation.");

// SSSE3.
const zero = ({ width }: Expression) => constant(width, 0);
/** The most negative number is its own magnitude, as an unsigned one. */
const magnitude =
  (width: LaneWidth): Combine =>
  (_, src) =>
    lanes("maxS", width, src, lanes("minus", width, zero(src), src));
/** -x is the complement of x, plus 1. */
const withSignOf =
  (width: LaneWidth): Combine =>
  (dst, src) => {
    const negative = lanes("greaterS", width, zero(src), src);
    const turned = lanes("minus", width, lanes("xor", width, dst, negative), negative);
    return lanes("andnot", width, lanes("equal", width, src, zero(src)), turned);
  };
for (const [size, absolute, sign] of [
  ["b", "38 1C", "38 08"],
  ["w", "38 1D", "38 09"],
  ["d", "38 1E", "38 0A"],
] as const) {
  packed(`pabs${size}`, absolute, magnitude(sizes[size]), `Takes the magnitudes of ${names[size]}.`);
  const text = `Negates ${names[size]} where the source is negative, clears them where it is zero.`;
  packed(`psign${size}`, sign, withSignOf(sizes[size]), text);
}
/** (product + 2^14) / 2^15, from the product's halves: the average with 0 rounds up. */
packed(
  "pmulhrsw",
  "38 0B",
  (dst, src) => {
    const high = shiftLanes("shl", 16, lanes("timesHighS", 16, dst, src), constant(64, 1));
    const low = shiftLanes("shr", 16, lanes("times", 16, dst, src), constant(64, 14));
    return lanes("plus", 16, high, lanes("averageU", 16, low, zero(low)));
  },
  "Multiplies signed words as fractions of 15 bits, rounding.",
);
/** Products of neighbouring bytes, those of dst unsigned and those of src signed: the even ones and the odd ones by themselves. */
packed(
  "pmaddubsw",
  "38 04",
  (dst, src) => {
    const eight = constant(64, 8);
    const even = lanes("and", 16, dst, splat(dst.width, constant(16, 0xff)));
    const evenSigned = shiftLanes("sar", 16, shiftLanes("shl", 16, src, eight), eight);
    const odd = shiftLanes("shr", 16, dst, eight);
    const products = lanes("times", 16, even, evenSigned);
    return lanes("plusSaturatedS", 16, products, lanes("times", 16, odd, shiftLanes("sar", 16, src, eight)));
  },
  "Multiplies unsigned bytes by signed ones, adds neighbouring products to words with saturation.",
);

// SSE4.1 and SSE4.2.
for (const [name, opcode, operator, size, text] of [
  ["pminsb", "38", "minS", "b", "Takes the smaller of two signed"],
  ["pminsd", "39", "minS", "d", "Takes the smaller of two signed"],
  ["pminuw", "3A", "minU", "w", "Takes the smaller of two unsigned"],
  ["pminud", "3B", "minU", "d", "Takes the smaller of two unsigned"],
  ["pmaxsb", "3C", "maxS", "b", "Takes the greater of two signed"],
  ["pmaxsd", "3D", "maxS", "d", "Takes the greater of two signed"],
  ["pmaxuw", "3E", "maxU", "w", "Takes the greater of two unsigned"],
  ["pmaxud", "3F", "maxU", "d", "Takes the greater of two unsigned"],
  ["pmulld", "40", "times", "d", "Keeps the low halves of the products of"],
  ["pcmpeqq", "29", "equal", "q", "Sets to all ones, where equal, else to zero,"],
  ["pcmpgtq", "37", "greaterS", "q", "Sets to all ones, where greater (signed), else to zero,"],
] as const) {
  wide(name, `38 ${opcode}`, each(operator, sizes[size]), `${text} ${names[size]}.`);
}
wide("packusdw", "38 2B", each("narrowU", 32), "Packs signed doublewords to words with unsigned saturation.");
const evenDoublewords = (a: Expression) =>
  shiftLanes("sar", 64, shiftLanes("shl", 64, a, constant(64, 32)), constant(64, 32));
wide(
  "pmuldq",
  "38 28",
  (dst, src) => lanes("times", 64, evenDoublewords(dst), evenDoublewords(src)),
  "Multiplies the even signed doublewords to quadwords.",
);

// Shifts: by the low quadword of the source, or by an immediate.
for (const [name, operator, size, opcode, immediate] of [
  ["psrlw", "shr", "w", "D1", "71 /2"],
  ["psraw", "sar", "w", "E1", "71 /4"],
  ["psllw", "shl", "w", "F1", "71 /6"],
  ["psrld", "shr", "d", "D2", "72 /2"],
  ["psrad", "sar", "d", "E2", "72 /4"],
  ["pslld", "shl", "d", "F2", "72 /6"],
  ["psrlq", "shr", "q", "D3", "73 /2"],
  ["psllq", "shl", "q", "F3", "73 /6"],
] as const) {
  const text = `Shifts ${names[size]} ${operator === "shl" ? "left" : operator === "shr" ? "right, filling with zeros" : "right, filling with the sign"}.`;
  packed(name, opcode, (dst, src) => shiftLanes(operator, sizes[size], dst, lane(64, 0, src)), text);
  for (const [prefix, register, unit] of [
    ["NP", "Nq", "mmx"],
    ["66", "Udq", "sse"],
  ] as const) {
    instruction(name, {
      forms: [`${prefix} 0F ${immediate} ${register},Ib`],
      operands: { dst: "readwrite", count: "read" },
      unit,
      result: ({ dst, count }) => shiftLanes(operator, sizes[size], dst, count),
      section: `SDM 2B ${name.toUpperCase()}`,
      text,
    });
  }
}
