/**
 * Short ways of the system side as one module of generated code: page walks, interrupts and their returns, system calls, INVLPG, POPF.
 * Each function stands before one of the host's, of the same name, and calls it with nothing changed when things are not as usual; so
 * the machine is the same without this module (CpuConfig.quick), and tests run both.
 */
import { type Code, I32, I64, type ValueType } from "../../wasm/code";
import { ModuleWriter, type Signature } from "../../wasm/module";
import { callOf, type Function, type Routine } from "../../wasm/routine";
import {
  clearInterrupts,
  deliver,
  dropPage,
  interrupt,
  interruptAgain,
  interruptReturn,
  invalidatePage,
  popFlags,
  pushFlags,
  returnAgain,
  setInterrupts,
  systemCall,
  systemReturn,
} from "./instructions";
import type { Parts } from "./parts";
import { descriptor, dropsPrivileged, getFlags, goOn, limitOf, setFlags, structure } from "./segments";
import { readControl, writeControl } from "./space";
import { deliver32, return32 } from "./transfers32";
import { deliver64, return64 } from "./transfers64";
import { fill, leaf, locate, readSlow, walk, walk32, walkTables, writeSlow } from "./walk";
import { writeX87, x87Helpers, x87Signatures } from "./x87";

/** Delivery for the host: (vector, kind, error code or -1, RIP's halves) -> 1, or 0 when it is refused. */
export type ShortDelivery = (vector: number, kind: number, code: number, ripLow: number, ripHigh: number) => number;
type HostFunctions = Readonly<Record<string, (...args: number[]) => number>>;

/** Functions that regions call. */
export const regionSignatures = {
  /** (linear, bytes, access) -> Wasm offset of bytes in one page, found by the lookaside or a walk; 0: the interpreter finds out. */
  locate: { parameters: [I64, I32, I32], results: [I32] },
  /** (linear) -> 1 when its page is forgotten (INVLPG); 0: the interpreter does it. */
  dropPage: { parameters: [I64], results: [I32] },
  ...x87Signatures,
} as const satisfies Readonly<Record<string, Signature>>;
export type RegionFunction = keyof typeof regionSignatures;

const helperType: Signature = { parameters: [I32], results: [I32] };
const slowType: Signature = { parameters: [I32, I32], results: [I32] };

class Writer {
  private readonly module = new ModuleWriter();

  import(name: string, signature = helperType): Function {
    return callOf(this.module.import(name, signature));
  }

  /** Whose end is reached, yields 0. */
  define(parameters: readonly ValueType[], routine: Routine, name?: string, result: ValueType = I32): Function {
    const code: Code = routine.end(result === I64 ? 0n : 0);
    const index = this.module.define({ parameters, results: [result] }, code);
    if (name) this.module.export(name, index);
    return callOf(index);
  }

  defineCode(signature: Signature, code: Code): Function {
    return callOf(this.module.define(signature, code));
  }

  helper(name: string, routine: Routine): void {
    this.define([I32], routine, `system.${name}`);
  }

  encode(): Uint8Array<ArrayBuffer> {
    return this.module.encode();
  }
}

function writeParts(writer: Writer): Parts & { readonly walk: Function } {
  const filled = writer.define([I64, I32, I32, I32, I32], fill());
  const finished = writer.define([I64, I32, I32, I32, I32, I32, I32], leaf(filled));
  const short = writer.define([I64, I32], walk32(finished));
  const tables = writer.define([I64, I32, I32, I32, I64], walkTables(finished));
  const walked = writer.define([I64, I32], walk(finished, short, tables));
  const located = writer.define(regionSignatures.locate.parameters, locate(walked), "locate");
  const structureAt = writer.define([I64, I32, I32], structure(located));
  return {
    walk: walked,
    locate: located,
    structure: structureAt,
    descriptor: writer.define([I32], descriptor(structureAt), undefined, I64),
    limitOf: writer.define([I32, I32], limitOf()),
    getFlags: writer.define([], getFlags()),
    setFlags: writer.define([I32], setFlags()),
    dropsPrivileged: writer.define([I32], dropsPrivileged()),
    goOn: writer.define([], goOn()),
  };
}

export function writeShortWays(): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  const helpers = ["interrupt", "interruptReturn", "systemCall", "systemReturn", "invalidatePage"] as const;
  const [onInterrupt, onReturn, onCall, onCallReturn, onInvalidate] = helpers.map((name) =>
    writer.import(`system.${name}`),
  );
  const [onReadControl, onWriteControl] = ["readControl", "writeControl"].map((name) =>
    writer.import(`system.${name}`),
  );
  const flagHelpers = ["getFlags", "setFlags", "clearInterrupts", "setInterrupts"] as const;
  const [onGetFlags, onSetFlags, onClear, onSet] = flagHelpers.map((name) => writer.import(`system.${name}`));
  const [onRead, onWrite] = ["readSlow", "writeSlow"].map((name) => writer.import(name, slowType));
  const x87 = new Map(x87Helpers.map((name) => [name, writer.import(`system.${name}`)]));
  const parts = writeParts(writer);
  writer.define([I32, I32], readSlow(parts.walk, onRead), "readSlow");
  writer.define([I32, I32], writeSlow(parts.walk, onWrite), "writeSlow");
  const long = writer.define([I32, I32, I32, I64], deliver64(parts));
  const flat = writer.define([I32, I32, I32, I32], deliver32(parts));
  writer.define([I32, I32, I32, I32, I32], deliver(long, flat), "deliver");
  const interruptAnew = writer.define([I32], interrupt(long, flat, parts, onInterrupt));
  writer.helper("interrupt", interruptAgain(interruptAnew));
  const return64Bits = writer.define([], return64(parts));
  const return32Bits = writer.define([], return32(parts));
  const returnAnew = writer.define([I32], interruptReturn(return64Bits, return32Bits, parts, onReturn));
  writer.helper("interruptReturn", returnAgain(returnAnew));
  writer.helper("systemCall", systemCall(onCall));
  writer.helper("systemReturn", systemReturn(onCallReturn));
  const drop = writer.define(regionSignatures.dropPage.parameters, dropPage(), "dropPage");
  writer.helper("invalidatePage", invalidatePage(drop, onInvalidate));
  writer.helper("readControl", readControl(onReadControl));
  writer.helper("writeControl", writeControl(onWriteControl));
  writer.helper("getFlags", pushFlags(parts, onGetFlags));
  writer.helper("setFlags", popFlags(parts, onSetFlags));
  writer.helper("clearInterrupts", clearInterrupts(onClear));
  writer.helper("setInterrupts", setInterrupts(onSet));
  writeX87(writer, parts.locate, (name) => x87.get(name)!);
  return writer.encode();
}

let compiled: WebAssembly.Module | undefined;

/** Functions that take the place of those of the host, and `deliver`. */
export function shortWays(
  memory: WebAssembly.Memory,
  host: HostFunctions,
): HostFunctions & { readonly deliver: ShortDelivery } {
  compiled ??= new WebAssembly.Module(writeShortWays());
  const table = new WebAssembly.Table({ element: "anyfunc", initial: 1 });
  const { exports } = new WebAssembly.Instance(compiled, { e: { ...host, memory, table } });
  return exports as unknown as HostFunctions & { readonly deliver: ShortDelivery };
}
