/** Which code is worth a region: counts samples, and asks for more of them where code was rewritten before. */
import type { Block } from "../block";

export const PAGE = 4096;
/** A block that is part of a region is a way into it after so many times the samples. */
const INSIDE = 6;
/** Code in a page that lost regions to writes needs twice the samples each time, up to 2 to the power of this. */
const MOST_DOUBLINGS = 8;
const MOST_PAGES = 4096;
/** A block needs one sample more for each so many that were taken. */
const GROWTH = 64;

export class Heat {
  private readonly samples = new Map<Block, number>();
  /** How often regions that began in a page were lost because their code was written to. */
  private readonly rewritten = new Map<number, number>();

  private taken = 0;

  constructor(
    /** Samples that a block needs at first, 0: none, unless its page was rewritten; and those it needs later at most. */
    private readonly threshold: number,
    private readonly thresholdLater: number,
  ) {}

  /** One more sample of a block, which may be inside regions that begin elsewhere. Whether it is hot now. */
  add(block: Block, inside: boolean): boolean {
    const seen = (this.samples.get(block) ?? 0) + 1;
    this.samples.set(block, seen);
    this.taken++;
    return this.isHot(block, inside);
  }

  isHot(block: Block, inside: boolean): boolean {
    const doubled = 1 << Math.min(this.rewritten.get(pageOf(block)) ?? 0, MOST_DOUBLINGS);
    const needed = this.threshold === 0 ? doubled - 1 : this.needed * doubled;
    return this.of(block) >= needed * (inside ? INSIDE : 1);
  }

  /** To make a region costs as much as millions of interpreted instructions, so the share of the time that a block takes counts. */
  private get needed(): number {
    return Math.max(this.threshold, Math.min(this.thresholdLater, Math.floor(this.taken / GROWTH)));
  }

  of(block: Block): number {
    return this.samples.get(block) ?? 0;
  }

  /** No region can begin with this block. */
  refuse(block: Block): void {
    this.samples.set(block, Number.NEGATIVE_INFINITY);
  }

  cool(block: Block): void {
    this.samples.delete(block);
  }

  /** Regions that began in these pages were lost to writes. */
  lost(pages: ReadonlySet<number>): void {
    if (this.rewritten.size > MOST_PAGES) this.rewritten.clear();
    for (const page of pages) this.rewritten.set(page, (this.rewritten.get(page) ?? 0) + 1);
  }

  forget(): void {
    this.samples.clear();
    this.rewritten.clear();
    this.taken = 0;
  }
}

export const pageOf = (block: Block): number => Math.floor(block.physical / PAGE);
