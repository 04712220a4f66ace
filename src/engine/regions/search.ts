/** Collects the blocks of a region: those of the entry's page first, then those that calls and jumps reach in other pages. */
import type { Block } from "../block";
import type { KnownCode } from "./known";
import type { RegionOptions } from "./options";
import type { Plan, Planner } from "./plan";
import type { Work } from "./work";

const MOST_BLOCKS = 160;

export interface Found {
  readonly block: Block;
  readonly plans: readonly Plan[];
}

/** The instructions of a block up to where the next one begins. */
export function cutPlans(plans: readonly Plan[], found: ReadonlyMap<bigint, Found>): readonly Plan[] {
  const end = plans.findIndex((plan, n) => n > 0 && found.has(plan.rip));
  return end < 0 ? plans : plans.slice(0, end);
}

/** A call, by the place it returns to: where it may lead, as far as that is known. */
interface Call {
  readonly targets: readonly bigint[];
  /** There may be others. */
  readonly open: boolean;
}

export class Search {
  readonly found = new Map<bigint, Found>();
  readonly calls = new Map<bigint, Call>();
  readonly tables = new Map<bigint, readonly bigint[]>();
  /** Where the run comes back to after an instruction that ends the region. */
  private readonly after = new Set<bigint>();
  /** In other pages. */
  private readonly far: bigint[] = [];
  private readonly pages: Set<bigint>;
  private room: number;

  constructor(
    entry: bigint,
    private readonly code: KnownCode,
    private readonly planner: Planner,
    private readonly options: RegionOptions,
  ) {
    this.room = options.longest;
    this.pages = new Set([this.code.segmentation.pageOf(entry)]);
  }

  /** Everything that these lead to. */
  *all(entries: readonly bigint[]): Work<void> {
    for (const rip of entries) yield* this.add(rip);
    yield* this.addTables();
    for (let rip = this.far.shift(); rip !== undefined; rip = this.far.shift()) {
      if (this.found.has(rip) || this.options.longest - this.room >= this.options.longestFar || !this.isWorthIt(rip))
        continue;
      this.pages.add(this.code.segmentation.pageOf(rip));
      yield* this.add(rip);
      yield* this.addTables();
    }
  }

  /** Where another region is entered, calls go there. */
  private isWorthIt(rip: bigint): boolean {
    const isNew = !this.pages.has(this.code.segmentation.pageOf(rip));
    if (isNew && this.pages.size >= this.options.pages) return false;
    const block = this.code.blockAt(rip);
    return block !== undefined && this.code.isFree(block);
  }

  /** The block at a RIP and what it leads to in the pages there are. */
  private *add(first: bigint): Work<void> {
    const queue = [first];
    for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
      if (this.found.has(at) || this.found.size >= MOST_BLOCKS || this.room <= 0) continue;
      if (!this.pages.has(this.code.segmentation.pageOf(at))) {
        this.far.push(at);
        continue;
      }
      const block = this.code.blockAt(at);
      if (!block || block.secondPage !== undefined || block.dropped) continue;
      if (!this.code.segmentation.holds(at, block.length)) continue;
      const { plans, whole } = yield* this.code.planned(block, at, this.planner);
      if (plans.length === 0) continue;
      this.room -= plans.length;
      this.found.set(at, { block, plans });
      if (this.options.loops) queue.push(...this.next(block, plans, whole));
    }
  }

  private next(block: Block, plans: readonly Plan[], whole: boolean): bigint[] {
    const targets: bigint[] = [];
    for (const plan of plans) {
      if (plan.target !== undefined) targets.push(plan.target);
      if (plan.isCall && this.options.returns) {
        this.calls.set(plan.next, { targets: plan.target === undefined ? [] : [plan.target], open: !plan.target });
        targets.push(plan.next);
      }
    }
    const last = plans[plans.length - 1];
    if (whole && last.flow !== "jump") targets.push(last.next);
    if (last.flow === "interpret" && plans.length === block.instructions) {
      this.after.add(last.next);
      targets.push(last.next);
    }
    return targets;
  }

  /** The places that tables of indirect jumps name: a guess, since tables change; what it misses is jumped to outside. */
  private *addTables(): Work<void> {
    if (!this.options.loops) return;
    for (const { plans } of [...this.found.values()]) {
      const last = plans[plans.length - 1];
      if (!isIndirect(last) || this.tables.has(last.rip)) continue;
      const places = [...new Set(this.table(last))];
      this.tables.set(last.rip, places);
      if (last.isCall) this.calls.set(last.next, { targets: places, open: true });
      for (const rip of places) yield* this.add(rip);
    }
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
      if (place === undefined || (!this.pages.has(this.code.segmentation.pageOf(place)) && this.options.pages < 2))
        break;
      places.push(place);
    }
    return places;
  }

  /** Places that are come back to from outside: return points of calls that leave the region among them. */
  comeBacks(): bigint[] {
    const isOut = ({ targets, open }: Call) => open || targets.some((rip) => !this.found.has(rip));
    return [...this.after, ...[...this.calls].filter(([, call]) => isOut(call)).map(([rip]) => rip)];
  }

  /** Beginnings of functions that calls in the region lead to. */
  functions(): bigint[] {
    const targets = [...this.calls.values()].flatMap((call) => call.targets);
    return [...new Set(targets)].filter((rip) => this.found.has(rip));
  }

  /** For each block that ends in a return, by its RIP: the return points of the calls of its function. */
  returns(): Map<bigint, bigint[]> {
    const points = new Map<bigint, bigint[]>();
    for (const rip of this.functions()) {
      const back = [...this.calls].flatMap(([next, { targets }]) =>
        targets.includes(rip) && this.found.has(next) ? [next] : [],
      );
      for (const end of this.endsOf(rip)) points.set(end, [...new Set([...(points.get(end) ?? []), ...back])]);
    }
    return points;
  }

  /** The blocks of a function that end in a return. */
  private endsOf(first: bigint): bigint[] {
    const seen = new Set<bigint>();
    const queue = [first];
    const ends: bigint[] = [];
    for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
      const found = this.found.get(at);
      if (!found || seen.has(at)) continue;
      seen.add(at);
      const plans = cutPlans(found.plans, this.found);
      for (const plan of plans) {
        if (plan.isCall) queue.push(plan.next);
        else if (plan.target !== undefined) queue.push(plan.target);
      }
      const last = plans[plans.length - 1];
      if (last.isReturn) ends.push(at);
      else if (last.flow !== "jump") queue.push(last.next);
      else if (!last.isCall) queue.push(...(this.tables.get(last.rip) ?? []));
    }
    return ends;
  }
}

const isIndirect = (plan: Plan): boolean => plan.flow === "jump" && plan.target === undefined && !plan.isReturn;
