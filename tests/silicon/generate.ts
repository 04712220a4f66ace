/** Makes random cases for every form that user code can run, from the forms themselves. */
import { decode, type Decoded, type DecodedOperand } from "../../src/engine/decode/decode";
import { type Form, forms } from "../../src/engine/decode/forms";
import { RAX, RBP, RBX, RCX, RDI, RDX, RSI, RSP } from "../../src/isa/expression";
import { effectiveAddress } from "../isa/evaluate";
import {
  type Bits,
  BITS,
  type Case,
  CODE,
  codeBase,
  dataBase,
  initialState,
  random,
  START,
  WINDOW_BYTES,
  windowOf,
} from "./cases";

/** Instructions whose outcome depends on the operating system or that would leave the harness, and why. */
const excluded: Readonly<Record<string, string>> = {
  popf: "could set the trap flag",
  popfd: "could set the trap flag",
  popfq: "could set the trap flag",
  pushf: "stores flags that the operating system chose",
  pushfd: "stores flags that the operating system chose",
  pushfq: "stores flags that the operating system chose",
  int: "calls the operating system",
  int3: "ends a case",
  int1: "ends a case",
  into: "calls the operating system",
  iret: "changes segments",
  iretd: "changes segments",
  iretq: "changes segments",
  retf: "changes segments",
  lds: "changes segments",
  les: "changes segments",
  lss: "changes segments",
  lfs: "changes segments",
  lgs: "changes segments",
  sysret: "privileged: its helper looks at the mode first",
  syscall: "calls the operating system",
  sysenter: "calls the operating system",
  cpuid: "another processor",
  rdtsc: "another clock",
  rdtscp: "another clock",
  lar: "the operating system's tables",
  lsl: "the operating system's tables",
  verr: "the operating system's tables",
  verw: "the operating system's tables",
  sldt: "the operating system's tables",
  str: "the operating system's tables",
  sgdt: "the operating system's tables",
  sidt: "the operating system's tables",
  smsw: "the operating system's CR0",
  in: "no permission for ports",
  out: "no permission for ports",
  ins: "no permission for ports",
  outs: "no permission for ports",
  cli: "no permission",
  rdfsbase: "the operating system's base",
  rdgsbase: "the operating system's base",
  wrfsbase: "the harness's own data",
  wrgsbase: "the harness's own data",
  sti: "no permission",
};

/** Forms that tests/silicon/media tries: SSE, MMX, x87, and what the baseline has of 16-byte accesses besides. */
export const isMedia = ({ instruction }: Form): boolean =>
  instruction.unit !== undefined || /^(cmpxchg16b|fwait)$/.test(instruction.name);

/** Why a form cannot be tried in user mode, or undefined. */
export function whyExcluded(form: Form): string | undefined {
  const { instruction } = form;
  if (instruction.privilege !== undefined) return "privileged";
  if (isMedia(form)) return "recorded with the vector and x87 registers (media)";
  if (excluded[instruction.name]) return excluded[instruction.name];
  const letters = form.operands.map((operand) => (operand.kind === "letter" ? operand.letter : operand.kind));
  if (letters.includes("S") || letters.includes("segment")) return "segment registers belong to the operating system";
  if (form.operands.some(({ size }) => size === "p")) return "changes segments";
  return undefined;
}

type Random = () => number;
/** What of a case is chosen before its code. */
type Where = Pick<Case, "bits" | "crossing">;
const chance = (next: Random, percent: number) => next() % 100 < percent;
const littleEndian = (value: number, bytes: number) =>
  Array.from({ length: bytes }, (_, n) => (value >> (8 * n)) & 255);

/** ModRM, SIB and displacement bytes. Addresses without a base are chosen to lie in the window. */
function modrmBytes(form: Form, next: Random, where: Where, addressBytes: number): number[] {
  const { bits } = where;
  if (form.modrm !== undefined) return [form.modrm];
  const letters = form.operands.map((operand) => (operand.kind === "letter" ? operand.letter : ""));
  const registerOnly = letters.includes("R") || form.attributes.has("mod3");
  const mod = registerOnly ? 3 : letters.includes("M") ? next() % 3 : [0, 1, 2, 3, 3][next() % 5];
  const rm = next() % 8;
  const bytes = [(mod << 6) | ((form.reg ?? next() % 8) << 3) | rm];
  if (mod === 3) return bytes;
  const target = windowOf(where) + (next() % (WINDOW_BYTES - 16)) - dataBase(bits);
  if (addressBytes === 2) {
    if (mod === 0 && rm === 6) return [...bytes, ...littleEndian(target, 2)];
    return [...bytes, ...Array.from({ length: mod }, () => next() % 256)];
  }
  let base = rm;
  if (rm === 4) {
    const sib = next() % 256;
    bytes.push(sib);
    base = sib & 7;
  }
  if (mod === 0 && base === 5) {
    // RIP-relative: the end of the instruction is not known yet; a few bytes more or less do not matter.
    bytes.push(...littleEndian(rm === 5 && bits === 64 ? target - START : target, 4));
  } else if (mod !== 0) {
    bytes.push(...Array.from({ length: mod === 1 ? 1 : 4 }, () => next() % 256));
  }
  return bytes;
}

