/**
 * Where a region looks at the ticks that are left. Each way to a block charges its instructions; whether they are covered is looked at
 * on the ways to heads of loops, to hubs and at the entries only, for the longest way from there to the next such place. If they are not, the
 * region is left there, and the interpreter, which can stop at any instruction, uses up the rest.
 */
import { type Graph, successors } from "./graph";
import { type Order, ROOT } from "./order";

export class Charges {
  private readonly ahead = new Map<bigint, number>();

  constructor(
    private readonly graph: Graph,
    private readonly order: Order,
    private readonly atLoops: boolean,
  ) {
    for (const rip of [...order.sequence].reverse()) if (rip !== ROOT) this.ahead.set(rip, this.longest(rip));
  }

  /** What must be left before the block is charged. */
  needed(rip: bigint): number {
    return this.ahead.get(rip)!;
  }

  /** Ways to this block look whether that is left. */
  checks(rip: bigint): boolean {
    return !this.atLoops || this.order.loopHeads.has(rip) || this.order.returned.has(rip);
  }

  private longest(rip: bigint): number {
    const { blocks } = this.graph;
    const block = blocks.get(rip)!;
    const next = successors(block, blocks).filter((to) => !this.checks(to) && this.order.reaches(rip, to));
    return block.plans.length + Math.max(0, ...next.map((to) => this.ahead.get(to) ?? 0));
  }
}
