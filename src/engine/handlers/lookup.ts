/** Where in the table of jumps (areas.ts: JUMPS) the block at a RIP is looked up: the same number in generated code and outside. */
import { EXIT } from "../record";
import { JUMP, JUMPS } from "../areas";
import { layout } from "../state";
import { type Code, EMPTY, memory, op } from "../wasm/code";

/** 2^32 over the golden ratio (Knuth: The Art of Computer Programming 3, 6.4): RIPs that differ little come far apart. */
const FACTOR = 0x9e37_79b1 | 0;
const BYTES_SHIFT = Math.log2(JUMP.bytes);
const HASH_SHIFT = 32 - Math.log2(JUMPS.entries) - BYTES_SHIFT;
const MASK = (JUMPS.entries - 1) * JUMP.bytes;

/** Bytes from the start of the table. With the tag in it, address spaces that share a kernel do not push out each other's entries. */
export const jumpEntry = (ripLow: number, tag: number): number =>
  ((Math.imul(ripLow, FACTOR) >>> HASH_SHIFT) ^ (tag << BYTES_SHIFT)) & MASK;

/** Xor: the other entry where the same RIP may stand, so that two RIPs that meet do not push each other out for ever. */
export const OTHER_ENTRY = JUMP.bytes;

/**
 * Sets `entry` to the place of `target`, or returns EXIT.lookup where there is none. `tag` is free afterwards. All three are locals.
 */
export function lookUp(code: Code, target: number, entry: number, tag: number): void {
  code.get(target).op(op.i32WrapI64).i32(FACTOR).op(op.i32Mul).i32(HASH_SHIFT).op(op.i32ShrU);
  code.loadAt(memory.i32Load, layout.jumpTag.offset).tee(tag).i32(BYTES_SHIFT).op(op.i32Shl, op.i32Xor);
  code.i32(MASK).op(op.i32And).tee(entry);
  pushDiffers(code, target, entry, tag);
  code.if(EMPTY).get(entry).i32(OTHER_ENTRY).op(op.i32Xor).tee(entry);
  pushDiffers(code, target, entry, tag);
  code.if(EMPTY).i32(EXIT.lookup).op(op.return).end().end();
}

/** [entry: i32] -> [whether another RIP or another tag stands there]. */
function pushDiffers(code: Code, target: number, entry: number, tag: number): void {
  code
    .access(memory.i64Load, JUMPS.at + JUMP.rip)
    .get(target)
    .op(op.i64Ne);
  code
    .get(entry)
    .access(memory.i32Load, JUMPS.at + JUMP.tag)
    .get(tag)
    .op(op.i32Ne, op.i32Or);
}
