import { describe, expect, test } from "vitest";
import { demonstration } from "../../src/herald/demonstration";
import { constants, programInstructions } from "../../src/herald/layout";
import { builtinScenarios } from "../../src/scenario/builtin";
import { assemble } from "../../src/scenario/program";

function errors(text: string): string[] {
  const result = assemble(text);
  return result.ok ? [] : result.errors.map((error) => `${error.line}:${error.column} ${error.message}`);
}

const opcode = (name: string) => programInstructions.find((entry) => entry.name === name)!.opcode;

describe("assemble", () => {
  test("the demonstration Programs have 20 and 4 instructions", () => {
    expect(
      Object.values(demonstration({ rounds: 1, numbers: 1, turns: 1 }))
        .map(assemble)
        .map((result) => result.ok && result.length),
    ).toEqual([20, 4]);
  });

  test.each(builtinScenarios.flatMap((scenario) => scenario.programs.map((program) => [program.name, program.text])))(
    "%s of the built-in scenarios has no errors",
    (_, text) => expect(errors(text)).toEqual([]),
  );

  test("words: instructions, then variables, constants and texts", () => {
    const result = assemble('variable x = -7\nagain: say "abcd"\nadd x, 5\njump again # back\n');
    if (!result.ok) throw new Error("has errors");
    expect(result.length).toBe(3);
    expect(result.lines).toEqual([2, 3, 4]);
    // x is word 3; the text, 4 characters and its NUL, words 4 and 5; the constant 5 is word 6.
    expect(result.data).toEqual([
      (opcode("say") << 24) | (4 << 12),
      (opcode("add") << 24) | (3 << 12) | 6,
      opcode("jump") << 24,
      -7,
      0x64636261,
      0,
      5,
    ]);
  });

  test("a number operand is 12 bits, signed", () => {
    const result = assemble("variable x\nset x, -1\n");
    expect(result.ok && result.data[0] & 0xfff).toBe(0xfff);
    expect(errors("variable x\nset x, 2048\n")).toEqual([
      "2:8 2048 is out of range here (-2048 to 2047); put it into a variable",
    ]);
  });

  test.each([
    ["lopp again", '1:1 "lopp" is not an instruction; did you mean loop?'],
    ["xyzzy", '1:1 "xyzzy" is not an instruction'],
    ["jump away", '1:6 there is no label "away"'],
    ["set x, 1", '1:5 there is no variable "x"; declare it: variable x = 0'],
    ["set 4, 1", "1:5 4 is a number; this operand is changed and must be a variable"],
    ["say Running", '1:5 expected a text in quotes, not "Running"'],
    ['say "Running', "1:5 the text has no closing quote"],
    ['say "é"', "1:5 a text holds printable ASCII characters only"],
    ["exit", "1:1 exit takes a number, not 0 operands"],
    ["yield 3", "1:7 yield takes no operand, not 1 operands"],
    ["variable", "1:1 variable needs a name: variable count = 5"],
    ["variable x = y\nexit 0", '1:14 "y" is not a number'],
    ["a:\na:\nexit 0", '2:1 "a" is defined already'],
    ["exit 0\nend:\n", ""],
    ["jump end\nend:\n", '1:6 no instruction follows the label "end"'],
    ["variable x = 99999999999\nexit 0", "1:14 99999999999 does not fit in 32 bits"],
    ["# nothing", "1:1 the Program has no instructions"],
  ])("%j", (text, message) => expect(errors(text).join("\n")).toBe(message));

  test("all errors are reported, in line order", () => {
    expect(errors("jump nowhere\nbad\nexit 99999\n").map((error) => error.split(":")[0])).toEqual(["1", "2", "3"]);
  });

  test("a Program that is too long is refused with its size", () => {
    const lines = "yield\n".repeat(constants.MAX_PROGRAM_LEN + 1);
    expect(errors(lines)).toEqual([
      `257:1 the Program needs 257 words (instructions, variables and texts); ${constants.MAX_PROGRAM_LEN} is the most`,
    ]);
  });
});
