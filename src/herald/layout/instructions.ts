/** The instructions of a Program. */

/**
 * An instruction is one word: opcode << 24 | a << 12 | b.
 *   variable   index into data[] of a word behind the instructions (at least len)
 *   text       index into data[] of a text behind the instructions: 4 bytes a word, low byte first, ended by a NUL
 *   label      index of an instruction (less than len)
 *   number     -2048 to 2047, two's complement in 12 bits; larger ones are variables with a start value
 *   none       0
 * Variables and texts have their start values in the image of the Program. Behind the last instruction a Program ends with status 0.
 */
export type OperandKind = "none" | "variable" | "text" | "label" | "number";

export interface ProgramInstruction {
  readonly name: string;
  readonly opcode: number;
  readonly a: OperandKind;
  readonly b: OperandKind;
  readonly text: string;
}

const operation = (opcode: number, name: string, a: OperandKind, b: OperandKind, text: string): ProgramInstruction => ({
  name,
  opcode,
  a,
  b,
  text,
});

export const programInstructions: readonly ProgramInstruction[] = [
  operation(1, "set", "variable", "number", "a = b"),
  operation(2, "copy", "variable", "variable", "a = b"),
  operation(3, "add", "variable", "variable", "a = a + b"),
  operation(4, "subtract", "variable", "variable", "a = a - b"),
  operation(5, "multiply", "variable", "variable", "a = a * b"),
  operation(6, "divide", "variable", "variable", "a = a / b; ends the Program when b is 0"),
  operation(7, "modulo", "variable", "variable", "a = remainder of a / b; ends the Program when b is 0"),
  operation(8, "increase", "variable", "number", "a = a + the number b"),
  operation(9, "compare", "variable", "variable", "remembers how a compares with b"),
  operation(10, "jump", "label", "none", "goes to a"),
  operation(11, "jump_equal", "label", "none", "goes to a if the last compare found them equal"),
  operation(12, "jump_unequal", "label", "none", "goes to a if the last compare found them different"),
  operation(13, "jump_less", "label", "none", "goes to a if the last compare found a less than b"),
  operation(14, "jump_greater", "label", "none", "goes to a if the last compare found a greater than b"),
  operation(15, "loop", "variable", "label", "a = a - 1, then goes to b unless a is 0"),
  operation(16, "say", "text", "none", 'writes the line "Process <pid>: <text>"'),
  operation(17, "show", "text", "variable", 'writes the line "Process <pid>: <text> <value of b>"'),
  operation(18, "sleep", "number", "none", "sleeps a milliseconds"),
  operation(19, "sleep_for", "variable", "none", "sleeps as many milliseconds as a holds"),
  operation(20, "yield", "none", "none", "gives the rest of its quantum away"),
  operation(21, "publish", "variable", "variable", "publishes the value of b, 4 bytes, on the topic a holds"),
  operation(
    22,
    "subscribe",
    "variable",
    "label",
    "subscribes to the topic a holds; each message interrupts the Program and goes to b",
  ),
  operation(23, "unsubscribe", "variable", "none", "ends the subscription to the topic a holds"),
  operation(24, "wait", "none", "none", "blocks until a callback has run"),
  operation(25, "take", "variable", "none", "in a callback: a = first 4 bytes of the message, as a number"),
  operation(26, "return", "none", "none", "ends a callback: goes on where the message interrupted"),
  operation(27, "exit", "number", "none", "ends the Program with status a"),
  operation(28, "identify", "variable", "none", "a = own PID"),
];
