/** Single elements of vectors: taken out, put in, chosen by an immediate's bits or by signs. */
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
  shr,
  shuffle,
  signs,
  splat,
  times,
  zext,
} from "./expression";
import { instruction } from "./notation";
import { numbered, selectedDoublewords, swizzle } from "./shuffles";

const modulo = (which: Expression, count: number) => and(which, constant(8, count - 1));
/** The element of that number. */
const element = (width: LaneWidth, src: Expression, which: Expression): Expression => {
  const first = splat(128, times(which, constant(8, width / 8)));
  return lane(width, 0, swizzle(alone(src), lanes("plus", 8, first, numbered)));
};
const elementNumbers = (width: LaneWidth) =>
  lanesOf(
    128,
    width,
    Array.from({ length: 128 / width }, (_, n) => n),
  );
/** b where the mask is set, else a. */
const blend = (mask: Expression, a: Expression, b: Expression) =>
  lanes("or", 64, lanes("and", 64, mask, b), lanes("andnot", 64, mask, a));
const replaced = (width: LaneWidth, a: Expression, which: Expression, value: Expression): Expression => {
  const chosen = lanes("equal", width, elementNumbers(width), splat(128, fit(width, which)));
  return blend(chosen, alone(a), splat(128, fit(width, value)));
};
/** All ones in the elements whose bit of the immediate is set. */
export const byBits = (width: 16 | 32 | 64, bits: Expression): Expression => {
  const own = lanesOf(
    128,
    width,
    Array.from({ length: 128 / width }, (_, n) => 1 << n),
  );
  return lanes("equal", width, lanes("and", width, splat(128, fit(width, bits)), own), own);
};
/** The same of bytes: the two bytes of the bits, eight times each. */
export const eachByte = (bits: Expression): Expression => {
  const own = lanesOf(
    128,
    8,
    Array.from({ length: 16 }, (_, n) => 1 << (n % 8)),
  );
  const halves = shuffle([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1], alone(bits), alone(bits));
  return lanes("equal", 8, lanes("and", 8, halves, own), own);
};
/** The lower half for mm registers. */
const ofWidth = (width: number, a: Expression): Expression => (width === 64 ? lane(64, 0, a) : a);

function extract(name: string, form: string, width: LaneWidth, unit: "sse" | "mmx" = "sse"): void {
  instruction(name, {
    forms: [form],
    operands: { dst: "write", src: "read", which: "read" },
    unit,
    result: ({ dst, src, which }) => fit(dst.width, element(width, src, modulo(which, src.width / width))),
    section: `SDM 2B ${name.toUpperCase()}`,
    text: "Copies an element of the vector.",
  });
}
function insert(name: string, form: string, width: LaneWidth, unit: "sse" | "mmx" = "sse"): void {
  instruction(name, {
    forms: [form],
    operands: { dst: "readwrite", src: "read", which: "read" },
    unit,
    result: ({ dst, src, which }) => ofWidth(dst.width, replaced(width, dst, modulo(which, dst.width / width), src)),
    section: `SDM 2B ${name.toUpperCase()}`,
    text: "Replaces an element of the vector.",
  });
}

for (const [prefix, vector, register, unit] of [
  ["NP", "Pq", "Nq", "mmx"],
  ["66", "Vdq", "Udq", "sse"],
] as const) {
  extract("pextrw", `${prefix} 0F C5 /r Gd,${register},Ib`, 16, unit);
  for (const source of ["Rd", "Mw"]) insert("pinsrw", `${prefix} 0F C4 /r ${vector},${source},Ib`, 16, unit);
  instruction("pmovmskb", {
    forms: [`${prefix} 0F D7 /r Gd,${register}`],
    operands: { dst: "write", src: "read" },
    unit,
    result: ({ dst, src }) => zext(dst.width, signs(8, src)),
    section: "SDM 2B PMOVMSKB",
    text: "Collects the sign bits of the bytes.",
  });
}

for (const [letter, width, extracted, inserted, wide, narrow] of [
  ["b", 8, "14", "20", "Rd", "Mb"],
  ["d", 32, "16", "22", "Ed", undefined],
  ["q", 64, "16", "22", "Eq", undefined],
] as const) {
  for (const place of narrow ? [wide, narrow] : [wide]) {
    const only = letter === "q" ? " {o64v}" : "";
    extract(`pextr${letter}`, `66 0F 3A ${extracted} /r ${place},Vdq,Ib${only}`, width);
    insert(`pinsr${letter}`, `66 0F 3A ${inserted} /r Vdq,${place},Ib${only}`, width);
  }
}
for (const place of ["Rd", "Mw"]) extract("pextrw", `66 0F 3A 15 /r ${place},Vdq,Ib`, 16);
extract("extractps", "66 0F 3A 17 /r Ed,Vps,Ib", 32);

/** The immediate: bits 7 and 6 select a single of a register, 5 and 4 its place, 3 to 0 what becomes 0. */
for (const source of ["Udq", "Md"]) {
  instruction("insertps", {
    forms: [`66 0F 3A 21 /r Vdq,${source},Ib`],
    operands: { dst: "readwrite", src: "read", how: "read" },
    unit: "sse",
    result: ({ dst, src, how }) => {
      const field = (from: number) => and(shr(how, constant(8, from)), constant(8, 3));
      // The same number in all four fields of an order.
      const chosen = (a: Expression) =>
        lane(32, 0, swizzle(a, selectedDoublewords(times(field(6), constant(8, 0x55)))));
      const value = src.width === 128 ? chosen(src) : src;
      return lanes("andnot", 64, byBits(32, how), replaced(32, dst, field(4), value));
    },
    section: "SDM 2A INSERTPS",
    text: "Replaces a single of the vector and clears those that the immediate names.",
  });
}

for (const [name, opcode, width] of [
  ["blendps", "0C", 32],
  ["blendpd", "0D", 64],
  ["pblendw", "0E", 16],
] as const) {
  instruction(name, {
    forms: [`66 0F 3A ${opcode} /r Vdq,Wdq,Ib`],
    operands: { dst: "readwrite", src: "read", bits: "read" },
    unit: "sse",
    result: ({ dst, src, bits }) => blend(byBits(width, bits), dst, src),
    section: `SDM 2 ${name.toUpperCase()}`,
    text: "Takes those elements from the source whose bit of the immediate is set.",
  });
}
for (const [name, opcode, width] of [
  ["pblendvb", "10", 8],
  ["blendvps", "14", 32],
  ["blendvpd", "15", 64],
] as const) {
  instruction(name, {
    forms: [`66 0F 38 ${opcode} /r Vdq,Wdq,XMM0`],
    operands: { dst: "readwrite", src: "read", mask: "read" },
    unit: "sse",
    result: ({ dst, src, mask }) => blend(lanes("greaterS", width, constant(128, 0), mask), dst, src),
    section: `SDM 2 ${name.toUpperCase()}`,
    text: "Takes those elements from the source whose sign is set in XMM0.",
  });
}
