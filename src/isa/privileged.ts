/** Instructions for operating systems: system calls, tables, control, model-specific registers, descriptor checks. */
import {
  address,
  and,
  constant,
  type Expression,
  fit,
  isZero,
  linearAddress,
  load,
  low,
  ne,
  not,
  or,
  plus,
  RAX,
  RCX,
  RDX,
  register,
  shl,
  shr,
  system,
  ult,
  zext,
} from "./expression";
import {
  callSystem,
  type Context,
  type Effect,
  fault,
  instruction,
  setFlag,
  setRegister,
  store,
  when,
  write,
} from "./notation";
import type { SystemHelper } from "./system";

/** Those without operands, whose whole meaning is a helper. `sized`: the helper gets the operand size. */
const plain: readonly {
  name: string;
  form: string;
  helper: SystemHelper;
  privilege?: 0;
  sized?: boolean;
  section: string;
  text: string;
}[] = [
  {
    name: "hlt",
    form: "F4",
    helper: "halt",
    privilege: 0,
    section: "SDM 2A HLT",
    text: "Stops until the next interrupt.",
  },
  {
    name: "syscall",
    form: "0F 05",
    helper: "systemCall",
    section: "SDM 2B SYSCALL",
    text: "Enters the kernel at IA32_LSTAR.",
  },
  {
    name: "sysret",
    form: "0F 07",
    // The helper looks at the mode first (#UD as Intel has it; AMD knows it in all), then at CPL.
    helper: "systemReturn",
    sized: true,
    section: "SDM 2B SYSRET",
    text: "Returns from a system call to user mode. Only for the kernel (CPL 0).",
  },
  {
    name: "sysenter",
    form: "0F 34",
    helper: "sysenter",
    section: "SDM 2B SYSENTER",
    text: "Enters the kernel at IA32_SYSENTER_EIP.",
  },
  {
    name: "sysexit",
    form: "0F 35",
    helper: "sysexit",
    privilege: 0,
    sized: true,
    section: "SDM 2B SYSEXIT",
    text: "Returns to user mode with RIP from RDX and RSP from RCX.",
  },
  {
    name: "swapgs",
    form: "0F 01 F8 {o64}",
    helper: "swapGs",
    privilege: 0,
    section: "SDM 2B SWAPGS",
    text: "Exchanges the GS base with IA32_KERNEL_GS_BASE.",
  },
  {
    name: "invd",
    form: "0F 08",
    helper: "invalidateCaches",
    privilege: 0,
    section: "SDM 2A INVD",
    text: "Empties the caches; there are none.",
  },
  {
    name: "wbinvd",
    form: "0F 09",
    helper: "invalidateCaches",
    privilege: 0,
    section: "SDM 2D WBINVD",
    text: "Writes back and empties the caches; there are none.",
  },
  {
    name: "cpuid",
    form: "0F A2",
    helper: "cpuid",
    section: "SDM 2A CPUID",
    text: "Tells what this processor is and can do.",
  },
];
for (const { form, name, helper, sized, ...rest } of plain) {
  instruction(name, {
    forms: [form],
    endsBlock: true,
    does: (_, { operandSize }) => [callSystem(helper, ...(sized ? [constant(64, operandSize)] : []))],
    ...rest,
  });
}

for (const [which, letter] of ["f", "g"].entries()) {
  const section = `SDM 2B RD${letter.toUpperCase()}SBASE`;
  instruction(`rd${letter}sbase`, {
    forms: [`F3 0F AE /${which} Ry {o64}`],
    operands: { dst: "write" },
    result: ({ dst }) => fit(dst.width, system("readBase", 64, constant(64, which))),
    section,
    text: `Copies the base of ${letter.toUpperCase()}S.`,
  });
  instruction(`wr${letter}sbase`, {
    forms: [`F3 0F AE /${2 + which} Ry {o64}`],
    operands: { src: "read" },
    does: ({ src }) => [callSystem("writeBase", constant(64, which), src)],
    section,
    text: `Loads the base of ${letter.toUpperCase()}S.`,
  });
}

