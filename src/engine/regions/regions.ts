/**
 * The second tier: finds out which code is hot, compiles it as regions (region.ts), and puts them in place of the first handler of
 * the block they begin with, so that jumps of either tier enter them as they would enter the block.
 *
 * A region is good as long as every block that it was made from is: when one of them is dropped the entry block gets its handler
 * back. Where a region stops, the interpreter goes on in the records of these blocks. So writes to code need nothing else: a store
 * to a page with code never finds a lookaside entry, is given to the interpreter, and what follows it runs there.
 */
import type { Block } from "../blocks";
import type { HandlerLibrary } from "../handlers/library";
import { record } from "../record";
import type { Step } from "../records";
import { type CpuState, MODE } from "../state";
import { I32 } from "../wasm/code";
import { ModuleWriter, type Signature } from "../wasm/module";
import { type RuntimeFunction, runtimeSignatures } from "../wasm/runtime";
import { findGraph, type Graph, type KnownCode, planBlock, type PlannedBlock } from "./graph";
import { defaultRegionOptions, type RegionOptions } from "./options";
import { Planner } from "./plan";
import { writeRegion } from "./region";
import { Segmentation } from "./segmentation";
import { Nodes } from "./simplify";

const HANDLER: Signature = { parameters: [I32], results: [I32] };
/** A block that is part of a region has one of its own after so many times the samples. */
const INSIDE = 16;
const MOST_DOUBLINGS = 12;
/** Plans share expressions, which are kept until there are so many. */
const MOST_NODES = 50_000;

/** What regions ask of the first tier. */
export interface DecodedCode {
  known(physical: number, mode: number): Block | undefined;
  /** Bytes of guest memory at a linear address, if they can be read; only guesses are made from them. */
  read(linear: bigint, bytes: 4 | 8): bigint | undefined;
  steps(block: Block): readonly Step[];
}

interface Region {
  readonly entry: Block;
  readonly slot: number;
  /** The handler that the entry block's first record had. */
  readonly handler: number;
  readonly blocks: readonly Block[];
}

export class Regions {
  readonly options: RegionOptions;
  private readonly byEntry = new Map<Block, Region>();
  private readonly byBlock = new Map<Block, Set<Region>>();
  /** How often the code at the entry of a region was written to: each time it takes twice the samples to compile it again. */
  private readonly rewritten = new Map<number, number>();
  private readonly samples = new Map<Block, number>();
  private readonly freeSlots: number[] = [];
  private nodes: Nodes;
  private plans = new WeakMap<Block, { rip: bigint; segmentKinds: number; planned: PlannedBlock }>();
  readonly counts = { compiled: 0, instructions: 0, bytes: 0, dropped: 0, refused: 0 };
  /** Told about each region; for tests and tools. */
  watch: ((rip: bigint, bytes: Uint8Array) => void) | undefined;

  constructor(
    private readonly state: CpuState,
    private readonly library: HandlerLibrary,
    private readonly code: DecodedCode,
    options: Partial<RegionOptions> = {},
  ) {
    this.options = { ...defaultRegionOptions, ...(library.options.hostFloats ? {} : { vectors: false }), ...options };
    this.nodes = new Nodes(this.options.simplify);
  }

  /** The ticks ran out in the interpreter, at the head of this block. Call while no generated code runs. */
  sample(block: Block, rip: bigint): void {
    if (this.byEntry.has(block)) return;
    const seen = (this.samples.get(block) ?? 0) + 1;
    this.samples.set(block, seen);
    const { threshold } = this.options;
    const rewritten = 1 << Math.min(this.rewritten.get(block.physical) ?? 0, MOST_DOUBLINGS);
    if (seen < threshold * rewritten * (this.byBlock.has(block) ? INSIDE : 1)) return;
    if (!this.compile(block, rip)) this.samples.set(block, Number.NEGATIVE_INFINITY);
  }

