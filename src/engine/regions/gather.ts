/**
 * Which code belongs to a region: the decoded blocks that direct jumps, calls and returns reach from its entry, each cut where the
 * next one begins. Only blocks that have been run are taken: what was never run stays outside.
 */
import type { Decoded } from "../decode/decode";
import type { Block } from "../block";
import { cyclesOf } from "./cycles";
import { type Graph, type RegionBlock, successors } from "./graph";
import type { KnownCode, PlannedBlock } from "./known";
import { RECORD_BYTES } from "../record";
import type { Step } from "../records";
import type { WasmOffset } from "../areas";
import type { RegionOptions } from "./options";
import type { Plan, Planner } from "./plan";
import { cutPlans, type Found, Search } from "./search";
import type { Work } from "./work";

export const MOST_ENTRIES = 40;

/** The region of some entries, the first of which it is made for. */
export function* findGraph(
  wanted: readonly bigint[],
  code: KnownCode,
  planner: Planner,
  options: RegionOptions,
): Work<Graph | undefined> {
  const search = new Search(wanted[0], code, planner, options);
  yield* search.all(wanted);
  if (!search.found.has(wanted[0])) return undefined;
  yield;
  const ends = { returns: search.returns(), tables: search.tables };
  const blocks = new Map<bigint, RegionBlock>();
  for (const [rip, found] of search.found) blocks.set(rip, cut(rip, found, search.found, ends));
  yield;
  const places = options.doors ? [...wanted, ...search.comeBacks(), ...outerPlaces(blocks, search)] : wanted;
  const entries = [...new Set(places)].flatMap((rip) => {
    const block = blocks.get(rip);
    const fits = rip === wanted[0] || (block && code.isFree(block.source) && block.plans[0].flow !== "interpret");
    return block && fits ? [block] : [];
  });
  yield;
  return { entries: entries.slice(0, MOST_ENTRIES), blocks };
}

/** Beginnings of functions, and of loops: where no loop that Wasm can say becomes one that it cannot. */
function outerPlaces(blocks: ReadonlyMap<bigint, RegionBlock>, search: Search): bigint[] {
  const cycles = cyclesOf(blocks);
  // What is called from several places is on a way from loop to loop already, since its returns may lead to any of them.
  const isShared = (rip: bigint) =>
    [...search.calls.values()].filter(({ targets }) => targets.includes(rip)).length > 1;
  const functions = search.functions().filter((rip) => isShared(rip) || !cycles.some((cycle) => cycle.has(rip)));
  const heads = cycles.flatMap((cycle) => {
    const ways = [...blocks].filter(([rip]) => !cycle.has(rip)).flatMap(([, block]) => successors(block, blocks));
    const entered = new Set(ways.filter((rip) => cycle.has(rip)));
    return entered.size === 1 ? [...entered] : [];
  });
  return [...functions, ...heads];
}

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
  { block: source, plans }: Found,
  found: ReadonlyMap<bigint, Found>,
  ends: { readonly returns: ReadonlyMap<bigint, bigint[]>; readonly tables: ReadonlyMap<bigint, readonly bigint[]> },
): RegionBlock {
  const kept = cutPlans(plans, found);
  const last = kept[kept.length - 1];
  const fallsTo = last.flow === "next" || last.flow === "aside" ? last.next : undefined;
  const places = last.isReturn ? ends.returns.get(rip) : ends.tables.get(last.rip);
  return { rip, source, plans: kept, fallsTo, mayGoTo: (places ?? []).filter((place) => found.has(place)) };
}
