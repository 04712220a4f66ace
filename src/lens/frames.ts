/** Physical memory by what its frames are used for, from the kernel's frame table, and the kernel heap block by block. */
import { constants, enums, structs } from "../herald/layout";
import type { GuestMemory } from "./memory";

export interface MemoryView {
  readonly frameBytes: number;
  /** Entries of the frame table: holes and the firmware's memory included. */
  readonly frameCount: number;
  /** Frames that are memory the kernel may use. */
  readonly memoryFrames: number;
  readonly freeFrames: number;
  /** How many frames are used for what and by whom, most first; free and reserved ones are not in it. */
  readonly groups: readonly FrameGroup[];
  /** The table as a map of at most MOST_CELLS cells, in the order of addresses, from 0 to the highest frame in use. */
  readonly cells: FrameCells;
  readonly heap?: HeapView;
  /** Why the view may be incomplete at this instant. */
  readonly note?: string;
}

export interface FrameGroup {
  /** Name of the use, as the kernel says it. */
  readonly use: string;
  /** PID, or the index of a shared segment; 0 for the kernel. */
  readonly owner: number;
  readonly frames: number;
}

/** Each cell has the use and the owner of most of its frames, free ones left aside where others are there. */
export interface FrameCells {
  readonly framesPerCell: number;
  /** Frames the map covers; those above it are free or no memory. */
  readonly frames: number;
  readonly use: Uint8Array;
  readonly owner: Uint16Array;
}

export interface HeapView {
  readonly mappedBytes: number;
  readonly usedBytes: number;
  readonly usedBlocks: number;
  readonly allocations: number;
  /** Blocks by size class; classes without blocks are left out. */
  readonly classes: readonly { readonly bytes: number; readonly used: number; readonly free: number }[];
  /** Used blocks by who asked for them, most bytes first. */
  readonly owners: readonly { readonly pid: number; readonly blocks: number; readonly bytes: number }[];
}

const MOST_CELLS = 4096;
/** The map grows in steps, so that it does not change its size with every frame that is given out. */
const MAP_STEP = 256;
/** Of one table and one heap: far above Herald's, and little enough for a frame of the page. */
const MOST_FRAMES = 1 << 18;
const MOST_GROUPS = 256;
const MOST_BLOCKS = 20_000;

const uses = enums.frame_use;
const fields = structs.frame_entry.fields;

/** Numbers of uses for the page, which colours by them. */
export const frameUses: Readonly<Record<number, string | undefined>> = uses.byValue;
export const frameUseText: Readonly<Record<string, string | undefined>> = uses.explain;

interface Tally {
  readonly groups: Map<number, number>;
  readonly cells: FrameCells;
}

/** Just above the highest frame in use, rounded up. */
function mapEnd(table: DataView, count: number): number {
  let end = count;
  while (end > 0 && table.getUint8((end - 1) * structs.frame_entry.size + fields.use.offset) <= uses.byName.free) end--;
  return Math.min(count, Math.ceil(end / MAP_STEP) * MAP_STEP);
}

/** Goes over the table once. Use and owner make one number: use << 16 | owner. */
function tally(table: DataView, frameCount: number): Tally {
  const count = mapEnd(table, frameCount);
  const framesPerCell = Math.max(1, Math.ceil(count / MOST_CELLS));
  const cellCount = Math.ceil(count / framesPerCell);
  const cells = { framesPerCell, frames: count, use: new Uint8Array(cellCount), owner: new Uint16Array(cellCount) };
  const groups = new Map<number, number>();
  const inCell = new Map<number, number>();
  for (let cell = 0; cell < cellCount; cell++) {
    inCell.clear();
    const end = Math.min(count, (cell + 1) * framesPerCell);
    for (let frame = cell * framesPerCell; frame < end; frame++) {
      const at = frame * structs.frame_entry.size;
      const use = table.getUint8(at + fields.use.offset);
      const key = (use << 16) | table.getUint16(at + fields.owner.offset, true);
      inCell.set(key, (inCell.get(key) ?? 0) + 1);
    }
    let best = 0;
    let weight = -1;
    for (const [key, frames] of inCell) {
      const plain = key >>> 16 <= uses.byName.free;
      if (!plain && (groups.has(key) || groups.size < MOST_GROUPS)) groups.set(key, (groups.get(key) ?? 0) + frames);
      const counts = plain ? frames / (framesPerCell + 1) : frames;
      if (counts > weight) [best, weight] = [key, counts];
    }
    cells.use[cell] = best >>> 16;
    cells.owner[cell] = best & 0xffff;
  }
  return { groups, cells };
}

