/**
 * Which code belongs to a region: the decoded blocks that direct jumps, calls and returns reach from its entry, each cut where the
 * next one begins. Only blocks that have been run are taken: what was never run stays outside.
 */
import type { Decoded } from "../decode/decode";
import type { Block } from "../blocks";
import { RECORD_BYTES } from "../record";
import type { Step } from "../records";
import type { WasmOffset } from "../state";
import type { RegionOptions } from "./options";
import type { Plan, Planner } from "./plan";
import type { Segmentation } from "./segmentation";
import type { Work } from "./work";

const PAGE = 4096n;
const MOST_BLOCKS = 96;
export const MOST_ENTRIES = 24;

export interface PlannedBlock {
  readonly plans: readonly Plan[];
  /** None of its instructions is left to the interpreter. */
  readonly whole: boolean;
}

/** What the graph asks about decoded code: blocks of the entry's page, in the present mode. */
export interface KnownCode {
  /** The block whose first instruction is at this RIP, if there is one. */
  blockAt(rip: bigint): Block | undefined;
  /** Bytes of guest memory as they are now, if they can be read. */
  read(linear: bigint, bytes: 4 | 8): bigint | undefined;
  planned(block: Block, rip: bigint, planner: Planner): Work<PlannedBlock>;
  readonly segmentation: Segmentation;
}

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

interface Found {
  readonly block: Block;
  readonly plans: readonly Plan[];
}

/** The region of an entry, which others may be added to; a block can be an entry if it `isFree`. */
export function* findGraph(
  entry: bigint,
  also: readonly bigint[],
  isFree: (block: Block) => boolean,
  code: KnownCode,
  planner: Planner,
  options: RegionOptions,
): Work<Graph | undefined> {
  const search = new Search(entry, code, planner, options);
  yield* search.add(entry);
  if (!search.found.has(entry)) return undefined;
  for (const rip of also) yield* search.add(rip);
  const tables = yield* search.addTables();
  const returns = [...search.returnPoints].filter((rip) => search.found.has(rip));
  const blocks = new Map<bigint, RegionBlock>();
  for (const [rip, { block, plans }] of search.found) {
    blocks.set(rip, cut(rip, block, plans, search.found, { returns, tables }));
  }
  const doors = options.doors ? [...also, ...search.comeBacks()] : also;
  const entries = [...new Set([entry, ...doors])].flatMap((rip) => {
    const block = blocks.get(rip);
    return block && (rip === entry || (isFree(block.source) && block.plans[0].flow !== "interpret")) ? [block] : [];
  });
  return { entries: entries.slice(0, MOST_ENTRIES), blocks };
}

class Search {
  readonly found = new Map<bigint, Found>();
  readonly returnPoints = new Set<bigint>();
  /** Where the run comes back to after an instruction that ends the region. */
  private readonly after = new Set<bigint>();
  /** Of calls: the target, if it is known, by the place they return to. */
  private readonly calls = new Map<bigint, bigint | undefined>();
  private room: number;

  constructor(
    private readonly entry: bigint,
    private readonly code: KnownCode,
    private readonly planner: Planner,
    private readonly options: RegionOptions,
  ) {
    this.room = options.longest;
  }

