/** The control and status words. */
import { ALONE } from "../../access";
import { at, CR0, type Core } from "../../core";
import { type X87Stack } from "./stack";

const MF = 16,
  NM = 7;

export class X87Control {
  constructor(
    private readonly core: Core,
    private readonly stack: X87Stack,
  ) {}

  readonly loadControl = (): number => {
    this.stack.setControl(this.core.argument(0));
    return 0;
  };

  readonly control = (): number => this.core.yield32(this.core.u32[at.fpuControl]);

  readonly status = (): number => this.core.yield32(this.core.u32[at.fpuStatus]);

  readonly clear = (): number => {
    this.core.u32[at.fpuStatus] &= 0x7f00;
    this.core.board.numericErrors?.clear();
    return 0;
  };

  readonly initialise = (): number => {
    const { core } = this;
    core.u32[at.fpuControl] = 0x37f;
    for (const field of ["fpuStatus", "fpuFull", "fpuOpcode", "fpuCs", "fpuDs"] as const) core.u32[at[field]] = 0;
    core.set("fpuIp", 0n);
    core.set("fpuDp", 0n);
    core.board.numericErrors?.clear();
    return 0;
  };

  /** SDM 2D WAIT: #NM when MP and TS are both set. */
  readonly wait = (record: number): number => {
    const { u32 } = this.core;
    if ((u32[at.cr0] & (CR0.MP | CR0.TS)) === (CR0.MP | CR0.TS)) return this.core.raise(record, NM);
    return u32[at.fpuStatus] & 0x80 ? this.pending(record) : 0;
  };

  /**
   * A waiting instruction finds an exception. With CR0.NE it is #MF; without, FERR# is asserted and the processor waits in front of the
   * instruction for an interrupt, unless IGNNE# lets it go on (SDM 1, 8.7 and D.2.1.3).
   */
  readonly pending = (record: number): number => {
    const { core } = this;
    if (core.u32[at.cr0] & CR0.NE) return core.raise(record, MF);
    const { numericErrors } = core.board;
    if (!numericErrors || numericErrors.ignored) return 0;
    numericErrors.raise();
    core.u32[at.halted] = 1;
    return core.raise(record, ALONE);
  };
}