/** Immediates and branch displacements. */
function immediateBytes(form: Form, next: Random, where: Where, size: number, addressBytes: number): number[] {
  const { bits } = where;
  return form.operands.flatMap((operand) => {
    if (operand.kind !== "letter") return [];
    if (operand.letter === "O") {
      const target = littleEndian(windowOf(where) + (next() % (WINDOW_BYTES - 8)) - dataBase(bits), 4);
      return [...target, 0, 0, 0, 0].slice(0, addressBytes);
    }
    if (operand.letter === "J") {
      return operand.size === "bs" ? [next() % 256] : littleEndian((next() % 2400) - 1200, size === 2 ? 2 : 4);
    }
    if (operand.letter !== "I") return [];
    const bytes = { b: 1, bs: 1, w: 2, z: Math.min(size, 4), v: size }[operand.size as string] ?? 1;
    const edge = chance(next, 25) ? [0x00, 0xff][next() % 2] : undefined;
    return Array.from({ length: bytes }, () => edge ?? next() % 256);
  });
}

/** Bytes of the form, with prefixes and operands as they come. */
export function encodeForm(form: Form, next: Random, where: Where): Uint8Array {
  const { bits } = where;
  const prefixes: number[] = [];
  const { instruction } = form;
  const usual = bits === 16 ? 16 : 32;
  // In 64-bit mode branches with prefix 66 are where the two makers of processors differ (SDM 2A JMP; AMD 3 JMP); in 32-bit
  // mode they would leave the code page.
  const branch = bits !== 16 && form.longSize === "f64";
  const operandPrefix =
    form.onlySize === undefined || form.onlySize === 64
      ? chance(next, 25) && !branch && form.prefix !== "NP" && form.onlySize === undefined
      : form.onlySize !== usual;
  if (operandPrefix) prefixes.push(0x66);
  // 16-bit addresses do not reach the window from segments that begin at 0.
  const addressPrefix = bits !== 32 && chance(next, bits === 16 ? 25 : 10);
  if (addressPrefix) prefixes.push(0x67);
  if (instruction.lockable && chance(next, 20)) prefixes.push(0xf0);
  if (instruction.repeat && chance(next, 60)) prefixes.push(0xf2 + (next() % 2));
  // Outside 64-bit mode the code segment cannot be written.
  if (chance(next, 3)) prefixes.push([0x3e, 0x36, 0x26, 0x2e][next() % (bits === 64 ? 4 : 3)]);
  if (form.prefix && form.prefix !== "NP") prefixes.push(parseInt(form.prefix, 16));
  let rex = 0;
  if (bits === 64 && (form.onlySize === 64 || chance(next, 60))) {
    rex = 0x40 | (next() % 16);
    if (form.onlySize === 64) rex |= 8;
    if (form.onlySize === 32 || form.onlySize === 16) rex &= ~8;
    if (form.attributes.has("b0")) rex &= ~1;
    prefixes.push(rex);
  }
  const size = rex & 8 ? 8 : operandPrefix === (bits === 16) ? 4 : 2;
  const opcode = form.opcode + (instruction.conditional ? next() % 16 : form.registerInOpcode ? next() % 8 : 0);
  const escape = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]][form.map];
  const addressBytes = bits === 32 || addressPrefix ? 4 : bits / 8;
  const modrm = form.hasModrm ? modrmBytes(form, next, where, addressBytes) : [];
  const immediates = immediateBytes(form, next, where, size, addressBytes);
  return Uint8Array.from([...prefixes, ...escape, opcode, ...modrm, ...immediates]);
}

/** Registers and window words that a case sets beyond its seed. */
interface Patches {
  readonly registers: Map<number, bigint>;
  readonly words: Map<number, bigint>;
}

