/** Runs the recorded cases of tests/silicon on the engine, one instruction each. */
import type { X86Cpu } from "../../src/engine/cpu";
import type { CpuState } from "../../src/engine/state";
import {
  type Bits,
  type Case,
  CODE,
  codeBase,
  dataBase,
  FLAG_MASK,
  initialState,
  type Outcome,
  START,
  visible,
  WINDOW,
  WINDOW_BYTES,
} from "../silicon/cases";
import { bareMachine } from "./machine";

const PAGE = 4096;
const TABLES = 0x1_0000;
/** Physical pages of the code and of the window. */
const CODE_AT = 0x2_0000;
const WINDOW_AT = 0x3_0000;
const PRESENT_USER_WRITE = 7;
const CODE_OFFSET = START - CODE;
const WINDOW_OFFSET = WINDOW % PAGE;
const signals: Readonly<Record<string, number>> = {
  "#DE": 8,
  "#UD": 4,
  "#BR": 11,
  "#OF": 11,
  "#GP": 11,
  "#PF": 11,
  "#SS": 7,
  "#AC": 7,
};
/** More iterations than any REP case has. */
const MOST_STEPS = 100_000;

class Bench {
  readonly cpu: X86Cpu;
  private readonly state: CpuState;
  /** The last case ended in a fault, which nothing here handles. */
  private shutDown = true;

  constructor(readonly bits: Bits) {
    const { cpu, state } = bareMachine(1);
    this.cpu = cpu;
    this.state = state;
    if (bits === 64) this.mapLong();
    else this.mapLegacy();
    state.set64("cr3", BigInt(TABLES));
    state.set64("cr0", 0x8001_0033n);
    state.set32("cpl", 3);
    for (const n of [0, 1, 2, 3, 4, 5]) this.segment(n);
  }

  private segment(n: number): void {
    const code = n === 1;
    const { bits } = this;
    const size = bits === 16 ? 0 : bits === 64 && code ? 0xa0_0000 : 0xc0_0000;
    const base = code ? codeBase(bits) : dataBase(bits);
    this.state.set32("selector", n * 8 + 3, n);
    this.state.set64("segmentBase", BigInt(base), n);
    if (n < 4) this.state.set64("descriptorBase", BigInt(base), n);
    this.state.set32("segmentLimit", bits === 16 ? 0xffff : 0xffff_ffff, n);
    this.state.set32("segmentAccess", (code ? 0xfb00 : 0xf300) | size, n);
  }

  private entry(address: number, value: number, bytes: 4 | 8): void {
    const view = new DataView(this.cpu.ram.buffer, this.cpu.ram.byteOffset);
    if (bytes === 4) view.setUint32(address, value, true);
    else view.setBigUint64(address, BigInt(value), true);
  }

  /** Four levels; linear address = page directory pointer 0, directories 0x80 and 0x100. */
  private mapLong(): void {
    this.state.set64("cr4", 0x20n);
    this.state.set64("efer", 0x500n);
    const pointers = TABLES + PAGE;
    const directory = TABLES + 2 * PAGE;
    this.entry(TABLES, pointers | PRESENT_USER_WRITE, 8);
    this.entry(pointers, directory | PRESENT_USER_WRITE, 8);
    for (const [linear, physical, table] of [
      [CODE, CODE_AT, TABLES + 3 * PAGE],
      [WINDOW, WINDOW_AT, TABLES + 4 * PAGE],
    ]) {
      this.entry(directory + (linear >>> 21) * 8, table | PRESENT_USER_WRITE, 8);
      this.entry(table + ((linear >>> 12) & 511) * 8, physical | PRESENT_USER_WRITE, 8);
    }
  }

  private mapLegacy(): void {
    for (const [linear, physical, table] of [
      [CODE, CODE_AT, TABLES + PAGE],
      [WINDOW, WINDOW_AT, TABLES + 2 * PAGE],
    ]) {
      this.entry(TABLES + (linear >>> 22) * 4, table | PRESENT_USER_WRITE, 4);
      this.entry(table + ((linear >>> 12) & 1023) * 4, physical | PRESENT_USER_WRITE, 4);
    }
  }

  run(test: Case): Outcome {
    const { cpu, state } = this;
    const { registers, flags, memory } = initialState(test);
    cpu.ram.fill(0xf4, CODE_AT, CODE_AT + PAGE);
    cpu.ram.set(test.code, CODE_AT + CODE_OFFSET);
    cpu.memoryChanged(CODE_AT, PAGE);
    cpu.ram.set(memory, WINDOW_AT + WINDOW_OFFSET);
    registers.forEach((value, n) => state.set64("registers", value, n));
    const start = BigInt(START - codeBase(this.bits));
    state.set64("rip", start);
    cpu.system.setRflags(flags | 0x202);
    if (this.shutDown) cpu.flushCaches();
    this.shutDown = false;
    cpu.restoreClock(0, 0);
    let signal = 0;
    for (let step = 0; step < MOST_STEPS; step++) {
      const stop = cpu.run(cpu.clock + 1);
      if (stop.kind === "tripleFault") signal = signals[/#\w\w/.exec(stop.report)![0]] ?? -1;
      else if (stop.kind !== "ticks") throw new Error("report" in stop ? stop.report : stop.kind);
      this.shutDown = signal !== 0;
      if (signal || state.get64("rip") !== start) break;
    }
    return {
      signal,
      rip: Number(state.get64("rip")) + codeBase(this.bits),
      flags: cpu.system.rflags() & FLAG_MASK,
      registers: registers.map((_, n) => visible(this.bits, n, state.get64("registers", n))),
      memory: cpu.ram.slice(WINDOW_AT + WINDOW_OFFSET, WINDOW_AT + WINDOW_OFFSET + WINDOW_BYTES),
    };
  }
}

const benches = new Map<Bits, Bench>();

export function runOnEngine(test: Case): Outcome {
  let bench = benches.get(test.bits);
  if (!bench) benches.set(test.bits, (bench = new Bench(test.bits)));
  return bench.run(test);
}
