/** RFLAGS put together from its split form and taken apart again (layout: state.ts), and the instructions that move it. */
import { EXIT } from "../record";
import { at, FLAG, GP, type Core } from "./core";
import type { Lookaside } from "./lookaside";

const STATUS = FLAG.CF | FLAG.PF | FLAG.AF | FLAG.ZF | FLAG.SF | FLAG.OF;
const SYSTEM = FLAG.TF | FLAG.IF | FLAG.DF | FLAG.IOPL | FLAG.NT | FLAG.VM | FLAG.AC | FLAG.VIF | FLAG.VIP | FLAG.ID;
/** Changes after which the run loop must look again: pending interrupts, single step. */
const WATCHED = FLAG.IF | FLAG.TF | FLAG.AC;

export class Flags {
  constructor(
    private readonly core: Core,
    private readonly lookaside: Lookaside,
    private readonly modeChanged: () => void,
  ) {}

  get(): number {
    const { u32 } = this.core;
    const low = u32[at.signSource];
    const nibbles = low ^ (low >>> 4);
    // Bit n of 9669: whether the four-bit number n has even parity.
    const parity = (0x9669 >>> (nibbles & 15)) & 1;
    const zero = (u32[at.zeroSource] | u32[at.zeroSource + 1]) === 0 ? FLAG.ZF : 0;
    const sign = u32[at.signSource + 1] >>> 31;
    const status = u32[at.cf] | (parity << 2) | (u32[at.af] << 4) | zero | (sign << 7) | (u32[at.of] << 11);
    return status | u32[at.systemFlags] | 2;
  }

  /** All of RFLAGS but RF, which is cleared: only IRET and task switches load it (`resume`). */
  set(value: number): void {
    const { u32 } = this.core;
    u32[at.cf] = value & 1;
    u32[at.af] = (value >>> 4) & 1;
    u32[at.of] = (value >>> 11) & 1;
    u32[at.zeroSource] = value & FLAG.ZF ? 0 : 1;
    u32[at.zeroSource + 1] = 0;
    u32[at.signSource] = value & FLAG.PF ? 0 : 1;
    u32[at.signSource + 1] = value & FLAG.SF ? 0x8000_0000 : 0;
    this.setSystem((value & SYSTEM) | 2);
  }

  /** RF as a frame or a TSS has it: the next instruction meets no code breakpoint (SDM 3, 18.3.1.1). */
  resume(value: number): void {
    this.core.u32[at.systemFlags] |= value & FLAG.RF;
  }

  /** The part that is not split. */
  setSystem(value: number): void {
    const { u32 } = this.core;
    const before = u32[at.systemFlags];
    u32[at.systemFlags] = value;
    if (before & ~value & FLAG.AC) this.lookaside.dropLifted();
    if ((before ^ value) & FLAG.AC && this.core.cpl === 3) this.modeChanged();
  }

  /** Bits that POPF and IRET may change here: IOPL only at CPL 0, IF only with CPL <= IOPL (SDM 2B POPF, table 4-16). */
  writable(operandSize: number): number {
    const { core } = this;
    let mask = STATUS | FLAG.TF | FLAG.DF | FLAG.NT;
    if (operandSize > 16) mask |= FLAG.AC | FLAG.ID;
    if (core.virtual8086) return mask | FLAG.IF;
    if (core.cpl === 0) mask |= FLAG.IOPL;
    if (core.cpl <= core.iopl) mask |= FLAG.IF;
    return mask;
  }

  /** SDM 2B POPF. */
  readonly popf = (record: number): number => {
    const { core } = this;
    if (core.virtual8086 && core.iopl < 3) return core.raise(record, GP, 0);
    const before = this.get();
    const size = core.argument(1);
    const mask = this.writable(size);
    let after = (before & ~mask) | (core.argument(0) & mask);
    if (size > 16 && core.cpl === 0) after &= ~(FLAG.VIF | FLAG.VIP);
    this.set(after);
    return (before ^ after) & WATCHED ? EXIT.leaveNext : 0;
  };

  /** SDM 2B PUSHF: VM and RF are stored as 0. */
  readonly pushf = (record: number): number => {
    const { core } = this;
    if (core.virtual8086 && core.iopl < 3) return core.raise(record, GP, 0);
    return core.yield32(this.get() & ~(FLAG.VM | FLAG.RF));
  };

  /** SDM 2A CLI and 2B STI, without the virtual interrupt flag (CR4.VME and PVI do not exist here). */
  private mayChangeInterrupts(): boolean {
    const { core } = this;
    return !core.protectedMode || core.iopl >= core.cpl;
  }

  readonly cli = (record: number): number => {
    const { core } = this;
    if (!this.mayChangeInterrupts()) return core.raise(record, GP, 0);
    core.u32[at.systemFlags] &= ~FLAG.IF;
    return 0;
  };

  /** Interrupts are recognised only after the instruction that follows STI. */
  readonly sti = (record: number): number => {
    const { core } = this;
    if (!this.mayChangeInterrupts()) return core.raise(record, GP, 0);
    if (core.u32[at.systemFlags] & FLAG.IF) return 0;
    core.u32[at.systemFlags] |= FLAG.IF;
    core.castShadow(1);
    return EXIT.leaveNext;
  };

  readonly hlt = (record: number): number => {
    const { core } = this;
    if (core.cpl !== 0) return core.raise(record, GP, 0);
    core.u32[at.halted] = 1;
    return EXIT.leaveNext;
  };
}
