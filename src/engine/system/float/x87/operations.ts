/** Operations on the top of the stack: signs, roots, rounding, scaling, remainders, trigonometry. */
import { FPU_OPERATIONS, type FpuOperation } from "../../../../isa/floatcodes";
import { at, type Core } from "../../core";
import { remainder } from "../remainder";
import { cosine, sine, tangent } from "../transcendental";
import type { X87Comparison } from "./comparison";
import type { X87Logarithms } from "./logarithms";
import {
  EXTENDED,
  finite,
  infinity,
  integer,
  INVALID,
  type Real,
  round,
  squareRoot,
  toInteger,
  unpack,
  zero,
  ZERO_DIVIDE,
  INEXACT,
  magnitude,
} from "../real";
import { C0, C1, C2, C3, STACK_FAULT, INDEFINITE, type X87Stack } from "./stack";

export class X87Operations {
  constructor(
    private readonly core: Core,
    private readonly stack: X87Stack,
    private readonly comparison: X87Comparison,
    private readonly logarithms: X87Logarithms,
  ) {}

  readonly operation = (record: number): number => {
    const name = FPU_OPERATIONS[this.core.argument(0)];
    if (name === "nop") {
      this.stack.point(record);
      return 0;
    }
    this.stack.begin(record);
    if (name === "decstp" || name === "incstp") this.stack.turn(name === "incstp" ? 1 : -1);
    else if (name === "xam") this.examine();
    else if (name === "tst") this.stack.condition(this.comparison.compareWith(zero(0), 0, 0) << 8);
    else this.compute(name);
    return 0;
  };

  private examine(): void {
    const bits = this.stack.bits(0);
    const { kind, denormal } = unpack(EXTENDED, bits);
    const sign = bits >> 79n ? C1 : 0;
    const kinds = { unsupported: 0, nan: C0, infinity: C0 | C2, zero: C3, finite: denormal ? C2 | C3 : C2 };
    this.stack.condition(sign | (this.stack.isFull(0) ? kinds[kind] : C0 | C3));
  }

  private compute(name: FpuOperation): void {
    const two = /^(scale|prem1?|yl2x|yl2xp1|patan)$/.test(name);
    const pops = /^(yl2x|yl2xp1|patan)$/.test(name) ? 1 : 0;
    const pushes = /^(xtract|ptan|sincos)$/.test(name);
    if (/^(prem1?|sin|cos|ptan|sincos)$/.test(name)) this.core.u32[at.fpuStatus] &= ~C2;
    if (!this.stack.isFull(0) || (two && !this.stack.isFull(1))) {
      if (!this.stack.underflow()) return;
      this.stack.put(pops, INDEFINITE);
      if (pushes) {
        this.stack.turn(-1);
        this.stack.put(0, INDEFINITE);
      }
      return this.stack.pop(pops);
    }
    if (pushes && this.stack.isFull(-1)) {
      this.stack.setC1();
      if (this.stack.note(INVALID | STACK_FAULT)) return;
      this.stack.put(0, INDEFINITE);
      this.stack.turn(-1);
      this.stack.put(0, INDEFINITE);
      return;
    }
    const a = this.stack.real(0);
    const b = two ? this.stack.real(1) : a;
    switch (name) {
      case "chs":
        return this.stack.put(0, this.stack.bits(0) ^ (1n << 79n));
      case "abs":
        return this.stack.put(0, this.stack.bits(0) & ((1n << 79n) - 1n));
      case "sqrt":
        return void this.stack.produce(0, 0, () => this.root(a), this.stack.precision);
      case "rndint":
        return void this.stack.produce(0, 0, () => this.toWhole(a));
      case "scale":
        return void this.stack.produce(0, 0, () => this.scaled(a, b));
      case "xtract":
        return this.extract(a);
      case "prem":
      case "prem1":
        return this.remain(a, b, name === "prem1");
      case "sin":
      case "cos":
      case "ptan":
      case "sincos":
        return this.trigonometry(name, a);
      default:
        return this.logarithms.compute(name, pops, a, b);
    }
  }

