/**
 * Runs cases on the engine, in user mode as the harness does: pages mapped as the harness maps them, breakpoints (INT3) around the code,
 * and exception handlers of ring 0 that halt, on a stack of their own. 16- and 32-bit code runs in compatibility mode, or (`legacy`)
 * in protected mode without long mode.
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
  WINDOW_BYTES,
  windowOf,
} from "./cases";
import {
  accessOf,
  CODE_64,
  descriptor,
  GDT as USER,
  GDT_LIMIT,
  lastByte,
  LDT,
  segmentAt,
  usualSegments,
} from "./sequences/segments";

// Physical memory.
const GDT = 0x2000,
  IDT = 0x3000,
  TSS = 0x4000,
  HANDLERS = 0x5000,
  FAULT_STACK = 0x7000,
  TABLES = 0x8000,
  LDT_PLACE = 0xf000,
  CODE_PAGE = 0x10_0000;
export const DATA_PAGE = 0x10_1000,
  PAGE = 4096;
/** Long mode sees the first 2 MiB of memory here, out of reach of the cases. */
const SYSTEM = 0xffff_8000_0000_0000n;
/** A handler halts; run on, it leaves the error code and returns. */
const HANDLER_BYTES = 16;
const LEAVE_CODE = [0x48, 0x83, 0xc4, 8],
  IRETQ = [0x48, 0xcf];
const HLT = 0xf4,
  INT3 = 0xcc;
const BREAKPOINT = 3;
/** Vectors that come with an error code (SDM 3, table 6-1). */
const WITH_CODE = new Set([8, 10, 11, 12, 13, 14, 17]);
const MOST_TICKS = 1000;
/** Selectors of the handlers, of the task and of the LDT. */
const HANDLER_CODE = 0x08,
  HANDLER_DATA = 0x10,
  TASK = 0x40,
  LOCAL = 0x50;
/** Of a null selector (state.ts). */
const UNUSABLE = 0x1_0000;
/** Exceptions as the harness sees them. */
const signals: Readonly<Record<number, number>> = {
  0: 8,
  4: 11,
  5: 11,
  6: 4,
  12: 7,
  13: 11,
  14: 11,
  16: 8,
  17: 7,
  19: 8,
};

export interface BenchOptions {
  readonly regions?: CpuConfig["regions"];
  readonly handlers?: CpuConfig["handlers"];
  /** 16- and 32-bit code without long mode. */
  readonly legacy?: boolean;
}

/** How a case ended. */
interface End {
  readonly signal: number;
  /** With the base of the code segment. */
  readonly rip: number;
  readonly flags: number;
  readonly registers: bigint[];
}

export class EngineBench {
  readonly cpu: X86Cpu;
  protected readonly state: CpuState;
  protected readonly ram: DataView;
  private readonly legacy: boolean;

  constructor(
    protected readonly bits: Bits,
    { regions = false, handlers, legacy = false }: BenchOptions = {},
  ) {
    this.legacy = legacy;
    const board = new BareBoard(4 << 20);
    this.cpu = createCpu({ board, memoryMiB: 4, levels5: false, regions, handlers });
    this.state = new CpuState(this.cpu.memory);
    this.ram = new DataView(this.cpu.ram.buffer, this.cpu.ram.byteOffset);
    if (legacy) this.mapLegacy();
    else this.map();
    this.describe();
    this.enterMode();
    this.cpu.ram.fill(INT3, CODE_PAGE, CODE_PAGE + PAGE);
    this.cpu.flushCaches();
  }

  private map(): void {
    const entry = (table: number, n: number, value: number) =>
      this.ram.setBigUint64(table + n * 8, BigInt(value), true);
    const [top, second, directory, code, data, upper, upmost] = [0, 1, 2, 3, 4, 5, 6].map((n) => TABLES + n * PAGE);
    entry(top, 0, second | 7);
    entry(second, 0, directory | 7);
    entry(top, 256, upper | 3);
    entry(upper, 0, upmost | 3);
    entry(upmost, 0, 0x83);
    entry(directory, CODE >> 21, code | 7);
    entry(directory, DATA >> 21, data | 7);
    entry(code, 0, CODE_PAGE | 7);
    for (const n of [0, 2, 3]) entry(data, n, (DATA_PAGE + n * PAGE) | 7);
  }

