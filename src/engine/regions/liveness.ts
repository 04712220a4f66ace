/** Which flags may be asked for, and by whom: within a block, and along the ways between blocks. */
import { type Graph, successors } from "./graph";
import { ALL_FLAGS } from "./status";
import type { Plan } from "./plan";

/**
 * Flags that may be asked for before and after each instruction: by a later one, at a way out, or at the end of the block, which the
 * ticks may turn into a way out.
 */
export function liveness(plans: readonly Plan[]): { before: number; after: number[] } {
  const after: number[] = [];
  let live = ALL_FLAGS;
  for (let n = plans.length - 1; n >= 0; n--) {
    const plan = plans[n];
    if (plan.target !== undefined) live = ALL_FLAGS;
    after[n] = live;
    live = plan.exits ? ALL_FLAGS : (live & ~plan.sets) | plan.uses;
  }
  return { before: live, after };
}

/**
 * Blocks in which a flag that somebody may ask for is read, or is set without all the others, before all are set: there, or in a block
 * that can come after it, by a jump (LOOP, JCXZ) that stands before what sets them too.
 */
export function askedFirst(graph: Graph): Set<bigint> {
  const asked = new Set<bigint>();
  const open: { readonly rip: bigint; readonly next: readonly bigint[] }[] = [];
  for (const block of graph.blocks.values()) {
    const { rip, plans } = block;
    const { touch, at } = firstTouch(plans);
    if (touch === "asks") asked.add(rip);
    else if (touch === "none") open.push({ rip, next: successors(block, graph.blocks) });
    else open.push({ rip, next: plans.slice(0, at).flatMap(({ target }) => (target === undefined ? [] : [target])) });
  }
  for (let before = -1; before !== asked.size;) {
    before = asked.size;
    for (const { rip, next } of open) if (next.some((to) => asked.has(to))) asked.add(rip);
  }
  return asked;
}

/** What the first instruction that touches flags does with them, and which it is. */
function firstTouch(plans: readonly Plan[]): { touch: "asks" | "sets" | "none"; at: number } {
  const { after } = liveness(plans);
  for (const [at, plan] of plans.entries()) {
    if (plan.flow === "interpret") return { touch: "none", at };
    if (plan.touched?.flags) return { touch: "asks", at };
    if (plan.touched) continue;
    if (plan.uses !== 0 || plan.mayLeaveFlags) return { touch: "asks", at };
    const wanted = plan.sets & after[at];
    if (wanted !== 0) return { touch: (after[at] & ~plan.sets) === 0 ? "sets" : "asks", at };
  }
  return { touch: "none", at: plans.length };
}
