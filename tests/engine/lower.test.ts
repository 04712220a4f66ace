/** Every operator at every width, lowered to Wasm, against the same operator on bigints. */
import { describe, expect, it } from "vitest";
import { Bytes } from "../../src/engine/wasm/bytes";
import type { BinaryOperator, Comparison, Expression, UnaryOperator, Width } from "../../src/isa/expression";
import * as x from "../../src/isa/expression";
import { random } from "../silicon/cases";
import { compile, operand, type Three } from "./compile";

const widths: readonly Width[] = [8, 16, 32, 64];
const unsigned = (width: number, value: bigint) => BigInt.asUintN(width, value);
const signed = (width: number, value: bigint) => BigInt.asIntN(width, value);
const bits = (value: bigint) => value.toString(2);
const bool = (value: boolean) => (value ? 1n : 0n);

function values(width: number, next: () => number): bigint {
  const whole = (BigInt(next()) << 32n) | BigInt(next());
  const edges = [0n, 1n, -1n, 1n << BigInt(width - 1), (1n << BigInt(width - 1)) - 1n, 0x80n, 0xffn];
  return unsigned(width, next() % 3 === 0 ? edges[next() % edges.length] : whole);
}

/** Compares for random values; `usable` filters those the operator is defined for. */
function check(
  e: Expression,
  widthsOf: readonly number[],
  reference: Three,
  usable: (a: bigint, b: bigint, c: bigint) => boolean = () => true,
): void {
  const f = compile(e);
  const next = random(widthsOf.join().length + 7);
  for (let n = 0; n < 300; n++) {
    const [a, b, c] = [0, 1, 2].map((k) => values(widthsOf[k] ?? 64, next));
    if (usable(a, b, c)) expect([a, b, c, f(a, b, c)]).toEqual([a, b, c, reference(a, b, c)]);
  }
}

const shift = (width: number) => (_: bigint, b: bigint) => b < BigInt(width);
const notZero = (_: bigint, b: bigint) => b !== 0n;

const binaries: Readonly<Record<BinaryOperator, (w: number, a: bigint, b: bigint) => bigint>> = {
  plus: (_, a, b) => a + b,
  minus: (_, a, b) => a - b,
  times: (_, a, b) => a * b,
  and: (_, a, b) => a & b,
  or: (_, a, b) => a | b,
  xor: (_, a, b) => a ^ b,
  shl: (_, a, b) => a << b,
  shr: (_, a, b) => a >> b,
  sar: (w, a, b) => signed(w, a) >> b,
  rol: (w, a, b) => (a << b) | (a >> (BigInt(w) - b)),
  ror: (w, a, b) => (a >> b) | (a << (BigInt(w) - b)),
  mulhu: (w, a, b) => (a * b) >> BigInt(w),
  mulhs: (w, a, b) => (signed(w, a) * signed(w, b)) >> BigInt(w),
  udiv: (_, a, b) => a / b,
  urem: (_, a, b) => a % b,
  sdiv: (w, a, b) => signed(w, a) / signed(w, b),
  srem: (w, a, b) => signed(w, a) % signed(w, b),
};
const comparisons: Readonly<Record<Comparison, (w: number, a: bigint, b: bigint) => boolean>> = {
  eq: (_, a, b) => a === b,
  ult: (_, a, b) => a < b,
  slt: (w, a, b) => signed(w, a) < signed(w, b),
};
const unaries: Readonly<Record<UnaryOperator, (w: number, a: bigint) => bigint>> = {
  not: (_, a) => ~a,
  neg: (_, a) => -a,
  clz: (w, a) => BigInt(a === 0n ? w : w - bits(a).length),
  ctz: (w, a) => BigInt(a === 0n ? w : bits(a).length - 1 - bits(a).lastIndexOf("1")),
  popcount: (_, a) => BigInt([...bits(a)].filter((digit) => digit === "1").length),
  bswap: (w, a) =>
    BigInt(
      `0x${a
        .toString(16)
        .padStart(w / 4, "0")
        .match(/../g)!
        .reverse()
        .join("")}`,
    ),
};

