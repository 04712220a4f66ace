/** A physical page that holds code: which blocks were decoded from it, and which of its bytes are code. It may hold variables too. */
import type { Block } from "./block";
import type { WasmOffset } from "./areas";

const PAGE = 4096;

export class CodePage {
  readonly blocks = new Set<Block>();
  /** How many blocks each byte is part of. */
  private readonly covered = new Uint16Array(PAGE);
  /** Records of jumps, by where they lead. */
  private readonly jumps = new Map<number, Set<WasmOffset>>();
  /** Writes since it lost its last block. */
  quietWrites = 0;

  constructor(private readonly number: number) {}

  add(block: Block): void {
    this.blocks.add(block);
    this.quietWrites = 0;
    const end = this.endOf(block);
    for (let at = this.startOf(block); at < end; at++) this.covered[at]++;
    for (const { record, target } of block.jumps) {
      const known = this.jumps.get(target);
      if (known) known.add(record);
      else this.jumps.set(target, new Set([record]));
    }
  }

  remove(block: Block): void {
    if (!this.blocks.delete(block)) return;
    const end = this.endOf(block);
    for (let at = this.startOf(block); at < end; at++) this.covered[at]--;
    for (const { record, target } of block.jumps) this.jumps.get(target)?.delete(record);
  }

  /** The records of the jumps that lead to a block which begins in this page. */
  jumpsTo(block: Block): Iterable<WasmOffset> {
    return this.jumps.get(block.physical % PAGE) ?? [];
  }

  /** Whether any of these bytes is code. */
  holds(from: number, to: number): boolean {
    for (let at = from; at < to; at++) if (this.covered[at] !== 0) return true;
    return false;
  }

  overlapping(from: number, to: number): Set<Block> {
    const found = new Set<Block>();
    for (const block of this.blocks) if (this.startOf(block) < to && this.endOf(block) > from) found.add(block);
    return found;
  }

  /** The block's part in this page begins at the page's start if the block came from the page before. */
  private startOf({ physical, secondPage }: Block): number {
    return this.number * PAGE === secondPage ? 0 : physical % PAGE;
  }

  private endOf({ physical, length, secondPage }: Block): number {
    const end = (physical % PAGE) + length;
    if (secondPage === undefined) return end;
    return this.number * PAGE === secondPage ? end - PAGE : PAGE;
  }
}
