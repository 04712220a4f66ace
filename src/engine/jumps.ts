/**
 * The table of jumps (areas.ts: JUMPS), through which generated code finds the block at a RIP. An entry is valid while its tag is the
 * state's jumpTag: mode bits, and above them a number that stands for an address space and a code segment.
 *
 * An address space is what a value of CR3 leads to. Its entries outlive the load of another CR3: with the space stand the page-table
 * entries that the fetches of its code went through, and when its CR3 is loaded again they are compared with memory. If all of them are
 * as they were, walking again would give the same pages and set no bit, so the numbers of the space are valid again; if not, they are
 * forgotten. So a stale entry is never used where the processor would have to walk (SDM 3, 4.10.4.1).
 *
 * What a load of CR3 has to look at stands in SPACES (areas.ts): generated code compares too, and changes the present space (short/space.ts).
 */
import { jumpEntry, OTHER_ENTRY } from "./handlers/lookup";
import type { Walk } from "./system/paging";
import { CODE_LEAF_BITS, CODE_LEAVES, JUMP, JUMPS, PROVEN, SITES, SPACE, SPACES, type WasmOffset } from "./areas";
import { type CpuState, layout, MODE_BITS } from "./state";

const MODE_MASK = (1 << MODE_BITS) - 1;
const LAST_EPOCH = 2 ** (32 - MODE_BITS) - 1;
const WORDS = JUMP.bytes / 4;
const TABLE = JUMPS.at / 4;
const TAG = layout.jumpTag.offset >>> 2;
const PRESENT = layout.space.offset >>> 2;
const BASE = layout.jumpBase.offset >>> 2;
const LIMIT = layout.jumpLimit.offset >>> 2;
/** Words that are worth comparing at a load of CR3: three for each table entry. */
export const MOST_WANTED = (SPACE.bytes - SPACE.wanted) / 4;
/** High half of a CR3 that there is not. */
const NO_KEY = 0xffff_ffff;
const MOST_SEGMENTS = 16;
const SHIFTS = [12, 21, 22, 30] as const;
const PAGES_OF_HIGH = 0x10_0000;
/** A write sets it in a leaf, which says nothing about fetches; in other entries it means nothing. */
const DIRTY = 0x40;

/** Where something begins in the u32 view. */
type WordPlace = number;

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

/** An address space, and its place among SPACES. */
class Space {
  /** By the number of the leaf's first 4 KiB page. */
  readonly leaves = new Map<number, Leaf>();
  /** What the leaves want to find: place and halves, one after the other, each once. */
  readonly wanted: Uint32Array;
  segments: Segment[] = [];
  private readonly header: Uint32Array;

  constructor(
    memory: WebAssembly.Memory,
    readonly slot: number,
  ) {
    const at = SPACES.at + slot * SPACE.bytes;
    this.header = new Uint32Array(memory.buffer, at, SPACE.wanted / 4);
    this.wanted = new Uint32Array(memory.buffer, at + SPACE.wanted, MOST_WANTED);
    this.rename(0, NO_KEY);
  }

  /** It is what this CR3 leads to, and nothing is known of it yet. */
  rename(low: number, high: number): void {
    this.header[SPACE.key / 4] = low;
    this.header[SPACE.key / 4 + 1] = high;
    this.forget();
  }

  get isNameless(): boolean {
    return this.header[SPACE.key / 4 + 1] === NO_KEY;
  }

  forget(): void {
    this.leaves.clear();
    this.segments = [];
    this.length = this.epoch = 0;
  }

  /** How much of `wanted` is used; more than there is: too many. */
  get length(): number {
    return this.header[SPACE.length / 4];
  }
  set length(words: number) {
    this.header[SPACE.length / 4] = words;
  }

  /** Its number in the present segment, or 0. */
  get epoch(): number {
    return this.header[SPACE.epoch / 4];
  }
  set epoch(epoch: number) {
    this.header[SPACE.epoch / 4] = epoch;
  }
}

export class Jumps {
  private last = 0;
  /** By CR3, the oldest first. The present one is not among them when no load of CR3 has led to it. */
  private readonly spaces = new Map<number, Space>();
  private readonly all: readonly Space[];
  private readonly free: Space[];

  /** For each size of page, a bit for the low bits of the numbers of pages that code was fetched from: most INVLPGs need ask no further. */
  private readonly fetched: Uint8Array;

  constructor(private readonly state: CpuState) {
    this.fetched = new Uint8Array(state.memory.buffer, CODE_LEAVES.at, CODE_LEAVES.bytes);
    this.all = Array.from({ length: SPACES.entries }, (_, slot) => new Space(state.memory, slot));
    this.free = this.all.slice(1);
    this.flush();
  }

  private get space(): Space {
    return this.all[this.state.u32[PRESENT]];
  }

  /** Brings jumpTag in line with the mode. Call before running. */
  retag(): void {
    const { u32 } = this.state;
    u32[TAG] = ((u32[TAG] & ~MODE_MASK) | u32[layout.mode.offset >>> 2]) >>> 0;
  }

