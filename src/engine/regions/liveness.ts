/** Which flags may be asked for, and by whom: within a block, and along the ways between blocks. */
import { type Graph, type RegionBlock, successors } from "./graph";
import { ALL_FLAGS } from "./pattern";
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
 * that can come after it.
 */
export function askedFirst(graph: Graph): Set<bigint> {
  const asked = new Set<bigint>();
  const open: RegionBlock[] = [];
  for (const block of graph.blocks.values()) {
    const first = firstTouch(block.plans);
    if (first === "asks") asked.add(block.rip);
    else if (first === "none") open.push(block);
  }
  for (let before = -1; before !== asked.size;) {
    before = asked.size;
    for (const block of open) {
      if (successors(block, graph.blocks).some((rip) => asked.has(rip))) asked.add(block.rip);
    }
  }
  return asked;
}

function firstTouch(plans: readonly Plan[]): "asks" | "sets" | "none" {
  const { after } = liveness(plans);
  for (const [n, plan] of plans.entries()) {
    if (plan.flow === "interpret") return "none";
    if (plan.touched?.flags) return "asks";
    if (plan.touched) continue;
    if (plan.uses !== 0 || plan.mayLeaveFlags) return "asks";
    const wanted = plan.sets & after[n];
    if (wanted !== 0) return (after[n] & ~plan.sets) === 0 ? "sets" : "asks";
  }
  return "none";
}
