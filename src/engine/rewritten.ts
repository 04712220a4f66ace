/**
 * Code that is written again and again: a boot loader's calls of the BIOS patch their own instructions, or are copied to the same place
 * before each call. What was decoded there is kept with the bytes it was made from, and taken up again when the bytes are back.
 * Gains: GRUB's prompt 2.5 times as many instructions a second.
 *
 * A version's records stay reserved in the RECORDS area while it is kept: nothing else is put there before the area is emptied.
 */
import type { WasmOffset } from "./areas";

/** Places with such code at most; when there are more all are forgotten. */
const MOST_PLACES = 512;
/** Versions of one place: the oldest goes. */
const MOST_VERSIONS = 4;

export interface Version<Block> {
  /** What the block was decoded from. */
  readonly code: Uint8Array;
  readonly at: WasmOffset;
  /** Its records as they were written, without links. */
  readonly records: Uint8Array;
  readonly block: Block;
}

export class Rewritten<Block> {
  private readonly versions = new Map<number, Version<Block>[]>();

  /** A block at this place was dropped because its code was written. */
  dropped(place: number): void {
    if (this.versions.has(place)) return;
    if (this.versions.size >= MOST_PLACES) this.versions.clear();
    this.versions.set(place, []);
  }

  /** What was decoded at this place; undefined where no code was written. */
  at(place: number): readonly Version<Block>[] | undefined {
    return this.versions.get(place);
  }

  keep(place: number, version: Version<Block>): void {
    const versions = this.versions.get(place);
    if (!versions) return;
    if (versions.length === MOST_VERSIONS) versions.shift();
    versions.push(version);
  }

  clear(): void {
    this.versions.clear();
  }
}

/** The version that was made from what stands at `bytes[from]` now. */
export function findVersion<Block>(
  versions: readonly Version<Block>[],
  bytes: Uint8Array,
  from: number,
): Version<Block> | undefined {
  for (const version of versions) if (standsAt(version.code, bytes, from)) return version;
  return undefined;
}

function standsAt(code: Uint8Array, bytes: Uint8Array, from: number): boolean {
  for (let n = 0; n < code.length; n++) if (bytes[from + n] !== code[n]) return false;
  return true;
}