  /** The block at a RIP and what it leads to. */
  *add(first: bigint): Work<void> {
    const queue = [first];
    for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
      if (this.found.has(at) || this.found.size >= MOST_BLOCKS || this.room <= 0) continue;
      if (!this.near(at)) continue;
      const block = this.code.blockAt(at);
      if (!block || block.secondPage !== undefined || block.dropped) continue;
      if (!this.code.segmentation.holds(at, block.length)) continue;
      const { plans, whole } = yield* this.code.planned(block, at, this.planner);
      if (plans.length === 0) continue;
      this.room -= plans.length;
      this.found.set(at, { block, plans });
      if (!this.options.loops) continue;
      queue.push(...this.next(plans, whole));
      const last = plans[plans.length - 1];
      if (last.flow !== "interpret" || plans.length !== block.instructions) continue;
      this.after.add(last.next);
      queue.push(last.next);
    }
  }

  /** Places that are come back to from outside: return points of calls that leave the region among them. */
  comeBacks(): bigint[] {
    const calls = [...this.calls].filter(([, target]) => target === undefined || !this.found.has(target));
    return [...this.after, ...calls.map(([rip]) => rip)];
  }

  /** In the page of the entry. */
  private near(rip: bigint): boolean {
    const { codeBase } = this.code.segmentation;
    return (rip + codeBase) / PAGE === (this.entry + codeBase) / PAGE;
  }

  private next(plans: readonly Plan[], whole: boolean): bigint[] {
    const targets: bigint[] = [];
    for (const plan of plans) {
      if (plan.target !== undefined) targets.push(plan.target);
      if (plan.isCall && this.options.returns) {
        this.returnPoints.add(plan.next);
        this.calls.set(plan.next, plan.target);
        targets.push(plan.next);
      }
    }
    const last = plans[plans.length - 1];
    if (whole && last.flow !== "jump") targets.push(last.next);
    return targets;
  }

  /** The places that tables of indirect jumps name: a guess, since tables change; what it misses is jumped to outside. */
  *addTables(): Work<Map<bigint, bigint[]>> {
    const tables = new Map<bigint, bigint[]>();
    if (!this.options.loops) return tables;
    for (const { plans } of [...this.found.values()]) {
      const last = plans[plans.length - 1];
      if (!isIndirect(last)) continue;
      const places = [...new Set(this.table(last))];
      for (const rip of places) yield* this.add(rip);
      tables.set(
        last.rip,
        places.filter((rip) => this.found.has(rip)),
      );
    }
    return tables;
  }

  private table({ decoded }: Plan): bigint[] {
    const operand = decoded.operands[0];
    if (operand?.kind !== "memory" || operand.base !== undefined || operand.index === undefined) return [];
    const { addressSize } = decoded;
    const bytes = operand.width / 8;
    if ((bytes !== 8 && bytes !== 4) || 1 << operand.scale !== bytes) return [];
    const places: bigint[] = [];
    for (let n = 0; n < this.options.tableEntries; n++) {
      const place = this.code.read(BigInt.asUintN(addressSize, operand.displacement + BigInt(n * bytes)), bytes);
      if (place === undefined || !this.near(place)) break;
      places.push(place);
    }
    return places;
  }
}

const isIndirect = (plan: Plan): boolean => plan.flow === "jump" && plan.target === undefined && !plan.isReturn;

/** The instructions of a block, up to the first that is left to the interpreter. */
export function* planBlock(rip: bigint, block: Block, steps: readonly Step[], planner: Planner): Work<PlannedBlock> {
  const plans: Plan[] = [];
  let at = rip;
  let record: WasmOffset = block.record;
  for (const [n, step] of steps.entries()) {
    if (step.kind !== "instruction") return { plans, whole: false };
    const records = step.resolved.addressRecord ? 2 : 1;
    const place = { rip: at, record, records, head: n === 0 };
    const plan = planner.plan(step.decoded as Decoded, step.resolved.shape, place);
    plans.push(plan);
    yield;
    if (plan.flow === "interpret") return { plans, whole: false };
    record += records * RECORD_BYTES;
    at = plan.next;
  }
  return { plans, whole: true };
}

function cut(
  rip: bigint,
  source: Block,
  plans: readonly Plan[],
  found: ReadonlyMap<bigint, Found>,
  { returns, tables }: { returns: bigint[]; tables: ReadonlyMap<bigint, bigint[]> },
): RegionBlock {
  const end = plans.findIndex((plan, n) => n > 0 && found.has(plan.rip));
  const kept = end < 0 ? plans : plans.slice(0, end);
  const last = kept[kept.length - 1];
  const fallsTo = last.flow === "next" || last.flow === "aside" ? last.next : undefined;
  return { rip, source, plans: kept, fallsTo, mayGoTo: last.isReturn ? returns : (tables.get(last.rip) ?? []) };
}

/** Where a block goes inside the region. */
export function successors(block: RegionBlock, blocks: ReadonlyMap<bigint, RegionBlock>): bigint[] {
  const targets = block.plans.flatMap((plan) => (plan.target === undefined ? [] : [plan.target]));
  if (block.fallsTo !== undefined) targets.push(block.fallsTo);
  targets.push(...block.mayGoTo);
  return [...new Set(targets)].filter((target) => blocks.has(target));
}

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

  private after(rip: bigint): bigint[] {
    const { blocks } = this.graph;
    return rip === ROOT ? [...this.hubs] : successors(blocks.get(rip)!, blocks);
  }

  private number(): void {
    const { first } = this;
    this.position = new Map();
    const seen = new Set<bigint>([first]);
    const post: bigint[] = [];
    const stack = [{ rip: first, targets: this.after(first) }];
    while (stack.length) {
      const top = stack[stack.length - 1];
      const next = top.targets.pop();
      if (next === undefined) {
        post.push(top.rip);
        stack.pop();
      } else if (!seen.has(next)) {
        seen.add(next);
        stack.push({ rip: next, targets: this.after(next) });
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
