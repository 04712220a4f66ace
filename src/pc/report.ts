/** The report of a run that a part ended: what it was asked for, and where the CPU is. */
import type { Cpu } from "../engine/board.ts";
import { report } from "../engine/debug/report.ts";
import { disassemble } from "../engine/decode/disassemble.ts";

const LONGEST_INSTRUCTION = 15;
/** CS.D among the rights of a segment. */
const CODE_32 = 0x40_0000;

/** The access itself has been carried out: the CPU stands behind the instruction that made it. */
export function partReport(cpu: Cpu, what: string): string {
  const snapshot = cpu.snapshot();
  const { rip, cpl, mode, segments } = snapshot;
  const codeBase = mode === "64-bit" ? 0n : segments[1].base;
  const bytes: number[] = [];
  for (let index = 0n; index < LONGEST_INSTRUCTION; index++) {
    const physical = cpu.translate(codeBase + rip + index, "execute", cpl === 3);
    if (physical === undefined || physical >= cpu.ram.length) break;
    bytes.push(cpu.ram[physical]);
  }
  const bits =
    mode === "64-bit"
      ? 64
      : mode === "protected 32" || (mode === "compatibility" && segments[1].access & CODE_32)
        ? 32
        : 16;
  const code = Uint8Array.from(bytes);
  const { text } = disassemble(code, rip, bits);
  return report({ what: `not implemented: ${what}`, clock: cpu.clock, snapshot, bytes: code, disassembly: text });
}
