/** Regions on their way: one that is being made, step by step, and those that are ready to become a module together. */
import type { Block } from "../blocks";
import { I32 } from "../wasm/code";
import { ModuleWriter, type Signature } from "../wasm/module";
import { type RegionFunction, regionSignatures } from "../system/short";
import { type RuntimeFunction, runtimeSignatures } from "../wasm/runtime";
import { MODE } from "../state";
import type { RegionCode } from "./code";
import { findGraph, type Graph, type KnownCode, type RegionBlock } from "./graph";
import type { RegionOptions } from "./options";
import { type Plan, Planner } from "./plan";
import { writeRegion } from "./region";
import type { Segmentation } from "./segmentation";
import type { Nodes } from "./simplify";
import type { Work } from "./work";

const HANDLER: Signature = { parameters: [I32], results: [I32] };

/** A block that is hot, and what held when it was seen. */
export interface Candidate {
  readonly block: Block;
  readonly rip: bigint;
  readonly segmentation: Segmentation;
}

/** A region that was written; its function is not in the table yet. */
export interface Written {
  readonly entry: Block;
  readonly rip: bigint;
  readonly blocks: readonly Block[];
  readonly instructions: number;
  readonly code: RegionCode;
}

/** What the making of a region needs. */
export interface Making {
  readonly code: KnownCode;
  readonly nodes: Nodes;
  readonly options: RegionOptions;
  readonly batch: Batch<unknown>;
  handler(plan: Plan, block: RegionBlock): number;
}

/** Makes the region that begins with a block. Refused: regions cannot run that code. Stale: it was written to in the meantime. */
export function* makeRegion(candidate: Candidate, making: Making): Work<Written | "refused" | "stale"> {
  const { block, rip, segmentation } = candidate;
  const { nodes, options, batch } = making;
  const planner = new Planner(nodes, segmentation, options);
  const graph = yield* findGraph(rip, making.code, planner, options);
  if (!graph || graph.entry.plans[0].flow === "interpret") return "refused";
  const code = yield* writeRegion(graph, {
    handlerType: batch.handlerType,
    user: (block.mode & MODE.user) !== 0,
    nodes,
    segmentation,
    options,
    runtime: (name) => batch.runtime(name),
    short: (name) => batch.short(name),
    handler: (plan, from) => making.handler(plan, from),
  });
  const blocks = [...graph.blocks.values()].map(({ source }) => source);
  if (blocks.some(({ dropped }) => dropped)) return "stale";
  return { entry: block, rip, blocks, instructions: instructionsOf(graph), code };
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
  readonly members: { readonly member: Member; readonly slot: number; readonly code: RegionCode }[] = [];

  runtime(name: RuntimeFunction): number {
    return this.module.import(name, runtimeSignatures[name]);
  }

  short(name: RegionFunction): number {
    return this.module.import(name, regionSignatures[name]);
  }

  add(member: Member, slot: number, code: RegionCode): void {
    this.members.push({ member, slot, code });
  }

  encode(wanted: (member: Member) => boolean): Uint8Array<ArrayBuffer> {
    for (const { member, slot, code } of this.members) {
      if (wanted(member)) this.module.element(slot, this.module.define(HANDLER, code));
    }
    return this.module.encode();
  }
}
