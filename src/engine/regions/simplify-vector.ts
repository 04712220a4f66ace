/**
 * The rules of simplify.ts for vectors: what comes from constants alone is a constant; bytes that are chosen by constants are a shuffle, and
 * shuffles of shuffles are one; a lane that was only moved is taken from where it was. V8 makes a single instruction of most shuffles.
 */
import type { Expression, Width } from "../../isa/expression";

type Vector = Extract<Expression, { kind: "vector" }>;
/** Makes a node, or hands out the equal one that was made before. */
export type Make = (e: Expression) => Expression;

const ones = (width: number): bigint => (1n << BigInt(width)) - 1n;
const constant = (width: Width, value: bigint): Expression => ({ kind: "constant", width, value: value & ones(width) });

/** The vector, whose parts are simplified already, in a shorter form. */
export function simplifyVector(e: Vector, make: Make): Expression {
  const value = folded(e);
  if (value !== undefined) return make(constant(e.width, value));
  if (e.operator === "lane") return movedLane(e, make) ?? make(e);
  if (e.width !== 128) return make(e);
  const whole = mask(e, make) ?? blend(e, make);
  if (whole) return whole;
  if (e.operator === "swizzle" && e.b?.kind === "constant") {
    const pattern = bytesOf(e.b.value, 16).map((n) => (n < 16 ? n : 16));
    return simplifyVector({ ...e, operator: "shuffle", pattern, b: make(constant(128, 0n)) }, make);
  }
  return e.operator === "shuffle" ? joined(e, make) : make(e);
}

const bytesOf = (value: bigint, count: number): number[] =>
  Array.from({ length: count }, (_, n) => Number((value >> BigInt(8 * n)) & 0xffn));
const fromParts = (parts: readonly bigint[], width: number): bigint =>
  parts.reduce((sum, part, n) => sum | (BigInt.asUintN(width, part) << BigInt(n * width)), 0n);

/** The value of an operator on constants, where it is one that definitions use on immediates. */
function folded(e: Vector): bigint | undefined {
  const { a, b, lane, width } = e;
  if (a.kind !== "constant" || (b && b.kind !== "constant")) return undefined;
  const [x, y] = [a.value, b?.value ?? 0n];
  const count = width / lane;
  const part = (value: bigint, n: number) => BigInt.asUintN(lane, value >> BigInt(n * lane));
  switch (e.operator) {
    case "and":
      return x & y;
    case "or":
      return x | y;
    case "xor":
      return x ^ y;
    case "andnot":
      return ~x & y;
    case "splat":
      return fromParts(new Array<bigint>(count).fill(x), lane);
    case "lane":
      return part(x, e.index!);
    case "withLane":
      return fromParts(
        Array.from({ length: count }, (_, n) => (n === e.index ? y : part(x, n))),
        lane,
      );
    case "shuffle":
    case "swizzle":
      return width === 128 ? chosen(e.pattern ?? bytesOf(y, 16), x, e.pattern ? y : 0n) : undefined;
    default: {
      const compute = lanewise[e.operator];
      if (!compute) return undefined;
      const second = (n: number) => (shifts.has(e.operator) ? y : part(y, n));
      return fromParts(
        Array.from({ length: count }, (_, n) => compute(part(x, n), second(n), lane)),
        lane,
      );
    }
  }
}

const chosen = (numbers: readonly number[], x: bigint, y: bigint): bigint =>
  fromParts(
    numbers.map((n) => (n < 32 ? ((n < 16 ? x : y) >> BigInt(8 * (n & 15))) & 0xffn : 0n)),
    8,
  );

