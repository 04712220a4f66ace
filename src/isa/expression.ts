/**
 * Pure, width-generic expressions: what an instruction computes.
 *
 * A node is an immutable value of `width` bits. Nodes form a graph: a node used twice is computed once. Every node
 * refers to the state BEFORE the instruction; only effects (notation.ts) change state, all at once, afterwards.
 * Values are unsigned bit patterns; an operation that reads a sign says so in its name (sar, slt, sext...).
 */

import type { SystemHelper } from "./system";

/** Of 128 bits are only leaves, selects and what vector operators yield. */
export type Width = 1 | 8 | 16 | 32 | 64 | 128;
export type LaneWidth = 8 | 16 | 32 | 64;

/** Arithmetic modulo 2^width. Shift and rotate counts are taken as they are and must be < width (mask them first). */
export type BinaryOperator =
  | "plus"
  | "minus"
  | "times"
  | "and"
  | "or"
  | "xor"
  /** Shifts: to the left and to the right with zeros, to the right with copies of the sign. Rotations: to the left, to the right. */
  | "shl"
  | "shr"
  | "sar"
  | "rol"
  | "ror"
  /** High half of the double-width product, without signs and with signs. */
  | "mulhu"
  | "mulhs"
  /** Truncating division and remainder, without signs and with signs; the divisor must have been checked (notation's `fault`). */
  | "udiv"
  | "urem"
  | "sdiv"
  | "srem";
/** Equal; less, without signs and with signs. */
export type Comparison = "eq" | "ult" | "slt";
/**
 * All bits inverted; two's complement; zeros above the highest 1, and below the lowest (of 0: the width); how many bits are 1; the bytes in
 * reverse order.
 */
export type UnaryOperator = "not" | "neg" | "clz" | "ctz" | "popcount" | "bswap";

/**
 * Operators on vectors of 64 bits (MMX) or 128 (SSE), which are cut into lanes; lane 0 is the lowest. "S" and "U" say how a
 * lane is read.
 */
export type VectorOperator =
  | "and"
  | "or"
  | "xor"
  /** not a, and b. */
  | "andnot"
  | "plus"
  | "minus"
  /** Low half of each product. */
  | "times"
  | "plusSaturatedS"
  | "plusSaturatedU"
  | "minusSaturatedS"
  | "minusSaturatedU"
  /** High half of each product, 16-bit lanes. */
  | "timesHighS"
  | "timesHighU"
  /** Products of the even 32-bit lanes, 64 bits each. */
  | "timesEvenU"
  /** Sums of pairs of products of 16-bit lanes, 32 bits each. */
  | "dot"
  /** Sum of the absolute differences of eight bytes each, 64 bits each. */
  | "distance"
  /** (a + b + 1) / 2. */
  | "averageU"
  | "minS"
  | "maxS"
  | "minU"
  | "maxU"
  /** All ones where it holds. */
  | "equal"
  | "greaterS"
  /** The lanes of a, then those of b, each saturated to half its width. */
  | "narrowS"
  | "narrowU"
  /** Every lane of a by the 64-bit count b; a count of the lane's width or more leaves nothing (of a sign: the sign). */
  | "shl"
  | "shr"
  | "sar"
  /** Bytes of a by the numbers in b; a number of 16 or more gives 0. */
  | "swizzle"
  /** Bytes of a (0..15) and b (16..31) by `pattern`; a vector of 64 bits has bytes 0..7 and 16..23. */
  | "shuffle"
  /** Every lane is a. */
  | "splat"
  /** Lane `index` of a. */
  | "lane"
  /** a with lane `index` replaced by b. */
  | "withLane"
  /** The sign bits of all lanes, lane 0's lowest. */
  | "signs";

/** One of the six status flags and the control flags an expression may read. */
export type Flag = "cf" | "pf" | "af" | "zf" | "sf" | "of" | "df" | "if";

/** General registers by number (ModRM/REX numbering): rax rcx rdx rbx rsp rbp rsi rdi r8..r15. */
export const RAX = 0,
  RCX = 1,
  RDX = 2,
  RBX = 3,
  RSP = 4,
  RBP = 5,
  RSI = 6,
  RDI = 7;

