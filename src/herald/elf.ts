/** Reads symbols out of an ELF64 file, for the map. */

export interface ElfSymbol {
  readonly name: string;
  readonly address: bigint;
  readonly size: number;
  readonly kind: "function" | "object" | "label";
}

const SECTION_SYMTAB = 2;
const TYPE_OBJECT = 1;
const TYPE_FUNCTION = 2;
const TYPE_SECTION = 3;
const TYPE_FILE = 4;

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

function readSections(view: DataView): Section[] {
  const start = Number(view.getBigUint64(0x28, true));
  const size = view.getUint16(0x3a, true);
  return Array.from({ length: view.getUint16(0x3c, true) }, (_, index) => {
    const at = start + index * size;
    return {
      type: view.getUint32(at + 4, true),
      offset: Number(view.getBigUint64(at + 24, true)),
      size: Number(view.getBigUint64(at + 32, true)),
      link: view.getUint32(at + 40, true),
    };
  });
}

function text(bytes: Uint8Array, at: number): string {
  return new TextDecoder().decode(bytes.subarray(at, bytes.indexOf(0, at)));
}

/** All functions, objects and labels by address. Two local ones of the same name are told apart as name@file. */
export function elfSymbols(bytes: Uint8Array): ElfSymbol[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sections = readSections(view);
  const table = sections.find((section) => section.type === SECTION_SYMTAB);
  if (!table) return [];
  const strings = sections[table.link].offset;
  const found: (ElfSymbol & { file: string })[] = [];
  let file = "";
  for (let at = table.offset + 24; at < table.offset + table.size; at += 24) {
    const name = text(bytes, strings + view.getUint32(at, true));
    const info = bytes[at + 4];
    const type = info & 15;
    if (type === TYPE_FILE) file = name;
    if (type === TYPE_FILE || type === TYPE_SECTION || name === "") continue;
    const kind = type === TYPE_FUNCTION ? "function" : type === TYPE_OBJECT ? "object" : "label";
    const address = view.getBigUint64(at + 8, true);
    found.push({ name, address, size: Number(view.getBigUint64(at + 16, true)), kind, file: info >> 4 ? "" : file });
  }
  const count = new Map<string, number>();
  for (const { name } of found) count.set(name, (count.get(name) ?? 0) + 1);
  return found
    .map(({ file: where, ...symbol }) =>
      where && count.get(symbol.name)! > 1 ? { ...symbol, name: `${symbol.name}@${where}` } : symbol,
    )
    .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : a.name < b.name ? -1 : 1));
}
