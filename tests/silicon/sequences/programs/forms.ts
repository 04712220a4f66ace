/** One random instruction of any form, in any mode: with registers that may be anything, or memory in the data. */
import { decode } from "../../../../src/engine/decode/decode";
import { type Form, forms, operandWidth } from "../../../../src/engine/decode/forms";
import { DATA } from "../../cases";
import { isMedia, whyExcluded } from "../../generate";
import { littleEndian } from "../../media/addresses";
import { isLoose, PAGE, STRIPES } from "../cases";
import { chance, type Next, pick } from "./dice";
import type { Writer } from "./writer";

/** What is made apart (control.ts and its neighbours), reads what the operating system has, leaves results undefined, or only estimates. */
const LEFT_OUT =
  /^(j|call|ret|loop|enter|leave|push|pop(a|f)?[dq]?$|std|xlatb|ud|ldmxcsr|fx(save|rstor)|fld(cw|env)|fn?save|fnstenv|frstor|maskmov|cmpxchg16b|int|bound|arpl)/;
/** Results that processors only have to come near (SDM 1, 8.3.10; SDM 2B RCPPS). */
export const isEstimated = ({ instruction: { name } }: Form): boolean =>
  /^(r(cp|sqrt)[ps]s|f(sin|cos|sincos|ptan|patan|2xm1|yl2xp?1?))$/.test(name);
const letters = (form: Form) => form.operands.map((operand) => (operand.kind === "letter" ? operand.letter : ""));
const hasMmx = (form: Form) =>
  letters(form).some((letter) => /^[PQN]$/.test(letter)) || form.instruction.name === "emms";

const usable = forms.filter(
  (form) =>
    !LEFT_OUT.test(form.instruction.name) &&
    !isEstimated(form) &&
    !form.instruction.repeat &&
    (isMedia(form) || !whyExcluded(form)),
);
const kinds = {
  integer: usable.filter((form) => !isMedia(form)),
  sse: usable.filter((form) => form.instruction.unit === "sse" && !hasMmx(form)),
  mmx: usable.filter(hasMmx),
  x87: usable.filter((form) => form.instruction.unit?.startsWith("fpu") || form.instruction.name === "fwait"),
};
export type FormKind = keyof typeof kinds;
const inMode = (long: boolean) =>
  Object.fromEntries(
    Object.entries(kinds).map(([kind, all]) => [kind, all.filter((f) => (long ? f.inLong : f.inLegacy))]),
  );
const longForms = inMode(true) as Record<FormKind, Form[]>,
  legacyForms = inMode(false) as Record<FormKind, Form[]>;

export interface Taste {
  readonly kind: FormKind;
  /** No operand in memory. */
  readonly registers?: boolean;
  readonly only?: (form: Form) => boolean;
}

/** An offset from DATA: mostly 16-byte aligned and of numbers that the operand is made for; now and then across pages or out of reach. */
export function someOffset(next: Next, bytes = 8, stripe?: (typeof STRIPES)[number]): number {
  if (chance(next, 1)) return 2 * PAGE - 8 + (next() % PAGE);
  if (chance(next, 6)) return PAGE - 1 - (next() % Math.max(bytes, 2));
  const within = 16 * (next() % 4) + (chance(next, 15) ? next() % 16 : 0);
  const at = stripe && chance(next, 85) ? STRIPES.indexOf(stripe) : next() % STRIPES.length;
  return 64 * (at + STRIPES.length * (next() % 7)) + within + (chance(next, 50) ? PAGE : 0);
}

function stripeOf({ instruction: { name, unit }, text }: Form): (typeof STRIPES)[number] | undefined {
  if (unit === "fpu")
    return /Md\b/.test(text) ? "singles" : /Mt\b/.test(text) ? "extended" : /^fi/.test(name) ? "integers" : "doubles";
  if (/(ps|ss)$/.test(name)) return "singles";
  return /(pd|sd)$/.test(name) ? "doubles" : undefined;
}

const ESCAPES = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]] as const;

