/**
 * The handlers: one Wasm table, filled by a base module, one module of what every boot needs, and further modules for shapes
 * that turn up later. A shape without a handler is impossible: asking for it makes one.
 */
import type { Decoded } from "../decode/decode";
import { I32 } from "../wasm/code";
import { ModuleWriter, type Signature } from "../wasm/module";
import { type RuntimeFunction, runtimeSignatures, writeRuntime } from "../wasm/runtime";
import type { HostFunction } from "./access";
import { Catalogue, type Entry, type Resolved } from "./catalogue";
import { defaultHandlerOptions, type HandlerOptions, type Surroundings, writeHandler } from "./handler";
import { shapeNumber, shapeOf } from "./shape";
import { SPECIAL, writeRun, writeSpecials } from "./special";
import { usualShapes } from "./usual";

export type { Resolved } from "./catalogue";

const HANDLER: Signature = { parameters: [I32], results: [I32] };
const hostSignatures: Readonly<Record<string, Signature>> = {
  /** (record, size | 0x100 when it will be written) -> host offset, or 0 after a fault. */
  readSlow: { parameters: [I32, I32], results: [I32] },
  /** (record, size) -> 0 or EXIT.fault. */
  writeSlow: { parameters: [I32, I32], results: [I32] },
  /** (segment, offset, size, write, record) -> 0 or EXIT.fault. */
  checkSegment: { parameters: [I32, I32, I32, I32, I32], results: [I32] },
  /** (record, vector) -> EXIT.fault. */
  raise: { parameters: [I32, I32], results: [I32] },
};

export type HostFunctions = Readonly<Record<string, (...args: number[]) => number>>;

/** Small modules are put together once there are this many: every instance keeps its own copy of the table. */
const MOST_MODULES = 32;
const TABLE_STEP = 512;

/** What all CPUs of a process share: compiled once. */
interface Start {
  readonly base: WebAssembly.Module;
  readonly usual: WebAssembly.Module;
  readonly catalogue: Catalogue;
}
const starts = new Map<string, Start>();

function startFor(options: HandlerOptions): Start {
  const key = JSON.stringify(options);
  let start = starts.get(key);
  if (!start) starts.set(key, (start = prepare(options)));
  return start;
}

function prepare(options: HandlerOptions): Start {
  const catalogue = new Catalogue(SPECIAL.count);
  for (const shape of usualShapes()) catalogue.resolve(shape);
  const usual = new WebAssembly.Module(writeHandlers(catalogue.takePending(), options));
  return { base: new WebAssembly.Module(writeBase()), usual, catalogue };
}

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

class ModuleSurroundings implements Surroundings {
  readonly handlerType: number;
  constructor(
    private readonly module: ModuleWriter,
    readonly options = defaultHandlerOptions,
  ) {
    this.handlerType = module.type(HANDLER);
  }

  host(name: HostFunction): number {
    return this.module.import(name, hostSignatures[name] ?? HANDLER);
  }

  runtime(name: RuntimeFunction): number {
    return this.module.import(name, runtimeSignatures[name]);
  }
}

/** Imports come before functions in a module: all code is written before any is added. */
function writeHandlers(entries: readonly Entry[], options: HandlerOptions): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter();
  const surroundings = new ModuleSurroundings(module, options);
  const written = entries.map(({ slot, shape, meaning }) => ({
    slot,
    code: writeHandler(shape, meaning, surroundings),
  }));
  for (const { slot, code } of written) module.element(slot, module.define(HANDLER, code));
  return module.encode();
}

function writeBase(): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter();
  const surroundings = new ModuleSurroundings(module);
  const specials = writeSpecials(surroundings);
  for (const [slot, code] of specials) module.element(slot, module.define(HANDLER, code));
  module.export("run", module.define(HANDLER, writeRun(surroundings)));
  writeRuntime(module);
  return module.encode();
}
