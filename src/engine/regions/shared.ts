/**
 * Expressions of which equal ones are the same object. A node is looked up, by a number made of what it is and of the numbers of its
 * parts, before it is made; so most of the time nothing is.
 */
import type { BinaryOperator, Comparison, Expression, UnaryOperator, Width } from "../../isa/expression";

export type Of<Kind extends Expression["kind"]> = Extract<Expression, { kind: Kind }>;

/** Numbers of nodes, locals and places are below this; numbers of names below that: three of these and a width fit a double. */
const MOST = 2 ** 18,
  MOST_NAMES = 128;
/** 0 to 7, from the width's highest bit. */
const widthNumber = (width: Width): number => Math.clz32(width) - 24;

export class SharedNodes {
  private readonly known = new Map<number, Expression>();
  private readonly constants = new Map<Width, Map<bigint, Expression>>();
  private readonly numbers = new Map<Expression, number>();
  private readonly names = new Map<string, number>();
  private readonly places = new Map<string, number>();
  private readonly pairs = new Map<number, number>();

  get size(): number {
    return this.numbers.size;
  }

  /** The number of an expression that was made here: equal ones have the same. */
  number(e: Expression): number {
    return this.numbers.get(e)!;
  }

  constant(width: Width, value: bigint): Expression {
    let ofWidth = this.constants.get(width);
    if (!ofWidth) this.constants.set(width, (ofWidth = new Map<bigint, Expression>()));
    const before = ofWidth.get(value);
    if (before) return before;
    const e: Expression = { kind: "constant", width, value };
    ofWidth.set(value, e);
    this.numbers.set(e, this.numbers.size);
    return e;
  }

  /** What was made here, or has no parts. */
  leaf(e: Expression): Expression {
    if (this.numbers.has(e)) return e;
    switch (e.kind) {
      case "constant":
        return this.constant(e.width, e.value);
      case "operand":
      case "number":
        return this.one(this.key(e.kind, "", e.width, e.index, 0), e);
      case "address":
        return this.one(this.key(e.kind, "", e.width, e.index, e.linear ? 1 : 0), e);
      case "register":
        return this.one(this.key(e.kind, "", e.width, e.register, e.high ? 1 : 0), e);
      case "flag":
        return this.one(this.key(e.kind, e.flag, e.width, 0, 0), e);
      default:
        return this.one(this.key(e.kind, "", e.width, 0, 0), e);
    }
  }

  unary(operator: UnaryOperator, width: Width, a: Expression): Expression {
    const key = this.key("unary", operator, width, this.number(a), 0);
    return this.known.get(key) ?? this.add(key, { kind: "unary", width, operator, a });
  }

  binary(operator: BinaryOperator, width: Width, a: Expression, b: Expression): Expression {
    const key = this.key("binary", operator, width, this.number(a), this.number(b));
    return this.known.get(key) ?? this.add(key, { kind: "binary", width, operator, a, b });
  }

  compare(operator: Comparison, a: Expression, b: Expression): Expression {
    const key = this.key("compare", operator, 1, this.number(a), this.number(b));
    return this.known.get(key) ?? this.add(key, { kind: "compare", width: 1, operator, a, b });
  }

  resize(kind: "zext" | "sext" | "low", width: Width, a: Expression): Expression {
    const key = this.key(kind, "", width, this.number(a), 0);
    return this.known.get(key) ?? this.add(key, { kind, width, a });
  }

  parity(a: Expression): Expression {
    const key = this.key("parity", "", 1, this.number(a), 0);
    return this.known.get(key) ?? this.add(key, { kind: "parity", width: 1, a });
  }

  select(width: Width, condition: Expression, a: Expression, b: Expression): Expression {
    const sides = this.pair(this.number(a), this.number(b));
    const key = this.key("select", "", width, this.number(condition), sides);
    return this.known.get(key) ?? this.add(key, { kind: "select", width, condition, a, b });
  }

  /** A division over other parts. */
  divide(e: Of<"divide" | "divideOverflows">, high: Expression, low: Expression, divisor: Expression): Expression {
    const name = `${e.signed} ${e.kind === "divide" ? e.part : ""}`;
    const dividend = this.pair(this.number(high), this.number(low));
    const key = this.key(e.kind, name, e.width, dividend, this.number(divisor));
    return this.known.get(key) ?? this.add(key, { ...e, high, low, divisor });
  }

  /** A load from elsewhere. */
  load(e: Of<"load">, offset: Expression): Expression {
    const name = `${e.segment} ${e.writable ?? false}`;
    return this.one(this.key("load", name, e.width, this.number(offset), 0), { ...e, offset });
  }

  /** A vector whose parts were made here. */
  vector(e: Of<"vector">): Expression {
    const { operator, width, lane, index = "", pattern = [] } = e;
    const second = this.pair(e.b ? this.number(e.b) + 1 : 0, this.placeNumber(`${lane} ${index} ${pattern.join()}`));
    return this.one(this.key("vector", operator, width, this.number(e.a), second), e);
  }

  /** A call is equal to no other. */
  call(e: Of<"system">): Expression {
    this.numbers.set(e, this.numbers.size);
    return e;
  }

  private one(key: number, e: Expression): Expression {
    return this.known.get(key) ?? this.add(key, e);
  }

  private add(key: number, e: Expression): Expression {
    this.known.set(key, e);
    this.numbers.set(e, this.numbers.size);
    return e;
  }

  private key(kind: string, name: string, width: Width, a: number, b: number): number {
    const what = this.nameNumber(kind) * MOST_NAMES + this.nameNumber(name);
    return ((what * 8 + widthNumber(width)) * MOST + a) * MOST + b;
  }

  private nameNumber(name: string): number {
    let number = this.names.get(name);
    if (number === undefined) this.names.set(name, (number = this.names.size));
    return number;
  }

  /** Of lanes and patterns, of which there may be many. */
  private placeNumber(place: string): number {
    let number = this.places.get(place);
    if (number === undefined) this.places.set(place, (number = this.places.size));
    return number;
  }

  private pair(a: number, b: number): number {
    const key = a * MOST + b;
    let number = this.pairs.get(key);
    if (number === undefined) this.pairs.set(key, (number = this.pairs.size));
    return number;
  }
}
