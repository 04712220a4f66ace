/**
 * Expressions (isa/expression.ts) to Wasm instructions.
 *
 * A value of 128 bits is a v128, one of 64 bits an i64; every narrower one an i32, zero-extended ("exact"). Where the upper bits do not matter the
 * lowering leaves them dirty ("loose"). A node that is used more than once is computed once, into a local. Where registers,
 * operands and flags live is said by a `Binding`, so that handlers (state in memory) and compiled regions (state in locals)
 * share this file. A tier that keeps no vectors refuses instructions that have a `unit` (isa/notation.ts: SSE, MMX, x87) or mention a
 * node of kind "vector" or of width 128 (CMPXCHG16B).
 */
import type { BinaryOperator, Expression, Flag, Width } from "../isa/expression";
import { lowerVector } from "./lower-vector";
import { Code, I32, I64, op, V128, type ValueType } from "./wasm/code";
import type { RuntimeFunction } from "./wasm/runtime";

export const typeOf = (width: Width): ValueType => (width === 128 ? V128 : width === 64 ? I64 : I32);

export type Node<Kind extends Expression["kind"]> = Expression & { readonly kind: Kind };

type Resize = Extract<Expression, { kind: "zext" | "sext" | "low" }>;

/** Where a tier keeps the things that leaves refer to. Each method pushes an exact value of the node's width. */
export interface Binding {
  operand(node: Node<"operand">): void;
  address(node: Node<"address">): void;
  register(node: Node<"register">): void;
  flag(flag: Flag): void;
  next(node: Node<"next">): void;
  number(node: Node<"number">): void;
  load(node: Node<"load">): void;
  system(node: Node<"system">): void;
  /** True when reading the operand is a memory access, which may fault and whose place in the order counts. */
  isMemory(index: number): boolean;
  /** Index of a runtime function in the module being written. */
  runtime(name: RuntimeFunction): number;
  /** Pushes the low bits of an operand that is an xmm register as a float; false, and nothing, for any other. */
  float?(node: Node<"operand">, bits: 32 | 64): boolean;
}

export function children(e: Expression): readonly Expression[] {
  switch (e.kind) {
    case "unary":
    case "zext":
    case "sext":
    case "low":
    case "parity":
      return [e.a];
    case "binary":
    case "compare":
      return [e.a, e.b];
    case "select":
      return [e.condition, e.a, e.b];
    case "divide":
    case "divideOverflows":
      return [e.high, e.low, e.divisor];
    case "load":
      return [e.offset];
    case "vector":
      return e.b ? [e.a, e.b] : [e.a];
    case "system":
      return e.arguments;
    default:
      return [];
  }
}

const i32Operators: Partial<Record<BinaryOperator, number>> = {
  plus: op.i32Add,
  minus: op.i32Sub,
  times: op.i32Mul,
  and: op.i32And,
  or: op.i32Or,
  xor: op.i32Xor,
  shl: op.i32Shl,
  shr: op.i32ShrU,
  udiv: op.i32DivU,
  urem: op.i32RemU,
};
const i64Operators: Partial<Record<BinaryOperator, number>> = {
  plus: op.i64Add,
  minus: op.i64Sub,
  times: op.i64Mul,
  and: op.i64And,
  or: op.i64Or,
  xor: op.i64Xor,
  shl: op.i64Shl,
  shr: op.i64ShrU,
  sar: op.i64ShrS,
  rol: op.i64Rotl,
  ror: op.i64Rotr,
  udiv: op.i64DivU,
  urem: op.i64RemU,
  sdiv: op.i64DivS,
  srem: op.i64RemS,
};
type Opcode = Parameters<Code["op"]>[0];
/** The low bits of the result depend on the low bits of the operands alone. */
const carriesUp = new Set<BinaryOperator>(["plus", "minus", "times", "and", "or", "xor"]);
const bitwise = new Set<BinaryOperator>(["and", "or", "xor"]);
const isConstant = (e: Expression, value: bigint) => e.kind === "constant" && e.value === value;

/** Values that are known under a condition only, with their locals. */
export type Scope = [Expression, number][];

