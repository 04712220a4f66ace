/** AT&T syntax, as the GNU tools write it: source first, sizes as suffixes where no register tells them. */
import type { Decoded, DecodedOperand } from "./decode";
import {
  branchTarget,
  elementWidth,
  hasWideLengths,
  mediaName,
  mnemonic,
  number,
  plainString,
  prefixText,
  registerName,
  segmentNames,
  shownSegment,
  writtenDisplacement,
  writtenOperands,
} from "./names";

type Memory = DecodedOperand & { kind: "memory" };

const suffixes: Readonly<Record<number, string>> = { 8: "b", 16: "w", 32: "l", 64: "q" };
/** Names that are not the Intel name with a suffix. */
const renamed: Readonly<Record<string, string>> = {
  cbw: "cbtw",
  cwde: "cwtl",
  cdqe: "cltq",
  cwd: "cwtd",
  cdq: "cltd",
  cqo: "cqto",
  retf: "lret",
  pushad: "pushal",
  popad: "popal",
  pushfd: "pushfl",
  popfd: "popfl",
  iretd: "iretl",
  xlatb: "xlat",
  fstpnce: "fstp",
};
/** Instructions whose memory operand has one size only, or none that matters. */
const sizeless =
  /^(lea|invlpg|[ls][gi]dt|clflush|prefetch|cmpxchg(8|16)b|bound|l[defgs]s$|set|movnti|sldt|str|lldt|ltr|ver|smsw|lmsw)/;

function memoryText(decoded: Decoded, operand: Memory): string {
  const name = (register: number) => `%${registerName(register, decoded.addressSize)}`;
  const segment = shownSegment(decoded, operand);
  const displacement = writtenDisplacement(decoded, operand);
  const base = operand.ripRelative
    ? decoded.addressSize === 64
      ? "%rip"
      : "%eip"
    : operand.base === undefined
      ? ""
      : name(operand.base);
  const scale = 1 << operand.scale;
  const index = operand.index === undefined ? "" : `,${name(operand.index)}${scale === 1 && base ? "" : `,${scale}`}`;
  const inside = base || index ? `(${base}${index})` : "";
  const value = inside
    ? displacement < 0n
      ? `-${number(-displacement)}`
      : number(displacement)
    : number(BigInt.asUintN(decoded.addressSize, displacement));
  const shown = inside && displacement === 0n ? "" : value;
  return `${segment ? `%${segment}:` : ""}${shown}${inside}`;
}

function operandText(decoded: Decoded, operand: DecodedOperand, address: bigint): string {
  switch (operand.kind) {
    case "register":
      return `%${registerName(operand.register, operand.width, operand.high)}`;
    case "memory":
      return memoryText(decoded, operand);
    case "immediate":
      return `$${number(operand.value)}`;
    case "relative":
      return branchTarget(decoded, operand.displacement, address);
    case "segment":
      return `%${segmentNames[operand.register]}`;
    case "vector":
    case "stack":
      return `%${mediaName(operand)}`;
    case "control":
      return `%cr${operand.register}`;
    case "debug":
      return `%dr${operand.register}`;
    case "far":
      return `$${number(BigInt(operand.selector))}, $${number(operand.offset)}`;
    case "stringSource":
    case "stringDestination": {
      const segment = decoded.segment === undefined ? "" : `%${segmentNames[operand.segment]}:`;
      return `${segment}(%${registerName(operand.kind === "stringSource" ? 6 : 7, decoded.addressSize)})`;
    }
  }
}

