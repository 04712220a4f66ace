/**
 * Instruction bytes to a decoded instruction (SDM 2A, chapter 2), through the opcode maps of forms.ts.
 *
 * "invalid" is what a CPU of level x86-64-v2 answers with #UD (or #GP for more than 15 bytes); "unimplemented" is what
 * that level has and the definitions lack; "truncated" means that the bytes end before the instruction does.
 * Displacements are signed bigints; immediates are bit patterns of their operand's width.
 */
import type { Instruction } from "../../isa";
import { type Form, type FormOperand, opcodeMaps, operandWidth, type OperandSize } from "./forms";

export interface DecodeMode {
  /** 64-bit mode. */
  readonly long: boolean;
  /** CS.D outside 64-bit mode. */
  readonly code32: boolean;
}

export interface MemoryOperand {
  readonly kind: "memory";
  readonly base: number | undefined;
  readonly index: number | undefined;
  /** Left shift of the index, 0..3. */
  readonly scale: number;
  readonly displacement: bigint;
  /** Effective segment register: override or default (SS for rSP and rBP bases). */
  readonly segment: number;
  /** The displacement counts from the next instruction. */
  readonly ripRelative: boolean;
  /** 0 for far pointers and descriptors. */
  readonly width: number;
}

export type DecodedOperand =
  | { readonly kind: "register"; readonly register: number; readonly width: number; readonly high: boolean }
  | MemoryOperand
  | { readonly kind: "immediate"; readonly value: bigint; readonly width: number }
  | { readonly kind: "relative"; readonly displacement: bigint; readonly width: number }
  | { readonly kind: "segment"; readonly register: number; readonly width: number }
  | { readonly kind: "control" | "debug"; readonly register: number; readonly width: number }
  /** xmm and mm registers. */
  | { readonly kind: "vector"; readonly file: "xmm" | "mm"; readonly register: number; readonly width: number }
  /** ST(register) of the x87 stack; `top`: the form names ST itself. */
  | { readonly kind: "stack"; readonly register: number; readonly top: boolean; readonly width: number }
  | { readonly kind: "far"; readonly selector: number; readonly offset: bigint; readonly width: number }
  /** DS:rSI with the override applied. */
  | { readonly kind: "stringSource"; readonly segment: number; readonly width: number }
  /** ES:rDI, always. */
  | { readonly kind: "stringDestination"; readonly segment: number; readonly width: number };

export interface Decoded {
  readonly kind: "instruction";
  readonly instruction: Instruction;
  readonly form: Form;
  readonly formNumber: number;
  readonly length: number;
  readonly operandSize: OperandSize;
  readonly addressSize: OperandSize;
  /** Prefix 67 was there. */
  readonly addressPrefix: boolean;
  /** Low four bits of the opcode of a conditional instruction, else 0. */
  readonly condition: number;
  /** Of forms that have one. */
  readonly modrm: number;
  readonly lock: boolean;
  /** F3 and F2 where they are not part of the opcode, whether or not they mean anything there. */
  readonly rep: "" | "rep" | "repne";
  /** Segment override, if one is in force. */
  readonly segment: number | undefined;
  readonly operands: readonly DecodedOperand[];
}

export type DecodeResult =
  | Decoded
  | { readonly kind: "invalid"; readonly reason: string; readonly fault: "#UD" | "#GP(0)" }
  | { readonly kind: "truncated" }
  | { readonly kind: "unimplemented"; readonly what: string };

const LONGEST = 15;
const DS = 3,
  SS = 2;
const truncated: DecodeResult = { kind: "truncated" };
const tooLong: DecodeResult = { kind: "invalid", reason: "longer than 15 bytes", fault: "#GP(0)" };
const invalid = (reason: string): DecodeResult => ({ kind: "invalid", reason, fault: "#UD" });

/** What a byte is before the opcode: 0 opcode, 1..6 segment override of register n - 1, or one of the below. */
const OPERAND_SIZE = 7,
  ADDRESS_SIZE = 8,
  LOCK = 9,
  REPNE = 10,
  REP = 11,
  REX = 12;