/** A 64-bit value to EDX:EAX; both upper halves are cleared. */
const toEdxEax = (value: Expression): Effect[] => [
  setRegister(RAX, low(32, value)),
  setRegister(RDX, low(32, shr(value, constant(64, 32)))),
];
const edxEax = (): Expression => or(shl(zext(64, register(RDX, 32)), constant(64, 32)), zext(64, register(RAX, 32)));

export const rdtsc = instruction("rdtsc", {
  forms: ["0F 31"],
  does: () => toEdxEax(system("timestamp", 64)),
  section: "SDM 2B RDTSC",
  text: "Reads the time stamp counter to EDX:EAX.",
});

export const rdtscp = instruction("rdtscp", {
  forms: ["0F 01 F9"],
  does: () => [...toEdxEax(system("timestamp", 64)), setRegister(RCX, low(32, system("timestampAux", 64)))],
  section: "SDM 2B RDTSCP",
  text: "Reads the time stamp counter to EDX:EAX and the processor's number to ECX.",
});

export const rdmsr = instruction("rdmsr", {
  forms: ["0F 32"],
  privilege: 0,
  does: () => toEdxEax(system("readMsr", 64, register(RCX, 32))),
  section: "SDM 2B RDMSR",
  text: "Reads the model-specific register ECX to EDX:EAX.",
});

export const wrmsr = instruction("wrmsr", {
  forms: ["0F 30"],
  privilege: 0,
  endsBlock: true,
  does: () => [callSystem("writeMsr", register(RCX, 32), edxEax())],
  section: "SDM 2D WRMSR",
  text: "Writes EDX:EAX to the model-specific register ECX.",
});

/** There are no performance counters, so every index is out of range. */
export const rdpmc = instruction("rdpmc", {
  forms: ["0F 33"],
  does: () => [fault(constant(1, 1), "#GP(0)")],
  section: "SDM 2B RDPMC",
  text: "Reads a performance counter.",
});

const CR0 = constant(64, 0);

export const clts = instruction("clts", {
  forms: ["0F 06"],
  privilege: 0,
  endsBlock: true,
  does: () => [callSystem("writeControl", CR0, and(system("readControl", 64, CR0), constant(64, ~8n)))],
  section: "SDM 2A CLTS",
  text: "Clears the task-switched flag in CR0.",
});

/** PE can be set but not cleared by it. */
export const lmsw = instruction("lmsw", {
  forms: ["0F 01 /6 Ew"],
  operands: { src: "read" },
  privilege: 0,
  endsBlock: true,
  does: ({ src }) => {
    const kept = and(system("readControl", 64, CR0), constant(64, ~14n));
    return [callSystem("writeControl", CR0, or(kept, and(zext(64, src), constant(64, 15))))];
  },
  section: "SDM 2A LMSW",
  text: "Loads the low four bits of CR0.",
});

export const smsw = instruction("smsw", {
  forms: ["0F 01 /4 Mw", "0F 01 /4 Rv"],
  operands: { dst: "write" },
  result: ({ dst }) => low(dst.width, system("readControl", 64, CR0)),
  section: "SDM 2B SMSW",
  text: "Copies the low bits of CR0.",
});

const plusBytes = (place: Expression, bytes: number): Expression => plus(place, constant(place.width, bytes));

/** Limit, then base: 64 bits in 64-bit mode, else 32, of which a 16-bit operand size uses 24 (SDM 2A LGDT/LIDT). */
function loadTable(which: number, context: Context): Effect {
  const place = address(context.addressSize, 0);
  const limit = load(16, "operand", place);
  const base = load(context.long ? 64 : 32, "operand", plusBytes(place, 2));
  const used = context.long || context.operandSize !== 16 ? base : and(base, constant(32, 0xff_ffff));
  return callSystem("loadTable", constant(64, which), limit, used);
}

/** All 32 bits are stored for a 16-bit operand size too, as processors since the 386 do. */
function storeTable(which: number, context: Context): Effect[] {
  const place = address(context.addressSize, 0);
  const limit = low(16, system("tableLimit", 64, constant(64, which)));
  const base = low(context.long ? 64 : 32, system("tableBase", 64, constant(64, which)));
  return [store("operand", place, limit), store("operand", plusBytes(place, 2), base)];
}

