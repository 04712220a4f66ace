/**
 * Short ways of the x87 unit, in halves of 32 bits: for normal numbers (and zeros where nothing is computed) when every exception is
 * masked, rounding is to nearest and precision full. What is not so is refused, with nothing changed but what `begin` of fpu.ts changes;
 * fpu.ts then does it with integers of any length.
 */
import type { FPU_KINDS } from "../../../isa/floatcodes";
import { SCRATCH } from "../../state";
import { EXTENDED } from "../../wasm/extended";
import { at, type Core } from "../core";

/** wasm/extended.ts: operation, places of both operands and of the result. */
export type ExtendedArithmetic = (operation: number, a: number, b: number, result: number) => number;

type Kind = (typeof FPU_KINDS)[number];

/** Control word: masks, full precision, to nearest. */
const CONTROL_BITS = 0xf3f,
  CONTROL = 0x33f;
const INEXACT = 0x20,
  C1 = 0x200;
/** Where a memory operand is put as a register's 16 bytes: the last quarter of SCRATCH. */
const OPERAND = SCRATCH + 48;
const DOUBLE_BIAS = 1023,
  SINGLE_BIAS = 127,
  BIAS = 16383;

export class UsualFpu {
  compute: ExtendedArithmetic | undefined;
  private readonly narrowed = { low: 0, high: 0, status: 0 };

  constructor(private readonly core: Core) {}

  /** Index in the u32 view of the register ST(n). */
  private index(n: number): number {
    return at.fpr + 4 * (((this.core.u32[at.fpuStatus] >>> 11) + n) & 7);
  }

  private get isUsual(): boolean {
    return this.compute !== undefined && (this.core.u32[at.fpuControl] & CONTROL_BITS) === CONTROL;
  }

  /** ST(dst) = ST(dst) op ST(src), both full. */
  arithmetic(operation: number, dst: number, src: number): boolean {
    return this.isUsual && this.apply(operation, this.index(dst) * 4, this.index(src) * 4);
  }

  /** ST(0) = ST(0) op a number from memory: the helper's argument `n`. */
  arithmeticMemory(operation: number, kind: Kind, n: number): boolean {
    if (!this.isUsual || !this.widen(kind, n, OPERAND >>> 2)) return false;
    return this.apply(operation, this.index(0) * 4, OPERAND);
  }

  private apply(operation: number, dst: number, src: number): boolean {
    const said = this.compute!(operation, dst, src, dst);
    if (said === 0) return false;
    this.core.u32[at.fpuStatus] |= (said & EXTENDED.inexact ? INEXACT : 0) | (said & EXTENDED.roundedUp ? C1 : 0);
    return true;
  }

  /** A single or double into a register's place. Every one fits. */
  private widen(kind: Kind, n: number, to: number): boolean {
    const { u32 } = this.core;
    const [low, high] = [u32[at.argument + 2 * n], u32[at.argument + 2 * n + 1]];
    if (kind === "double") {
      const exponent = (high >>> 20) & 0x7ff;
      if (exponent === 0 || exponent === 0x7ff) return false;
      u32[to] = low << 11;
      u32[to + 1] = 0x8000_0000 | ((high & 0xf_ffff) << 11) | (low >>> 21);
      u32[to + 2] = ((high >>> 16) & 0x8000) | (exponent - DOUBLE_BIAS + BIAS);
    } else if (kind === "single") {
      const exponent = (low >>> 23) & 0xff;
      if (exponent === 0 || exponent === 0xff) return false;
      u32[to] = 0;
      u32[to + 1] = 0x8000_0000 | (low << 8);
      u32[to + 2] = ((low >>> 16) & 0x8000) | (exponent - SINGLE_BIAS + BIAS);
    } else return false;
    u32[to + 3] = 0;
    return true;
  }

  /** Into the empty register above the top; the caller turns the stack. */
  load(kind: Kind, n: number): boolean {
    if (!this.compute || !this.widen(kind, n, this.index(-1))) return false;
    this.fill(-1);
    return true;
  }

  private fill(n: number): void {
    this.core.u32[at.fpuFull] |= 1 << ((this.index(n) - at.fpr) >>> 2);
  }

  copy(from: number, to: number): void {
    const { u32 } = this.core;
    const [source, target] = [this.index(from), this.index(to)];
    for (let word = 0; word < 4; word++) u32[target + word] = u32[source + word];
    u32[target + 2] &= 0xffff;
    u32[target + 3] = 0;
    this.fill(to);
  }

