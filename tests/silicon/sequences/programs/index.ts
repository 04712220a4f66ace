/**
 * Random programs: blocks with loops, jumps, calls, stack, strings, integer, x87, MMX and SSE instructions of any form, segments and far
 * transfers, stores into their own code, and faults and traps, behind which they go on. They come in pieces that can be left out, by number: so
 * one that differs is made small.
 */
import { shrink } from "../../../engine/regions/shrink";
import { type Bits, random } from "../../cases";
import { littleEndian } from "../../media/addresses";
import { AC, PAGE, PAIR, type Sequence, STATUS, USUAL_PLACE } from "../cases";
import { MOST_LABELS } from "../goingOn";
import { CS, selectorOf } from "../segments";
import { control, ending } from "./control";
import { chance, type Next, pick } from "./dice";
import { anyForm } from "./forms";
import { groundFor, pointerValues } from "./ground";
import { rewriting } from "./rewriting";
import { selectors } from "./selectors";
import { strings } from "./strings";
import { transfers } from "./transfers";
import { vectors } from "./vectors";
import { Writer } from "./writer";
import { FNINIT, mmx, x87 } from "./x87";

type Piece = (w: Writer) => void;
const far: Piece = (w) => (chance(w.next, 60) ? selectors(w) : transfers(w));
const integer: Piece = (w) => void anyForm(w, { kind: "integer" });

/** How much of what a program is made of. */
type Mixture = readonly (readonly [number, Piece])[];
const mixtures = {
  integers: [
    [70, integer],
    [20, control],
    [7, strings],
    [3, far],
  ],
  floats: [
    [45, x87],
    [15, mmx],
    [20, vectors],
    [15, integer],
    [5, control],
  ],
  vectors: [
    [60, vectors],
    [5, mmx],
    [25, integer],
    [10, control],
  ],
  segments: [
    [35, far],
    [35, integer],
    [20, control],
    [8, strings],
    [2, x87],
  ],
  rewriting: [
    [45, rewriting],
    [35, integer],
    [10, control],
    [5, strings],
    [5, far],
  ],
  everything: [
    [35, integer],
    [15, control],
    [10, strings],
    [12, x87],
    [4, mmx],
    [12, vectors],
    [6, far],
    [6, rewriting],
  ],
} as const satisfies Record<string, Mixture>;

export type Kind = keyof typeof mixtures;
export const KINDS = Object.keys(mixtures) as Kind[];

function drawn(next: Next, mixture: Mixture): Piece {
  let dice = next() % mixture.reduce((sum, [share]) => sum + share, 0);
  for (const [share, piece] of mixture) if ((dice -= share) < 0) return piece;
  throw new Error("no piece");
}

/** A loop of some pieces. */
function block(w: Writer, mixture: Mixture): void {
  const { next, ground } = w;
  const { counter, bits } = ground;
  w.label();
  const rounds = 1 + (next() % 12);
  if (bits === 64) w.emit(0x41);
  w.emit(0xb8 | (counter & 7));
  w.emitWord(rounds);
  const head = w.bytes.length;
  for (let n = 3 + (next() % 10); n > 0; n--) {
    w.label();
    w.piece(() => drawn(w.next, mixture)(w));
    w.label();
    if (chance(next, 5)) w.piece(() => ending(w));
  }
  w.label();
  // dec counter; jnz head
  w.emit(...(bits === 64 ? [0x49, 0xff, 0xc8 | (counter & 7)] : [0x48 | counter]), 0x0f, 0x85);
  w.emit(...littleEndian((head - w.bytes.length - (bits === 16 ? 2 : 4)) >>> 0, bits === 16 ? 2 : 4));
}

export interface Program {
  readonly test: Sequence;
  /** Pieces that can be left out. */
  readonly pieces: number;
}

export interface Recipe {
  readonly seed: number;
  readonly bits: Bits;
  readonly kind: Kind;
  /** Numbers of forms that are wanted most. */
  readonly rare?: ReadonlySet<number>;
  /** Dice of pieces that are others than those of the seed (corpus.ts), by number. */
  readonly changes?: ReadonlyMap<number, number>;
}

/** The mode and the kind that a seed stands for: half of all in 64-bit mode. */
export function recipe(seed: number): Recipe {
  const next = random(seed ^ 0x9e37);
  return { seed, bits: pick(next, [64, 64, 32, 32, 16]), kind: pick(next, KINDS) };
}

export function randomProgram(
  { seed, bits, kind, rare, changes }: Recipe,
  without: ReadonlySet<number> = new Set(),
): Program {
  const next = random(seed);
  const ground = groundFor(next, bits);
  // Over the end of a page, where the code segment reaches.
  const across = chance(next, 15) && ground.segments[CS] !== selectorOf("shortCode");
  const place = across ? PAIR + PAGE - (next() % 400) : USUAL_PLACE;
  const w = new Writer(ground, next, without, rare, place, changes);
  // What the unit's pointers were before would differ.
  w.emit(...FNINIT);
  for (let blocks = 1 + (next() % 3); blocks > 0; blocks--) block(w, mixtures[kind]);
  const flags = (next() & STATUS) | (chance(next, 7) ? AC : 0);
  const test: Sequence = {
    ...{ bits, place, code: Uint8Array.from(w.bytes), seed, flags },
    registers: pointerValues(w.ground),
    segments: w.ground.segments,
    labels: w.labels.slice(0, MOST_LABELS),
    filling: kind === "integers" || kind === "segments" ? "bits" : "numbers",
  };
  return { test, pieces: w.pieces };
}

/** What is left of a program when all is left out without which it still fails. */
export const smallest =
  (from: Recipe) =>
  (fails: (test: Sequence) => boolean): Sequence => {
    const without = shrink(randomProgram(from).pieces, (left) => fails(randomProgram(from, left).test));
    return randomProgram(from, without).test;
  };
