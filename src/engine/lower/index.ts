/**
 * Expressions (isa/expression.ts) to Wasm instructions.
 *
 * A value of 128 bits is a v128, one of 64 bits an i64; every narrower one an i32, zero-extended ("exact"). Where the upper bits do not matter the
 * lowering leaves them dirty ("loose"). A node that is used more than once is computed once, into a local. Where registers,
 * operands and flags live is said by a `Binding`, so that handlers (state in memory) and compiled regions (state in locals)
 * share this file. A tier that keeps no vectors refuses instructions that have a `unit` (isa/notation.ts: SSE, MMX, x87) or mention a
 * node of kind "vector" or of width 128 (CMPXCHG16B).
 */
import type { Expression } from "../../isa/expression";
import { type Code, op } from "../wasm/code";
import type { RuntimeFunction } from "../wasm/runtime";
import { divide, divideOverflows } from "./division";
import { binary, compare, loose8, looseForm, low, sext, unary, zext } from "./integers";
import { type Binding, children, typeOf, type Values } from "./node";
import { lowerVector } from "./vector";

export { type Binding, children, type Node, typeOf } from "./node";

/** Counts the uses of each value under a root; those of constants nobody asks for. */
export function countUses(e: Expression, uses: Map<Expression, number>): void {
  if (e.kind === "constant") return;
  const before = uses.get(e) ?? 0;
  uses.set(e, before + 1);
  if (before > 0) return;
  switch (e.kind) {
    case "operand":
    case "register":
      return;
    case "binary":
    case "compare":
      countUses(e.a, uses);
      return countUses(e.b, uses);
    case "zext":
    case "low":
      return countUses(e.a, uses);
    default:
      for (const child of children(e)) countUses(child, uses);
  }
}

/** Values that are known under a condition only, with their locals. */
export type Scope = [Expression, number][];

export class Lowering implements Values {
  private readonly locals = new Map<Expression, number>();
  private readonly scopes: Scope[] = [];
  /** Values that are in a local as floats too. */
  private floats: Map<Expression, number> | undefined;

  constructor(
    readonly code: Code,
    private readonly binding: Binding,
    private readonly uses = new Map<Expression, number>(),
  ) {}

  /** Counts the uses under a root. Every root must be counted before anything is generated. */
  count(e: Expression): void {
    countUses(e, this.uses);
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
    if (e.width < 32 && !this.locals.has(e) && (this.uses.get(e) ?? 0) <= 1 && looseForm(this, e)) return;
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
    const local = this.floats?.get(inner);
    if (local !== undefined) return void code.get(local);
    if (inner.kind === "operand" && !this.locals.has(inner) && this.binding.float?.(inner, bits)) return;
    this.value(inner);
    if (bits === 32 && inner.width === 64) code.op(op.i32WrapI64);
    code.op(bits === 32 ? op.f32ReinterpretI32 : op.f64ReinterpretI64);
  }

  /** The tier has the value as a float, or a vector: reading it costs nothing, whenever it is. */
  isFloat(e: Expression): boolean {
    return e.kind === "operand" && (this.binding.isFloat?.(e) ?? false);
  }

  /** The local that holds a value as a float, if one does. */
  floatOf(e: Expression): number | undefined {
    return this.floats?.get(e);
  }

  keepFloat(e: Expression, local: number): void {
    (this.floats ??= new Map()).set(e, local);
  }

  /** Pushes an i32 that is not 0 when the 1-bit value is set. */
  condition(e: Expression): void {
    this.value(e);
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
        return unary(this, e);
      case "binary":
        return binary(this, e);
      case "compare":
        return compare(this, e);
      case "zext":
        return zext(this, e);
      case "sext":
        return sext(this, e);
      case "low":
        return low(this, e);
      case "select":
        this.value(e.a);
        this.value(e.b);
        this.value(e.condition);
        return void code.op(op.select);
      case "parity":
        loose8(this, e.a);
        return void code.i32(0xff).op(op.i32And, op.i32Popcnt).i32(1).op(op.i32And, op.i32Eqz);
      case "divide":
        return divide(this, e);
      case "divideOverflows":
        return divideOverflows(this, e);
    }
  }

  runtime(name: RuntimeFunction): number {
    return this.binding.runtime(name);
  }
}
