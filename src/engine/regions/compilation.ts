/** Regions on their way: one that is being made, step by step, and those that are ready to become a module together. */
import type { Block } from "../block";
import { I32 } from "../wasm/code";
import { ModuleWriter, type Signature } from "../wasm/module";
import { type RegionFunction, regionSignatures } from "../system/short";
import { type RuntimeFunction, runtimeSignatures } from "../wasm/runtime";
import { type WasmOffset } from "../areas";
import { MODE } from "../state";
import { DOOR_PARAMETERS } from "./frame";
import { findGraph } from "./gather";
import type { Graph, RegionBlock } from "./graph";
import type { KnownCode } from "./known";
import type { Open } from "./open";
import type { RegionOptions } from "./options";
import type { Patterns } from "./pattern";
import { type Plan, Planner } from "./plan";
import { writeRegion, type WrittenRegion } from "./region";
import type { Segmentation } from "./segmentation";
import type { Work } from "./work";

const HANDLER: Signature = { parameters: [I32], results: [I32] };
const BEHIND_DOORS: Signature = { parameters: DOOR_PARAMETERS, results: [I32] };

/** A block that is hot, and what held when it was seen. */
export interface Candidate {
  readonly block: Block;
  readonly rip: bigint;
  readonly segmentation: Segmentation;
  /** Blocks of its page where the region is to be entered too. */
  readonly also: readonly bigint[];
}

/** A region that was written; its function is not in the table yet. */
export interface Written {
  readonly entries: readonly { readonly block: Block; readonly rip: bigint }[];
  /** Its blocks, with their RIPs. */
  readonly blocks: ReadonlyMap<Block, bigint>;
  readonly instructions: number;
  readonly function: WrittenRegion;
}

/** What the making of a region needs. */
export interface Making {
  readonly code: KnownCode;
  readonly patterns: Patterns;
  readonly options: RegionOptions;
  readonly batch: Batch<unknown>;
  readonly open: Open | undefined;
  handler(plan: Plan, block: RegionBlock): number;
  aside(run: readonly Plan[], handler: number, block: RegionBlock): WasmOffset | undefined;
  cell(block: RegionBlock): WasmOffset | undefined;
  site(): number;
}

/** Makes the region that begins with a block. Refused: regions cannot run that code. Stale: it was written to in the meantime. */
export function* makeRegion(candidate: Candidate, making: Making): Work<Written | "refused" | "stale"> {
  const { block, rip, segmentation, also } = candidate;
  const { patterns, options, batch } = making;
  const planner = new Planner(patterns, segmentation, options);
  const graph = yield* findGraph([rip, ...also], making.code, planner, options);
  if (!graph || graph.entries[0].plans[0].flow === "interpret") return "refused";
  const written = yield* writeRegion(graph, {
    handlerType: batch.handlerType,
    behindDoors: batch.behindDoors,
    site: () => making.site(),
    user: (block.mode & MODE.user) !== 0,
    nodes: patterns.nodes,
    segmentation,
    open: making.open,
    options,
    runtime: (name) => batch.runtime(name),
    short: (name) => batch.short(name),
    handler: (plan, from) => making.handler(plan, from),
    aside: (run, handler, from) => making.aside(run, handler, from),
    cell: (from) => making.cell(from),
  });
  const blocks = new Map([...graph.blocks.values()].map(({ source, rip: at }) => [source, at]));
  if ([...blocks.keys()].some(({ dropped }) => dropped)) return "stale";
  const entries = graph.entries.map((entry) => ({ block: entry.source, rip: entry.rip }));
  return { entries, blocks, instructions: instructionsOf(graph), function: written };
}

function instructionsOf({ blocks }: Graph): number {
  let count = 0;
  for (const { plans } of blocks.values()) count += plans.length;
  return count;
}

/** Functions of one module. Their code is written for it, and defined when all are there: imports come before functions. */
export class Batch<Member> {
  private readonly module = new ModuleWriter();
  readonly handlerType = this.module.type(HANDLER);
  readonly behindDoors = this.module.type(BEHIND_DOORS);
  readonly members: { readonly member: Member; readonly slots: readonly number[]; readonly function: WrittenRegion }[] =
    [];

  runtime(name: RuntimeFunction): number {
    return this.module.import(name, runtimeSignatures[name]);
  }

  short(name: RegionFunction): number {
    return this.module.import(name, regionSignatures[name]);
  }

  /** A slot for each way in, and perhaps one for the function behind doors. */
  add(member: Member, slots: readonly number[], written: WrittenRegion): void {
    this.members.push({ member, slots, function: written });
  }

  encode(wanted: (member: Member) => boolean): Uint8Array<ArrayBuffer> {
    for (const { member, slots, function: written } of this.members) {
      if (!wanted(member)) continue;
      const { code, doors } = written;
      const main = this.module.define(doors.length ? BEHIND_DOORS : HANDLER, code);
      if (doors.length === 0) this.module.element(slots[0], main);
      if (slots.length > doors.length) this.module.element(slots[doors.length], main);
      for (const [n, door] of doors.entries()) this.module.element(slots[n], this.module.define(HANDLER, door(main)));
    }
    return this.module.encode();
  }
}
