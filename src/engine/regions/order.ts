/** In which order the blocks of a region are written, and which of them loops and jumps lead back to. */
import { type Graph, type RegionBlock, successors } from "./graph";

/** Stands for a place in front of the region from which a number leads to each of some blocks (Order: hubs). No RIP. */
export const ROOT = -1n;

/**
 * Reverse postorder, dominators and loops (Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm). A loop that can be entered at
 * several places cannot be written in Wasm: those of its places that jumps from later in the order lead to, without dominating them, become
 * hubs. Hubs are reached from ROOT, and such jumps go to ROOT, which is a loop itself.
 */
export class Order {
  position = new Map<bigint, number>();
  sequence: bigint[] = [];
  private dominator: number[] = [];
  /** Blocks that some jump from later in the order leads to. */
  readonly loopHeads = new Set<bigint>();
  /** Blocks with more than one way to them from earlier in the order. */
  readonly merges = new Set<bigint>();
  /** Blocks that ROOT leads to, by number: the entries, and others that jumps reach through ROOT; empty when there is one entry and no jump needs it. */
  readonly hubs: bigint[] = [];
  /** Hubs that jumps reach through ROOT. */
  returned: ReadonlySet<bigint> = new Set();

  constructor(
    private readonly graph: Graph,
    withHubs: boolean,
  ) {
    if (graph.entries.length > 1) this.hubs.push(...graph.entries.map(({ rip }) => rip));
    do {
      this.number();
      this.dominate();
    } while (withHubs && this.addHubs());
    this.classify();
  }

  /** The block, or ROOT, that everything begins with. */
  get first(): bigint {
    return this.hubs.length ? ROOT : this.graph.entries[0].rip;
  }

  private after(rip: bigint): readonly bigint[] {
    const { blocks } = this.graph;
    return rip === ROOT ? this.hubs : successors(blocks.get(rip)!, blocks);
  }

  private number(): void {
    const { first } = this;
    this.position = new Map();
    const seen = new Set<bigint>([first]);
    const post: bigint[] = [];
    const stack = [{ rip: first, targets: [...this.after(first)] }];
    while (stack.length) {
      const top = stack[stack.length - 1];
      const next = top.targets.pop();
      if (next === undefined) {
        post.push(top.rip);
        stack.pop();
      } else if (!seen.has(next)) {
        seen.add(next);
        stack.push({ rip: next, targets: [...this.after(next)] });
      }
    }
    this.sequence = post.reverse();
    this.sequence.forEach((rip, n) => this.position.set(rip, n));
  }

  private dominate(): void {
    const before: number[][] = this.sequence.map(() => []);
    this.sequence.forEach((rip, n) => {
      for (const target of this.after(rip)) before[this.position.get(target)!].push(n);
    });
    this.dominator = [0];
    for (let changed = true; changed;) {
      changed = false;
      for (let n = 1; n < this.sequence.length; n++) {
        const known = before[n].filter((p) => this.dominator[p] !== undefined);
        const common = known.reduce((a, b) => this.meet(a, b));
        if (this.dominator[n] !== common) {
          this.dominator[n] = common;
          changed = true;
        }
      }
    }
  }

  private meet(a: number, b: number): number {
    while (a !== b) {
      while (a > b) a = this.dominator[a];
      while (b > a) b = this.dominator[b];
    }
    return a;
  }

  dominates(above: bigint, below: bigint): boolean {
    const wanted = this.position.get(above)!;
    let n = this.position.get(below)!;
    while (n > wanted) n = this.dominator[n];
    return n === wanted;
  }

  /** True when there are more of them than before; then the order is another. */
  private addHubs(): boolean {
    const more = new Set<bigint>();
    for (const rip of this.sequence) {
      for (const target of this.after(rip)) if (!this.reaches(rip, target)) more.add(target);
    }
    this.returned = new Set(more);
    for (const rip of this.hubs) more.delete(rip);
    if (more.size === 0) return false;
    if (this.hubs.length === 0) {
      const [{ rip }] = this.graph.entries;
      this.hubs.push(rip);
      more.delete(rip);
    }
    this.hubs.push(...more);
    return true;
  }

  /** A jump can be written without ROOT. */
  reaches(from: bigint, to: bigint): boolean {
    const target = this.position.get(to);
    if (target === undefined) return false;
    return target > this.position.get(from)! || this.dominates(to, from);
  }

  private classify(): void {
    const { blocks } = this.graph;
    const forward = new Map<bigint, number>();
    this.sequence.forEach((rip, n) => {
      if (rip === ROOT) return;
      for (const target of successors(blocks.get(rip)!, blocks)) {
        if (this.position.get(target)! > n)
          forward.set(target, (forward.get(target) ?? 0) + edges(blocks.get(rip)!, target));
        else if (this.dominates(target, rip)) this.loopHeads.add(target);
      }
    });
    for (const [rip, count] of forward) if (count > 1) this.merges.add(rip);
    for (const rip of this.hubs) this.merges.add(rip);
    if (this.hubs.length) this.loopHeads.add(ROOT);
  }

  /** Blocks that this one dominates immediately. */
  children(rip: bigint): bigint[] {
    const n = this.position.get(rip)!;
    return this.sequence.filter((_, m) => m !== 0 && this.dominator[m] === n);
  }
}

function edges(block: RegionBlock, target: bigint): number {
  const jumps = block.plans.filter((plan) => plan.target === target).length;
  const guesses = block.mayGoTo.filter((rip) => rip === target).length;
  return jumps + guesses + (block.fallsTo === target ? 1 : 0);
}
