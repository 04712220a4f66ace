/** Fast system calls (SDM 2B SYSCALL, SYSRET, SYSENTER, SYSEXIT, SWAPGS). Halves throughout: these are hot. */
import { RCX, RDX, RSP } from "../../isa/expression";
import { record as fieldOf } from "../record";
import { MODE } from "../state";
import { at, CS, EFER, FLAG, GP, GS, SS, UD, type Core } from "./core";
import { type DebugRegisters, STEP_BIT } from "./debug";
import type { Flags } from "./flags";
import type { Segments } from "./segments";

/** Rights of the flat segments: present, accessed, 4 KiB granular; code readable, data writable. DPL is added. */
export const CODE64 = 0x00a0_9b00,
  CODE32 = 0x00c0_9b00,
  DATA = 0x00c0_9300,
  RING3 = 0x6000;
export const R11 = 11;
/** Bits of R11 that SYSRET takes over. */
export const SYSRET_FLAGS = 0x3c_7fd7;

export class SystemCalls {
  constructor(
    private readonly core: Core,
    private readonly flags: Flags,
    private readonly segments: Segments,
    private readonly modeChanged: () => void,
    private readonly debug: DebugRegisters,
  ) {}

  private setRegister(register: number, low: number, high: number): void {
    this.core.u32[at.registers + 2 * register] = low;
    this.core.u32[at.registers + 2 * register + 1] = high;
  }

  private go(code: number, codeRights: number, stack: number, cpl: number, ripLow: number, ripHigh: number): number {
    const { core, segments } = this;
    const ring = cpl === 3 ? RING3 : 0;
    core.u32[at.cpl] = cpl;
    segments.assignFlat(CS, code, codeRights | ring);
    segments.assignFlat(SS, stack, DATA | ring);
    core.u32[at.rip] = ripLow;
    core.u32[at.rip + 1] = ripHigh;
    this.modeChanged();
    return core.goOn();
  }

  /** RIP to RCX, RFLAGS to R11. #UD outside 64-bit mode, as Intel's do. */
  readonly syscall = (record: number): number => {
    const { core } = this;
    const { u32 } = core;
    if (!(u32[at.mode] & MODE.long) || !(u32[at.efer] & EFER.SCE)) return core.raise(record, UD);
    const next = u32[at.rip] + core.view.getUint16(record + fieldOf.next, true);
    this.setRegister(RCX, next >>> 0, (u32[at.rip + 1] + (next > 0xffff_ffff ? 1 : 0)) >>> 0);
    const flags = this.flags.get();
    this.setRegister(R11, flags, 0);
    this.flags.set((flags & ~u32[at.sfmask] & ~FLAG.RF) | 2);
    const selectors = u32[at.star + 1];
    const code = selectors & 0xfffc;
    return this.go(code, CODE64, ((selectors & 0xffff) + 8) & 0xffff, 0, u32[at.lstar], u32[at.lstar + 1]);
  };

  /** Argument 0: operand size; 64 returns to 64-bit code, else to compatibility mode. */
  readonly sysret = (record: number): number => {
    const { core } = this;
    const { u32 } = core;
    if (!(u32[at.mode] & MODE.long) || !(u32[at.efer] & EFER.SCE)) return core.raise(record, UD);
    if (u32[at.cpl] !== 0) return core.raise(record, GP, 0);
    const to64 = core.argument(0) === 64;
    const low = u32[at.registers + 2 * RCX];
    const high = to64 ? u32[at.registers + 2 * RCX + 1] : 0;
    // Intel's behaviour: the fault is taken in ring 0, before anything changes.
    if (core.nonCanonicalHalves(high | 0)) return core.raise(record, GP, 0);
    const flags = u32[at.registers + 2 * R11];
    this.flags.set((flags & SYSRET_FLAGS) | 2);
    // A step over SYSCALL, whose TF the mask kept from the kernel, ends here.
    if (flags & FLAG.TF) this.debug.note(STEP_BIT);
    const selectors = u32[at.star + 1] >>> 16;
    const code = ((selectors + (to64 ? 16 : 0)) | 3) & 0xffff;
    return this.go(code, to64 ? CODE64 : CODE32, ((selectors + 8) | 3) & 0xffff, 3, low, high);
  };

  readonly sysenter = (record: number): number => {
    const { core } = this;
    const { u32 } = core;
    const selector = u32[at.sysenterCs] & 0xfffc;
    if (!core.protectedMode || selector === 0) return core.raise(record, GP, 0);
    const long = core.longActive;
    this.flags.setSystem(u32[at.systemFlags] & ~(FLAG.VM | FLAG.IF | FLAG.RF));
    this.setRegister(RSP, u32[at.sysenterEsp], long ? u32[at.sysenterEsp + 1] : 0);
    const high = long ? u32[at.sysenterEip + 1] : 0;
    return this.go(selector, long ? CODE64 : CODE32, (selector + 8) & 0xffff, 0, u32[at.sysenterEip], high);
  };

  /** Argument 0: operand size. RIP from RDX, RSP from RCX. */
  readonly sysexit = (record: number): number => {
    const { core } = this;
    const { u32 } = core;
    const selector = u32[at.sysenterCs] & 0xfffc;
    if (!core.protectedMode || core.virtual8086 || selector === 0 || u32[at.cpl] !== 0)
      return core.raise(record, GP, 0);
    const to64 = core.argument(0) === 64;
    const ripHigh = to64 ? u32[at.registers + 2 * RDX + 1] : 0;
    const rspHigh = to64 ? u32[at.registers + 2 * RCX + 1] : 0;
    if (core.nonCanonicalHalves(ripHigh | 0) || core.nonCanonicalHalves(rspHigh | 0)) return core.raise(record, GP, 0);
    const ripLow = u32[at.registers + 2 * RDX];
    this.setRegister(RSP, u32[at.registers + 2 * RCX], rspHigh);
    const code = ((selector + (to64 ? 32 : 16)) | 3) & 0xffff;
    return this.go(code, to64 ? CODE64 : CODE32, (code + 8) & 0xffff, 3, ripLow, ripHigh);
  };

  readonly swapgs = (record: number): number => {
    const { core } = this;
    const { u32 } = core;
    if (u32[at.cpl] !== 0) return core.raise(record, GP, 0);
    const base = at.segmentBase + 2 * GS;
    for (const half of [0, 1]) {
      const kept = u32[base + half];
      u32[base + half] = u32[at.kernelGsBase + half];
      u32[at.kernelGsBase + half] = kept;
    }
    return 0;
  };
}
