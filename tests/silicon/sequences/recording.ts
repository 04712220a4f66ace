/** The form in which sequences and their outcomes are recorded: a line for each, numbers in hexadecimal, what did not change left out. */
import { gunzipSync, gzipSync } from "node:zlib";
import type { Bits } from "../cases";
import { digest, initialState, type Recorded, type Sequence } from "./cases";

type Registers = Record<string, string>;
/** Mode, place and code; seed, flags and registers before; vector, error code, CR2, RIP, flags, registers that changed, digest of memory. */
type Line = [string, number, number, Registers, number, number, string, string, number, Registers, string, ...More];
/** Segments before, filling of memory, segments after, digest of x87 and vectors. */
type More = [] | [readonly number[] | null, string, readonly number[], string, ...Behind];
/** Steps from label to label, digest of the exceptions. */
type Behind = [] | [readonly number[], string];

const texts = (values: Iterable<readonly [number, bigint]>): Registers =>
  Object.fromEntries([...values].map(([n, value]) => [n, value.toString(16)]));
const numbers = (values: Registers) =>
  new Map(Object.entries(values).map(([n, value]): [number, bigint] => [Number(n), BigInt(`0x${value}`)]));

function sums(steps: readonly number[]): number[] {
  let sum = 0;
  return steps.map((step) => (sum += step));
}

function lineOf({ test, outcome }: Recorded): Line {
  const { registers, memory } = initialState(test);
  const { vector, error, cr2, rip, flags, segments, floats, events } = outcome;
  const changed = [...outcome.registers.entries()].filter(([n, value]) => value !== registers[n]);
  const same = digest(memory) === outcome.memory;
  const head = `${test.bits} ${test.place} ${Buffer.from(test.code).toString("hex")}`;
  const { labels } = test;
  const behind: Behind =
    labels && events !== undefined
      ? [labels.map((label, n) => label - (labels[n - 1] ?? 0)), events && digest(Buffer.from(events))]
      : [];
  const more: More =
    segments && floats
      ? [test.segments ?? null, test.filling ?? "bits", segments, digest(Buffer.from(floats)), ...behind]
      : [];
  return [
    ...([head, test.seed, test.flags, texts(test.registers), vector, error, cr2.toString(16)] as const),
    ...([rip.toString(16), flags, texts(changed), same ? "" : outcome.memory, ...more] as const),
  ];
}

function recordedOf(line: Line): Recorded {
  const [head, seed, flags, patches, vector, error, cr2, rip, after, changed, memory, ...more] = line;
  const [given, filling, segments, floats, steps, events] = more;
  const [bits, place, code] = head.split(" ");
  const test: Sequence = {
    bits: Number(bits) as Bits,
    place: Number(place),
    code: Buffer.from(code, "hex"),
    ...{ seed, flags, registers: numbers(patches), segments: given ?? undefined },
    filling: filling === "numbers" ? filling : "bits",
    labels: steps && sums(steps),
  };
  const before = initialState(test);
  const registers = before.registers;
  for (const [n, value] of numbers(changed)) registers[n] = value;
  const outcome = {
    ...{ vector, error, cr2: BigInt(`0x${cr2}`), rip: BigInt(`0x${rip}`), flags: after, registers },
    ...{ memory: memory || digest(before.memory), segments, floats, events },
  };
  return { test, outcome };
}

export const pack = (all: readonly Recorded[]): Uint8Array =>
  gzipSync(all.map((one) => JSON.stringify(lineOf(one))).join("\n"), { level: 9 });

export const unpack = (compressed: Uint8Array): Recorded[] =>
  gunzipSync(compressed)
    .toString()
    .split("\n")
    .map((text) => recordedOf(JSON.parse(text) as Line));
