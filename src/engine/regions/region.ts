/**
 * One region as one Wasm function. Its blocks are nested by dominance (Ramsey, Beyond Relooper, ICFP 2022): a block that only one
 * way leads to stands at that way, others after the Wasm block that those ways leave, and loops are Wasm loops. Loops with several entries
 * go through a table of places in front of everything (order.ts: ROOT).
 *
 * Ticks: whoever goes to a block charges it as a whole (charges.ts says where somebody looks whether they cover it); so every way out
 * is at an exact instruction. Flags are in their locals when a block is entered that asks for some before it has set all, else passed as
 * what they come from (flags.ts: FlagSources).
 */
import type { RegionFunction } from "../system/short";
import type { RuntimeFunction } from "../wasm/runtime";
import { type Code, EMPTY, I32, memory, op } from "../wasm/code";
import { RegionAccess } from "./access";
import { touchedByAll } from "./aside";
import { type Label, RegionCode } from "./code";
import { Charges } from "./charges";
import { FlagSources, FlagState, keptLocal, keptValues } from "./flags";
import { FloatState } from "./floats";
import { DOOR, DOOR_PARAMETERS, Frame } from "./frame";
import type { Graph, RegionBlock } from "./graph";
import { Order, ROOT } from "./order";
import { InstructionWriter } from "./instruction";
import type { Workshop } from "./workshop";
import { askedFirst, liveness } from "./liveness";
import type { Open } from "./open";
import type { RegionOptions } from "./options";
import { ALL_FLAGS } from "./status";
import type { Plan } from "./plan";
import { type WasmOffset } from "../areas";
import { layout } from "../state";
import type { Segmentation } from "./segmentation";
import type { Nodes } from "./simplify";
import { inTurn, type Nested, type Work } from "./work";

/** What the writer needs from outside. */
export interface RegionSurroundings {
  readonly handlerType: number;
  /** Type of functions that are reached through doors. */
  readonly behindDoors: number;
  readonly user: boolean;
  readonly segmentation: Segmentation;
  /** Memory that it may reach directly. */
  readonly open: Open | undefined;
  readonly nodes: Nodes;
  readonly options: RegionOptions;
  runtime(name: RuntimeFunction): number;
  short(name: RegionFunction): number;
  /** Table slot of a record's handler, the one that runs the instruction itself. */
  handler(plan: Plan, block: RegionBlock): number;
  /** Records for instructions that the interpreter runs by themselves, one after the other; undefined when there is no room. */
  aside(run: readonly Plan[], handler: number, block: RegionBlock): WasmOffset | undefined;
  /** The cell that tells whether the page of a block is proven (pages.ts); undefined when there are too many. */
  cell(block: RegionBlock): WasmOffset | undefined;
  /** The cell of one way out (links.ts). */
  site(): number;
}

/** A region's function, and how to write its doors, by the number of the function: as many as the graph has entries, or none when there is only one. */
export interface WrittenRegion {
  readonly code: RegionCode;
  readonly doors: readonly ((main: number) => Code)[];
  readonly reliesOnOpenMemory: boolean;
  /** By door: how other regions may go straight there; undefined where the door asks for more than links do. */
  readonly links: readonly { readonly needed: number; readonly instructions: number }[] | undefined;
}

export function* writeRegion(graph: Graph, surroundings: RegionSurroundings): Work<WrittenRegion> {
  const writer = new RegionWriter(graph, surroundings);
  yield;
  return yield* writer.write();
}

class RegionWriter {
  private readonly code: RegionCode;
  private readonly frame: Frame;
  private readonly shop: Workshop;
  private readonly order: Order;
  private readonly loops = new Map<bigint, Label>();
  private readonly merges = new Map<bigint, Label>();
  private readonly liveIn = new Map<bigint, number>();
  /** Blocks that want flags in their locals. */
  private readonly asked: ReadonlySet<bigint>;
  private readonly sources: FlagSources | undefined;
  private readonly charges: Charges;
  /** Number of the block that ROOT leads to. */
  private readonly hub: number;

