/** Writer of WebAssembly modules that import their memory and table (core specification, 5.5). */
import { Bytes } from "./bytes";
import type { Code, ValueType } from "./code";

export interface Signature {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

const section = { type: 1, import: 2, function: 3, export: 7, element: 9, code: 10 } as const;
const FUNCTION_TYPE = 0x60;
const FUNCTION_KIND = 0;
const TABLE_KIND = 1;
const MEMORY_KIND = 2;
const FUNCREF = 0x70;

/** All imports come from module "e". Functions must be imported before any is defined (their indices come first). */
export class ModuleWriter {
  private readonly types: { key: string; signature: Signature }[] = [];
  private readonly imports: { name: string; type: number }[] = [];
  private readonly functions: { type: number; code: Code }[] = [];
  private readonly exports: { name: string; index: number }[] = [];
  /** Table slots that instantiation fills: slot -> function index. */
  private readonly elements: { slot: number; index: number }[] = [];

  type(signature: Signature): number {
    const key = `${signature.parameters.join()}:${signature.results.join()}`;
    const known = this.types.findIndex((type) => type.key === key);
    if (known >= 0) return known;
    this.types.push({ key, signature });
    return this.types.length - 1;
  }

  import(name: string, signature: Signature): number {
    if (this.functions.length) throw new Error("imports come before functions");
    const known = this.imports.findIndex((entry) => entry.name === name);
    if (known >= 0) return known;
    this.imports.push({ name, type: this.type(signature) });
    return this.imports.length - 1;
  }

  define(signature: Signature, code: Code): number {
    this.functions.push({ type: this.type(signature), code });
    return this.imports.length + this.functions.length - 1;
  }

  export(name: string, index: number): void {
    this.exports.push({ name, index });
  }

  element(slot: number, index: number): void {
    this.elements.push({ slot, index });
  }

  encode(): Uint8Array<ArrayBuffer> {
    const out = new Bytes();
    for (const byte of [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) out.u8(byte);
    const add = (id: number, count: number, fill: (bytes: Bytes) => void) => {
      if (count === 0) return;
      const content = new Bytes().u32(count);
      fill(content);
      out.u8(id).u32(content.length).append(content);
    };
    add(section.type, this.types.length, (bytes) => this.types.forEach((type) => writeType(bytes, type.signature)));
    add(section.import, this.imports.length + 2, (bytes) => this.writeImports(bytes));
    add(section.function, this.functions.length, (bytes) => this.functions.forEach(({ type }) => bytes.u32(type)));
    add(section.export, this.exports.length, (bytes) =>
      this.exports.forEach(({ name, index }) => bytes.name(name).u8(FUNCTION_KIND).u32(index)),
    );
    const runs = consecutive(this.elements);
    add(section.element, runs.length, (bytes) => runs.forEach((run) => writeElements(bytes, run)));
    add(section.code, this.functions.length, (bytes) =>
      this.functions.forEach(({ code }) => bytes.append(code.encode())),
    );
    return out.take();
  }

  private writeImports(bytes: Bytes): void {
    for (const { name, type } of this.imports) bytes.name("e").name(name).u8(FUNCTION_KIND).u32(type);
    bytes.name("e").name("memory").u8(MEMORY_KIND).u8(0).u32(1);
    bytes.name("e").name("table").u8(TABLE_KIND).u8(FUNCREF).u8(0).u32(1);
  }
}

function writeType(bytes: Bytes, { parameters, results }: Signature): void {
  bytes.u8(FUNCTION_TYPE).u32(parameters.length);
  for (const type of parameters) bytes.u8(type);
  bytes.u32(results.length);
  for (const type of results) bytes.u8(type);
}

interface Run {
  slot: number;
  indices: number[];
}

function consecutive(elements: readonly { slot: number; index: number }[]): Run[] {
  const runs: Run[] = [];
  for (const { slot, index } of elements) {
    const last = runs[runs.length - 1];
    if (last && last.slot + last.indices.length === slot) last.indices.push(index);
    else runs.push({ slot, indices: [index] });
  }
  return runs;
}

/** Active segment of table 0 with a constant offset. */
function writeElements(bytes: Bytes, run: Run): void {
  bytes.u8(0).u8(0x41).s32(run.slot).u8(0x0b).u32(run.indices.length);
  for (const index of run.indices) bytes.u32(index);
}
