/** Model-specific registers (SDM 4, table 2-2): those of this processor; any other is #GP(0). */
import { EXIT } from "../record";
import type { FieldName } from "../state";
import { at, CR0, CR4, EFER, GP, PHYSICAL_BITS, UD, type Core } from "./core";

/** Registers that are a field and nothing else. `canonical`: the value must be a canonical address. */
const fields: Readonly<Record<number, { name: FieldName; index?: number; canonical?: boolean; mask?: bigint }>> = {
  0x1b: { name: "apicBase", mask: (1n << BigInt(PHYSICAL_BITS)) - 0x1000n + 0x900n },
  0x174: { name: "sysenterCs" },
  0x175: { name: "sysenterEsp", canonical: true },
  0x176: { name: "sysenterEip", canonical: true },
  0x1a0: { name: "miscEnable" },
  0xc000_0081: { name: "star" },
  0xc000_0082: { name: "lstar", canonical: true },
  0xc000_0083: { name: "cstar", canonical: true },
  0xc000_0084: { name: "sfmask", mask: 0xffff_ffffn },
  0xc000_0100: { name: "segmentBase", index: 4, canonical: true },
  0xc000_0101: { name: "segmentBase", index: 5, canonical: true },
  0xc000_0102: { name: "kernelGsBase", canonical: true },
  0xc000_0103: { name: "tscAux", mask: 0xffff_ffffn },
};

/** Constants: MTRRcap (8 variable ranges, fixed ranges, write combining), platform ID, microcode revision. */
const constants: Readonly<Record<number, bigint>> = { 0xfe: 0x508n, 0x17: 0n, 0x8b: 0n };

/** Fixed-range MTRRs in the order of state.mtrrs, from index 16 on. */
const FIXED = [0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f];
const MTRR_DEFAULT = 27;

/** Index in state.mtrrs, or -1. */
function mtrrIndex(number: number): number {
  if (number >= 0x200 && number <= 0x20f) return number - 0x200;
  if (number === 0x2ff) return MTRR_DEFAULT;
  const fixed = FIXED.indexOf(number);
  return fixed < 0 ? -1 : 16 + fixed;
}

/** Memory types: UC, WC, WT, WP, WB; PAT also knows UC- (7). */
const isType = (value: bigint, minus: boolean): boolean =>
  value === 0n || value === 1n || (value >= 4n && value <= 6n) || (minus && value === 7n);
function typesInBytes(value: bigint, minus: boolean): boolean {
  for (let i = 0n; i < 64n; i += 8n) if (!isType((value >> i) & 0xffn, minus)) return false;
  return true;
}

/** SDM 3, 11.11.2: what may be written to an MTRR. */
function mtrrAllowed(index: number, value: bigint): boolean {
  const high = BigInt.asUintN(64, -1n << BigInt(PHYSICAL_BITS));
  if (index >= 16 && index < MTRR_DEFAULT) return typesInBytes(value, false);
  if (index === MTRR_DEFAULT) return (value & ~0xcffn) === 0n && isType(value & 0xffn, false);
  if (index & 1) return (value & (high | 0x7ffn)) === 0n;
  return (value & (high | 0xf00n)) === 0n && isType(value & 0xffn, false);
}

export class Msrs {
  constructor(
    private readonly core: Core,
    private readonly flush: () => void,
  ) {}

  /** Time stamp counter: ticks plus what WRMSR made of it. */
  private tsc(): bigint {
    return BigInt.asUintN(64, BigInt(this.core.hooks.clock()) + this.core.get("tscOffset"));
  }