/** Makes the operand's address `target` by its base or index register. False when no register can do it. */
function aim(operand: DecodedOperand & { kind: "memory" }, place: number, draft: Draft): boolean {
  const { decoded, patches } = draft;
  const target = place - dataBase(draft.bits);
  const state = draft.state();
  const adjust = (register: number, by: bigint) =>
    patches.registers.set(register, BigInt.asUintN(64, state.registers[register] + by));
  const now = effectiveAddress(state, decoded, operand);
  const missing = BigInt.asIntN(decoded.addressSize, BigInt(target) - now);
  if (missing === 0n) return true;
  if (operand.base !== undefined && operand.base !== operand.index) adjust(operand.base, missing);
  else if (operand.index !== undefined && operand.base === undefined && operand.scale === 0) {
    adjust(operand.index, missing);
  }
  const at = draft.windowOffset(operand);
  return at >= 0 && at < WINDOW_BYTES + (draft.crossing ? -16 : 16);
}

class Draft {
  readonly patches: Patches = { registers: new Map(), words: new Map() };

  constructor(
    readonly code: Uint8Array,
    readonly decoded: Decoded,
    readonly seed: number,
    readonly bits: Bits,
    readonly crossing: boolean,
  ) {}

  test(): Case {
    return { bits: this.bits, crossing: this.crossing, code: this.code, seed: this.seed, ...this.patches };
  }

  state() {
    const { registers, memory } = initialState(this.test());
    return {
      registers,
      rip: BigInt(START - codeBase(this.bits)),
      flags: { cf: false, pf: false, af: false, zf: false, sf: false, df: false, of: false, if: true },
      memory: { read: () => 0n, write: () => undefined },
      window: new DataView(memory.buffer),
    };
  }

  windowOffset(operand: DecodedOperand & { kind: "memory" }): number {
    return Number(effectiveAddress(this.state(), this.decoded, operand)) + dataBase(this.bits) - windowOf(this);
  }

  /** Points a register at a place. */
  point(register: number, place: number): void {
    this.patches.registers.set(register, BigInt(place - dataBase(this.bits)));
  }
}

/** Somewhere in the window; now and then over its end, into the page that is not there, or over the border in its middle. */
function place(draft: Draft, next: Random, bytes: number, margin = 0): number {
  const window = windowOf(draft);
  if (draft.crossing) {
    if (bytes > 1 && chance(next, 70)) return window + WINDOW_BYTES / 2 - 1 - (next() % (bytes - 1));
  } else if (margin === 0 && chance(next, 3)) return window + WINDOW_BYTES - 1 - (next() % Math.max(bytes, 1));
  return window + margin + (next() % (WINDOW_BYTES - 2 * margin - bytes + 1));
}

/** A place in the code page that is not in the instruction. */
function codeTarget(draft: Draft, next: Random): bigint {
  return BigInt(CODE - codeBase(draft.bits) + (next() % 0x400) + (chance(next, 50) ? 0xa00 : 0));
}

function aimStrings(draft: Draft, next: Random): void {
  const { decoded, patches } = draft;
  const width = Math.max(...decoded.operands.map((operand) => operand.width)) / 8;
  draft.point(RSI, place(draft, next, width, 40));
  const end = windowOf(draft) + WINDOW_BYTES - 1 - (next() % 16);
  draft.point(RDI, !draft.crossing && chance(next, 5) ? end : place(draft, next, width, 40));
  if (decoded.rep !== "") patches.registers.set(RCX, BigInt(next() % 5));
  if (decoded.instruction.repeat === "compare" && chance(next, 50)) {
    patches.registers.set(RDI, patches.registers.get(RSI)!);
  }
}

/** What particular instructions need to do something worth looking at. */
const preparations: Readonly<Record<string, (draft: Draft, next: Random) => void>> = {
  xlatb: (draft, next) => {
    const al = BigInt.asUintN(8, draft.state().registers[RAX]);
    draft.point(RBX, place(draft, next, 1) - Number(al));
  },
  leave: (draft, next) => draft.point(RBP, place(draft, next, 8)),
  enter: (draft, next) => draft.point(RBP, place(draft, next, 8, 32)),
  ret: (draft, next) => void draft.patches.words.set(64, codeTarget(draft, next)),
  div: prepareDivision,
  idiv: prepareDivision,
  cmpxchg: (draft) => {
    const [dst] = draft.decoded.operands;
    const state = draft.state();
    const at = dst.kind === "memory" ? draft.windowOffset(dst) : -1;
    if (draft.seed % 2 === 0) return;
    if (dst.kind === "register") draft.patches.registers.set(RAX, state.registers[dst.register]);
    else if (at >= 0 && at <= WINDOW_BYTES - 8 && !pointers(dst).includes(RAX)) {
      draft.patches.registers.set(RAX, state.window.getBigUint64(at, true));
    }
  },
  cmpxchg8b: (draft) => {
    const [dst] = draft.decoded.operands;
    const state = draft.state();
    const at = dst.kind === "memory" ? draft.windowOffset(dst) : -1;
    const pointers = dst.kind === "memory" ? [dst.base, dst.index] : [];
    if (draft.seed % 2 === 0 || at < 0 || at > WINDOW_BYTES - 8 || pointers.includes(RAX) || pointers.includes(RDX))
      return;
    draft.patches.registers.set(RAX, BigInt(state.window.getUint32(at, true)));
    draft.patches.registers.set(RDX, BigInt(state.window.getUint32(at + 4, true)));
  },
};