["g", "i"].forEach((letter, which) => {
  instruction(`l${letter}dt`, {
    forms: [`0F 01 /${2 + which} Ms`],
    operands: { src: "address" },
    privilege: 0,
    endsBlock: true,
    does: (_, context) => [loadTable(which, context)],
    section: "SDM 2A LGDT/LIDT",
    text: `Loads the ${which ? "interrupt" : "global"} descriptor table register.`,
  });
  instruction(`s${letter}dt`, {
    forms: [`0F 01 /${which} Ms`],
    operands: { dst: "address" },
    does: (_, context) => storeTable(which, context),
    section: "SDM 2B SGDT, SIDT",
    text: `Stores the ${which ? "interrupt" : "global"} descriptor table register.`,
  });
});

for (const { name, form, helper, text } of [
  { name: "lldt", form: "0F 00 /2 Ew", helper: "loadLocalTable", text: "Loads the local descriptor table register." },
  { name: "ltr", form: "0F 00 /3 Ew", helper: "loadTask", text: "Loads the task register." },
] as const) {
  instruction(name, {
    forms: [form],
    operands: { src: "read" },
    privilege: 0,
    protectedOnly: true,
    endsBlock: true,
    does: ({ src }) => [callSystem(helper, src)],
    section: `SDM 2A ${name.toUpperCase()}`,
    text,
  });
}

for (const { name, reg, helper, text } of [
  { name: "sldt", reg: 0, helper: "localTable", text: "Stores the selector of the local descriptor table." },
  { name: "str", reg: 1, helper: "task", text: "Stores the selector of the task register." },
] as const) {
  instruction(name, {
    forms: [`0F 00 /${reg} Mw`, `0F 00 /${reg} Rv`],
    operands: { dst: "write" },
    protectedOnly: true,
    result: ({ dst }) => low(dst.width, system(helper, 64)),
    section: `SDM 2B ${name.toUpperCase()}`,
    text,
  });
}

export const invlpg = instruction("invlpg", {
  forms: ["0F 01 /7 Mb"],
  operands: { place: "address" },
  privilege: 0,
  endsBlock: true,
  does: () => [callSystem("invalidatePage", linearAddress(0))],
  section: "SDM 2A INVLPG",
  text: "Forgets the translation of the page of this address.",
});

const NOT_SEEN = constant(64, ~0n);

for (const { name, opcode, helper, text } of [
  { name: "lar", opcode: "02", helper: "loadAccessRights", text: "Loads the access rights of a segment." },
  { name: "lsl", opcode: "03", helper: "loadSegmentLimit", text: "Loads the limit of a segment." },
] as const) {
  instruction(name, {
    forms: [`0F ${opcode} /r Gv,Ew`],
    operands: { dst: "write", src: "read" },
    protectedOnly: true,
    does: ({ dst, src }) => {
      const value = system(helper, 64, src);
      const seen = ne(value, NOT_SEEN);
      return [setFlag("zf", seen), when(seen, write(0, low(dst.width, value)))];
    },
    section: `SDM 2A ${name.toUpperCase()}`,
    text,
  });
}

for (const { name, reg, helper, text } of [
  { name: "verr", reg: 4, helper: "verifyRead", text: "Sets ZF if the segment can be read." },
  { name: "verw", reg: 5, helper: "verifyWrite", text: "Sets ZF if the segment can be written." },
] as const) {
  instruction(name, {
    forms: [`0F 00 /${reg} Ew`],
    operands: { src: "read" },
    protectedOnly: true,
    does: ({ src }) => [setFlag("zf", not(isZero(system(helper, 64, src))))],
    section: "SDM 2D VERR/VERW",
    text,
  });
}

export const arpl = instruction("arpl", {
  forms: ["63 /r Ew,Gw {i64}"],
  // Written only if it changes, and only then does it have to be writable.
  operands: { dst: "read", src: "read" },
  protectedOnly: true,
  does: ({ dst, src }) => {
    const rpl = (selector: Expression): Expression => and(selector, constant(16, 3));
    const below = ult(rpl(dst), rpl(src));
    return [setFlag("zf", below), when(below, write(0, or(and(dst, constant(16, 0xfffc)), rpl(src))))];
  },
  section: "SDM 2A ARPL",
  text: "Raises the requested privilege level of a selector to that of another.",
});
