/** Opcode, instruction and data pointer of the last x87 instruction that is no control instruction (SDM 1, 8.1.8 to 8.1.10). */
import { FPU_OPCODE, record as fieldOf } from "../../../record";
import { layout, MODE } from "../../../state";
import {
  add64,
  and,
  and64,
  eq,
  field,
  field64,
  has,
  load16,
  load32,
  load64,
  load8,
  not,
  Routine,
  shl,
  shl64,
  sub64,
  wide,
} from "../../../wasm/routine";
import { CS } from "../../core";

/** (record): of an instruction that is done. */
export function point(): Routine {
  const r = new Routine(1);
  const [record] = r.parameters;
  const opcode = r.keep(load32(record, fieldOf.immediate));
  r.setField("fpuOpcode", and(opcode, FPU_OPCODE.bits));
  const rip = r.keep64(add64(field64("rip"), wide(load16(record, fieldOf.start))));
  r.when(not(has(field("mode"), MODE.long)), () => r.set(rip, and64(rip, 0xffff_ffffn)));
  r.setField64("fpuIp", rip);
  r.setField("fpuCs", field("selector", CS));
  r.returnIf(not(has(opcode, FPU_OPCODE.memory)), 0);
  const base = r.keep(load16(record, fieldOf.base));
  const segment = r.keep(load8(record, fieldOf.segment));
  const offset = r.keep64(load64(base));
  r.when(
    eq(base, layout.effective.offset),
    // An address micro-record has worked it out, and added the base of the segment: what is left has 16 or 32 bits.
    () => r.set(offset, and64(sub64(offset, load64(shl(segment, 3), layout.segmentBase.offset)), 0xffff_ffffn)),
    () => {
      const scaled = shl64(load64(load16(record, fieldOf.index)), wide(load8(record, fieldOf.scale)));
      r.set(offset, add64(offset, scaled, load64(record, fieldOf.displacement)));
    },
  );
  r.when(has(opcode, FPU_OPCODE.bits32), () => r.set(offset, and64(offset, 0xffff_ffffn)));
  r.when(has(opcode, FPU_OPCODE.bits16), () => r.set(offset, and64(offset, 0xffffn)));
  r.setField64("fpuDp", offset);
  r.setField("fpuDs", load32(shl(segment, 2), layout.selector.offset));
  return r;
}
