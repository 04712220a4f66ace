/**
 * Rewrites expressions: known operands become constants, a flag becomes what the instruction before it said of that flag, and
 * what can be told at once is. All rules are identities of the notation (isa/expression.ts); none knows an instruction. Equal nodes
 * made here are the same object.
 */
import type { BinaryOperator, Comparison, Expression, UnaryOperator, Width } from "../../isa/expression";
import { type Of, SharedNodes } from "./shared";
import { simplifyVector } from "./simplify-vector";

type Leaf = (leaf: Expression) => Expression;

const ones = (width: Width): bigint => (1n << BigInt(width)) - 1n;
const signed = (width: Width, value: bigint): bigint => BigInt.asIntN(width, value);
const isConstant = (e: Expression): e is Of<"constant"> => e.kind === "constant";
const isValue = (e: Expression, value: bigint): boolean => isConstant(e) && e.value === value;

export class Nodes {
  private readonly shared = new SharedNodes();

  constructor(
    private readonly rewriting = true,
    private readonly rewritingVectors = rewriting,
  ) {}

  constant(width: Width, value: bigint): Expression {
    return this.shared.constant(width, BigInt.asUintN(width, value));
  }

  /** What was made here, or has no parts. */
  leaf(e: Expression): Expression {
    return this.shared.leaf(e);
  }

  get size(): number {
    return this.shared.size;
  }

  /** The number of an expression that was made here: equal ones have the same. */
  number(e: Expression): number {
    return this.shared.number(e);
  }

  /** The expression over other leaves, simplified. */
  rebuild(e: Expression, leaf: Leaf, done = new Map<Expression, Expression>()): Expression {
    const before = done.get(e);
    if (before) return before;
    const result = this.node(e, leaf, done);
    done.set(e, result);
    return result;
  }

  private node(e: Expression, leaf: Leaf, done: Map<Expression, Expression>): Expression {
    switch (e.kind) {
      case "unary":
        return this.unary(e.operator, e.width, this.rebuild(e.a, leaf, done));
      case "zext":
      case "sext":
      case "low":
        return this.resize(e.kind, e.width, this.rebuild(e.a, leaf, done));
      case "parity":
        return this.shared.parity(this.rebuild(e.a, leaf, done));
      case "binary":
        return this.binary(e.operator, e.width, this.rebuild(e.a, leaf, done), this.rebuild(e.b, leaf, done));
      case "compare":
        return this.compare(e.operator, this.rebuild(e.a, leaf, done), this.rebuild(e.b, leaf, done));
      case "select": {
        const condition = this.rebuild(e.condition, leaf, done);
        return this.select(e.width, condition, this.rebuild(e.a, leaf, done), this.rebuild(e.b, leaf, done));
      }
      case "divide":
      case "divideOverflows": {
        const [high, low] = [this.rebuild(e.high, leaf, done), this.rebuild(e.low, leaf, done)];
        return this.shared.divide(e, high, low, this.rebuild(e.divisor, leaf, done));
      }
      case "load":
        return this.shared.load(e, this.rebuild(e.offset, leaf, done));
      case "vector":
        return this.vector({ ...e, a: this.rebuild(e.a, leaf, done), b: e.b && this.rebuild(e.b, leaf, done) });
      case "system":
        return this.shared.call({ ...e, arguments: e.arguments.map((one) => this.rebuild(one, leaf, done)) });
      default:
        return this.shared.leaf(leaf(e));
    }
  }

  // ---- rules ----

  private vector(e: Of<"vector">): Expression {
    return this.rewritingVectors ? simplifyVector(e, (node) => this.made(node)) : this.shared.vector(e);
  }

  private made(e: Expression): Expression {
    return e.kind === "vector" ? this.shared.vector(e) : this.shared.leaf(e);
  }

  private unary(operator: UnaryOperator, width: Width, a: Expression): Expression {
    if (this.rewriting) {
      if (isConstant(a) && operator === "not") return this.constant(width, ~a.value);
      if (isConstant(a) && operator === "neg") return this.constant(width, -a.value);
      if (operator === "not" && a.kind === "unary" && a.operator === "not") return a.a;
    }
    return this.shared.unary(operator, width, a);
  }

  private resize(kind: "zext" | "sext" | "low", width: Width, a: Expression): Expression {
    if (a.width === width) return a;
    if (!this.rewriting) return this.shared.resize(kind, width, a);
    if (isConstant(a)) return this.constant(width, kind === "sext" ? signed(a.width, a.value) : a.value);
    if (kind === "low" && (a.kind === "zext" || a.kind === "sext") && a.a.width >= width) {
      return this.resize(kind, width, a.a);
    }
    if (kind === "low" && a.kind === "low") return this.resize(kind, width, a.a);
    if (kind === "zext" && a.kind === "zext") return this.resize(kind, width, a.a);
    return this.shared.resize(kind, width, a);
  }

  private select(width: Width, condition: Expression, a: Expression, b: Expression): Expression {
    if (this.rewriting) {
      if (isConstant(condition)) return condition.value ? a : b;
      if (a === b) return a;
    }
    return this.shared.select(width, condition, a, b);
  }

  private binary(operator: BinaryOperator, width: Width, a: Expression, b: Expression): Expression {
    const simple = this.rewriting ? this.simpler(operator, width, a, b) : undefined;
    return simple ?? this.shared.binary(operator, width, a, b);
  }

  private simpler(operator: BinaryOperator, width: Width, a: Expression, b: Expression): Expression | undefined {
    if (isConstant(a) || isConstant(b) || a === b) {
      const simple = this.folded(operator, width, a, b) ?? this.neutral(operator, width, a, b);
      if (simple) return simple;
    }
    if (width !== 1) return undefined;
    if (operator === "xor") return this.signedLess(a, b);
    return operator === "or" ? this.orEqual(a, b) : undefined;
  }

  private folded(operator: BinaryOperator, width: Width, a: Expression, b: Expression): Expression | undefined {
    if (!isConstant(a) || !isConstant(b)) return undefined;
    const x = a.value,
      y = b.value;
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

  private neutral(operator: BinaryOperator, width: Width, a: Expression, b: Expression): Expression | undefined {
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
  private signedLess(a: Expression, b: Expression): Expression | undefined {
    const difference = signOf(a);
    const overflow = signOf(b);
    if (difference?.kind !== "binary" || difference.operator !== "minus" || overflow?.kind !== "binary")
      return undefined;
    const { a: x, b: y } = difference;
    const wanted = this.combine("and", this.combine("xor", x, y), this.combine("xor", x, difference));
    return overflow === wanted ? this.compare("slt", x, y) : undefined;
  }

  /** "less or equal" is "not greater". */
  private orEqual(a: Expression, b: Expression): Expression | undefined {
    if (a.kind !== "compare" || b.kind !== "compare") return undefined;
    const less = a.operator === "eq" ? b : a,
      equal = a.operator === "eq" ? a : b;
    if (less.operator === "eq" || equal.operator !== "eq" || less.a !== equal.a || less.b !== equal.b) return undefined;
    return this.not(this.compare(less.operator, less.b, less.a));
  }

  private compare(operator: Comparison, a: Expression, b: Expression): Expression {
    if (!this.rewriting) return this.shared.compare(operator, a, b);
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
    return this.shared.compare(operator, a, b);
  }

  private not(a: Expression): Expression {
    return this.unary("not", a.width, a);
  }

  private combine(operator: "and" | "xor", a: Expression, b: Expression): Expression {
    return this.binary(operator, a.width, a, b);
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
