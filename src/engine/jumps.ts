/**
 * The table of jumps (layout: state.ts), through which generated code finds the block at a RIP. An entry is valid while its tag is the
 * state's jumpTag: mode bits, and above them a number that stands for an address space and a code segment.
 *
 * An address space is what a value of CR3 leads to. Its entries outlive the load of another CR3: with the space stand the page-table
 * entries that the fetches of its code went through, and when its CR3 is loaded again they are compared with memory. If all of them are
 * as they were, walking again would give the same pages and set no bit, so the numbers of the space are valid again; if not, they are
 * forgotten. So a stale entry is never used where the processor would have to walk (SDM 3, 4.10.4.1).
 */
import type { Walk } from "./system/paging";
import {
  CODE_LEAF_BITS,
  CODE_LEAVES,
  type CpuState,
  JUMP_ENTRIES,
  JUMP_ENTRY_BYTES,
  JUMPS,
  layout,
  MODE_BITS,
  PROVEN,
  PROVEN_CELLS,
  type WasmOffset,
} from "./state";

const LAST_EPOCH = 2 ** (32 - MODE_BITS) - 1;
const WORDS = JUMP_ENTRY_BYTES / 4;
const TABLE = JUMPS / 4;
const TAG = layout.jumpTag.offset >>> 2;
const MOST_SPACES = 32;
/** Words that are worth comparing at a load of CR3: three for each table entry. */
const MOST_WANTED = 3 * 128;
const MOST_SEGMENTS = 16;
const SHIFTS = [12, 21, 22, 30] as const;
const PAGES_OF_HIGH = 0x10_0000;
/** A write sets it in a leaf, which says nothing about fetches; in other entries it means nothing. */
const DIRTY = 0x40;

/** The entries that lead to one page, large or small: where they lie in the u32 view, and their halves. */
interface Leaf {
  readonly shift: number;
  readonly words: readonly number[];
  readonly halves: readonly number[];
}

/** In the legacy modes a RIP means another place when CS changes. */
interface Segment {
  readonly base: number;
  readonly limit: number;
  readonly epoch: number;
}

interface Space {
  /** By the number of the leaf's first 4 KiB page. */
  readonly leaves: Map<number, Leaf>;
  /** What the leaves want to find: place and halves, one after the other, each once. */
  readonly wanted: Uint32Array;
  /** How much of it is used; more than there is: too many. */
  length: number;
  segments: Segment[];
}

const newSpace = (): Space => ({ leaves: new Map(), wanted: new Uint32Array(MOST_WANTED), length: 0, segments: [] });

export class Jumps {
  private epoch = 1;
  private last = 1;
  private readonly spaces = new Map<number, Space>();
  private space = newSpace();
  private base = 0;
  private limit = 0;

  /** For each size of page, a bit for the low bits of the numbers of pages that code was fetched from: most INVLPGs need ask no further. */
  private readonly fetched: Uint8Array;

  constructor(private readonly state: CpuState) {
    this.fetched = new Uint8Array(state.memory.buffer, CODE_LEAVES, (SHIFTS.length * CODE_LEAF_BITS) / 8);
  }

  /** Brings jumpTag in line with the mode. Call before running. */
  retag(): void {
    const { u32 } = this.state;
    u32[TAG] = u32[layout.mode.offset >>> 2] | (this.epoch << MODE_BITS);
  }

  /** Nothing in the table is valid any more. */
  flush(): void {
    this.spaces.clear();
    this.space = newSpace();
    this.fetched.fill(0);
    this.nextEpoch();
  }

  /** CR3 was loaded. */
  enterSpace(low: number, high: number): void {
    const key = high === 0 ? low : high * 2 ** 32 + low;
    const known = this.spaces.get(key);
    if (known && this.holds(known)) this.space = known;
    else {
      // The oldest goes.
      if (!known && this.spaces.size === MOST_SPACES) this.spaces.delete(this.spaces.keys().next().value as number);
      this.spaces.set(key, (this.space = newSpace()));
    }
    this.findEpoch();
  }

  /** CS has this base and limit, in a legacy mode. */
  enterSegment(base: number, limit: number): void {
    if (base === this.base && limit === this.limit) return;
    this.base = base;
    this.limit = limit;
    this.findEpoch();
  }

  /** In the legacy modes: entries are looked up and made for this segment. */
  isIn(base: number, limit: number): boolean {
    return base === this.base && limit === this.limit;
  }

  /** Code of the present space was fetched by this walk, from the page of an address. */
  note(low: number, high: number, walk: Walk): void {
    if (walk.depth === 0) return;
    const page = firstPage(low, high, walk.shift);
    const { leaves } = this.space;
    const leaf = leaves.get(page);
    if (leaf && this.same(leaf, walk)) return;
    if (leaf) this.forgetSpace();
    const words = Array.from(walk.trail.subarray(0, walk.depth));
    const { u32 } = this.state;
    const halves = words.flatMap((word) => [u32[word] & ~DIRTY, u32[word + 1]]);
    this.space.leaves.set(page, { shift: walk.shift, words, halves });
    words.forEach((word, n) => this.want(word, halves[2 * n], halves[2 * n + 1]));
    this.markFetched(low, high, walk.shift);
  }

