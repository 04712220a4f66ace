/**
 * Regions that reach open memory (system/open.ts) directly: an access compares its address with the ends of a stretch, which are constants. The
 * interpreter does what lies elsewhere. Each such region counts that in a cell, and is made anew without open memory when it happens often.
 */
import type { Block } from "../block";
import { OUTSIDE, RAM, type WasmOffset } from "../areas";
import { type CpuState, layout, MODE } from "../state";
import type { OpenStretches, Stretch } from "../system/open";
import { type Code, EMPTY, I32, memory, op } from "../wasm/code";
import type { RegionCode } from "./code";

/** Accesses elsewhere after which a region is better made without: as many as take some ten microseconds. */
const MOST_OUTSIDE = 1000;

/** What one region relies on, and where it counts. */
export interface Open {
  readonly stretches: OpenStretches;
  readonly cell: WasmOffset;
}

/** A place in the Wasm memory: what the local holds, and so much more. */
export interface HostPlace {
  readonly local: number;
  readonly offset: number;
}

/** [address: i32] -> []: its place; `miss` writes the way out when it is not one of the stretch. What must be `aligned` and is not misses too. */
export function placeIn({ from, to }: Stretch, code: RegionCode, bytes: number, aligned: boolean, miss: () => void) {
  const local = code.local(I32);
  if (from !== 0) code.i32(-from).op(op.i32Add);
  code.tee(local);
  // The low bits go to the top, where they make it too large: a page's first address is aligned.
  if (aligned) code.i32(Math.log2(bytes)).op(op.i32Rotr);
  code
    .i32(aligned ? (to - from) / bytes - 1 : to - from - bytes)
    .op(op.i32GtU)
    .if(EMPTY);
  miss();
  code.end();
  return { local, offset: RAM + from };
}

/** Pushes whether the stretches of this number are not open now. */
export function pushClosed(code: Code, number: number): void {
  code.loadAt(memory.i32Load, layout.openMemory.offset).i32(number).op(op.i32Xor);
  code.loadAt(memory.i32Load, layout.plainPaging.offset).op(op.i32Eqz, op.i32Or);
  code.loadAt(memory.i32Load, layout.cr0.offset).i32(31).op(op.i32ShrU, op.i32Or);
}

/** Who relies on open memory, and where they count. */
export class OpenRegions {
  private readonly free: WasmOffset[] = [];
  private made = 0;
  /** Regions that begin with these blocks do without. */
  private readonly without = new WeakSet<Block>();

  constructor(
    private readonly state: CpuState,
    private readonly stretches: () => OpenStretches | undefined,
  ) {}

  /** What a region that begins with this block may rely on. Code that lies elsewhere mostly has its data there. */
  take(block: Block): Open | undefined {
    if (block.mode & MODE.long || this.without.has(block)) return undefined;
    const stretches = this.stretches();
    if (!stretches || block.physical < stretches.read.from || block.physical >= stretches.read.to) return undefined;
    const cell = this.free.pop() ?? (this.made < OUTSIDE.entries ? OUTSIDE.at + 4 * this.made++ : undefined);
    if (cell === undefined) return undefined;
    this.state.u32[cell >>> 2] = 0;
    return { stretches, cell };
  }

  release(open: Open | undefined): void {
    if (open) this.free.push(open.cell);
  }

  /** A region that begins with this block is no good any more: its memory is not open, or it goes elsewhere too often. */
  isUseless({ stretches, cell }: Open, block: Block): boolean {
    if (this.state.u32[cell >>> 2] > MOST_OUTSIDE) this.without.add(block);
    return this.without.has(block) || this.stretches() !== stretches;
  }
}
