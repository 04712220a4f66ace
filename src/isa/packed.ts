/**
 * Integer arithmetic on vectors: MMX (64 bits) and SSE2 (128), one line for both. An operation on lanes is the same for any number
 * of them.
 */
import {
  alone,
  and,
  constant,
  type Expression,
  fit,
  lane,
  lanes,
  lanesOf,
  type LaneWidth,
  select,
  shiftLanes,
  shuffle,
  signs,
  splat,
  ult,
  type VectorOperator,
  zext,
} from "./expression";
import { instruction } from "./notation";

type Combine = (dst: Expression, src: Expression) => Expression;
const each =
  (operator: VectorOperator, width: LaneWidth): Combine =>
  (dst, src) =>
    lanes(operator, width, dst, src);

/** `NP` opcode: mm registers; `66` opcode: xmm registers. `mm` is the size of the mm source where it is not 64 bits. */
function packed(name: string, opcode: string, result: Combine, text: string, mm = "q"): void {
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
function wide(name: string, opcode: string, result: Combine, text: string): void {
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

/** Numbers of the bytes that interleaving takes: lanes of one half of the first operand and of the second in turn. */
export function interleaving(vectorBytes: number, laneBytes: number, high: boolean): number[] {
  return Array.from({ length: vectorBytes }, (_, n) => {
    const pair = Math.floor(n / (2 * laneBytes));
    const fromSecond = Math.floor(n / laneBytes) % 2;
    return (high ? vectorBytes / 2 : 0) + pair * laneBytes + (n % laneBytes) + fromSecond * 16;
  });
}
export const interleave =
  (width: LaneWidth, high: boolean): Combine =>
  (dst, src) =>
    shuffle(interleaving(dst.width / 8, width / 8, high), dst, src);

packed("punpcklbw", "60", interleave(8, false), "Interleaves the bytes of the low halves.", "d");
packed("punpcklwd", "61", interleave(16, false), "Interleaves the words of the low halves.", "d");
packed("punpckldq", "62", interleave(32, false), "Interleaves the doublewords of the low halves.", "d");
packed("punpckhbw", "68", interleave(8, true), "Interleaves the bytes of the high halves.");
packed("punpckhwd", "69", interleave(16, true), "Interleaves the words of the high halves.");
packed("punpckhdq", "6A", interleave(32, true), "Interleaves the doublewords of the high halves.");
wide("punpcklqdq", "6C", interleave(64, false), "Puts the two low quadwords together.");
wide("punpckhqdq", "6D", interleave(64, true), "Puts the two high quadwords together.");

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

/** Bytes of a vector by the numbers in another; a number of 16 or more gives 0. */
const swizzle = (a: Expression, numbers: Expression) => lanes("swizzle", 8, a, numbers);
const numbered = lanesOf(128, 8, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
const sixteenAtMost = (count: Expression) => select(ult(count, constant(8, 16)), count, constant(8, 16));

for (const [name, reg, operator, direction] of [
  ["psrldq", 3, "plus", "right"],
  ["pslldq", 7, "minus", "left"],
] as const) {
  instruction(name, {
    forms: [`66 0F 73 /${reg} Udq,Ib`],
    operands: { dst: "readwrite", count: "read" },
    unit: "sse",
    result: ({ dst, count }) => swizzle(dst, lanes(operator, 8, numbered, splat(128, sixteenAtMost(count)))),
    section: `SDM 2B ${name.toUpperCase()}`,
    text: `Shifts the whole register ${direction} by bytes.`,
  });
}

/** Field n of two bits of an immediate, in lane n, for the first four lanes; the others are 0. */
const fields = (width: 16 | 32, immediate: Expression): Expression => {
  const spread = lanesOf(128, width, [64, 16, 4, 1]);
  const moved = lanes("times", width, splat(128, zext(width, immediate)), spread);
  const mask = lanesOf(128, width, [3, 3, 3, 3]);
  return lanes("and", width, shiftLanes("shr", width, moved, constant(64, 6)), mask);
};
/** Numbers of the bytes that make up the doublewords an immediate selects. */
export const selectedDoublewords = (immediate: Expression): Expression => {
  const first = lanes(
    "times",
    32,
    fields(32, immediate),
    lanesOf(128, 32, [0x04040404, 0x04040404, 0x04040404, 0x04040404]),
  );
  return lanes("plus", 32, first, splat(128, constant(32, 0x03020100)));
};
/** The same for words, of the low four; the upper words stay. */
const selectedWords = (immediate: Expression): Expression => {
  const first = lanes("times", 16, fields(16, immediate), splat(128, constant(16, 0x0202)));
  const origin = lanesOf(128, 16, [0x0100, 0x0100, 0x0100, 0x0100, 0x0908, 0x0b0a, 0x0d0c, 0x0f0e]);
  return lanes("plus", 16, first, origin);
};
const exchangeHalves = (a: Expression) => shuffle([8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7], a, a);

for (const [name, form, unit, result, text] of [
  ["pshufd", "66 0F 70 /r Vdq,Wdq,Ib", "sse", (src, order) => swizzle(src, selectedDoublewords(order)), "doublewords"],
  ["pshuflw", "F2 0F 70 /r Vdq,Wdq,Ib", "sse", (src, order) => swizzle(src, selectedWords(order)), "low words"],
  [
    "pshufhw",
    "F3 0F 70 /r Vdq,Wdq,Ib",
    "sse",
    (src, order) => exchangeHalves(swizzle(exchangeHalves(src), selectedWords(order))),
    "high words",
  ],
  [
    "pshufw",
    "NP 0F 70 /r Pq,Qq,Ib",
    "mmx",
    (src, order) => lane(64, 0, swizzle(alone(src), selectedWords(order))),
    "words",
  ],
] as readonly (readonly [string, string, "sse" | "mmx", Combine, string])[]) {
  instruction(name, {
    forms: [form],
    operands: { dst: "write", src: "read", order: "read" },
    unit,
    result: ({ src, order }) => result(src, order),
    section: `SDM 2B ${name.toUpperCase()}`,
    text: `Puts the ${text} in the order of the immediate.`,
  });
}

/** The word that an immediate selects among `count`. */
const selectedWord = (src: Expression, which: Expression): Expression => {
  const twice = lanes("times", 16, splat(128, zext(16, which)), splat(128, constant(16, 0x0202)));
  return lane(16, 0, swizzle(alone(src), lanes("plus", 16, twice, splat(128, constant(16, 0x0100)))));
};
const modulo = (which: Expression, count: number) => and(which, constant(8, count - 1));

for (const [prefix, vector, register, unit, count] of [
  ["NP", "P", "N", "mmx", 4],
  ["66", "V", "U", "sse", 8],
] as const) {
  const size = unit === "mmx" ? "q" : "dq";
  instruction("pextrw", {
    forms: [`${prefix} 0F C5 /r Gd,${register}${size},Ib`],
    operands: { dst: "write", src: "read", which: "read" },
    unit,
    result: ({ dst, src, which }) => zext(dst.width, selectedWord(src, modulo(which, count))),
    section: "SDM 2B PEXTRW",
    text: "Copies a word of the vector.",
  });
  for (const source of ["Rd", "Mw"]) {
    instruction("pinsrw", {
      forms: [`${prefix} 0F C4 /r ${vector}${size},${source},Ib`],
      operands: { dst: "readwrite", src: "read", which: "read" },
      unit,
      result: ({ dst, src, which }) => {
        const chosen = lanes(
          "equal",
          16,
          lanesOf(128, 16, [0, 1, 2, 3, 4, 5, 6, 7]),
          splat(128, zext(16, modulo(which, count))),
        );
        const inside = lanes("and", 16, chosen, splat(128, fit(16, src)));
        return ofWidth(dst.width, lanes("or", 16, inside, lanes("andnot", 16, chosen, alone(dst))));
      },
      section: "SDM 2B PINSRW",
      text: "Replaces a word of the vector.",
    });
  }
  instruction("pmovmskb", {
    forms: [`${prefix} 0F D7 /r Gd,${register}${size}`],
    operands: { dst: "write", src: "read" },
    unit,
    result: ({ dst, src }) => zext(dst.width, signs(8, src)),
    section: "SDM 2B PMOVMSKB",
    text: "Collects the sign bits of the bytes.",
  });
}
/** The lower half for mm registers. */
function ofWidth(width: number, a: Expression): Expression {
  return width === 64 ? lane(64, 0, a) : a;
}
