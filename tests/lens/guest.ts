/** A guest's memory made by hand: structures written through the layout description, page tables entry by entry. */
import type { Struct } from "../../src/herald/layout";
import { parseMap } from "../../src/lens/map";
import { GuestMemory, type Paging } from "../../src/lens/memory";

const VIRTUAL_BASE = 0xffffffff80000000n;
const DIRECT = 0xffff800000000000n;

export class HandMadeGuest {
  readonly ram: Uint8Array;
  readonly view: DataView;
  private readonly symbols: Record<string, { address: string; size: number }> = {};
  private free = 0x10_0000;

  constructor(mebibytes = 4) {
    this.ram = new Uint8Array(mebibytes << 20);
    this.view = new DataView(this.ram.buffer);
  }

  /** Room in the kernel's own mapping; answers its virtual address. */
  place(size: number, name?: string): bigint {
    const at = VIRTUAL_BASE + BigInt(this.free);
    this.free += (size + 63) & ~63;
    if (name) this.symbols[name] = { address: `0x${at.toString(16)}`, size };
    return at;
  }

  physical(virtual: bigint): number {
    return Number(virtual - VIRTUAL_BASE);
  }

  set(at: bigint, structure: Struct, field: string, value: number | bigint | string, index = 0): void {
    const { offset, type, size } = structure.fields[field];
    const position = this.physical(at) + offset + index * size;
    if (typeof value === "string") this.ram.set(new TextEncoder().encode(value), position);
    else if (size === 8) this.view.setBigUint64(position, BigInt(value), true);
    else if (type === "u16") this.view.setUint16(position, Number(value), true);
    else if (size === 1) this.view.setUint8(position, Number(value));
    else this.view.setInt32(position, Number(value) | 0, true);
  }

  u64(at: bigint, value: bigint): void {
    this.view.setBigUint64(this.physical(at), value, true);
  }

  /** Makes `head` the head of a circular list of these nodes. */
  link(head: bigint, nodes: readonly bigint[]): void {
    const ring = [head, ...nodes];
    ring.forEach((node, i) => {
      this.u64(node, ring[(i + 1) % ring.length]);
      this.u64(node + 8n, ring[(i + ring.length - 1) % ring.length]);
    });
  }

  /** A page table entry at a physical address. */
  entry(table: number, index: number, value: bigint): void {
    this.view.setBigUint64(table + 8 * index, value, true);
  }

  memory(paging?: Paging): GuestMemory {
    const map = parseMap({
      symbols: this.symbols,
      kernelVirtualBase: `0x${VIRTUAL_BASE.toString(16)}`,
      kernelPhysicalBase: "0x100000",
      directMapBase: `0x${DIRECT.toString(16)}`,
    });
    return new GuestMemory(this.ram, map, paging);
  }
}