const prefixKinds = new Uint8Array(256);
[0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65].forEach((byte, n) => (prefixKinds[byte] = n + 1));
prefixKinds[0x66] = OPERAND_SIZE;
prefixKinds[0x67] = ADDRESS_SIZE;
prefixKinds[0xf0] = LOCK;
prefixKinds[0xf2] = REPNE;
prefixKinds[0xf3] = REP;
for (let byte = 0x40; byte < 0x50; byte++) prefixKinds[byte] = REX;

// The reader: one instruction at a time, so its state may stand in module variables (decode is not re-entrant).
let source: Uint8Array = new Uint8Array(0);
let position = 0;
/** The first byte that may not be read: end of the window or of the 15 bytes. Reading on from there yields 0 and sets `overrun`. */
let end = 0;
let overrun = false;
let rex = 0;
let override: number | undefined;
let addressSize: OperandSize = 16;
let operandSize: OperandSize = 16;
let long = false;
let modrm = 0;

function byte(): number {
  if (position >= end) {
    overrun = true;
    return 0;
  }
  return source[position++];
}
const word = () => byte() | (byte() << 8);
const dword = () => byte() | (byte() << 8) | (byte() << 16) | (byte() << 24);
const qword = () => BigInt(dword() >>> 0) | (BigInt(dword() >>> 0) << 32n);

/** A signed number of `width` bits. */
function signed(width: number): bigint {
  if (width === 8) return BigInt((byte() << 24) >> 24);
  if (width === 16) return BigInt((word() << 16) >> 16);
  return width === 32 ? BigInt(dword()) : BigInt.asIntN(64, qword());
}

const sixteenBitBases = [3, 3, 5, 5, undefined, undefined, 5, 3];
const sixteenBitIndexes = [6, 7, 6, 7, undefined, undefined, undefined, undefined];

/** SDM 2A, table 2-1. */
function memory16(width: number): MemoryOperand {
  const mod = modrm >> 6,
    rm = modrm & 7;
  const direct = mod === 0 && rm === 6;
  const single = rm === 4 ? 6 : rm === 5 ? 7 : rm === 6 && !direct ? 5 : rm === 7 ? 3 : undefined;
  const base = rm < 4 ? sixteenBitBases[rm] : single;
  const displacement = direct || mod === 2 ? signed(16) : mod === 1 ? signed(8) : 0n;
  const segment = override ?? (base === 5 ? SS : DS);
  return {
    kind: "memory",
    base,
    index: sixteenBitIndexes[rm],
    scale: 0,
    displacement,
    segment,
    ripRelative: false,
    width,
  };
}

/** SDM 2A, tables 2-2 and 2-3; 64-bit mode, 2.2.1. */
function memory(width: number, popped: boolean): MemoryOperand {
  if (addressSize === 16) return memory16(width);
  const mod = modrm >> 6;
  let base: number | undefined = modrm & 7;
  let index: number | undefined;
  let scale = 0;
  let ripRelative = false;
  let displacementBytes = mod === 1 ? 1 : mod === 2 ? 4 : 0;
  if (base === 4) {
    const sib = byte();
    scale = sib >> 6;
    index = ((sib >> 3) & 7) | ((rex & 2) << 2);
    if (index === 4) {
      index = undefined;
      scale = 0;
    }
    base = sib & 7;
    if (base === 5 && mod === 0) {
      base = undefined;
      displacementBytes = 4;
    }
  } else if (base === 5 && mod === 0) {
    base = undefined;
    ripRelative = long;
    displacementBytes = 4;
  }
  if (base !== undefined) base |= (rex & 1) << 3;
  let displacement = displacementBytes === 0 ? 0n : signed(displacementBytes * 8);
  // POP to memory computes its address with the stack pointer already incremented (SDM 2B POP).
  if (popped && base === 4) displacement += BigInt(operandSize >> 3);
  const segment = override ?? (base === 4 || base === 5 ? SS : DS);
  return { kind: "memory", base, index, scale, displacement, segment, ripRelative, width };
}

/** A general register; without REX the byte registers 4 to 7 are AH CH DH BH. */
function general(register: number, width: number, extension: number): DecodedOperand {
  if (width === 8 && rex === 0 && register >= 4) return { kind: "register", register: register - 4, width, high: true };
  return { kind: "register", register: register | extension, width, high: false };
}

function xmm(register: number, width: number): DecodedOperand {
  return { kind: "vector", file: "xmm", register, width };
}

/** There are eight, whatever REX says. */
function mm(register: number, width: number): DecodedOperand {
  return { kind: "vector", file: "mm", register: register & 7, width };
}

