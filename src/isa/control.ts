/** Jumps, calls, returns, loops, interrupts. */
import {
  address,
  and,
  constant,
  type Expression,
  flag,
  isZero,
  load,
  low,
  minus,
  next,
  not,
  or,
  plus,
  RCX,
  register,
  RSP,
  shr,
  slt,
  zext,
} from "./expression";
import { callSystem, type Context, type Effect, fault, instruction, jump, setRegister, when } from "./notation";
import { popped, pushing, topOfStack } from "./stack";

const relative = (target: Expression, context: Context): Expression => plus(next(context.operandSize), target);

export const jmp = instruction("jmp", {
  forms: ["EB Jbs {f64}", "E9 Jz {f64}"],
  operands: { target: "read" },
  does: ({ target }, context) => [jump(relative(target, context))],
  section: "SDM 2A JMP",
  text: "Jumps.",
});

export const jmpIndirect = instruction("jmp", {
  forms: ["FF /4 Ev {f64}"],
  operands: { target: "read" },
  does: ({ target }) => [jump(target)],
  section: "SDM 2A JMP",
  text: "Jumps to the address in the operand.",
});

export const call = instruction("call", {
  forms: ["E8 Jz {f64}"],
  operands: { target: "read" },
  does: ({ target }, context) => [...pushing(context, next(context.operandSize)), jump(relative(target, context))],
  section: "SDM 2A CALL",
  text: "Pushes the address of the next instruction and jumps.",
});

export const callIndirect = instruction("call", {
  forms: ["FF /2 Ev {f64}"],
  operands: { target: "read" },
  does: ({ target }, context) => [...pushing(context, next(context.operandSize)), jump(target)],
  section: "SDM 2A CALL",
  text: "Pushes the address of the next instruction and jumps to the address in the operand.",
});

export const ret = instruction("ret", {
  forms: ["C3 {f64}"],
  does: (_, context) => [setRegister(RSP, popped(context)), jump(topOfStack(context))],
  section: "SDM 2B RET",
  text: "Pops the return address and jumps there.",
});

export const retAndRelease = instruction("ret", {
  forms: ["C2 Iw {f64}"],
  operands: { bytes: "read" },
  does: ({ bytes }, context) => [
    setRegister(RSP, plus(popped(context), zext(context.stackSize, bytes))),
    jump(topOfStack(context)),
  ],
  section: "SDM 2B RET",
  text: "Pops the return address, releases more of the stack, and jumps there.",
});

const count = ({ addressSize }: Context): Expression => register(RCX, addressSize);
const looping = (context: Context, target: Expression, more: (condition: Expression) => Expression): Effect[] => {
  const left = minus(count(context), constant(context.addressSize, 1));
  return [setRegister(RCX, left), jump(relative(target, context), more(not(isZero(left))))];
};

export const loopne = instruction("loopne", {
  forms: ["E0 Jbs {f64}"],
  operands: { target: "read" },
  does: ({ target }, context) => looping(context, target, (more) => and(more, not(flag("zf")))),
  section: "SDM 2A LOOP/LOOPcc",
  text: "Counts rCX down; jumps if it is not 0 and ZF is clear.",
});

export const loope = instruction("loope", {
  forms: ["E1 Jbs {f64}"],
  operands: { target: "read" },
  does: ({ target }, context) => looping(context, target, (more) => and(more, flag("zf"))),
  section: "SDM 2A LOOP/LOOPcc",
  text: "Counts rCX down; jumps if it is not 0 and ZF is set.",
});

export const loop = instruction("loop", {
  forms: ["E2 Jbs {f64}"],
  operands: { target: "read" },
  does: ({ target }, context) => looping(context, target, (more) => more),
  section: "SDM 2A LOOP/LOOPcc",
  text: "Counts rCX down; jumps if it is not 0.",
});

/** Named by the address size: JCXZ, JECXZ, JRCXZ. */
export const jrcxz = instruction("jrcxz", {
  forms: ["E3 Jbs {f64}"],
  operands: { target: "read" },
  does: ({ target }, context) => [jump(relative(target, context), isZero(count(context)))],
  section: "SDM 2A Jcc",
  text: "Jumps if rCX is 0.",
});

