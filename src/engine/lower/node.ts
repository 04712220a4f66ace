/** Nodes of expressions as the files of this room see them, and what they need of a tier. */
import type { Expression, Flag, Width } from "../../isa/expression";
import { type Code, I32, I64, V128, type ValueType } from "../wasm/code";
import type { RuntimeFunction } from "../wasm/runtime";

export const typeOf = (width: Width): ValueType => (width === 128 ? V128 : width === 64 ? I64 : I32);

export type Node<Kind extends Expression["kind"]> = Expression & { readonly kind: Kind };

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
  /** The operand is an xmm register in a local. */
  isFloat?(node: Node<"operand">): boolean;
  /** Pushes the low bits of an operand that is an xmm register as a float; false, and nothing, for any other. */
  float?(node: Node<"operand">, bits: 32 | 64): boolean;
}

/** What lowers one kind of node asks of the whole: the values below it. Each method pushes one. */
export interface Values {
  readonly code: Code;
  /** The exact value. */
  value(e: Expression): void;
  /** A value whose bits above the width may be anything. */
  loose(e: Expression): void;
  /** The value zero-extended to an i64. */
  wide(e: Expression): void;
  /** The value sign-extended to an i64. */
  wideSigned(e: Expression): void;
  /** Index of a runtime function. */
  runtime(name: RuntimeFunction): number;
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
