/**
 * What a program stands on: its mode, its segments, and the registers that point at data, which no piece of it changes but to bring them
 * back. Everything else may be anything.
 */
import { type Bits, CODE, DATA } from "../../cases";
import { PAGE } from "../cases";
import { CODE_32, CS, DATA_32, DS, FS, GS, segmentAt, type SegmentName, selectorOf, usualSegments } from "../segments";
import { chance, type Next, pick } from "./dice";

export interface Ground {
  readonly bits: Bits;
  /** Selectors of ES CS SS DS FS GS at the beginning. */
  readonly segments: readonly number[];
  readonly codeBase: number;
  readonly dataBase: number;
  /** General registers that pieces may not write to: the stack's, the loops' and those that point at data. */
  readonly kept: ReadonlySet<number>;
  /** Registers that point at data, with their offsets from DATA. */
  readonly pointers: ReadonlyMap<number, number>;
  /** The register that counts rounds of loops. */
  readonly counter: number;
}

const RBX = 3,
  RSP = 4,
  RBP = 5,
  R10 = 10;
const longPointers = new Map([
  [12, 0x100],
  [13, 0x740],
  [14, PAGE - 0x80],
  [15, PAGE + 0x800],
]);
const legacyPointers = new Map([[RBX, 0x100]]);

function ground(bits: Bits, segments: readonly number[]): Ground {
  const pointers = bits === 64 ? longPointers : legacyPointers;
  const counter = bits === 64 ? R10 : RBP;
  const baseOf = (register: number) => segmentAt(segments[register])?.base ?? 0;
  return {
    ...{ bits, segments, pointers, counter, codeBase: baseOf(CS), dataBase: baseOf(DS) },
    kept: new Set([RSP, counter, ...pointers.keys()]),
  };
}

/** Where data may lie that a program seldom touches. */
const others: readonly SegmentName[] = ["data16", "data32", "flat", "readOnly", "down32", "down16", "small", "odd"];

/** Flat segments, or those of the LDT, in 32-bit code; 16-bit code with stacks of both sizes. GS reaches all memory (rewriting.ts). */
export function groundFor(next: Next, bits: Bits): Ground {
  if (bits === 64) return ground(64, usualSegments(64));
  const far = chance(next, 15) ? 0 : selectorOf(pick(next, others));
  const flat = bits === 32 && chance(next, 50);
  const local = bits === 32 ? "data32" : chance(next, 70) ? "data16" : "data32";
  const data = flat ? (chance(next, 70) ? DATA_32 : selectorOf("flat")) : selectorOf(local);
  const stack = flat ? DATA_32 : bits === 32 ? selectorOf("data32") : selectorOf(pick(next, ["data16", "data32"]));
  const flatCode = chance(next, 70) ? CODE_32 : selectorOf("flatCode");
  const short = selectorOf(pick(next, bits === 32 ? ["code32"] : ["code16", "code16", "shortCode"]));
  const all = [data, flat ? flatCode : short, stack, data, 0, 0];
  all[FS] = far;
  all[GS] = selectorOf("flat");
  return ground(bits, all);
}

/** Values of the kept registers, but for the counter and the stack's. */
export const pointerValues = ({ pointers, dataBase }: Ground): ReadonlyMap<number, bigint> =>
  new Map([...pointers].map(([n, offset]) => [n, BigInt(DATA + offset - dataBase)]));

/** A place in the code page as the program sees it. */
export const codeAddress = ({ codeBase }: Ground, offset: number): number => CODE + offset - codeBase;
