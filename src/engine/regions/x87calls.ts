/** Which helpers of x87 regions do by themselves, and by which functions of system/short/x87. */
import type { Expression } from "../../isa/expression";
import { FPU_KINDS } from "../../isa/floatcodes";
import type { Effect } from "../../isa/notation";
import type { SystemHelper } from "../../isa/system";
import type { X87Function } from "../system/short/x87";
import { isShortKind } from "../system/short/x87/formats";
import { shortOperations } from "../system/short/x87/operations";

export type SystemEffect = Extract<Effect, { kind: "system" }>;
export type SystemNode = Extract<Expression, { kind: "system" }>;
export interface Call {
  readonly function: X87Function;
  readonly arguments: readonly Expression[];
}

export const valueOf = (e: Expression): number => (e.kind === "constant" ? Number(e.value) : -1);
export const kindOf = (e: Expression) => FPU_KINDS[valueOf(e)];

/** What does the work of a helper, if anything does. */
export function callOf(helper: SystemHelper, [first, second, third, fourth]: readonly Expression[]): Call | undefined {
  const call = (name: X87Function, ...args: Expression[]): Call => ({ function: name, arguments: args });
  switch (helper) {
    case "fpuArithmetic":
      return call("x87Arithmetic", first, second, third, fourth);
    case "fpuArithmeticMemory":
      return call("x87ArithmeticMemory", first, second, third);
    case "fpuCompare":
      return call("x87Compare", second, third);
    case "fpuCompareMemory":
      return call("x87CompareMemory", first, second, third);
    case "fpuLoad":
      if (kindOf(first) === "register") return call("x87LoadRegister", second);
      return isShortKind(valueOf(first)) ? call("x87Load", first, second) : undefined;
    case "fpuStore":
      return kindOf(first) === "register" && valueOf(third) < 2 ? call("x87StoreRegister", second, third) : undefined;
    case "fpuConstant":
      return call("x87LoadConstant", first);
    case "fpuExchange":
      return call("x87Exchange", first);
    case "fpuConditionalMove":
      return call("x87ConditionalMove", first, second);
    case "fpuOperation":
      return shortOperations.includes(valueOf(first)) ? call("x87Operation", first) : undefined;
    case "fpuLoadControl":
      return call("x87LoadControl", first);
    default:
      return undefined;
  }
}

export const isStore = ({ helper, arguments: [kind] }: SystemEffect): boolean =>
  helper === "fpuStore" && isShortKind(valueOf(kind));

/** An effect, or a value, that regions have by themselves. */
export const hasX87Effect = (effect: Effect): boolean =>
  effect.kind === "system" && (isStore(effect) || callOf(effect.helper, effect.arguments) !== undefined);
export const hasX87Form = ({ helper }: SystemNode): boolean =>
  helper === "fpuCompareFlags" || helper === "fpuControl" || helper === "fpuStatus";