  /** The entry of a page at CODE or DATA, in long mode. */
  protected mapPage(linear: number, entry: bigint): void {
    const table = TABLES + (linear < DATA ? 3 : 4) * PAGE;
    this.ram.setBigUint64(table + ((linear >> 12) & 511) * 8, entry, true);
  }

  /** The same in two levels of 4-byte entries. */
  private mapLegacy(): void {
    const entry = (table: number, n: number, value: number) => this.ram.setUint32(table + n * 4, value, true);
    const [directory, first, code, data] = [0, 1, 2, 3].map((n) => TABLES + n * PAGE);
    entry(directory, 0, first | 3);
    for (let n = 0; n < 0x20; n++) entry(first, n, (n * PAGE) | 3);
    entry(directory, CODE >> 22, code | 7);
    entry(directory, DATA >> 22, data | 7);
    entry(code, 0, CODE_PAGE | 7);
    for (const n of [0, 2, 3]) entry(data, n, (DATA_PAGE + n * PAGE) | 7);
  }

  /** Segments for the handlers, 32 gates, a TSS with their stack: IST 1, or that of ring 0. */
  private describe(): void {
    const { ram, legacy } = this;
    ram.setBigUint64(GDT + HANDLER_CODE, legacy ? 0x00cf_9b00_0000_ffffn : 0x00af_9b00_0000_ffffn, true);
    ram.setBigUint64(GDT + HANDLER_DATA, 0x00cf_9300_0000_ffffn, true);
    for (let vector = 0; vector < 32; vector++) {
      const handler = HANDLERS + vector * HANDLER_BYTES;
      this.cpu.ram.set([HLT, ...(WITH_CODE.has(vector) ? LEAVE_CODE : []), ...IRETQ], handler);
      const rights = vector === BREAKPOINT || vector === 4 ? 0xee00n : 0x8e00n;
      const gate = BigInt(handler) | (BigInt(HANDLER_CODE) << 16n) | (rights << 32n);
      if (legacy) ram.setBigUint64(IDT + vector * 8, gate, true);
      else {
        ram.setBigUint64(IDT + vector * 16, gate | (1n << 32n), true);
        ram.setBigUint64(IDT + vector * 16 + 8, SYSTEM >> 32n, true);
      }
    }
    // No map of ports.
    ram.setUint16(TSS + 0x66, 0x68, true);
    if (legacy) ram.setUint32(TSS + 4, FAULT_STACK, true);
    if (legacy) ram.setUint16(TSS + 8, HANDLER_DATA, true);
    else ram.setBigUint64(TSS + 0x24, SYSTEM + BigInt(FAULT_STACK), true);
    for (const [selector, segment] of USER)
      ram.setBigUint64(GDT + (selector & ~7), descriptor(segment, selector === CODE_64), true);
    LDT.forEach((segment, n) => ram.setBigUint64(LDT_PLACE + n * 8, descriptor(segment), true));
  }

  private enterMode(): void {
    const { state, legacy } = this;
    state.set64("cr3", BigInt(TABLES));
    // OSFXSR, OSXMMEXCPT, and PAE and FSGSBASE; alignment checks (AM).
    state.set64("cr4", legacy ? 0x600n : 0x1_0620n);
    state.set64("cr0", 0x8005_0033n);
    state.set64("efer", legacy ? 0n : 0x500n);
    const from = legacy ? 0n : SYSTEM;
    state.set64("gdtBase", from + BigInt(GDT));
    state.set32("gdtLimit", GDT_LIMIT);
    state.set64("idtBase", from + BigInt(IDT));
    state.set32("idtLimit", 0x1ff);
    this.segment(7, TASK, from + BigInt(TSS), 0x67, 0x8b00);
    this.segment(6, LOCAL, from + BigInt(LDT_PLACE), LDT.length * 8 - 1, 0x8200);
    this.enterCode(usualSegments(this.bits));
  }

  private segment(n: number, selector: number, base: bigint, limit: number, access: number): void {
    this.state.set32("selector", selector, n);
    this.state.set64("segmentBase", base, n);
    if (n < 4) this.state.set64("descriptorBase", base, n);
    this.state.set32("segmentLimit", limit, n);
    this.state.set32("segmentAccess", access, n);
  }

  private loadSegment(n: number, selector: number): void {
    const segment = segmentAt(selector);
    if (!segment) return this.segment(n, selector, 0n, 0, UNUSABLE);
    this.segment(n, selector, BigInt(segment.base), lastByte(segment), accessOf(segment, selector === CODE_64));
  }

