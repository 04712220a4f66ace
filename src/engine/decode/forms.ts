/** Reads the form notation of isa/notation.ts: every encoding of every instruction as data, and the opcode maps built from it. */
import { instructions, type Instruction } from "../../isa";

export type OperandSize = 16 | 32 | 64;
export type Letter =
  | ("E" | "G" | "Z" | "M" | "R" | "I" | "J" | "O" | "S" | "C" | "D" | "A" | "X" | "Y" | "BB" | "DI")
  | ("V" | "W" | "U" | "P" | "Q" | "N" | "T");
export type SizeLetter =
  ("b" | "w" | "d" | "q" | "v" | "z" | "y" | "p" | "s" | "bs" | "") | ("dq" | "ps" | "pd" | "ss" | "sd" | "t");

/** One operand of a form: by ModRM and the like (letter), a fixed register, or a fixed number. */
export type FormOperand =
  | { readonly kind: "letter"; readonly letter: Letter; readonly size: SizeLetter }
  | { readonly kind: "register"; readonly register: number; readonly size: SizeLetter }
  | { readonly kind: "segment"; readonly register: number; readonly size: "w" }
  /** XMM0. */
  | { readonly kind: "xmm"; readonly register: number; readonly size: "dq" }
  /** ST, the top of the x87 stack. */
  | { readonly kind: "stackTop"; readonly size: "t" }
  | { readonly kind: "number"; readonly value: number; readonly size: "b" };

export type Attribute = "i64" | "o64" | "d64" | "f64" | "o16" | "o32" | "o64v" | "mod3" | "b0" | "popped";
/** Opcode map: one byte, 0F, 0F 38, 0F 3A. */
export type OpcodeMap = 0 | 1 | 2 | 3;

export interface Form {
  /** Place in `forms`. */
  readonly number: number;
  readonly instruction: Instruction;
  readonly text: string;
  readonly prefix: "NP" | "66" | "F2" | "F3" | undefined;
  readonly map: OpcodeMap;
  /** Last opcode byte; with `conditional` or `registerInOpcode` the first of 16 or 8. */
  readonly opcode: number;
  readonly registerInOpcode: boolean;
  readonly hasModrm: boolean;
  /** ModRM.reg must be this. */
  readonly reg: number | undefined;
  /** The whole ModRM byte is part of the opcode (0F 01 F8). */
  readonly modrm: number | undefined;
  readonly operands: readonly FormOperand[];
  readonly attributes: ReadonlySet<Attribute>;
  /** Operand size in 64-bit mode: f64 always 64, d64 64 unless prefixed. */
  readonly longSize: "f64" | "d64" | undefined;
  /** The only operand size this form is for. */
  readonly onlySize: OperandSize | undefined;
  /** Decodable in 64-bit mode; decodable in all other modes. */
  readonly inLong: boolean;
  readonly inLegacy: boolean;
}

const fixedRegisters: Readonly<Record<string, FormOperand>> = {
  AL: { kind: "register", register: 0, size: "b" },
  AX: { kind: "register", register: 0, size: "w" },
  eAX: { kind: "register", register: 0, size: "z" },
  rAX: { kind: "register", register: 0, size: "v" },
  CL: { kind: "register", register: 1, size: "b" },
  DX: { kind: "register", register: 2, size: "w" },
  ES: { kind: "segment", register: 0, size: "w" },
  CS: { kind: "segment", register: 1, size: "w" },
  SS: { kind: "segment", register: 2, size: "w" },
  DS: { kind: "segment", register: 3, size: "w" },
  FS: { kind: "segment", register: 4, size: "w" },
  GS: { kind: "segment", register: 5, size: "w" },
  XMM0: { kind: "xmm", register: 0, size: "dq" },
  ST: { kind: "stackTop", size: "t" },
  "1": { kind: "number", value: 1, size: "b" },
};
const attributeNames = new Set<string>(["i64", "o64", "d64", "f64", "o16", "o32", "o64v", "mod3", "b0", "popped"]);

function parseOperand(text: string): FormOperand {
  if (text in fixedRegisters) return fixedRegisters[text];
  const match = /^(BB|DI|[EGZMRIJOSCDAXYVWUPQNT])(bs|dq|ps|pd|ss|sd|[bwdqvzypst])?$/.exec(text);
  if (!match) throw new Error(`operand "${text}" is not in the notation`);
  return { kind: "letter", letter: match[1] as Letter, size: (match[2] ?? "") as SizeLetter };
}

/** Operands that come from the ModRM byte. */
const fromModrm = new Set<Letter>(["E", "G", "M", "R", "S", "C", "D", "V", "W", "U", "P", "Q", "N", "T"]);
const registersOnly = new Set<Letter>(["R", "U", "N", "T"]);

