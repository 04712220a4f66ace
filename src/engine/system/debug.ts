/**
 * Breakpoints of the debug registers (SDM 3, 18.2): code, data and ports.
 *
 * A watched page never gets a lookaside entry, so every access to it comes through Access, which asks here; what hits a breakpoint
 * is executed alone, and the trap is delivered after it. Code breakpoints are looked at by the run loop, before the instruction.
 */
import { at, CR4, type Core } from "./core";

const DR7 = 7;
/** R/W fields of DR7. */
const EXECUTE = 0,
  WRITE = 1,
  PORT = 2;
/** LEN fields to bytes: 1, 2, 8, 4. */
const lengths = [1, 2, 8, 4];
const PAGE = 0x1000n;
const LOW32 = 0xffff_ffffn;
/** DR7: local enable bits and LE, which a task switch clears (SDM 3, 8.2.1). */
const LOCAL = 0x155;
/** DR6: a task with the T flag was entered. */
export const TASK_BIT = 0x8000,
  STEP_BIT = 0x4000,
  GENERAL_DETECT = 0x2000;

interface Watch {
  /** Of DR6. */
  readonly bit: number;
  readonly from: bigint;
  readonly length: bigint;
  readonly writesOnly: boolean;
}

export class DebugRegisters {
  /** Linear addresses of code breakpoints, with their bits in DR6. */
  code: ReadonlyMap<bigint, number> = new Map();
  /** Whether there are any of the other kinds. */
  watchesData = false;
  watchesPorts = false;
  private data: readonly Watch[] = [];
  private ports: readonly Watch[] = [];

  constructor(
    private readonly core: Core,
    private readonly flush: () => void,
  ) {}

  /** DR0..3, DR7 or CR4.DE changed. */
  refresh(): void {
    const { core } = this;
    const control = core.u32[at.dr + 2 * DR7];
    const code = new Map<bigint, number>();
    const data: Watch[] = [];
    const ports: Watch[] = [];
    for (let n = 0; n < 4; n++) {
      if (!((control >>> (2 * n)) & 3)) continue;
      const kind = (control >>> (16 + 4 * n)) & 3;
      const length = BigInt(lengths[(control >>> (18 + 4 * n)) & 3]);
      const address = core.get("dr", n);
      const watch = { bit: 1 << n, from: address & ~(length - 1n), length, writesOnly: kind === WRITE };
      if (kind === EXECUTE) code.set(address, (code.get(address) ?? 0) | watch.bit);
      else if (kind !== PORT) data.push(watch);
      else if (core.u32[at.cr4] & CR4.DE) ports.push(watch);
    }
    if (this.watchesData || data.length > 0) this.flush();
    this.data = data;
    this.ports = ports;
    this.watchesData = data.length > 0;
    core.notePlainPaging({ watched: this.watchesData });
    this.watchesPorts = ports.length > 0;
    const same = code.size === this.code.size && [...code].every(([address, bits]) => this.code.get(address) === bits);
    if (same) return;
    this.code = code;
    core.hooks.breakpointsChanged();
  }

  /** What a task switch does to DR7. */
  leaveTask(): void {
    const { u32 } = this.core;
    if (!(u32[at.dr + 2 * DR7] & LOCAL)) return;
    u32[at.dr + 2 * DR7] &= ~LOCAL;
    this.refresh();
  }

  private linear(low: number, high: number): bigint {
    const address = BigInt(low >>> 0);
    return this.core.longActive ? address | (BigInt(high >>> 0) << 32n) : address;
  }

  /** Whether a page may have no lookaside entry. */
  watchesPage(low: number, high: number): boolean {
    const page = this.linear(low & ~0xfff, high);
    return this.data.some(({ from, length }) => from < page + PAGE && from + length > page);
  }

  /** DR6 bits of the breakpoints that an access hits. */
  hit(low: number, high: number, size: number, write: boolean): number {
    const first = this.linear(low, high);
    const last = first + BigInt(size);
    return hits(this.data, first, last, write);
  }
  hitPort(port: number, size: number): number {
    return hits(this.ports, BigInt(port), BigInt(port + size), true);
  }

  /** An instruction that is executed alone met breakpoints. */
  note(bits: number): void {
    this.core.u32[at.debugPending] |= bits;
  }
  /** What was noted, which is then forgotten. */
  take(): number {
    const { u32 } = this.core;
    const found = u32[at.debugPending];
    u32[at.debugPending] = 0;
    return found;
  }
  /** Code breakpoints at an address. */
  at(linear: bigint): number {
    return this.code.get(this.core.longActive ? linear : linear & LOW32) ?? 0;
  }
}

function hits(watches: readonly Watch[], first: bigint, last: bigint, write: boolean): number {
  let bits = 0;
  for (const { bit, from, length, writesOnly } of watches) {
    if (from < last && from + length > first && (write || !writesOnly)) bits |= bit;
  }
  return bits;
}
