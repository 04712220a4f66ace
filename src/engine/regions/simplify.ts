/**
 * Rewrites expressions: known operands become constants, a flag becomes what the instruction before it said of that flag, and
 * what can be told at once is. All rules are identities of the notation (isa/expression.ts); none knows an instruction. Equal nodes
 * made here are the same object.
 */
import type { Comparison, Expression, Width } from "../../isa/expression";
import { children } from "../lower";
import { simplifyVector } from "./simplify-vector";

type Leaf = (leaf: Expression) => Expression;
type Of<Kind extends Expression["kind"]> = Extract<Expression, { kind: Kind }>;

const ones = (width: Width): bigint => (1n << BigInt(width)) - 1n;
const signed = (width: Width, value: bigint): bigint => BigInt.asIntN(width, value);
const isConstant = (e: Expression): e is Of<"constant"> => e.kind === "constant";
const isValue = (e: Expression, value: bigint): boolean => isConstant(e) && e.value === value;

export class Nodes {
  private readonly known = new Map<string, Expression>();
  private readonly numbers = new Map<Expression, number>();

  constructor(
    private readonly rewriting = true,
    private readonly rewritingVectors = rewriting,
  ) {}

  constant(width: Width, value: bigint): Expression {
    return this.intern({ kind: "constant", width, value: value & ones(width) });
  }

  /** What has no parts. */
  leaf(e: Expression): Expression {
    return this.intern(e);
  }

  get size(): number {
    return this.known.size;
  }

  /** The number of an expression that was made here: equal ones have the same. */
  number(e: Expression): number {
    return this.numbers.get(e)!;
  }

  /** The expression over other leaves, simplified. */
  rebuild(e: Expression, leaf: Leaf, done = new Map<Expression, Expression>()): Expression {
    const before = done.get(e);
    if (before) return before;
    const go = (child: Expression) => this.rebuild(child, leaf, done);
    const result = children(e).length === 0 && e.kind !== "system" ? this.intern(leaf(e)) : this.node(e, go);
    done.set(e, result);
    return result;
  }

  private node(e: Expression, go: Leaf): Expression {
    switch (e.kind) {
      case "unary":
        return this.unary({ ...e, a: go(e.a) });
      case "zext":
      case "sext":
      case "low":
        return this.resize({ ...e, a: go(e.a) });
      case "parity":
        return this.intern({ ...e, a: go(e.a) });
      case "binary":
        return this.binary({ ...e, a: go(e.a), b: go(e.b) });
      case "compare":
        return this.compare(e.operator, go(e.a), go(e.b));
      case "select":
        return this.select({ ...e, condition: go(e.condition), a: go(e.a), b: go(e.b) });
      case "divide":
      case "divideOverflows":
        return this.intern({ ...e, high: go(e.high), low: go(e.low), divisor: go(e.divisor) });
      case "load":
        return this.intern({ ...e, offset: go(e.offset) });
      case "vector":
        return this.vector({ ...e, a: go(e.a), b: e.b && go(e.b) });
      case "system":
        return this.once({ ...e, arguments: e.arguments.map(go) });
      default:
        return this.intern(e);
    }
  }

  // ---- rules ----

  private vector(e: Of<"vector">): Expression {
    return this.rewritingVectors ? simplifyVector(e, (node) => this.intern(node)) : this.intern(e);
  }

  private unary(e: Of<"unary">): Expression {
    const { a, width, operator } = e;
    if (!this.rewriting) return this.intern(e);
    if (isConstant(a) && operator === "not") return this.constant(width, ~a.value);
    if (isConstant(a) && operator === "neg") return this.constant(width, -a.value);
    if (operator === "not" && a.kind === "unary" && a.operator === "not") return a.a;
    return this.intern(e);
  }

  private resize(e: Of<"zext" | "sext" | "low">): Expression {
    const { a, width } = e;
    if (a.width === width) return a;
    if (!this.rewriting) return this.intern(e);
    if (isConstant(a)) return this.constant(width, e.kind === "sext" ? signed(a.width, a.value) : a.value);
    if (e.kind === "low" && (a.kind === "zext" || a.kind === "sext") && a.a.width >= width) {
      return this.resize({ ...e, a: a.a });
    }
    if (e.kind === "low" && a.kind === "low") return this.resize({ ...e, a: a.a });
    if (e.kind === "zext" && a.kind === "zext") return this.resize({ ...e, a: a.a });
    return this.intern(e);
  }

  private select(e: Of<"select">): Expression {
    if (!this.rewriting) return this.intern(e);
    if (isConstant(e.condition)) return e.condition.value ? e.a : e.b;
    return e.a === e.b ? e.a : this.intern(e);
  }

  private binary(e: Of<"binary">): Expression {
    if (!this.rewriting) return this.intern(e);
    return this.folded(e) ?? this.neutral(e) ?? this.signedLess(e) ?? this.orEqual(e) ?? this.intern(e);
  }

  private folded({ operator, width, a, b }: Of<"binary">): Expression | undefined {
    if (!isConstant(a) || !isConstant(b)) return undefined;
    const [x, y] = [a.value, b.value];
    switch (operator) {
      case "plus":
        return this.constant(width, x + y);
      case "minus":
        return this.constant(width, x - y);
      case "times":
        return this.constant(width, x * y);
      case "and":
        return this.constant(width, x & y);
      case "or":
        return this.constant(width, x | y);
      case "xor":
        return this.constant(width, x ^ y);
      case "shl":
        return this.constant(width, x << y);
      case "shr":
        return this.constant(width, x >> y);
      case "sar":
        return this.constant(width, signed(width, x) >> y);
      case "urem":
        return y === 0n ? undefined : this.constant(width, x % y);
      default:
        return undefined;
    }
  }