/** Segment registers by number (Sreg encoding). */
export const ES = 0,
  CS = 1,
  SS = 2,
  DS = 3,
  FS = 4,
  GS = 5;

export type Expression =
  | { readonly kind: "constant"; readonly width: Width; readonly value: bigint }
  /** The n-th explicit operand of the form (0-based), read at its own width. */
  | { readonly kind: "operand"; readonly width: Width; readonly index: number }
  /** Effective address (offset, before the segment base) of the n-th operand, which is memory. Width = address size. `linear`: with the segment base, 64 bits wide. */
  | { readonly kind: "address"; readonly width: Width; readonly index: number; readonly linear?: boolean }
  /** Number of the register that the n-th operand is (segment, control and debug registers). */
  | { readonly kind: "number"; readonly width: Width; readonly index: number }
  /** Low `width` bits of an architectural register. `high` selects AH, CH, DH, BH. */
  | { readonly kind: "register"; readonly width: Width; readonly register: number; readonly high?: boolean }
  | { readonly kind: "flag"; readonly width: 1; readonly flag: Flag }
  /** Offset of the next instruction (RIP after this one). */
  | { readonly kind: "next"; readonly width: Width }
  | { readonly kind: "unary"; readonly width: Width; readonly operator: UnaryOperator; readonly a: Expression }
  | {
      readonly kind: "binary";
      readonly width: Width;
      readonly operator: BinaryOperator;
      readonly a: Expression;
      readonly b: Expression;
    }
  | {
      readonly kind: "compare";
      readonly width: 1;
      readonly operator: Comparison;
      readonly a: Expression;
      readonly b: Expression;
    }
  /** Zero-extend, sign-extend, or keep the low bits. */
  | { readonly kind: "zext" | "sext" | "low"; readonly width: Width; readonly a: Expression }
  /** `condition ? a : b`. Both sides are pure; a load in a side that is not taken is still made (use effects' `when` to avoid that). */
  | {
      readonly kind: "select";
      readonly width: Width;
      readonly condition: Expression;
      readonly a: Expression;
      readonly b: Expression;
    }
  /** Even parity of the low 8 bits of `a` (SDM 3.4.3.1). */
  | { readonly kind: "parity"; readonly width: 1; readonly a: Expression }
  /** Quotient and remainder of the double-width dividend high:low by divisor; the fault checks have been made. */
  | {
      readonly kind: "divide";
      readonly width: Width;
      readonly signed: boolean;
      readonly part: "quotient" | "remainder";
      readonly high: Expression;
      readonly low: Expression;
      readonly divisor: Expression;
    }
  /** 1 when high:low / divisor does not fit in `divisor.width` bits or the divisor is 0 (#DE). */
  | {
      readonly kind: "divideOverflows";
      readonly width: 1;
      readonly signed: boolean;
      readonly high: Expression;
      readonly low: Expression;
      readonly divisor: Expression;
    }
  /** Memory at segment:offset. Loads are made in the order in which the effects first mention them; each may fault. `writable`: check for writing too (read-modify-write). */
  | {
      readonly kind: "load";
      readonly width: Width;
      readonly segment: number | "operand";
      readonly offset: Expression;
      readonly writable?: boolean;
    }
  /** An operator on vectors. */
  | {
      readonly kind: "vector";
      readonly width: Width;
      readonly operator: VectorOperator;
      readonly lane: LaneWidth;
      readonly a: Expression;
      readonly b?: Expression;
      readonly index?: number;
      readonly pattern?: readonly number[];
    }
  /** Value returned by a system helper (system.ts); it may fault. Called once, in order of first mention. */
  | {
      readonly kind: "system";
      readonly width: Width;
      readonly helper: SystemHelper;
      readonly arguments: readonly Expression[];
    };

const mask = (width: Width) => (1n << BigInt(width)) - 1n;

/**
 * Equal expressions are the same node, so that what two flags have in common is computed once. The table is dropped now and
 * then to stay small; only sharing is lost by that. Helper calls are not shared: each mention is a call of its own.
 */
