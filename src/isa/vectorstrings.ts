/**
 * SSE4.2's comparisons of texts (SDM 1, 12.12; SDM 2B 4.1): of up to 16 bytes or 8 words in two vectors, each with its length. The helper
 * says for which elements of the second text the comparison holds; how that is told, the definitions say.
 */
import {
  alone,
  bit,
  clz,
  constant,
  ctz,
  type Expression,
  isZero,
  low,
  minus,
  msb,
  ne,
  neg,
  or,
  RAX,
  RCX,
  RDX,
  register,
  select,
  shl,
  shr,
  signs,
  system,
  ult,
  zext,
  lanes,
} from "./expression";
import { byBits, eachByte } from "./elements";
import { type Effect, instruction, setFlag, setRegister, write } from "./notation";

const number = (value: number) => constant(32, value);
/** Elements of a vector: bit 0 of the immediate says words. */
const capacity = (how: Expression) => select(bit(how, 0), number(8), number(16));

/** The magnitude of a register, as far as it counts. */
function stated(how: Expression, length: Expression): Expression {
  const most = zext(length.width, capacity(how));
  const magnitude = select(msb(length), neg(length), length);
  return low(32, select(ult(magnitude, most), magnitude, most));
}
/** The number of elements before the first that is 0. */
function counted(how: Expression, text: Expression): Expression {
  const zeros = (width: 8 | 16) => or(signs(8, lanes("equal", width, text, constant(128, 0))), number(0x1_0000));
  return select(bit(how, 0), shr(ctz(zeros(16)), number(1)), ctz(zeros(8)));
}

function comparison(name: string, opcode: string, explicit: boolean, tell: Tell, text: string): void {
  const givesMask = tell === tellMask;
  instruction(name, {
    forms: [`66 0F 3A ${opcode} /r Vdq,Wdq,Ib${givesMask ? ",XMM0" : ""}`],
    operands: { first: "read", second: "read", how: "read", ...(givesMask && { dst: "write" }) },
    unit: "sse",
    unaligned: true,
    does: ({ first, second, how }, context) => {
      const length = (number: number, text: Expression) =>
        explicit ? stated(how, register(number, context.operandSize === 64 ? 64 : 32)) : counted(how, text);
      const [one, two] = [length(RAX, first), length(RDX, second)];
      const lengths = or(shl(one, number(8)), shl(two, number(16)));
      const holds = system("compareTexts", 32, or(zext(32, how), lengths), first, second);
      const most = capacity(how);
      return [
        ...tell(holds, how),
        setFlag("cf", ne(holds, number(0))),
        setFlag("zf", ult(two, most)),
        setFlag("sf", ult(one, most)),
        setFlag("of", bit(holds, 0)),
        setFlag("af", constant(1, 0)),
        setFlag("pf", constant(1, 0)),
      ];
    },
    section: `SDM 2B ${name.toUpperCase()}`,
    text,
  });
}

type Tell = (holds: Expression, how: Expression) => Effect[];
/** Bit 6: the last one instead of the first; their number if there is none. */
const tellPlace: Tell = (holds, how) => {
  const found = select(bit(how, 6), minus(number(31), clz(holds)), ctz(holds));
  return [setRegister(RCX, select(isZero(holds), capacity(how), found))];
};
/** Bit 6: elements of ones instead of bits. */
const tellMask: Tell = (holds, how) => {
  const elements = select(bit(how, 0), byBits(16, holds), eachByte(holds));
  return [write(3, select(bit(how, 6), elements, alone(holds)))];
};

const lengths = "texts whose lengths are in EAX and EDX";
comparison("pcmpestrm", "60", true, tellMask, `Compares ${lengths}, and marks where it holds in XMM0.`);
comparison("pcmpestri", "61", true, tellPlace, `Compares ${lengths}, and puts the place where it holds into ECX.`);
comparison("pcmpistrm", "62", false, tellMask, "Compares texts that end at 0, and marks where it holds in XMM0.");
comparison("pcmpistri", "63", false, tellPlace, "Compares texts that end at 0, and puts the place into ECX.");
