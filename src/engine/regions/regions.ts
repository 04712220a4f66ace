/**
 * The second tier: finds out which code is hot, compiles it as regions (region.ts), and puts them in place of the first handler of
 * the block they begin with, so that jumps of either tier enter them as they would enter the block.
 *
 * A region is good as long as every block that it was made from is: when one of them is dropped the entry block gets its handler
 * back. Where a region stops, the interpreter goes on in the records of these blocks. So writes to code need nothing else: a store
 * to a page with code never finds a lookaside entry, is given to the interpreter, and what follows it runs there.
 *
 * The machine does not stand still for it: candidates wait, the hottest is made first, a few steps at each sample, and what is ready
 * becomes one module. A run is the same to the tick whenever that is.
 */
import type { Block } from "../block";
import type { HandlerLibrary } from "../handlers/library";
import { record } from "../record";
import type { Step } from "../records";
import type { OpenStretches } from "../system/open";
import { type WasmOffset } from "../areas";
import { type CpuState, MODE } from "../state";
import { AsideRecords } from "./aside";
import { Batch, type Candidate, makeRegion, type Written } from "./compilation";
import { MOST_ENTRIES, planBlock } from "./gather";
import type { KnownCode, PlannedBlock } from "./known";
import { Heat, PAGE, pageOf } from "./heat";
import { Links, type Way } from "./links";
import { type Open, OpenRegions } from "./open";
import { defaultRegionOptions, type RegionOptions } from "./options";
import { ProvenPages } from "./pages";
import { Patterns } from "./pattern";
import type { Planner } from "./plan";
import { Segmentation } from "./segmentation";
import { Nodes } from "./simplify";
import type { Work } from "./work";

/** Plans share expressions, which are kept until there are so many. */
const MOST_NODES = 50_000;
const MOST_CANDIDATES = 256;
/** A region that is ready waits so many steps at most for others to share its module. */
const PATIENCE = 128;

/** What regions ask of the first tier. */
export interface DecodedCode {
  known(physical: number, mode: number): Block | undefined;
  /** Bytes of guest memory at a linear address, if they can be read; only guesses are made from them. */
  read(linear: bigint, bytes: 4 | 8): bigint | undefined;
  steps(block: Block): readonly Step[];
  /** Where code at a linear address is fetched from now; undefined where it faults. */
  translate(linear: bigint, user: boolean): number | undefined;
  /** Memory that regions may reach without the lookaside, as things are. */
  openMemory(): OpenStretches | undefined;
  /** Room for records, until all decoded code is forgotten. */
  reserve(records: number): WasmOffset | undefined;
}

/** Where a region is entered: in place of the handler of a block's first record. */
interface Door {
  readonly block: Block;
  readonly rip: bigint;
  readonly slot: number;
  /** The handler that the record had. */
  readonly handler: number;
  readonly way: Way | undefined;
  readonly region: Region;
}

/** What will be made: because of samples of a block, and perhaps instead of a region that has no door there. */
interface Wanted extends Candidate {
  readonly sampled: { readonly block: Block; readonly rip: bigint };
  readonly replaces: Region | undefined;
}

interface Region {
  readonly doors: readonly Door[];
  /** Slot of its function, where regions go straight to it. */
  readonly behindDoors: number | undefined;
  readonly blocks: ReadonlyMap<Block, bigint>;
  /** Records of its asides. */
  readonly asides: readonly WasmOffset[];
  /** Cells of its pages. */
  readonly cells: readonly WasmOffset[];
  /** What it takes for granted of memory. */
  readonly open: Open | undefined;
  dropped: boolean;
}

