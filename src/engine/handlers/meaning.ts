/** Runs a definition for one shape: its effects in one list, and what they depend on besides the operands. */
import { children } from "../lower";
import { shareEffects } from "./share";
import { constant, type Expression, type Flag, type Width } from "../../isa/expression";
import { byResult } from "../../isa/flags";
import type { Access, Context, Effect, FlagRule, FlagRules, Operands } from "../../isa/notation";
import type { Shape } from "./shape";

export interface Meaning {
  /** `result` as a write, flag rules as setFlag effects, then `does`. */
  readonly effects: readonly Effect[];
  readonly access: readonly Access[];
  /** Context properties that were asked for, by the definition or by the framework on its behalf. */
  readonly touched: ReadonlySet<keyof Context>;
  /** The definition computes with the address of its memory operand; its record then keeps the address as decoded. */
  readonly usesAddress: boolean;
}

function recording(context: Context, touched: Set<keyof Context>): Context {
  const ask = <Name extends keyof Context>(name: Name): Context[Name] => {
    touched.add(name);
    return context[name];
  };
  return {
    get operandSize() {
      return ask("operandSize");
    },
    get addressSize() {
      return ask("addressSize");
    },
    get stackSize() {
      return ask("stackSize");
    },
    get long() {
      return ask("long");
    },
    get condition() {
      return ask("condition");
    },
  };
}

export function meaningOf(shape: Shape): Meaning {
  const { instruction } = shape;
  const touched = new Set<keyof Context>();
  const context = recording(shape.context, touched);
  const names = Object.keys(instruction.operands ?? {});
  if (names.length !== shape.operands.length) {
    throw new Error(`${instruction.name}: ${names.length} operands are named, the form has ${shape.operands.length}`);
  }
  const access = Object.values(instruction.operands ?? {});
  const operands: Record<string, Expression> = {};
  names.forEach((name, index) => {
    operands[name] = { kind: "operand", width: shape.operands[index].width as Width, index };
  });
  const effects: Effect[] = [];
  if (instruction.result) {
    const result = instruction.result(operands, context);
    const written = access.findIndex((kind) => kind === "write" || kind === "readwrite");
    if (written >= 0 && !instruction.flagsOnly) effects.push({ kind: "write", index: written, value: result });
    effects.push(...flagEffects(shape, operands, context, result));
  } else if (instruction.flags) {
    effects.push(...flagEffects(shape, operands, context, undefined));
  }
  if (instruction.does) effects.push(...instruction.does(operands, context));

  const shared = shareEffects(effects);
  const usesAddress = noteDependencies(shape, shared, touched);
  return { effects: shared, access, touched, usesAddress };
}

const isRule = (rule: FlagRule | undefined): rule is Exclude<FlagRule, "undefined"> => typeof rule === "function";

/**
 * What becomes of flags that the manual leaves open beside CF and OF: what processors make of them. So such an instruction sets all
 * flags, and nothing has to remember the one before. Flags left open elsewhere keep their values.
 */
const undefinedRules: FlagRules = { ...byResult, af: () => constant(1, 0) };

function flagEffects(shape: Shape, operands: Operands, context: Context, result: Expression | undefined): Effect[] {
  const { flags, flagsWhen } = shape.instruction;
  const effects: Effect[] = [];
  const sum = isRule(flags?.cf) && isRule(flags?.of) && result !== undefined;
  for (const [flag, stated] of Object.entries(flags ?? {})) {
    const rule = stated === "undefined" && sum ? undefinedRules[flag as Flag] : stated;
    if (!isRule(rule)) continue;
    const value = rule({ ...operands, result: result as Expression });
    effects.push({ kind: "setFlag", flag: flag as keyof typeof flags, value });
  }
  if (!flagsWhen || effects.length === 0) return effects;
  return [{ kind: "when", condition: flagsWhen(operands, context), effects }];
}

/** The expressions that an effect evaluates, in order. */
export function roots(effect: Effect): readonly Expression[] {
  switch (effect.kind) {
    case "write":
    case "setRegister":
    case "setFlag":
      return [effect.value];
    case "store":
      return [effect.offset, effect.value];
    case "fault":
      return [effect.condition];
    case "jump":
      return effect.condition ? [effect.condition, effect.target] : [effect.target];
    case "system":
      return effect.arguments;
    case "when":
      return [effect.condition, ...effect.effects.flatMap(roots)];
  }
}

/** Segments and address sizes matter to a handler as soon as it forms an address itself. */
function noteDependencies(shape: Shape, effects: readonly Effect[], touched: Set<keyof Context>): boolean {
  let usesAddress = checksFirst(shape);
  let formsAddress = shape.operands.some(({ kind }) => isStringOperand(kind));
  const seen = new Set<Expression>();
  const visit = (e: Expression): void => {
    if (seen.has(e)) return;
    seen.add(e);
    if (e.kind === "address" || (e.kind === "load" && e.segment === "operand")) usesAddress = true;
    if (e.kind === "load") formsAddress = true;
    children(e).forEach(visit);
  };
  const visitEffect = (effect: Effect): void => {
    if (effect.kind === "store") {
      formsAddress = true;
      if (effect.segment === "operand") usesAddress = true;
    }
    if (effect.kind === "jump") touched.add("long");
    if (effect.kind === "when") effect.effects.forEach(visitEffect);
  };
  effects.flatMap(roots).forEach(visit);
  effects.forEach(visitEffect);
  if (formsAddress || usesAddress) touched.add("long");
  if (usesAddress || shape.rep || shape.operands.some(({ kind }) => isStringOperand(kind))) {
    touched.add("addressSize");
  }
  return usesAddress;
}

/**
 * Privilege and units are looked at before the segment of the operand (SDM 3, 6.9: "execution of an instruction"), so its address must not
 * be worked out in front of the instruction, as it is outside 64-bit mode. POP reads the stack before it looks where to (SDM 2B POP).
 */
function checksFirst({ instruction, operands, context }: Shape): boolean {
  if (context.long && context.addressSize === 64) return false;
  if (instruction.privilege === undefined && instruction.unit === undefined && instruction.name !== "pop") return false;
  return operands.some(({ kind }) => kind === "memory");
}

export const isStringOperand = (kind: string): boolean => kind === "source" || kind === "destination";
