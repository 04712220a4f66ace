import { expect, test } from "vitest";
import { ModuleWriter } from "../../../src/engine/wasm/module";
import { writeRuntime } from "../../../src/engine/wasm/runtime";

const module = new ModuleWriter();
writeRuntime(module);
const environment = {
  memory: new WebAssembly.Memory({ initial: 1 }),
  table: new WebAssembly.Table({ element: "anyfunc", initial: 1 }),
};
const { divide, multiplyHigh } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { e: environment })
  .exports as Record<string, (...values: (bigint | number)[]) => bigint>;

const unsigned = (value: bigint) => BigInt.asUintN(64, value);

/** Values near those where digits and carries change, and some from anywhere. */
function* samples(): Generator<bigint> {
  for (const bit of [0n, 1n, 31n, 32n, 33n, 62n, 63n])
    for (const near of [-2n, -1n, 0n, 1n]) yield unsigned((1n << bit) + near);
  let state = 88172645463325252n;
  for (let count = 0; count < 24; count++) {
    state = unsigned(state ^ (state << 13n));
    state ^= state >> 7n;
    state = unsigned(state ^ (state << 17n));
    yield state >> BigInt((count * 7) % 64);
  }
}

test("128-bit products and their division", () => {
  const values = [...samples()];
  let wrong = 0;
  for (const a of values)
    for (const b of values) {
      if (unsigned(multiplyHigh(a, b)) !== (a * b) >> 64n) wrong++;
      for (const divisor of values) {
        if (a >= divisor) continue;
        const dividend = (a << 64n) | b;
        if (unsigned(divide(a, b, divisor, 0)) !== dividend / divisor) wrong++;
        if (unsigned(divide(a, b, divisor, 1)) !== dividend % divisor) wrong++;
      }
    }
  expect(wrong).toBe(0);
});
