/** A CPU on a board with nothing but memory, ports that remember, and an interrupt line: for tests of the engine alone. */
import type { Board } from "../../src/engine/board";
import { type CpuConfig, createCpu, type X86Cpu } from "../../src/engine/cpu";
import { CpuState, layout, type FieldName } from "../../src/engine/state";
import { StateHash } from "../../src/pc/hash";

export class BareBoard implements Board {
  readonly writes: { port: number; size: number; value: number; clock: number }[] = [];
  readonly reads = new Map<number, number>();
  pending: number | undefined;
  attention = false;
  clock: () => number = () => 0;

  constructor(readonly ramBytes: number) {}
  portRead(port: number): number {
    return this.reads.get(port) ?? 0xff;
  }
  portWrite(port: number, size: 1 | 2 | 4, value: number): void {
    this.writes.push({ port, size, value, clock: this.clock() });
  }
  interruptPending(): boolean {
    return this.pending !== undefined;
  }
  acknowledgeInterrupt(): number {
    const vector = this.pending!;
    this.pending = undefined;
    return vector;
  }
  takeAttention(): boolean {
    const was = this.attention;
    this.attention = false;
    return was;
  }
  physicalRead(): bigint {
    return 0xffff_ffff_ffff_ffffn;
  }
  physicalWrite(): void {}
  pageKind(address: number): "ram" | "device" {
    return address < this.ramBytes ? "ram" : "device";
  }
  get mainMemory() {
    return { from: 0, to: this.ramBytes };
  }
  addressMask(): number {
    return 0xffff_ffff;
  }
}

export interface Machine {
  cpu: X86Cpu;
  board: BareBoard;
  state: CpuState;
}

export function bareMachine(
  memoryMiB = 4,
  regions: CpuConfig["regions"] = false,
  more: Partial<CpuConfig> = {},
): Machine {
  const board = new BareBoard(memoryMiB << 20);
  const cpu = createCpu({ board, memoryMiB, regions, ...more });
  board.clock = () => cpu.clock;
  return { cpu, board, state: new CpuState(cpu.memory) };
}

export const CODE = 0x10_0000;
export const STACK = 0x18_0000;
export const DATA = 0x20_0000;
const TABLES = 0x8000;

/** 64-bit mode, CPL 0, the first gibibyte mapped to itself in 2 MiB pages, code at CODE. */
export function longMachine(
  code: readonly number[] | Uint8Array,
  memoryMiB = 4,
  regions: CpuConfig["regions"] = false,
): Machine {
  const machine = bareMachine(memoryMiB, regions);
  machine.cpu.ram.set(code, CODE);
  enterLongMode(machine.cpu, machine.state);
  return machine;
}

export function enterLongMode(cpu: X86Cpu, state: CpuState): void {
  const table = new DataView(cpu.ram.buffer, cpu.ram.byteOffset);
  table.setBigUint64(TABLES, BigInt(TABLES + 0x1000 + 7), true);
  table.setBigUint64(TABLES + 0x1000, BigInt(TABLES + 0x2000 + 7), true);
  for (let n = 0; n < 512; n++) table.setBigUint64(TABLES + 0x2000 + n * 8, BigInt(n * 0x20_0000 + 0x87), true);
  state.set64("cr3", BigInt(TABLES));
  state.set64("cr4", 0x20n);
  state.set64("cr0", 0x8001_0033n);
  state.set64("efer", 0x500n);
  const segment = (n: number, access: number) => {
    state.set32("selector", n * 8, n);
    state.set64("segmentBase", 0n, n);
    if (n < 4) state.set32("descriptorBase", 0, n);
    state.set32("segmentLimit", 0xffff_ffff, n);
    state.set32("segmentAccess", access, n);
  };
  for (const n of [0, 2, 3, 4, 5]) segment(n, 0xc0_9300);
  segment(1, 0xa0_9b00);
  state.set64("rip", BigInt(CODE));
  state.set64("registers", BigInt(STACK), 4);
  state.set32("systemFlags", 2);
  cpu.flushCaches();
}

/** 32- or 16-bit protected mode without paging, CPL 0, code at CODE; data segments from `base` with `limit`, and code from there too. */
export function legacyMachine(
  code: readonly number[] | Uint8Array,
  bits: 32 | 16,
  regions: CpuConfig["regions"] = false,
  { base, limit } = { base: 0, limit: 0xffff_ffff },
): Machine {
  const machine = bareMachine(4, regions);
  const { cpu, state } = machine;
  cpu.ram.set(code, CODE);
  state.set64("cr0", 0x33n);
  const size = bits === 32 ? 0x40_0000 : 0;
  for (let n = 0; n < 6; n++) {
    state.set32("selector", 8 * (n === 1 ? 1 : 2), n);
    state.set64("segmentBase", BigInt(base), n);
    if (n < 4) state.set64("descriptorBase", BigInt(base), n);
    state.set32("segmentLimit", limit, n);
    state.set32("segmentAccess", (n === 1 ? 0x9b00 : 0x9300) | size, n);
  }
  state.set64("rip", BigInt(CODE - base));
  state.set64("registers", BigInt(STACK - base), 4);
  state.set32("systemFlags", 2);
  cpu.flushCaches();
  return machine;
}

export const register = (machine: Machine, n: number): bigint => machine.state.get64("registers", n);

/** Everything the guest could see, flags as they are meant. */
export function hashOf({ cpu, state }: Machine): string {
  const hash = new StateHash();
  const split = new Set(["cf", "of", "af", "zeroSource", "signSource"]);
  for (const [name, field] of Object.entries(layout)) {
    if (!field.architectural || split.has(name)) continue;
    for (let n = 0; n < field.count; n++) hash.text(state.get(name as FieldName, n).toString(16));
  }
  return hash.word(cpu.system.rflags()).text(String(cpu.clock)).bytes(cpu.ram).digest();
}
