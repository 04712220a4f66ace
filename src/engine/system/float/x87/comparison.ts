/** FCOM and its kind: CF, PF and ZF, or as condition codes C0, C2 and C3, which stand eight bits further up in the status word. */
import { FPU_KINDS } from "../../../../isa/floatcodes";
import type { Core } from "../../core";
import { memoryReal } from "./formats";
import { compare, INVALID, type Real } from "../real";
import type { X87Stack } from "./stack";

const LESS = 0x01,
  EQUAL = 0x40,
  UNORDERED = 0x45;

export class X87Comparison {
  constructor(
    private readonly core: Core,
    private readonly stack: X87Stack,
  ) {}

  readonly compare = (record: number): number => {
    this.stack.begin(record);
    const [mode, n, pops] = [this.core.argument(0), this.core.argument(1), this.core.argument(2)];
    this.stack.condition(this.compareWith(this.registerOf(n), mode, pops) << 8);
    return 0;
  };

  readonly compareFlags = (record: number): number => {
    this.stack.begin(record, true);
    const [mode, n, pops] = [this.core.argument(0), this.core.argument(1), this.core.argument(2)];
    return this.core.yield32(this.compareWith(this.registerOf(n), mode, pops));
  };

  readonly compareMemory = (record: number): number => {
    this.stack.begin(record);
    const { core } = this;
    const source = memoryReal(FPU_KINDS[core.argument(1)], core.argument64(2));
    this.stack.condition(this.compareWith(source, 0, core.argument(0)) << 8);
    return 0;
  };

  private registerOf(n: number): Real | undefined {
    return this.stack.isFull(n) ? this.stack.real(n) : undefined;
  }

  /** ST against a number, or an empty register: CF, PF and ZF at their bits of RFLAGS. They are told even when an exception keeps the operands. */
  compareWith(b: Real | undefined, mode: number, pops: number): number {
    if (!this.stack.isFull(0) || !b) {
      if (this.stack.underflow()) this.stack.pop(pops);
      return UNORDERED;
    }
    const a = this.stack.real(0);
    const isNan = (r: Real) => r.kind === "nan" || r.kind === "unsupported";
    let flags = UNORDERED;
    if (isNan(a) || isNan(b)) {
      const quietly = (r: Real) => !isNan(r) || (r.kind === "nan" && !r.signaling);
      if (!(mode & 1) || !quietly(a) || !quietly(b)) this.stack.env.flags |= INVALID;
    } else {
      this.stack.noteDenormals(a, b);
      const relation = compare(a, b);
      flags = relation < 0 ? LESS : relation === 0 ? EQUAL : 0;
    }
    if (!this.stack.note(this.stack.env.flags)) this.stack.pop(pops);
    return flags;
  }
}