export class Regions {
  readonly options: RegionOptions;
  /** In the order in which they were made. */
  private readonly all = new Set<Region>();
  private readonly byEntry = new Map<Block, Door>();
  private readonly byBlock = new Map<Block, Set<Region>>();
  private readonly heat: Heat;
  private readonly candidates = new Map<Block, Wanted>();
  private current:
    | {
        readonly candidate: Wanted;
        readonly work: ReturnType<typeof makeRegion>;
        readonly asides: WasmOffset[];
        readonly cells: WasmOffset[];
        readonly open: Open | undefined;
      }
    | undefined;
  private readonly asides: AsideRecords;
  private readonly pages: ProvenPages;
  private readonly open: OpenRegions;
  private readonly links: Links;
  private batch = new Batch<Region>();
  private waited = 0;
  private readonly freeSlots: number[] = [];
  private patterns: Patterns;
  private plans = new WeakMap<Block, { rip: bigint; segmentation: Segmentation; planned: PlannedBlock }>();
  /** Regions, their instructions, the bytes and number of their modules, those dropped, code that was refused, and steps that all of it took. */
  readonly counts = { compiled: 0, instructions: 0, bytes: 0, modules: 0, dropped: 0, refused: 0, steps: 0 };
  /** Told about each module; for tests and tools. */
  watch: ((bytes: Uint8Array) => void) | undefined;

  constructor(
    private readonly state: CpuState,
    private readonly library: HandlerLibrary,
    private readonly code: DecodedCode,
    options: Partial<RegionOptions> = {},
  ) {
    this.options = { ...defaultRegionOptions, ...(library.options.hostFloats ? {} : { vectors: false }), ...options };
    this.heat = new Heat(this.options.threshold, this.options.thresholdLater);
    this.patterns = this.noPatterns();
    this.pages = new ProvenPages(state);
    this.links = new Links(state);
    this.open = new OpenRegions(state, () => code.openMemory());
    this.asides = new AsideRecords(state, (records) => code.reserve(records));
  }

  /** The ticks ran out in the interpreter, at the head of this block, where the CPU is. Call while no generated code runs. */
  sample(block: Block, rip: bigint): void {
    this.dropUseless(block);
    if (this.byEntry.has(block) || !this.heat.add(block, this.byBlock.has(block))) return;
    if (this.options.threshold === 0 || this.options.work === 0) this.compile(block, rip);
    else if (this.candidates.size < MOST_CANDIDATES && !this.candidates.has(block))
      this.candidates.set(block, this.wanted(block, rip));
  }

  /** The interpreter runs this block: perhaps because regions that hold it rely on what is not so. */
  private dropUseless(block: Block): void {
    for (const region of this.byBlock.get(block) ?? [])
      if (region.open && this.open.isUseless(region.open, region.doors[0].block)) this.drop(region);
  }

  /** A region of its own; or, for a block that is inside one, that region with one more door. */
  private wanted(block: Block, rip: bigint): Wanted {
    const around = this.options.doors ? [...(this.byBlock.get(block) ?? [])].pop() : undefined;
    const first = around?.doors[0];
    if (!first || around.doors.length >= MOST_ENTRIES) return this.candidate(block, rip);
    if (around.blocks.get(block) !== rip) return this.candidate(block, rip);
    const also = [...around.doors.slice(1).map((door) => door.rip), rip];
    return { ...this.candidate(first.block, first.rip, also), sampled: { block, rip }, replaces: around };
  }

  /** Makes the region that begins with this block at once, if it is code that regions can run. */
  compile(block: Block, rip: bigint): boolean {
    if (this.byEntry.has(block)) return false;
    this.abandon();
    this.begin(this.candidate(block, rip));
    while (this.current) this.step();
    this.settle();
    return this.byEntry.has(block);
  }

  private candidate(block: Block, rip: bigint, also: readonly bigint[] = []): Wanted {
    const segmentation = new Segmentation(this.state, block.mode);
    return { block, rip, segmentation, also, sampled: { block, rip }, replaces: undefined };
  }

  // ---- making them ----

  /** A few steps of what there is to do. Call while no generated code runs. */
  work(): void {
    for (let steps = this.options.work; steps > 0; steps--) {
      const candidate = this.current ? undefined : this.hottest();
      if (candidate) this.begin(candidate);
      if (!this.current) return this.settle();
      this.step();
    }
    const { members } = this.batch;
    if (members.length === 0) return;
    this.waited += this.options.work;
    if (members.length >= this.options.together || this.waited >= PATIENCE) if (!this.current) this.settle();
  }