function parseForm(instruction: Instruction, text: string, number: number): Form {
  const attributes = new Set<Attribute>();
  const bare = text.replace(/\{(\w+)\}/g, (_, name: string) => {
    if (!attributeNames.has(name)) throw new Error(`attribute {${name}} is not in the notation`);
    attributes.add(name as Attribute);
    return "";
  });
  const words = bare.trim().split(/\s+/);
  let prefix: Form["prefix"];
  if (words[0] === "NP" || ((words[0] === "66" || words[0] === "F2" || words[0] === "F3") && isByte(words[1]))) {
    prefix = words.shift() as Form["prefix"];
  }
  const bytes: number[] = [];
  while (isByte(words[0])) bytes.push(parseInt(words.shift()!, 16));
  const map = bytes[0] !== 0x0f ? 0 : bytes[1] === 0x38 ? 2 : bytes[1] === 0x3a ? 3 : 1;
  const opcodeAt = [0, 1, 2, 2][map];
  const modrm = bytes[opcodeAt + 1];
  const registerInOpcode = words[0] === "+r";
  if (registerInOpcode) words.shift();
  const reg = /^\/[0-7]$/.test(words[0] ?? "") ? Number(words.shift()![1]) : undefined;
  const slashR = words[0] === "/r";
  if (slashR) words.shift();
  const operands = (words.shift() ?? "").split(",").filter(Boolean).map(parseOperand);
  if (words.length > 0 || bytes[opcodeAt] === undefined || bytes.length > opcodeAt + 2) {
    throw new Error(`${instruction.name}: form "${text}" is not in the notation`);
  }
  return {
    number,
    instruction,
    text,
    prefix,
    map,
    opcode: bytes[opcodeAt],
    registerInOpcode,
    hasModrm:
      slashR ||
      reg !== undefined ||
      modrm !== undefined ||
      operands.some((operand) => operand.kind === "letter" && fromModrm.has(operand.letter)),
    reg,
    modrm,
    operands,
    attributes,
    longSize: attributes.has("f64") ? "f64" : attributes.has("d64") ? "d64" : undefined,
    onlySize: attributes.has("o16") ? 16 : attributes.has("o32") ? 32 : attributes.has("o64v") ? 64 : undefined,
    inLong: !attributes.has("i64"),
    inLegacy: !attributes.has("o64") && !attributes.has("o64v"),
  };
}

function isByte(word: string | undefined): boolean {
  return word !== undefined && /^[0-9A-F]{2}$/.test(word);
}

/** Every form of every instruction, for enumeration of handlers, tests and tables. */
export const forms: readonly Form[] = instructions
  .flatMap((instruction) => instruction.forms.map((text) => ({ instruction, text })))
  .map(({ instruction, text }, number) => parseForm(instruction, text, number));

/** Width in bits of an operand at an operand size. 0 for far pointers and descriptors, whose parts the definition reads itself. */
export function operandWidth(operand: FormOperand, operandSize: OperandSize): number {
  switch (operand.size) {
    case "b":
      return 8;
    case "w":
      return 16;
    case "d":
    case "ss":
      return 32;
    case "q":
    case "sd":
      return 64;
    case "t":
      return 80;
    case "dq":
    case "ps":
    case "pd":
      return 128;
    case "v":
    case "bs":
      return operandSize;
    case "z":
      // An immediate of 32 bits is sign-extended; E and eAX stay at 32.
      return operand.kind === "letter" && operand.letter === "I" ? operandSize : operandSize === 16 ? 16 : 32;
    case "y":
      return operandSize === 64 ? 64 : 32;
    case "p":
      // In the instruction selector and offset are one value; in memory the definition reads both.
      return operand.kind === "letter" && operand.letter === "A" ? 64 : 0;
    default:
      return 0;
  }
}

/** All forms behind one opcode byte in one mode. Sorted when asked for: a run meets a fraction of them. */
export class OpcodeEntry {
  readonly hasModrm: boolean;
  private sorted: readonly Form[] | undefined;
  /** By ModRM.reg + (mod is 3 ? 8 : 0). */
  private readonly byModrm: (readonly Form[])[] = [];

  constructor(private readonly candidates: readonly Form[]) {
    const [first] = candidates;
    this.hasModrm = first.hasModrm;
    const odd = candidates.find((form) => form.hasModrm !== this.hasModrm);
    if (odd) throw new Error(`"${odd.text}" and "${first.text}" disagree on ModRM`);
  }

  /** The forms that a ModRM byte (if they have one) leaves, those with a mandatory prefix first. */
  list(modrm: number): readonly Form[] {
    this.sorted ??= [...this.candidates].sort((a, b) => rank(a) - rank(b));
    if (!this.hasModrm) return this.sorted;
    const reg = (modrm >> 3) & 7;
    const registerMode = modrm >= 0xc0;
    return (this.byModrm[reg + (registerMode ? 8 : 0)] ??= this.sorted.filter((f) => admits(f, reg, registerMode)));
  }
}

function admits(form: Form, reg: number, registerMode: boolean): boolean {
  if (form.reg !== undefined && form.reg !== reg) return false;
  if (form.modrm !== undefined) return registerMode && ((form.modrm >> 3) & 7) === reg;
  if (form.attributes.has("mod3")) return registerMode;
  // MOV to and from control and debug registers ignores ModRM.mod (SDM 2B MOV).
  if (form.operands.some((o) => o.kind === "letter" && (o.letter === "C" || o.letter === "D"))) return true;
  return form.operands.every(
    (operand) =>
      operand.kind !== "letter" ||
      (operand.letter === "M" ? !registerMode : registersOnly.has(operand.letter) ? registerMode : true),
  );
}

/** More particular forms first: a fixed ModRM byte, then a mandatory prefix, then a fixed ModRM.reg, then an operand size. */
const rank = (form: Form) =>
  (form.modrm !== undefined ? 0 : 8) +
  (form.prefix !== undefined ? 0 : 4) +
  (form.reg !== undefined ? 0 : 2) +
  (form.onlySize !== undefined || form.attributes.has("b0") ? 0 : 1);

/** Opcode maps: [64-bit mode][map][opcode]. */
export const opcodeMaps: readonly (readonly (readonly (OpcodeEntry | undefined)[])[])[] = [false, true].map((long) => {
  const maps = [0, 1, 2, 3].map((): (Form[] | undefined)[] => Array.from({ length: 256 }));
  for (const form of forms) {
    if (!(long ? form.inLong : form.inLegacy)) continue;
    const count = form.instruction.conditional ? 16 : form.registerInOpcode ? 8 : 1;
    for (let n = 0; n < count; n++) (maps[form.map][form.opcode + n] ??= []).push(form);
  }
  return maps.map((map) => map.map((candidates) => candidates && new OpcodeEntry(candidates)));
});
