/** Code that goes on: to the next record, or to the block at another RIP. */
import { EXIT, RECORD_BYTES, record, DETAIL } from "../record";
import { JUMP, JUMPS } from "../areas";
import { layout } from "../state";
import { type Code, EMPTY, I32, memory, op } from "../wasm/code";
import { lookUp } from "./lookup";

export function nextRecord(code: Code, self: number, handlerType: number): void {
  code.get(self).i32(RECORD_BYTES).op(op.i32Add);
  code.get(self).access(memory.i32Load, RECORD_BYTES + record.handler);
  code.returnCallIndirect(handlerType);
}

/** Charges the block at `block` (a local) and runs it, if its instructions are covered. */
function enterBlock(code: Code, block: number, handlerType: number): void {
  const left = code.local(I32);
  code.i32(0);
  code.loadAt(memory.i32Load, layout.remaining.offset).tee(left);
  code.get(block).access(memory.i32Load16U, record.charge).op(op.i32Sub);
  code.get(left).get(block).access(memory.i32Load16U, record.charge).op(op.i32LtS).if(EMPTY);
  code.i32(EXIT.budget).op(op.return).end();
  code.access(memory.i32Store, layout.remaining.offset);
  code.get(block).get(block).access(memory.i32Load, record.handler).returnCallIndirect(handlerType);
}

/**
 * Sets RIP to `target` (an i64 local) and runs the block there: by the record's link if the jump is direct and has one, else by
 * the table of jumps; a linkable jump keeps what it finds.
 */
export function jumpTo(code: Code, self: number, target: number, direct: boolean, handlerType: number): void {
  const block = code.local(I32);
  const entry = code.local(I32);
  code.i32(0).get(target).access(memory.i64Store, layout.rip.offset);
  if (direct) code.get(self).access(memory.i32Load, record.link).tee(block).op(op.i32Eqz).if(EMPTY);
  lookUp(code, target, entry, block);
  code
    .get(entry)
    .access(memory.i32Load, JUMPS.at + JUMP.record)
    .set(block);
  if (direct) {
    code.get(self).access(memory.i32Load16U, record.detail).i32(DETAIL.linkable).op(op.i32And).if(EMPTY);
    code.get(self).get(block).access(memory.i32Store, record.link).end().end();
  }
  enterBlock(code, block, handlerType);
}

const CS_LIMIT = layout.segmentLimit.offset + 4;
const CR4_LA57 = 0x1000;

/**
 * Whether code can be at `target` (an i64 local): canonical, or within the limit of CS. If not, `fault` writes the way out. Of addresses
 * with more than 48 bits it is asked apart whether there are five levels of paging.
 */
export function checkTarget(code: Code, target: number, long: boolean, fault: () => void): void {
  if (!long) {
    code.get(target).loadAt(memory.i64Load32U, CS_LIMIT).op(op.i64GtU).if(EMPTY);
    fault();
    return void code.end();
  }
  const beyond = (bits: bigint) =>
    code
      .get(target)
      .i64(1n << (bits - 1n))
      .op(op.i64Add)
      .i64(1n << bits)
      .op(op.i64GeU);
  beyond(48n).if(EMPTY);
  beyond(57n).loadAt(memory.i32Load, layout.cr4.offset).i32(CR4_LA57).op(op.i32And, op.i32Eqz, op.i32Or).if(EMPTY);
  fault();
  code.end().end();
}

/** Gives back the ticks of the instructions of this block that a jump out of its middle skips. */
export function refundRest(code: Code, self: number): void {
  code.i32(0).loadAt(memory.i32Load, layout.remaining.offset);
  code.get(self).access(memory.i32Load16U, record.left).op(op.i32Add);
  code.access(memory.i32Store, layout.remaining.offset);
}

/** Returns from the run with the reason that `pushReason` pushes; the record is noted as the one that left. */
export function leaveAt(code: Code, self: number, pushReason: () => void): void {
  code.i32(0).get(self).access(memory.i32Store, layout.exitRecord.offset);
  pushReason();
  code.op(op.return);
}
