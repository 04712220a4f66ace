/**
 * Functions that generated code calls because Wasm has no instruction for them: the 128-bit side of 64-bit multiplication
 * and division, and the flags of floating-point arithmetic. Written once into the base module, which exports them; every other module imports those it uses.
 */
import { Code, I32, I64, op } from "./code";
import { laneDouble, laneSingle, productIsExact, settleFloats } from "./floats";
import type { ModuleWriter, Signature } from "./module";

const multiply: Signature = { parameters: [I64, I64], results: [I64] };
const divide: Signature = { parameters: [I64, I64, I64, I32], results: [I64] };
const overflow: Signature = { parameters: [I64, I64, I64], results: [I32] };

export const runtimeSignatures = {
  /** High half of the unsigned and of the signed product. */
  multiplyHigh: multiply,
  multiplyHighSigned: multiply,
  /** (high, low, divisor, 1 for the remainder). The quotient is known to fit. */
  divide,
  divideSigned: divide,
  /** (high, low, divisor): 1 when the signed quotient does not fit, or the divisor is 0. */
  divideOverflowsSigned: overflow,
  /** floats.ts */
  settleFloats: { parameters: [I32, I64, I64, I64, I64], results: [I32] },
} as const;

export type RuntimeFunction = keyof typeof runtimeSignatures;

export function writeRuntime(module: ModuleWriter): void {
  const add = (name: RuntimeFunction, code: Code) => {
    const index = module.define(runtimeSignatures[name], code);
    module.export(name, index);
    return index;
  };
  const high = add("multiplyHigh", multiplyHigh());
  add("multiplyHighSigned", multiplyHighSigned(high));
  const unsigned = add("divide", divideUnsigned());
  add("divideSigned", divideSigned(unsigned));
  add("divideOverflowsSigned", divideOverflowsSigned(unsigned));
  const isExact = module.define({ parameters: [I64, I64, I64], results: [I32] }, productIsExact());
  const singles = module.define({ parameters: [I32, I32, I32], results: [I32] }, laneSingle());
  const doubles = module.define({ parameters: [I32, I64, I64], results: [I32] }, laneDouble(isExact));
  add("settleFloats", settleFloats(singles, doubles));
}

/** Schoolbook on 32-bit halves (Warren, Hacker's Delight, 8-2). */
export function multiplyHigh(): Code {
  const code = new Code(2);
  const [a, b] = [0, 1];
  const middle = code.local(I64);
  const cross = code.local(I64);
  const lowHalf = (local: number) => code.get(local).i64(0xffff_ffffn).op(op.i64And);
  const highHalf = (local: number) => code.get(local).i64(32n).op(op.i64ShrU);
  // middle = aHigh * bLow + (aLow * bLow >> 32); cross = aLow * bHigh + low half of middle
  highHalf(a);
  lowHalf(b);
  code.op(op.i64Mul);
  lowHalf(a);
  lowHalf(b);
  code.op(op.i64Mul).i64(32n).op(op.i64ShrU, op.i64Add).set(middle);
  lowHalf(a);
  highHalf(b);
  code.op(op.i64Mul);
  lowHalf(middle);
  code.op(op.i64Add).set(cross);
  highHalf(a);
  highHalf(b);
  code.op(op.i64Mul);
  highHalf(middle);
  code.op(op.i64Add);
  highHalf(cross);
  code.op(op.i64Add);
  return code;
}

/** The unsigned one, less b where a is negative, less a where b is. */
export function multiplyHighSigned(unsigned: number): Code {
  const code = new Code(2);
  code.get(0).get(1).call(unsigned);
  code.get(0).i64(63n).op(op.i64ShrS).get(1).op(op.i64And, op.i64Sub);
  code.get(1).i64(63n).op(op.i64ShrS).get(0).op(op.i64And, op.i64Sub);
  return code;
}

/** One division when the dividend has 64 bits, else two digits of 32 bits (Knuth's algorithm D; Warren, Hacker's Delight, 9-4). */
export function divideUnsigned(): Code {
  const code = new Code(4);
  const [high, low, divisor, wantRemainder] = [0, 1, 2, 3];
  const shift = code.local(I64);
  const first = code.local(I64);
  const second = code.local(I64);
  code.get(high).op(op.i64Eqz).if();
  code.get(wantRemainder).if(I64).get(low).get(divisor).op(op.i64RemU);
  code.else().get(low).get(divisor).op(op.i64DivU).end().op(op.return).end();
  // The divisor's top bit becomes 1. The dividend still fits: high is below the divisor.
  code.get(divisor).op(op.i64Clz).set(shift);
  code.get(divisor).get(shift).op(op.i64Shl).set(divisor);
  code.get(high).get(shift).op(op.i64Shl);
  code.get(low).i64(1n).op(op.i64ShrU).i64(63n).get(shift).op(op.i64Sub, op.i64ShrU, op.i64Or).set(high);
  code.get(low).get(shift).op(op.i64Shl).set(low);
  const step = divisionStep(code, high, divisor);
  step(() => code.get(low).i64(32n).op(op.i64ShrU), first);
  step(() => code.get(low).i64(0xffff_ffffn).op(op.i64And), second);
  code.get(high).get(shift).op(op.i64ShrU);
  code.get(first).i64(32n).op(op.i64Shl).get(second).op(op.i64Or);
  code.get(wantRemainder).op(op.select);
  return code;
}