export class Lowering {
  private readonly uses = new Map<Expression, number>();
  private readonly locals = new Map<Expression, number>();
  private readonly scopes: Scope[] = [];
  /** Values that are in a local as floats too. */
  private readonly floats = new Map<Expression, number>();

  constructor(
    readonly code: Code,
    private readonly binding: Binding,
  ) {}

  /** Counts the uses under a root. Every root must be counted before anything is generated. */
  count(e: Expression): void {
    const uses = this.uses.get(e) ?? 0;
    this.uses.set(e, uses + 1);
    if (uses === 0) for (const child of children(e)) this.count(child);
  }

  /**
   * Values computed inside are forgotten after it (the code may be skipped at run time). A later scope that runs under the same
   * condition may know those of an earlier one.
   */
  scope(body: () => void, earlier: Scope = []): Scope {
    const inside: Scope = [];
    for (const [node, local] of earlier) this.locals.set(node, local);
    this.scopes.push(inside);
    body();
    this.scopes.pop();
    for (const [node] of [...earlier, ...inside]) this.locals.delete(node);
    return inside;
  }

  /** Performs the memory reads and helper calls under a root, in order, keeping their values for later use. */
  prefetch(e: Expression): void {
    if (this.locals.has(e)) return;
    for (const child of children(e)) this.prefetch(child);
    const effectful =
      e.kind === "load" || e.kind === "system" || (e.kind === "operand" && this.binding.isMemory(e.index));
    if (effectful) {
      this.generate(e);
      this.keep(e);
    }
  }

  /** Computes a root now, for later use. */
  hold(e: Expression): void {
    if (this.locals.has(e) || e.kind === "constant") return;
    this.generate(e);
    this.keep(e);
  }

  private keep(e: Expression): void {
    this.code.set(this.remember(e));
  }

  private remember(e: Expression): number {
    const local = this.code.local(typeOf(e.width));
    this.locals.set(e, local);
    this.scopes[this.scopes.length - 1]?.push([e, local]);
    return local;
  }

  /** Pushes the exact value. */
  value(e: Expression): void {
    const local = this.locals.get(e);
    if (local !== undefined) {
      this.code.get(local);
      return;
    }
    this.generate(e);
    if ((this.uses.get(e) ?? 0) > 1 && e.kind !== "constant") this.code.tee(this.remember(e));
  }

  /** Pushes a value whose bits above the width may be anything. */
  loose(e: Expression): void {
    if (e.width < 32 && !this.locals.has(e) && (this.uses.get(e) ?? 0) <= 1 && this.looseForm(e)) return;
    this.value(e);
  }

  /** Pushes the value zero-extended to an i64. */
  wide(e: Expression): void {
    this.value(e);
    if (e.width !== 64) this.code.op(op.i64ExtendI32U);
  }

  /** Pushes the value sign-extended to an i64. */
  wideSigned(e: Expression): void {
    if (e.width === 64) return this.value(e);
    this.loose(e);
    this.code.op(op.i64ExtendI32U);
    if (e.width === 1) this.code.i64(63n).op(op.i64Shl).i64(63n).op(op.i64ShrS);
    else this.code.op(e.width === 8 ? op.i64Extend8S : e.width === 16 ? op.i64Extend16S : op.i64Extend32S);
  }

  /** Pushes the low bits of a value as a float. */
  float(e: Expression, bits: 32 | 64): void {
    const { code } = this;
    const inner = e.kind === "zext" && e.a.width === bits ? e.a : e;
    const local = this.floats.get(inner);
    if (local !== undefined) return void code.get(local);
    if (inner.kind === "operand" && !this.locals.has(inner) && this.binding.float?.(inner, bits)) return;
    this.value(inner);
    if (bits === 32 && inner.width === 64) code.op(op.i32WrapI64);
    code.op(bits === 32 ? op.f32ReinterpretI32 : op.f64ReinterpretI64);
  }

  /** The local that holds a value as a float, if one does. */
  floatOf(e: Expression): number | undefined {
    return this.floats.get(e);
  }

