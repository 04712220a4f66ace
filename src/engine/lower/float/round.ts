/** ROUNDPS and its kind: exact where the operand is an integer; else "inexact" comes up, unless bit 3 says that it does not matter. */
import { F32, F64, I32, op, V128 } from "../../wasm/code";
import { type Bits, scalars, vectors } from "./formats";
import type { FloatWriter } from "./writer";

/** Bits 0 and 1: to nearest, down, up, towards zero. */
const HOW = 3,
  BY_MXCSR = 4,
  QUIET = 8;

export function roundToIntegers(w: FloatWriter): void {
  const { code, bits } = w;
  const packed = w.node.width === 128;
  const a = w.operand(1, bits);
  const result = code.local(packed ? V128 : bits === 64 ? F64 : F32);
  const known = w.argument(0).kind === "constant" ? w.what : undefined;
  const how = code.local(I32);
  w.lowering.wide(w.argument(0));
  code.op(op.i32WrapI64).set(how);
  rounded(w, a, how, known);
  code.set(result);
  const unequal = (x: number, y: number) => {
    if (packed) {
      code.get(x).get(y).op(vectors[bits].equal);
      w.notAll(bits);
    } else code.get(x).get(y).op(scalars[bits].unequal);
  };
  w.guarded(
    (unless) => {
      unequal(a, a);
      unless();
      w.pushUnusual();
      unless();
      if (known !== undefined && known & QUIET) return;
      unequal(result, a);
      w.pushUnsettled();
      code.get(how).i32(QUIET).op(op.i32And, op.i32Eqz, op.i32And, op.i32And);
      unless();
    },
    undefined,
    () => (packed ? code.set(result) : w.setScalar(result, bits)),
  );
  if (packed) code.get(result);
  else w.finishScalar(result, bits);
}

/** [] -> [the operand, rounded]. MXCSR, as programs have it, rounds to nearest. */
function rounded(w: FloatWriter, a: number, how: number, known: number | undefined): void {
  const { code, bits } = w;
  const ways = (w.node.width === 128 ? vectors : scalars)[bits as Bits].rounded;
  if (known !== undefined) return void code.get(a).op(ways[known & BY_MXCSR ? 0 : known & HOW]);
  for (const way of ways) code.get(a).op(way);
  // The last that is not chosen against remains.
  const field = () => code.get(how).i32(HOW).op(op.i32And);
  field().i32(2).op(op.i32Eq, op.select);
  field().i32(1).op(op.i32Eq, op.select);
  field().op(op.i32Eqz).get(how).i32(BY_MXCSR).op(op.i32And, op.i32Or, op.select);
}