/** Writes one digit: quotient := (rest:digit) / divisor, guessed with the divisor's high half, and rest := what is left. */
function divisionStep(code: Code, rest: number, divisor: number) {
  const partial = code.local(I64);
  const next = code.local(I64);
  const divisorHigh = () => code.get(divisor).i64(32n).op(op.i64ShrU);
  return (digit: () => void, quotient: number) => {
    digit();
    code.set(next);
    code.get(rest);
    divisorHigh();
    code.op(op.i64DivU).set(quotient);
    code.get(rest);
    divisorHigh();
    code.op(op.i64RemU).set(partial);
    // The guess is at most 2 too large.
    code.loop();
    code.get(quotient).i64(0xffff_ffffn).op(op.i64GtU);
    code.get(quotient).get(divisor).i64(0xffff_ffffn).op(op.i64And, op.i64Mul);
    code.get(partial).i64(32n).op(op.i64Shl).get(next).op(op.i64Or, op.i64GtU, op.i32Or).if();
    code.get(quotient).i64(1n).op(op.i64Sub).set(quotient);
    code.get(partial);
    divisorHigh();
    code.op(op.i64Add).tee(partial).i64(0x1_0000_0000n).op(op.i64LtU).brIf(1).end().end();
    code.get(rest).i64(32n).op(op.i64Shl).get(next).op(op.i64Or);
    code.get(quotient).get(divisor).op(op.i64Mul, op.i64Sub).set(rest);
  };
}

/** high:low := -(high:low) when it is negative. */
function negateDividend(code: Code, high: number, low: number): void {
  code.get(high).i64(0n).op(op.i64LtS).if();
  code.i64(0n).get(high).op(op.i64Sub).get(low).op(op.i64Eqz, op.i32Eqz, op.i64ExtendI32U, op.i64Sub).set(high);
  code.i64(0n).get(low).op(op.i64Sub).set(low).end();
}

function negateIf(code: Code, value: number, sign: number): void {
  code.get(value).get(sign).op(op.i64Xor).get(sign).op(op.i64Sub).set(value);
}

/** On magnitudes; the quotient is negative when the signs differ, the remainder has the dividend's sign. */
function divideSigned(unsigned: number): Code {
  const code = new Code(4);
  const [high, low, divisor, wantRemainder] = [0, 1, 2, 3];
  const sign = code.local(I64);
  const divisorSign = code.local(I64);
  const result = code.local(I64);
  code.get(high).i64(63n).op(op.i64ShrS).set(sign);
  code.get(divisor).i64(63n).op(op.i64ShrS).set(divisorSign);
  negateDividend(code, high, low);
  negateIf(code, divisor, divisorSign);
  code.get(high).get(low).get(divisor).get(wantRemainder).call(unsigned).set(result);
  code.get(wantRemainder).op(op.i32Eqz).if().get(sign).get(divisorSign).op(op.i64Xor).set(sign).end();
  negateIf(code, result, sign);
  code.get(result);
  return code;
}

/** The magnitude of the quotient must be below 2^63, or 2^63 itself when it is negative. */
function divideOverflowsSigned(unsigned: number): Code {
  const code = new Code(3);
  const [high, low, divisor] = [0, 1, 2];
  const sign = code.local(I64);
  const divisorSign = code.local(I64);
  code.get(divisor).op(op.i64Eqz).if().i32(1).op(op.return).end();
  code.get(high).i64(63n).op(op.i64ShrS).set(sign);
  code.get(divisor).i64(63n).op(op.i64ShrS).tee(divisorSign).get(sign).op(op.i64Xor);
  negateDividend(code, high, low);
  negateIf(code, divisor, divisorSign);
  code.set(sign);
  code.get(high).get(divisor).op(op.i64GeU).if().i32(1).op(op.return).end();
  // sign is -1 (quotient negative) or 0: the limit is 2^63 or 2^63 - 1.
  code.get(high).get(low).get(divisor).i32(0).call(unsigned);
  code.i64(0x7fff_ffff_ffff_ffffn).get(sign).op(op.i64Sub, op.i64GtU);
  return code;
}
