/** Loads, stores, constants, and moves within the stack. */
import { FPU_CONSTANTS, FPU_KINDS, TRUNCATE } from "../../../../isa/floatcodes";
import type { BlockMemory } from "../../block";
import { at, type Core } from "../../core";
import {
  bytesIn,
  bytesOf,
  decimalBits,
  decimalReal,
  indefiniteOf,
  type Kind,
  littleEndian,
  absolute,
  memoryReal,
} from "./formats";
import {
  DOUBLE,
  EXTENDED,
  finite,
  type Format,
  INVALID,
  type Real,
  round,
  SINGLE,
  toInteger,
  TOWARD_ZERO,
  INEXACT,
} from "../real";
import { C1, STACK_FAULT, INDEFINITE, type X87Stack } from "./stack";

/** Rounded to nearest here; `constant` moves the last bit as the rounding mode asks: significand, exponent, and what was cut off. */
const constants: readonly (readonly [significand: bigint, exponent: number, rest: number])[] = [
  [1n, 0, 0],
  [0xd49a784bcd1b8afen, -62, 0.3],
  [0xb8aa3b295c17f0bbn, -63, 0.7],
  [0xc90fdaa22168c234n, -62, 0.8],
  [0x9a209a84fbcff798n, -65, 0.6],
  [0xb17217f7d1cf79abn, -64, 0.8],
  [0n, 0, 0],
];

export class X87Transfers {
  constructor(
    private readonly core: Core,
    private readonly stack: X87Stack,
    private readonly block: BlockMemory,
  ) {}

  private readonly ten = new Uint8Array(10);

  readonly load = (record: number): number => {
    const { core, ten } = this;
    const kind = FPU_KINDS[core.argument(0)];
    if (kind === "extended" || kind === "decimal") {
      const failed = this.block.read(record, core.argument64(1), ten);
      if (failed) return failed;
    }
    this.stack.begin(record);
    if (kind === "register") {
      const n = core.argument(1);
      if (this.stack.isFull(n)) this.stack.push(this.stack.bits(n));
      else if (this.stack.underflow()) {
        this.stack.turn(-1);
        this.stack.put(0, INDEFINITE);
      }
      return 0;
    }
    if (kind === "extended") this.stack.push(littleEndian(ten));
    else if (this.stack.isFull(-1)) this.stack.push(0n);
    else this.loadNumber(kind === "decimal" ? decimalReal(ten) : memoryReal(kind, core.argument64(1)));
    return 0;
  };

  /** Every such number fits: only signaling NaNs and denormals are exceptions. */
  private loadNumber(value: Real): void {
    if (value.signaling) this.stack.env.flags |= INVALID;
    this.stack.noteDenormals(value);
    this.stack.note(this.stack.env.flags);
    // A denormal is loaded even when its exception is not masked.
    if (this.stack.env.flags & INVALID & ~this.stack.env.masks) return;
    this.stack.turn(-1);
    this.stack.put(0, round(this.stack.env, EXTENDED, value));
  }

  readonly store = (record: number): number => {
    const { core } = this;
    const kind = FPU_KINDS[core.argument(0)];
    const pops = core.argument(2) & ~TRUNCATE;
    if (kind === "register") {
      this.stack.begin(record);
      // FSTPNCE: an empty register is no exception.
      if (pops === 2 && !this.stack.isFull(0)) {
        this.stack.pop(1);
        return 0;
      }
      if (this.stack.isFull(0)) this.stack.put(core.argument(1), this.stack.bits(0));
      else if (this.stack.underflow()) this.stack.put(core.argument(1), INDEFINITE);
      else return 0;
      this.stack.pop(Math.min(pops, 1));
      return 0;
    }
    const truncates = (core.argument(2) & TRUNCATE) !== 0;
    return this.storeMemory(record, kind, core.argument64(1), pops, truncates);
  };

