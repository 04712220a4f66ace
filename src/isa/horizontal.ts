/** What works across the lanes of a vector: neighbouring lanes with each other, or all of them together. */
import {
  alone,
  and,
  constant,
  ctz,
  type Expression,
  isZero,
  lane,
  lanes,
  type LaneWidth,
  or,
  plus,
  shl,
  shr,
  shuffle,
  signs,
  splat,
  times,
  type VectorOperator,
  zext,
} from "./expression";
import { instruction } from "./notation";
import { packed } from "./packed";
import { numbered, swizzle } from "./shuffles";

/** The even (or odd) lanes of two vectors, those of the first below. */
export function alternate(width: LaneWidth, odd: boolean, a: Expression, b: Expression): Expression {
  const bytes = width / 8;
  const half = a.width / 16;
  const pattern = Array.from({ length: 2 * half }, (_, n) => {
    const at = n % half;
    return 2 * bytes * Math.floor(at / bytes) + (odd ? bytes : 0) + (at % bytes) + (n >= half ? 16 : 0);
  });
  return shuffle(pattern, a, b);
}

for (const [name, opcode, operator, width, text] of [
  ["phaddw", "01", "plus", 16, "Adds neighbouring words."],
  ["phaddd", "02", "plus", 32, "Adds neighbouring doublewords."],
  ["phaddsw", "03", "plusSaturatedS", 16, "Adds neighbouring words with signed saturation."],
  ["phsubw", "05", "minus", 16, "Subtracts odd words from the even ones below them."],
  ["phsubd", "06", "minus", 32, "Subtracts odd doublewords from the even ones below them."],
  [
    "phsubsw",
    "07",
    "minusSaturatedS",
    16,
    "Subtracts odd words from the even ones below them, with signed saturation.",
  ],
] as readonly (readonly [string, string, VectorOperator, LaneWidth, string])[]) {
  const combine = (dst: Expression, src: Expression) =>
    lanes(operator, width, alternate(width, false, dst, src), alternate(width, true, dst, src));
  packed(name, `38 ${opcode}`, combine, text);
}

/** Four bytes of the source, chosen by bits 1 and 0, against each four bytes in a row of the destination from those on that bit 2 chooses. */
instruction("mpsadbw", {
  forms: ["66 0F 3A 42 /r Vdq,Wdq,Ib"],
  operands: { dst: "readwrite", src: "read", which: "read" },
  unit: "sse",
  result: ({ dst, src, which }) => {
    const from = (a: Expression, block: Expression) =>
      swizzle(a, lanes("plus", 8, numbered, splat(128, times(block, constant(8, 4)))));
    const row = from(dst, and(shr(which, constant(8, 2)), constant(8, 1)));
    const four = from(src, and(which, constant(8, 3)));
    const words = (a: Expression, byte: (n: number) => number) =>
      shuffle(
        Array.from({ length: 16 }, (_, n) => (n % 2 ? 16 : byte(n / 2))),
        a,
        constant(128, 0),
      );
    const distances = [0, 1, 2, 3].map((k) => {
      const a = words(row, (n) => n + k);
      const b = words(four, () => k);
      return lanes("maxS", 16, lanes("minus", 16, a, b), lanes("minus", 16, b, a));
    });
    return distances.reduce((sum, distance) => lanes("plus", 16, sum, distance));
  },
  section: "SDM 2B MPSADBW",
  text: "Sums the absolute differences of four bytes at each of eight places.",
});

instruction("phminposuw", {
  forms: ["66 0F 38 41 /r Vdq,Wdq"],
  operands: { dst: "write", src: "read" },
  unit: "sse",
  result: ({ src }) => {
    const turned = (a: Expression, by: number) =>
      shuffle(
        Array.from({ length: 16 }, (_, n) => (n + by) % 16),
        a,
        a,
      );
    // After three rounds every word is the least of all.
    const least = [8, 4, 2].reduce((a, by) => lanes("minU", 16, a, turned(a, by)), src);
    const place = ctz(signs(16, lanes("equal", 16, src, least)));
    return alone(plus(zext(64, lane(16, 0, least)), shl(zext(64, place), constant(64, 16))));
  },
  section: "SDM 2B PHMINPOSUW",
  text: "Finds the smallest unsigned word and its place.",
});

const isEmpty = (a: Expression) => isZero(or(lane(64, 0, a), lane(64, 1, a)));
const clear = () => constant(1, 0);
instruction("ptest", {
  forms: ["66 0F 38 17 /r Vdq,Wdq"],
  operands: { dst: "read", src: "read" },
  unit: "sse",
  flags: {
    zf: ({ dst, src }) => isEmpty(lanes("and", 64, dst, src)),
    cf: ({ dst, src }) => isEmpty(lanes("andnot", 64, dst, src)),
    ...{ af: clear, of: clear, pf: clear, sf: clear },
  },
  section: "SDM 2B PTEST",
  text: "Tells whether the source has bits in common with the destination (ZF), and outside it (CF).",
});