  keepFloat(e: Expression, local: number): void {
    this.floats.set(e, local);
  }

  /** Pushes an i32 that is not 0 when the 1-bit value is set. */
  condition(e: Expression): void {
    this.value(e);
  }

  private mask(width: Width): void {
    if (width < 32) this.code.i32(width === 1 ? 1 : width === 8 ? 0xff : 0xffff).op(op.i32And);
  }

  private generate(e: Expression): void {
    const { code } = this;
    switch (e.kind) {
      case "constant":
        if (e.width === 128) return void code.v128(e.value);
        return void (e.width === 64 ? code.i64(e.value) : code.i32(Number(e.value)));
      case "operand":
        return this.binding.operand(e);
      case "address":
        return this.binding.address(e);
      case "register":
        return this.binding.register(e);
      case "flag":
        return this.binding.flag(e.flag);
      case "next":
        return this.binding.next(e);
      case "number":
        return this.binding.number(e);
      case "load":
        return this.binding.load(e);
      case "system":
        return this.binding.system(e);
      case "vector":
        return lowerVector(this, e);
      case "unary":
        return this.unary(e);
      case "binary":
        return this.binary(e);
      case "compare":
        return this.compare(e);
      case "zext":
        return this.zext(e);
      case "sext":
        return this.sext(e);
      case "low":
        return this.low(e);
      case "select":
        this.value(e.a);
        this.value(e.b);
        this.value(e.condition);
        return void code.op(op.select);
      case "parity":
        this.loose8(e.a);
        return void code.i32(0xff).op(op.i32And, op.i32Popcnt).i32(1).op(op.i32And, op.i32Eqz);
      case "divide":
        return this.divide(e);
      case "divideOverflows":
        return this.divideOverflows(e);
    }
  }

  /** Pushes an i32 whose low 8 bits are those of `a`. */
  private loose8(a: Expression): void {
    this.loose(a);
    if (a.width === 64) this.code.op(op.i32WrapI64);
  }

  /** The loose form of a node narrower than 32 bits, if it has one that is cheaper than the exact one. */
  private looseForm(e: Expression): boolean {
    if (e.kind === "binary" && carriesUp.has(e.operator)) {
      this.loose(e.a);
      this.loose(e.b);
      this.code.op(i32Operators[e.operator] as Opcode);
      return true;
    }
    if (e.kind === "binary" && e.operator === "shl") {
      this.loose(e.a);
      this.value(e.b);
      this.code.op(op.i32Shl);
      return true;
    }
    if (e.kind === "low") {
      this.loose(e.a);
      if (e.a.width === 64) this.code.op(op.i32WrapI64);
      return true;
    }
    if (e.kind === "unary" && e.width !== 1 && (e.operator === "not" || e.operator === "neg")) {
      this.complement(e);
      return true;
    }
    return false;
  }

  private complement(e: Node<"unary">): void {
    if (e.operator === "neg") this.code.i32(0);
    this.loose(e.a);
    if (e.operator === "neg") this.code.op(op.i32Sub);
    else this.code.i32(-1).op(op.i32Xor);
  }

  private unary(e: Node<"unary">): void {
    const { code } = this;
    const { width } = e;
    switch (e.operator) {
      case "not":
      case "neg":
        if (width === 1 && e.operator === "not") {
          this.value(e.a);
          code.op(op.i32Eqz);
        } else if (width === 64) {
          if (e.operator === "neg") code.i64(0n);
          this.value(e.a);
          if (e.operator === "neg") code.op(op.i64Sub);
          else code.i64(-1n).op(op.i64Xor);
        } else {
          this.complement(e);
          this.mask(width);
        }
        return;
      case "clz":
        this.value(e.a);
        if (width === 64) code.op(op.i64Clz);
        else code.op(op.i32Clz);
        if (width < 32) code.i32(32 - width).op(op.i32Sub);
        return;
      case "ctz":
        // Of zero: the width.
        this.value(e.a);
        if (width === 64) code.op(op.i64Ctz);
        else if (width === 32) code.op(op.i32Ctz);
        else code.i32(1 << width).op(op.i32Or, op.i32Ctz);
        return;
      case "popcount":
        this.value(e.a);
        code.op(width === 64 ? op.i64Popcnt : op.i32Popcnt);
        return;
      case "bswap":
        return this.bswap(e);
    }
  }

