/** Handlers that belong to no instruction: ends of blocks, address micro-records, and records that only report. */
import { DETAIL, EXIT, record } from "../record";
import { layout } from "../state";
import { Code, I32, I64, memory, op } from "../wasm/code";
import { MemoryAccess } from "./access";
import { recordAddress } from "./operands";
import type { Surroundings } from "./surroundings";
import { jumpTo, nextRecord } from "./jump";
import type { Bits } from "./shape";

const SELF = 0;

/** Table slots of the special handlers. */
export const SPECIAL = {
  end: 1,
  stale: 2,
  raise: 3,
  unimplemented: 4,
  address16: 5,
  address32: 6,
  /** 32-bit addresses in 64-bit mode. */
  address32Long: 7,
  /** Behind the one instruction that a region gave to the interpreter: back to the region; or out of the run, when the region is gone. */
  resume: 8,
  leave: 9,
  count: 10,
} as const;

export function writeSpecials(surroundings: Surroundings): Map<number, Code> {
  return new Map([
    [SPECIAL.end, endOfBlock(surroundings)],
    [SPECIAL.stale, report(EXIT.stale)],
    [SPECIAL.raise, raise(surroundings)],
    [SPECIAL.unimplemented, report(EXIT.unimplemented)],
    [SPECIAL.address16, address(surroundings, 16, false)],
    [SPECIAL.address32, address(surroundings, 32, false)],
    [SPECIAL.address32Long, address(surroundings, 32, true)],
    [SPECIAL.resume, new Code(1).i32(EXIT.resume)],
    [SPECIAL.leave, report(EXIT.leaveNext)],
  ]);
}

/** Where straight-line code was cut: goes on at the next instruction, in another block. */
function endOfBlock({ handlerType }: Surroundings): Code {
  const code = new Code(1);
  const target = code.local(I64);
  code.loadAt(memory.i64Load, layout.rip.offset);
  code.get(SELF).access(memory.i64Load16U, record.next).op(op.i64Add).set(target);
  jumpTo(code, SELF, target, true, handlerType);
  return code;
}

function report(reason: number): Code {
  return new Code(1).i32(0).get(SELF).access(memory.i32Store, layout.exitRecord.offset).i32(reason);
}

/** Raises the vector in the record's immediate. */
function raise(surroundings: Surroundings): Code {
  const code = new Code(1);
  code.get(SELF).get(SELF).access(memory.i32Load, record.immediate).call(surroundings.host("raise"));
  return code;
}

/**
 * Address micro-record: the linear address of the following instruction's memory operand, into state.effective. The offset wraps at
 * the address size; outside 64-bit mode the segment is checked and the linear address wraps at 4 GiB (SDM 3, 3.3 and 5.3).
 */
function address(surroundings: Surroundings, bits: Bits, long: boolean): Code {
  const code = new Code(1);
  const access = new MemoryAccess(code, SELF, (name) => surroundings.host(name), long);
  const offset = code.local(I64);
  const detail = code.local(I32);
  recordAddress(code, SELF, false, false);
  code
    .i64(bits === 16 ? 0xffffn : 0xffff_ffffn)
    .op(op.i64And)
    .set(offset);
  if (!long) {
    code.get(SELF).access(memory.i32Load16U, record.detail).set(detail);
    const bytes = () => code.get(detail).i32(DETAIL.size).op(op.i32And);
    access.check("operand", offset, bytes, () => code.get(detail).i32(DETAIL.write).op(op.i32And));
  }
  code.i32(0).get(offset);
  code.get(SELF).access(memory.i32Load16U, record.segmentBase).access(memory.i64Load).op(op.i64Add);
  if (!long) code.i64(0xffff_ffffn).op(op.i64And);
  code.access(memory.i64Store, layout.effective.offset);
  nextRecord(code, SELF, surroundings.handlerType);
  return code;
}

/** (record) -> EXIT: runs the block at the record, already charged. */
export function writeRun(surroundings: Surroundings): Code {
  const code = new Code(1);
  code.get(SELF).get(SELF).access(memory.i32Load, record.handler).callIndirect(surroundings.handlerType);
  return code;
}
