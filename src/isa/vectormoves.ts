/** Moves to, from and between vector registers, and what rearranges floating-point vectors without computing. */
import {
  address,
  alone,
  constant,
  type Expression,
  fit,
  lane,
  lanes,
  shuffle,
  signs,
  system,
  withLane,
  zext,
} from "./expression";
import { callSystem, type Definition, instruction } from "./notation";
import { interleave, selectedDoublewords } from "./shuffles";

type Unit = "sse" | "mmx";

/** dst = src, wherever they are. The result of a narrower source fills the destination with zeros. */
function move(name: string, unit: Unit, forms: readonly string[], text: string, more: Partial<Definition> = {}): void {
  instruction(name, {
    forms,
    operands: { dst: "write", src: "read" },
    unit,
    result: ({ dst, src }) => filled(dst.width, src),
    section: `SDM 2B ${name.toUpperCase()}`,
    text,
    ...more,
  });
}
const filled = (width: Expression["width"], a: Expression): Expression =>
  width === 128 ? alone(a) : a.width === 128 ? lane(width === 64 ? 64 : 32, 0, a) : fit(width, a);

const unaligned = { unaligned: true };
move("movaps", "sse", ["NP 0F 28 /r Vps,Wps", "NP 0F 29 /r Wps,Vps"], "Copies 16 aligned bytes.");
move("movapd", "sse", ["66 0F 28 /r Vpd,Wpd", "66 0F 29 /r Wpd,Vpd"], "Copies 16 aligned bytes.");
move("movdqa", "sse", ["66 0F 6F /r Vdq,Wdq", "66 0F 7F /r Wdq,Vdq"], "Copies 16 aligned bytes.");
move("movups", "sse", ["NP 0F 10 /r Vps,Wps", "NP 0F 11 /r Wps,Vps"], "Copies 16 bytes.", unaligned);
move("movupd", "sse", ["66 0F 10 /r Vpd,Wpd", "66 0F 11 /r Wpd,Vpd"], "Copies 16 bytes.", unaligned);
move("movdqu", "sse", ["F3 0F 6F /r Vdq,Wdq", "F3 0F 7F /r Wdq,Vdq"], "Copies 16 bytes.", unaligned);
move("movntps", "sse", ["NP 0F 2B /r Mps,Vps"], "Copies 16 aligned bytes past the caches.");
move("movntpd", "sse", ["66 0F 2B /r Mpd,Vpd"], "Copies 16 aligned bytes past the caches.");
move("movntdq", "sse", ["66 0F E7 /r Mdq,Vdq"], "Copies 16 aligned bytes past the caches.");
move("lddqu", "sse", ["F2 0F F0 /r Vdq,Mdq"], "Copies 16 bytes.", unaligned);
move("movntdqa", "sse", ["66 0F 38 2A /r Vdq,Mdq"], "Copies 16 aligned bytes past the caches.");
move("movntq", "mmx", ["NP 0F E7 /r Mq,Pq"], "Copies 8 bytes past the caches.");

// Scalars: from memory the rest of the register is cleared, between registers it is kept.
move("movss", "sse", ["F3 0F 10 /r Vdq,Mss"], "Loads a single, clearing the rest.");
move("movss", "sse", ["F3 0F 10 /r Vss,Uss", "F3 0F 11 /r Wss,Vss"], "Copies a single.");
move("movsd", "sse", ["F2 0F 10 /r Vdq,Msd"], "Loads a double, clearing the rest.");
move("movsd", "sse", ["F2 0F 10 /r Vsd,Usd", "F2 0F 11 /r Wsd,Vsd"], "Copies a double.");

move("movd", "sse", ["66 0F 6E /r Vdq,Ed", "66 0F 7E /r Ed,Vdq"], "Copies a doubleword.", {
  result: ({ dst, src }) => filled(dst.width, src),
});
move("movq", "sse", ["66 0F 6E /r Vdq,Eq {o64v}", "66 0F 7E /r Eq,Vdq {o64v}"], "Copies a quadword.");
move("movd", "mmx", ["NP 0F 6E /r Pq,Ed", "NP 0F 7E /r Ed,Pq"], "Copies a doubleword.");
move("movq", "mmx", ["NP 0F 6E /r Pq,Eq {o64v}", "NP 0F 7E /r Eq,Pq {o64v}"], "Copies a quadword.");
move("movq", "mmx", ["NP 0F 6F /r Pq,Qq", "NP 0F 7F /r Qq,Pq"], "Copies a quadword.");
move("movq", "sse", ["F3 0F 7E /r Vdq,Wq"], "Copies a quadword, clearing the rest.");
/** A register as destination has its upper half cleared, memory has not. */
move("movq", "sse", ["66 0F D6 /r Udq,Vq", "66 0F D6 /r Mq,Vq"], "Copies a quadword, clearing the rest.");
move("movq2dq", "sse", ["F3 0F D6 /r Vdq,Nq"], "Copies an MMX register.");
move("movdq2q", "sse", ["F2 0F D6 /r Pq,Udq"], "Copies a quadword to an MMX register.");

