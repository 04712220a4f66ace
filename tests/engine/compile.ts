/** Compiles an expression to a Wasm function, for tests of lowering alone. */
import { type Binding, Lowering } from "../../src/engine/lower";
import { Code, I64, op } from "../../src/engine/wasm/code";
import { ModuleWriter } from "../../src/engine/wasm/module";
import { type RuntimeFunction, runtimeSignatures, writeRuntime } from "../../src/engine/wasm/runtime";
import type { Expression, Width } from "../../src/isa/expression";

const environment = () => ({
  memory: new WebAssembly.Memory({ initial: 1 }),
  table: new WebAssembly.Table({ element: "anyfunc", initial: 1 }),
});

function runtime(): Record<string, unknown> {
  const module = new ModuleWriter();
  writeRuntime(module);
  return { ...new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { e: environment() }).exports };
}
const runtimeFunctions = runtime();

export type Three = (a: bigint, b: bigint, c: bigint) => bigint;

/** A Wasm function of three i64; operand n of the expression is the low bits of argument n. */
export function compile(e: Expression): Three {
  return compileCode(new Code(3), (lowering) => {
    lowering.count(e);
    lowering.wide(e);
  });
}

/** The same of code that leaves an i64. */
export function compileCode(code: Code, write: (lowering: Lowering) => void): Three {
  const module = new ModuleWriter();
  const never = (): never => {
    throw new Error("not in this test");
  };
  const binding: Binding = {
    operand({ index, width }) {
      code.get(index);
      if (width === 64) return;
      code.op(op.i32WrapI64);
      if (width < 32) code.i32(2 ** width - 1).op(op.i32And);
    },
    isMemory: () => false,
    runtime: (name: RuntimeFunction) => module.import(name, runtimeSignatures[name]),
    address: never,
    register: never,
    flag: never,
    next: never,
    number: never,
    load: never,
    system: never,
  };
  write(new Lowering(code, binding));
  module.export("f", module.define({ parameters: [I64, I64, I64], results: [I64] }, code));
  const imports = { e: { ...environment(), ...runtimeFunctions } } as WebAssembly.Imports;
  const f = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), imports).exports.f as Three;
  return (a, b, c) => BigInt.asUintN(64, f(a, b, c));
}

export const operand = (index: number, width: Width): Expression => ({ kind: "operand", width, index });