  /** 32 bits: rotate the even bytes right and the odd ones left. 64 bits: both halves, exchanged. */
  private bswap(e: Node<"unary">): void {
    const { code } = this;
    const swap32 = (local: number) =>
      code
        .get(local)
        .i32(0x00ff00ff)
        .op(op.i32And)
        .i32(8)
        .op(op.i32Rotr)
        .get(local)
        .i32(0xff00ff00 | 0)
        .op(op.i32And)
        .i32(8)
        .op(op.i32Rotl, op.i32Or);
    const half = code.local(I32);
    this.value(e.a);
    if (e.width === 64) {
      const whole = code.local(I64);
      code.tee(whole).op(op.i32WrapI64).set(half);
      swap32(half);
      code.op(op.i64ExtendI32U).i64(32n).op(op.i64Shl);
      code.get(whole).i64(32n).op(op.i64ShrU, op.i32WrapI64).set(half);
      swap32(half);
      code.op(op.i64ExtendI32U, op.i64Or);
    } else {
      code.set(half);
      swap32(half);
      if (e.width < 32) code.i32(32 - e.width).op(op.i32ShrU);
    }
  }

  private binary(e: Node<"binary">): void {
    const { code } = this;
    const { operator, width } = e;
    if (operator === "mulhu" || operator === "mulhs") return this.multiplyHigh(e);
    if (width === 64) {
      this.value(e.a);
      this.value(e.b);
      return void code.op(i64Operators[operator] as Opcode);
    }
    if (operator === "sar" || operator === "sdiv" || operator === "srem") {
      this.signed(e.a);
      if (operator === "sar") this.value(e.b);
      else this.signed(e.b);
      code.op(operator === "sar" ? op.i32ShrS : operator === "sdiv" ? op.i32DivS : op.i32RemS);
      return this.mask(width);
    }
    if (operator === "rol" || operator === "ror") return this.rotate(e);
    if (width < 32 && (carriesUp.has(operator) || operator === "shl") && !bitwise.has(operator)) {
      this.loose(e.a);
      if (operator === "shl") this.value(e.b);
      else this.loose(e.b);
      code.op(i32Operators[operator] as Opcode);
      return this.mask(width);
    }
    this.value(e.a);
    this.value(e.b);
    code.op(i32Operators[operator] as Opcode);
  }

  /** Pushes an i32 holding the value sign-extended. */
  private signed(e: Expression): void {
    this.loose(e);
    if (e.width === 8) this.code.op(op.i32Extend8S);
    else if (e.width === 16) this.code.op(op.i32Extend16S);
    else if (e.width === 1) this.code.i32(31).op(op.i32Shl).i32(31).op(op.i32ShrS);
  }

  private rotate(e: Node<"binary">): void {
    const { code } = this;
    const { operator, width } = e;
    if (width === 32) {
      this.value(e.a);
      this.value(e.b);
      return void code.op(operator === "rol" ? op.i32Rotl : op.i32Rotr);
    }
    const value = code.local(I32);
    const count = code.local(I32);
    this.value(e.a);
    code.set(value);
    this.value(e.b);
    code.set(count);
    const [toward, back] = operator === "rol" ? [op.i32Shl, op.i32ShrU] : [op.i32ShrU, op.i32Shl];
    code.get(value).get(count).op(toward);
    code.get(value).i32(width).get(count).op(op.i32Sub, back, op.i32Or);
    this.mask(width);
  }

  private multiplyHigh(e: Node<"binary">): void {
    const { code } = this;
    const isSigned = e.operator === "mulhs";
    if (e.width === 64) {
      this.value(e.a);
      this.value(e.b);
      return void code.call(this.binding.runtime(isSigned ? "multiplyHighSigned" : "multiplyHigh"));
    }
    for (const side of [e.a, e.b]) {
      if (isSigned) this.wideSigned(side);
      else this.wide(side);
    }
    code.op(op.i64Mul).i64(BigInt(e.width)).op(op.i64ShrU, op.i32WrapI64);
    this.mask(e.width);
  }