  constructor(
    private readonly graph: Graph,
    private readonly surroundings: RegionSurroundings,
  ) {
    const { nodes, options, user, segmentation, open } = surroundings;
    const linked = options.links && segmentation.long;
    const hasDoors = linked || graph.entries.length > 1;
    this.code = new RegionCode(hasDoors ? DOOR_PARAMETERS.length : 1);
    this.frame = new Frame(
      this.code,
      surroundings.handlerType,
      segmentation,
      hasDoors,
      open,
      linked ? surroundings : undefined,
    );
    this.order = new Order(graph, options.hubs);
    const walks = !open && this.meetsMisses() ? surroundings.short("locate") : undefined;
    this.shop = {
      code: this.code,
      frame: this.frame,
      access: new RegionAccess(this.frame, segmentation, user, walks, open),
      segmentation,
      nodes,
      options,
      runtime: (name) => surroundings.runtime(name),
      short: (name) => surroundings.short(name),
    };
    for (const [rip, block] of graph.blocks) this.liveIn.set(rip, liveness(block.plans).before);
    const passing = options.lazyFlags && options.passSources;
    this.asked = passing ? askedFirst(graph) : new Set(graph.blocks.keys());
    if (passing) this.sources = new FlagSources(this.code, nodes);
    this.hub = hasDoors ? DOOR.block : this.order.hubs.length ? this.code.permanent(I32) : 0;
    this.charges = new Charges(graph, this.order, options.chargeLoops);
  }

  /** Lookaside misses are usual: pages are dropped here, or it is the code of a kernel, which others run between. */
  private meetsMisses(): boolean {
    const { graph, surroundings } = this;
    const blocks = [...graph.blocks.values()];
    const some = (test: (plan: Plan) => boolean) => blocks.some(({ plans }) => plans.some(test));
    if (some((plan) => plan.dropsPage)) return true;
    if (!surroundings.options.walks || surroundings.user) return false;
    return some((plan) => plan.flow === "aside") || blocks.some((block) => !this.holds(graph.entries[0], block));
  }

  *write(): Work<WrittenRegion> {
    const { code, frame } = this;
    const { entries } = this.graph;
    const ways = entries.map((entry) => ({
      rip: entry.rip,
      charged: entry.source.instructions,
      instructions: entry.plans.length,
      needed: Math.max(entry.source.instructions, this.charges.needed(entry.rip)),
      handler: this.surroundings.handler(entry.plans[0], entry),
    }));
    frame.open();
    yield* inTurn(this.node(this.order.first));
    frame.close(ways, () => this.sources?.follow(frame.flags, (name) => this.surroundings.runtime(name)));
    const { reliesOnOpenMemory } = frame;
    if (!frame.hasDoors) return { code, doors: [], reliesOnOpenMemory, links: undefined };
    const links = frame.isLinkable ? ways : undefined;
    return { code, reliesOnOpenMemory, links, doors: ways.map((way, n) => (main: number) => frame.door(way, n, main)) };
  }

  // ---- structure ----

  private *node(rip: bigint): Nested {
    const { code, order } = this;
    const isLoop = order.loopHeads.has(rip);
    if (isLoop) {
      code.loop();
      this.loops.set(rip, code.label);
    }
    const later = order.children(rip).filter((child) => order.merges.has(child));
    later.sort((a, b) => order.position.get(b)! - order.position.get(a)!);
    for (const merge of later) {
      code.block();
      this.merges.set(merge, code.label);
    }
    if (rip === ROOT) this.fromRoot();
    else yield this.block(this.graph.blocks.get(rip)!);
    for (const merge of later.reverse()) {
      code.end();
      yield this.node(merge);
    }
    if (isLoop) code.end();
  }

