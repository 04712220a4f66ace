/**
 * Runs cases on the engine: a CPU with pages mapped as the harness maps them, HLT where the harness has breakpoints, and
 * exception handlers that halt, on a stack of their own (IST 1).
 */
import { type CpuConfig, createCpu, type X86Cpu } from "../../src/engine/cpu";
import { CpuState } from "../../src/engine/state";
import { BareBoard } from "../engine/machine";
import {
  type Bits,
  type Case,
  CODE,
  codeBase,
  DATA,
  FLAG_MASK,
  initialState,
  type Outcome,
  START,
  visible,
  WINDOW,
  WINDOW_BYTES,
  windowOf,
} from "./cases";

// Physical memory.
const GDT = 0x2000,
  IDT = 0x3000,
  TSS = 0x4000,
  FAULT_STACK = 0x7000,
  TABLES = 0x8000,
  CODE_PAGE = 0x10_0000,
  CASE_CODE = 0x20;
export const HANDLERS = 0x5000,
  DATA_PAGE = 0x10_1000,
  PAGE = 4096;
const HLT = 0xf4;
const MOST_TICKS = 1000;
/** Exceptions as the harness sees them. */
export const signals: Readonly<Record<number, number>> = {
  0: 8,
  5: 11,
  6: 4,
  12: 7,
  13: 11,
  14: 11,
  16: 8,
  17: 7,
  19: 8,
};

export class EngineBench {
  protected readonly cpu: X86Cpu;
  protected readonly state: CpuState;
  protected readonly ram: DataView;

  constructor(
    private readonly bits: Bits,
    regions: CpuConfig["regions"] = false,
  ) {
    const board = new BareBoard(4 << 20);
    this.cpu = createCpu({ board, memoryMiB: 4, regions });
    this.state = new CpuState(this.cpu.memory);
    this.ram = new DataView(this.cpu.ram.buffer, this.cpu.ram.byteOffset);
    this.map();
    this.describe();
    this.enterMode();
    this.cpu.ram.fill(HLT, CODE_PAGE, CODE_PAGE + PAGE);
    this.cpu.flushCaches();
  }

  private map(): void {
    const entry = (table: number, n: number, value: number) =>
      this.ram.setBigUint64(table + n * 8, BigInt(value), true);
    const [top, second, directory, code, data] = [0, 1, 2, 3, 4].map((n) => TABLES + n * PAGE);
    entry(top, 0, second | 7);
    entry(second, 0, directory | 7);
    entry(directory, 0, 0x87);
    entry(directory, CODE >> 21, code | 7);
    entry(directory, WINDOW >> 21, data | 7);
    entry(code, 0, CODE_PAGE | 7);
    for (const n of [0, 2, 3]) entry(data, n, (DATA_PAGE + n * PAGE) | 7);
  }

  /** A 64-bit code segment for the handlers, 32 gates, a TSS with IST 1. */
  private describe(): void {
    this.ram.setBigUint64(GDT + 8, 0x00af_9b00_0000_ffffn, true);
    for (let vector = 0; vector < 32; vector++) {
      const handler = HANDLERS + vector;
      this.cpu.ram[handler] = HLT;
      this.ram.setBigUint64(IDT + vector * 16, BigInt(handler & 0xffff) | (8n << 16n) | (0x8e01n << 32n), true);
    }
    this.ram.setBigUint64(TSS + 0x24, BigInt(FAULT_STACK), true);
  }

  private enterMode(): void {
    const { state } = this;
    state.set64("cr3", BigInt(TABLES));
    // PAE, OSFXSR, OSXMMEXCPT.
    state.set64("cr4", 0x620n);
    state.set64("cr0", 0x8001_0033n);
    state.set64("efer", 0x500n);
    state.set64("gdtBase", BigInt(GDT));
    state.set32("gdtLimit", 0xf);
    state.set64("idtBase", BigInt(IDT));
    state.set32("idtLimit", 0x1ff);
    for (const n of [0, 2, 3, 4, 5]) {
      if (this.bits === 16) this.segment(n, 0x10, DATA, 0xffff, 0x9300);
      else this.segment(n, 0x10, 0, 0xffff_ffff, 0xc0_9300);
    }
    this.segment(7, 0x18, TSS, 0x67, 0x8b00);
    this.enterCode();
  }

  private segment(n: number, selector: number, base: number, limit: number, access: number): void {
    this.state.set32("selector", selector, n);
    this.state.set64("segmentBase", BigInt(base), n);
    if (n < 4) this.state.set64("descriptorBase", BigInt(base), n);
    this.state.set32("segmentLimit", limit, n);
    this.state.set32("segmentAccess", access, n);
  }

  /** The code segment of the cases; the handlers' is another. */
  private enterCode(): void {
    if (this.bits === 16) this.segment(1, CASE_CODE, CODE, 0xffff, 0x9b00);
    else this.segment(1, CASE_CODE, 0, 0xffff_ffff, this.bits === 32 ? 0xc0_9b00 : 0xa0_9b00);
  }

  /** Puts code and registers in place. */
  protected enterCase(bytes: Uint8Array, registers: readonly bigint[], flags: number): void {
    const { state, cpu } = this;
    const code = CODE_PAGE + (START - CODE);
    cpu.ram.fill(HLT, code, code + 16);
    cpu.ram.set(bytes, code);
    cpu.memoryChanged(code, 16);
    registers.forEach((value, n) => state.set64("registers", value, n));
    state.set64("rip", BigInt(START - codeBase(this.bits)));
    cpu.system.setRflags(flags | 2);
    if (state.get32("selector", 1) !== CASE_CODE) {
      this.enterCode();
      cpu.system.rebuild();
    }
    state.set32("selector", 0x10, 2);
    state.set32("halted", 0);
  }

  /** What delivering a fault put on the stack: RIP, CS, RFLAGS, RSP, SS from the top down, whether an error code lies under them or not. */
  protected faultFrame(): { rip: number; flags: number; stack: bigint } {
    const frame = FAULT_STACK - 40;
    return {
      rip: Number(this.ram.getBigUint64(frame, true)),
      flags: Number(this.ram.getBigUint64(frame + 16, true)) & FLAG_MASK,
      stack: this.ram.getBigUint64(frame + 24, true),
    };
  }

  run(test: Case): Outcome {
    const { cpu, state } = this;
    const { registers: before, flags: flagsBefore, memory: window } = initialState(test);
    this.enterCase(test.code, before, flagsBefore);
    const at = DATA_PAGE + windowOf(test) - DATA;
    cpu.ram.set(window, at);
    const stop = cpu.run(cpu.clock + MOST_TICKS);
    if (stop.kind !== "halted") throw new Error(`stopped: ${JSON.stringify(stop)}`);
    const registers = Array.from({ length: 16 }, (_, n) => state.get64("registers", n));
    const rip = Number(state.get64("rip")) - 1;
    const memory = cpu.ram.slice(at, at + WINDOW_BYTES);
    const narrow = (value: bigint, n: number) => visible(this.bits, n, value);
    const base = codeBase(this.bits);
    if (rip < HANDLERS || rip >= HANDLERS + 32) {
      const flags = cpu.system.rflags() & FLAG_MASK;
      return { signal: 0, rip: rip + base, flags, registers: registers.map(narrow), memory };
    }
    const vector = rip - HANDLERS;
    const fault = this.faultFrame();
    registers[4] = fault.stack;
    return {
      signal: signals[vector] ?? -vector,
      rip: fault.rip + base,
      flags: fault.flags,
      registers: registers.map(narrow),
      memory,
    };
  }
}
