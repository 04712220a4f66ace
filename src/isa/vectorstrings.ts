/**
 * SSE4.2's comparisons of texts (SDM 1, 12.12; SDM 2B 4.1): of up to 16 bytes or 8 words in two vectors, each with its length. Bits 0, 2 and
 * 3 of the immediate choose the comparison; each comes to a bit for each element of the second text.
 */
import { byBits, eachByte } from "./elements";
import {
  alone,
  and,
  bit,
  clz,
  constant,
  ctz,
  eq,
  type Expression,
  isZero,
  lanes,
  lanesOf,
  low,
  minus,
  msb,
  ne,
  neg,
  not,
  or,
  RAX,
  RCX,
  RDX,
  register,
  select,
  shl,
  shr,
  shuffle,
  signs,
  splat,
  ult,
  xor,
} from "./expression";
import { type Effect, instruction, setFlag, setRegister, when, write } from "./notation";

interface Texts {
  readonly width: 8 | 16;
  readonly first: Expression;
  readonly second: Expression;
  /** Their lengths in elements, and the immediate. */
  readonly one: Expression;
  readonly two: Expression;
  readonly how: Expression;
}
const number = (value: number) => constant(32, value);
const none = number(0);
const capacity = ({ width }: Texts) => 128 / width;
const everywhere = (texts: Texts) => number(2 ** capacity(texts) - 1);
/** Bits for as many elements. */
const upTo = (length: Expression) => minus(shl(number(1), length), number(1));
const numbersOf = (texts: Texts, of: (n: number) => number) => Array.from({ length: capacity(texts) }, (_, n) => of(n));
/** The vector whose element n is element of(n) of another. */
const rearranged = (texts: Texts, a: Expression, of: (n: number) => number): Expression => {
  const bytes = texts.width / 8;
  const pattern = Array.from({ length: 16 }, (_, n) => of(Math.floor(n / bytes)) * bytes + (n % bytes));
  return shuffle(pattern, a, a);
};
/** The first text with what lies behind its length taken from its beginning, by the element or by the pair. */
const filled = (texts: Texts, length: Expression, period: number): Expression => {
  const { width, first } = texts;
  const inside = lanes(
    "greaterS",
    width,
    splat(128, low(width, length)),
    lanesOf(
      128,
      width,
      numbersOf(texts, (n) => n),
    ),
  );
  const beginning = rearranged(texts, first, (n) => n % period);
  return lanes("or", 64, lanes("and", 64, inside, first), lanes("andnot", 64, inside, beginning));
};
const any = (list: readonly Expression[]) => list.reduce((sum, a) => lanes("or", 64, sum, a));
const pairs = (texts: Texts) => Array.from({ length: capacity(texts) / 2 }, (_, n) => 2 * n);

/** Equal to some element of the first text. */
function equalAny(texts: Texts): Expression {
  const { width, second, one, two } = texts;
  const first = filled(texts, one, 1);
  const matches = numbersOf(texts, (n) => n).map((k) =>
    lanes(
      "equal",
      width,
      second,
      rearranged(texts, first, () => k),
    ),
  );
  return select(isZero(one), none, and(signs(width, any(matches)), upTo(two)));
}

/** In some range of which the first text has the ends: signed where bit 1 says so. */
function inRanges(texts: Texts): Expression {
  const { width, second, one, two, how } = texts;
  const even = and(one, number(capacity(texts) * 2 - 2));
  // Unsigned numbers are in the order of signed ones once their highest bit is turned.
  const turn = splat(128, select(bit(how, 1), constant(width, 0), constant(width, 2 ** (width - 1))));
  const turned = (a: Expression) => lanes("xor", width, a, turn);
  const first = turned(filled(texts, even, 2));
  const value = turned(second);
  const outside = pairs(texts).map((k) => {
    const below = lanes(
      "greaterS",
      width,
      rearranged(texts, first, () => k),
      value,
    );
    return lanes(
      "or",
      64,
      below,
      lanes(
        "greaterS",
        width,
        value,
        rearranged(texts, first, () => k + 1),
      ),
    );
  });
  const never = outside.reduce((all, a) => lanes("and", 64, all, a));
  return select(isZero(even), none, and(xor(signs(width, never), everywhere(texts)), upTo(two)));
}

/** The same at the same place; both ended. */
function equalEach(texts: Texts): Expression {
  const { width, first, second, one, two } = texts;
  const [a, b] = [upTo(one), upTo(two)];
  const same = and(signs(width, lanes("equal", width, first, second)), and(a, b));
  return or(same, and(not(or(a, b)), everywhere(texts)));
}

