/**
 * The handlers: one Wasm table, filled by a base module, one module of what every boot needs, and further modules for shapes
 * that turn up later. A shape without a handler is impossible: asking for it makes one.
 */
import type { Decoded } from "../decode/decode";
import type { Catalogue, Entry, Resolved } from "./catalogue";
import { defaultHandlerOptions, type HandlerOptions } from "./surroundings";
import { writeHandlers } from "./modules";
import { shapeNumber, shapeOf } from "./shape";
import { SPECIAL } from "./special";
import { type Start, startFor } from "./start";

export type { Resolved } from "./catalogue";

export type HostFunctions = Readonly<Record<string, (...args: number[]) => number>>;

/** Small modules are put together once there are this many: every instance keeps its own copy of the table. */
const MOST_MODULES = 32;
const TABLE_STEP = 512;
/**
 * Modules of regions instantiated with one table. A table keeps every instance that imports it for as long as it lives itself, and in
 * V8 11 each instance keeps a copy of the table: after so many, and twice as many as are in use, all that is in use is instantiated with a new one.
 */
const MOST_INSTANCES = 1024;

interface Other {
  readonly module: WebAssembly.Module;
  /** Those that it still fills. */
  slots: number;
}

export class HandlerLibrary {
  /** (record) -> EXIT: runs the block at the record, already charged. */
  run!: (record: number) => number;
  /** Called when `run` is another; whoever holds on to the old one keeps all that was instantiated with it. */
  renewed: (() => void) | undefined;
  private table!: WebAssembly.Table;
  private base!: WebAssembly.Exports;
  private readonly start: Start;
  private readonly catalogue: Catalogue;
  /** Made since the start, and the modules they are in. */
  private readonly later: Entry[] = [];
  private small: WebAssembly.Module[] = [];
  /** Modules of code that is no handler, oldest first: where one fills a slot that an older one had, it comes later. */
  private readonly others = new Set<Other>();
  private readonly owners = new Map<number, Other>();
  private instances = 0;
  private readonly resolved = new Map<number, Resolved>();

  constructor(
    private readonly memory: WebAssembly.Memory,
    private readonly hostFunctions: HostFunctions,
    readonly options: HandlerOptions = defaultHandlerOptions,
  ) {
    this.start = startFor(options);
    this.catalogue = this.start.catalogue.copy();
    this.instantiateAll();
  }

  /** A new table with everything that is in use. No generated code may be running. */
  private instantiateAll(): void {
    this.table = new WebAssembly.Table({ element: "anyfunc", initial: this.catalogue.size + TABLE_STEP });
    this.base = this.instantiate(this.start.base, {});
    for (const module of [this.start.usual, ...this.small, ...[...this.others].map((other) => other.module)])
      this.instantiate(module, this.base);
    this.instances = this.others.size;
    this.run = this.base.run as HandlerLibrary["run"];
    this.renewed?.();
  }

  /** Handlers there are, those made after the start, and modules that hold them. */
  get counts(): { handlers: number; later: number; modules: number } {
    const handlers = this.catalogue.size - SPECIAL.count;
    return { handlers, later: this.later.length, modules: 2 + this.small.length };
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
    const together = this.small.length + 1 === MOST_MODULES;
    const module = new WebAssembly.Module(writeHandlers(together ? this.later : entries, this.options));
    this.small = together ? [module] : [...this.small, module];
    this.instantiate(module, this.base);
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
    const owner = this.owners.get(slot);
    this.owners.delete(slot);
    if (owner && --owner.slots === 0) this.others.delete(owner);
  }

  /** Adds a module of other code, which fills slots that were reserved, and may import what handlers import. No generated code may be running. */
  add(bytes: Uint8Array<ArrayBuffer>, slots: readonly number[]): void {
    const other = { module: new WebAssembly.Module(bytes), slots: slots.length };
    for (const slot of slots) this.owners.set(slot, other);
    if (slots.length > 0) this.others.add(other);
    if (++this.instances > Math.max(MOST_INSTANCES, 2 * this.others.size)) this.instantiateAll();
    else this.instantiate(other.module, this.base);
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
