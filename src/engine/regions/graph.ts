/** The blocks of a region and the ways between them. */
import type { Block } from "../block";
import type { Plan } from "./plan";

export interface RegionBlock {
  readonly rip: bigint;
  readonly source: Block;
  /** Its instructions; a prefix of those of `source`. */
  readonly plans: readonly Plan[];
  /** Its last instruction is followed by this RIP, unless that jumps or is left to the interpreter. */
  fallsTo: bigint | undefined;
  /** Where a jump to a place that only the run tells may lead: for blocks that end in one. */
  mayGoTo: readonly bigint[];
}

export interface Graph {
  /** Where the region can be entered: first the block it was made for. */
  readonly entries: readonly RegionBlock[];
  readonly blocks: ReadonlyMap<bigint, RegionBlock>;
}

/** Where a block goes inside the region. */
export function successors(block: RegionBlock, blocks: ReadonlyMap<bigint, RegionBlock>): readonly bigint[] {
  let known = successorsOf.get(block);
  if (!known) successorsOf.set(block, (known = findSuccessors(block, blocks)));
  return known;
}

/** Asked many times, and always the same. */
const successorsOf = new WeakMap<RegionBlock, readonly bigint[]>();

function findSuccessors(block: RegionBlock, blocks: ReadonlyMap<bigint, RegionBlock>): bigint[] {
  const targets = block.plans.flatMap((plan) => (plan.target === undefined ? [] : [plan.target]));
  if (block.fallsTo !== undefined) targets.push(block.fallsTo);
  targets.push(...block.mayGoTo);
  return [...new Set(targets)].filter((target) => blocks.has(target));
}