/** The frame table as it lies in memory: it is one piece, directly behind the kernel. */
function tableOf(memory: GuestMemory, address: bigint, count: number): DataView | undefined {
  const bytes = count * structs.frame_entry.size;
  const at = memory.physical(address);
  if (at === undefined || count === 0 || count > MOST_FRAMES || at + bytes > memory.ram.length) return undefined;
  return new DataView(memory.ram.buffer, memory.ram.byteOffset + at, bytes);
}

/** The heap's blocks, one behind the other; a damaged header ends the walk. */
function readHeap(memory: GuestMemory, notes: string[]): HeapView | undefined {
  const heap = memory.global("heap", structs.heap);
  if (!heap || heap.big("end") === 0n) return undefined;
  const end = heap.big("end");
  const classes = Array.from({ length: constants.HEAP_CLASSES }, (_, at) => ({ bytes: 32 << at, used: 0, free: 0 }));
  const owners = new Map<number, { pid: number; blocks: number; bytes: number }>();
  let blocks = 0;
  for (let at: bigint = constants.HEAP_BASE; at < end; blocks++) {
    const block = memory.structure(structs.heap_block, at);
    const kind = block && classes[block.number("size_class")];
    if (!block || !kind || block.number("magic") !== constants.HEAP_MAGIC || blocks === MOST_BLOCKS) {
      notes.push(blocks === MOST_BLOCKS ? `only the first ${MOST_BLOCKS} heap blocks` : "a heap block is damaged");
      break;
    }
    at += BigInt(kind.bytes);
    if (block.number("state") !== enums.heap_state.byName.used) {
      kind.free++;
      continue;
    }
    kind.used++;
    const pid = block.number("owner");
    const owner = owners.get(pid) ?? { pid, blocks: 0, bytes: 0 };
    owners.set(pid, { pid, blocks: owner.blocks + 1, bytes: owner.bytes + kind.bytes });
  }
  return {
    mappedBytes: Number(heap.big("mapped") - constants.HEAP_BASE),
    usedBytes: heap.number("used_bytes"),
    usedBlocks: heap.number("used_blocks"),
    allocations: heap.number("allocations"),
    classes: classes.filter(({ used, free }) => used + free > 0),
    owners: [...owners.values()].sort((one, other) => other.bytes - one.bytes || one.pid - other.pid),
  };
}

/** Memory as it stands, or undefined before the kernel has made its frame table. */
export function readMemory(memory: GuestMemory): MemoryView | undefined {
  const allocator = memory.global("frame_allocator", structs.frame_allocator);
  if (!allocator) return undefined;
  const frameCount = allocator.number("frame_count");
  const table = tableOf(memory, allocator.big("frames"), frameCount);
  if (!table) return undefined;
  const { groups, cells } = tally(table, frameCount);
  const notes: string[] = [];
  const heap = readHeap(memory, notes);
  return {
    frameBytes: constants.PAGE_SIZE,
    frameCount,
    memoryFrames: allocator.number("memory_frames"),
    freeFrames: allocator.number("free_count"),
    groups: [...groups]
      .map(([key, frames]) => ({ use: uses.byValue[key >>> 16] ?? `use ${key >>> 16}`, owner: key & 0xffff, frames }))
      .sort((one, other) => other.frames - one.frames || one.owner - other.owner),
    cells,
    ...(heap && { heap }),
    ...(notes.length > 0 && { note: notes.join("; ") }),
  };
}