/** Selector, offset and operand size of a far pointer in the instruction. */
const direct = (pointer: Expression, context: Context): Expression[] => [
  low(16, shr(pointer, constant(64, 32))),
  low(32, pointer),
  constant(64, context.operandSize),
];
const indirect = (context: Context): Expression[] => {
  const place = address(context.addressSize, 0);
  const offset = load(context.operandSize, "operand", place);
  const selector = load(16, "operand", plus(place, constant(context.addressSize, context.operandSize / 8)));
  return [selector, offset, constant(64, context.operandSize)];
};

for (const { name, helper, reg, opcode } of [
  { name: "jmp", helper: "farJump", reg: 5, opcode: "EA" },
  { name: "call", helper: "farCall", reg: 3, opcode: "9A" },
] as const) {
  const section = `SDM 2A ${name.toUpperCase()}`;
  instruction(name, {
    forms: [`${opcode} Ap {i64}`],
    operands: { target: "read" },
    endsBlock: true,
    does: ({ target }, context) => [callSystem(helper, ...direct(target, context))],
    section,
    text: "Goes to another code segment.",
  });
  instruction(name, {
    forms: [`FF /${reg} Mp`],
    operands: { target: "address" },
    endsBlock: true,
    does: (_, context) => [callSystem(helper, ...indirect(context))],
    section,
    text: "Goes to another code segment through a far pointer in memory.",
  });
}

export const retf = instruction("retf", {
  forms: ["CB"],
  endsBlock: true,
  does: (_, context) => [callSystem("farReturn", constant(64, 0), constant(64, context.operandSize))],
  section: "SDM 2B RET",
  text: "Returns to another code segment.",
});

export const retfAndRelease = instruction("retf", {
  forms: ["CA Iw"],
  operands: { bytes: "read" },
  endsBlock: true,
  does: ({ bytes }, context) => [callSystem("farReturn", bytes, constant(64, context.operandSize))],
  section: "SDM 2B RET",
  text: "Returns to another code segment and releases more of the stack.",
});

export const int = instruction("int", {
  forms: ["CD Ib"],
  operands: { vector: "read" },
  endsBlock: true,
  does: ({ vector }) => [callSystem("interrupt", vector, constant(64, 1))],
  section: "SDM 2A INT n/INTO/INT3/INT1",
  text: "Calls the interrupt handler of this vector.",
});

export const int3 = instruction("int3", {
  forms: ["CC"],
  endsBlock: true,
  does: () => [callSystem("interrupt", constant(64, 3), constant(64, 0))],
  section: "SDM 2A INT n/INTO/INT3/INT1",
  text: "Breakpoint trap.",
});

export const int1 = instruction("int1", {
  forms: ["F1"],
  endsBlock: true,
  does: () => [callSystem("interrupt", constant(64, 1), constant(64, 0))],
  section: "SDM 2A INT n/INTO/INT3/INT1",
  text: "Debug trap.",
});

export const into = instruction("into", {
  forms: ["CE {i64}"],
  endsBlock: true,
  does: () => [when(flag("of"), callSystem("interrupt", constant(64, 4), constant(64, 0)))],
  section: "SDM 2A INT n/INTO/INT3/INT1",
  text: "Overflow trap if OF is set.",
});

for (const [name, attribute] of [
  ["iret", "o16"],
  ["iretd", "o32"],
  ["iretq", "o64v"],
] as const) {
  instruction(name, {
    forms: [`CF {${attribute}}`],
    endsBlock: true,
    does: (_, context) => [callSystem("interruptReturn", constant(64, context.operandSize))],
    section: "SDM 2A IRET/IRETD/IRETQ",
    text: "Returns from an interrupt handler.",
  });
}

export const bound = instruction("bound", {
  forms: ["62 /r Gv,Mv {i64}"],
  operands: { index: "read", limits: "address" },
  does: ({ index }, { addressSize }) => {
    const place = address(addressSize, 1);
    const lower = load(index.width, "operand", place);
    const upper = load(index.width, "operand", plus(place, constant(addressSize, index.width / 8)));
    return [fault(or(slt(index, lower), slt(upper, index)), "#BR")];
  },
  section: "SDM 2A BOUND",
  text: "Faults unless the index lies between the two limits in memory.",
});
