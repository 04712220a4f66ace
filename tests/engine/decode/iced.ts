/** The decoder and disassembler beside iced-x86's, on random bytes. */
import { Code, Decoder, Formatter, FormatterSyntax, MemorySizeOptions } from "iced-x86";
import { decode } from "../../../src/engine/decode/decode";
import { disassemble, type Syntax } from "../../../src/engine/decode/disassemble";
import type { Form } from "../../../src/engine/decode/forms";

export type Bits = 16 | 32 | 64;
export const ADDRESS = 0x1000n;

const formatters: Record<Syntax, Formatter> = {
  intel: new Formatter(FormatterSyntax.Intel),
  att: new Formatter(FormatterSyntax.Gas),
};
for (const formatter of Object.values(formatters)) {
  formatter.hexPrefix = "0x";
  formatter.hexSuffix = "";
  formatter.uppercaseHex = false;
  formatter.spaceAfterOperandSeparator = true;
  formatter.memorySizeOptions = MemorySizeOptions.Always;
  formatter.addLeadingZeroToHexNumbers = false;
  formatter.branchLeadingZeros = false;
  formatter.ripRelativeAddresses = true;
  formatter.showBranchSize = false;
}

/** Numbers that repeat for a seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

const prefixBytes = [0x66, 0x67, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65, 0xf0, 0x48, 0x41, 0x44, 0x40, 0x4f];

export function randomBytes(next: () => number): Uint8Array {
  const bytes = Uint8Array.from({ length: 15 }, () => next() & 255);
  const prefixes = next() % 4;
  for (let n = 0; n < prefixes; n++) bytes[n] = prefixBytes[next() % prefixBytes.length];
  if (next() % 3 === 0) bytes[prefixes] = 0x0f;
  return bytes;
}

/** An encoding of a form with random prefixes and random bytes behind the opcode. */
export function bytesOf(form: Form, next: () => number, bits: Bits): Uint8Array {
  const prefixes: number[] = [];
  if (next() % 4 === 0) prefixes.push(0x66);
  if (next() % 6 === 0) prefixes.push(0x67);
  if (next() % 8 === 0) prefixes.push([0x64, 0x65, 0x26, 0x2e][next() % 4]);
  if (form.instruction.repeat && next() % 2) prefixes.push(0xf2 + (next() % 2));
  if (form.instruction.lockable && next() % 4 === 0) prefixes.push(0xf0);
  if (form.prefix && form.prefix !== "NP") prefixes.push(parseInt(form.prefix, 16));
  if (bits === 64 && next() % 2) prefixes.push(0x40 | (next() % 16));
  const variety = form.instruction.conditional ? 16 : form.registerInOpcode ? 8 : 1;
  const escape = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]][form.map];
  const head = [...prefixes, ...escape, form.opcode + (next() % variety)];
  if (form.modrm !== undefined) head.push(form.modrm);
  else if (form.reg !== undefined) head.push((next() & 0xc7) | (form.reg << 3));
  return Uint8Array.from({ length: 15 }, (_, n) => head[n] ?? next() & 255);
}

export const asHex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** What iced says: undefined when the bytes are no instruction. */
function icedAt(bytes: Uint8Array, bits: Bits, syntax: Syntax): { text: string; length: number } | undefined {
  const decoder = new Decoder(bits, bytes, 0);
  decoder.ip = ADDRESS;
  const instruction = decoder.decode();
  const valid = instruction.code !== Code.INVALID;
  const answer = valid ? { text: formatters[syntax].format(instruction), length: instruction.length } : undefined;
  instruction.free();
  decoder.free();
  return answer;
}

/** Extensions that this processor does not have: what iced calls them, where we say "invalid". */
const extensions =
  /^(v|k|p(f|i2|swapd|mulhrw |avgusb|clmul|config|tw|valid|bnd)|aes|sha|xs|xr|xg|xa|xb|xc|xt|xe|ad[co]x|gf2|ext?rq|insertq|movbe|movdir|movnts[sd]|rd(fs|gs|rand|seed|pid|pkru|ssp|sspq|pru)|wr(fs|gs|pkru|ss|uss)|cl(wb|zero|flushopt|gi|rssbsy|demote|ui)|inv(ept|vpid|pcid|lpga|lpgb)|u(monitor|mwait|iret|testui|mov)|t(pause|estui|dcall|lbsync|zcnt)|enc|en(qcmd|dbr)|seam|send|serialize|set(ssbsy)|st(gi|ui|tilecfg)|rstorssp|saveprevssp|incssp|monitor|mwait|skinit|getsec|rsm|femms|cmpxchg16b|swapgs|lkgs|l(zcnt|oad|wpcb)|slwpcb|a(add|and|or|xor|lt)|cmp.*xadd|rmp|psmash|hreset|prefetch(it|wt|_res)|pt|mcommit|bnd|rdm|wrm|urdmsr|uwrmsr|er|jmpe|ccs|vm|nop|loadall|storeall|cpu_|fs|gs|cs|ds|es|ss|addr|data|lock|rep|repe|repne|notrack|bb|ib|xcrypt|montmul)/;

