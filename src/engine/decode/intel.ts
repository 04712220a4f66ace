/** Intel syntax: destination first, sizes written at memory operands. */
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
  signedNumber,
  writtenDisplacement,
  writtenOperands,
} from "./names";

type Memory = DecodedOperand & { kind: "memory" };

const sizeNames: Readonly<Record<number, string>> = {
  8: "byte ptr ",
  16: "word ptr ",
  32: "dword ptr ",
  64: "qword ptr ",
  80: "tbyte ptr ",
  128: "xmmword ptr ",
};
const elementSuffixes: Readonly<Record<number, string>> = { 8: "b", 16: "w", 32: "d", 64: "q" };

function inBrackets(decoded: Decoded, operand: Memory): string {
  const name = (register: number) => registerName(register, decoded.addressSize);
  const parts: string[] = [];
  if (operand.ripRelative) parts.push(decoded.addressSize === 64 ? "rip" : "eip");
  if (operand.base !== undefined) parts.push(name(operand.base));
  if (operand.index !== undefined) {
    const scale = 1 << operand.scale;
    parts.push(scale === 1 && operand.base !== undefined ? name(operand.index) : `${name(operand.index)}*${scale}`);
  }
  const displacement = writtenDisplacement(decoded, operand);
  if (parts.length === 0) return number(BigInt.asUintN(decoded.addressSize, displacement));
  return parts.join("+") + (displacement === 0n ? "" : signedNumber(displacement));
}

/** What stands before the brackets. The address alone counts for LEA, INVLPG and the descriptor tables. */
function sizeName(decoded: Decoded, operand: Memory): string {
  const { name } = decoded.instruction;
  if (name === "lea" || name === "invlpg" || (/^f(x|n?st|ld|n?sa|rs)/.test(name) && operand.width === 0)) return "";
  if (name === "bound") return sizeNames[decoded.operandSize * 2];
  if (operand.width !== 0) return sizeNames[operand.width];
  if (/^[ls][gi]dt$/.test(name)) return decoded.addressSize === 64 ? "tbyte ptr " : "fword ptr ";
  return { 16: "dword ptr ", 32: "fword ptr ", 64: "tbyte ptr " }[decoded.operandSize];
}

function operandText(decoded: Decoded, operand: DecodedOperand, address: bigint): string {
  switch (operand.kind) {
    case "register":
      return registerName(operand.register, operand.width, operand.high);
    case "memory": {
      const segment = shownSegment(decoded, operand);
      return `${sizeName(decoded, operand)}${segment ? `${segment}:` : ""}[${inBrackets(decoded, operand)}]`;
    }
    case "immediate":
      return number(operand.value);
    case "relative":
      return branchTarget(decoded, operand.displacement, address);
    case "segment":
      return segmentNames[operand.register];
    case "vector":
    case "stack":
      return mediaName(operand);
    case "control":
      return `cr${operand.register}`;
    case "debug":
      return `dr${operand.register}`;
    case "far":
      return `${number(BigInt(operand.selector))}:${number(operand.offset)}`;
    case "stringSource":
    case "stringDestination": {
      const segment = decoded.segment === undefined ? "" : `${segmentNames[operand.segment]}:`;
      const pointer = registerName(operand.kind === "stringSource" ? 6 : 7, decoded.addressSize);
      return `${sizeNames[operand.width]}${segment}[${pointer}]`;
    }
  }
}

function name(decoded: Decoded): string {
  const { instruction, form, operandSize } = decoded;
  if (instruction.repeat) return instruction.name + elementSuffixes[elementWidth(decoded)];
  if (form.operands.some(({ size }) => size === "p") && /^(jmp|call)$/.test(instruction.name))
    return `${instruction.name} far`;
  if (/^(sysret|sysexit)$/.test(instruction.name) && operandSize === 64) return `${instruction.name}q`;
  return hasWideLengths(decoded) ? `${instruction.name}64` : mnemonic(decoded);
}

export function intelText(decoded: Decoded, address: bigint): string {
  const head = prefixText(decoded) + name(decoded);
  if (plainString(decoded) || decoded.instruction.name === "xlatb") {
    const segment = decoded.instruction.name === "xlatb" ? shownSegment(decoded, decoded.operands[0]) : undefined;
    return segment ? `${head} ${segment}:[${registerName(3, decoded.addressSize)}]` : head;
  }
  const written = writtenOperands(decoded).filter((_, n) => decoded.form.operands[n]?.kind !== "xmm");
  const operands = written.map((operand) => operandText(decoded, operand, address));
  return operands.length ? `${head} ${operands.join(", ")}` : head;
}
