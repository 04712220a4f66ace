/**
 * When vector instructions may not run (SDM 2A, tables 2-18 to 2-24; SDM 3, 2.5, 9.6 and 13.1): #UD with CR0.EM, for xmm registers also
 * without CR4.OSFXSR; else #NM with CR0.TS. Which instructions these are is told here by their operands, not by their definitions.
 */
import { describe, expect, test } from "vitest";
import { decode } from "../../src/engine/decode/decode";
import { type Form, forms } from "../../src/engine/decode/forms";
import type { CpuConfig } from "../../src/engine/cpu";
import { CODE, DATA, longMachine, type Machine } from "./machine";

const HANDLERS = 0x5000,
  IDT = 0x3000,
  GDT = 0x2000;
const UD = 6,
  NM = 7;
const EM = 4n,
  TS = 8n;

/** A byte HLT for each vector. */
function machineWithHandlers(regions: CpuConfig["regions"]): Machine {
  const machine = longMachine([], 4, regions);
  const { cpu, state } = machine;
  const view = new DataView(cpu.ram.buffer, cpu.ram.byteOffset);
  view.setBigUint64(GDT + 8, 0x00af_9b00_0000_ffffn, true);
  for (let vector = 0; vector < 32; vector++) {
    view.setBigUint64(IDT + vector * 16, BigInt(HANDLERS + vector) | (8n << 16n) | (0x8e00n << 32n), true);
    cpu.ram[HANDLERS + vector] = 0xf4;
  }
  state.set64("gdtBase", BigInt(GDT));
  state.set32("gdtLimit", 23);
  state.set64("idtBase", BigInt(IDT));
  state.set32("idtLimit", 0x1ff);
  return machine;
}

const lettersOf = (form: Form) => form.operands.map((operand) => (operand.kind === "letter" ? operand.letter : ""));
const touchesXmm = (form: Form) =>
  lettersOf(form).some((letter) => "VWU".includes(letter) && letter !== "") ||
  /^(ld|st)mxcsr$/.test(form.instruction.name);
const touchesMm = (form: Form) => lettersOf(form).some((letter) => "PQN".includes(letter) && letter !== "");

/** With registers where it can be, else memory at RDI; an immediate of 0. */
function encoding(form: Form): Uint8Array {
  for (const modrm of [0xc1, 0x07].map((byte) => byte | ((form.reg ?? 0) << 3))) {
    const rex = form.onlySize === 64 ? [0x48] : [];
    const prefix = form.prefix && form.prefix !== "NP" ? [parseInt(form.prefix, 16)] : [];
    const escape = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]][form.map];
    const bytes = [...prefix, ...rex, ...escape, form.opcode, ...(form.hasModrm ? [modrm] : [])];
    if (lettersOf(form).includes("I")) bytes.push(0);
    const decoded = decode(Uint8Array.from(bytes), 0, { long: true, code32: false });
    if (decoded.kind === "instruction" && decoded.form === form) return Uint8Array.from([...bytes, 0xf4]);
  }
  throw new Error(`no encoding of ${form.text}`);
}

/** The vector that came, or undefined when the instruction was run. */
function outcome({ cpu, state }: Machine, code: Uint8Array, cr0: bigint, cr4: bigint): number | undefined {
  cpu.ram.set(code, CODE);
  state.set64("cr0", 0x8001_0033n | cr0);
  state.set64("cr4", 0x20n | cr4);
  state.set64("rip", BigInt(CODE));
  state.set64("registers", BigInt(DATA), 7);
  state.set32("mxcsr", 0x1f80);
  state.set32("halted", 0);
  cpu.flushCaches();
  const stop = cpu.run(cpu.clock + 100);
  if (stop.kind !== "halted") throw new Error(JSON.stringify(stop));
  const rip = Number(state.get64("rip")) - 1;
  return rip >= HANDLERS && rip < HANDLERS + 32 ? rip - HANDLERS : undefined;
}

const settings = [0n, EM, TS, EM | TS].flatMap((cr0) => [0n, 0x200n].map((cr4) => ({ cr0, cr4 })));

describe.each([
  ["interpreted", false],
  ["in regions", { threshold: 0 }],
] as const)("%s", (_, regions) => {
  test("vector units that are switched off", () => {
    const machine = machineWithHandlers(regions);
    const wrong: string[] = [];
    for (const form of forms.filter((candidate) => candidate.inLong)) {
      const [xmm, mm] = [touchesXmm(form), touchesMm(form)];
      if (!xmm && !mm && !/^(crc32|popcnt|movnti|emms)$/.test(form.instruction.name)) continue;
      const unit = xmm ? "xmm" : mm || form.instruction.name === "emms" ? "mm" : "";
      const code = encoding(form);
      for (const { cr0, cr4 } of settings) {
        const undefinedNow = (unit && cr0 & EM) || (unit === "xmm" && cr4 === 0n);
        const expected = undefinedNow ? UD : unit && cr0 & TS ? NM : undefined;
        const seen = outcome(machine, code, cr0, cr4);
        if (seen !== expected) wrong.push(`${form.text} CR0 ${cr0} CR4 ${cr4}: ${seen}, not ${expected}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});