  /** Nothing in the table is valid any more. */
  flush(): void {
    this.forgetSpaces();
    this.fetched.fill(0);
    this.nextEpoch();
  }

  private forgetSpaces(): void {
    const { space } = this;
    for (const known of this.spaces.values()) {
      known.rename(0, NO_KEY);
      if (known !== space) this.free.push(known);
    }
    this.spaces.clear();
    space.rename(0, NO_KEY);
  }

  /** CR3 was loaded. */
  enterSpace(low: number, high: number): void {
    const key = high === 0 ? low : high * 2 ** 32 + low;
    let space = this.spaces.get(key);
    if (this.space.isNameless) this.free.push(this.space);
    if (!space || !this.holds(space)) {
      space ??= this.free.pop() ?? this.oldest();
      this.spaces.set(key, space);
      space.rename(low, high);
    }
    this.state.u32[PRESENT] = space.slot;
    this.findEpoch();
  }

  /** What it stood for is known no more. */
  private oldest(): Space {
    const [key, space] = this.spaces.entries().next().value as [number, Space];
    this.spaces.delete(key);
    return space;
  }

  /** CS has this base and limit, in a legacy mode. */
  enterSegment(base: number, limit: number): void {
    if (this.isIn(base, limit)) return;
    const { u32 } = this.state;
    u32[BASE] = base;
    u32[LIMIT] = limit;
    for (const space of this.spaces.values()) space.epoch = 0;
    this.findEpoch();
  }

  /** In the legacy modes: entries are looked up and made for this segment. */
  isIn(base: number, limit: number): boolean {
    const { u32 } = this.state;
    return base === u32[BASE] && limit === u32[LIMIT];
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
    // Too many already.
    if (length > MOST_WANTED) return;
    for (let n = 0; n < length; n += 3) {
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
    this.space.forget();
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
    for (const { base, limit, epoch } of this.space.segments) if (this.isIn(base, limit)) return this.use(epoch);
    this.nextEpoch();
  }

  private use(epoch: number): void {
    const { u32 } = this.state;
    this.space.epoch = epoch;
    u32[TAG] = (u32[layout.mode.offset >>> 2] | (epoch << MODE_BITS)) >>> 0;
  }

  private nextEpoch(): void {
    if (this.last === LAST_EPOCH) {
      this.state.u32.fill(0, TABLE, TABLE + JUMPS.entries * WORDS);
      for (const { at, end } of [PROVEN, SITES]) this.state.u32.fill(0, at / 4, end / 4);
      this.forgetSpaces();
      this.last = 0;
    }
    const epoch = ++this.last;
    const { segments } = this.space;
    if (segments.length === MOST_SEGMENTS) segments.shift();
    const { u32 } = this.state;
    segments.push({ base: u32[BASE], limit: u32[LIMIT], epoch });
    this.use(epoch);
  }

  /** The two entries where a RIP may stand: where their words begin in the u32 view. */
  private places(ripLow: number): [WordPlace, WordPlace] {
    const first = jumpEntry(ripLow, this.state.u32[TAG]);
    return [TABLE + first / 4, TABLE + (first ^ OTHER_ENTRY) / 4];
  }

  /** Call after `retag`, in the mode of the block. Returns the place of the entry: the second, when another valid one stands in the first. */
  enter(ripLow: number, ripHigh: number, block: WasmOffset): WordPlace {
    const { u32 } = this.state;
    const [first, second] = this.places(ripLow);
    const taken = u32[first + 2] === u32[TAG] && !(u32[first] === ripLow && u32[first + 1] === ripHigh);
    const entry = taken ? second : first;
    u32[entry] = ripLow;
    u32[entry + 1] = ripHigh;
    u32[entry + 2] = u32[TAG];
    u32[entry + 3] = block;
    u32[entry + JUMP.slot / 4] = 0;
    return entry;
  }

  /** The first record of the block at a RIP, or 0. Call after `retag`. */
  find(ripLow: number, ripHigh: number): WasmOffset {
    const { u32 } = this.state;
    for (const entry of this.places(ripLow)) {
      if (u32[entry] === ripLow && u32[entry + 1] === ripHigh && u32[entry + 2] === u32[TAG]) return u32[entry + 3];
    }
    return 0;
  }

  /** Empties an entry, if it still leads to this block. */
  remove(entry: WordPlace, block: WasmOffset): void {
    const { u32 } = this.state;
    if (u32[entry + 3] === block) u32.fill(0, entry, entry + WORDS);
  }
}

/** Number of the first 4 KiB page of the 2^shift bytes around an address. */
function firstPage(low: number, high: number, shift: number): number {
  const inLow = ((low >>> shift) << (shift - 12)) >>> 0;
  return high === 0 ? inLow : (high >>> 0) * PAGES_OF_HIGH + inLow;
}
