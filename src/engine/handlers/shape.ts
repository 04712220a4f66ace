/**
 * What a handler is specialised for: instruction, kinds and widths of the operands, and what its meaning asks of the context.
 * Two decoded instructions of the same shape share a handler; what else differs stands in their records.
 */
import type { Context, Instruction } from "../../isa/notation";
import type { Decoded, DecodedOperand } from "../decode/decode";
import type { FormOperand } from "../decode/forms";
import { MODE } from "../state";

export type Bits = 16 | 32 | 64;

export type OperandShape =
  /** A register whose place is in the record's first or second register field. */
  | { readonly kind: "register"; readonly width: number; readonly slot: 1 | 2 }
  /** A register that the form names. */
  | { readonly kind: "fixed"; readonly width: number; readonly register: number }
  /** Memory. `simple`: base and displacement only. */
  | { readonly kind: "memory"; readonly width: number; readonly simple: boolean }
  /** `part` 1: upper half of the record's immediate (second immediate operand). */
  | { readonly kind: "immediate"; readonly width: number; readonly part: 0 | 1 }
  | { readonly kind: "relative"; readonly width: number }
  | { readonly kind: "constant"; readonly width: number; readonly value: bigint }
  | { readonly kind: "segment"; readonly width: number; readonly slot: 1 | 2 }
  | { readonly kind: "fixedSegment"; readonly width: number; readonly register: number }
  | { readonly kind: "numbered"; readonly width: number; readonly slot: 1 | 2 }
  /** An xmm or mm register. */
  | { readonly kind: "vector"; readonly width: number; readonly file: "xmm" | "mm"; readonly slot: 1 | 2 }
  /** An xmm register that the form names. */
  | { readonly kind: "fixedVector"; readonly width: number; readonly register: number }
  /** ST, where the form names it. */
  | { readonly kind: "stackTop"; readonly width: number }
  | { readonly kind: "source" | "destination"; readonly width: number };

export interface Shape {
  readonly instruction: Instruction;
  readonly operands: readonly OperandShape[];
  readonly context: Context;
  /** Repeat prefix, where it means something. */
  readonly rep: "" | "rep" | "repne";
}

/** Everything of the shape that can be told without running the definition. */
export function shapeKey(shape: Shape): string {
  const { context } = shape;
  const sizes = `${context.operandSize}.${context.addressSize}.${context.stackSize}.${context.long ? 1 : 0}.${context.condition}`;
  return `${shape.instruction.id}.${operandsKey(shape)}.${shape.rep}.${sizes}`;
}

export function operandsKey(shape: Shape): string {
  let key = "";
  for (const operand of shape.operands) {
    key += `${operand.kind}${operand.width}`;
    if (operand.kind === "fixed" || operand.kind === "fixedSegment") key += `=${operand.register}`;
    else if (operand.kind === "vector") key += operand.file;
    else if (operand.kind === "memory") key += operand.simple ? "s" : "i";
    key += ",";
  }
  return key;
}

const kindNumbers: Readonly<Record<DecodedOperand["kind"], number>> = {
  register: 1,
  memory: 2,
  immediate: 3,
  far: 4,
  relative: 5,
  segment: 6,
  control: 7,
  debug: 8,
  vector: 9,
  stack: 10,
  stringSource: 11,
  stringDestination: 12,
};
const repNumbers = { "": 0, rep: 1, repne: 2 } as const;

/** What `shapeOf` depends on, in one number. (Widths, and names of registers, follow from form and sizes.) */
export function shapeNumber(decoded: Decoded, mode: number): number {
  let operands = 0;
  for (const operand of decoded.operands) {
    const simple = operand.kind === "memory" && operand.index === undefined && operand.segment < 4 ? 1 : 0;
    operands = operands * 32 + kindNumbers[operand.kind] * 2 + simple;
  }
  const { condition, rep, operandSize, addressSize, formNumber } = decoded;
  const sizes = ((mode & 31) << 4) | ((operandSize >> 5) << 2) | (addressSize >> 5);
  return (((formNumber * 16 + condition) * 4 + repNumbers[rep]) * 512 + sizes) * 32_768 + operands;
}

export function stackSize(mode: number): Bits {
  if (mode & MODE.long) return 64;
  return mode & MODE.stack32 ? 32 : 16;
}

export function shapeOf(decoded: Decoded, mode: number): Shape {
  let slot = 0;
  let part = 0;
  const nextSlot = () => {
    if (slot === 2) throw new Error(`${decoded.instruction.name}: more than two register operands in the record`);
    return ++slot as 1 | 2;
  };
  const operands = decoded.operands.map((operand, n) =>
    operandShape(operand, decoded.form.operands[n], nextSlot, () => part++ as 0 | 1),
  );
  return {
    instruction: decoded.instruction,
    operands,
    context: {
      operandSize: decoded.operandSize,
      addressSize: decoded.addressSize,
      stackSize: stackSize(mode),
      long: (mode & MODE.long) !== 0,
      condition: decoded.condition,
    },
    rep: repeatOf(decoded),
  };
}

function repeatOf(decoded: Decoded): Shape["rep"] {
  const { repeat } = decoded.instruction;
  if (!repeat || decoded.rep === "") return "";
  return repeat === "plain" ? "rep" : decoded.rep;
}

function operandShape(
  operand: DecodedOperand,
  form: FormOperand,
  nextSlot: () => 1 | 2,
  nextPart: () => 0 | 1,
): OperandShape {
  const { width } = operand;
  switch (operand.kind) {
    case "register":
      if (form.kind === "register") return { kind: "fixed", width, register: operand.register };
      return { kind: "register", width, slot: nextSlot() };
    case "memory":
      // Segment bases other than FS and GS are 0 in 64-bit mode; outside it an address micro-record takes care of them.
      return { kind: "memory", width, simple: operand.index === undefined && operand.segment < 4 };
    case "immediate":
      if (form.kind === "number") return { kind: "constant", width, value: operand.value };
      return { kind: "immediate", width, part: nextPart() };
    case "far":
      return { kind: "immediate", width: 64, part: nextPart() };
    case "relative":
      return { kind: "relative", width };
    case "segment":
      if (form.kind === "segment") return { kind: "fixedSegment", width, register: operand.register };
      return { kind: "segment", width, slot: nextSlot() };
    case "control":
    case "debug":
      return { kind: "numbered", width, slot: nextSlot() };
    case "vector":
      if (form.kind === "xmm") return { kind: "fixedVector", width, register: operand.register };
      return { kind: "vector", width, file: operand.file, slot: nextSlot() };
    case "stack":
      return operand.top ? { kind: "stackTop", width } : { kind: "numbered", width, slot: nextSlot() };
    case "stringSource":
      return { kind: "source", width };
    case "stringDestination":
      return { kind: "destination", width };
  }
}
