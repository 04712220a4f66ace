/** The stack. Its pointer has the stack's size, what is pushed the operand size (SDM 1, 6.2). */
import {
  constant,
  type Expression,
  fit,
  load,
  low,
  minus,
  numberOf,
  plus,
  RBP,
  register,
  RSP,
  SS,
  system,
  zext,
} from "./expression";
import { callSystem, type Context, type Effect, instruction, setRegister, store, write } from "./notation";

const pointer = ({ stackSize }: Context): Expression => register(RSP, stackSize);
/** The stack pointer moved by a number of bytes. */
export const stackBeyond = (context: Context, bytes: number): Expression =>
  bytes < 0
    ? minus(pointer(context), constant(context.stackSize, -bytes))
    : plus(pointer(context), constant(context.stackSize, bytes));

export function pushing(context: Context, value: Expression): Effect[] {
  const top = stackBeyond(context, -context.operandSize / 8);
  return [store(SS, top, value), setRegister(RSP, top)];
}
/** The value on top, and the stack pointer without it. */
export const topOfStack = (context: Context): Expression => load(context.operandSize, SS, pointer(context));
export const popped = (context: Context): Expression => stackBeyond(context, context.operandSize / 8);

/** PUSH rSP stores the pointer as it was before. */
export const push = instruction("push", {
  forms: ["50 +r Zv {d64}", "FF /6 Ev {d64}", "68 Iz {d64}", "6A Ibs {d64}"],
  operands: { src: "read" },
  does: ({ src }, context) => pushing(context, src),
  section: "SDM 2B PUSH",
  text: "Pushes the operand.",
});

export const pushSegment = instruction("push", {
  forms: ["06 ES {i64}", "0E CS {i64}", "16 SS {i64}", "1E DS {i64}", "0F A0 FS {d64}", "0F A8 GS {d64}"],
  operands: { src: "read" },
  does: ({ src }, context) => pushing(context, zext(context.operandSize, src)),
  section: "SDM 2B PUSH",
  text: "Pushes a segment selector.",
});

/** POP rSP leaves what was popped: the pointer is moved first. */
export const pop = instruction("pop", {
  forms: ["58 +r Zv {d64}", "8F /0 Ev {d64} {popped}"],
  operands: { dst: "write" },
  does: (_, context) => [setRegister(RSP, popped(context)), write(0, topOfStack(context))],
  section: "SDM 2B POP",
  text: "Pops the top of the stack into the operand.",
});

export const popSegment = instruction("pop", {
  forms: ["07 ES {i64}", "17 SS {i64}", "1F DS {i64}", "0F A1 FS {d64}", "0F A9 GS {d64}"],
  operands: { dst: "none" },
  endsBlock: true,
  does: (_, context) => [
    callSystem("loadSegment", numberOf(0), low(16, topOfStack(context))),
    setRegister(RSP, popped(context)),
  ],
  section: "SDM 2B POP",
  text: "Pops a selector into a segment register.",
});

const order = [0, 1, 2, 3, 4, 5, 6, 7];

for (const [name, attribute] of [
  ["pusha", "o16"],
  ["pushad", "o32"],
] as const) {
  instruction(name, {
    forms: [`60 {i64} {${attribute}}`],
    does: (_, context) => {
      const bytes = context.operandSize / 8;
      return [
        ...order.map((n) => store(SS, stackBeyond(context, -bytes * (n + 1)), register(n, context.operandSize))),
        setRegister(RSP, stackBeyond(context, -bytes * 8)),
      ];
    },
    section: "SDM 2B PUSHA/PUSHAD",
    text: "Pushes all eight general registers.",
  });
}

/** The stored stack pointer is skipped. */
for (const [name, attribute] of [
  ["popa", "o16"],
  ["popad", "o32"],
] as const) {
  instruction(name, {
    forms: [`61 {i64} {${attribute}}`],
    does: (_, context) => {
      const bytes = context.operandSize / 8;
      const saved = (n: number) => load(context.operandSize, SS, stackBeyond(context, bytes * (7 - n)));
      const values = [...order].reverse().map((n) => ({ n, value: saved(n) }));
      return [
        ...values.filter(({ n }) => n !== RSP).map(({ n, value }) => setRegister(n, value)),
        setRegister(RSP, stackBeyond(context, bytes * 8)),
      ];
    },
    section: "SDM 2B POPA/POPAD",
    text: "Pops the general registers except the stack pointer.",
  });
}

for (const [suffix, attribute] of [
  ["", "o16"],
  ["d", "o32"],
  ["q", "o64v"],
] as const) {
  instruction(`pushf${suffix}`, {
    forms: [`9C {d64} {${attribute}}`],
    does: (_, context) => pushing(context, fit(context.operandSize, system("getFlags", 64))),
    section: "SDM 2B PUSHF/PUSHFD/PUSHFQ",
    text: "Pushes the flags.",
  });
  instruction(`popf${suffix}`, {
    forms: [`9D {d64} {${attribute}}`],
    endsBlock: true,
    does: (_, context) => [
      callSystem("setFlags", topOfStack(context), constant(64, context.operandSize)),
      setRegister(RSP, popped(context)),
    ],
    section: "SDM 2B POPF/POPFD/POPFQ",
    text: "Pops the flags; which of them change depends on the privilege.",
  });
}

export const enter = instruction("enter", {
  forms: ["C8 Iw,Ib {d64}"],
  operands: { allocation: "read", level: "read" },
  does: ({ allocation, level }, context) => [callSystem("enter", allocation, level, constant(64, context.operandSize))],
  section: "SDM 2A ENTER",
  text: "Makes a stack frame for a procedure.",
});

export const leave = instruction("leave", {
  forms: ["C9 {d64}"],
  does: (_, context) => {
    const frame = register(RBP, context.stackSize);
    return [
      setRegister(RSP, plus(frame, constant(context.stackSize, context.operandSize / 8))),
      setRegister(RBP, load(context.operandSize, SS, frame)),
    ];
  },
  section: "SDM 2A LEAVE",
  text: "Drops the stack frame that ENTER made.",
});