  /** Memory is written before the state changes: it may fault. */
  private storeMemory(record: number, kind: Kind, offset: bigint, pops: number, truncates: boolean): number {
    const { core } = this;
    const { env } = this.stack;
    const statusBefore = core.u32[at.fpuStatus];
    this.stack.prepare();
    let bits: bigint;
    let flags = 0;
    if (!this.stack.isFull(0)) {
      flags = INVALID | STACK_FAULT;
      bits = indefiniteOf(kind);
    } else {
      bits = this.rounded(kind, truncates);
      flags = env.flags;
    }
    // An unmasked inexact result is stored all the same (SDM 1, 8.5.6); the others are not.
    const stops = flags & ~env.masks & ~INEXACT & 0x3f;
    if (stops) flags &= ~INEXACT;
    const failed = stops
      ? this.block.probe(record, offset, bytesIn(kind))
      : this.block.write(record, offset, bytesOf(bits, bytesIn(kind)));
    if (failed) {
      core.u32[at.fpuStatus] = statusBefore;
      return failed;
    }
    this.stack.point(record);
    if (env.roundedUp && !stops) this.stack.setC1();
    this.stack.note(flags);
    if (!stops) this.stack.pop(pops);
    return 0;
  }

  /** ST(0) in a memory format. */
  private rounded(kind: Kind, truncates: boolean): bigint {
    const { env } = this.stack;
    if (kind === "extended") return this.stack.bits(0);
    const value = this.stack.real(0);
    if (kind === "single" || kind === "double") {
      const format: Format = kind === "single" ? SINGLE : DOUBLE;
      return round(env, format, this.stack.nan(value, value) ?? value);
    }
    const whole =
      value.kind === "finite" || value.kind === "zero"
        ? toInteger(value, truncates ? TOWARD_ZERO : env.rounding)
        : undefined;
    const digits = kind === "decimal";
    const fits =
      whole &&
      (digits ? absolute(whole.value) < 10n ** 18n : BigInt.asIntN(8 * bytesIn(kind), whole.value) === whole.value);
    if (!whole || !fits) {
      env.flags |= INVALID;
      return indefiniteOf(kind);
    }
    if (whole.inexact) env.flags |= INEXACT;
    env.roundedUp = whole.up;
    return digits ? decimalBits(absolute(whole.value), value.sign) : BigInt.asUintN(8 * bytesIn(kind), whole.value);
  }

  readonly constant = (record: number): number => {
    this.stack.begin(record);
    const n = this.core.argument(0);
    const [significand, exponent, rest] = constants[n];
    const { rounding } = this.stack.env;
    // The nearest value of FLDL2T lies below, those of the others above the constant, except where `rest` says it is exact.
    const down = rounding === 1 || rounding === 3;
    const nearestIsAbove = FPU_CONSTANTS[n] !== "l2t";
    let value = significand;
    if (rest !== 0 && nearestIsAbove && !down) value += 1n;
    if (rest !== 0 && !nearestIsAbove && rounding === 2) value += 1n;
    this.stack.push(round(this.stack.env, EXTENDED, finite(0, value, exponent)));
    return 0;
  };

  readonly exchange = (record: number): number => {
    this.stack.begin(record);
    const n = this.core.argument(0);
    if (!this.stack.isFull(0) || !this.stack.isFull(n)) {
      if (!this.stack.underflow()) return 0;
      for (const empty of [0, n]) if (!this.stack.isFull(empty)) this.stack.put(empty, INDEFINITE);
    }
    const [first, second] = [this.stack.bits(0), this.stack.bits(n)];
    this.stack.put(0, second);
    this.stack.put(n, first);
    return 0;
  };

  readonly free = (record: number): number => {
    const { core } = this;
    this.stack.point(record);
    core.u32[at.fpuStatus] &= ~C1;
    core.u32[at.fpuFull] &= ~(1 << this.stack.place(core.argument(0)));
    if (core.argument(1)) this.stack.pop(1);
    return 0;
  };

  readonly conditionalMove = (record: number): number => {
    this.stack.begin(record, true);
    const n = this.core.argument(0);
    const holds = this.core.argument(1) !== 0;
    if (!this.stack.isFull(0) || !this.stack.isFull(n)) {
      if (this.stack.underflow()) this.stack.put(0, INDEFINITE);
    } else if (holds) this.stack.put(0, this.stack.bits(n));
    return 0;
  };
}
