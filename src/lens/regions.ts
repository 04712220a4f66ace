/** What the kernel says lies where in an address space (herald/layout.ts, and the fields of the process). */
import { constants, enums } from "../herald/layout";
import type { GuestMemory } from "./memory";
import type { ProcessStruct } from "./processes";

export interface AddressRange {
  readonly start: bigint;
  /** Bytes. */
  readonly length: bigint;
  readonly writable: boolean;
  readonly executable: boolean;
  readonly user: boolean;
  /** What it is, where the kernel knows: code, data, heap, stack, guard, kernel, direct map, unmapped. */
  readonly what: string;
  /** False for a range that is kept free on purpose: a guard page, a stack's room to grow. */
  readonly mapped?: boolean;
}

/** Pages from `start`, all with the same rights. */
export interface PageRange {
  readonly start: number;
  pages: number;
  readonly writable: boolean;
  readonly executable: boolean;
  readonly user: boolean;
}

interface Rights {
  readonly writable: boolean;
  readonly executable: boolean;
  readonly user: boolean;
}

/** Addresses [start, end) and how what is mapped there is called. */
export interface NamedRegion {
  readonly start: bigint;
  readonly end: bigint;
  readonly what: string | ((rights: Rights) => string);
  /** Never mapped, but worth showing. */
  readonly free?: boolean;
}

const page = BigInt(constants.PAGE_SIZE);

const byRights = (prefix: string) => (rights: Rights) =>
  prefix + (rights.executable ? "code" : rights.writable ? "data" : "read-only data");

const kernelStacks: readonly NamedRegion[] = Array.from({ length: constants.MAX_PROCESSES }, (_, pid) => {
  const end = constants.KERNEL_STACKS_BASE + BigInt((pid + 1) * constants.KERNEL_STACK_STRIDE);
  return { start: end - BigInt(constants.KERNEL_STACK_SIZE), end, what: `kernel stack of ${pid}` };
});

/** The half of the address space that all processes share. */
function kernelRegions(memory: GuestMemory): NamedRegion[] {
  const map = memory.map;
  if (!map) return [];
  const image = map.kernelVirtualBase + map.kernelPhysicalBase;
  return [
    { start: map.directMapBase, end: map.directMapBase + (1n << 46n), what: "direct map" },
    ...kernelStacks,
    { start: constants.HEAP_BASE, end: constants.HEAP_BASE + BigInt(constants.HEAP_LIMIT), what: "kernel heap" },
    { start: image, end: memory.symbol("kernel_end") ?? image + (1n << 30n), what: byRights("kernel ") },
  ];
}

/** The half that belongs to one process. */
function userRegions(process: ProcessStruct): NamedRegion[] {
  if (process.number("kind") !== enums.process_kind.byName.native) return [];
  const heapStart = process.big("heap_start");
  const heapEnd = process.big("heap_end");
  const stackLow = process.big("stack_low");
  const stackFloor = constants.USER_STACK_TOP - BigInt(constants.USER_STACK_LIMIT);
  const regions: NamedRegion[] = [
    { start: constants.USER_BASE, end: heapStart, what: byRights("") },
    { start: heapStart, end: heapEnd, what: "heap" },
    { start: stackFloor - page, end: stackFloor, what: "guard", free: true },
    { start: stackFloor, end: stackLow, what: "room for the stack", free: true },
    { start: stackLow, end: constants.USER_STACK_TOP, what: "stack" },
  ];
  // While the process is being built some of these are still zero.
  return regions.filter(({ start, end }) => start < end);
}

/** All that is known, lowest address first. */
export function namedRegions(memory: GuestMemory, process: ProcessStruct | undefined): readonly NamedRegion[] {
  return [...(process ? userRegions(process) : []), ...kernelRegions(memory)];
}

function named(range: PageRange, start: bigint, end: bigint, region: NamedRegion | undefined): AddressRange {
  const { writable, executable, user } = range;
  const what = region?.what ?? (user ? "user" : "supervisor");
  return {
    start,
    length: end - start,
    writable,
    executable,
    user,
    what: typeof what === "string" ? what : what(range),
    mapped: true,
  };
}

/** Cuts ranges where regions begin and end, names the pieces, and adds the regions that are free on purpose. */
export function nameRanges(
  ranges: readonly PageRange[],
  regions: readonly NamedRegion[],
  bits: number,
): readonly AddressRange[] {
  const result: AddressRange[] = [];
  for (const range of ranges) {
    let start = BigInt.asUintN(64, BigInt.asIntN(bits, BigInt(range.start) << 12n));
    const end = start + (BigInt(range.pages) << 12n);
    while (start < end) {
      const from = start;
      const region = regions.find((one) => !one.free && one.start <= from && from < one.end);
      const next = regions.find((one) => !one.free && one.start > from && one.start < end);
      let stop = region && region.end < end ? region.end : end;
      if (next && next.start < stop) stop = next.start;
      result.push(named(range, start, stop, region));
      start = stop;
    }
  }
  for (const region of regions)
    if (region.free && typeof region.what === "string")
      result.push({
        start: region.start,
        length: region.end - region.start,
        writable: false,
        executable: false,
        user: true,
        what: region.what,
        mapped: false,
      });
  return result.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
}
