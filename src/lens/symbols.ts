/** Names for addresses: the nearest symbol of the kernel at or below. */
import type { HeraldMap } from "./map";

export class Symbols {
  private readonly names: readonly string[];
  private readonly addresses: readonly bigint[];

  constructor(map: HeraldMap | undefined) {
    const sorted = [...(map?.symbols ?? [])].sort(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.names = sorted.map(([name]) => name);
    this.addresses = sorted.map(([, at]) => at);
  }

  /** Index of the last symbol at or below; undefined outside the kernel's image (the last symbol is its end). */
  private index(address: bigint): number | undefined {
    let low = 0;
    let high = this.addresses.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.addresses[middle] <= address) low = middle + 1;
      else high = middle;
    }
    return low === 0 || low === this.addresses.length ? undefined : low - 1;
  }

  /** Address of the symbol at or below. */
  below(address: bigint): bigint | undefined {
    const index = this.index(address);
    return index === undefined ? undefined : this.addresses[index];
  }

  /** "topic_publish+0x12"; undefined outside the kernel's image. */
  nearest(address: bigint): string | undefined {
    const index = this.index(address);
    if (index === undefined) return undefined;
    const distance = address - this.addresses[index];
    return distance === 0n ? this.names[index] : `${this.names[index]}+0x${distance.toString(16)}`;
  }
}
