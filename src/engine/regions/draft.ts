/** What an instruction comes to when it is known which of its flags somebody will read: the same for all of one pattern. */
import type { Expression } from "../../isa/expression";
import type { Effect } from "../../isa/notation";
import { roots } from "../handlers/meaning";
import { children, countUses } from "../lower";
import type { Pattern } from "./pattern";
import { FLAGS, isStatus, type StatusFlag } from "./status";

export interface Draft {
  /** Without the flags that nobody will read. */
  readonly effects: readonly Effect[];
  /** How often each value is used. */
  readonly uses: Map<Expression, number>;
  /** Of the flags that it sets whatever happens; undefined when none is wanted. */
  readonly capture: Capture | undefined;
}

/** What must be kept for the sake of some flags, and how they come from it. */
export interface Capture {
  readonly leaves: readonly Expression[];
  readonly flags: readonly {
    readonly flag: StatusFlag;
    readonly value: Expression;
    readonly from: readonly number[];
  }[];
}

export type FlagEffect = Extract<Effect, { kind: "setFlag" }> & { readonly flag: StatusFlag };
export const isFlag = (effect: Effect): effect is FlagEffect => effect.kind === "setFlag" && isStatus(effect.flag);

/** By the flags that are wanted. */
const drafts = new WeakMap<Pattern, (Draft | undefined)[]>();

/** The draft of a pattern that reads no flags. `live`: flags that somebody may read after it. */
export function draftOf(pattern: Pattern, live: number): Draft {
  const wanted = pattern.mayLeaveFlags ? live : live & pattern.sets;
  let known = drafts.get(pattern);
  if (!known) drafts.set(pattern, (known = []));
  return (known[wanted] ??= makeDraft(pattern.effects, wanted));
}

export function makeDraft(all: readonly Effect[], live: number): Draft {
  const effects = all.flatMap((effect) => alive(effect, live));
  const uses = new Map<Expression, number>();
  for (const effect of effects) for (const root of roots(effect)) countUses(root, uses);
  return { effects, uses, capture: captureOf(effects) };
}

function alive(effect: Effect, live: number): Effect[] {
  if (effect.kind === "setFlag") return isStatus(effect.flag) && !(FLAGS[effect.flag] & live) ? [] : [effect];
  if (effect.kind !== "when") return [effect];
  const inner = effect.effects.filter((e) => alive(e, live).length > 0);
  return inner.length ? [{ ...effect, effects: inner }] : [];
}

/** Where all flags follow from the value that is tested for zero, that one value is kept; else what they are computed from is. */
function captureOf(effects: readonly Effect[]): Capture | undefined {
  const wanted = effects.filter(isFlag);
  if (wanted.length === 0) return undefined;
  const values = wanted.map((effect) => effect.value);
  const tested = values.find((e) => e.kind === "compare" && e.operator === "eq" && e.a.kind === "binary");
  const root = tested?.kind === "compare" ? tested.a : undefined;
  const all = leavesOf(values, undefined);
  const shorter = root && leavesOf(values, root);
  const isShorter = shorter !== undefined && shorter.size < all.size;
  const leaves = [...(isShorter ? shorter : all)];
  const flags = wanted.map(({ flag, value }) => {
    const from = [...leavesOf([value], isShorter ? root : undefined)].map((leaf) => leaves.indexOf(leaf));
    return { flag, value, from };
  });
  return { leaves, flags };
}

/** What expressions refer to, looking no further than `root`. */
function leavesOf(values: readonly Expression[], root: Expression | undefined): Set<Expression> {
  const leaves = new Set<Expression>();
  const seen = new Set<Expression>();
  const visit = (e: Expression): void => {
    if (seen.has(e) || e.kind === "constant") return;
    seen.add(e);
    // What a load or a helper yields is kept, not what it was made from.
    if (e === root || e.kind === "load" || e.kind === "system" || children(e).length === 0) leaves.add(e);
    else children(e).forEach(visit);
  };
  values.forEach(visit);
  return leaves;
}
