/** Division of a dividend of twice the width, and whether its quotient fits. */
import type { Width } from "../../isa/expression";
import { I32, I64, op } from "../wasm/code";
import { mask } from "./integers";
import type { Node, Values } from "./node";

export function divide(w: Values, e: Node<"divide">): void {
  const { code } = w;
  const { width, signed, part } = e;
  if (width === 64) {
    for (const side of [e.high, e.low, e.divisor]) w.value(side);
    code.i32(part === "remainder" ? 1 : 0);
    return void code.call(w.runtime(signed ? "divideSigned" : "divide"));
  }
  pushDividend(w, e, width);
  if (signed) w.wideSigned(e.divisor);
  else w.wide(e.divisor);
  const [quotient, remainder] = signed ? [op.i64DivS, op.i64RemS] : [op.i64DivU, op.i64RemU];
  code.op(part === "quotient" ? quotient : remainder, op.i32WrapI64);
  mask(w, width);
}

/** high:low as an i64, sign-extended from twice the width where the division is signed. */
function pushDividend(w: Values, e: Node<"divide" | "divideOverflows">, width: Width): void {
  if (e.signed) w.wideSigned(e.high);
  else w.wide(e.high);
  w.code.i64(BigInt(width)).op(op.i64Shl);
  w.wide(e.low);
  w.code.op(op.i64Or);
}

export function divideOverflows(w: Values, e: Node<"divideOverflows">): void {
  const { code } = w;
  const { width } = e.divisor;
  if (!e.signed) {
    // The quotient fits exactly when high < divisor; a divisor of 0 never satisfies that.
    w.value(e.high);
    w.value(e.divisor);
    return void code.op(width === 64 ? op.i64GeU : op.i32GeU);
  }
  if (width === 64) {
    for (const side of [e.high, e.low, e.divisor]) w.value(side);
    return void code.call(w.runtime("divideOverflowsSigned"));
  }
  const divisor = code.local(I64);
  const dividend = code.local(I64);
  const quotient = code.local(I64);
  pushDividend(w, e, width);
  code.set(dividend);
  w.wideSigned(e.divisor);
  code.tee(divisor).op(op.i64Eqz).if(I32).i32(1).else();
  // The one i64 division that traps: -2^63 / -1; its quotient does not fit either.
  code.get(dividend).i64(-0x8000_0000_0000_0000n).op(op.i64Eq);
  code.get(divisor).i64(-1n).op(op.i64Eq, op.i32And).if(I32).i32(1).else();
  code.get(dividend).get(divisor).op(op.i64DivS).tee(quotient);
  code.op(width === 32 ? op.i64Extend32S : width === 16 ? op.i64Extend16S : op.i64Extend8S);
  code.get(quotient).op(op.i64Ne).end().end();
}