  private neutral({ operator, width, a, b }: Of<"binary">): Expression | undefined {
    switch (operator) {
      case "plus":
      case "or":
      case "xor":
        if (isValue(b, 0n)) return a;
        if (isValue(a, 0n)) return b;
        if (operator === "or" && a === b) return a;
        if (operator === "xor" && a === b) return this.constant(width, 0n);
        if (operator === "xor" && width === 1 && isValue(b, 1n)) return this.not(a);
        return undefined;
      case "and":
        if (a === b || isValue(b, ones(width))) return a;
        if (isValue(a, ones(width))) return b;
        return isValue(a, 0n) || isValue(b, 0n) ? this.constant(width, 0n) : undefined;
      case "minus":
        if (a === b) return this.constant(width, 0n);
        return isValue(b, 0n) ? a : undefined;
      case "shl":
      case "shr":
      case "sar":
      case "rol":
      case "ror":
        return isValue(b, 0n) ? a : undefined;
      default:
        return undefined;
    }
  }

  /** SF xor OF of a - b is "a is less than b, with signs". */
  private signedLess({ operator, width, a, b }: Of<"binary">): Expression | undefined {
    if (operator !== "xor" || width !== 1) return undefined;
    const difference = signOf(a);
    const overflow = signOf(b);
    if (difference?.kind !== "binary" || difference.operator !== "minus" || overflow?.kind !== "binary")
      return undefined;
    const { a: x, b: y } = difference;
    const wanted = this.combine("and", this.combine("xor", x, y), this.combine("xor", x, difference));
    return overflow === wanted ? this.compare("slt", x, y) : undefined;
  }

  /** "less or equal" is "not greater". */
  private orEqual({ operator, width, a, b }: Of<"binary">): Expression | undefined {
    if (operator !== "or" || width !== 1 || a.kind !== "compare" || b.kind !== "compare") return undefined;
    const [less, equal] = a.operator === "eq" ? [b, a] : [a, b];
    if (less.operator === "eq" || equal.operator !== "eq" || less.a !== equal.a || less.b !== equal.b) return undefined;
    return this.not(this.compare(less.operator, less.b, less.a));
  }

  private compare(operator: Comparison, a: Expression, b: Expression): Expression {
    const node: Expression = { kind: "compare", width: 1, operator, a, b };
    if (!this.rewriting) return this.intern(node);
    if (isConstant(a) && isConstant(b)) return this.constant(1, BigInt(holds(operator, a, b)));
    if (a === b) return this.constant(1, operator === "eq" ? 1n : 0n);
    if (operator === "ult" && isValue(b, 0n)) return this.constant(1, 0n);
    if (
      operator === "eq" &&
      isValue(b, 0n) &&
      a.kind === "binary" &&
      (a.operator === "minus" || a.operator === "xor")
    ) {
      return this.compare("eq", a.a, a.b);
    }
    return this.intern(node);
  }

  private not(a: Expression): Expression {
    return this.unary({ kind: "unary", width: a.width, operator: "not", a });
  }

  private combine(operator: "and" | "xor", a: Expression, b: Expression): Expression {
    return this.binary({ kind: "binary", width: a.width, operator, a, b });
  }

  // ---- sharing ----

  private intern(e: Expression): Expression {
    const key = this.key(e);
    const before = this.known.get(key);
    if (before) return before;
    this.known.set(key, e);
    this.numbers.set(e, this.numbers.size);
    return e;
  }

  /** A call is equal to no other. */
  private once(e: Of<"system">): Expression {
    this.numbers.set(e, this.numbers.size);
    return e;
  }

  private key(e: Expression): string {
    let key = `${e.kind} ${e.width}`;
    for (const child of children(e)) key += ` ${this.numbers.get(child)}`;
    switch (e.kind) {
      case "constant":
        return `${key} ${e.value}`;
      case "operand":
      case "number":
        return `${key} ${e.index}`;
      case "address":
        return `${key} ${e.index} ${e.linear ?? false}`;
      case "register":
        return `${key} ${e.register} ${e.high ?? false}`;
      case "flag":
        return `${key} ${e.flag}`;
      case "unary":
      case "binary":
      case "compare":
        return `${key} ${e.operator}`;
      case "divide":
        return `${key} ${e.signed} ${e.part}`;
      case "divideOverflows":
        return `${key} ${e.signed}`;
      case "load":
        return `${key} ${e.segment} ${e.writable ?? false}`;
      case "vector":
        return `${key} ${e.operator} ${e.lane} ${e.index ?? ""} ${e.pattern?.join() ?? ""}`;
      default:
        return key;
    }
  }
}

/** x, when the expression is the sign of x. */
function signOf(e: Expression): Expression | undefined {
  return e.kind === "compare" && e.operator === "slt" && isValue(e.b, 0n) ? e.a : undefined;
}

function holds(operator: Comparison, a: Of<"constant">, b: Of<"constant">): boolean {
  if (operator === "eq") return a.value === b.value;
  if (operator === "ult") return a.value < b.value;
  return signed(a.width, a.value) < signed(b.width, b.value);
}