/** The first text begins here, as far as can be seen. */
function equalOrdered(texts: Texts): Expression {
  const { width, first, second, one, two } = texts;
  const terms = numbersOf(texts, (n) => n).map((k) => {
    const matches = lanes(
      "equal",
      width,
      second,
      rearranged(texts, first, () => k),
    );
    const here = shr(and(signs(width, matches), upTo(two)), number(k));
    const beyond = number(0x1_0000 - 2 ** (capacity(texts) - k));
    return or(or(here, beyond), select(ult(number(k), one), none, number(0xffff)));
  });
  return and(
    terms.reduce((all, term) => and(all, term)),
    everywhere(texts),
  );
}

/** By bits 3 and 2 of the immediate. */
const comparisons = [equalAny, inRanges, equalEach, equalOrdered];
/** Bit 4: the opposite, with bit 5 only inside the second text. */
function polarised(texts: Texts, holds: Expression): Expression {
  const { how, two } = texts;
  const turned = select(bit(how, 5), upTo(two), everywhere(texts));
  return select(bit(how, 4), xor(holds, turned), holds);
}

/** The magnitude of a register, as far as it counts. */
function stated(width: 8 | 16, length: Expression): Expression {
  const most = constant(length.width, 128 / width);
  const magnitude = select(msb(length), neg(length), length);
  return low(32, select(ult(magnitude, most), magnitude, most));
}
/** The number of elements before the first that is 0. */
const counted = (width: 8 | 16, text: Expression): Expression =>
  ctz(or(signs(width, lanes("equal", width, text, constant(128, 0))), number(2 ** (128 / width))));

function comparison(name: string, opcode: string, explicit: boolean, tell: Tell, text: string): void {
  const givesMask = tell === tellMask;
  instruction(name, {
    forms: [`66 0F 3A ${opcode} /r Vdq,Wdq,Ib${givesMask ? ",XMM0" : ""}`],
    operands: { first: "read", second: "read", how: "read", ...(givesMask && { dst: "write" }) },
    unit: "sse",
    unaligned: true,
    does: ({ first, second, how }, context) =>
      ([8, 16] as const).flatMap((width) =>
        comparisons.map((compare, n) => {
          const length = (number: number, text: Expression) =>
            explicit ? stated(width, register(number, context.operandSize === 64 ? 64 : 32)) : counted(width, text);
          const texts = { width, first, second, how, one: length(RAX, first), two: length(RDX, second) };
          const chosen = eq(and(how, constant(8, 0x0d)), constant(8, 4 * n + (width === 16 ? 1 : 0)));
          const holds = polarised(texts, compare(texts));
          return when(chosen, ...tell(texts, holds), ...flags(texts, holds));
        }),
      ),
    section: `SDM 2B ${name.toUpperCase()}`,
    text,
  });
}

const flags = (texts: Texts, holds: Expression): Effect[] => [
  setFlag("cf", ne(holds, none)),
  setFlag("zf", ult(texts.two, number(capacity(texts)))),
  setFlag("sf", ult(texts.one, number(capacity(texts)))),
  setFlag("of", bit(holds, 0)),
  setFlag("af", constant(1, 0)),
  setFlag("pf", constant(1, 0)),
];

type Tell = (texts: Texts, holds: Expression) => Effect[];
/** Bit 6: the last one instead of the first; their number if there is none. */
const tellPlace: Tell = (texts, holds) => {
  const found = select(bit(texts.how, 6), minus(number(31), clz(holds)), ctz(holds));
  return [setRegister(RCX, select(isZero(holds), number(capacity(texts)), found))];
};
/** Bit 6: elements of ones instead of bits. */
const tellMask: Tell = ({ width, how }, holds) => {
  const elements = width === 16 ? byBits(16, holds) : eachByte(holds);
  return [write(3, select(bit(how, 6), elements, alone(holds)))];
};

const lengths = "texts whose lengths are in EAX and EDX";
comparison("pcmpestrm", "60", true, tellMask, `Compares ${lengths}, and marks where it holds in XMM0.`);
comparison("pcmpestri", "61", true, tellPlace, `Compares ${lengths}, and puts the place where it holds into ECX.`);
comparison("pcmpistrm", "62", false, tellMask, "Compares texts that end at 0, and marks where it holds in XMM0.");
comparison("pcmpistri", "63", false, tellPlace, "Compares texts that end at 0, and puts the place into ECX.");
