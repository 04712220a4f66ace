/**
 * A 64-bit hash of a stretch of memory, after xxHash64: four lanes over 32-byte stripes, then folded together. `bytes` is a multiple of
 * 32. Not meant against attackers: it tells whether two machines are in the same state.
 */
import { Code, I32, I64, memory, op } from "./code";
import type { ModuleWriter, Signature } from "./module";

const SIGNATURE: Signature = { parameters: [I32, I32, I64], results: [I64] };
const PRIME1 = 0x9e3779b185ebca87n;
const PRIME2 = 0xc2b2ae3d27d4eb4fn;
const PRIME3 = 0x165667b19e3779f9n;

/** Exports `hash(start, bytes, seed)`. */
export function writeHash(module: ModuleWriter): void {
  const code = new Code(3);
  const [start, bytes, seed] = [0, 1, 2];
  const end = code.local(I32);
  const lanes = [0, 1, 2, 3].map(() => code.local(I64));
  code.get(start).get(bytes).op(op.i32Add).set(end);
  lanes.forEach((lane, n) =>
    code
      .get(seed)
      .i64(PRIME1 * BigInt(n + 1))
      .op(op.i64Add)
      .set(lane),
  );
  code.block().loop().get(start).get(end).op(op.i32GeU).brIf(1);
  lanes.forEach((lane, n) => {
    code.get(lane).get(start).access(memory.i64Load, n * 8).i64(PRIME2).op(op.i64Mul, op.i64Add);
    code.i64(31n).op(op.i64Rotl).i64(PRIME1).op(op.i64Mul).set(lane);
  });
  code.get(start).i32(32).op(op.i32Add).set(start).br(0).end().end();
  code.get(bytes).op(op.i64ExtendI32U);
  for (const lane of lanes) {
    code.get(lane).op(op.i64Xor).i64(27n).op(op.i64Rotl).i64(PRIME1).op(op.i64Mul).i64(PRIME3).op(op.i64Add);
  }
  code.set(seed);
  code.get(seed).get(seed).i64(33n).op(op.i64ShrU, op.i64Xor).i64(PRIME2).op(op.i64Mul).set(seed);
  code.get(seed).get(seed).i64(29n).op(op.i64ShrU, op.i64Xor).i64(PRIME3).op(op.i64Mul).set(seed);
  code.get(seed).get(seed).i64(32n).op(op.i64ShrU, op.i64Xor);
  module.export("hash", module.define(SIGNATURE, code));
}
