/** The registers as panels and reports see them. */
import type { CpuSnapshot } from "./board";
import { type CpuState, MODE } from "./state";

const VM = 0x2_0000;

export function modeName(state: CpuState): string {
  const mode = state.get32("mode");
  if (mode & MODE.long) return "64-bit";
  if (state.get32("systemFlags") & VM) return "virtual-8086";
  if (!(mode & MODE.protected)) return "real";
  if (state.get32("efer") & 0x400) return "compatibility";
  return mode & MODE.code32 ? "protected 32" : "protected 16";
}

export function takeSnapshot(state: CpuState, rflags: number): CpuSnapshot {
  return {
    registers: Array.from({ length: 16 }, (_, n) => state.get64("registers", n)),
    rip: state.get64("rip"),
    rflags: BigInt(rflags >>> 0),
    cpl: state.get32("cpl"),
    halted: state.get32("halted") !== 0,
    mode: modeName(state),
    segments: Array.from({ length: 8 }, (_, n) => ({
      selector: state.get32("selector", n),
      base: state.get64("segmentBase", n),
      limit: state.get32("segmentLimit", n),
      access: state.get32("segmentAccess", n),
    })),
    cr0: state.get64("cr0"),
    cr2: state.get64("cr2"),
    cr3: state.get64("cr3"),
    cr4: state.get64("cr4"),
    efer: state.get64("efer"),
    gdt: { base: state.get64("gdtBase"), limit: state.get32("gdtLimit") },
    idt: { base: state.get64("idtBase"), limit: state.get32("idtLimit") },
  };
}
