/** What is asked about an instruction's effects before its handler is written. */
import type { Expression, Flag } from "../../isa/expression";
import type { Effect } from "../../isa/notation";
import type { SystemHelper } from "../../isa/system";
import { children } from "../lower";
import type { FlagValues } from "./flags";
import { roots } from "./meaning";
import type { Shape } from "./shape";

/** Helpers after which generated code may go on by itself. */
const goesOn: ReadonlySet<SystemHelper> = new Set<SystemHelper>([
  ...(["interrupt", "interruptReturn", "systemCall", "systemReturn", "sysenter", "sysexit"] as const),
  ...(["invalidatePage", "writeControl"] as const),
]);

export type When = Extract<Effect, { kind: "when" }>;

/** Under a condition too (INTO). */
export const callsHelperThatGoesOn = (effect: Effect): boolean =>
  effect.kind === "when"
    ? effect.effects.some(callsHelperThatGoesOn)
    : effect.kind === "system" && goesOn.has(effect.helper);

export function flagValues(effects: readonly Effect[]): FlagValues {
  const values = new Map<Flag, Expression>();
  for (const effect of effects) if (effect.kind === "setFlag") values.set(effect.flag, effect.value);
  return values;
}

/** Whether a conditional effect reads or writes memory or may fault, so that it must be skipped as a whole. */
export function touchesMemory(effect: When, shape: Shape): boolean {
  const touches = (e: Expression): boolean => {
    if (e.kind === "load" || e.kind === "system") return true;
    if (e.kind === "operand")
      return !["register", "vector", "fixedVector", "fixed", "immediate", "constant"].includes(
        shape.operands[e.index].kind,
      );
    return children(e).some(touches);
  };
  return effect.effects.some(
    (inner) =>
      inner.kind === "store" ||
      inner.kind === "fault" ||
      (inner.kind === "write" && ["memory", "source", "destination"].includes(shape.operands[inner.index].kind)) ||
      roots(inner).some(touches),
  );
}

export function mentionsSystem(effects: readonly Effect[]): boolean {
  const mentions = (e: Expression): boolean => e.kind === "system" || children(e).some(mentions);
  return effects.some(
    (effect) =>
      effect.kind === "system" ||
      roots(effect).some(mentions) ||
      (effect.kind === "when" && effect.effects.some((inner) => inner.kind === "system")),
  );
}
