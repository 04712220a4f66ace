/** Wasm modules of handlers: the base module (specials, entry, runtime), and those that are filled with entries of the catalogue. */
import { I32 } from "../wasm/code";
import { ModuleWriter, type Signature } from "../wasm/module";
import { type RuntimeFunction, runtimeSignatures, writeRuntime } from "../wasm/runtime";
import type { HostFunction } from "./access";
import type { Entry } from "./catalogue";
import { writeHandler } from "./handler";
import { defaultHandlerOptions, type HandlerOptions, type Surroundings } from "./surroundings";
import { writeRun, writeSpecials } from "./special";

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
export function writeHandlers(entries: readonly Entry[], options: HandlerOptions): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter();
  const surroundings = new ModuleSurroundings(module, options);
  const written = entries.map(({ slot, shape, meaning }) => ({
    slot,
    code: writeHandler(shape, meaning, surroundings),
  }));
  for (const { slot, code } of written) module.element(slot, module.define(HANDLER, code));
  return module.encode();
}

export function writeBase(): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter();
  const surroundings = new ModuleSurroundings(module);
  const specials = writeSpecials(surroundings);
  for (const [slot, code] of specials) module.element(slot, module.define(HANDLER, code));
  module.export("run", module.define(HANDLER, writeRun(surroundings)));
  writeRuntime(module);
  return module.encode();
}
