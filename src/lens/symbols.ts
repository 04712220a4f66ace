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

  /** "topic_publish+0x12"; undefined outside the kernel's image. */
  nearest(address: bigint): string | undefined {
    let low = 0;
    let high = this.addresses.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.addresses[middle] <= address) low = middle + 1;
      else high = middle;
    }
    // The last symbol ends the image: what lies behind it has no name.
    if (low === 0 || low === this.addresses.length) return undefined;
    const distance = address - this.addresses[low - 1];
    return distance === 0n ? this.names[low - 1] : `${this.names[low - 1]}+0x${distance.toString(16)}`;
  }
}
