/**
 * What jumps between the pages of a region rely on: that a linear page still leads to the physical page whose code the region holds. For each
 * such pair there is a cell in Wasm memory with the jumpTag (state.ts) for which that was seen. A tag stands for one address space, code segment
 * and mode, and another is taken when a way to code changes (jumps.ts): so what was seen once with a tag holds as long as the tag is the same.
 * It is seen where a jump out of the region finds, in the table of jumps, the very block that the region holds for its RIP.
 */
import { PROVEN, type WasmOffset } from "../areas";
import { type CpuState } from "../state";

interface Cell {
  readonly key: string;
  readonly at: WasmOffset;
  users: number;
}

export class ProvenPages {
  private readonly byKey = new Map<string, Cell>();
  private readonly byPlace = new Map<WasmOffset, Cell>();
  private readonly free: WasmOffset[] = [];
  private made = 0;

  constructor(private readonly state: CpuState) {}

  /** The cell of a pair of pages, for one user more; undefined when there are too many. */
  take(linear: bigint, physical: number): WasmOffset | undefined {
    const key = `${linear} ${physical}`;
    const cell = this.byKey.get(key) ?? this.add(key);
    if (cell) cell.users++;
    return cell?.at;
  }

  private add(key: string): Cell | undefined {
    const at = this.free.pop() ?? (this.made < PROVEN.entries ? PROVEN.at + 4 * this.made++ : undefined);
    if (at === undefined) return undefined;
    const cell = { key, at, users: 0 };
    this.state.u32[at >>> 2] = 0;
    this.byKey.set(key, cell);
    this.byPlace.set(at, cell);
    return cell;
  }

  /** These have one user less. */
  release(places: readonly WasmOffset[]): void {
    for (const at of places) {
      const cell = this.byPlace.get(at)!;
      if (--cell.users > 0) continue;
      this.byKey.delete(cell.key);
      this.byPlace.delete(at);
      this.free.push(at);
    }
  }
}