function immediate(size: string, width: number): DecodedOperand {
  const bits =
    size === "b" || size === "bs" ? 8 : size === "w" ? 16 : size === "z" ? (operandSize === 16 ? 16 : 32) : width;
  return { kind: "immediate", value: BigInt.asUintN(width, signed(bits)), width };
}

function letterOperand(form: Form, letter: string, size: string, width: number, opcode: number): DecodedOperand {
  switch (letter) {
    case "E":
    case "M":
    case "R":
      // A form without E or M in front of a register-only ModRM ignores mod (MOV CRn, DRn).
      return letter === "R" || modrm >= 0xc0
        ? general(modrm & 7, width, (rex & 1) << 3)
        : memory(width, form.attributes.has("popped"));
    case "G":
      return general((modrm >> 3) & 7, width, (rex & 4) << 1);
    case "V":
      return xmm(((modrm >> 3) & 7) | ((rex & 4) << 1), width);
    case "W":
    case "U":
      return modrm >= 0xc0 ? xmm((modrm & 7) | ((rex & 1) << 3), width) : memory(width, false);
    case "P":
      return mm(modrm >> 3, width);
    case "Q":
    case "N":
      return modrm >= 0xc0 ? mm(modrm, width) : memory(width, false);
    case "T":
      return { kind: "stack", register: modrm & 7, top: false, width: 80 };
    case "Z":
      return general(opcode & 7, width, (rex & 1) << 3);
    case "I":
      return immediate(size, width);
    case "J":
      return {
        kind: "relative",
        displacement: signed(size[0] === "b" ? 8 : operandSize === 16 ? 16 : 32),
        width: operandSize,
      };
    case "S":
      return { kind: "segment", register: (modrm >> 3) & 7, width };
    case "C":
    case "D":
      return { kind: letter === "C" ? "control" : "debug", register: ((modrm >> 3) & 7) | ((rex & 4) << 1), width };
    case "O": {
      const displacement = addressSize === 64 ? signed(64) : BigInt(addressSize === 16 ? word() : dword() >>> 0);
      const segment = override ?? DS;
      return {
        kind: "memory",
        base: undefined,
        index: undefined,
        scale: 0,
        displacement,
        segment,
        ripRelative: false,
        width,
      };
    }
    case "A": {
      const offset = operandSize === 16 ? word() : dword() >>> 0;
      return { kind: "far", offset: BigInt(offset), selector: word(), width };
    }
    case "BB":
    case "DI":
      return {
        kind: "memory",
        base: letter === "BB" ? 3 : 7,
        index: undefined,
        scale: 0,
        displacement: 0n,
        segment: override ?? DS,
        ripRelative: false,
        width,
      };
    case "X":
      return { kind: "stringSource", segment: override ?? DS, width };
    default:
      return { kind: "stringDestination", segment: 0, width };
  }
}

function decodeOperand(form: Form, operand: FormOperand, opcode: number): DecodedOperand {
  const width = operandWidth(operand, operandSize);
  switch (operand.kind) {
    case "letter":
      return letterOperand(form, operand.letter, operand.size, width, opcode);
    case "register":
      return { kind: "register", register: operand.register, width, high: false };
    case "segment":
      return { kind: "segment", register: operand.register, width };
    case "xmm":
      return xmm(operand.register, width);
    case "stackTop":
      return { kind: "stack", register: 0, top: true, width };
    case "number":
      return { kind: "immediate", value: BigInt(operand.value), width };
  }
}

/** Prefixes seen in front of the opcode, besides rex and override. */
let operandPrefix = false;
let addressPrefix = false;
let lock = false;
/** 0, REPNE or REP: the last one counts. */
let rep = 0;

/** Reads prefixes; returns the first opcode byte. REX counts only directly before the opcode (SDM 2A, 2.2.1). */
function readPrefixes(): number {
  rex = 0;
  override = undefined;
  operandPrefix = addressPrefix = lock = false;
  rep = 0;
  for (;;) {
    const value = byte();
    const kind = overrun ? 0 : prefixKinds[value];
    if (kind === 0 || (kind === REX && !long)) return value;
    if (kind === REX) {
      rex = value;
      continue;
    }
    rex = 0;
    if (kind === OPERAND_SIZE) operandPrefix = true;
    else if (kind === ADDRESS_SIZE) addressPrefix = true;
    else if (kind === LOCK) lock = true;
    else if (kind === REPNE || kind === REP) rep = kind;
    // ES, CS, SS and DS overrides are ignored in 64-bit mode (SDM 1, 3.3.7.1).
    else if (!long || kind > 4) override = kind - 1;
  }
}

