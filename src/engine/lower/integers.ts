/** Arithmetic on integers of 1 to 64 bits. Those narrower than 32 are computed in an i32 and cut off where that matters. */
import type { BinaryOperator, Expression, Width } from "../../isa/expression";
import { type Code, I32, I64, op } from "../wasm/code";
import type { Node, Values } from "./node";

type Resize = Extract<Expression, { kind: "zext" | "sext" | "low" }>;

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

export function unary(w: Values, e: Node<"unary">): void {
  const { code } = w;
  const { width } = e;
  switch (e.operator) {
    case "not":
    case "neg":
      if (width === 1 && e.operator === "not") {
        w.value(e.a);
        code.op(op.i32Eqz);
      } else if (width === 64) {
        if (e.operator === "neg") code.i64(0n);
        w.value(e.a);
        if (e.operator === "neg") code.op(op.i64Sub);
        else code.i64(-1n).op(op.i64Xor);
      } else {
        complement(w, e);
        mask(w, width);
      }
      return;
    case "clz":
      w.value(e.a);
      if (width === 64) code.op(op.i64Clz);
      else code.op(op.i32Clz);
      if (width < 32) code.i32(32 - width).op(op.i32Sub);
      return;
    case "ctz":
      // Of zero: the width.
      w.value(e.a);
      if (width === 64) code.op(op.i64Ctz);
      else if (width === 32) code.op(op.i32Ctz);
      else code.i32(1 << width).op(op.i32Or, op.i32Ctz);
      return;
    case "popcount":
      w.value(e.a);
      code.op(width === 64 ? op.i64Popcnt : op.i32Popcnt);
      return;
    case "bswap":
      return bswap(w, e);
  }
}

function complement(w: Values, e: Node<"unary">): void {
  if (e.operator === "neg") w.code.i32(0);
  w.loose(e.a);
  if (e.operator === "neg") w.code.op(op.i32Sub);
  else w.code.i32(-1).op(op.i32Xor);
}

