/** Random expressions on vectors come to the same with and without the rules of simplify-vector.ts. */
import { expect, test } from "vitest";
import { Nodes } from "../../../src/engine/regions/simplify";
import {
  alone,
  constant,
  type Expression,
  lane,
  lanes,
  type LaneWidth,
  shiftLanes,
  shuffle,
  splat,
  withLane,
} from "../../../src/isa/expression";
import { random } from "../../silicon/cases";
import { compile, operand } from "../compile";

type Next = () => number;
const pick = <T>(next: Next, list: readonly T[]): T => list[next() % list.length];
const whole = (next: Next) => (BigInt(next()) << 32n) | BigInt(next());

/** Masks of whole bytes or lanes, numbers of bytes, anything. */
function constantVector(next: Next): Expression {
  const bytes = Array.from({ length: 16 }, (_, n) => n);
  const width = pick(next, [1, 2, 4, 8]);
  const start = next() % 16;
  const kinds: readonly ((n: number) => number)[] = [
    () => 0,
    () => 0xff,
    (n) => ((start >> ((n / width) % 4)) & 1 ? 0xff : 0),
    (n) => (Math.floor(n / width) === start % (16 / width) ? 0xff : 0),
    (n) => n + start,
    () => next() % 20,
    () => next() & 0xff,
  ];
  const kind = pick(next, kinds);
  return constant(
    128,
    bytes.map(kind).reduce((sum, byte, n) => sum | (BigInt(byte) << BigInt(8 * n)), 0n),
  );
}

function vector(next: Next, depth: number): Expression {
  const part = () => vector(next, depth - 1);
  if (depth === 0 || next() % 8 === 0) {
    const known = next() % 2 === 0;
    return known ? constantVector(next) : withLane(1, alone(operand(next() % 3, 64)), operand(next() % 3, 64));
  }
  const width = pick<LaneWidth>(next, [8, 16, 32, 64]);
  switch (next() % 8) {
    case 0:
    case 1:
      return lanes("swizzle", 8, part(), constantVector(next));
    case 2:
      return shuffle(
        Array.from({ length: 16 }, () => next() % 32),
        part(),
        part(),
      );
    case 3: {
      const mask = constantVector(next);
      return lanes("or", 64, lanes("and", 64, mask, part()), lanes("andnot", 64, mask, part()));
    }
    case 4: {
      const mask = constantVector(next);
      const scalar = splat(128, lane(width, next() % (128 / width), part()));
      return lanes("or", 64, lanes("and", 64, mask, scalar), lanes("andnot", 64, mask, part()));
    }
    case 5:
      return shiftLanes(pick(next, ["shl", "shr"]), pick(next, [16, 32, 64]), part(), constant(64, next() % 80));
    case 6:
      return lanes(
        pick(next, ["plus", "minus", "equal", "greaterS", "and", "or", "xor", "andnot"]),
        width,
        part(),
        part(),
      );
    default:
      return withLane(next() % (128 / width), part(), lane(width, next() % (128 / width), part()));
  }
}

test("rules for vectors", () => {
  const next = random(7);
  let shorter = 0;
  for (let n = 0; n < 250; n++) {
    const e = vector(next, 4);
    for (const index of [0, 1]) {
      const half = lane(64, index, e);
      const [plain, simplified] = [new Nodes(false), new Nodes(true)];
      const [one, other] = [plain, simplified].map((nodes) => nodes.rebuild(half, (leaf) => leaf));
      if (simplified.size < plain.size) shorter++;
      const [f, g] = [compile(one), compile(other)];
      for (let round = 0; round < 8; round++) {
        const [a, b, c] = [whole(next), whole(next), whole(next)];
        expect({ n, value: g(a, b, c) }).toEqual({ n, value: f(a, b, c) });
      }
    }
  }
  expect(shorter).toBeGreaterThan(200);
});