  /** To the hub whose number is in the local: those of the entries come first. */
  private fromRoot(): void {
    this.code.get(this.hub).gotoOneOf(this.order.hubs.map((rip) => this.merges.get(rip)!));
  }

  // ---- blocks ----

  private *block(block: RegionBlock): Nested {
    const { code } = this;
    const { plans } = block;
    const flags = new FlagState(!this.asked.has(block.rip));
    const floats = new FloatState();
    const { after } = liveness(plans);
    let keptBefore: ReadonlySet<number> = new Set();
    const settle = () => {
      const kept = flags.locals;
      code.settle(kept, keptBefore);
      keptBefore = kept;
    };
    for (let n = 0; n < plans.length; n++) {
      const plan = plans[n];
      const left = plans.length - 1 - n;
      const giveUp = () => this.giveUp(block, plan, flags);
      if (plan.flow === "interpret") return giveUp();
      if (plan.flow === "aside") {
        const run = asidesFrom(plans, n);
        n += run.length - 1;
        if (!this.aside(block, run, plans.length - 1 - n, flags)) return giveUp();
        floats.registers.clear();
        settle();
        yield;
        continue;
      }
      const writer = new InstructionWriter(this.shop, plan, flags, after[n], giveUp, floats);
      writer.write();
      yield;
      if (plan.flow === "jump" && plan.target === undefined) {
        writer.setTarget();
        settle();
        yield this.indirect(block, writer, flags);
        return;
      }
      if (plan.target === undefined) {
        settle();
        continue;
      }
      const conditional = writer.pushCondition();
      if (conditional) code.if(EMPTY);
      settle();
      yield this.edge(block, plan.target, left, flags);
      if (!conditional) return;
      code.end();
    }
    yield this.edge(block, block.fallsTo!, 0, flags);
  }

  private giveUp(block: RegionBlock, plan: Plan, flags: FlagState): void {
    this.handFlags(flags);
    this.interpret(block, plan);
  }

  /** Flags must be handed over. */
  private interpret(block: RegionBlock, plan: Plan): void {
    this.frame.interpret({
      record: plan.record,
      handler: this.surroundings.handler(plan, block),
      blockRip: block.rip,
      charge: block.plans.length - block.source.instructions,
    });
  }

  /** The interpreter runs these instructions, which follow each other, and comes back. False when there is no room for their records. */
  private aside(block: RegionBlock, run: readonly Plan[], left: number, flags: FlagState): boolean {
    const { code, frame } = this;
    const touched = touchedByAll(run.map((plan) => plan.touched!));
    const handler = this.surroundings.handler(run[0], block);
    const records = this.surroundings.aside(run, handler, block);
    if (records === undefined) return false;
    if (touched.flags) {
      this.flagsToLocals(flags, ALL_FLAGS);
      frame.useFlags();
    }
    frame.aside({ records, handler, blockRip: block.rip }, touched);
    if (run.some((plan) => plan.shape.instruction.unit)) frame.setUnsettled(code);
    if (touched.flags) flags.forget(ALL_FLAGS);
    frame.unlessResumed(() => this.handFlags(flags));
    if (!touched.ticks) return true;
    code.get(frame.remaining);
    code
      .i32(this.charges.needed(block.rip) - block.plans.length)
      .op(op.i32LtS)
      .if(EMPTY);
    this.prepareToLeave(run[run.length - 1].next, left, flags);
    frame.endRun();
    code.end();
    return true;
  }

  private flagsToLocals(flags: FlagState, which: number): void {
    if (!(flags.pending & which)) return;
    this.frame.useFlags();
    const binding = keptValues(
      this.code,
      ({ index }) => keptLocal(index)!,
      (name) => this.surroundings.runtime(name),
    );
    flags.materialise(this.code, binding, this.frame.flags, which);
  }

