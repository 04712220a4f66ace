/**
 * One region as one Wasm function. Its blocks are nested by dominance (Ramsey, Beyond Relooper, ICFP 2022): a block that only one
 * way leads to stands at that way, others after the Wasm block that those ways leave, and loops are Wasm loops.
 *
 * Ticks: whoever goes to a block charges it as a whole, or leaves for the run loop if the ticks do not cover it; so every way out is
 * at an exact instruction. Flags that the block reads or may have to hand over are in their locals when it is entered.
 */
import type { RuntimeFunction } from "../wasm/runtime";
import { EMPTY, I32, op } from "../wasm/code";
import { RegionAccess } from "./access";
import { type Label, RegionCode } from "./code";
import { FlagState } from "./flags";
import { Frame } from "./frame";
import { type Graph, Order, type RegionBlock } from "./graph";
import { InstructionWriter, type Workshop } from "./instruction";
import type { RegionOptions } from "./options";
import { ALL_FLAGS, type Plan } from "./plan";
import type { Segmentation } from "./segmentation";
import type { Nodes } from "./simplify";

/** What the writer needs from outside. */
export interface RegionSurroundings {
  readonly handlerType: number;
  readonly user: boolean;
  readonly segmentation: Segmentation;
  readonly nodes: Nodes;
  readonly options: RegionOptions;
  runtime(name: RuntimeFunction): number;
  /** Table slot of a record's handler, the one that runs the instruction itself. */
  handler(plan: Plan, block: RegionBlock): number;
}

export function writeRegion(graph: Graph, surroundings: RegionSurroundings): RegionCode {
  return new RegionWriter(graph, surroundings).write();
}

class RegionWriter {
  private readonly code = new RegionCode(1);
  private readonly frame: Frame;
  private readonly shop: Workshop;
  private readonly order: Order;
  private readonly loops = new Map<bigint, Label>();
  private readonly merges = new Map<bigint, Label>();
  private readonly liveIn = new Map<bigint, number>();

  constructor(
    private readonly graph: Graph,
    private readonly surroundings: RegionSurroundings,
  ) {
    const { nodes, options, user } = surroundings;
    this.frame = new Frame(this.code, surroundings.handlerType, surroundings.segmentation);
    this.order = new Order(graph);
    this.shop = {
      code: this.code,
      frame: this.frame,
      access: new RegionAccess(this.frame, surroundings.segmentation, user),
      nodes,
      options,
      runtime: (name) => surroundings.runtime(name),
    };
    for (const [rip, block] of graph.blocks) this.liveIn.set(rip, liveness(block.plans).before);
  }

  write(): RegionCode {
    const { entry } = this.graph;
    const rip = entry.rip;
    const way = {
      rip,
      charged: entry.source.instructions,
      instructions: entry.plans.length,
      handler: this.surroundings.handler(entry.plans[0], entry),
    };
    this.frame.write(way, () => this.node(rip));
    return this.code;
  }

  // ---- structure ----

  private node(rip: bigint): void {
    const { code, order } = this;
    const later = order.children(rip).filter((child) => order.merges.has(child));
    later.sort((a, b) => order.position.get(b)! - order.position.get(a)!);
    if (!order.loopHeads.has(rip)) return this.within(rip, later);
    code.loop();
    this.loops.set(rip, code.label);
    this.within(rip, later);
    code.end();
  }

  private within(rip: bigint, later: readonly bigint[]): void {
    if (later.length === 0) return this.block(this.graph.blocks.get(rip)!);
    const { code } = this;
    code.block();
    this.merges.set(later[0], code.label);
    this.within(rip, later.slice(1));
    code.end();
    this.node(later[0]);
  }

  // ---- blocks ----

  private block(block: RegionBlock): void {
    const { code } = this;
    const { plans } = block;
    const flags = new FlagState();
    const { after } = liveness(plans);
    let keptBefore = new Set<number>();
    const settle = () => {
      const kept = flags.locals;
      code.settle(kept, keptBefore);
      keptBefore = kept;
    };
    for (const [n, plan] of plans.entries()) {
      const left = plans.length - 1 - n;
      const giveUp = () => this.giveUp(block, plan, flags);
      if (plan.flow === "interpret") return giveUp();
      const writer = new InstructionWriter(this.shop, plan, flags, after[n], giveUp);
      writer.write();
      if (plan.flow === "jump" && plan.target === undefined) {
        writer.setTarget();
        settle();
        return this.indirect(block, flags);
      }
      if (plan.target === undefined) {
        settle();
        continue;
      }
      const conditional = writer.pushCondition();
      if (conditional) code.if(EMPTY);
      settle();
      this.edge(block, plan.target, left, flags);
      if (!conditional) return;
      code.end();
    }
    this.edge(block, block.fallsTo!, 0, flags);
  }

  private giveUp(block: RegionBlock, plan: Plan, flags: FlagState): void {
    this.flagsToLocals(flags, ALL_FLAGS);
    this.frame.interpret({
      record: plan.record,
      handler: this.surroundings.handler(plan, block),
      blockRip: block.rip,
      charge: block.plans.length - block.source.instructions,
    });
  }

  private flagsToLocals(flags: FlagState, which: number): void {
    if (!(flags.pending & which)) return;
    this.frame.useFlags();
    flags.materialise(this.code, this.kept(), this.frame.flags, which);
  }

  /** Flags' expressions refer to locals alone: any instruction's writer can lower them. */
  private kept(): InstructionWriter {
    const { entry } = this.graph;
    return new InstructionWriter(this.shop, entry.plans[0], new FlagState(), 0, () => undefined);
  }

  // ---- ways ----

  /** To a RIP, with `left` instructions of the block not run. */
  private edge(from: RegionBlock, target: bigint, left: number, flags: FlagState): void {
    const { code, frame } = this;
    const block = this.graph.blocks.get(target);
    if (!block || !this.order.reaches(from.rip, target)) return this.leave(target, left, flags);
    const rest = code.local(I32);
    code
      .get(frame.remaining)
      .i32(left - block.plans.length)
      .op(op.i32Add)
      .tee(rest);
    code.i32(0).op(op.i32LtS).if(EMPTY);
    this.leave(target, left, flags);
    code.end();
    code.get(rest).set(frame.remaining);
    this.flagsToLocals(flags, this.liveIn.get(target)!);
    if (this.order.position.get(target)! <= this.order.position.get(from.rip)!) code.goto(this.loops.get(target)!);
    else if (this.order.merges.has(target)) code.goto(this.merges.get(target)!);
    else this.node(target);
  }

  private leave(target: bigint | undefined, left: number, flags: FlagState): void {
    const { code, frame } = this;
    this.flagsToLocals(flags, ALL_FLAGS);
    if (target !== undefined) code.i64(target).set(frame.target);
    if (left !== 0) code.get(frame.remaining).i32(left).op(op.i32Add).set(frame.remaining);
    frame.leave();
  }

  /** To the RIP in the frame's target, which may be a place in the region. */
  private indirect(block: RegionBlock, flags: FlagState): void {
    const { code, frame } = this;
    for (const rip of block.mayGoTo) {
      code.get(frame.target).i64(rip).op(op.i64Eq).if(EMPTY);
      this.edge(block, rip, 0, flags);
      code.end();
    }
    this.leave(undefined, 0, flags);
  }
}

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
