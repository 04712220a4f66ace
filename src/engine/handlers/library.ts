/**
 * The handlers: one Wasm table, filled by a base module, one module of what every boot needs, and further modules for shapes
 * that turn up later. A shape without a handler is impossible: asking for it makes one.
 */
import type { Decoded } from "../decode/decode";
import type { Catalogue, Entry, Resolved } from "./catalogue";
import { defaultHandlerOptions, type HandlerOptions } from "./handler";
import { writeHandlers } from "./modules";
import { shapeNumber, shapeOf } from "./shape";
import { SPECIAL } from "./special";
import { startFor } from "./start";

export type { Resolved } from "./catalogue";

export type HostFunctions = Readonly<Record<string, (...args: number[]) => number>>;

/** Small modules are put together once there are this many: every instance keeps its own copy of the table. */
const MOST_MODULES = 32;
const TABLE_STEP = 512;

export class HandlerLibrary {
  readonly table: WebAssembly.Table;
  /** (record) -> EXIT: runs the block at the record, already charged. */
  readonly run: (record: number) => number;
  /** What of the runtime the system side calls too. */
  readonly runtime: { readonly extendedArithmetic: (...places: number[]) => number };
  private readonly base: WebAssembly.Exports;
  private readonly catalogue: Catalogue;
  /** Made since the start, in all later modules together. */
  private readonly later: Entry[] = [];
  private smallModules = 0;
  private readonly resolved = new Map<number, Resolved>();

  constructor(
    private readonly memory: WebAssembly.Memory,
    private readonly hostFunctions: HostFunctions,
    readonly options: HandlerOptions = defaultHandlerOptions,
  ) {
    const start = startFor(options);
    this.catalogue = start.catalogue.copy();
    this.table = new WebAssembly.Table({ element: "anyfunc", initial: this.catalogue.size + TABLE_STEP });
    this.base = this.instantiate(start.base, {});
    this.instantiate(start.usual, this.base);
    this.run = this.base.run as HandlerLibrary["run"];
    this.runtime = this.base as unknown as HandlerLibrary["runtime"];
  }

  /** Handlers there are, those made after the start, and modules that hold them. */
  get counts(): { handlers: number; later: number; modules: number } {
    const handlers = this.catalogue.size - SPECIAL.count;
    return { handlers, later: this.later.length, modules: 2 + this.smallModules };
  }

  /** The handler for a decoded instruction in a mode. Call `complete` before running it. */
  resolve(decoded: Decoded, mode: number): Resolved {
    const number = shapeNumber(decoded, mode);
    let resolved = this.resolved.get(number);
    if (!resolved) this.resolved.set(number, (resolved = this.catalogue.resolve(shapeOf(decoded, mode))));
    return resolved;
  }

  /** Compiles the handlers that were asked for and did not exist. */
  complete(): void {
    const entries = this.catalogue.takePending();
    if (entries.length === 0) return;
    this.later.push(...entries);
    this.room();
    const together = ++this.smallModules === MOST_MODULES;
    if (together) this.smallModules = 1;
    this.instantiate(new WebAssembly.Module(writeHandlers(together ? this.later : entries, this.options)), this.base);
  }

  /** A table slot for code that is no handler. */
  reserve(): number {
    const slot = this.catalogue.reserve();
    this.room();
    return slot;
  }

  /** Nothing is in a slot that was reserved any more: what only it held can be collected. */
  clear(slot: number): void {
    this.table.set(slot, null);
  }

  /** Adds a module of other code, which may import what handlers import. */
  add(bytes: Uint8Array<ArrayBuffer>): void {
    this.instantiate(new WebAssembly.Module(bytes), this.base);
  }

  private room(): void {
    const missing = this.catalogue.size - this.table.length;
    if (missing > 0) this.table.grow(missing + TABLE_STEP);
  }

  private instantiate(module: WebAssembly.Module, base: WebAssembly.Exports): WebAssembly.Exports {
    const imports = { e: { ...this.hostFunctions, ...base, memory: this.memory, table: this.table } };
    return new WebAssembly.Instance(module, imports as WebAssembly.Imports).exports;
  }
}
