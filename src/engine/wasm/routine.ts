/**
 * Functions written as statements and terms, where instructions of a stack machine would be hard to read. A term pushes one value; a
 * number stands for an i32 and a bigint for an i64. Terms are written out each time they are used: what is used twice is kept (`keep`).
 */
import { layout, type FieldName } from "../state";
import { Code, EMPTY, I32, I64, memory, op, type ValueType } from "./code";

export type Term = number | bigint | ((code: Code) => void);
/** A local variable: as a term, its value. */
export type Variable = ((code: Code) => void) & { readonly local: number };
/** A function of the module being written. */
export type Function = (...terms: Term[]) => Term;

function push(code: Code, term: Term): void {
  if (typeof term === "number") code.i32(term);
  else if (typeof term === "bigint") code.i64(BigInt.asIntN(64, term));
  else term(code);
}

type Opcode = Parameters<Code["op"]>[0];
type MemoryOpcode = Parameters<Code["access"]>[0];
const unary =
  (opcode: Opcode) =>
  (a: Term): Term =>
  (code) => {
    push(code, a);
    code.op(opcode);
  };
/** Of more than two terms: from the left. */
const binary =
  (opcode: Opcode) =>
  (first: Term, ...rest: Term[]): Term =>
  (code) => {
    push(code, first);
    for (const term of rest) {
      push(code, term);
      code.op(opcode);
    }
  };
const load =
  (opcode: MemoryOpcode) =>
  (address: Term, offset = 0): Term =>
  (code) => {
    push(code, address);
    code.access(opcode, offset);
  };

export const not = unary(op.i32Eqz),
  isZero64 = unary(op.i64Eqz),
  low = unary(op.i32WrapI64),
  wide = unary(op.i64ExtendI32U),
  popcount = unary(op.i32Popcnt),
  leadingZeros64 = unary(op.i64Clz);
export const add = binary(op.i32Add),
  sub = binary(op.i32Sub),
  mul = binary(op.i32Mul),
  and = binary(op.i32And),
  or = binary(op.i32Or),
  xor = binary(op.i32Xor),
  shl = binary(op.i32Shl),
  shr = binary(op.i32ShrU),
  eq = binary(op.i32Eq),
  ne = binary(op.i32Ne),
  /** Unsigned. */
  below = binary(op.i32LtU),
  above = binary(op.i32GtU),
  /** Signed. */
  less = binary(op.i32LtS);
export const add64 = binary(op.i64Add),
  sub64 = binary(op.i64Sub),
  mul64 = binary(op.i64Mul),
  xor64 = binary(op.i64Xor),
  and64 = binary(op.i64And),
  or64 = binary(op.i64Or),
  shl64 = binary(op.i64Shl),
  shr64 = binary(op.i64ShrU),
  sar64 = binary(op.i64ShrS),
  eq64 = binary(op.i64Eq),
  ne64 = binary(op.i64Ne),
  above64 = binary(op.i64GtU),
  below64 = binary(op.i64LtU),
  less64 = binary(op.i64LtS);
/** Doubles: of a signed integer, to one (cut off), and what is computed with them. */
export const toDouble = unary(op.f64ConvertI64S),
  fromDouble = unary(op.i64TruncSatF64S),
  rootOfDouble = unary(op.f64Sqrt),
  byDouble = binary(op.f64Div),
  timesDouble =
    (a: Term, factor: number): Term =>
    (code) => {
      push(code, a);
      code.f64(factor).op(op.f64Mul);
    };
export const load8 = load(memory.i32Load8U),
  load16 = load(memory.i32Load16U),
  load32 = load(memory.i32Load),
  load64 = load(memory.i64Load);

/** `condition ? a : b`; all three are computed. */
export const select =
  (condition: Term, a: Term, b: Term): Term =>
  (code) => {
    for (const term of [a, b, condition]) push(code, term);
    code.op(op.select);
  };
