/** F2XM1, FYL2X, FYL2XP1 and FPATAN. */
import type { FpuOperation } from "../../../../isa/floatcodes";
import { arctangent, logarithm, logarithmPlus1, powerMinus1 } from "../transcendental";
import {
  compare,
  infinity,
  integer,
  multiply,
  type Real,
  zero,
  ZERO_DIVIDE,
  INEXACT,
  UNDERFLOW,
  magnitude,
} from "../real";
import { type X87Stack } from "./stack";

export class X87Logarithms {
  constructor(private readonly stack: X87Stack) {}

  /** A logarithm raises inexact even where the result is exact, as the processors we measured do. */
  compute(name: FpuOperation, pops: number, a: Real, b: Real): void {
    const result = this.transcend(name, a, b);
    const done = this.stack.produce(pops, pops, () => result);
    if (!done || result.kind !== "finite" || name !== "yl2x") return;
    this.stack.note(this.stack.real(0).denormal ? INEXACT | UNDERFLOW : INEXACT);
  }

  private transcend(name: FpuOperation, a: Real, b: Real): Real {
    const nan = this.stack.nan(a, b);
    if (nan) return nan;
    switch (name) {
      case "2xm1":
        this.stack.noteDenormals(a);
        if (a.kind === "infinity") return a.sign ? integer(-1n) : a;
        return powerMinus1(a);
      case "patan":
        this.stack.noteDenormals(a, b);
        return arctangent(b, a);
      case "yl2x":
        return this.logarithmic(a, b);
      default:
        if (a.kind === "infinity") {
          if (a.sign || b.kind === "zero") return this.stack.invalid();
          this.stack.noteDenormals(b);
          return infinity(b.sign);
        }
        if (b.kind === "infinity") {
          if (a.kind === "zero") return this.stack.invalid();
          this.stack.noteDenormals(a);
          return infinity((a.sign ^ b.sign) as 0 | 1);
        }
        this.stack.noteDenormals(a, b);
        if (a.kind === "zero" || b.kind === "zero") return zero((a.sign ^ b.sign) as 0 | 1);
        if (a.sign && magnitude(a) >= 0) return this.stack.invalid();
        return multiply(b, logarithmPlus1(a));
    }
  }

  /** y * log2(x) (SDM 2A FYL2X, table 3-63). */
  private logarithmic(x: Real, y: Real): Real {
    if (x.kind === "zero") {
      if (y.kind === "zero") return this.stack.invalid();
      if (y.kind === "finite") this.stack.env.flags |= ZERO_DIVIDE;
      return infinity(y.sign ? 0 : 1);
    }
    if (x.sign) return this.stack.invalid();
    const one = compare(x, integer(1n));
    if (x.kind === "infinity") {
      if (y.kind === "zero") return this.stack.invalid();
      this.stack.noteDenormals(y);
      return infinity(y.sign);
    }
    if (y.kind === "infinity") {
      if (one === 0) return this.stack.invalid();
      this.stack.noteDenormals(x);
      return infinity((y.sign ^ (one < 0 ? 1 : 0)) as 0 | 1);
    }
    this.stack.noteDenormals(x, y);
    if (y.kind === "zero" || one === 0) return zero((y.sign ^ (one < 0 ? 1 : 0)) as 0 | 1);
    return multiply(y, logarithm(x));
  }
}