function sizeOf(form: Form, code32: boolean): OperandSize {
  if (long) {
    if (form.longSize === "f64" || rex & 8) return 64;
    if (operandPrefix && form.prefix !== "66") return 16;
    return form.longSize === "d64" ? 64 : 32;
  }
  return code32 !== (operandPrefix && form.prefix !== "66") ? 32 : 16;
}

function prefixFits(form: Form): boolean {
  switch (form.prefix) {
    case undefined:
      return true;
    case "NP":
      return rep === 0 && !operandPrefix;
    case "66":
      return rep === 0 && operandPrefix;
    case "F2":
      return rep === REPNE;
    case "F3":
      return rep === REP;
  }
}

/** The form among those of an opcode that prefixes, ModRM and operand size select; sets operandSize. */
function choose(list: readonly Form[], code32: boolean): Form | undefined {
  for (const form of list) {
    if (form.modrm !== undefined && form.modrm !== modrm) continue;
    if (!prefixFits(form) || (rex & 1 && form.attributes.has("b0"))) continue;
    operandSize = sizeOf(form, code32);
    if (form.onlySize !== undefined && form.onlySize !== operandSize) continue;
    return form;
  }
  return undefined;
}

const noForms: readonly Form[] = [];

/** Decodes the instruction at `bytes[at]`. */
export function decode(bytes: Uint8Array, at: number, mode: DecodeMode): DecodeResult {
  source = bytes;
  position = at;
  end = Math.min(bytes.length, at + LONGEST);
  overrun = false;
  long = mode.long;
  const first = readPrefixes();
  let map = 0,
    opcode = first;
  if (first === 0x0f && !overrun) {
    map = 1;
    opcode = byte();
    if (opcode === 0x38 || opcode === 0x3a) {
      map = opcode === 0x38 ? 2 : 3;
      opcode = byte();
    }
  }
  addressSize = long ? (addressPrefix ? 32 : 64) : mode.code32 !== addressPrefix ? 32 : 16;
  const entry = opcodeMaps[long ? 1 : 0][map][opcode];
  if (entry?.hasModrm) modrm = byte();
  if (overrun) return end === at + LONGEST ? tooLong : truncated;
  const list = !entry ? noForms : entry.list(modrm);
  const form = choose(list, mode.code32);
  if (!form) return invalid("no such instruction");
  return finish(form, opcode, at, end === at + LONGEST);
}

function finish(form: Form, opcode: number, at: number, atLimit: boolean): DecodeResult {
  const { instruction } = form;
  const operands: DecodedOperand[] = [];
  for (const operand of form.operands) operands.push(decodeOperand(form, operand, opcode));
  if (overrun) return atLimit ? tooLong : truncated;
  if (lock && !(instruction.lockable && operands[0]?.kind === "memory")) return invalid("LOCK is not allowed here");
  for (const operand of operands) {
    const reason = badRegister(operand, instruction);
    if (reason) return invalid(reason);
  }
  return {
    kind: "instruction",
    instruction,
    form,
    formNumber: form.number,
    length: position - at,
    operandSize,
    addressSize,
    addressPrefix,
    condition: instruction.conditional ? opcode & 15 : 0,
    modrm,
    lock,
    rep: rep === 0 || form.prefix === "F2" || form.prefix === "F3" ? "" : rep === REP ? "rep" : "repne",
    segment: override,
    operands,
  };
}

/** Segment, control and debug registers that do not exist (SDM 2B MOV). */
function badRegister(operand: DecodedOperand, instruction: Instruction): string | undefined {
  if (operand.kind === "segment") {
    if (operand.register > 5) return "no such segment register";
    if (operand.register === 1 && instruction.loadsSegment) return "CS cannot be loaded by MOV";
  }
  if (operand.kind === "control" && ![0, 2, 3, 4, 8].includes(operand.register)) return "no such control register";
  if (operand.kind === "debug" && operand.register > 7) return "no such debug register";
  return undefined;
}
