/** Instruction bytes as text, with one sentence or two on what the instruction does, taken from its definition. */
import type { Flag } from "../../isa/expression";
import { conditionMeanings } from "../../isa/conditional";
import type { Instruction } from "../../isa";
import { attText } from "./att";
import { decode, type Decoded } from "./decode";
import { intelText } from "./intel";
import { number } from "./names";

export type Syntax = "intel" | "att";

export interface Disassembled {
  readonly text: string;
  /** Bytes it takes; 1 for what is no instruction, so that a listing can go on behind it. */
  readonly length: number;
  readonly instruction: Instruction | undefined;
  readonly explanation: string;
}

const flagOrder: readonly Flag[] = ["cf", "pf", "af", "zf", "sf", "of", "df", "if"];
const listing = (flags: readonly Flag[]) => flags.map((name) => name.toUpperCase()).join(" ");

/** "Sets ZF SF ...; AF is undefined." for the flags that a definition's rules name. */
function flagText({ flags }: Instruction): string {
  const rules = flagOrder.filter((name) => flags?.[name] !== undefined);
  const unset = rules.filter((name) => flags?.[name] === "undefined");
  const set = rules.filter((name) => flags?.[name] !== "undefined");
  if (rules.length === 0) return "";
  const parts: string[] = [];
  if (set.length) parts.push(`sets ${listing(set)} by the result`);
  if (unset.length) parts.push(`leaves ${listing(unset)} undefined`);
  const text = parts.join(", ");
  return ` ${text[0].toUpperCase()}${text.slice(1)}.`;
}

function repeatText({ instruction, rep }: Decoded): string {
  if (!instruction.repeat || rep === "") return "";
  if (instruction.repeat === "plain") return " Repeated as often as rCX says.";
  return ` Repeated as often as rCX says, while the elements are ${rep === "rep" ? "equal" : "different"}.`;
}

/** Where a RIP-relative operand lies. */
function placeText(decoded: Decoded, address: bigint): string {
  const operand = decoded.operands.find((candidate) => candidate.kind === "memory" && candidate.ripRelative);
  if (operand?.kind !== "memory") return "";
  const place = BigInt.asUintN(decoded.addressSize, address + BigInt(decoded.length) + operand.displacement);
  return ` The operand is at ${number(place)}.`;
}

function explain(decoded: Decoded, address: bigint): string {
  const { instruction, condition, lock } = decoded;
  const holds = instruction.conditional ? ` The condition: ${conditionMeanings[condition]}.` : "";
  const atomic = lock ? " No other processor can come in between (LOCK)." : "";
  const privilege = instruction.privilege === 0 ? " Only for the kernel (CPL 0)." : "";
  const parts = [holds, repeatText(decoded), flagText(instruction), placeText(decoded, address), atomic, privilege];
  return `${instruction.text}${parts.join("")} (${instruction.section})`;
}

const unknown = (text: string, explanation: string): Disassembled => ({
  text,
  length: 1,
  instruction: undefined,
  explanation,
});

/** The first instruction of `bytes`, which stand at `address`, as `bits`-bit code. */
export function disassemble(
  bytes: Uint8Array,
  address: bigint,
  bits: 16 | 32 | 64,
  syntax: Syntax = "intel",
): Disassembled {
  const decoded = decode(bytes, 0, { long: bits === 64, code32: bits === 32 });
  switch (decoded.kind) {
    case "instruction": {
      const text = (syntax === "intel" ? intelText : attText)(decoded, address);
      return { text, length: decoded.length, instruction: decoded.instruction, explanation: explain(decoded, address) };
    }
    case "invalid":
      return unknown("(bad)", `No valid instruction: ${decoded.reason} (${decoded.fault}).`);
    case "truncated":
      return unknown("(incomplete)", "The instruction goes on beyond the bytes that can be read.");
    case "unimplemented":
      return unknown(`(${decoded.what})`, `An instruction that this machine does not have yet: ${decoded.what}.`);
  }
}
