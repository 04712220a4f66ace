/**
 * The handlers: one Wasm table, filled by a base module, one module made at start-up (what 64-bit code usually needs) and further
 * modules for shapes that turn up later. A shape without a handler is impossible: asking for it makes one.
 */
import type { Decoded } from "../decode/decode";
import { I32 } from "../wasm/code";
import { ModuleWriter, type Signature } from "../wasm/module";
import { type RuntimeFunction, runtimeSignatures, writeRuntime } from "../wasm/runtime";
import type { HostFunction } from "./access";
import { type Surroundings, writeHandler } from "./handler";
import { type Meaning, meaningOf } from "./meaning";
import { operandsKey, type Shape, shapeKey, shapeOf } from "./shape";
import { SPECIAL, writeEnter, writeRun, writeSpecials } from "./special";

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

/** A handler and how its records must look. */
export interface Resolved {
  readonly slot: number;
  readonly shape: Shape;
  /** The memory operand's address is computed by a micro-record in front. */
  readonly addressRecord: boolean;
  /** Always goes elsewhere: nothing follows it in a block. */
  readonly jumps: boolean;
}

interface Entry {
  readonly slot: number;
  readonly shape: Shape;
  readonly meaning: Meaning;
}

export class HandlerLibrary {
  readonly table: WebAssembly.Table;
  readonly enter: (record: number) => number;
  readonly run: (record: number) => number;
  private readonly base: WebAssembly.Exports;
  private readonly byShape = new Map<string, Resolved>();
  private readonly bySpecialisation = new Map<string, Entry>();
  private slots: number = SPECIAL.count;
  /** Made since the base module, in all later modules together. */
  private later: Entry[] = [];
  private pending: Entry[] = [];
  private smallModules = 0;

  constructor(
    private readonly memory: WebAssembly.Memory,
    private readonly hostFunctions: HostFunctions,
    usual: Iterable<Shape> = [],
  ) {
    for (const shape of usual) this.resolveShape(shape);
    this.table = new WebAssembly.Table({ element: "anyfunc", initial: this.slots + TABLE_STEP });
    this.base = this.instantiate(writeBase(), {});
    if (this.pending.length) this.instantiate(writeHandlers(this.pending), this.base);
    this.pending = [];
    this.enter = this.base.enter as HandlerLibrary["enter"];
    this.run = this.base.run as HandlerLibrary["run"];
  }

  /** Handlers there are, and modules that hold them. */
  get counts(): { handlers: number; later: number; modules: number } {
    return { handlers: this.slots - SPECIAL.count, later: this.later.length, modules: 2 + this.smallModules };
  }

  /** The handler for a decoded instruction in a mode. Call `complete` before running it. */
  resolve(decoded: Decoded, mode: number): Resolved {
    return this.resolveShape(shapeOf(decoded, mode));
  }

  private resolveShape(shape: Shape): Resolved {
    const key = shapeKey(shape);
    const known = this.byShape.get(key);
    if (known) return known;
    const meaning = meaningOf(shape);
    const { context } = shape;
    const plainAddress = context.long && context.addressSize === 64;
    const hasMemory = shape.operands.some(({ kind }) => kind === "memory");
    const addressRecord = hasMemory && !plainAddress && !meaning.usesAddress;
    const canonical = addressRecord ? withSimpleMemory(shape) : shape;
    let entry = this.bySpecialisation.get(specialisation(canonical, meaning));
    if (!entry) {
      entry = { slot: this.slots++, shape: canonical, meaning };
      this.bySpecialisation.set(specialisation(canonical, meaning), entry);
      this.pending.push(entry);
    }
    const jumps = meaning.effects.some((effect) => effect.kind === "jump" && !effect.condition);
    const resolved = { slot: entry.slot, shape: canonical, addressRecord, jumps };
    this.byShape.set(key, resolved);
    return resolved;
  }

  /** Compiles the handlers that were asked for and did not exist. */
  complete(): void {
    if (this.pending.length === 0) return;
    const entries = this.pending;
    this.pending = [];
    this.later.push(...entries);
    if (this.slots > this.table.length) this.table.grow(this.slots - this.table.length + TABLE_STEP);
    if (++this.smallModules < MOST_MODULES) this.instantiate(writeHandlers(entries), this.base);
    else {
      this.instantiate(writeHandlers(this.later), this.base);
      this.smallModules = 1;
    }
  }

  private instantiate(bytes: Uint8Array<ArrayBuffer>, base: WebAssembly.Exports): WebAssembly.Exports {
    const imports = { e: { ...this.hostFunctions, ...base, memory: this.memory, table: this.table } };
    return new WebAssembly.Instance(new WebAssembly.Module(bytes), imports as WebAssembly.Imports).exports;
  }
}

function withSimpleMemory(shape: Shape): Shape {
  const operands = shape.operands.map((o) => (o.kind === "memory" ? { ...o, simple: true } : o));
  return { ...shape, operands };
}

function specialisation(shape: Shape, meaning: Meaning): string {
  let key = `${shape.instruction.id}.${operandsKey(shape)}.${shape.rep}`;
  for (const name of ["operandSize", "addressSize", "stackSize", "long", "condition"] as const) {
    key += meaning.touched.has(name) ? `.${Number(shape.context[name])}` : ".";
  }
  return key;
}

class ModuleSurroundings implements Surroundings {
  readonly handlerType: number;
  constructor(private readonly module: ModuleWriter) {
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
function writeHandlers(entries: readonly Entry[]): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter();
  const surroundings = new ModuleSurroundings(module);
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
  module.export("enter", module.define(HANDLER, writeEnter(surroundings)));
  module.export("run", module.define(HANDLER, writeRun(surroundings)));
  writeRuntime(module);
  return module.encode();
}
