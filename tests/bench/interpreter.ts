/**
 * The speed of the interpreter tier, in million guest instructions a second, on machine code made with gcc -O2 (the sources stand
 * beside the bytes in short). Run: npx tsx tests/bench/interpreter.ts
 */
import { CODE, longMachine } from "../engine/machine";

interface Kernel {
  readonly name: string;
  readonly code: string;
  /** Offset of the entry in the code. */
  readonly entry: number;
}

const kernels: readonly Kernel[] = [
  {
    name: "sieve of Eratosthenes to 1000000 (byte memory)",
    entry: 0x80,
    code: "b8000030000f1f00c600014883c001483d40423f0075f1b904000000be020000004531c00f1f400080be0000300000751783c1024883c60181f980841e0075e84c89c0c30f1f40004983c00181f93f420f0077dd89f789c80f1f84000000000089c201f8c68200003000003d3f420f0076ee4883c60183c102ebad0f1f440000e87bfffffff4c3",
  },
  {
    name: "64x64 integer matrix product, 12 times",
    entry: 0xa0,
    code: "31c9b80000400031d289104883c00483c2078988fc3f000083c10d483d0040400075e6bf0001400041b8004040004531c94c8d9700ffffff0f1f8400000000004c89d04c89c131f60f1f8400000000008b100faf114883c0044881c10001000001d64839c775e94183c1014289b407003fc0ff4983c0044183f94075c34881c7000100004881ff00414000759b8b042590814000c366662e0f1f8400000000005341bb0c00000031db0f1f8000000000e84bffffff4801c34183eb0175f24889d8f45bc3",
  },
  {
    name: "recursive Fibonacci of 27 (calls, stack)",
    entry: 0x30,
    code: "41544531e45589fd5383ff01741889fb8d7bff83eb02e8e5ffffff4901c483fb0177ed83e50189e85b5d4c01e0415cc34883ec08bf1b000000e8c2fffffff44883c408c3",
  },
  {
    name: "FNV over 1.5 million bytes (multiply, rotate)",
    entry: 0x50,
    code: "48b983039d73b00f651431d248beb301000000010000662e0f1f8400000000000fb7c283c2010fb680000030004831c8480fafc648c1c0074889c181fa60e3160075ddc366662e0f1f84000000000090e8abfffffff4c3",
  },
];

const ROUNDS = 3;

for (const { name, code, entry } of kernels) {
  let best = Infinity;
  let ticks = 0;
  let result = 0n;
  for (let round = 0; round < ROUNDS; round++) {
    const machine = longMachine(
      Uint8Array.from(code.match(/../g)!, (byte) => parseInt(byte, 16)),
      16,
    );
    machine.state.set64("rip", BigInt(CODE + entry));
    const started = performance.now();
    const stop = machine.cpu.run(2 ** 40);
    best = Math.min(best, performance.now() - started);
    if (stop.kind !== "halted") throw new Error(JSON.stringify(stop));
    ticks = machine.cpu.clock;
    result = machine.state.get64("registers", 0);
  }
  const speed = ticks / best / 1000;
  console.log(
    `${speed.toFixed(1).padStart(7)} MIPS  ${(ticks / 1e6).toFixed(1).padStart(6)} M instructions  ${name}  = ${result}`,
  );
}
