/**
 * Ways straight from one region's function into another's, past the door and the handler: inline caches (Deutsch and Schiffman, Efficient
 * Implementation of the Smalltalk-80 System, POPL 1984). Each place where a region is left has a cell that holds the entry of the table of jumps
 * which was found there the last time. The function is entered when the RIP is that one, the tag is the present one and the ticks suffice: what the
 * door would ask. So a change of mode, mapping or address space needs nothing, and places may share a cell.
 *
 * What a link says stands in the table's entries first. It goes when the region goes, and with it every cell.
 */
import { JUMP, JUMPS, SITES, type WasmOffset } from "../areas";
import type { Block } from "../block";
import { type CpuState, layout } from "../state";
import { type Code, EMPTY, memory, op } from "../wasm/code";

/** How a region's function goes to one of its entries. */
export interface Way {
  /** Table slot of the function, and number of the block in it. */
  readonly slot: number;
  readonly number: number;
  /** Ticks that must be left, and the instructions that are charged. */
  readonly needed: number;
  readonly instructions: number;
}

/** Locals of a function that is left: where it goes, the ticks left, its cell (0: none), and one that is free. */
interface Leaving {
  readonly target: number;
  readonly remaining: number;
  readonly site: number;
  readonly entry: number;
}

export class Links {
  private sites = 0;

  constructor(private readonly state: CpuState) {}

  /** The cell of one place more, as an offset into SITES. The first is nobody's, and stays empty. */
  site(): number {
    this.sites = (this.sites % (SITES.entries - 1)) + 1;
    return this.sites * JUMP.bytes;
  }

  /** An entry of JUMPS that leads to the block at this RIP, in the u32 view, leads to a region's function as well. */
  add(entry: number, block: Block, rip: bigint, { slot, number, needed, instructions }: Way): void {
    const { u32, u64 } = this.state;
    if (u32[entry + 3] !== block.record || u64[entry / 2] !== rip) return;
    u32.set([slot, number, needed, instructions], entry + JUMP.slot / 4);
  }

  /** The block's region is gone. Call `forget` as well. */
  remove({ entries, record }: Block): void {
    const { u32 } = this.state;
    for (const entry of entries) if (u32[entry + 3] === record) u32[entry + JUMP.slot / 4] = 0;
  }

  /** No cell leads anywhere. */
  forget(): void {
    this.state.u32.fill(0, SITES.at / 4, SITES.end / 4);
  }
}

/** Goes to the function that the site's cell names, if that leads to the target. */
export function followSite(code: Code, { target, remaining, site }: Leaving, functionType: number): void {
  code
    .get(site)
    .access(memory.i64Load, SITES.at + JUMP.rip)
    .get(target)
    .op(op.i64Eq)
    .if(EMPTY);
  code.get(site).access(memory.i32Load, SITES.at + JUMP.tag);
  code.loadAt(memory.i32Load, layout.jumpTag.offset).op(op.i32Eq).if(EMPTY);
  enter(code, site, SITES.at, remaining, functionType, () => {});
  code.end().end();
}

/** Goes to the function that the entry of the table of jumps names, if there is one, and keeps the entry in the site's cell. */
export function followEntry(code: Code, { entry, remaining, site }: Leaving, functionType: number): void {
  code
    .get(entry)
    .access(memory.i32Load, JUMPS.at + JUMP.slot)
    .if(EMPTY);
  enter(code, entry, JUMPS.at, remaining, functionType, () => {
    code.get(site).if(EMPTY);
    for (let n = 0; n < JUMP.bytes; n += 8) {
      code
        .get(site)
        .get(entry)
        .access(memory.i64Load, JUMPS.at + n)
        .access(memory.i64Store, SITES.at + n);
    }
    code.end();
  });
  code.end();
}

/** As a door does (frame.ts), by the entry at `at` + `base`. Goes on behind it where the ticks do not suffice. */
function enter(code: Code, at: number, base: WasmOffset, remaining: number, type: number, before: () => void): void {
  const load = (offset: number) => code.get(at).access(memory.i32Load, base + offset);
  code.get(remaining);
  load(JUMP.needed).op(op.i32GeS).if(EMPTY);
  before();
  load(JUMP.number).get(remaining);
  load(JUMP.instructions).op(op.i32Sub);
  load(JUMP.slot).returnCallIndirect(type).end();
}