const known = new Map<string, Expression>();
const KNOWN_AT_MOST = 8192;
const identities = new WeakMap<Expression, number>();
let identitiesGiven = 0;

function identity(node: Expression): number {
  let number = identities.get(node);
  if (number === undefined) {
    number = identitiesGiven++;
    identities.set(node, number);
  }
  return number;
}

/** The node made before from the same kind, width, details and parts, or this one. */
function shared<Node extends Expression>(node: Node, detail: string, ...parts: Expression[]): Node {
  const key = `${node.kind} ${node.width} ${detail} ${parts.map(identity).join(" ")}`;
  const before = known.get(key);
  if (before) return before as Node;
  if (known.size >= KNOWN_AT_MOST) known.clear();
  known.set(key, node);
  return node;
}

export const constant = (width: Width, value: bigint | number): Expression => {
  const pattern = BigInt(value) & mask(width);
  return shared({ kind: "constant", width, value: pattern }, pattern.toString(16));
};
export const register = (number: number, width: Width): Expression =>
  shared({ kind: "register", width, register: number }, `${number}`);
/** AH, CH, DH or BH by the number of the whole register. */
export const highByte = (number: number): Expression =>
  shared({ kind: "register", width: 8, register: number, high: true }, `${number}h`);
export const address = (width: Width, index: number): Expression =>
  shared({ kind: "address", width, index }, `${index}`);
export const linearAddress = (index: number): Expression =>
  shared({ kind: "address", width: 64, index, linear: true }, `${index}l`);
export const numberOf = (index: number): Expression => shared({ kind: "number", width: 64, index }, `${index}`);
export const flag = (name: Flag): Expression => shared({ kind: "flag", width: 1, flag: name }, name);
export const next = (width: Width): Expression => shared({ kind: "next", width }, "");

function sameWidth(operator: string, a: Expression, b: Expression): void {
  if (a.width !== b.width) throw new Error(`${operator}: widths ${a.width} and ${b.width} differ`);
}

function binary(operator: BinaryOperator) {
  return (a: Expression, b: Expression): Expression => {
    sameWidth(operator, a, b);
    return shared({ kind: "binary", width: a.width, operator, a, b }, operator, a, b);
  };
}
export const plus = binary("plus"),
  minus = binary("minus"),
  times = binary("times");
export const and = binary("and"),
  or = binary("or"),
  xor = binary("xor");
export const shl = binary("shl"),
  shr = binary("shr"),
  sar = binary("sar"),
  rol = binary("rol"),
  ror = binary("ror");
export const mulhu = binary("mulhu"),
  mulhs = binary("mulhs");
export const udiv = binary("udiv"),
  urem = binary("urem"),
  sdiv = binary("sdiv"),
  srem = binary("srem");

const unary =
  (operator: UnaryOperator) =>
  (a: Expression): Expression =>
    shared({ kind: "unary", width: a.width, operator, a }, operator, a);
export const not = unary("not"),
  neg = unary("neg"),
  clz = unary("clz"),
  ctz = unary("ctz"),
  popcount = unary("popcount"),
  bswap = unary("bswap");

function compare(operator: Comparison) {
  return (a: Expression, b: Expression): Expression => {
    sameWidth(operator, a, b);
    return shared({ kind: "compare", width: 1, operator, a, b }, operator, a, b);
  };
}
export const eq = compare("eq"),
  ult = compare("ult"),
  slt = compare("slt");
export const isZero = (a: Expression): Expression => eq(a, constant(a.width, 0));
export const ne = (a: Expression, b: Expression): Expression => not(eq(a, b));

export const zext = (width: Width, a: Expression): Expression =>
  a.width === width ? a : shared({ kind: "zext", width, a }, "", a);
export const sext = (width: Width, a: Expression): Expression =>
  a.width === width ? a : shared({ kind: "sext", width, a }, "", a);
export const low = (width: Width, a: Expression): Expression =>
  a.width === width ? a : shared({ kind: "low", width, a }, "", a);
