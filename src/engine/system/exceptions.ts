/** Delivery of faults and what happens when delivering one meets another (SDM 3, 6.15, table 6-5). */
import { at, DB, DE, DF, GP, PF, TS, type Core } from "./core";
import type { TripleFault } from "./contract";
import { EXTERNAL, FAULT, TRAP } from "./events";
import type { Interrupts } from "./interrupts";

const NMI = 2;

const names: Readonly<Record<number, string>> = {
  0: "#DE",
  1: "#DB",
  3: "#BP",
  4: "#OF",
  5: "#BR",
  6: "#UD",
  7: "#NM",
  8: "#DF",
  10: "#TS",
  11: "#NP",
  12: "#SS",
  13: "#GP",
  14: "#PF",
  16: "#MF",
  17: "#AC",
  18: "#MC",
  19: "#XM",
};
export const faultName = (vector: number): string => names[vector] ?? `vector ${vector}`;

const contributory = (vector: number): boolean => vector === DE || (vector >= TS && vector <= GP);

/** The vector to deliver after `first` met `second` on its way, or -1: shutdown. */
export function combine(first: number, second: number): number {
  const serious = contributory(second) || second === PF;
  if (first === DF) return serious ? -1 : second;
  if (contributory(first)) return contributory(second) ? DF : second;
  if (first === PF) return serious ? DF : second;
  return second;
}

export class Exceptions {
  constructor(
    private readonly core: Core,
    private readonly interrupts: Interrupts,
  ) {}

  deliverFault(): undefined | TripleFault {
    return this.serve(this.core.u32[at.faultVector], FAULT);
  }

  deliverInterrupt(vector: number): undefined | TripleFault {
    const { u32 } = this.core;
    u32[at.halted] = 0;
    u32[at.shadow] = 0;
    u32[at.faultHasCode] = 0;
    return this.serve(vector, EXTERNAL);
  }

  /** SDM 3, 6.7.1. */
  deliverNmi(): undefined | TripleFault {
    this.core.u32[at.nmiBlocked] = 1;
    return this.deliverInterrupt(NMI);
  }

  /** SDM 3, 18.3.1: RF stays clear in the frame of a trap and of a code breakpoint. The trap ends a HLT that was stepped over. */
  deliverDebug(bits: number): undefined | TripleFault {
    const { u32 } = this.core;
    u32[at.halted] = 0;
    u32[at.dr + 12] |= bits;
    u32[at.faultHasCode] = 0;
    return this.serve(DB, TRAP);
  }

  /** Delivers; a fault met on the way takes its place as table 6-5 says, until one gets through or the processor shuts down. */
  private serve(vector: number, kind: number): undefined | TripleFault {
    const { core, interrupts } = this;
    const { u32 } = core;
    if (core.shutdown !== undefined) return { tripleFault: core.shutdown };
    const ripLow = u32[at.rip];
    const ripHigh = u32[at.rip + 1];
    let story = "";
    for (;;) {
      const code = u32[at.faultHasCode] !== 0 && core.protectedMode ? u32[at.faultCode] : -1;
      const { faultLow, faultHigh } = core;
      if (kind === FAULT && vector === PF) this.writeCr2();
      const failed = interrupts.deliver(0, vector, kind, code, ripLow, ripHigh);
      if (core.shutdown !== undefined) return { tripleFault: core.shutdown };
      if (!failed) return undefined;
      story += `${describe(vector, kind, code, faultLow, faultHigh)}, then `;
      const second = u32[at.faultVector];
      // CR2 is loaded when a page fault is found, even if a double fault is what gets delivered.
      if (second === PF) this.writeCr2();
      // A benign event (interrupt, trap, #UD...) is simply replaced by what its delivery met.
      const next = kind === FAULT ? combine(vector, second) : second;
      if (next < 0)
        return { tripleFault: story + describe(second, FAULT, u32[at.faultCode], core.faultLow, core.faultHigh) };
      if (next === DF) core.raise(0, DF, 0);
      vector = next;
      kind = FAULT;
    }
  }

  private writeCr2(): void {
    const { core } = this;
    core.u32[at.cr2] = core.faultLow;
    core.u32[at.cr2 + 1] = core.faultHigh;
  }
}

function describe(vector: number, kind: number, code: number, low: number, high: number): string {
  if (kind === EXTERNAL) return `interrupt ${vector}`;
  const address = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  const where = vector === PF && kind === FAULT ? ` at ${address.toString(16).padStart(16, "0")}` : "";
  return faultName(vector) + (code < 0 ? "" : `(${code.toString(16)})`) + where;
}
