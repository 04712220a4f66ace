/** The address space in words. */
import type { AddressRange } from "../../../worker/protocol";
import { grouped } from "../common/format";

const PAGE = 4096n;

export const rightsOf = (range: AddressRange): string =>
  range.mapped === false ? "---" : `r${range.writable ? "w" : "-"}${range.executable ? "x" : "-"}`;

/** "3 pages", "8.0 MiB", "1.00 GiB". */
export function sizeOf(range: AddressRange): string {
  const pages = range.length / PAGE;
  if (pages < 256n) return `${pages} ${pages === 1n ? "page" : "pages"}`;
  const mib = Number(range.length) / 2 ** 20;
  if (mib < 1024) return `${mib < 100 ? mib.toFixed(1) : Math.round(mib)} MiB`;
  const gib = mib / 1024;
  return gib < 1024 ? `${gib.toFixed(1)} GiB` : `${grouped(Math.round(gib / 1024))} TiB`;
}

/** Colour token of a range, by what it is. */
export function rangeToken(range: AddressRange): string {
  const { what } = range;
  if (range.mapped === false) return "--range-other";
  if (what === "stack") return "--range-stack";
  if (!range.user) return "--range-kernel";
  if (what === "heap") return "--range-heap";
  if (what.includes("code")) return "--range-code";
  return what.includes("data") ? "--range-data" : "--range-other";
}

export const holds = (range: AddressRange, address: bigint): boolean =>
  address >= range.start && address < range.start + range.length;
