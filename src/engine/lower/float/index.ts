/**
 * SSE arithmetic on the host's floating point. Both compute alike as long as every exception is masked and rounding is to nearest; what
 * the host does not have are MXCSR's sticky flags, its NaNs' payloads, and denormals as exceptions. So the fast form is taken when
 * operands and results are normal numbers (or zeros) and "inexact" is either set already or known not to come up; `settleFloats`
 * (wasm/floats.ts) finds out the latter. All else is `slow`: the helper of system/float, or the interpreter.
 */
import { FLOAT } from "../../../isa/floatcodes";
import type { Lowering } from "..";
import { arithmetic } from "./arithmetic";
import { compare, flags } from "./compare";
import { conversionOf } from "./convert";
import { roundToIntegers } from "./round";
import { codeOf, type FloatWays, FloatWriter, type System } from "./writer";

/** Whether a call of a helper has a fast form. */
export function hasFloatForm(node: System): boolean {
  const code = codeOf(node);
  if (code === undefined) return false;
  switch (node.helper) {
    case "floatArithmetic":
      return (code & 0xff) <= FLOAT.max || (code & 0xff) === FLOAT.subtractAdd;
    case "floatCompare":
    case "floatFlags":
    case "floatRound":
      return true;
    case "floatConvert":
      return conversionOf(node, code) !== undefined;
    default:
      return false;
  }
}

/** Pushes the node's value. A scalar's is kept as a float too (`Lowering.float`). */
export function lowerFloat(lowering: Lowering, node: System, ways: FloatWays): void {
  for (const argument of node.arguments.slice(1)) if (!lowering.isFloat(argument)) lowering.hold(argument);
  const writer = new FloatWriter(lowering, node, ways);
  switch (node.helper) {
    case "floatArithmetic":
      return arithmetic(writer);
    case "floatCompare":
      return compare(writer);
    case "floatFlags":
      return flags(writer);
    case "floatRound":
      return roundToIntegers(writer);
    default:
      return conversionOf(node, writer.what)!(writer);
  }
}