  /** Takes the candidate with most samples from among those that still are one. */
  private hottest(): Wanted | undefined {
    let best: Wanted | undefined;
    for (const candidate of [...this.candidates.values()]) {
      const { block } = candidate.sampled;
      if (block.dropped || this.byEntry.has(block) || !this.heat.isHot(block, this.byBlock.has(block)))
        this.candidates.delete(block);
      else if (!best || this.heat.of(block) > this.heat.of(best.sampled.block)) best = candidate;
    }
    if (best) this.candidates.delete(best.sampled.block);
    return best;
  }

  private begin(wanted: Wanted): void {
    const candidate = wanted.replaces?.dropped ? this.candidate(wanted.sampled.block, wanted.sampled.rip) : wanted;
    if (candidate.block.mode & MODE.aligned) return this.refuse(candidate);
    if (this.patterns.nodes.size > MOST_NODES) this.forgetPlans();
    const { patterns, options, batch } = this;
    const asides: WasmOffset[] = [];
    const cells = new Map<bigint, WasmOffset | undefined>();
    const taken: WasmOffset[] = [];
    const open = options.openMemory ? this.open.take(candidate.block) : undefined;
    const work = makeRegion(candidate, {
      code: this.knownCode(candidate),
      patterns,
      options,
      batch,
      open,
      handler: (plan, block) => (plan.head ? this.ownHandler(block.source) : this.handlerAt(plan.record)),
      aside: (run, handler, { source, plans }) => {
        const records = this.asides.write(run, handler, source.instructions - plans.length);
        if (records !== undefined) asides.push(records);
        return records;
      },
      site: () => this.links.site(),
      cell: ({ rip, source }) => {
        const page = candidate.segmentation.pageOf(rip);
        if (cells.has(page)) return cells.get(page);
        const cell = this.pages.take(page, pageOf(source));
        if (cell !== undefined) taken.push(cell);
        cells.set(page, cell);
        return cell;
      },
    });
    this.current = { candidate, work, asides, cells: taken, open };
  }

  /** What was being made is not wanted any more. */
  private abandon(): void {
    if (this.current) {
      this.asides.leave(this.current.asides);
      this.pages.release(this.current.cells);
      this.open.release(this.current.open);
    }
    this.current = undefined;
  }

  private step(): void {
    const { candidate, work, asides, cells, open } = this.current!;
    if (candidate.block.dropped) return this.abandon();
    this.counts.steps++;
    const { done, value } = work.next();
    if (!done) return;
    if (value === "refused") this.refuse(candidate);
    if (value === "refused" || value === "stale") return this.abandon();
    this.current = undefined;
    const { replaces } = candidate;
    if (replaces && !replaces.dropped) this.drop(replaces);
    const reliesOn = value.function.reliesOnOpenMemory ? open : undefined;
    if (!reliesOn) this.open.release(open);
    this.keep(value, { asides, cells, open: reliesOn });
    if (replaces) this.settle();
  }

  private refuse({ sampled }: Wanted): void {
    this.heat.refuse(sampled.block);
    this.counts.refused++;
  }

  private knownCode({ block: entry, rip, segmentation, replaces }: Wanted): KnownCode {
    const user = (entry.mode & MODE.user) !== 0;
    const pages = new Map([[segmentation.pageOf(rip), pageOf(entry) * PAGE]]);
    const physicalPage = (page: bigint) => {
      const known = pages.get(page) ?? this.code.translate(page * BigInt(PAGE), user);
      if (known !== undefined) pages.set(page, known);
      return known;
    };
    return {
      segmentation,
      isFree: (block) => [undefined, replaces].includes(this.byEntry.get(block)?.region),
      blockAt: (at) => {
        const page = physicalPage(segmentation.pageOf(at));
        return page === undefined
          ? undefined
          : this.code.known(page + Number(segmentation.linearOf(at) % BigInt(PAGE)), entry.mode);
      },
      read: (linear, bytes) => this.code.read(linear, bytes),
      planned: (block, at, planner) => this.planned(block, at, planner, segmentation),
    };
  }

  /** The instructions of a block, planned once for all regions that it is part of. */
  private *planned(block: Block, rip: bigint, planner: Planner, segmentation: Segmentation): Work<PlannedBlock> {
    const before = this.plans.get(block);
    if (before?.rip === rip && before.segmentation.plansAlike(segmentation)) return before.planned;
    const planned = yield* planBlock(rip, block, this.code.steps(block), planner);
    this.plans.set(block, { rip, segmentation, planned });
    return planned;
  }