  private compare(e: Node<"compare">): void {
    const { code } = this;
    const { a, b, operator } = e;
    const wide = a.width === 64;
    if (operator === "eq" && isConstant(b, 0n)) {
      this.value(a);
      return void code.op(wide ? op.i64Eqz : op.i32Eqz);
    }
    if (operator === "slt" && isConstant(b, 0n)) {
      this.value(a);
      if (wide) code.i64(63n).op(op.i64ShrU, op.i32WrapI64);
      else code.i32(a.width - 1).op(op.i32ShrU);
      return;
    }
    if (operator === "slt" && !wide) {
      this.signed(a);
      this.signed(b);
    } else {
      this.value(a);
      this.value(b);
    }
    if (operator === "eq") code.op(wide ? op.i64Eq : op.i32Eq);
    else if (operator === "ult") code.op(wide ? op.i64LtU : op.i32LtU);
    else code.op(wide ? op.i64LtS : op.i32LtS);
  }

  private zext(e: Resize): void {
    if (e.width === 64) return this.wide(e.a);
    this.value(e.a);
  }

  private sext(e: Resize): void {
    if (e.width === 64) return this.wideSigned(e.a);
    this.signed(e.a);
    this.mask(e.width);
  }

  private low(e: Resize): void {
    this.loose(e.a);
    if (e.a.width === 64) this.code.op(op.i32WrapI64);
    this.mask(e.width);
  }

  private divide(e: Node<"divide">): void {
    const { code } = this;
    const { width, signed, part } = e;
    if (width === 64) {
      for (const side of [e.high, e.low, e.divisor]) this.value(side);
      code.i32(part === "remainder" ? 1 : 0);
      return void code.call(this.binding.runtime(signed ? "divideSigned" : "divide"));
    }
    this.dividend(e, width);
    if (signed) this.wideSigned(e.divisor);
    else this.wide(e.divisor);
    const [quotient, remainder] = signed ? [op.i64DivS, op.i64RemS] : [op.i64DivU, op.i64RemU];
    code.op(part === "quotient" ? quotient : remainder, op.i32WrapI64);
    this.mask(width);
  }

  /** high:low as an i64, sign-extended from twice the width where the division is signed. */
  private dividend(e: Node<"divide" | "divideOverflows">, width: Width): void {
    if (e.signed) this.wideSigned(e.high);
    else this.wide(e.high);
    this.code.i64(BigInt(width)).op(op.i64Shl);
    this.wide(e.low);
    this.code.op(op.i64Or);
  }

  private divideOverflows(e: Node<"divideOverflows">): void {
    const { code } = this;
    const { width } = e.divisor;
    if (!e.signed) {
      // The quotient fits exactly when high < divisor; a divisor of 0 never satisfies that.
      this.value(e.high);
      this.value(e.divisor);
      return void code.op(width === 64 ? op.i64GeU : op.i32GeU);
    }
    if (width === 64) {
      for (const side of [e.high, e.low, e.divisor]) this.value(side);
      return void code.call(this.binding.runtime("divideOverflowsSigned"));
    }
    const divisor = code.local(I64);
    const dividend = code.local(I64);
    const quotient = code.local(I64);
    this.dividend(e, width);
    code.set(dividend);
    this.wideSigned(e.divisor);
    code.tee(divisor).op(op.i64Eqz).if(I32).i32(1).else();
    // The one i64 division that traps: -2^63 / -1; its quotient does not fit either.
    code.get(dividend).i64(-0x8000_0000_0000_0000n).op(op.i64Eq);
    code.get(divisor).i64(-1n).op(op.i64Eq, op.i32And).if(I32).i32(1).else();
    code.get(dividend).get(divisor).op(op.i64DivS).tee(quotient);
    code.op(width === 32 ? op.i64Extend32S : width === 16 ? op.i64Extend16S : op.i64Extend8S);
    code.get(quotient).op(op.i64Ne).end().end();
  }
}
