/** The last step of every transfer of control to another code segment: CS, RIP and CPL change together. */
import { EXIT } from "../record";
import { ACCESS, at, CS, GP, type Core } from "./core";
import { limitOf, type Segments } from "./segments";

export class Transfer {
  constructor(
    private readonly core: Core,
    private readonly segments: Segments,
    /** Recomputes what derives from CS and CPL. */
    readonly modeChanged: () => void,
  ) {}

  /** Whether CS may have this descriptor in IA-32e mode: L and D are not both set. */
  codeFits(high: number): boolean {
    return !this.core.longActive || (high & (ACCESS.long | ACCESS.big)) !== (ACCESS.long | ACCESS.big);
  }

  /** Code that IA-32e mode enters by a gate: 64-bit only. */
  isCode64(high: number): boolean {
    return (high & (ACCESS.long | ACCESS.big)) === ACCESS.long;
  }

  /** RIP in a code segment that is about to be loaded: canonical, or within the limit; else #GP(0). */
  checkTarget(record: number, descriptorLow: number, descriptorHigh: number, ripLow: number, ripHigh: number): number {
    const { core } = this;
    if (core.longActive && descriptorHigh & ACCESS.long) {
      return core.nonCanonicalHalves(ripHigh | 0) ? core.raise(record, GP, 0) : 0;
    }
    return ripHigh !== 0 || ripLow >>> 0 > limitOf(descriptorLow, descriptorHigh) ? core.raise(record, GP, 0) : 0;
  }

  /** Commits; everything has been checked. The RPL of `selector` becomes `cpl`. */
  commit(
    selector: number,
    descriptorLow: number,
    descriptorHigh: number,
    ripLow: number,
    ripHigh: number,
    cpl: number,
  ) {
    const { core } = this;
    core.u32[at.cpl] = cpl;
    this.segments.assign(CS, (selector & 0xfffc) | cpl, descriptorLow, descriptorHigh);
    core.u32[at.rip] = ripLow;
    core.u32[at.rip + 1] = ripHigh;
    this.modeChanged();
    return EXIT.leave;
  }
}