const idlePrefixes =
  /^(?:(?:data16|data64|data32|addr16|addr32|rex\S*|hint-not-taken|hint-taken|bnd|notrack|xacquire|xrelease|[cdefgs]s) )+/;

/** Both ways of writing the same thing, where we chose the other one. */
const styles: readonly (readonly [RegExp, string])[] = [
  [/^ret far/, "retf"],
  [/^xlat\b(?! byte ptr \w\w:)( .*)?/, "xlatb"],
  [/^xlat byte ptr /, "xlatb "],
  [/^(jmp|call) far (0x\w+|\d), (0x\w+|\d)$/, "$1 far $3:$2"],
  [/^imul (\w+), (0x\w+|\d)$/, "imul $1, $1, $2"],
  [/^prefetch_exclusive/, "prefetch"],
  // x87: iced writes the top of the stack beside a memory operand, and leaves ST(1) out where assemblers take it for granted.
  [/^(f\w+) st, (\w+ ptr .*)$/, "$1 $2"],
  [/^(f\w+) (.*\]), st$/, "$1 $2"],
  [/^fld st, /, "fld "],
  [/^(fstp?(?:nce)? st\(\d\)), st$/, "$1"],
  [/fpu(env|state)\d+ ptr /, ""],
  // iced writes the segment of MASKMOVQ's hidden operand behind the others.
  [/^(maskmov.*), [cdefgs]s$/, "$1"],
  // AT&T: iced leaves a scale of 1 out, and writes it where there is no index; the GNU tools do not.
  [/\((%\w+),\)/, "($1)"],
  [/\(,(%\w+)\)/, "(,$1,1)"],
  [/^(j\w+),p[nt] /, "$1 "],
  [/^sal([bwlq]?) /, "shl$1 "],
  [/^imul (\$\w+), (%\w+)$/, "imul $1, $2, $2"],
];

/** iced writes down prefixes that have no effect, and operands that go without saying. */
function normalised(text: string, ours: string): string {
  let plain = text.replace(idlePrefixes, "");
  if (!/^(rep|repe|repne) /.test(ours)) plain = plain.replace(/^(rep|repe|repne) /, "").replace(idlePrefixes, "");
  if (!/[[(]/.test(ours))
    plain = plain.replace(/^((?:rep\w* )?(?:movs|cmps|stos|lods|scas|ins|outs)[bwlqd]) .*[[(].*/, "$1");
  for (const [theirs, instead] of styles) plain = plain.replace(theirs, instead);
  return /^f\w+$/.test(plain) && /\(1\)/.test(ours) ? `${plain}${ours.slice(ours.indexOf(" "))}` : plain;
}

/** Not compared as text: names that iced gives to hints we have no name for, and operand sizes that do not matter. */
const incomparable = new Set(["reservednop", "nop", "lar", "lsl"]);
/** In AT&T syntax iced's suffix of these depends on the mode of the code around them, it leaves out operands that ours shows, or it names
 * the whole register where the GNU tools and we name the half that is written. */
const modal =
  /^(push|pop|iret|leave|enter|ret|sys|call|jmp|loop|jrcxz|stos|lods|scas|aam|aad|[ls][gi]dt|pextr[bw]|pinsr[bw]|extractps|pmovmskb|movmskp|f(ld|nst)env|frstor|fnsave)/;
const touchesSegment = /%[cdefgs]s(,|$)/;

export interface Disagreement {
  readonly what: string;
  readonly example: string;
}

export function compareDecoding(bytes: Uint8Array, bits: Bits): Disagreement | undefined {
  const ours = decode(bytes, 0, { long: bits === 64, code32: bits === 32 });
  const iced = icedAt(bytes, bits, "intel");
  const example = `${bits}-bit ${asHex(bytes)}: iced ${iced?.text ?? "invalid"}`;
  if (ours.kind === "instruction") {
    const name = `${ours.instruction.name} ${ours.form.text}`;
    if (!iced) return { what: `only we decode ${name}`, example };
    return iced.length === ours.length ? undefined : { what: `length of ${name}: ${ours.length}`, example };
  }
  if (ours.kind === "truncated") return { what: "truncated", example };
  if (ours.kind === "unimplemented" || !iced || extensions.test(iced.text)) return undefined;
  return { what: `only iced decodes ${iced.text.split(" ")[0]}`, example };
}

export function compareText(bytes: Uint8Array, bits: Bits, syntax: Syntax): Disagreement | undefined {
  const { text, instruction } = disassemble(bytes, ADDRESS, bits, syntax);
  const iced = icedAt(bytes, bits, syntax);
  if (!instruction || !iced || incomparable.has(instruction.name)) return undefined;
  // The processor we measured runs F3 41 90 as XCHG R8, rAX; iced takes it for PAUSE.
  if (instruction.name === "xchg" && iced.text === "pause") return undefined;
  const theirs = normalised(iced.text, text);
  if (syntax === "att" && (modal.test(instruction.name) || touchesSegment.test(text))) return undefined;
  if (text.replace(/^(\w[gi]dt) tbyte/, "$1 fword") === theirs) return undefined;
  return { what: instruction.name, example: `${bits}-bit ${asHex(bytes)}: ${text} | iced ${theirs}` };
}
