/** The control and status words. */
import { at, type Core } from "../../core";
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
    return 0;
  };

  readonly initialise = (): number => {
    const { core } = this;
    core.u32[at.fpuControl] = 0x37f;
    for (const field of ["fpuStatus", "fpuFull", "fpuOpcode", "fpuCs", "fpuDs"] as const) core.u32[at[field]] = 0;
    core.set("fpuIp", 0n);
    core.set("fpuDp", 0n);
    return 0;
  };

  /** SDM 2D WAIT: #NM when MP and TS are both set. */
  readonly wait = (record: number): number => {
    const { u32 } = this.core;
    if ((u32[at.cr0] & 10) === 10) return this.core.raise(record, NM);
    return u32[at.fpuStatus] & 0x80 ? this.core.raise(record, MF) : 0;
  };
}
