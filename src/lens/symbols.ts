/** Names for addresses: the nearest symbol at or below, of the kernel or of one program. */
import type { SymbolTable } from "./map";

/** How far a label of the assembler may reach: not across the gap between two parts of an image. */
const LABEL_REACH = 4096n;

export class Symbols {
  private readonly sorted: readonly { readonly name: string; readonly address: bigint; readonly end: bigint }[];

  constructor(table: SymbolTable | undefined) {
    const entries = [...(table ?? [])].map(([name, place]) => ({ name, ...place }));
    // Where several begin together, the one with the largest body names the place.
    entries.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : a.size - b.size));
    this.sorted = entries.map(({ name, address, size }, index) => {
      // A label reaches to the next symbol; the last one ends the image.
      const next = entries[index + 1]?.address ?? address;
      const reach = next - address < LABEL_REACH ? next - address : LABEL_REACH;
      return { name, address, end: address + (size > 0 ? BigInt(size) : reach) };
    });
  }

  private at(address: bigint) {
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.sorted[middle].address <= address) low = middle + 1;
      else high = middle;
    }
    const found = this.sorted[low - 1];
    return found && address < found.end ? found : undefined;
  }

  /** Address of the symbol that holds this one. */
  below(address: bigint): bigint | undefined {
    return this.at(address)?.address;
  }

  /** "topic_publish+0x12"; undefined outside every symbol. */
  nearest(address: bigint): string | undefined {
    const found = this.at(address);
    if (!found) return undefined;
    const distance = address - found.address;
    return distance === 0n ? found.name : `${found.name}+0x${distance.toString(16)}`;
  }
}