  private noPatterns(): Patterns {
    return new Patterns(new Nodes(this.options.simplify, this.options.simplifyVectors));
  }

  private forgetPlans(): void {
    this.patterns = this.noPatterns();
    this.plans = new WeakMap();
  }

  // ---- those there are ----

  private keep(written: Written, has: Pick<Region, "asides" | "cells" | "open">): void {
    const { entries, blocks, instructions } = written;
    if (this.all.size >= this.options.mostRegions) this.evict();
    const doors: Door[] = [];
    const { links } = written.function;
    const behindDoors = links && this.slot();
    const region: Region = { doors, behindDoors, blocks, ...has, dropped: false };
    for (const { block, rip } of entries) {
      const number = doors.length;
      const way = links && { ...links[number], slot: behindDoors!, number };
      doors.push({ block, rip, slot: this.slot(), handler: this.ownHandler(block), way, region });
    }
    for (const door of doors) this.byEntry.set(door.block, door);
    this.all.add(region);
    for (const block of blocks.keys()) {
      const users = this.byBlock.get(block);
      if (users) users.add(region);
      else this.byBlock.set(block, new Set([region]));
    }
    this.batch.add(region, slotsOf(region), written.function);
    this.counts.compiled++;
    this.counts.instructions += instructions;
  }

  /** What is ready becomes a module, and is run from now on. */
  private settle(): void {
    const { members } = this.batch;
    if (members.length === 0) return;
    const bytes = this.batch.encode(({ dropped }) => !dropped);
    this.library.add(
      bytes,
      members.flatMap(({ member, slots }) => (member.dropped ? [] : slots)),
    );
    this.watch?.(bytes);
    for (const { member } of members) {
      if (!member.dropped) for (const door of member.doors) this.put(door);
    }
    this.counts.bytes += bytes.length;
    this.counts.modules++;
    this.batch = new Batch();
    this.waited = 0;
  }

  private put({ block, rip, slot, way }: Door): void {
    this.setHandler(block, slot);
    if (way) for (const entry of block.entries) this.links.add(entry, block, rip, way);
  }

  /** This entry of the table of jumps leads to the block now. */
  entered(entry: number, block: Block): void {
    const door = this.byEntry.get(block);
    if (door?.way && this.handlerAt(block.record) === door.slot) this.links.add(entry, block, door.rip, door.way);
  }

  private slot(): number {
    return this.freeSlots.pop() ?? this.library.reserve();
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
    const pages = new Set<number>();
    for (const block of blocks) {
      this.heat.cool(block);
      this.candidates.delete(block);
      for (const region of this.byBlock.get(block) ?? []) {
        pages.add(pageOf(region.doors[0].block));
        this.drop(region);
      }
    }
    this.heat.lost(pages);
  }

  private drop(region: Region): void {
    const { doors, blocks } = region;
    region.dropped = true;
    this.all.delete(region);
    this.asides.leave(region.asides);
    this.pages.release(region.cells);
    this.open.release(region.open);
    for (const { block, handler } of doors) {
      if (!block.dropped) this.setHandler(block, handler);
      this.links.remove(block);
      this.byEntry.delete(block);
      this.heat.cool(block);
    }
    for (const slot of slotsOf(region)) {
      this.library.clear(slot);
      this.freeSlots.push(slot);
    }
    if (region.behindDoors !== undefined) this.links.forget();
    for (const block of blocks.keys()) {
      const users = this.byBlock.get(block);
      users?.delete(region);
      if (users?.size === 0) this.byBlock.delete(block);
    }
    this.counts.dropped++;
  }

  private evict(): void {
    const oldest = [...this.all].slice(0, Math.ceil(this.options.mostRegions / 4));
    for (const region of oldest) this.drop(region);
  }

  /** All of them. Code that is running must not be in one. */
  forget(): void {
    for (const region of [...this.all]) this.drop(region);
    this.candidates.clear();
    this.abandon();
    this.asides.forget();
    this.heat.forget();
  }
}

function slotsOf({ doors, behindDoors }: Region): readonly number[] {
  const slots = doors.map(({ slot }) => slot);
  return behindDoors === undefined ? slots : [...slots, behindDoors];
}