/** 32 bits: rotate the even bytes right and the odd ones left. 64 bits: both halves, exchanged. */
function bswap(w: Values, e: Node<"unary">): void {
  const { code } = w;
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
  w.value(e.a);
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

export function binary(w: Values, e: Node<"binary">): void {
  const { code } = w;
  const { operator, width } = e;
  if (operator === "mulhu" || operator === "mulhs") return multiplyHigh(w, e);
  if (width === 64) {
    w.value(e.a);
    w.value(e.b);
    return void code.op(i64Operators[operator] as Opcode);
  }
  if (operator === "sar" || operator === "sdiv" || operator === "srem") {
    signed(w, e.a);
    if (operator === "sar") w.value(e.b);
    else signed(w, e.b);
    code.op(operator === "sar" ? op.i32ShrS : operator === "sdiv" ? op.i32DivS : op.i32RemS);
    return mask(w, width);
  }
  if (operator === "rol" || operator === "ror") return rotate(w, e);
  if (width < 32 && (carriesUp.has(operator) || operator === "shl") && !bitwise.has(operator)) {
    w.loose(e.a);
    if (operator === "shl") w.value(e.b);
    else w.loose(e.b);
    code.op(i32Operators[operator] as Opcode);
    return mask(w, width);
  }
  w.value(e.a);
  w.value(e.b);
  code.op(i32Operators[operator] as Opcode);
}

/** Pushes an i32 holding the value sign-extended. */
function signed(w: Values, e: Expression): void {
  w.loose(e);
  if (e.width === 8) w.code.op(op.i32Extend8S);
  else if (e.width === 16) w.code.op(op.i32Extend16S);
  else if (e.width === 1) w.code.i32(31).op(op.i32Shl).i32(31).op(op.i32ShrS);
}

function rotate(w: Values, e: Node<"binary">): void {
  const { code } = w;
  const { operator, width } = e;
  if (width === 32) {
    w.value(e.a);
    w.value(e.b);
    return void code.op(operator === "rol" ? op.i32Rotl : op.i32Rotr);
  }
  const value = code.local(I32);
  const count = code.local(I32);
  w.value(e.a);
  code.set(value);
  w.value(e.b);
  code.set(count);
  const [toward, back] = operator === "rol" ? [op.i32Shl, op.i32ShrU] : [op.i32ShrU, op.i32Shl];
  code.get(value).get(count).op(toward);
  code.get(value).i32(width).get(count).op(op.i32Sub, back, op.i32Or);
  mask(w, width);
}

function multiplyHigh(w: Values, e: Node<"binary">): void {
  const { code } = w;
  const isSigned = e.operator === "mulhs";
  if (e.width === 64) {
    w.value(e.a);
    w.value(e.b);
    return void code.call(w.runtime(isSigned ? "multiplyHighSigned" : "multiplyHigh"));
  }
  for (const side of [e.a, e.b]) {
    if (isSigned) w.wideSigned(side);
    else w.wide(side);
  }
  code.op(op.i64Mul).i64(BigInt(e.width)).op(op.i64ShrU, op.i32WrapI64);
  mask(w, e.width);
}

export function compare(w: Values, e: Node<"compare">): void {
  const { code } = w;
  const { a, b, operator } = e;
  const wide = a.width === 64;
  if (operator === "eq" && isConstant(b, 0n)) {
    w.value(a);
    return void code.op(wide ? op.i64Eqz : op.i32Eqz);
  }
  if (operator === "slt" && isConstant(b, 0n)) {
    w.value(a);
    if (wide) code.i64(63n).op(op.i64ShrU, op.i32WrapI64);
    else code.i32(a.width - 1).op(op.i32ShrU);
    return;
  }
  if (operator === "slt" && !wide) {
    signed(w, a);
    signed(w, b);
  } else {
    w.value(a);
    w.value(b);
  }
  if (operator === "eq") code.op(wide ? op.i64Eq : op.i32Eq);
  else if (operator === "ult") code.op(wide ? op.i64LtU : op.i32LtU);
  else code.op(wide ? op.i64LtS : op.i32LtS);
}

/** The loose form of a node narrower than 32 bits, if it has one that is cheaper than the exact one. */
export function looseForm(w: Values, e: Expression): boolean {
  if (e.kind === "binary" && carriesUp.has(e.operator)) {
    w.loose(e.a);
    w.loose(e.b);
    w.code.op(i32Operators[e.operator] as Opcode);
    return true;
  }
  if (e.kind === "binary" && e.operator === "shl") {
    w.loose(e.a);
    w.value(e.b);
    w.code.op(op.i32Shl);
    return true;
  }
  if (e.kind === "low") {
    w.loose(e.a);
    if (e.a.width === 64) w.code.op(op.i32WrapI64);
    return true;
  }
  if (e.kind === "unary" && e.width !== 1 && (e.operator === "not" || e.operator === "neg")) {
    complement(w, e);
    return true;
  }
  return false;
}

/** Pushes an i32 whose low 8 bits are those of `a`. */
export function loose8(w: Values, a: Expression): void {
  w.loose(a);
  if (a.width === 64) w.code.op(op.i32WrapI64);
}

export function zext(w: Values, e: Resize): void {
  if (e.width === 64) return w.wide(e.a);
  w.value(e.a);
}

export function sext(w: Values, e: Resize): void {
  if (e.width === 64) return w.wideSigned(e.a);
  signed(w, e.a);
  mask(w, e.width);
}

export function low(w: Values, e: Resize): void {
  w.loose(e.a);
  if (e.a.width === 64) w.code.op(op.i32WrapI64);
  mask(w, e.width);
}

export function mask(w: Values, width: Width): void {
  if (width < 32) w.code.i32(width === 1 ? 1 : width === 8 ? 0xff : 0xffff).op(op.i32And);
}
