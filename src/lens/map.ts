/** The kernel's map: where its globals are and how its addresses become physical ones. Made with the image; checked here. */
export interface SymbolPlace {
  readonly address: bigint;
  /** Bytes; 0 for a label in assembler. */
  readonly size: number;
}

export type SymbolTable = ReadonlyMap<string, SymbolPlace>;

export interface HeraldMap {
  readonly symbols: SymbolTable;
  /** Symbols of each native program on the disk, by file name. */
  readonly programs: ReadonlyMap<string, SymbolTable>;
  /** Virtual address of physical address 0 in the kernel's own mapping. */
  readonly kernelVirtualBase: bigint;
  readonly kernelPhysicalBase: bigint;
  /** Virtual address of physical address 0 in the map of all memory. */
  readonly directMapBase: bigint;
}

/** Bound on a table: far above Herald's, far below what would hurt. */
const MOST_SYMBOLS = 100_000;

const damaged = (what: string) => new Error(`The kernel's map is damaged: ${what}.`);

function object(value: unknown, what: string): Record<string, unknown> {
  if (!value || typeof value !== "object" || Array.isArray(value)) throw damaged(`${what} is missing`);
  return value as Record<string, unknown>;
}

function address(value: unknown, what: string): bigint {
  if (typeof value !== "string" || !/^0x[0-9a-f]{1,16}$/i.test(value)) throw damaged(`${what} is not an address`);
  return BigInt(value);
}

function symbolTable(value: unknown, what: string): SymbolTable {
  const entries = Object.entries(object(value, what));
  if (entries.length > MOST_SYMBOLS) throw damaged(`${what} has ${entries.length} symbols`);
  return new Map(
    entries.map(([name, place]) => {
      const { address: at, size } = object(place, `symbol ${name}`);
      if (typeof size !== "number" || !(size >= 0)) throw damaged(`symbol ${name} has no size`);
      return [name, { address: address(at, `symbol ${name}`), size }];
    }),
  );
}

/** Takes the parsed JSON of `herald.map.json`; throws with a sentence for a person when it is not one. */
export function parseMap(json: unknown): HeraldMap {
  const source = object(json, "the map");
  const programs = Object.entries(object(source.programs ?? {}, "the list of programs"));
  return {
    symbols: symbolTable(source.symbols, "the symbol table"),
    programs: new Map(
      programs.map(([name, program]) => [
        name,
        symbolTable(object(program, name).symbols, `the symbol table of ${name}`),
      ]),
    ),
    kernelVirtualBase: address(source.kernelVirtualBase, "kernelVirtualBase"),
    kernelPhysicalBase: address(source.kernelPhysicalBase, "kernelPhysicalBase"),
    directMapBase: address(source.directMapBase, "directMapBase"),
  };
}