/** Registers that an operand's address is made of. */
const pointers = (operand: DecodedOperand) => (operand.kind === "memory" ? [operand.base, operand.index] : []);

/** A random dividend nearly always overflows; a small or sign-extended upper half seldom does. */
function prepareDivision(draft: Draft, next: Random): void {
  const [src] = draft.decoded.operands;
  const upper = src.width === 8 ? RAX : RDX;
  if (pointers(src).includes(upper) || chance(next, 25)) return;
  const { registers } = draft.state();
  if (src.width === 8) draft.patches.registers.set(RAX, BigInt.asUintN(16, BigInt.asIntN(8, BigInt(next() % 512))));
  else {
    const negative = draft.decoded.instruction.name === "idiv" && (registers[RAX] >> BigInt(src.width - 1)) & 1n;
    draft.patches.registers.set(RDX, BigInt.asUintN(64, negative ? -1n - BigInt(next() % 2) : BigInt(next() % 4)));
  }
}

/** Bytes that the instruction touches at its memory operand. */
function extent(decoded: Decoded, operand: DecodedOperand): number {
  if (decoded.instruction.name === "bound") return decoded.operandSize / 4;
  return Math.max(operand.width, 8) / 8;
}

function prepare(draft: Draft, next: Random): boolean {
  const { decoded, patches } = draft;
  const { name, repeat } = decoded.instruction;
  if (repeat) aimStrings(draft, next);
  if (/^loop/.test(name) || name === "jrcxz") if (chance(next, 50)) patches.registers.set(RCX, BigInt(next() % 3));
  const branch = name === "jmp" || name === "call";
  for (const [index, operand] of decoded.operands.entries()) {
    if (operand.kind === "memory" && name !== "lea" && name !== "nop" && name !== "reservednop" && name !== "xlatb") {
      const bitString = /^bt/.test(name) && decoded.operands[1].kind === "register";
      if (bitString && !prepareBitIndex(draft, operand, next)) return false;
      if (!aim(operand, place(draft, next, extent(decoded, operand), bitString ? 48 : 0), draft)) return false;
      const at = draft.windowOffset(operand);
      if (bitString && (at < 40 || at > 80)) return false;
      if (branch && (at < 0 || at > WINDOW_BYTES - 8)) return false;
      if (branch) setWord(draft, at, codeTarget(draft, next));
    }
    if (branch && index === 0 && operand.kind === "register") {
      if (operand.register === RSP) return false;
      patches.registers.set(operand.register, codeTarget(draft, next));
    }
  }
  preparations[name]?.(draft, next);
  const usesStack = /^(push|pop|call|leave|enter)/.test(name);
  if (draft.crossing && usesStack && !patches.registers.has(RSP)) {
    draft.point(RSP, windowOf(draft) + 57 + (next() % 16));
  }
  return !/^(push|pop|call|ret|enter|leave)/.test(name) || stackIsInside(draft);
}

/** The stack pointer may have been aimed as a base, or hold the operand. */
function stackIsInside(draft: Draft): boolean {
  const window = windowOf(draft);
  const pointer = draft.state().registers[RSP] + BigInt(dataBase(draft.bits));
  return pointer >= BigInt(window + 32) && pointer <= BigInt(window + WINDOW_BYTES - (draft.crossing ? 32 : 0));
}

/** Writes 8 bytes at any offset of the window, as the aligned words that hold them. */
function setWord(draft: Draft, at: number, value: bigint): void {
  const { window } = draft.state();
  window.setBigUint64(at, value, true);
  for (const offset of [at & ~7, (at + 7) & ~7]) draft.patches.words.set(offset, window.getBigUint64(offset, true));
}

