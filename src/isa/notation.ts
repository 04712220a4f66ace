/**
 * The notation in which every instruction is defined, once.
 *
 * Words used on the pages: rAX, rCX ... is the register at the operand's or the address's size (AX, EAX, RAX). dst is the manual's
 * destination, src its source. A field that a definition leaves out has no part in it: without `flags` no flag changes.
 *
 * A definition holds the encodings in the manual's own notation, how each operand is accessed, the meaning as pure
 * expressions, the effect on each flag, privilege and faults, and the manual section. The decoder, the disassembler,
 * the execution tiers, the test generator and "explain this instruction" are derived from it.
 *
 * FORMS. `"81 /0 Ev,Iz"`: opcode bytes in hex; `/0`../`7` = ModRM.reg selects; `/r` = ModRM present (implied by
 * operands E G M R S C D V W U P Q N T); `+r` after the last opcode byte = register in its low three bits (operand Z).
 * Mandatory prefixes `66`, `F2`, `F3` and `NP` (none of them) stand first. Operands, separated by commas, use the
 * manual's letters (SDM 2D, appendix A.2.1):
 *   E r/m by ModRM · G reg of ModRM · Z register in the opcode · M memory only · R register only (mod=3)
 *   I immediate · J relative branch · O moffs · S segment register · C control register · D debug register
 *   A far pointer in the instruction (ptr16:16/32) · X DS:rSI (overridable) · Y ES:rDI
 *   V xmm by ModRM.reg · W xmm/m by ModRM · U xmm by ModRM.rm · P Q N the same for mm registers · ST the top of the x87 stack · T ST(i) by ModRM.rm
 *   BBb the byte at DS:rBX (overridable; XLAT adds AL), DIb at DS:rDI · a fixed register by name: AL AX eAX rAX CL DX ES CS SS DS FS GS XMM0 · a fixed number: 1
 * followed by a size: b 8 · w 16 · d 32 · q 64 · dq 128 · packed floats ps, pd 128 · scalar floats ss 32, sd 64 · t 80 · v operand size 16/32/64 · z 16 or 32 (sign-extended to 64 when an
 * immediate) · y 32 or 64 · p far pointer · s pseudo-descriptor · bs 8-bit immediate sign-extended to the operand size. Value of a J operand: the displacement
 * sign-extended to the operand size; of an A operand: 64 bits, selector * 2^32 + offset.
 * A trailing attribute in braces, the manual's superscripts: {i64} invalid in 64-bit mode · {o64} only in 64-bit mode ·
 * {d64} operand size defaults to 64 in 64-bit mode · {f64} operand size is 64 in 64-bit mode whatever the prefixes ·
 * {o16}/{o32}/{o64v} only for this operand size (CBW/CWDE/CDQE) · {b0} without REX.B · {mod3} register form of ModRM only · {popped} a memory
 * operand's address sees the stack pointer as it is after the pop (the decoder adds the operand size to the displacement of
 * an rSP base). Three opcode bytes in a row hold the whole ModRM (`0F 01 F8`). Where two forms share an opcode and only the mode or
 * the mandatory prefix differ, both are listed.
 */
import { type Expression, type Flag, type Width, zext } from "./expression";
import type { SystemHelper } from "./system";

export type Access = "read" | "write" | "readwrite" | "address" | "none";

/** What a definition may ask about the encoding that is being specialised. Each property that is read makes a variant. */
export interface Context {
  /** Operand size in bits (prefix 66, REX.W, CS.D, attributes applied). */
  readonly operandSize: 16 | 32 | 64;
  readonly addressSize: 16 | 32 | 64;
  /** Width of the stack pointer: 64 in 64-bit mode, else by SS.B. */
  readonly stackSize: 16 | 32 | 64;
  /** 64-bit mode (CS.L). */
  readonly long: boolean;
  /** Low four bits of the last opcode byte: the condition of Jcc, SETcc, CMOVcc. */
  readonly condition: number;
}

/** Operands by the names the definition gave them, in the order of the form. `dst.width` etc. are known. */
export type Operands = Readonly<Record<string, Expression>>;

/** Names of faults an instruction can raise by itself; page and segment faults of its memory accesses are the framework's. */
export type Fault = "#DE" | "#DB" | "#BP" | "#OF" | "#BR" | "#UD" | "#NM" | "#GP(0)" | "#SS(0)" | "#MF" | "#AC";

/**
 * What an instruction does. All expressions refer to the state before it. Order of execution: loads and helper values in
 * order of mention, then `fault` effects in order, then stores in order, then everything else in list order, so that
 * nothing is changed by an instruction that faults. A `system` effect whose helper can fault stands before the register and
 * flag writes; those after it are still made when it asks to leave the block, and are not when it faults.
 */
export type Effect =
  /** Write the n-th operand (register or memory). 32-bit register writes clear the upper half; narrower keep it. */
  | { readonly kind: "write"; readonly index: number; readonly value: Expression }
  | { readonly kind: "setRegister"; readonly register: number; readonly value: Expression; readonly high?: boolean }
  | {
      readonly kind: "store";
      readonly segment: number | "operand";
      readonly offset: Expression;
      readonly value: Expression;
    }
  | { readonly kind: "setFlag"; readonly flag: Flag; readonly value: Expression }
  /** Raise `fault` if `condition`. */
  | { readonly kind: "fault"; readonly condition: Expression; readonly fault: Fault }
  /**
   * RIP = target (zero-extended from its width) if condition, else the next instruction. Where code cannot be at the target (in 64-bit mode an
   * address that is not canonical, elsewhere an offset beyond the limit of CS) a jump that is made faults with #GP(0): after the `fault` effects.
   */
  | { readonly kind: "jump"; readonly condition?: Expression; readonly target: Expression }
  /** Run a system helper (system.ts); it may fault and may leave the block. */
  | { readonly kind: "system"; readonly helper: SystemHelper; readonly arguments: readonly Expression[] }
  /** Do these effects only if the condition holds; loads inside are made only then. Not nested. */
  | { readonly kind: "when"; readonly condition: Expression; readonly effects: readonly Effect[] };