  /** Makes the region that begins with this block, if it is code that regions can run. */
  compile(block: Block, rip: bigint): boolean {
    if (block.mode & MODE.aligned || this.byEntry.has(block)) return false;
    if (this.byEntry.size >= this.options.mostRegions) this.forget();
    if (this.nodes.size > MOST_NODES) this.forgetPlans();
    const { nodes } = this;
    const segmentation = new Segmentation(this.state, block.mode);
    const planner = new Planner(nodes, segmentation, this.options.vectors);
    const graph = findGraph(rip, this.knownCode(block, rip, segmentation), planner, this.options);
    if (!graph || graph.entry.plans[0].flow === "interpret") {
      this.counts.refused++;
      return false;
    }
    this.install(block, rip, graph, nodes, segmentation);
    return true;
  }

  private knownCode(entry: Block, rip: bigint, segmentation: Segmentation): KnownCode {
    return {
      segmentation,
      blockAt: (at) => this.code.known(entry.physical + Number(at - rip), entry.mode),
      read: (linear, bytes) => this.code.read(linear, bytes),
      planned: (block, at, planner) => this.planned(block, at, planner, segmentation.kinds),
    };
  }

  /** The instructions of a block, planned once for all regions that it is part of. */
  private planned(block: Block, rip: bigint, planner: Planner, segmentKinds: number): PlannedBlock {
    const before = this.plans.get(block);
    if (before?.rip === rip && before.segmentKinds === segmentKinds) return before.planned;
    const planned = planBlock(rip, block, this.code.steps(block), planner);
    this.plans.set(block, { rip, segmentKinds, planned });
    return planned;
  }

  private forgetPlans(): void {
    this.nodes = new Nodes(this.options.simplify);
    this.plans = new WeakMap();
  }

  private install(entry: Block, rip: bigint, graph: Graph, nodes: Nodes, segmentation: Segmentation): void {
    const slot = this.freeSlots.pop() ?? this.library.reserve();
    const module = new ModuleWriter();
    const code = writeRegion(graph, {
      handlerType: module.type(HANDLER),
      user: (entry.mode & MODE.user) !== 0,
      nodes,
      segmentation,
      options: this.options,
      runtime: (name: RuntimeFunction) => module.import(name, runtimeSignatures[name]),
      handler: (plan, block) => (plan.head ? this.ownHandler(block.source) : this.handlerAt(plan.record)),
    });
    module.element(slot, module.define(HANDLER, code));
    const bytes = module.encode();
    this.watch?.(rip, bytes);
    this.library.add(bytes);
    const blocks = [...graph.blocks.values()].map(({ source }) => source);
    const region = { entry, slot, handler: this.ownHandler(entry), blocks };
    this.byEntry.set(entry, region);
    for (const block of blocks) {
      const users = this.byBlock.get(block);
      if (users) users.add(region);
      else this.byBlock.set(block, new Set([region]));
    }
    this.setHandler(entry, slot);
    this.counts.compiled++;
    this.counts.bytes += bytes.length;
    for (const { plans } of graph.blocks.values()) this.counts.instructions += plans.length;
  }

  /** The handler of a block's first record without regions. */
  private ownHandler(block: Block): number {
    return this.byEntry.get(block)?.handler ?? this.handlerAt(block.record);
  }

  private handlerAt(at: number): number {
    return this.state.u32[(at + record.handler) >>> 2];
  }

  private setHandler(block: Block, handler: number): void {
    this.state.u32[(block.record + record.handler) >>> 2] = handler;
  }

  /** Blocks were dropped, and have their `dropped` set. */
  dropped(blocks: Iterable<Block>): void {
    for (const block of blocks) {
      this.samples.delete(block);
      if (this.byEntry.has(block)) this.rewritten.set(block.physical, (this.rewritten.get(block.physical) ?? 0) + 1);
      for (const region of this.byBlock.get(block) ?? []) this.drop(region);
    }
  }

  private drop(region: Region): void {
    const { entry, slot, handler, blocks } = region;
    if (!entry.dropped) this.setHandler(entry, handler);
    this.byEntry.delete(entry);
    this.samples.delete(entry);
    for (const block of blocks) {
      const users = this.byBlock.get(block);
      users?.delete(region);
      if (users?.size === 0) this.byBlock.delete(block);
    }
    this.library.clear(slot);
    this.freeSlots.push(slot);
    this.counts.dropped++;
  }

  /** All of them. Code that is running must not be in one. */
  forget(): void {
    for (const region of [...this.byEntry.values()]) this.drop(region);
    this.samples.clear();
    this.rewritten.clear();
  }
}