/** Writes one; undefined where the dice gave what cannot be used. */
function attempt(w: Writer, form: Form, registers: boolean): Form | undefined {
  const { next, ground } = w;
  const from = w.bytes.length;
  const mandatory = form.prefix && form.prefix !== "NP" ? [parseInt(form.prefix, 16)] : [];
  const narrow = form.prefix === undefined && !isMedia(form) && chance(next, 20) ? [0x66] : [];
  const lock = form.instruction.lockable && chance(next, 15) ? [0xf0] : [];
  const wide = w.long && (form.onlySize === 64 || chance(next, 40));
  const opcode = form.opcode + (form.instruction.conditional ? next() % 16 : form.registerInOpcode ? next() % 8 : 0);
  const has = letters(form);
  const size = wide ? 64 : (narrow.length !== 0) !== (ground.bits === 16) ? 16 : 32;
  const immediate = has.includes("O")
    ? []
    : form.operands.flatMap((operand) =>
        operand.kind === "letter" && operand.letter === "I"
          ? Array.from(
              {
                length:
                  operand.size === "bs"
                    ? 1
                    : Math.min(operandWidth(operand, size) || 8, operand.size === "v" ? 64 : 32) / 8,
              },
              () => next() & 0xff,
            )
          : [],
      );
  const reg = form.reg ?? next() % (w.long ? 16 : 8);
  const operation = {
    prefixes: [...lock, ...narrow, ...mandatory],
    wide,
    reg,
    immediate,
    opcode: [...ESCAPES[form.map], opcode],
  };
  const onlyRegisters = has.some((letter) => /^[RUNT]$/.test(letter)) || form.attributes.has("mod3");
  if (registers && (has.includes("M") || has.includes("O"))) return undefined;
  if (
    form.hasModrm &&
    form.modrm === undefined &&
    !onlyRegisters &&
    (has.includes("M") || (!registers && chance(next, 45)))
  ) {
    const operand = form.operands.find((o) => o.kind === "letter" && /^[EMWQ]$/.test(o.letter));
    w.memory(operation, someOffset(next, operand ? operandWidth(operand, size) / 8 : 8, stripeOf(form)));
  } else {
    const rm = next() % (w.long ? 16 : 8);
    const rex = 0x40 | (wide ? 8 : 0) | ((reg & 8) >> 1) | (rm >> 3);
    const modrm = form.modrm ?? 0xc0 | ((reg & 7) << 3) | (rm & 7);
    w.emit(...operation.prefixes, ...(w.long && (rex !== 0x40 || chance(next, 30)) ? [rex] : []), ...operation.opcode);
    if (form.hasModrm) w.emit(modrm);
    if (has.includes("O")) w.emit(...directAddress(w));
    w.emit(...immediate);
  }
  const code = Uint8Array.from(w.bytes.slice(from));
  const decoded = decode(code, 0, { long: w.long, code32: ground.bits === 32 });
  const good = decoded.kind === "instruction" && decoded.length === code.length && decoded.form === form;
  if (good && isAllowed(w, decoded)) return form;
  w.bytes.length = from;
  return undefined;
}

/** MOV of the accumulator has nothing but an address. */
function directAddress({ ground, next }: Writer): number[] {
  const bytes = littleEndian(DATA + someOffset(next) - ground.dataBase, 8);
  return bytes.slice(0, ground.bits / 8);
}

const ACCUMULATORS = /^(xchg|xadd|cmpxchg)/;
function isAllowed(w: Writer, decoded: Extract<ReturnType<typeof decode>, { kind: "instruction" }>): boolean {
  const { instruction, operands } = decoded;
  const access = Object.values(instruction.operands ?? {});
  const { name } = instruction;
  // Of 16-bit stacks the operating system does not keep the upper half of ESP.
  const unknown = w.ground.bits === 16 ? [4] : [];
  const kept = (n: number, written: boolean) => (written ? w.ground.kept.has(n) : unknown.includes(n));
  if (
    operands.some((o, n) => o.kind === "register" && kept(o.register, access[n] !== "read" || ACCUMULATORS.test(name)))
  )
    return false;
  if (/^i?div$/.test(name) && !chance(w.next, 10)) return false;
  // Undefined as a whole, or another thing with each maker (SDM 2: BSWAP, SHLD, MOVSXD).
  if (/^(bswap|sh[lr]d|movsxd)$/.test(name) && decoded.operandSize === 16) return false;
  // A bit number in a register reaches anywhere.
  return !(/^bt/.test(name) && operands[0].kind === "memory" && operands[1].kind === "register");
}

/** cmp rax, rcx: what is undefined is not looked at. */
const settle = (w: Writer) => w.emit(...(w.long ? [0x48] : []), 0x39, 0xc8);

/** A rare form may not fit here at all. */
const MOST_TRIES = 20;
export function anyForm(w: Writer, { kind, registers = false, only }: Taste): Form {
  const all = (w.long ? longForms : legacyForms)[kind];
  const fitting = only ? all.filter(only) : all;
  const rare = w.rare.size > 0 && chance(w.next, 50) ? fitting.filter(({ number }) => w.rare.has(number)) : [];
  const list = rare.length > 0 ? rare : fitting;
  for (let tries = 0; ; tries++) {
    const form = attempt(w, pick(w.next, tries < MOST_TRIES ? list : fitting), registers);
    if (!form) continue;
    if (isLoose(form.instruction.name)) settle(w);
    return form;
  }
}