/** The usual effects by short names. A helper's arguments are widened to 64 bits. */
export const write = (index: number, value: Expression): Effect => ({ kind: "write", index, value });
export const setRegister = (register: number, value: Expression): Effect => ({ kind: "setRegister", register, value });
export const setFlag = (flag: Flag, value: Expression): Effect => ({ kind: "setFlag", flag, value });
export const store = (segment: number | "operand", offset: Expression, value: Expression): Effect => ({
  kind: "store",
  segment,
  offset,
  value,
});
export const fault = (condition: Expression, name: Fault): Effect => ({ kind: "fault", condition, fault: name });
export const jump = (target: Expression, condition?: Expression): Effect => ({ kind: "jump", target, condition });
export const when = (condition: Expression, ...effects: Effect[]): Effect => ({ kind: "when", condition, effects });
export const callSystem = (helper: SystemHelper, ...args: Expression[]): Effect => ({
  kind: "system",
  helper,
  arguments: args.map((argument) => (argument.width === 128 ? argument : zext(64, argument))),
});

/** How one flag comes out: an expression, or undefined by the manual (handlers/meaning.ts says what it then becomes). Absent: unchanged. */
export type FlagRule = ((values: Operands & { result: Expression }) => Expression) | "undefined";
export type FlagRules = Readonly<Partial<Record<Flag, FlagRule>>>;

export interface Definition {
  /** Mnemonic in lower case, Intel's: "add". Conditional families use "j", "set", "cmov" with `conditional`. */
  readonly name: string;
  readonly forms: readonly string[];
  /** Names and access of the operands in form order. */
  readonly operands?: Readonly<Record<string, Access>>;
  /** The value of the operand that is written (the first with write access; if none is, the result feeds the flags only: CMP, TEST). */
  readonly result?: (operands: Operands, context: Context) => Expression;
  readonly flags?: FlagRules;
  /** Flags change only if this holds (shifts by a count of zero). */
  readonly flagsWhen?: (operands: Operands, context: Context) => Expression;
  /** Where a flag is defined for some operands only: when it is undefined (for tests; the rule in `flags` still says what we do). */
  readonly undefinedWhen?: Readonly<Partial<Record<Flag, (operands: Operands, context: Context) => Expression>>>;
  /** `result` feeds the flags only although an operand is written: `does` writes (XADD, CMPXCHG). */
  readonly flagsOnly?: boolean;
  /** The general form, for what `result` cannot say; both may be given: `result` comes first. */
  readonly does?: (operands: Operands, context: Context) => readonly Effect[];
  /** The low four bits of the opcode are a condition; the mnemonic gets its suffix. */
  readonly conditional?: boolean;
  readonly lockable?: boolean;
  /** Writes its segment register operand: CS is then invalid. */
  readonly loadsSegment?: boolean;
  /** String instruction: repeated under REP (count in rCX); "compare" also ends on ZF by REPE/REPNE. */
  readonly repeat?: "plain" | "compare";
  /**
   * Highest CPL (0..3) that may execute it; above: #GP(0). "iopl": CPL must not exceed IOPL in protected mode. "port": it may use the port in
   * DX, by IOPL or the TSS's map. Looked at first, even before a count of 0 under REP.
   */
  readonly privilege?: 0 | "iopl" | "port";
  /** The fault above it, where it is not #GP(0). */
  readonly privilegeFault?: "#UD";
  /** Not in real mode / virtual-8086 (#UD). */
  readonly protectedOnly?: boolean;
  /** Whose registers it uses: decides #UD and #NM by CR0 and CR4, and #MF of a pending x87 exception. "fpu" waits for one, "fpu control" does not. */
  readonly unit?: "sse" | "mmx" | "fpu" | "fpu control";
  /** Its 128-bit memory operand need not be aligned on 16 bytes (else #GP(0)). */
  readonly unaligned?: boolean;
  /** Ends a run of straight-line code even though it is not a jump (it may change mode, mapping or interrupt state). */
  readonly endsBlock?: boolean;
  /** Intel SDM volume and page heading, e.g. "SDM 2A ADD". */
  readonly section: string;
  /** One sentence for "explain this instruction". */
  readonly text: string;
}

export interface Instruction extends Definition {
  readonly id: number;
}

const all: Instruction[] = [];

/** Registers a definition. Called once per instruction at module load; the order of ids is the order of definition. */
export function instruction(name: string, definition: Omit<Definition, "name">): Instruction {
  const entry: Instruction = { id: all.length, name, ...definition };
  all.push(entry);
  return entry;
}

/** Every defined instruction. Import `isa/index.ts`, which loads all definitions first. */
export const instructions: readonly Instruction[] = all;

/** Bits of the widths named by an operand size letter, for readers of forms. */
export type OperandWidth = Width;
