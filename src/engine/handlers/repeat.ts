/** REP and its kind: the loop around one execution of a string instruction. */
import { EXIT } from "../record";
import { layout } from "../state";
import { EMPTY, I32, memory, op } from "../wasm/code";
import { Bulk, hasBulkForm } from "./bulk";
import type { FlagValues } from "./flags";
import { leaveAt, nextRecord } from "./jump";
import type { Operands } from "./operands";
import { SELF } from "./surroundings";

const RCX = 1;

function bulk(operands: Operands): void {
  const { code, addressBits: width } = operands;
  new Bulk(code, SELF, operands.shape, {
    push: (register) => {
      operands.register({ kind: "register", width, register });
      if (width !== 64) code.op(op.i64ExtendI32U);
    },
    set: (register, value) =>
      operands.setRegister(register, false, width, () => {
        value();
        if (width !== 64) code.op(op.i32WrapI64);
      }),
  }).write();
}

const countOf = ({ addressBits: width }: Operands) => ({ kind: "register", width, register: RCX }) as const;

/** Local of REPE and REPNE: this iteration is the last one, whose flags stay. */
export function lastOf({ code, shape: { rep, instruction } }: Operands): number | undefined {
  return rep && instruction.repeat === "compare" ? code.local(I32) : undefined;
}

/** Whether rCX or ZF ends it with this iteration. */
export function findLast(operands: Operands, last: number, flags: FlagValues): void {
  const { code, shape } = operands;
  const count = countOf(operands);
  operands.register(count);
  if (count.width === 64) code.i64(1n).op(op.i64Eq);
  else code.i32(1).op(op.i32Eq);
  operands.lowering.value(flags.get("zf")!);
  if (shape.rep === "rep") code.op(op.i32Eqz);
  code.op(op.i32Or).set(last);
}

/** REP: each iteration is one tick; the block's charge covers the first (DESIGN.md, virtual time). */
export function repeat(operands: Operands, last: number | undefined, once: () => void): void {
  const { code, shape, surroundings } = operands;
  const count = countOf(operands);
  const isZero = () => {
    operands.register(count);
    code.op(count.width === 64 ? op.i64Eqz : op.i32Eqz);
  };
  isZero();
  code.if(EMPTY);
  nextRecord(code, SELF, surroundings.handlerType);
  code.end().block().loop();
  if (surroundings.options.bulk && hasBulkForm(shape)) bulk(operands);
  operands.lowering.scope(() => once());
  const { width } = count;
  operands.setRegister(RCX, false, width, () => {
    operands.register(count);
    if (width === 64) code.i64(1n).op(op.i64Sub);
    else {
      code.i32(1).op(op.i32Sub);
      if (width === 16) code.i32(0xffff).op(op.i32And);
    }
  });
  if (last === undefined) isZero();
  else code.get(last);
  code.brIf(1);
  code.loadAt(memory.i32Load, layout.remaining.offset).i32(1).op(op.i32LtS);
  if (operands.leave !== undefined) code.get(operands.leave).i32(0).op(op.i32Ne, op.i32Or);
  code.if(EMPTY);
  leaveAt(code, SELF, () => code.i32(EXIT.repeat));
  code.end();
  code.i32(0).loadAt(memory.i32Load, layout.remaining.offset).i32(1).op(op.i32Sub);
  code.access(memory.i32Store, layout.remaining.offset).br(0).end().end();
}
