/** FADD and its kind. */
import { FPU_ARITHMETIC, FPU_KINDS } from "../../../../isa/floatcodes";
import type { Core } from "../../core";
import { memoryReal } from "./formats";
import { add, divide, infinity, multiply, negate, type Real, zero, ZERO_DIVIDE } from "../real";
import { INDEFINITE, type X87Stack } from "./stack";

export class X87Arithmetic {
  constructor(
    private readonly core: Core,
    private readonly stack: X87Stack,
  ) {}

  readonly arithmetic = (record: number): number => {
    const { core } = this;
    this.stack.begin(record);
    const [dst, src, pops] = [core.argument(1), core.argument(2), core.argument(3)];
    if (!this.stack.isFull(dst) || !this.stack.isFull(src)) {
      if (this.stack.underflow()) {
        this.stack.put(dst, INDEFINITE);
        this.stack.pop(pops);
      }
      return 0;
    }
    const operation = FPU_ARITHMETIC[core.argument(0)];
    this.stack.produce(
      dst,
      pops,
      () => this.combine(operation, this.stack.real(dst), this.stack.real(src)),
      this.stack.precision,
    );
    return 0;
  };

  readonly arithmeticMemory = (record: number): number => {
    const { core } = this;
    this.stack.begin(record);
    if (!this.stack.isFull(0)) {
      if (this.stack.underflow()) this.stack.put(0, INDEFINITE);
      return 0;
    }
    const kind = FPU_KINDS[core.argument(1)];
    const source = memoryReal(kind, core.argument64(2));
    const operation = FPU_ARITHMETIC[core.argument(0)];
    this.stack.produce(0, 0, () => this.combine(operation, this.stack.real(0), source), this.stack.precision);
    return 0;
  };

  private combine(operation: (typeof FPU_ARITHMETIC)[number], a: Real, b: Real): Real {
    if (operation === "subr" || operation === "divr") {
      return this.combine(operation === "subr" ? "sub" : "div", b, a);
    }
    const nan = this.stack.nan(a, b);
    if (nan) return nan;
    const sign = (a.sign ^ b.sign) as 0 | 1;
    const infinite = a.kind === "infinity" || b.kind === "infinity";
    switch (operation) {
      case "add":
      case "sub": {
        const second = operation === "sub" ? negate(b) : b;
        if (infinite && a.kind === b.kind && a.sign !== second.sign) return this.stack.invalid();
        this.stack.noteDenormals(a, b);
        if (infinite) return a.kind === "infinity" ? a : second;
        return add(a, second, this.stack.env.rounding);
      }
      case "mul":
        if (infinite && (a.kind === "zero" || b.kind === "zero")) return this.stack.invalid();
        this.stack.noteDenormals(a, b);
        return infinite ? infinity(sign) : multiply(a, b);
      case "div":
        if (a.kind === b.kind && a.kind !== "finite") return this.stack.invalid();
        if (b.kind === "zero") {
          if (a.kind !== "infinity") this.stack.env.flags |= ZERO_DIVIDE;
          return infinity(sign);
        }
        this.stack.noteDenormals(a, b);
        if (a.kind === "infinity") return infinity(sign);
        return a.kind === "zero" || b.kind === "infinity" ? zero(sign) : divide(a, b);
    }
  }
}