  exchange(n: number): void {
    const { u32 } = this.core;
    const [a, b] = [this.index(0), this.index(n)];
    for (let word = 0; word < 4; word++) {
      const kept = u32[a + word];
      u32[a + word] = u32[b + word];
      u32[b + word] = kept;
    }
  }

  /** FCHS, FABS: also of NaNs. */
  changeSign(clears: boolean): number {
    const { u32 } = this.core;
    const exponent = this.index(0) + 2;
    u32[exponent] = clears ? u32[exponent] & 0x7fff : (u32[exponent] ^ 0x8000) & 0xffff;
    return 0;
  }

  /** A key by which normal numbers and zeros are ordered by magnitude first: exponent; -1 for any other. */
  private exponentOf(index: number): number {
    const { u32 } = this.core;
    const exponent = u32[index + 2] & 0x7fff;
    if (exponent === 0) return u32[index] === 0 && u32[index + 1] === 0 ? 0 : -1;
    return exponent !== 0x7fff && u32[index + 1] >>> 31 ? exponent : -1;
  }

  /** -1, 0, 1: ST(0) against ST(n). Exact, so that no control matters. */
  relation(n: number): number | undefined {
    if (!this.compute) return undefined;
    const { u32 } = this.core;
    const [a, b] = [this.index(0), this.index(n)];
    const [p, q] = [this.exponentOf(a), this.exponentOf(b)];
    if (p < 0 || q < 0) return undefined;
    if (p === 0 && q === 0) return 0;
    const [minusA, minusB] = [p !== 0 && (u32[a + 2] & 0x8000) !== 0, q !== 0 && (u32[b + 2] & 0x8000) !== 0];
    if (minusA !== minusB) return minusA ? -1 : 1;
    const order = p - q || u32[a + 1] - u32[b + 1] || u32[a] - u32[b];
    return order === 0 ? 0 : order < 0 === minusA ? 1 : -1;
  }

  /** ST(0) as a single or double, rounded to nearest, and what that says in the status word. */
  narrow(kind: Kind): { readonly low: number; readonly high: number; readonly status: number } | undefined {
    const double = kind === "double";
    if (!this.isUsual || (!double && kind !== "single")) return undefined;
    const { u32 } = this.core;
    const index = this.index(0);
    const exponent = this.exponentOf(index);
    const biased = exponent - BIAS + (double ? DOUBLE_BIAS : SINGLE_BIAS);
    // Neither tiny nor near overflow.
    if (exponent <= 0 || biased < 2 || biased > (double ? 0x7fc : 0xfc)) return undefined;
    const sign = (u32[index + 2] & 0x8000) << 16;
    return double ? this.toDouble(index, sign, biased) : this.toSingle(index, sign, biased);
  }

  private toDouble(index: number, sign: number, biased: number) {
    const { u32 } = this.core;
    const [low, high] = [u32[index], u32[index + 1]];
    const rest = low & 0x7ff;
    const up = rest > 0x400 || (rest === 0x400 && (low & 0x800) !== 0);
    const { narrowed } = this;
    narrowed.low = ((low >>> 11) | (high << 21)) >>> 0;
    // The leading one is left out; a carry goes on into the exponent.
    narrowed.high = (sign | (biased << 20) | ((high >>> 11) & 0xf_ffff)) >>> 0;
    if (up) {
      narrowed.low = (narrowed.low + 1) >>> 0;
      if (narrowed.low === 0) narrowed.high++;
    }
    return this.told(up, rest !== 0);
  }

  private toSingle(index: number, sign: number, biased: number) {
    const { u32 } = this.core;
    const [low, high] = [u32[index], u32[index + 1]];
    const rest = high & 0xff;
    const up = rest > 0x80 || (rest === 0x80 && (low !== 0 || (high & 0x100) !== 0));
    const { narrowed } = this;
    narrowed.low = ((sign | (biased << 23) | ((high >>> 8) & 0x7f_ffff)) >>> 0) + (up ? 1 : 0);
    narrowed.high = 0;
    return this.told(up, rest !== 0 || low !== 0);
  }

  private told(up: boolean, inexact: boolean) {
    this.narrowed.status = (inexact ? INEXACT : 0) | (up ? C1 : 0);
    return this.narrowed;
  }
}