  /** For those who ask for flags later than they need anything else of them. */
  private handFlags(flags: FlagState): void {
    const { sources } = this;
    if (!sources) return this.flagsToLocals(flags, ALL_FLAGS);
    if (flags.pending !== 0) this.frame.useFlags();
    if (flags.pending === ALL_FLAGS) return sources.pass(flags);
    if (flags.passed && flags.pending === 0) return;
    if (flags.passed) throw new Error("some of the flags are not where they should be");
    this.flagsToLocals(flags, ALL_FLAGS);
    sources.passNone();
  }

  // ---- ways ----

  /** To a RIP, with `left` instructions of the block not run. */
  private *edge(from: RegionBlock, target: bigint, left: number, flags: FlagState): Nested {
    const { code, frame } = this;
    const block = this.graph.blocks.get(target);
    const direct = block !== undefined && this.order.reaches(from.rip, target);
    const hub = this.order.hubs.indexOf(target);
    if (!block || (!direct && hub < 0)) return this.leave(target, left, flags);
    if (!this.holds(from, block)) {
      const cell = this.surroundings.cell(block);
      if (cell === undefined) return this.leave(target, left, flags);
      code.loadAt(memory.i32Load, layout.jumpTag.offset).i32(0).access(memory.i32Load, cell).op(op.i32Ne).if(EMPTY);
      this.prepareToLeave(target, left, flags);
      frame.leaveUnproven(cell, block.source.record);
      code.end();
    }
    if (this.charges.checks(target)) {
      code
        .get(frame.remaining)
        .i32(this.charges.needed(target) - left)
        .op(op.i32LtS)
        .if(EMPTY);
      this.prepareToLeave(target, left, flags);
      frame.endRun();
      code.end();
    }
    code
      .get(frame.remaining)
      .i32(left - block.plans.length)
      .op(op.i32Add)
      .set(frame.remaining);
    if (this.asked.has(target)) this.flagsToLocals(flags, this.liveIn.get(target)!);
    else this.handFlags(flags);
    if (!direct) code.i32(hub).set(this.hub).goto(this.loops.get(ROOT)!);
    else if (this.order.position.get(target)! <= this.order.position.get(from.rip)!) code.goto(this.loops.get(target)!);
    else if (this.order.merges.has(target)) code.goto(this.merges.get(target)!);
    else yield this.node(target);
  }

  /** Whoever runs the one block runs what is at the RIP of the other: they lie in one page. */
  private holds(from: RegionBlock, to: RegionBlock): boolean {
    const { segmentation } = this.surroundings;
    return segmentation.pageOf(from.rip) === segmentation.pageOf(to.rip);
  }

  private leave(target: bigint, left: number, flags: FlagState): void {
    this.prepareToLeave(target, left, flags);
    this.frame.leave();
  }

  private prepareToLeave(target: bigint, left: number, flags: FlagState): void {
    const { code, frame } = this;
    this.handFlags(flags);
    code.i64(target).set(frame.target);
    if (left !== 0) code.get(frame.remaining).i32(left).op(op.i32Add).set(frame.remaining);
  }

  /** To the RIP in the frame's target, which may be a place in the region. */
  private *indirect(block: RegionBlock, jump: InstructionWriter, flags: FlagState): Nested {
    const { code, frame } = this;
    for (const rip of block.mayGoTo) {
      code.get(frame.target).i64(rip).op(op.i64Eq).if(EMPTY);
      yield this.edge(block, rip, 0, flags);
      code.end();
    }
    this.handFlags(flags);
    jump.refuseTarget(() => this.interpret(block, block.plans[block.plans.length - 1]));
    this.frame.leave();
  }
}

/** Asides that follow each other, from the n-th instruction on; after one that may use up ticks these are looked at. */
function asidesFrom(plans: readonly Plan[], n: number): readonly Plan[] {
  let end = n + 1;
  while (end < plans.length && plans[end].flow === "aside" && !plans[end - 1].touched!.ticks) end++;
  return plans.slice(n, end);
}
