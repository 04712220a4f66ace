/** PCMPESTRI and its kind (SDM 2B 4.1): for which elements of the second text the comparison with the first holds. */
import { layout } from "../state";
import type { Core } from "./core";

/** Bits of the immediate. */
const WORDS = 1,
  SIGNED = 2,
  NEGATIVE = 0x10,
  MASKED = 0x20;

type Holds = (n: number) => boolean;

/** Argument 0: the immediate, then both lengths; then both texts. */
export function compareTexts(core: Core): () => number {
  const first = layout.argument.offset + 8;
  const views = [Uint8Array, Int8Array, Uint16Array, Int16Array].map((View) => {
    const count = 16 / View.BYTES_PER_ELEMENT;
    return [first, first + 16].map((at) => new View(core.view.buffer as ArrayBuffer, at, count)) as unknown as [
      a: Readonly<ArrayLike<number>>,
      b: Readonly<ArrayLike<number>>,
    ];
  });
  return () => {
    const packed = core.argument(0);
    const [how, lengthA, lengthB] = [packed & 0xff, (packed >>> 8) & 0xff, (packed >>> 16) & 0xff];
    const [a, b] = views[(how & WORDS ? 2 : 0) + (how & SIGNED ? 1 : 0)];
    const holds = comparisons[(how >>> 2) & 3](a, lengthA, b, lengthB);
    let mask = 0;
    for (let n = 0; n < b.length; n++) if (holds(n)) mask |= 1 << n;
    if (how & NEGATIVE) mask ^= (1 << (how & MASKED ? lengthB : b.length)) - 1;
    return core.yield32(mask);
  };
}

type Comparison = (a: ArrayLike<number>, lengthA: number, b: ArrayLike<number>, lengthB: number) => Holds;

/** Bits 2 and 3 of the immediate. Elements beyond the ends count as the manual's table 4-7 has it. */
const comparisons: readonly Comparison[] = [
  // Equal to any of the first text.
  (a, lengthA, b, lengthB) => (n) => {
    for (let k = 0; k < lengthA; k++) if (n < lengthB && a[k] === b[n]) return true;
    return false;
  },
  // In any of the ranges of which the first text has the ends.
  (a, lengthA, b, lengthB) => (n) => {
    for (let k = 0; k + 1 < lengthA; k += 2) if (n < lengthB && a[k] <= b[n] && b[n] <= a[k + 1]) return true;
    return false;
  },
  // The same at the same place; behind both ends as well.
  (a, lengthA, b, lengthB) => (n) => (n < lengthA && n < lengthB ? a[n] === b[n] : n >= lengthA && n >= lengthB),
  // The first text begins here, as far as can be seen.
  (a, lengthA, b, lengthB) => (n) => {
    for (let k = 0; k < lengthA && n + k < b.length; k++) if (n + k >= lengthB || a[k] !== b[n + k]) return false;
    return true;
  },
];
