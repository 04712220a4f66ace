/** What holds for all definitions alike. */
import { describe, expect, test } from "vitest";
import { forms, type OperandSize, operandWidth } from "../../src/engine/decode/forms";
import { instructions } from "../../src/isa";
import type { Expression, Width } from "../../src/isa/expression";
import type { Context } from "../../src/isa/notation";
import { systemHelpers } from "../../src/isa/system";

const context: Context = { operandSize: 32, addressSize: 32, stackSize: 32, long: false, condition: 0 };

/** Names of the helpers that a definition calls. */
function helpersOf(instruction: (typeof instructions)[number]): Set<string> {
  const names = new Set<string>(instruction.privilege === "port" ? ["checkPort"] : []);
  const operandNames = Object.keys(instruction.operands ?? {});
  const operands = Object.fromEntries(
    operandNames.map((name, index): [string, Expression] => [name, { kind: "operand", width: 32 as Width, index }]),
  );
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("helper" in value) names.add(String(value.helper));
    Object.values(value).forEach(visit);
  };
  const sized = withWidths(operands, instruction);
  visit(instruction.does?.(sized, context));
  visit(instruction.result?.(sized, context));
  return names;
}

/** Operands at the widths of the instruction's first form. */
function withWidths(
  operands: Record<string, Expression>,
  instruction: (typeof instructions)[number],
): Record<string, Expression> {
  const form = forms.find((candidate) => candidate.instruction === instruction)!;
  return Object.fromEntries(
    Object.entries(operands).map(([name, node], index) => {
      const width = (operandWidth(form.operands[index], context.operandSize as OperandSize) || 32) as Width;
      return [name, { ...node, width } as Expression];
    }),
  );
}

describe("definitions", () => {
  test("name their operands, one for each in every form", () => {
    const wrong = forms.filter(
      ({ instruction, operands }) => Object.keys(instruction.operands ?? {}).length !== operands.length,
    );
    expect(wrong.map(({ text }) => text)).toEqual([]);
  });

  test("say what they do in one sentence, and where the manual says it", () => {
    for (const { text, section } of instructions) {
      expect(text).toMatch(/^[A-Z].*\.$/);
      expect(section).toMatch(/^(SDM|AMD) /);
    }
  });

  test("call only helpers that exist, and most call none", () => {
    const known = new Set(Object.keys(systemHelpers));
    const calling = instructions.filter((instruction) => helpersOf(instruction).size > 0);
    const unknown = calling.flatMap((instruction) => [...helpersOf(instruction)].filter((name) => !known.has(name)));
    expect(unknown).toEqual([]);
    const used = new Set(calling.flatMap((instruction) => [...helpersOf(instruction)]));
    expect([...known].filter((name) => !used.has(name))).toEqual([]);
    console.log(
      `${instructions.length} instructions in ${forms.length} forms; ${calling.length} need a system helper: ` +
        [...new Set(calling.map(({ name }) => name))].join(" "),
    );
    expect(calling.length).toBeLessThan(instructions.length / 2);
  });
});