  /** The segments of the cases; the handlers have others. */
  protected enterCode(selectors: readonly number[]): void {
    selectors.forEach((selector, n) => this.loadSegment(n, selector));
    this.state.set32("cpl", 3);
  }

  /** Puts code, registers and flags in place: those that instructions compute with, and what is given beyond them. */
  protected enterCase(bytes: Uint8Array, registers: readonly bigint[], flags: number): void {
    const { cpu } = this;
    const code = CODE_PAGE + (START - CODE);
    cpu.ram.fill(INT3, code, code + 16);
    cpu.ram.set(bytes, code);
    cpu.memoryChanged(code, Math.max(bytes.length, 16));
    this.enter(registers, flags, BigInt(START - codeBase(this.bits)));
  }

  protected enter(
    registers: readonly bigint[],
    flags: number,
    rip: bigint,
    segments: readonly number[] = usualSegments(this.bits),
  ): void {
    const { state, cpu } = this;
    // Code that is rewritten again and again would be left to the interpreter.
    cpu.regions?.forget();
    registers.forEach((value, n) => state.set64("registers", value, n));
    state.set64("rip", rip);
    this.enterCode(segments);
    cpu.system.setRflags(flags | 0x202);
    cpu.system.updateMode();
    state.set32("halted", 0);
  }

  /** Runs to a handler's HLT. What delivering put on its stack lies at the top, and under it the error code where there is one. */
  protected end() {
    const { cpu } = this;
    const stop = cpu.run(cpu.clock + MOST_TICKS);
    if (stop.kind !== "halted") throw new Error(`stopped: ${JSON.stringify(stop)}`);
    return this.interrupted();
  }

  /** In a handler that has halted. */
  protected interrupted() {
    const { state, ram } = this;
    const word = (fromTop: number) =>
      this.legacy
        ? BigInt(ram.getUint32(FAULT_STACK - 4 * fromTop, true))
        : ram.getBigUint64(FAULT_STACK - 8 * fromTop, true);
    const vector = (Number(BigInt.asUintN(32, state.get64("rip"))) - 1 - HANDLERS) / HANDLER_BYTES;
    if (!Number.isInteger(vector) || vector < 0 || vector >= 32) throw new Error("halted outside the handlers");
    const registers = Array.from({ length: 16 }, (_, n) => (n === 4 ? word(2) : state.get64("registers", n)));
    const error = WITH_CODE.has(vector) ? Number(word(6)) : 0;
    // The handlers leave DS, ES, FS and GS alone.
    const segments = [0, 0, 0, 3, 4, 5].map((n) => state.get32("selector", n));
    segments[1] = Number(word(4) & 0xffffn);
    segments[2] = Number(word(1) & 0xffffn);
    return { vector, error, rip: word(5), flags: Number(word(3)), registers, segments };
  }

  /** Lets the handler that has halted return to there, in long mode. */
  protected returnTo(rip: bigint, flags: number, selectors: readonly number[], registers: readonly bigint[]): void {
    const { state, ram } = this;
    const frame = [selectors[2], registers[4], flags, selectors[1], rip].map(BigInt);
    frame.forEach((word, n) => ram.setBigUint64(FAULT_STACK - 8 * (n + 1), word, true));
    registers.forEach((value, n) => n !== 4 && state.set64("registers", value, n));
    for (const n of [0, 3, 4, 5]) this.loadSegment(n, selectors[n]);
    state.set32("halted", 0);
  }

  /** The same as the harness tells it. */
  protected finishCase(): End {
    const { vector, rip, flags, registers } = this.end();
    const retired = vector === BREAKPOINT;
    return {
      signal: retired ? 0 : (signals[vector] ?? -vector),
      rip: Number(rip) + codeBase(this.bits) - (retired ? 1 : 0),
      flags: flags & FLAG_MASK,
      registers: registers.map((value, n) => visible(this.bits, n, value)),
    };
  }

  run(test: Case): Outcome {
    const { registers, flags, memory } = initialState(test);
    this.enterCase(test.code, registers, flags);
    const at = DATA_PAGE + windowOf(test) - DATA;
    this.cpu.ram.set(memory, at);
    const { signal, rip, flags: after, registers: left } = this.finishCase();
    return { signal, rip, flags: after, registers: left, memory: this.cpu.ram.slice(at, at + WINDOW_BYTES) };
  }
}
