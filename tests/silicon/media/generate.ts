/** Makes random cases for every form of SSE, MMX and x87. Memory operands have one base register; the decoder is tested elsewhere. */
import { decode } from "../../../src/engine/decode/decode";
import { type Form, forms, operandWidth } from "../../../src/engine/decode/forms";
import { random } from "../cases";
import { isMedia } from "../generate";
import { type Bits, type Case, type Style, STYLES, WINDOW_BYTES, windowOf } from "./cases";

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

function generateCase(form: Form, seed: number, bits: Bits, crossing: boolean): Case | undefined {
  const next = random(seed ^ 0x5bd1e995);
  const code: number[] = [];
  if (form.prefix && form.prefix !== "NP") code.push(parseInt(form.prefix, 16));
  if (form.instruction.lockable && chance(next, 20)) code.push(0xf0);
  let extension = 0;
  if (bits === 64 && (form.onlySize === 64 || chance(next, 50))) {
    const rex =
      0x40 | (next() & (form.onlySize === undefined || form.onlySize === 64 ? 15 : 7)) | (form.onlySize === 64 ? 8 : 0);
    code.push(rex);
    extension = (rex & 1) << 3;
  }
  code.push(...[[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]][form.map], form.opcode);
  const registers = new Map<number, bigint>();
  const letters = form.operands.map((o) => (o.kind === "letter" ? o.letter : ""));
  if (form.modrm !== undefined) code.push(form.modrm);
  else if (form.hasModrm) {
    const registerOnly = letters.some((l) => /^[RUNT]$/.test(l)) || form.attributes.has("mod3");
    const registerForm = registerOnly || (!letters.includes("M") && chance(next, 50));
    const base = [0, 1, 2, 3, 6, 7][next() % 6];
    const rm = registerForm ? next() % 8 : base;
    code.push((registerForm ? 0xc0 : 0) | ((form.reg ?? next() % 8) << 3) | rm);
    if (!registerForm) registers.set(base | extension, BigInt(place(form, next, crossing)));
  }
  if (letters.includes("DI")) registers.set(RDI, BigInt(place(form, next, crossing)));
  for (const letter of letters) if (letter === "I") code.push(chance(next, 50) ? next() % 20 : next() % 256);
  const bytes = Uint8Array.from(code);
  const decoded = decode(bytes, 0, { long: bits === 64, code32: bits === 32 });
  if (decoded.kind !== "instruction" || decoded.form !== form || decoded.length !== bytes.length) return undefined;
  return { bits, crossing, code: bytes, seed, style: styleOf(form, next), registers };
}

/** `count` cases for each form in 64-bit mode, a quarter of that in 32-bit mode. */
export function generate(count: number, seed: number, only = /./): Case[] {
  const cases: Case[] = [];
  for (const form of forms) {
    if (!isMedia(form) || !only.test(`${form.instruction.name} ${form.text}`)) continue;
    for (const bits of [64, 32] as const) {
      if (!(bits === 64 ? form.inLong : form.inLegacy)) continue;
      const wanted = bits === 64 ? count : Math.ceil(count / 4);
      for (let made = 0, tried = 0; made < wanted; tried++) {
        if (tried > wanted * 40) throw new Error(`cannot make cases for ${form.instruction.name} ${form.text}`);
        const test = generateCase(
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
