/** FCOM and its kind: condition codes, or CF, PF and ZF. */
import { FPU_KINDS } from "../../../../isa/floatcodes";
import { at, type Core } from "../../core";
import type { UsualFpu } from "../usual";
import { memoryReal } from "./formats";
import { compare, INVALID, type Real } from "../real";
import { C0, C2, C3, type X87Stack } from "./stack";

export class X87Comparison {
  constructor(
    private readonly core: Core,
    private readonly stack: X87Stack,
    private readonly usual: UsualFpu,
  ) {}

  readonly compare = (record: number): number => {
    this.stack.begin(record, (this.core.argument(0) & 2) !== 0);
    const [mode, n, pops] = [this.core.argument(0), this.core.argument(1), this.core.argument(2)];
    const relation = this.stack.isFull(0) && this.stack.isFull(n) ? this.usual.relation(n) : undefined;
    if (relation !== undefined) {
      this.tell(relation, (mode & 2) !== 0);
      return this.stack.popped(pops);
    }
    this.compareWith(this.stack.isFull(n) ? this.stack.real(n) : undefined, mode, pops);
    return 0;
  };

  readonly compareMemory = (record: number): number => {
    this.stack.begin(record);
    const { core } = this;
    this.compareWith(memoryReal(FPU_KINDS[core.argument(1)], core.argument64(2)), 0, core.argument(0));
    return 0;
  };

  compareWith(b: Real | undefined, mode: number, pops: number): void {
    const toFlags = (mode & 2) !== 0;
    if (!this.stack.isFull(0) || !b) {
      const masked = this.stack.underflow();
      this.tell(undefined, toFlags);
      if (masked) this.stack.pop(pops);
      return;
    }
    const a = this.stack.real(0);
    const isNan = (r: Real) => r.kind === "nan" || r.kind === "unsupported";
    let relation: number | undefined;
    if (isNan(a) || isNan(b)) {
      const quietly = (r: Real) => !isNan(r) || (r.kind === "nan" && !r.signaling);
      if (!(mode & 1) || !quietly(a) || !quietly(b)) this.stack.env.flags |= INVALID;
    } else {
      this.stack.noteDenormals(a, b);
      relation = compare(a, b);
    }
    // The outcome is told even when an exception that is not masked keeps the operands.
    const stops = this.stack.note(this.stack.env.flags);
    this.tell(relation, toFlags);
    if (!stops) this.stack.pop(pops);
  }

  /** Condition codes, or CF PF ZF; undefined relation: unordered. */
  private tell(relation: number | undefined, toFlags: boolean): void {
    const { u32 } = this.core;
    const [less, same, open] = [relation === -1, relation === 0, relation === undefined];
    if (!toFlags) return this.stack.condition(open ? C0 | C2 | C3 : less ? C0 : same ? C3 : 0);
    u32[at.cf] = less || open ? 1 : 0;
    u32[at.zeroSource] = same || open ? 0 : 1;
    u32[at.zeroSource + 1] = 0;
    // Parity of the low byte: even for 0.
    u32[at.signSource] = open ? 0 : 1;
    u32[at.signSource + 1] = 0;
    u32[at.of] = 0;
    u32[at.af] = 0;
  }
}
