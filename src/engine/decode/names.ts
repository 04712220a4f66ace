/** Names of registers and sizes, and what both assembler syntaxes have in common. */
import { conditionNames } from "../../isa/conditional";
import type { Decoded, DecodedOperand } from "./decode";

const classic = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
const lowBytes = ["al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"];
const highBytes = ["ah", "ch", "dh", "bh"];

export function registerName(register: number, width: number, high = false): string {
  if (high) return highBytes[register];
  if (register >= 8) return `r${register}${{ 8: "b", 16: "w", 32: "d" }[width] ?? ""}`;
  if (width === 8) return lowBytes[register];
  return `${width === 64 ? "r" : width === 32 ? "e" : ""}${classic[register]}`;
}

/** Registers of the vector units and the x87 stack, without AT&T's percent sign. */
export function mediaName(operand: DecodedOperand & { kind: "vector" | "stack" }): string {
  if (operand.kind === "vector") return `${operand.file}${operand.register}`;
  return operand.top ? "st" : `st(${operand.register})`;
}

export const segmentNames = ["es", "cs", "ss", "ds", "fs", "gs"];

/** Numbers below ten as they are, others in hexadecimal. */
export const number = (value: bigint): string => (value < 10n ? `${value}` : `0x${value.toString(16)}`);
/** A displacement behind something: with its sign. */
export const signedNumber = (value: bigint): string => (value < 0n ? `-${number(-value)}` : `+${number(value)}`);

export function branchTarget(decoded: Decoded, displacement: bigint, address: bigint): string {
  const target = BigInt.asUintN(decoded.operandSize, address + BigInt(decoded.length) + displacement);
  return number(target);
}

/** The displacement as it is written in the program: POP's memory operand is decoded with the popped bytes added. */
export function writtenDisplacement(decoded: Decoded, operand: DecodedOperand & { kind: "memory" }): bigint {
  const added = decoded.form.attributes.has("popped") && operand.base === 4 ? decoded.operandSize / 8 : 0;
  return operand.displacement - BigInt(added);
}

/** The segment prefix that must be written: an override other than the default. */
export function shownSegment(decoded: Decoded, operand: DecodedOperand): string | undefined {
  if (operand.kind !== "memory" || decoded.instruction.name === "lea") return undefined;
  return decoded.segment === undefined ? undefined : segmentNames[operand.segment];
}

/** A string instruction whose operands go without saying: no override and the address size of the mode. */
export function plainString(decoded: Decoded): boolean {
  return decoded.instruction.repeat !== undefined && decoded.segment === undefined && !decoded.addressPrefix;
}

const predicates = ["eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord"];
/** The predicate of CMPPS and its kind, where it has a name; the name then stands in the mnemonic. */
function predicateName({ instruction, operands }: Decoded): string | undefined {
  if (instruction.unit !== "sse" || !/^cmp[ps][sd]$/.test(instruction.name)) return undefined;
  const last = operands[2];
  return last?.kind === "immediate" ? predicates[Number(last.value)] : undefined;
}

/** PCMPESTRI and PCMPESTRM with their lengths in whole registers. */
export const hasWideLengths = ({ instruction, operandSize }: Decoded): boolean =>
  operandSize === 64 && /^pcmpestr/.test(instruction.name);

/** Operands without the accumulator of STOS, LODS and SCAS, the place of MASKMOVQ and MASKMOVDQU, and XMM0 of PCMPxSTRM, which their names say. */
export function writtenOperands(decoded: Decoded): readonly DecodedOperand[] {
  const { instruction, operands } = decoded;
  if (predicateName(decoded)) return operands.slice(0, 2);
  if (/^maskmov/.test(instruction.name)) return operands.slice(1);
  if (/^pcmp[ei]str/.test(instruction.name)) return operands.slice(0, 3);
  if (!instruction.repeat) return operands;
  return operands.filter((operand) => operand.kind !== "register" || operand.register !== 0);
}

export function prefixText(decoded: Decoded): string {
  const { instruction, lock, rep } = decoded;
  if (lock) return "lock ";
  if (!instruction.repeat || rep === "") return "";
  if (instruction.repeat === "compare") return rep === "rep" ? "repe " : "repne ";
  return rep === "rep" ? "rep " : "repne ";
}

/** Width of a string instruction's elements. */
export const elementWidth = (decoded: Decoded): number =>
  decoded.operands.find(({ kind }) => kind === "stringSource" || kind === "stringDestination")?.width ?? 0;

/** The mnemonic without size suffixes. */
export function mnemonic(decoded: Decoded): string {
  const { instruction, condition, addressSize } = decoded;
  if (instruction.conditional) return instruction.name + conditionNames[condition];
  const predicate = predicateName(decoded);
  if (predicate) return `cmp${predicate}${instruction.name.slice(3)}`;
  if (instruction.name === "jrcxz") return { 16: "jcxz", 32: "jecxz", 64: "jrcxz" }[addressSize];
  if (instruction.name === "reservednop") return "nop";
  return instruction.name;
}