  /** RDMSR: argument 0 the number. */
  readonly read = (record: number): number => {
    const { core } = this;
    const number = core.argument(0);
    if (core.cpl !== 0) return core.raise(record, GP, 0);
    const field = fields[number];
    if (field) return core.yield64(core.get(field.name, field.index));
    if (number in constants) return core.yield64(constants[number]);
    if (number === 0x10) return core.yield64(this.tsc());
    if (number === 0x277) return core.yield64(core.get("pat"));
    if (number === 0xc000_0080) return core.yield64(core.get("efer"));
    const mtrr = mtrrIndex(number);
    return mtrr < 0 ? core.raise(record, GP, 0) : core.yield64(core.get("mtrrs", mtrr));
  };

  /** WRMSR: argument 0 the number, 1 the value. */
  readonly write = (record: number): number => {
    const { core } = this;
    const number = core.argument(0);
    const value = core.argument64(1);
    if (core.cpl !== 0) return core.raise(record, GP, 0);
    if (number === 0xc000_0080) return this.writeEfer(record, value);
    return this.store(number, value) ? 0 : core.raise(record, GP, 0);
  };

  private store(number: number, value: bigint): boolean {
    const { core } = this;
    const field = fields[number];
    if (field) {
      if (field.canonical && core.nonCanonical(value)) return false;
      if (field.mask !== undefined && value & ~field.mask) return false;
      core.set(field.name, value, field.index);
      if (field.name === "apicBase") core.board.apic?.relocate(Number(value & ~0xfffn), (value & 0x800n) !== 0n);
      return true;
    }
    if (number === 0x10) {
      core.set("tscOffset", BigInt.asUintN(64, value - BigInt(core.hooks.clock())));
      return true;
    }
    if (number === 0x277) {
      if (!typesInBytes(value, true)) return false;
      core.set("pat", value);
      return true;
    }
    // The microcode update trigger and signature are written by kernels and do nothing.
    if (number === 0x8b || number === 0x79) return true;
    const mtrr = mtrrIndex(number);
    if (mtrr < 0 || !mtrrAllowed(mtrr, value)) return false;
    core.set("mtrrs", value, mtrr);
    return true;
  }

  /** SDM 3, 2.2.1: reserved bits are #GP(0), so is a change of LME while paging is on; LMA cannot be written. */
  private writeEfer(record: number, value: bigint): number {
    const { core } = this;
    const { u32 } = core;
    const before = u32[at.efer];
    const low = Number(value & 0xffff_ffffn);
    if (value >> 32n || low & ~(EFER.SCE | EFER.LME | EFER.LMA | EFER.NXE)) return core.raise(record, GP, 0);
    if ((before ^ low) & EFER.LME && u32[at.cr0] & CR0.PG) return core.raise(record, GP, 0);
    u32[at.efer] = (low & ~EFER.LMA) | (before & EFER.LMA);
    if ((before ^ low) & EFER.NXE) this.flush();
    return EXIT.leaveNext;
  }

  /** RDTSC: CR4.TSD reserves it for ring 0. */
  readonly timestamp = (record: number): number => {
    const { core } = this;
    const reserved = core.u32[at.cr4] & 4 && core.cpl !== 0 && core.protectedMode;
    return reserved ? core.raise(record, GP, 0) : core.yield64(this.tsc());
  };

  /** RDFSBASE, RDGSBASE: argument 0 is 0 for FS, 1 for GS. */
  readonly readBase = (record: number): number => {
    const { core } = this;
    if (!(core.u32[at.cr4] & CR4.FSGSBASE)) return core.raise(record, UD);
    return core.yield64(core.get("segmentBase", 4 + core.argument(0)));
  };

  /** WRFSBASE, WRGSBASE: argument 1 the base. */
  readonly writeBase = (record: number): number => {
    const { core } = this;
    const base = core.argument64(1);
    if (!(core.u32[at.cr4] & CR4.FSGSBASE)) return core.raise(record, UD);
    if (core.nonCanonical(base)) return core.raise(record, GP, 0);
    core.set("segmentBase", base, 4 + core.argument(0));
    return 0;
  };

  readonly timestampAux = (): number => this.core.yield64(this.core.get("tscAux"));
}