/** Whether any of these bits is set. */
export const has = (value: Term, bits: number): Term => ne(and(value, bits), 0);
/** a, and if it is not 0, b: b is computed only then. */
export const both =
  (a: Term, b: Term): Term =>
  (code) => {
    push(code, a);
    code.if(I32);
    push(code, b);
    code.else().i32(0).end();
  };

const placeOf = (name: FieldName, index: number) => layout[name].offset + index * layout[name].bytes;
/** A u32 of the state, or the low half of a u64. */
export const field = (name: FieldName, index = 0): Term => load32(0, placeOf(name, index));
export const field64 = (name: FieldName, index = 0): Term => load64(0, placeOf(name, index));

export class Routine {
  readonly code: Code;
  /** Wasm blocks that are open. */
  private depth = 0;
  readonly parameters: readonly Variable[];

  constructor(parameters: number) {
    this.code = new Code(parameters);
    this.parameters = Array.from({ length: parameters }, (_, n) => variable(n));
  }

  /** A new variable. */
  variable(type: ValueType = I32): Variable {
    return variable(this.code.local(type));
  }

  /** A variable that holds the value of a term. */
  keep(term: Term, type: ValueType = I32): Variable {
    const kept = this.variable(type);
    this.set(kept, term);
    return kept;
  }
  keep64(term: Term): Variable {
    return this.keep(term, I64);
  }

  set(to: Variable, term: Term): void {
    push(this.code, term);
    this.code.set(to.local);
  }

  private store(opcode: MemoryOpcode, address: Term, offset: number, value: Term): void {
    push(this.code, address);
    push(this.code, value);
    this.code.access(opcode, offset);
  }
  store8(address: Term, offset: number, value: Term): void {
    this.store(memory.i32Store8, address, offset, value);
  }
  store16(address: Term, offset: number, value: Term): void {
    this.store(memory.i32Store16, address, offset, value);
  }
  store32(address: Term, offset: number, value: Term): void {
    this.store(memory.i32Store, address, offset, value);
  }
  store64(address: Term, offset: number, value: Term): void {
    this.store(memory.i64Store, address, offset, value);
  }
  setField(name: FieldName, value: Term, index = 0): void {
    this.store32(0, placeOf(name, index), value);
  }
  setField64(name: FieldName, value: Term, index = 0): void {
    this.store64(0, placeOf(name, index), value);
  }

  when(condition: Term, then: () => void, otherwise?: () => void): void {
    push(this.code, condition);
    this.code.if(EMPTY);
    this.depth++;
    then();
    if (otherwise) {
      this.code.else();
      otherwise();
    }
    this.code.end();
    this.depth--;
  }

  /** Where a condition that is given to `giveUpIf` holds, the run goes on behind the body. */
  attempt(body: (giveUpIf: (condition: Term) => void) => void): void {
    this.code.block();
    const outside = this.depth++;
    body((condition) => {
      push(this.code, condition);
      this.code.brIf(this.depth - outside - 1);
    });
    this.code.end();
    this.depth--;
  }

  /** As long as the condition holds. */
  while(condition: Term, body: () => void): void {
    this.code.block().loop();
    this.depth += 2;
    push(this.code, not(condition));
    this.code.brIf(1);
    body();
    this.code.br(0).end().end();
    this.depth -= 2;
  }

  return(value: Term): void {
    push(this.code, value);
    this.code.op(op.return);
  }
  returnIf(condition: Term, value: Term): void {
    this.when(condition, () => this.return(value));
  }

  /** A call for its effects. */
  do(call: Term): void {
    push(this.code, call);
    this.code.op(op.drop);
  }

  /** The body ends with this value. */
  end(value: Term): Code {
    push(this.code, value);
    return this.code;
  }
}

const variable = (local: number): Variable => Object.assign((code: Code) => void code.get(local), { local });

/** Calls of a function by its index. */
export const callOf =
  (index: number): Function =>
  (...terms) =>
  (code) => {
    for (const term of terms) push(code, term);
    code.call(index);
  };
