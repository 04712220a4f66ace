/** The kernel's map: where its globals are and how its addresses become physical ones. Made with the image; checked here. */
export interface HeraldMap {
  /** Virtual addresses by name. */
  readonly symbols: ReadonlyMap<string, bigint>;
  /** Virtual address of physical address 0 in the kernel's own mapping. */
  readonly kernelVirtualBase: bigint;
  readonly kernelPhysicalBase: bigint;
  /** Virtual address of physical address 0 in the map of all memory. */
  readonly directMapBase: bigint;
}

/** Bound on a map's symbols: far above Herald's, far below what would hurt. */
const MOST_SYMBOLS = 100_000;

function address(value: unknown, what: string): bigint {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  if (typeof value === "string" && /^(0x[0-9a-f]{1,16}|[0-9]{1,20})$/i.test(value))
    return BigInt.asUintN(64, BigInt(value));
  throw new Error(`The kernel's map is damaged: ${what} is not an address.`);
}

function symbolEntries(symbols: unknown): [string, unknown][] {
  if (Array.isArray(symbols))
    return symbols.map((entry): [string, unknown] => {
      if (Array.isArray(entry)) return [String(entry[0]), entry[1]];
      const { name, address: at } = (entry ?? {}) as { name?: unknown; address?: unknown };
      return [String(name), at];
    });
  if (symbols && typeof symbols === "object") return Object.entries(symbols);
  throw new Error("The kernel's map is damaged: it has no symbols.");
}

/** Takes the parsed JSON of `herald.map.json`; throws with a sentence for a person when it is not one. */
export function parseMap(json: unknown): HeraldMap {
  if (!json || typeof json !== "object") throw new Error("The kernel's map is damaged: it is not an object.");
  const source = json as Record<string, unknown>;
  const entries = symbolEntries(source.symbols);
  if (entries.length > MOST_SYMBOLS) throw new Error("The kernel's map is damaged: it has too many symbols.");
  return {
    symbols: new Map(entries.map(([name, at]) => [name, address(at, `symbol ${name}`)])),
    kernelVirtualBase: address(source.kernelVirtualBase, "kernelVirtualBase"),
    kernelPhysicalBase: address(source.kernelPhysicalBase, "kernelPhysicalBase"),
    directMapBase: address(source.directMapBase, "directMapBase"),
  };
}
