/** Makes random cases for every form of SSE, MMX and x87. */
import { decode } from "../../../src/engine/decode/decode";
import { type Form, forms, operandWidth } from "../../../src/engine/decode/forms";
import { type Bits, dataBase, random } from "../cases";
import { isMedia, readsWholeStackPointer } from "../generate";
import { littleEndian, memoryOperand } from "./addresses";
import { type Case, type Style, STYLES, WINDOW_BYTES, windowOf } from "./cases";

type Random = () => number;
const chance = (next: Random, percent: number) => next() % 100 < percent;
const RDI = 7;

function styleOf({ instruction: { name, unit }, text }: Form, next: Random): Style {
  if (unit === "fpu" || unit === "fpu control") {
    if (/M(d|ss)\b/.test(text)) return chance(next, 80) ? "singles" : "integers";
    if (/M(q|sd)\b/.test(text)) return chance(next, 80) ? "doubles" : "integers";
    return "extended";
  }
  if (/^pcmp[ei]str/.test(name) && chance(next, 90)) return "texts";
  if (chance(next, 10)) return STYLES[next() % 3];
  if (/^cvt(t?)(ps|ss)/.test(name) || /(ps|ss)$/.test(name)) return "singles";
  if (/^cvt(t?)(pd|sd)/.test(name) || /(pd|sd)$/.test(name)) return "doubles";
  return "integers";
}

/** Bytes that a memory operand touches at most, and the alignment it wants. */
function place(form: Form, next: Random, crossing: boolean): number {
  const operand = form.operands.find((o) => o.kind === "letter" && /^[EMWQ]$/.test(o.letter));
  const size = operand ? operandWidth(operand, 64) / 8 : 0;
  const bytes = size || (/fx/.test(form.instruction.name) ? 512 : 108);
  const aligned = size === 16 || size === 0 ? !chance(next, 10) : chance(next, 50);
  const room = WINDOW_BYTES - bytes;
  const window = windowOf({ crossing });
  if (crossing) {
    const over = Math.max(0, WINDOW_BYTES / 2 - 1 - (next() % Math.max(bytes - 1, 1)));
    const at = Math.min(chance(next, 70) ? over : next() % (room + 1), room);
    return window + (size === 0 && aligned ? at & ~15 : at);
  }
  const at = chance(next, 4) ? room + 1 + (next() % bytes) : next() % (room + 1);
  return window + (aligned ? at & ~15 : at);
}

const hasPrefix = (form: Form): boolean => form.prefix !== undefined && form.prefix !== "NP";

export function generateMediaCase(form: Form, seed: number, bits: Bits, crossing: boolean): Case | undefined {
  const next = random(seed ^ 0x5bd1e995);
  const code: number[] = [];
  // The environment of x87 has a layout for each operand size; elsewhere 66 would be part of the opcode, or means nothing.
  if (isEnvironment(form) && chance(next, 40)) code.push(0x66);
  const addressPrefix = chance(next, 12);
  if (addressPrefix) code.push(0x67);
  if (hasPrefix(form)) code.push(parseInt(form.prefix!, 16));
  if (form.instruction.lockable && chance(next, 20)) code.push(0xf0);
  let rex = 0;
  if (bits === 64 && (form.onlySize === 64 || chance(next, 50))) {
    rex =
      0x40 | (next() & (form.onlySize === undefined || form.onlySize === 64 ? 15 : 7)) | (form.onlySize === 64 ? 8 : 0);
    code.push(rex);
  }
  code.push(...[[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]][form.map], form.opcode);
  const registers = new Map<number, bigint>();
  const letters = form.operands.map((o) => (o.kind === "letter" ? o.letter : ""));
  const addressBits = bits === 16 ? (addressPrefix ? 32 : 16) : bits === 64 && !addressPrefix ? 64 : 32;
  if (addressPrefix && bits === 32) return undefined;
  const target = () => place(form, next, crossing) - dataBase(bits);
  if (form.modrm !== undefined) code.push(form.modrm);
  else if (form.hasModrm) {
    const registerOnly = letters.some((l) => /^[RUNT]$/.test(l)) || form.attributes.has("mod3");
    const reg = (form.reg ?? next() % 8) << 3;
    if (registerOnly || (!letters.includes("M") && chance(next, 50))) code.push(0xc0 | reg | (next() % 8));
    else {
      const following = letters.includes("I") ? 1 : 0;
      const operand = { bits, addressBits, rex, reg, target: target(), before: code.length, following } as const;
      code.push(...memoryOperand(operand, next, registers));
    }
  }
  if (letters.includes("DI")) registers.set(RDI, BigInt(target()));
  for (const letter of letters) if (letter === "I") code.push(chance(next, 50) ? next() % 20 : next() % 256);
  const decoded = decode(Uint8Array.from(code), 0, { long: bits === 64, code32: bits === 32 });
  if (decoded.kind !== "instruction" || decoded.form !== form || decoded.length !== code.length) return undefined;
  if (bits === 16 && readsWholeStackPointer(decoded)) return undefined;
  code.push(...environmentAfter(form, next, bits, crossing, LONGEST_CODE - code.length));
  return { bits, crossing, code: Uint8Array.from(code), seed, style: styleOf(form, next), registers };
}

const LONGEST_CODE = 16;
const isEnvironment = ({ instruction }: Form) => /^f(n?stenv|ldenv|n?save|rstor)$/.test(instruction.name);

/** FNSTENV behind some x87 instructions shows the pointers they leave; what transcendental ones leave else differs in the last place. */
function environmentAfter(form: Form, next: Random, bits: Bits, crossing: boolean, room: number): number[] {
  const { name, unit } = form.instruction;
  if (!unit?.startsWith("fpu") || /^f(sin|cos|sincos|ptan|patan|2xm1|yl2xp?1?)$/.test(name) || !chance(next, 50))
    return [];
  const target = windowOf({ crossing }) + (next() % (WINDOW_BYTES - 28)) - dataBase(bits);
  const head = { 64: [0xd9, 0x34, 0x25], 32: [0xd9, 0x35], 16: [0xd9, 0x36] }[bits];
  const bytes = [...head, ...littleEndian(target, bits === 16 ? 2 : 4)];
  return bytes.length <= room ? bytes : [];
}

const SHARES: readonly (readonly [Bits, number])[] = [
  [64, 1],
  [32, 1 / 4],
  [16, 1 / 8],
];

/** `count` cases for each form in 64-bit mode, a quarter of that in 32-bit mode and an eighth in 16-bit mode. */
export function generate(count: number, seed: number, only = /./): Case[] {
  const cases: Case[] = [];
  for (const form of forms) {
    if (!isMedia(form) || !only.test(`${form.instruction.name} ${form.text}`)) continue;
    for (const [bits, share] of SHARES) {
      if (!(bits === 64 ? form.inLong : form.inLegacy)) continue;
      const wanted = Math.ceil(count * share);
      for (let made = 0, tried = 0; made < wanted; tried++) {
        if (tried > wanted * 40) throw new Error(`cannot make cases for ${form.instruction.name} ${form.text}`);
        const test = generateMediaCase(
          form,
          (seed * 1_000_003 + tried * 7919 + form.number * 104_729) >>> 0,
          bits,
          tried % 4 === 3,
        );
        if (!test) continue;
        cases.push(test);
        made++;
      }
    }
  }
  return cases;
}