const shifts = new Set<string>(["shl", "shr", "sar"]);
const lanewise: Partial<Record<Vector["operator"], (x: bigint, y: bigint, width: number) => bigint>> = {
  plus: (x, y) => x + y,
  minus: (x, y) => x - y,
  times: (x, y) => x * y,
  equal: (x, y) => (x === y ? -1n : 0n),
  greaterS: (x, y, width) => (BigInt.asIntN(width, x) > BigInt.asIntN(width, y) ? -1n : 0n),
  shl: (x, y, width) => (y < BigInt(width) ? x << y : 0n),
  shr: (x, y, width) => (y < BigInt(width) ? x >> y : 0n),
  sar: (x, y, width) => BigInt.asIntN(width, x) >> (y < BigInt(width) ? y : BigInt(width - 1)),
};

const valueOf = (e: Expression | undefined): bigint | undefined => (e?.kind === "constant" ? e.value : undefined);

/** Masks of all ones and of none. */
function mask(e: Vector, make: Make): Expression | undefined {
  const { operator, a, b } = e;
  const [x, y] = [valueOf(a), valueOf(b)];
  const all = ones(128);
  if (operator === "and") return x === all || y === 0n ? b : y === all || x === 0n ? a : undefined;
  if (operator === "or") return x === 0n ? b : y === 0n ? a : undefined;
  if (operator !== "andnot") return undefined;
  return x === 0n ? b : x === all || y === 0n ? make(constant(128, 0n)) : undefined;
}

/** (mask and x) or (not mask, and y), of whole bytes: a shuffle; of one lane that gets a scalar: that lane replaced. */
function blend(e: Vector, make: Make): Expression | undefined {
  const { a: inside, b: outside } = e;
  if (e.operator !== "or" || inside.kind !== "vector" || outside?.kind !== "vector") return undefined;
  if (inside.operator !== "and" || outside.operator !== "andnot") return undefined;
  const value = valueOf(inside.a);
  if (value === undefined || value !== valueOf(outside.a)) return undefined;
  const bytes = bytesOf(value, 16);
  if (!bytes.every((byte) => byte === 0 || byte === 0xff)) return undefined;
  const [x, y] = [inside.b!, outside.b!];
  if (x.kind === "vector" && x.operator === "splat") {
    const index = bytes.indexOf(0xff) / (x.lane / 8);
    if (Number.isInteger(index) && value === ones(x.lane) << BigInt(index * x.lane)) {
      return make({ kind: "vector", width: 128, operator: "withLane", lane: x.lane, a: y, b: x.a, index });
    }
  }
  const pattern = bytes.map((byte, n) => (byte ? n + 16 : n));
  return joined({ kind: "vector", width: 128, operator: "shuffle", lane: 8, a: y, b: x, pattern }, make);
}

interface Byte {
  readonly source: Expression;
  readonly number: number;
}

/** Where a byte of a vector of 128 bits was before it was moved. */
function origin(source: Expression, number: number): Byte {
  if (source.kind !== "vector" || source.operator !== "shuffle" || source.width !== 128) return { source, number };
  const from = source.pattern![number];
  return { source: from < 16 ? source.a : source.b!, number: from & 15 };
}

/** A shuffle of what shuffles made, as long as it comes from two vectors at most. */
function joined(e: Vector, make: Make): Expression {
  const bytes = e.pattern!.map((n) => origin(n < 16 ? e.a : e.b!, n & 15));
  const sources = [...new Set(bytes.map(({ source }) => source))];
  if (sources.length > 2) return make(e);
  const [a, b = a] = sources;
  const pattern = bytes.map(({ source, number }) => (source === a ? number : number + 16));
  if (sources.length === 1 && pattern.every((n, at) => n === at)) return a;
  return make({ ...e, a, b, pattern });
}

/** A lane that a shuffle moved as a whole. */
function movedLane(e: Vector, make: Make): Expression | undefined {
  if (e.a.width !== 128) return undefined;
  const bytes = e.lane / 8;
  const places = Array.from({ length: bytes }, (_, n) => origin(e.a, e.index! * bytes + n));
  const [{ source, number }] = places;
  if (source === e.a || number % bytes !== 0) return undefined;
  if (!places.every((place, n) => place.source === source && place.number === number + n)) return undefined;
  return simplifyVector({ ...e, a: source, index: number / bytes }, make);
}
