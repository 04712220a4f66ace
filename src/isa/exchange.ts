/** Exchanges; with a memory operand they are atomic, which on one processor they are anyway. */
import {
  type Expression,
  address,
  alone,
  constant,
  eq,
  isZero,
  lane,
  lanes,
  load,
  low,
  minus,
  msb,
  and,
  bit,
  ne,
  not,
  or,
  parity,
  plus,
  RAX,
  RDX,
  register,
  select,
  shl,
  shr,
  signs,
  ult,
  withLane,
  xor,
  zext,
} from "./expression";
import { addition } from "./flags";
import { instruction, setFlag, setRegister, store, when, write } from "./notation";

/** `90` is NOP unless REX.B makes it an exchange with R8 (hints.ts). */
export const xchg = instruction("xchg", {
  forms: ["86 /r Eb,Gb", "87 /r Ev,Gv", "90 +r Zv,rAX"],
  operands: { dst: "readwrite", src: "readwrite" },
  lockable: true,
  does: ({ dst, src }) => [write(0, src), write(1, dst)],
  section: "SDM 2D XCHG",
  text: "Exchanges the operands.",
});

/** The sum is written last: it stays when both operands are the same register. */
export const xadd = instruction("xadd", {
  forms: ["0F C0 /r Eb,Gb", "0F C1 /r Ev,Gv"],
  operands: { dst: "readwrite", src: "readwrite" },
  lockable: true,
  flagsOnly: true,
  result: ({ dst, src }) => plus(dst, src),
  does: ({ dst, src }) => [write(1, dst), write(0, plus(dst, src))],
  flags: addition,
  section: "SDM 2D XADD",
  text: "Exchanges the operands, then loads their sum into the destination.",
});

const accumulator = (dst: Expression): Expression => register(RAX, dst.width);

/**
 * Flags are those of CMP accumulator, destination. The manual writes the destination either way; seen from outside that
 * differs only for a 32-bit register, whose upper half the processors we measured leave alone when the comparison fails.
 */
export const cmpxchg = instruction("cmpxchg", {
  forms: ["0F B0 /r Eb,Gb", "0F B1 /r Ev,Gv"],
  operands: { dst: "readwrite", src: "read" },
  lockable: true,
  flagsOnly: true,
  result: ({ dst }) => minus(accumulator(dst), dst),
  does: ({ dst, src }) => [
    when(eq(accumulator(dst), dst), write(0, src)),
    when(ne(accumulator(dst), dst), setRegister(RAX, dst)),
  ],
  flags: {
    pf: ({ result }) => parity(result),
    zf: ({ result }) => isZero(result),
    sf: ({ result }) => msb(result),
    af: ({ dst, result }) => bit(xor(xor(accumulator(dst), dst), result), 4),
    cf: ({ dst }) => ult(accumulator(dst), dst),
    of: ({ dst, result }) => msb(and(xor(accumulator(dst), dst), xor(accumulator(dst), result))),
  },
  section: "SDM 2A CMPXCHG",
  text: "If the accumulator equals the destination, stores the source there; else loads the destination into the accumulator.",
});

const join = (high: Expression, lower: Expression): Expression =>
  or(shl(zext(64, high), constant(64, 32)), zext(64, lower));
const RBX = 3,
  RCX = 1;

export const cmpxchg8b = instruction("cmpxchg8b", {
  forms: ["0F C7 /1 Mq {o16}", "0F C7 /1 Mq {o32}"],
  operands: { dst: "address" },
  lockable: true,
  does: (_, { addressSize }) => {
    const place = address(addressSize, 0);
    const value = load(64, "operand", place, true);
    const equal = eq(value, join(register(RDX, 32), register(RAX, 32)));
    return [
      store("operand", place, select(equal, join(register(RCX, 32), register(RBX, 32)), value)),
      when(
        ne(value, join(register(RDX, 32), register(RAX, 32))),
        setRegister(RAX, low(32, value)),
        setRegister(RDX, low(32, shr(value, constant(64, 32)))),
      ),
      setFlag("zf", equal),
    ];
  },
  section: "SDM 2A CMPXCHG8B/CMPXCHG16B",
  text: "If EDX:EAX equals the 8 bytes, stores ECX:EBX there; else loads them into EDX:EAX.",
});

const pair = (high: number, lower: number): Expression => withLane(1, alone(register(lower, 64)), register(high, 64));

/** The 16 bytes must be aligned. */
export const cmpxchg16b = instruction("cmpxchg16b", {
  forms: ["0F C7 /1 Mdq {o64v}"],
  operands: { dst: "readwrite" },
  lockable: true,
  does: ({ dst }) => {
    const same = lanes("equal", 32, dst, pair(RDX, RAX));
    const equal = eq(signs(32, same), constant(32, 15));
    return [
      write(0, select(equal, pair(RCX, RBX), dst)),
      when(not(equal), setRegister(RAX, lane(64, 0, dst)), setRegister(RDX, lane(64, 1, dst))),
      setFlag("zf", equal),
    ];
  },
  section: "SDM 2A CMPXCHG8B/CMPXCHG16B",
  text: "If RDX:RAX equals the 16 bytes, stores RCX:RBX there; else loads them into RDX:RAX.",
});