  private root(a: Real): Real {
    const nan = this.stack.nan(a, a);
    if (nan) return nan;
    if (a.kind === "zero") return a;
    if (a.sign) return this.stack.invalid();
    this.stack.noteDenormals(a);
    return a.kind === "infinity" ? a : squareRoot(a);
  }

  private toWhole(a: Real): Real {
    const nan = this.stack.nan(a, a);
    if (nan) return nan;
    if (a.kind !== "finite") return a;
    this.stack.noteDenormals(a);
    if (this.stack.env.flags & ~this.stack.env.masks) return a;
    const { value, inexact, up } = toInteger(a, this.stack.env.rounding);
    if (inexact) this.stack.note(INEXACT);
    if (up) this.stack.setC1();
    return value === 0n ? zero(a.sign) : integer(value);
  }

  private scaled(a: Real, b: Real): Real {
    const nan = this.stack.nan(a, b);
    if (nan) return nan;
    if (b.kind === "infinity") {
      if ((a.kind === "zero" && !b.sign) || (a.kind === "infinity" && b.sign)) return this.stack.invalid();
      this.stack.noteDenormals(a);
      return b.sign ? zero(a.sign) : infinity(a.sign);
    }
    this.stack.noteDenormals(a, b);
    if (a.kind !== "finite") return a;
    const { value } = toInteger(b, 3);
    const by = value > 0x10000n ? 0x10000 : value < -0x10000n ? -0x10000 : Number(value);
    return { ...a, denormal: false, exponent: a.exponent + by };
  }

  private extract(a: Real): void {
    const nan = this.stack.nan(a, a);
    let significand: Real = a;
    let exponent: Real;
    if (nan) significand = exponent = nan;
    else if (a.kind === "infinity") exponent = infinity(0);
    else if (a.kind === "zero") {
      this.stack.env.flags |= ZERO_DIVIDE;
      exponent = infinity(1);
    } else {
      this.stack.noteDenormals(a);
      exponent = integer(BigInt(magnitude(a)));
      significand = finite(a.sign, a.significand, a.exponent - magnitude(a));
    }
    if (this.stack.note(this.stack.env.flags)) return;
    this.stack.put(0, round(this.stack.env, EXTENDED, exponent));
    this.stack.turn(-1);
    this.stack.put(0, round(this.stack.env, EXTENDED, significand));
  }

  private remain(a: Real, b: Real, nearest: boolean): void {
    let codes: number | undefined;
    const done = this.stack.produce(0, 0, () => {
      const nan = this.stack.nan(a, b);
      if (nan) return nan;
      if (a.kind === "infinity" || b.kind === "zero") return this.stack.invalid();
      this.stack.noteDenormals(a, b);
      codes = 0;
      if (a.kind === "zero" || b.kind === "infinity") return a;
      const { rest, quotient } = remainder(a, b, nearest);
      codes = quotient === undefined ? C2 : (quotient & 4 ? C0 : 0) | (quotient & 2 ? C3 : 0) | (quotient & 1 ? C1 : 0);
      return rest;
    });
    if (done && codes !== undefined) this.stack.condition(codes);
  }

  /** Arguments of 2^63 and more are left alone, with C2 set. */
  private trigonometry(name: "sin" | "cos" | "ptan" | "sincos", a: Real): void {
    if (a.kind === "finite" && magnitude(a) >= 63) {
      this.core.u32[at.fpuStatus] |= C2;
      return;
    }
    const nan = this.stack.nan(a, a) ?? (a.kind === "infinity" ? this.stack.invalid() : undefined);
    if (!nan) this.stack.noteDenormals(a);
    const first = nan ?? (name === "cos" ? cosine(a) : name === "ptan" ? tangent(a) : sine(a));
    const original = a;
    if (!this.stack.produce(0, 0, () => first)) return;
    if (name === "ptan") this.stack.push(nan ? this.stack.bits(0) : round(this.stack.env, EXTENDED, integer(1n)));
    else if (name === "sincos") {
      const second = nan ?? cosine(original);
      this.stack.turn(-1);
      this.stack.env.flags = 0;
      this.stack.produce(0, 0, () => second);
    }
  }
}
