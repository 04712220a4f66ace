/**
 * The assembler for interpreted Programs: text to the words of Herald's `Program` structure.
 *
 *     # the rest of a line is a comment
 *     variable count = 20          a variable with its start value (0 when none is given)
 *     again:                       a label
 *         say "Running"            one instruction per line, operands separated by commas or blanks
 *         loop count, again
 *
 * Where an instruction only reads a variable, a number may stand instead. Words lie in the structure in this order: instructions,
 * variables, constants, texts. The instruction set is described once, in herald/layout.ts.
 */
import { constants, programInstructions, type OperandKind, type ProgramInstruction } from "./layout";
import { encodeInstruction, instructionByName, operandRange, packText } from "./program";

export interface ProgramError {
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export type Assembled =
  | {
      readonly ok: true;
      /** Instructions, then variables, constants and texts. */
      readonly data: readonly number[];
      /** Number of instructions. */
      readonly length: number;
      /** Source line (1-based) of each instruction. */
      readonly lines: readonly number[];
    }
  | { readonly ok: false; readonly errors: readonly ProgramError[] };

/** The instruction set for readers: name, operands, one line of explanation. */
export const programReference: readonly ProgramInstruction[] = programInstructions;

interface Token {
  readonly text: string;
  readonly column: number;
  readonly quoted: boolean;
}

interface Line {
  readonly number: number;
  readonly instruction: ProgramInstruction;
  readonly operands: readonly Token[];
}

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;
const integer = /^-?(0x[0-9a-fA-F]+|[0-9]+)$/;

class Failure extends Error {
  constructor(
    readonly column: number,
    message: string,
  ) {
    super(message);
  }
}

function tokenize(line: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /"((?:[^"\\]|\\.)*)"|#.*$|[^\s,"#]+|"/g;
  for (const match of line.matchAll(pattern)) {
    const column = match.index + 1;
    if (match[0].startsWith("#")) break;
    if (match[0] === '"') throw new Failure(column, "the text has no closing quote");
    if (match[1] !== undefined) tokens.push({ text: unescape(match[1], column), column, quoted: true });
    else tokens.push({ text: match[0], column, quoted: false });
  }
  return tokens;
}

function unescape(text: string, column: number): string {
  const plain = text.replace(/\\(.)/g, (_, letter: string) => {
    if (letter === "\\" || letter === '"') return letter;
    throw new Failure(column, `\\${letter} is not known in a text; only \\" and \\\\ are`);
  });
  if (/[^\x20-\x7e]/.test(plain)) throw new Failure(column, "a text holds printable ASCII characters only");
  return plain;
}

function parseInteger(token: Token): number {
  const value = Number(token.text.startsWith("-") ? -Number(token.text.slice(1)) : token.text);
  if (value < -0x8000_0000 || value > 0x7fff_ffff)
    throw new Failure(token.column, `${token.text} does not fit in 32 bits`);
  return value;
}

/** Does the instruction assign its operand a? The explanation says it as an assignment. */
const writesA = (instruction: ProgramInstruction) => /\ba = /.test(instruction.text);

class Assembly {
  readonly errors: ProgramError[] = [];
  readonly lines: Line[] = [];
  private readonly labels = new Map<string, number>();
  private readonly variables = new Map<string, number>();
  /** Start values of the words behind the instructions, variables first; filled as operands are resolved. */
  private readonly words: number[] = [];
  private readonly constants = new Map<number, number>();
  private readonly texts = new Map<string, number>();

  parse(source: string): void {
    source.split(/\r?\n/).forEach((text, index) => {
      this.guard(index + 1, () => this.parseLine(tokenize(text), index + 1));
    });
  }

