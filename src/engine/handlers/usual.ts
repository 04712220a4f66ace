/**
 * The shapes that 64-bit code is made of, for the module made at start-up: every form of 64-bit mode at its usual operand sizes, with
 * registers and with both kinds of memory operand. What is missing here is made when it turns up.
 */
import type { Width } from "../../isa/expression";
import { type Form, type FormOperand, forms, operandWidth } from "../decode/forms";
import type { OperandShape, Shape } from "./shape";

type Size = 32 | 64;

function sizes(form: Form): readonly Size[] {
  if (form.longSize) return [64];
  if (form.onlySize === 16) return [];
  if (form.onlySize) return [form.onlySize];
  const depends = form.operands.some((operand) => "vzy".includes(operand.size[0] ?? " ") || operand.size === "bs");
  return depends ? [32, 64] : [32];
}

/** What the operand may be; numbers of record fields are given out later, in order. */
function choices(operand: FormOperand, form: Form, size: Size): readonly OperandShape[] {
  const width = operandWidth(operand, size) as Width;
  const register: OperandShape = { kind: "register", width, slot: 1 };
  const memory: OperandShape[] = [
    { kind: "memory", width, simple: true },
    { kind: "memory", width, simple: false },
  ];
  switch (operand.kind) {
    case "register":
      return [{ kind: "fixed", width, register: operand.register }];
    case "segment":
      return [{ kind: "fixedSegment", width, register: operand.register }];
    case "number":
      return [{ kind: "constant", width, value: BigInt(operand.value) }];
    case "letter":
      break;
  }
  switch (operand.letter) {
    case "E":
      return form.attributes.has("mod3") ? [register] : [register, ...memory];
    case "M":
      return memory;
    case "G":
    case "Z":
    case "R":
      return [register];
    case "I":
      return [{ kind: "immediate", width, part: 0 }];
    case "J":
      return [{ kind: "relative", width: size }];
    case "X":
      return [{ kind: "source", width }];
    case "Y":
      return [{ kind: "destination", width }];
    default:
      return [];
  }
}

function combinations(lists: readonly (readonly OperandShape[])[]): OperandShape[][] {
  return lists.reduce<OperandShape[][]>(
    (all, list) => all.flatMap((head) => list.map((last) => [...head, last])),
    [[]],
  );
}

/** Gives register operands the record's two register fields, in order, and immediates the halves of its immediate. */
function place(operands: readonly OperandShape[]): readonly OperandShape[] {
  let slot = 0;
  let part = 0;
  return operands.map((operand) => {
    if (operand.kind === "register") return { ...operand, slot: ++slot as 1 | 2 };
    return operand.kind === "immediate" ? { ...operand, part: part++ as 0 | 1 } : operand;
  });
}

export function* usualShapes(): Generator<Shape> {
  for (const form of forms) {
    if (!form.inLong) continue;
    const conditions = form.instruction.conditional ? 16 : 1;
    for (const operandSize of sizes(form)) {
      for (const operands of combinations(form.operands.map((operand) => choices(operand, form, operandSize)))) {
        for (let condition = 0; condition < conditions; condition++) {
          const context = { operandSize, addressSize: 64, stackSize: 64, long: true, condition } as const;
          yield { instruction: form.instruction, operands: place(operands), context, rep: "" };
        }
      }
    }
  }
}
