/** What puts the parts of vectors in another order without computing: interleaving, shifting by bytes, selecting by number, widening. */
import {
  alone,
  constant,
  type Expression,
  lane,
  lanes,
  lanesOf,
  type LaneWidth,
  select,
  shiftLanes,
  shuffle,
  splat,
  ult,
  zext,
} from "./expression";
import { instruction } from "./notation";
import { type Combine, packed, wide } from "./packed";

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

/** Bytes of a vector by the numbers in another; a number of 16 or more gives 0. */
export const swizzle = (a: Expression, numbers: Expression) => lanes("swizzle", 8, a, numbers);
/** In lane n is n. */
export const numbered = lanesOf(128, 8, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
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

packed(
  "pshufb",
  "38 00",
  // Bits between the number and the sign do not count; a number with its sign set gives 0.
  (dst, src) => swizzle(dst, lanes("and", 8, src, splat(src.width, constant(8, 0x80 | (src.width / 8 - 1))))),
  "Puts the bytes in the order of the source; a number below zero gives 0.",
);

/** Both operands in a row, from the byte on that the immediate tells. */
for (const [prefix, vector, source, unit] of [
  ["NP", "Pq", "Qq", "mmx"],
  ["66", "Vdq", "Wdq", "sse"],
] as const) {
  instruction("palignr", {
    forms: [`${prefix} 0F 3A 0F /r ${vector},${source},Ib`],
    operands: { dst: "readwrite", src: "read", count: "read" },
    unit,
    result: ({ dst, src, count }) => {
      const from = (a: Expression, before: number) => {
        const most = select(ult(count, constant(8, 32)), count, constant(8, 32));
        const numbers = lanes("plus", 8, numbered, splat(128, most));
        return swizzle(a, lanes("minus", 8, numbers, splat(128, constant(8, before))));
      };
      if (dst.width === 64) return lane(64, 0, from(shuffle(interleaving(16, 8, false), alone(src), alone(dst)), 0));
      return lanes("or", 64, from(src, 0), from(dst, 16));
    },
    section: "SDM 2B PALIGNR",
    text: "Takes as many bytes as a register has from the source and the destination in a row, from the given one on.",
  });
}

/** Parts of the source, each at the lower (or upper) end of a wider lane. */
const spread = (from: number, to: number, src: Expression, upper: boolean) => {
  const first = upper ? to - from : 0;
  const pattern = Array.from({ length: 16 }, (_, n) => {
    const byte = (n % to) - first;
    return byte >= 0 && byte < from ? Math.floor(n / to) * from + byte : 16;
  });
  return shuffle(pattern, alone(src), constant(128, 0));
};
for (const [letters, low, from, to, source] of [
  ["bw", 0, 1, 2, "q"],
  ["bd", 1, 1, 4, "d"],
  ["bq", 2, 1, 8, "w"],
  ["wd", 3, 2, 4, "q"],
  ["wq", 4, 2, 8, "d"],
  ["dq", 5, 4, 8, "q"],
] as const) {
  const part = { 1: "bytes", 2: "words", 4: "doublewords" }[from];
  for (const [name, high, result, text] of [
    [
      "pmovsx",
      2,
      (src) =>
        shiftLanes("sar", (8 * to) as LaneWidth, spread(from, to, src, true), constant(64, BigInt(8 * (to - from)))),
      `Widens signed ${part}.`,
    ],
    ["pmovzx", 3, (src) => spread(from, to, src, false), `Widens unsigned ${part}.`],
  ] as readonly (readonly [string, number, (src: Expression) => Expression, string])[]) {
    instruction(name + letters, {
      forms: [`66 0F 38 ${high}${low} /r Vdq,W${source}`],
      operands: { dst: "write", src: "read" },
      unit: "sse",
      result: ({ src }) => result(src),
      section: `SDM 2B ${name.toUpperCase()}`,
      text,
    });
  }
}

/** The even or the odd singles, or the low double, twice each. */
for (const [name, form, result, text] of [
  ["movsldup", "F3 0F 12 /r Vps,Wps", (src) => shuffle(twice(0), src, src), "Copies the even singles, each twice."],
  ["movshdup", "F3 0F 16 /r Vps,Wps", (src) => shuffle(twice(4), src, src), "Copies the odd singles, each twice."],
  ["movddup", "F2 0F 12 /r Vdq,Wq", (src) => splat(128, src), "Copies a double twice."],
] as readonly (readonly [string, string, (src: Expression) => Expression, string])[]) {
  instruction(name, {
    forms: [form],
    operands: { dst: "write", src: "read" },
    unit: "sse",
    result: ({ src }) => result(src),
    section: `SDM 2B ${name.toUpperCase()}`,
    text,
  });
}
function twice(first: number): number[] {
  return Array.from({ length: 16 }, (_, n) => first + 8 * Math.floor(n / 8) + (n % 4));
}