describe.each(widths)("%i bits", (width) => {
  const [a, b] = [operand(0, width), operand(1, width)];
  it.each(Object.keys(binaries) as BinaryOperator[])("%s", (operator) => {
    const usable = ["shl", "shr", "sar", "rol", "ror"].includes(operator)
      ? shift(width)
      : operator.includes("div") || operator.includes("rem")
        ? (p: bigint, q: bigint) => notZero(p, q) && !(operator[0] === "s" && signed(width, q) === -1n)
        : undefined;
    const e: Expression = { kind: "binary", width, operator, a, b };
    check(e, [width, width], (p, q) => unsigned(width, binaries[operator](width, p, q)), usable);
  });

  it.each(Object.keys(comparisons) as Comparison[])("%s", (operator) => {
    const compare = (other: Expression): Expression => ({ kind: "compare", width: 1, operator, a, b: other });
    check(compare(b), [width, width], (p, q) => bool(comparisons[operator](width, p, q)));
    check(compare(x.constant(width, 0)), [width], (p) => bool(comparisons[operator](width, p, 0n)));
  });

  it.each(Object.keys(unaries) as UnaryOperator[])("%s", (operator) => {
    if (operator === "bswap" && width === 8) return;
    const e: Expression = { kind: "unary", width, operator, a };
    check(e, [width], (p) => unsigned(width, unaries[operator](width, p)));
  });

  it.each(widths.filter((other) => other > width))("extends to %i bits", (wider) => {
    check(x.zext(wider, a), [width], (p) => p);
    check(x.sext(wider, a), [width], (p) => unsigned(wider, signed(width, p)));
    check(x.low(width, operand(0, wider)), [wider], (p) => unsigned(width, p));
  });

  it("selects, tests parity and the sign", () => {
    const small = x.ult(a, b);
    check(x.select(small, a, b), [width, width], (p, q) => (p < q ? p : q));
    check(x.parity(a), [width], (p) => bool(unaries.popcount(8, p & 0xffn) % 2n === 0n));
    check(x.msb(a), [width], (p) => p >> BigInt(width - 1));
    check(x.not(small), [width, width], (p, q) => bool(p >= q));
  });

  it("computes a shared node once and mixes exact and loose values", () => {
    const sum = x.plus(a, b);
    const e = x.xor(x.times(sum, sum), x.shr(sum, x.constant(width, 3)));
    check(e, [width, width], (p, q) => {
      const s = unsigned(width, p + q);
      return unsigned(width, (s * s) ^ (s >> 3n));
    });
  });

  it.each([false, true])("divides a double-width number, signed: %s", (isSigned) => {
    const by = { signed: isSigned, high: operand(0, width), low: operand(1, width), divisor: operand(2, width) };
    const number = (high: bigint, lower: bigint) => {
      const whole = (high << BigInt(width)) | lower;
      return isSigned ? signed(width * 2, whole) : whole;
    };
    const divisor = (c: bigint) => (isSigned ? signed(width, c) : c);
    const fits = (q: bigint) => (isSigned ? signed(width, q) === q : unsigned(width, q) === q);
    const overflows: Three = (h, l, c) => bool(c === 0n || !fits(number(h, l) / divisor(c)));
    check({ kind: "divideOverflows", width: 1, ...by }, [width, width, width], overflows);
    const part = (name: "quotient" | "remainder", reference: Three) => {
      const e: Expression = { kind: "divide", width, part: name, ...by };
      // Small high halves, so that quotients fit more often.
      const f = compile(e);
      const next = random(width + 1);
      for (let n = 0; n < 400; n++) {
        const l = values(width, next);
        const c = values(width, next);
        const h = n % 2 ? values(width, next) : isSigned ? unsigned(width, signed(width, l) >> 63n) : BigInt(n % 3);
        if (overflows(h, l, c) === 0n) expect([h, l, c, f(h, l, c)]).toEqual([h, l, c, reference(h, l, c)]);
      }
    };
    part("quotient", (h, l, c) => unsigned(width, number(h, l) / divisor(c)));
    part("remainder", (h, l, c) => unsigned(width, number(h, l) % divisor(c)));
  });
});

describe("integers of the binary format", () => {
  const encoded = (write: (bytes: Bytes) => void) => {
    const bytes = new Bytes();
    write(bytes);
    return [...bytes.take()];
  };
  it("writes unsigned LEB128", () => {
    expect(encoded((bytes) => bytes.u32(624485))).toEqual([0xe5, 0x8e, 0x26]);
    expect(encoded((bytes) => bytes.u32(0xffff_ffff))).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
  });
  it("writes signed LEB128", () => {
    expect(encoded((bytes) => bytes.s32(-123456))).toEqual([0xc0, 0xbb, 0x78]);
    expect(encoded((bytes) => bytes.s32(64))).toEqual([0xc0, 0x00]);
    expect(encoded((bytes) => bytes.s64(-1n))).toEqual([0x7f]);
    expect(encoded((bytes) => bytes.s64(1n << 63n))).toEqual([
      0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f,
    ]);
  });
});