/** `a` at `width` bits: its low bits, or zero-extended. */
export const fit = (width: Width, a: Expression): Expression => (width < a.width ? low(width, a) : zext(width, a));
export const select = (condition: Expression, a: Expression, b: Expression): Expression => {
  sameWidth("select", a, b);
  return shared({ kind: "select", width: a.width, condition, a, b }, "", condition, a, b);
};
/** Bit `n` of a value, 1 bit wide. */
export const bit = (a: Expression, n: number): Expression => low(1, n === 0 ? a : shr(a, constant(a.width, n)));
/** The sign bit. */
export const msb = (a: Expression): Expression => slt(a, constant(a.width, 0));
export const parity = (a: Expression): Expression => shared({ kind: "parity", width: 1, a }, "", a);
export const load = (width: Width, segment: number | "operand", offset: Expression, writable = false): Expression =>
  shared({ kind: "load", width, segment, offset, writable }, `${segment} ${writable}`, offset);
export interface DivisionOperands {
  readonly signed: boolean;
  readonly high: Expression;
  readonly low: Expression;
  readonly divisor: Expression;
}
export const divide = (part: "quotient" | "remainder", by: DivisionOperands): Expression =>
  shared({ kind: "divide", width: by.divisor.width, part, ...by }, `${part} ${by.signed}`, by.high, by.low, by.divisor);
export const divideOverflows = (by: DivisionOperands): Expression =>
  shared({ kind: "divideOverflows", width: 1, ...by }, `${by.signed}`, by.high, by.low, by.divisor);
type Vector = Extract<Expression, { kind: "vector" }>;
const vector = (node: Omit<Vector, "kind">): Expression => {
  const detail = `${node.operator} ${node.lane} ${node.index ?? ""} ${node.pattern?.join() ?? ""}`;
  return node.b
    ? shared<Vector>({ kind: "vector", ...node }, detail, node.a, node.b)
    : shared<Vector>({ kind: "vector", ...node }, detail, node.a);
};
/** An operator on the lanes of two vectors. */
export const lanes = (operator: VectorOperator, lane: LaneWidth, a: Expression, b: Expression): Expression => {
  sameWidth(operator, a, b);
  return vector({ width: a.width, operator, lane, a, b });
};
/** Every lane shifted by a 64-bit count. */
export const shiftLanes = (
  operator: "shl" | "shr" | "sar",
  lane: LaneWidth,
  a: Expression,
  count: Expression,
): Expression => vector({ width: a.width, operator, lane, a, b: zext(64, count) });
export const shuffle = (pattern: readonly number[], a: Expression, b: Expression): Expression =>
  vector({ width: a.width, operator: "shuffle", lane: 8, a, b, pattern });
export const splat = (width: Width, a: Expression): Expression =>
  vector({ width, operator: "splat", lane: a.width as LaneWidth, a });
export const lane = (width: LaneWidth, index: number, a: Expression): Expression =>
  a.width === width ? a : vector({ width, operator: "lane", lane: width, a, index });
export const withLane = (index: number, a: Expression, value: Expression): Expression =>
  vector({ width: a.width, operator: "withLane", lane: value.width as LaneWidth, a, b: value, index });
/** A vector of 128 bits whose lowest lane is `a` and the others 0. */
export const alone = (a: Expression): Expression => (a.width === 128 ? a : withLane(0, constant(128, 0), a));
/** One bit per lane. */
export const signs = (lane: LaneWidth, a: Expression): Expression => vector({ width: 32, operator: "signs", lane, a });
/** A constant vector from its lanes. */
export const lanesOf = (width: 64 | 128, lane: LaneWidth, values: readonly number[]): Expression =>
  constant(
    width,
    values.reduce((sum, value, n) => sum | (BigInt.asUintN(lane, BigInt(value)) << BigInt(n * lane)), 0n),
  );

/** A helper's value; arguments are widened to 64 bits, those of 128 take two places. */
export const system = (helper: SystemHelper, width: Width, ...args: Expression[]): Expression => ({
  kind: "system",
  width,
  helper,
  arguments: args.map((argument) => (argument.width === 128 ? argument : zext(64, argument))),
});