// Halves.
move("movlps", "sse", ["NP 0F 12 /r Vq,Mq", "NP 0F 13 /r Mq,Vq"], "Copies the low half.");
move("movlpd", "sse", ["66 0F 12 /r Vq,Mq", "66 0F 13 /r Mq,Vq"], "Copies the low half.");
for (const [name, prefix] of [
  ["movhps", "NP"],
  ["movhpd", "66"],
] as const) {
  const more = { operands: { dst: "readwrite", src: "read" } } as const;
  move(name, "sse", [`${prefix} 0F 16 /r Vdq,Mq`], "Loads the high half.", {
    ...more,
    result: ({ dst, src }) => withLane(1, dst, src),
  });
  move(name, "sse", [`${prefix} 0F 17 /r Mq,Vdq`], "Stores the high half.", { result: ({ src }) => lane(64, 1, src) });
}
move("movhlps", "sse", ["NP 0F 12 /r Vq,Udq"], "Copies the high half to the low one.", {
  result: ({ src }) => lane(64, 1, src),
});
move("movlhps", "sse", ["NP 0F 16 /r Vdq,Uq"], "Copies the low half to the high one.", {
  operands: { dst: "readwrite", src: "read" },
  result: ({ dst, src }) => withLane(1, dst, src),
});

// Bitwise operations and rearrangements under their floating-point names.
for (const [name, opcode, combine, text] of [
  ["and", "54", (a, b) => lanes("and", 64, a, b), "Bitwise AND."],
  [
    "andn",
    "55",
    (a, b) => lanes("andnot", 64, a, b),
    "Bitwise AND of the source with the complement of the destination.",
  ],
  ["or", "56", (a, b) => lanes("or", 64, a, b), "Bitwise OR."],
  ["xor", "57", (a, b) => lanes("xor", 64, a, b), "Bitwise exclusive OR."],
] as readonly (readonly [string, string, (a: Expression, b: Expression) => Expression, string])[]) {
  floats(name, opcode, () => combine, text);
}
for (const [name, opcode, high] of [
  ["unpckl", "14", false],
  ["unpckh", "15", true],
] as const) {
  floats(name, opcode, (width) => interleave(width, high), `Interleaves the ${high ? "high" : "low"} halves.`);
}

function floats(
  name: string,
  opcode: string,
  combine: (width: 32 | 64) => (a: Expression, b: Expression) => Expression,
  text: string,
): void {
  for (const [prefix, letters, width] of [
    ["NP", "ps", 32],
    ["66", "pd", 64],
  ] as const) {
    instruction(name + letters, {
      forms: [`${prefix} 0F ${opcode} /r V${letters},W${letters}`],
      operands: { dst: "readwrite", src: "read" },
      unit: "sse",
      result: ({ dst, src }) => combine(width)(dst, src),
      section: `SDM 2 ${name.toUpperCase()}${letters.toUpperCase()}`,
      text,
    });
  }
}

const lowFromFirstHighFromSecond = [0, 1, 2, 3, 4, 5, 6, 7, 24, 25, 26, 27, 28, 29, 30, 31];
for (const [name, form, numbers] of [
  ["shufps", "NP 0F C6 /r Vps,Wps,Ib", (order) => selectedDoublewords(order)],
  ["shufpd", "66 0F C6 /r Vpd,Wpd,Ib", (order) => selectedQuadwords(order)],
] as readonly (readonly [string, string, (order: Expression) => Expression])[]) {
  instruction(name, {
    forms: [form],
    operands: { dst: "readwrite", src: "read", order: "read" },
    unit: "sse",
    result: ({ dst, src, order }) => {
      const chosen = numbers(order);
      return shuffle(lowFromFirstHighFromSecond, lanes("swizzle", 8, dst, chosen), lanes("swizzle", 8, src, chosen));
    },
    section: `SDM 2B ${name.toUpperCase()}`,
    text: "Takes the low half from the destination and the high half from the source, by the immediate.",
  });
}