/** The bit number may reach a few bytes to both sides; its register must not be part of the address. */
function prepareBitIndex(draft: Draft, operand: DecodedOperand & { kind: "memory" }, next: Random): boolean {
  const index = draft.decoded.operands[1];
  if (index.kind !== "register" || index.register === operand.base || index.register === operand.index) return false;
  const value = BigInt((next() % 512) - 256);
  draft.patches.registers.set(index.register, BigInt.asUintN(64, value));
  return true;
}

/** Results that the manual leaves undefined as a whole, or on which the makers of processors differ. */
function undefinedResult(test: Case, decoded: Decoded): boolean {
  const { name } = decoded.instruction;
  // Of a 16-bit MOVSXD, Intel reads two bytes, AMD four.
  if (name === "movsxd") return decoded.operandSize === 16;
  if (name === "bswap") return decoded.operandSize === 16;
  if (name !== "shld" && name !== "shrd") return false;
  const count = decoded.operands[2];
  const value = count.kind === "immediate" ? count.value : initialState(test).registers[RCX];
  return decoded.operandSize === 16 && (value & 31n) > 16n;
}

/** A jump back into the instruction's own bytes would run them in another way. */
function intoItself(decoded: Decoded): boolean {
  const [operand] = decoded.operands;
  if (operand?.kind !== "relative") return false;
  const target = decoded.length + Number(operand.displacement);
  return target >= 0 && target < decoded.length;
}

/** ENTER stores up to 31 frame pointers and moves the stack by up to 64 KiB: keep both in the window. */
function tooDeep(decoded: Decoded): boolean {
  const [allocation, level] = decoded.operands;
  if (decoded.instruction.name !== "enter" || allocation.kind !== "immediate" || level.kind !== "immediate")
    return false;
  return (level.value & 31n) > 3n || allocation.value > 1000n;
}

/** 16-bit code cannot rely on the upper half of ESP: see `visible`. */
export function readsWholeStackPointer(decoded: Decoded): boolean {
  const { instruction, operands, operandSize, addressSize } = decoded;
  if (/^(pushad|enter)$/.test(instruction.name)) return operandSize === 32;
  return operands.some(
    (operand) =>
      (operand.kind === "register" && operand.register === RSP && operand.width === 32) ||
      (addressSize === 32 && pointers(operand).includes(RSP)),
  );
}

/** One case for a form, or undefined when the dice gave one that cannot be used. */
export function generateCase(form: Form, seed: number, bits: Bits, crossing = false): Case | undefined {
  const next = random(seed ^ Math.imul(form.number + 1, 0x9e3779b1) ^ Math.imul(bits, 0x5bd1e995));
  const where = { bits, crossing };
  const code = encodeForm(form, next, where);
  if (form.instruction.name === "enter") code.set([next() % 256, next() % 3, next() % 4], code.length - 3);
  const decoded = decode(code, 0, { long: bits === 64, code32: bits === 32 });
  if (decoded.kind !== "instruction" || decoded.form !== form || decoded.length !== code.length) return undefined;
  if (intoItself(decoded) || tooDeep(decoded) || (bits === 16 && readsWholeStackPointer(decoded))) return undefined;
  const draft = new Draft(code, decoded, seed, bits, crossing);
  if (!prepare(draft, next)) return undefined;
  const test = draft.test();
  return undefinedResult(test, decoded) ? undefined : test;
}

/** `count` cases for each form in 64-bit mode (or, where it is not there, 32-bit mode), and a quarter of that in each of the others; a quarter of all with the window across two pages. */
export function generate(count: number, seed: number, only = /./): Case[] {
  const cases: Case[] = [];
  for (const form of forms) {
    if (whyExcluded(form) || !only.test(`${form.instruction.name} ${form.text}`)) continue;
    for (const bits of BITS) {
      if (!(bits === 64 ? form.inLong : form.inLegacy)) continue;
      const main = bits === 64 || (bits === 32 && !form.inLong);
      const wanted = main ? count : Math.ceil(count / 4);
      for (let made = 0, tried = 0; made < wanted; tried++) {
        if (tried > wanted * 40) {
          if (!main) break;
          throw new Error(`cannot make cases for ${form.instruction.name} ${form.text}`);
        }
        const test = generateCase(form, (seed * 1_000_003 + tried) >>> 0, bits, tried % 4 === 3);
        if (!test) continue;
        cases.push(test);
        made++;
      }
    }
  }
  return cases;
}
