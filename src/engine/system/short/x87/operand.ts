/** Memory operands whose address a helper gets: the place in Wasm memory, found by the lookaside or a walk. */
import { record as fieldOf } from "../../../record";
import { layout, MODE } from "../../../state";
import {
  above64,
  add,
  add64,
  and64,
  field,
  type Function,
  has,
  load32,
  load64,
  load8,
  not,
  or,
  Routine,
  select,
  shl,
  wide,
} from "../../../wasm/routine";
import { USER } from "../../paging";

const FS = 4;

/** (record, offset in the segment, bytes, WRITE or 0) -> Wasm offset; 0: the host finds out. */
export function operandPlace(locate: Function): Routine {
  const r = new Routine(4);
  const [record, offset, bytes, access] = r.parameters;
  const mode = r.keep(field("mode"));
  r.returnIf(has(mode, MODE.aligned), 0);
  const segment = r.keep(load8(record, fieldOf.segment));
  const base = load64(shl(segment, 3), layout.segmentBase.offset);
  const rights = r.keep(or(access, select(has(mode, MODE.user), USER, 0)));
  r.when(
    has(mode, MODE.long),
    () => r.when(not(above64(wide(FS), wide(segment))), () => r.set(offset, add64(offset, base))),
    () => {
      const word = shl(segment, 2);
      r.returnIf(not(load32(word, layout.segmentPlain.offset)), 0);
      const limit = wide(load32(word, layout.segmentLimit.offset));
      r.returnIf(above64(add64(offset, wide(add(bytes, -1))), limit), 0);
      r.set(offset, and64(add64(offset, base), 0xffff_ffffn));
    },
  );
  r.return(locate(offset, bytes, rights));
  return r;
}