  private guard(line: number, action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.errors.push({ line, column: error.column, message: error.message });
    }
  }

  private parseLine(tokens: Token[], number: number): void {
    const first = tokens[0];
    if (!first) return;
    if (!first.quoted && first.text.endsWith(":")) {
      this.define(first.text.slice(0, -1), first, this.labels, this.lines.length);
      return this.parseLine(tokens.slice(1), number);
    }
    if (first.text === "variable" && !first.quoted) return this.declare(tokens);
    const instruction = first.quoted ? undefined : instructionByName.get(first.text);
    if (!instruction) throw new Failure(first.column, `"${first.text}" is not an instruction${didYouMean(first.text)}`);
    const wanted = [instruction.a, instruction.b].filter((kind) => kind !== "none").length;
    const operands = tokens.slice(1);
    if (operands.length !== wanted) {
      const where = (operands[wanted] ?? first).column;
      throw new Failure(where, `${instruction.name} takes ${usage(instruction)}, not ${operands.length} operands`);
    }
    this.lines.push({ number, instruction, operands });
  }

  private declare(tokens: Token[]): void {
    const [keyword, name, equals, value] = tokens;
    if (!name) throw new Failure(keyword.column, "variable needs a name: variable count = 5");
    if (tokens.length !== 2 && !(tokens.length === 4 && equals.text === "="))
      throw new Failure((tokens[2] ?? name).column, "a declaration reads: variable count = 5");
    if (value && !integer.test(value.text)) throw new Failure(value.column, `"${value.text}" is not a number`);
    this.define(name.text, name, this.variables, this.words.length);
    this.words.push(value ? parseInteger(value) : 0);
  }

  private define(name: string, token: Token, table: Map<string, number>, value: number): void {
    if (!identifier.test(name)) throw new Failure(token.column, `"${name}" is not a name`);
    if (this.labels.has(name) || this.variables.has(name))
      throw new Failure(token.column, `"${name}" is defined already`);
    table.set(name, value);
  }

  encode(): Assembled {
    const code: number[] = [];
    const length = this.lines.length;
    for (const { number, instruction, operands } of this.lines) {
      this.guard(number, () => {
        const fields = [instruction.a, instruction.b].map((kind, position) =>
          kind === "none" ? 0 : this.operand(kind, operands[position], length, position === 0 && writesA(instruction)),
        );
        code.push(encodeInstruction(instruction.name, ...fields));
      });
    }
    if (this.errors.length === 0 && length === 0)
      this.errors.push({ line: 1, column: 1, message: "the Program has no instructions" });
    const total = length + this.words.length;
    if (total > constants.MAX_PROGRAM_LEN)
      this.errors.push({
        line: this.lines[length - 1]?.number ?? 1,
        column: 1,
        message: `the Program needs ${total} words (instructions, variables and texts); ${constants.MAX_PROGRAM_LEN} is the most`,
      });
    if (this.errors.length > 0) return { ok: false, errors: [...this.errors].sort((a, b) => a.line - b.line) };
    return { ok: true, data: [...code, ...this.words], length, lines: this.lines.map((line) => line.number) };
  }

  private operand(kind: OperandKind, token: Token, length: number, written: boolean): number {
    if (kind === "text") {
      if (!token.quoted) throw new Failure(token.column, `expected a text in quotes, not "${token.text}"`);
      return length + this.text(token.text);
    }
    if (token.quoted) throw new Failure(token.column, `expected a ${kind}, not a text`);
    if (kind === "label") {
      const target = this.labels.get(token.text);
      if (target === undefined) throw new Failure(token.column, `there is no label "${token.text}"`);
      if (target >= length) throw new Failure(token.column, `no instruction follows the label "${token.text}"`);
      return target;
    }
    if (kind === "number") return this.number(token);
    if (integer.test(token.text)) {
      if (written)
        throw new Failure(token.column, `${token.text} is a number; this operand is changed and must be a variable`);
      return length + this.constant(parseInteger(token));
    }
    const variable = this.variables.get(token.text);
    if (variable === undefined)
      throw new Failure(token.column, `there is no variable "${token.text}"; declare it: variable ${token.text} = 0`);
    return length + variable;
  }

  private number(token: Token): number {
    if (!integer.test(token.text)) throw new Failure(token.column, `expected a number, not "${token.text}"`);
    const value = parseInteger(token);
    const [least, most] = operandRange("number");
    if (value < least || value > most)
      throw new Failure(
        token.column,
        `${token.text} is out of range here (${least} to ${most}); put it into a variable`,
      );
    return value;
  }

  private constant(value: number): number {
    let index = this.constants.get(value);
    if (index === undefined) {
      index = this.words.push(value) - 1;
      this.constants.set(value, index);
    }
    return index;
  }

  private text(value: string): number {
    let index = this.texts.get(value);
    if (index === undefined) {
      index = this.words.length;
      this.words.push(...packText(value));
      this.texts.set(value, index);
    }
    return index;
  }
}

function usage(instruction: ProgramInstruction): string {
  const kinds = [instruction.a, instruction.b].filter((kind) => kind !== "none");
  return kinds.length === 0 ? "no operand" : kinds.map((kind) => `a ${kind}`).join(" and ");
}

/** Edit distance of at most 2 to a known instruction is taken for a slip. */
function didYouMean(name: string): string {
  const distance = (a: string, b: string): number => {
    let row = Array.from({ length: b.length + 1 }, (_, i) => i);
    for (let i = 1; i <= a.length; i++) {
      const next = [i];
      for (let j = 1; j <= b.length; j++)
        next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
      row = next;
    }
    return row[b.length];
  };
  const [best] = [...instructionByName.keys()]
    .map((known) => ({ known, far: distance(name.toLowerCase(), known) }))
    .sort((a, b) => a.far - b.far);
  return best.far <= 2 ? `; did you mean ${best.known}?` : "";
}

/** Assembles a Program; with any error nothing is produced and all errors are reported, by line. */
export function assemble(source: string): Assembled {
  const assembly = new Assembly();
  assembly.parse(source);
  return assembly.encode();
}