/** The suffix that the operands leave open: of a memory operand beside which no register of its size stands. */
function openSize(decoded: Decoded): string {
  const { operands, instruction } = decoded;
  const memory = operands.find(({ kind }) => kind === "memory");
  if (!memory || memory.width === 0 || sizeless.test(instruction.name)) return "";
  if (instruction.unit?.startsWith("fpu")) return fpuSuffix(instruction.name, memory.width);
  if (instruction.unit && !/^cvtsi2/.test(instruction.name)) return "";
  // The count in CL says nothing about the size of what is shifted.
  const telling = operands.some(
    (operand) => operand.kind === "register" && operand.width === memory.width && !countsIn(decoded, operand),
  );
  return telling || operands.some(({ kind }) => kind === "segment") ? "" : suffixes[memory.width];
}
/** x87 operands are named by what they are: s, l, t are single, double, extended; of integers s, l, ll are 16, 32, 64 bits. */
function fpuSuffix(name: string, width: number): string {
  if (/^fi/.test(name)) return { 16: "s", 32: "l", 64: "ll" }[width] ?? "";
  if (!/^f(add|sub|mul|div|com|ld$|st$|stp$)/.test(name)) return "";
  return { 32: "s", 64: "l", 80: "t" }[width] ?? "";
}
const countsIn = (decoded: Decoded, operand: DecodedOperand): boolean =>
  operand.kind === "register" && operand.width === 8 && /^(sh|sa|ro|rc)/.test(decoded.instruction.name);

/** 64-bit immediates, and 64-bit addresses in the instruction. */
const takesWholeAddress = ({ instruction, form, operandSize, addressSize }: Decoded): boolean =>
  instruction.name === "mov" &&
  form.operands.some(
    (operand) =>
      operand.kind === "letter" &&
      ((operand.letter === "O" && addressSize === 64) ||
        (operand.letter === "I" && operand.size === "v" && operandSize === 64)),
  );

function name(decoded: Decoded): string {
  const { instruction, operandSize, form, operands } = decoded;
  const far = form.operands.some(({ size }) => size === "p");
  if (instruction.repeat) return instruction.name + suffixes[elementWidth(decoded)];
  if (instruction.name === "movsxd" && operandSize === 64) return "movslq";
  if (takesWholeAddress(decoded)) return "movabs";
  if (instruction.name === "movzx" || instruction.name === "movsx") {
    if (operands[1].width === operandSize) return `${instruction.name}${suffixes[operandSize]}`;
    return `${instruction.name.slice(0, 4)}${suffixes[operands[1].width]}${suffixes[operandSize]}`;
  }
  if (far && /^(jmp|call)$/.test(instruction.name)) return `l${instruction.name}`;
  if (/^(sysret|sysexit)$/.test(instruction.name)) return instruction.name + suffixes[operandSize];
  if (hasWideLengths(decoded)) return `${instruction.name}q`;
  // The register that the checksum is in says nothing about the data.
  if (instruction.name === "crc32" && operands[1].kind === "memory") return `crc32${suffixes[operands[1].width]}`;
  if (instruction.name === "retf") return `lret${suffixes[operandSize]}`;
  if (/^f(sub|div)r?p?$/.test(instruction.name) && operands[0].kind === "stack" && !operands[0].top) {
    // With ST(i) as destination the GNU tools keep an old exchange of the two directions.
    return instruction.name.replace(/^f(sub|div)(r?)/, (_, stem: string, r: string) => `f${stem}${r ? "" : "r"}`);
  }
  return (renamed[instruction.name] ?? mnemonic(decoded)) + openSize(decoded);
}

export function attText(decoded: Decoded, address: bigint): string {
  const head = prefixText(decoded) + name(decoded);
  if (plainString(decoded) || decoded.instruction.name === "xlatb") return head;
  const indirect =
    /^(jmp|call)$/.test(decoded.instruction.name) &&
    decoded.operands[0].kind !== "relative" &&
    decoded.operands[0].kind !== "far";
  const operands = writtenOperands(decoded).map((operand) => operandText(decoded, operand, address));
  if (/^f(u?comp?|xch)$/.test(decoded.instruction.name) && operands.length === 2) operands.shift();
  // BOUND and ENTER keep Intel's order.
  if (!/^(bound|enter)$/.test(decoded.instruction.name)) operands.reverse();
  return operands.length ? `${head} ${indirect ? "*" : ""}${operands.join(", ")}` : head;
}
