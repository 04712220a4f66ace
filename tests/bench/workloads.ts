/** The workloads: their images, and what each must print. */
import { readFileSync } from "node:fs";

/** One name for an image and its 32-bit twin, and the value of each: computed once by the same C as a program of the host. */
const values: Readonly<Record<string, readonly [bits64: string, bits32: string]>> = {
  sieve: same("00000000000245c5"),
  recursion: same("000000000bb51c2b"),
  sha256: same("202f75b6b7bea0f7"),
  quicksort: same("c54ec6b0cb7be750"),
  pointers: same("b7ea33d285561800"),
  wide: ["0c6fadbae7840e6a", "00030d41f930181e"],
  matrix: same("e5f8ff02c99f3600"),
  dispatch: same("3da152bf6fcb6d7f"),
  strings: same("000009ee4911f639"),
  interrupts: same("00004e200bebe910"),
  remap: same("a16ad410c20aa750"),
  syscalls: same("000094c3af181f80"),
  floating: same("40face3e55366831"),
};

function same(value: string): readonly [string, string] {
  return [value, value];
}

/** These need ring 0: they have no native form. */
const PRIVILEGED = new Set(["interrupts", "remap", "syscalls"]);
/** Where boot.S keeps how often the workload runs, and how often again after that. */
const REPEAT_OFFSET = 2;
const MORE_OFFSET = 4;

export interface Workload {
  readonly name: string;
  readonly bits: 64 | 32;
  readonly privileged: boolean;
  /** What it prints between its marks. */
  readonly value: string;
  /** Rounds that the image asks for. */
  readonly repeat: number;
  /** Rounds after those, when all is translated. */
  readonly more: number;
  readonly image: Uint8Array;
}

export function load(name: string, bits: 64 | 32): Workload {
  if (!Object.hasOwn(values, name)) throw new Error(`there is no workload ${name}: ${workloadNames.join(", ")}`);
  const file = bits === 64 ? name : `${name}-32`;
  const image = new Uint8Array(readFileSync(new URL(`images/${file}.img`, import.meta.url)));
  const repeat = new DataView(image.buffer).getUint16(REPEAT_OFFSET, true);
  return {
    name,
    bits,
    privileged: PRIVILEGED.has(name),
    value: values[name][bits === 64 ? 0 : 1],
    repeat,
    more: 0,
    image,
  };
}

export const workloadNames: readonly string[] = Object.keys(values);

/** The same workload with another number of rounds. */
export function repeated(workload: Workload, repeat: number, more = 0): Workload {
  const image = workload.image.slice();
  const view = new DataView(image.buffer);
  view.setUint16(REPEAT_OFFSET, repeat, true);
  view.setUint16(MORE_OFFSET, more, true);
  return { ...workload, repeat, more, image };
}