/** Numbers of the bytes of the two quadwords that bits 0 and 1 select: a bit selects two doublewords, 0 and 1 or 2 and 3. */
function selectedQuadwords(order: Expression): Expression {
  const bit = (n: number) => lanes("and", 32, shiftedOrder(order, n), alone(constant(32, 1)));
  // Each bit b becomes the fields 2b, 2b + 1 of an order of doublewords: (b << 1 | b << 3) + 0b0100.
  const fieldsOf = (n: number) => lanes("times", 32, bit(n), alone(constant(32, n === 0 ? 0x0a : 0xa0)));
  const doublewords = lanes("plus", 32, lanes("plus", 32, fieldsOf(0), fieldsOf(1)), alone(constant(32, 0x44)));
  return selectedDoublewords(fit(8, lane(32, 0, doublewords)));
}
function shiftedOrder(order: Expression, n: number): Expression {
  const whole = alone(zext(32, order));
  return n === 0 ? whole : { kind: "vector", width: 128, operator: "shr", lane: 32, a: whole, b: constant(64, n) };
}

for (const [letters, prefix, width] of [
  ["ps", "NP", 32],
  ["pd", "66", 64],
] as const) {
  instruction(`movmsk${letters}`, {
    forms: [`${prefix} 0F 50 /r Gd,U${letters}`],
    operands: { dst: "write", src: "read" },
    unit: "sse",
    result: ({ dst, src }) => zext(dst.width, signs(width, src)),
    section: `SDM 2B MOVMSK${letters.toUpperCase()}`,
    text: "Collects the signs.",
  });
}

/** The bytes that the mask does not select are not touched. */
for (const [name, form, unit] of [
  ["maskmovq", "NP 0F F7 /r DIb,Pq,Nq", "mmx"],
  ["maskmovdqu", "66 0F F7 /r DIb,Vdq,Udq", "sse"],
] as const) {
  instruction(name, {
    forms: [form],
    operands: { place: "address", src: "read", mask: "read" },
    unit,
    does: ({ src, mask }, { addressSize }) => [
      callSystem("maskedStore", address(addressSize, 0), constant(64, src.width / 8), src, mask),
    ],
    section: `SDM 2B ${name.toUpperCase()}`,
    text: "Stores at DS:rDI those bytes whose mask byte has its sign set.",
  });
}

instruction("emms", {
  forms: ["NP 0F 77"],
  unit: "mmx",
  does: () => [callSystem("fpuEmpty")],
  section: "SDM 2A EMMS",
  text: "Marks all x87 registers as empty, after MMX code.",
});

instruction("ldmxcsr", {
  forms: ["NP 0F AE /2 Md"],
  operands: { src: "read" },
  unit: "sse",
  does: ({ src }) => [callSystem("loadMxcsr", src)],
  section: "SDM 2A LDMXCSR",
  text: "Loads the control and status of SSE arithmetic.",
});
instruction("stmxcsr", {
  forms: ["NP 0F AE /3 Md"],
  operands: { dst: "write" },
  unit: "sse",
  result: () => system("mxcsr", 32),
  section: "SDM 2B STMXCSR",
  text: "Stores the control and status of SSE arithmetic.",
});

/** 512 aligned bytes; the helper checks and walks all of them before it changes anything. REX.W: 64-bit instruction and data pointers. */
for (const [name, suffix, reg, helper] of [
  ["fxsave", "", 0, "fxsave"],
  ["fxrstor", "", 1, "fxrstor"],
  ["fxsave", "64", 0, "fxsave"],
  ["fxrstor", "64", 1, "fxrstor"],
] as const) {
  instruction(name + suffix, {
    forms: [`NP 0F AE /${reg} M${suffix ? " {o64v}" : ""}`],
    operands: { place: "address" },
    unit: "fpu control",
    does: (_, { addressSize }) => [callSystem(helper, address(addressSize, 0), constant(64, suffix ? 1 : 0))],
    section: `SDM 2A ${name.toUpperCase()}`,
    text: name === "fxsave" ? "Stores the x87, MMX and SSE state." : "Loads the x87, MMX and SSE state.",
  });
}
