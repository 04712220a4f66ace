/**
 * Guest memory as the kernel sees it: physical bytes, kernel addresses by the map, everything else by a walk of the page tables.
 * Nothing here changes the guest: no accessed or dirty bits, no lookaside, no ticks. Every read is bounds-checked and answers
 * undefined for what is not there. One object looks at one instant; make a new one for the next.
 */
import { constants, type Struct } from "../herald/layout";
import type { HeraldMap } from "./map";
import { StructView } from "./structures";

export interface Paging {
  readonly cr3: bigint;
  readonly levels: 4 | 5;
}

const PAGE = constants.PAGE_SIZE;
/** Size of the window in which the kernel maps itself. */
const KERNEL_WINDOW = 1n << 30n;
/** Bits 51..12 of a table entry (SDM 3, 4.5.4), as a number: what is above 2^32 is multiplied in. */
const ADDRESS_HIGH = 0x000f_ffff;

export class GuestMemory {
  private readonly view: DataView;
  /** Virtual page -> physical page, for addresses that need a walk. */
  private readonly walked = new Map<bigint, number | undefined>();

  constructor(
    readonly ram: Uint8Array,
    readonly map: HeraldMap | undefined,
    readonly paging: Paging | undefined,
  ) {
    this.view = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
  }

  /** The same memory with other page tables in force. */
  under(cr3: bigint): GuestMemory {
    return new GuestMemory(this.ram, this.map, this.paging && { ...this.paging, cr3 });
  }

  symbol(name: string): bigint | undefined {
    return this.map?.symbols.get(name)?.address;
  }

  /** Low and high half of a table entry at a physical address; undefined outside RAM. */
  entryAt(physical: number): { low: number; high: number } | undefined {
    if (physical < 0 || physical + 8 > this.ram.length) return undefined;
    return { low: this.view.getUint32(physical, true), high: this.view.getUint32(physical + 4, true) };
  }

  /** Where a virtual address lies in memory, by the kernel's fixed mappings or by the page tables in force. */
  physical(virtual: bigint): number | undefined {
    if (this.map) {
      const inKernel = virtual - this.map.kernelVirtualBase;
      if (inKernel >= 0n && inKernel < KERNEL_WINDOW) return this.inRam(Number(inKernel));
      const direct = virtual - this.map.directMapBase;
      if (direct >= 0n && direct < BigInt(this.ram.length)) return Number(direct);
    }
    if (!this.paging) return undefined;
    const page = virtual >> 12n;
    let base = this.walked.get(page);
    if (base === undefined && !this.walked.has(page)) {
      base = walkPage(this, this.paging, virtual);
      this.walked.set(page, base);
    }
    return base === undefined ? undefined : this.inRam(base + Number(virtual & 0xfffn));
  }

  private inRam(physical: number): number | undefined {
    return physical < this.ram.length ? physical : undefined;
  }

  u32(virtual: bigint): number | undefined {
    const at = this.physical(virtual);
    if (at === undefined || (at & 3) !== 0) return undefined;
    return this.view.getUint32(at, true);
  }

  u64(virtual: bigint): bigint | undefined {
    const at = this.physical(virtual);
    if (at === undefined || (at & 7) !== 0) return undefined;
    return this.view.getBigUint64(at, true);
  }

  /** A copy of bytes at a virtual address; stops early where the memory does. */
  bytes(virtual: bigint, length: number): Uint8Array {
    const copy = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const at = this.physical(virtual + BigInt(done));
      if (at === undefined) break;
      const size = Math.min(length - done, PAGE - (at % PAGE), this.ram.length - at);
      copy.set(this.ram.subarray(at, at + size), done);
      done += size;
    }
    return copy.subarray(0, done);
  }

  /** A structure at a virtual address, or undefined when any byte of it is not there. */
  structure<Names extends string>(structure: Struct<Names>, virtual: bigint): StructView<Names> | undefined {
    if (virtual === 0n) return undefined;
    const at = this.physical(virtual);
    if (at === undefined) return undefined;
    const linear = this.physical(virtual + BigInt(structure.size - 1)) === at + structure.size - 1;
    if (structure.size <= PAGE && linear) return new StructView(structure, this.view, at, virtual);
    const copy = this.bytes(virtual, structure.size);
    if (copy.length < structure.size) return undefined;
    return new StructView(structure, new DataView(copy.buffer, copy.byteOffset, copy.length), 0, virtual);
  }

  /** A global of the kernel by its name. */
  global<Names extends string>(name: string, structure: Struct<Names>): StructView<Names> | undefined {
    const at = this.symbol(name);
    return at === undefined ? undefined : this.structure(structure, at);
  }
}

/** Physical address of the page that holds `virtual` (4-level and 5-level paging, SDM 3, 4.5), or undefined. */
function walkPage(memory: GuestMemory, paging: Paging, virtual: bigint): number | undefined {
  const bits = paging.levels === 5 ? 57 : 48;
  if (BigInt.asUintN(64, BigInt.asIntN(bits, virtual)) !== virtual) return undefined;
  let table = Number(paging.cr3 & 0x000f_ffff_ffff_f000n);
  for (let level: number = paging.levels; level >= 1; level--) {
    const shift = 12 + 9 * (level - 1);
    const index = Number((virtual >> BigInt(shift)) & 511n);
    const entry = memory.entryAt(table + 8 * index);
    if (!entry || (entry.low & 1) === 0) return undefined;
    const large = level > 1 && (entry.low & 0x80) !== 0;
    if (large && level > 3) return undefined;
    const address = (entry.high & ADDRESS_HIGH) * 2 ** 32 + ((entry.low & 0xffff_f000) >>> 0);
    if (level === 1) return address;
    if (large) {
      const size = 2 ** shift;
      return address - (address % size) + Number(virtual & BigInt(size - 1) & ~0xfffn);
    }
    table = address;
  }
  return undefined;
}