  private want(word: number, low: number, high: number): void {
    const { space } = this;
    const { wanted, length } = space;
    for (let n = 0; n < length && n < MOST_WANTED; n += 3) {
      if (wanted[n] === word && wanted[n + 1] === low >>> 0 && wanted[n + 2] === high) return;
    }
    if (length < MOST_WANTED) wanted.set([word, low, high], length);
    space.length = length + 3;
  }

  private markFetched(low: number, high: number, shift: number): void {
    const number = ((low >>> shift) | (high << (32 - shift))) & (CODE_LEAF_BITS - 1);
    const table = (SHIFTS.indexOf(shift as (typeof SHIFTS)[number]) * CODE_LEAF_BITS) / 8;
    this.fetched[table + (number >>> 3)] |= 1 << (number & 7);
  }

  /** INVLPG: what may have changed is the way to one page of the present space. Whether code was fetched through it. */
  invalidate(low: number, high: number): boolean {
    const { leaves } = this.space;
    // A page is 4 KiB, 2 MiB, 4 MiB or 1 GiB.
    for (const shift of SHIFTS) {
      if (leaves.get(firstPage(low, high, shift))?.shift !== shift) continue;
      this.forgetSpace();
      return true;
    }
    return false;
  }

  private forgetSpace(): void {
    this.space.leaves.clear();
    this.space.length = 0;
    this.space.segments = [];
    this.findEpoch();
  }

  /** The tables still say what they said. */
  private holds({ wanted, length }: Space): boolean {
    if (length > MOST_WANTED) return false;
    const { u32 } = this.state;
    for (let n = 0; n < length; n += 3) {
      const word = wanted[n];
      if ((u32[word] & ~DIRTY) >>> 0 !== wanted[n + 1] || u32[word + 1] !== wanted[n + 2]) return false;
    }
    return true;
  }

  private same(leaf: Leaf, { depth, trail, shift }: Walk): boolean {
    if (leaf.shift !== shift || leaf.words.length !== depth) return false;
    for (let n = 0; n < depth; n++) if (leaf.words[n] !== trail[n]) return false;
    return this.unchanged(leaf);
  }

  private unchanged({ words, halves }: Leaf): boolean {
    const { u32 } = this.state;
    for (let n = 0; n < words.length; n++) {
      if ((u32[words[n]] & ~DIRTY) !== halves[2 * n] || u32[words[n] + 1] !== halves[2 * n + 1]) return false;
    }
    return true;
  }

  /** The number of the present space and segment; a new one when they have none. */
  private findEpoch(): void {
    const { segments } = this.space;
    for (const { base, limit, epoch } of segments) {
      if (base !== this.base || limit !== this.limit) continue;
      this.epoch = epoch;
      this.retag();
      return;
    }
    this.nextEpoch();
  }

  private nextEpoch(): void {
    if (this.last === LAST_EPOCH) {
      this.state.u32.fill(0, TABLE, TABLE + JUMP_ENTRIES * WORDS);
      this.state.u32.fill(0, PROVEN / 4, PROVEN / 4 + PROVEN_CELLS);
      this.spaces.clear();
      this.space = newSpace();
      this.last = 0;
    }
    this.epoch = ++this.last;
    const { segments } = this.space;
    if (segments.length === MOST_SEGMENTS) segments.shift();
    segments.push({ base: this.base, limit: this.limit, epoch: this.epoch });
    this.retag();
  }

  /** With the tag in it, address spaces that share a kernel do not push out each other's entries. */
  private place(ripLow: number, ripHigh: number): number {
    const page = (ripLow >>> 12) | (ripHigh << 20);
    return (ripLow ^ page ^ this.state.u32[TAG]) & (JUMP_ENTRIES - 1);
  }

  /** Call after `retag`, in the mode of the block. Returns the number of the entry. */
  enter(ripLow: number, ripHigh: number, block: WasmOffset): number {
    const { u32 } = this.state;
    const number = this.place(ripLow, ripHigh);
    const entry = TABLE + number * WORDS;
    u32[entry] = ripLow;
    u32[entry + 1] = ripHigh;
    u32[entry + 2] = u32[TAG];
    u32[entry + 3] = block;
    return number;
  }

  /** The first record of the block at a RIP, or 0. Call after `retag`. */
  find(ripLow: number, ripHigh: number): WasmOffset {
    const { u32 } = this.state;
    const entry = TABLE + this.place(ripLow, ripHigh) * WORDS;
    const found = u32[entry] === ripLow && u32[entry + 1] === ripHigh && u32[entry + 2] === u32[TAG];
    return found ? u32[entry + 3] : 0;
  }

  /** Empties an entry, if it still leads to this block. */
  remove(number: number, block: WasmOffset): void {
    const { u32 } = this.state;
    const entry = TABLE + number * WORDS;
    if (u32[entry + 3] === block) u32.fill(0, entry, entry + WORDS);
  }
}

/** Number of the first 4 KiB page of the 2^shift bytes around an address. */
function firstPage(low: number, high: number, shift: number): number {
  const inLow = ((low >>> shift) << (shift - 12)) >>> 0;
  return high === 0 ? inLow : (high >>> 0) * PAGES_OF_HIGH + inLow;
}
