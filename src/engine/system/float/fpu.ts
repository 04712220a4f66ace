/**
 * The x87 unit: stack, tags, exceptions and arithmetic (SDM 1, chapter 8). An exception that is not masked is only noted here: ES is set, and the
 * next waiting instruction raises #MF. One found before computing leaves the operands, one found after it still stores the result.
 *
 * Deviation: the data pointer is kept for operands of more than 64 bits only, the opcode never (as on processors that keep them for
 * unmasked exceptions alone). CR0.NE = 0 raises #MF as well: IRQ 13 is not wired.
 */
import { FPU_ARITHMETIC, FPU_CONSTANTS, FPU_KINDS, FPU_OPERATIONS, TRUNCATE } from "../../../isa/floatcodes";
import { record as fieldOf } from "../../record";
import type { BlockMemory } from "../block";
import { at, CS, type Core } from "../core";
import {
  add,
  compare,
  defaultNan,
  DENORMAL,
  divide,
  DOUBLE,
  type Environment,
  EXTENDED,
  finite,
  type Format,
  infinity,
  integer,
  INVALID,
  multiply,
  negate,
  quiet,
  type Real,
  round,
  SINGLE,
  squareRoot,
  toInteger,
  TOWARD_ZERO,
  unpack,
  zero,
  ZERO_DIVIDE,
  INEXACT,
  UNDERFLOW,
  magnitude,
} from "./real";
import { type ExtendedArithmetic, UsualFpu } from "./usual";
import { remainder } from "./remainder";
import { arctangent, cosine, logarithm, logarithmPlus1, powerMinus1, sine, tangent } from "./transcendental";

const C0 = 0x100,
  C1 = 0x200,
  C2 = 0x400,
  C3 = 0x4000;
const STACK_FAULT = 0x40;
const PENDING = 0x8080;
const CONDITIONS = C0 | C1 | C2 | C3;
const INDEFINITE = 0xffff_c000_0000_0000_0000n;
const MF = 16,
  NM = 7;

type Operation = (typeof FPU_OPERATIONS)[number];
type Kind = (typeof FPU_KINDS)[number];
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

export class Fpu {
  private readonly env: Environment = { rounding: 0, masks: 0, flushToZero: false, flags: 0, roundedUp: false };
  private readonly ten = new Uint8Array(10);
  private readonly usual: UsualFpu;

  constructor(
    private readonly core: Core,
    private readonly block: BlockMemory,
  ) {
    this.usual = new UsualFpu(core);
  }

  /** The short way of arithmetic, once there is one. */
  useRuntime(arithmetic: ExtendedArithmetic): void {
    this.usual.compute = arithmetic;
  }

  // ---- the stack ----

  private place(n: number): number {
    return ((this.core.u32[at.fpuStatus] >>> 11) + n) & 7;
  }
  private isFull(n: number): boolean {
    return (this.core.u32[at.fpuFull] & (1 << this.place(n))) !== 0;
  }
  private bits(n: number): bigint {
    const place = 2 * this.place(n);
    return this.core.get("fpr", place) | ((this.core.get("fpr", place + 1) & 0xffffn) << 64n);
  }
  private real(n: number): Real {
    return unpack(EXTENDED, this.bits(n));
  }
  private put(n: number, bits: bigint): void {
    const place = this.place(n);
    this.core.set("fpr", BigInt.asUintN(64, bits), 2 * place);
    this.core.set("fpr", bits >> 64n, 2 * place + 1);
    this.core.u32[at.fpuFull] |= 1 << place;
  }
  private turn(by: number): void {
    const { u32 } = this.core;
    u32[at.fpuStatus] = (u32[at.fpuStatus] & ~0x3800) | ((((u32[at.fpuStatus] >>> 11) + by) & 7) << 11);
  }
  private pop(count: number): void {
    for (let n = 0; n < count; n++) {
      this.core.u32[at.fpuFull] &= ~(1 << this.place(0));
      this.turn(1);
    }
  }

  private popped(count: number): number {
    this.pop(count);
    return 0;
  }

  // ---- exceptions ----

  /** `keepsC1`: FCOMI and FCMOVcc clear C1 only for a stack underflow. */
  private begin(record: number, keepsC1 = false): void {
    const { core, env } = this;
    const control = core.u32[at.fpuControl];
    env.rounding = (control >>> 10) & 3;
    env.masks = control & 0x3f;
    env.flags = 0;
    env.roundedUp = false;
    if (!keepsC1) core.u32[at.fpuStatus] &= ~C1;
    [core.u32[at.fpuIp], core.u32[at.fpuIp + 1]] = core.nextRipHalves(record, fieldOf.start);
    core.u32[at.fpuCs] = core.u32[at.selector + CS];
  }

  private get precision(): number {
    return [24, 64, 53, 64][(this.core.u32[at.fpuControl] >>> 8) & 3];
  }

  /** Notes exceptions. True when one of them is not masked. */
  private note(flags: number): boolean {
    const { u32 } = this.core;
    u32[at.fpuStatus] |= flags;
    if (!(flags & ~this.env.masks & 0x3f)) return false;
    u32[at.fpuStatus] |= PENDING;
    return true;
  }
  private condition(bits: number): void {
    const { u32 } = this.core;
    u32[at.fpuStatus] = (u32[at.fpuStatus] & ~CONDITIONS) | bits;
  }
  private setC1(): void {
    this.core.u32[at.fpuStatus] |= C1;
  }

  /** An empty register was read (C1 clear). True when the masked answer may be given. */
  private underflow(): boolean {
    this.core.u32[at.fpuStatus] &= ~C1;
    return !this.note(INVALID | STACK_FAULT);
  }

  /** Stores what `compute` yields in ST(dst), then pops; what it finds before computing and is not masked stops it. */
  private produce(dst: number, pops: number, compute: () => Real, precision = EXTENDED.precision): boolean {
    const { env } = this;
    const exact = compute();
    if (env.flags && this.note(env.flags)) return false;
    this.put(dst, round(env, EXTENDED, exact, precision));
    if (env.roundedUp) this.setC1();
    this.note(env.flags);
    this.pop(pops);
    return true;
  }

  private push(bits: bigint): void {
    if (this.isFull(-1)) {
      this.setC1();
      if (this.note(INVALID | STACK_FAULT)) return;
      bits = INDEFINITE;
    }
    this.turn(-1);
    this.put(0, bits);
  }

  private invalid(): Real {
    this.env.flags |= INVALID;
    return defaultNan;
  }

  /** SDM 1, table 4-7: a quiet NaN before a signaling one, the larger significand, the positive one. */
  private nan(a: Real, b: Real): Real | undefined {
    if (a.kind === "unsupported" || b.kind === "unsupported") return this.invalid();
    if (a.kind !== "nan" && b.kind !== "nan") return undefined;
    if (a.signaling || b.signaling) this.env.flags |= INVALID;
    if (a.kind !== "nan") return quiet(b);
    if (b.kind !== "nan") return quiet(a);
    if (a.signaling !== b.signaling) return quiet(a.signaling ? b : a);
    const [x, y] = [quiet(a), quiet(b)];
    if (x.significand !== y.significand) return x.significand > y.significand ? x : y;
    return x.sign ? y : x;
  }
  private noteDenormals(a: Real, b: Real = a): void {
    if (a.denormal || b.denormal) this.env.flags |= DENORMAL;
  }

  // ---- arithmetic ----

  private combine(operation: (typeof FPU_ARITHMETIC)[number], a: Real, b: Real): Real {
    if (operation === "subr" || operation === "divr") {
      return this.combine(operation === "subr" ? "sub" : "div", b, a);
    }
    const nan = this.nan(a, b);
    if (nan) return nan;
    const sign = (a.sign ^ b.sign) as 0 | 1;
    const infinite = a.kind === "infinity" || b.kind === "infinity";
    switch (operation) {
      case "add":
      case "sub": {
        const second = operation === "sub" ? negate(b) : b;
        if (infinite && a.kind === b.kind && a.sign !== second.sign) return this.invalid();
        this.noteDenormals(a, b);
        if (infinite) return a.kind === "infinity" ? a : second;
        return add(a, second, this.env.rounding);
      }
      case "mul":
        if (infinite && (a.kind === "zero" || b.kind === "zero")) return this.invalid();
        this.noteDenormals(a, b);
        return infinite ? infinity(sign) : multiply(a, b);
      case "div":
        if (a.kind === b.kind && a.kind !== "finite") return this.invalid();
        if (b.kind === "zero") {
          if (a.kind !== "infinity") this.env.flags |= ZERO_DIVIDE;
          return infinity(sign);
        }
        this.noteDenormals(a, b);
        if (a.kind === "infinity") return infinity(sign);
        return a.kind === "zero" || b.kind === "infinity" ? zero(sign) : divide(a, b);
    }
  }

  readonly arithmetic = (record: number): number => {
    const { core } = this;
    this.begin(record);
    const [dst, src, pops] = [core.argument(1), core.argument(2), core.argument(3)];
    if (!this.isFull(dst) || !this.isFull(src)) {
      if (this.underflow()) {
        this.put(dst, INDEFINITE);
        this.pop(pops);
      }
      return 0;
    }
    if (this.usual.arithmetic(core.argument(0), dst, src)) return this.popped(pops);
    const operation = FPU_ARITHMETIC[core.argument(0)];
    this.produce(dst, pops, () => this.combine(operation, this.real(dst), this.real(src)), this.precision);
    return 0;
  };

  readonly arithmeticMemory = (record: number): number => {
    const { core } = this;
    this.begin(record);
    if (!this.isFull(0)) {
      if (this.underflow()) this.put(0, INDEFINITE);
      return 0;
    }
    const kind = FPU_KINDS[core.argument(1)];
    if (this.usual.arithmeticMemory(core.argument(0), kind, 2)) return 0;
    const source = memoryReal(kind, core.argument64(2));
    const operation = FPU_ARITHMETIC[core.argument(0)];
    this.produce(0, 0, () => this.combine(operation, this.real(0), source), this.precision);
    return 0;
  };

  // ---- comparisons ----

  /** Condition codes, or CF PF ZF; undefined relation: unordered. */
  private tell(relation: number | undefined, toFlags: boolean): void {
    const { u32 } = this.core;
    const [less, same, open] = [relation === -1, relation === 0, relation === undefined];
    if (!toFlags) return this.condition(open ? C0 | C2 | C3 : less ? C0 : same ? C3 : 0);
    u32[at.cf] = less || open ? 1 : 0;
    u32[at.zeroSource] = same || open ? 0 : 1;
    u32[at.zeroSource + 1] = 0;
    // Parity of the low byte: even for 0.
    u32[at.signSource] = open ? 0 : 1;
    u32[at.signSource + 1] = 0;
    u32[at.of] = 0;
    u32[at.af] = 0;
  }

  private compareWith(b: Real | undefined, mode: number, pops: number): void {
    const toFlags = (mode & 2) !== 0;
    if (!this.isFull(0) || !b) {
      const masked = this.underflow();
      this.tell(undefined, toFlags);
      if (masked) this.pop(pops);
      return;
    }
    const a = this.real(0);
    const isNan = (r: Real) => r.kind === "nan" || r.kind === "unsupported";
    let relation: number | undefined;
    if (isNan(a) || isNan(b)) {
      const quietly = (r: Real) => !isNan(r) || (r.kind === "nan" && !r.signaling);
      if (!(mode & 1) || !quietly(a) || !quietly(b)) this.env.flags |= INVALID;
    } else {
      this.noteDenormals(a, b);
      relation = compare(a, b);
    }
    // The outcome is told even when an exception that is not masked keeps the operands.
    const stops = this.note(this.env.flags);
    this.tell(relation, toFlags);
    if (!stops) this.pop(pops);
  }

  readonly compare = (record: number): number => {
    this.begin(record, (this.core.argument(0) & 2) !== 0);
    const [mode, n, pops] = [this.core.argument(0), this.core.argument(1), this.core.argument(2)];
    const relation = this.isFull(0) && this.isFull(n) ? this.usual.relation(n) : undefined;
    if (relation !== undefined) {
      this.tell(relation, (mode & 2) !== 0);
      return this.popped(pops);
    }
    this.compareWith(this.isFull(n) ? this.real(n) : undefined, mode, pops);
    return 0;
  };
  readonly compareMemory = (record: number): number => {
    this.begin(record);
    const { core } = this;
    this.compareWith(memoryReal(FPU_KINDS[core.argument(1)], core.argument64(2)), 0, core.argument(0));
    return 0;
  };

  // ---- loads and stores ----

  readonly load = (record: number): number => {
    const { core, ten } = this;
    const kind = FPU_KINDS[core.argument(0)];
    if (kind === "extended" || kind === "decimal") {
      const failed = this.block.read(record, core.argument64(1), ten);
      if (failed) return failed;
    }
    this.begin(record);
    if (kind === "register") {
      const n = core.argument(1);
      const full = this.isFull(n);
      if (full && !this.isFull(-1)) {
        this.usual.copy(n, -1);
        this.turn(-1);
        return 0;
      }
      const bits = this.bits(n);
      if (full) this.push(bits);
      else if (this.underflow()) {
        this.turn(-1);
        this.put(0, INDEFINITE);
      }
      return 0;
    }
    if (kind === "extended") this.push(littleEndian(ten));
    else if (this.isFull(-1)) this.push(0n);
    else if (this.usual.load(kind, 1)) this.turn(-1);
    else this.loadNumber(kind === "decimal" ? decimalReal(ten) : memoryReal(kind, core.argument64(1)));
    return 0;
  };

  /** Every such number fits: only signaling NaNs and denormals are exceptions. */
  private loadNumber(value: Real): void {
    if (value.signaling) this.env.flags |= INVALID;
    this.noteDenormals(value);
    this.note(this.env.flags);
    // A denormal is loaded even when its exception is not masked.
    if (this.env.flags & INVALID & ~this.env.masks) return;
    this.turn(-1);
    this.put(0, round(this.env, EXTENDED, value));
  }

  readonly store = (record: number): number => {
    const { core } = this;
    const kind = FPU_KINDS[core.argument(0)];
    const pops = core.argument(2) & ~TRUNCATE;
    if (kind === "register") {
      this.begin(record);
      // FSTPNCE: an empty register is no exception.
      if (pops === 2 && !this.isFull(0)) {
        this.pop(1);
        return 0;
      }
      if (this.isFull(0)) this.put(core.argument(1), this.bits(0));
      else if (this.underflow()) this.put(core.argument(1), INDEFINITE);
      else return 0;
      this.pop(Math.min(pops, 1));
      return 0;
    }
    const truncates = (core.argument(2) & TRUNCATE) !== 0;
    return this.storeMemory(record, kind, core.argument64(1), pops, truncates);
  };

  /** Memory is written before the state changes: it may fault. */
  private storeMemory(record: number, kind: Kind, offset: bigint, pops: number, truncates: boolean): number {
    const { env, core } = this;
    const statusBefore = core.u32[at.fpuStatus];
    const [ip, cs] = [core.get("fpuIp"), core.u32[at.fpuCs]];
    this.begin(record);
    let bits: bigint;
    let flags = 0;
    if (!this.isFull(0)) {
      flags = INVALID | STACK_FAULT;
      bits = indefiniteOf(kind);
    } else {
      const narrow = this.usual.narrow(kind);
      if (narrow) {
        const offset = [core.argument(1), core.u32[at.argument + 3]] as const;
        const done = this.block.writeWord(record, ...offset, bytesIn(kind), narrow.low, narrow.high);
        if (done === 0) {
          [core.u32[at.fpuDp], core.u32[at.fpuDp + 1]] = offset;
          core.u32[at.fpuStatus] |= narrow.status;
          return this.popped(pops);
        }
      }
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
      core.set("fpuIp", ip);
      core.u32[at.fpuCs] = cs;
      return failed;
    }
    core.set("fpuDp", offset);
    if (env.roundedUp && !stops) this.setC1();
    this.note(flags);
    if (!stops) this.pop(pops);
    return 0;
  }

  /** ST(0) in a memory format. */
  private rounded(kind: Kind, truncates: boolean): bigint {
    const { env } = this;
    if (kind === "extended") return this.bits(0);
    const value = this.real(0);
    if (kind === "single" || kind === "double") {
      const format: Format = kind === "single" ? SINGLE : DOUBLE;
      return round(env, format, this.nan(value, value) ?? value);
    }
    const whole =
      value.kind === "finite" || value.kind === "zero"
        ? toInteger(value, truncates ? TOWARD_ZERO : env.rounding)
        : undefined;
    const digits = kind === "decimal";
    const fits =
      whole && (digits ? abs(whole.value) < 10n ** 18n : BigInt.asIntN(8 * bytesIn(kind), whole.value) === whole.value);
    if (!whole || !fits) {
      env.flags |= INVALID;
      return indefiniteOf(kind);
    }
    if (whole.inexact) env.flags |= INEXACT;
    env.roundedUp = whole.up;
    return digits ? decimalBits(abs(whole.value), value.sign) : BigInt.asUintN(8 * bytesIn(kind), whole.value);
  }

  readonly constant = (record: number): number => {
    this.begin(record);
    const n = this.core.argument(0);
    const [significand, exponent, rest] = constants[n];
    const { rounding } = this.env;
    // The nearest value of FLDL2T lies below, those of the others above the constant, except where `rest` says it is exact.
    const down = rounding === 1 || rounding === 3;
    const nearestIsAbove = FPU_CONSTANTS[n] !== "l2t";
    let value = significand;
    if (rest !== 0 && nearestIsAbove && !down) value += 1n;
    if (rest !== 0 && !nearestIsAbove && rounding === 2) value += 1n;
    this.push(round(this.env, EXTENDED, finite(0, value, exponent)));
    return 0;
  };

  readonly exchange = (record: number): number => {
    this.begin(record);
    const n = this.core.argument(0);
    if (!this.isFull(0) || !this.isFull(n)) {
      if (!this.underflow()) return 0;
      for (const empty of [0, n]) if (!this.isFull(empty)) this.put(empty, INDEFINITE);
    }
    this.usual.exchange(n);
    return 0;
  };

  readonly free = (): number => {
    const { core } = this;
    core.u32[at.fpuStatus] &= ~C1;
    core.u32[at.fpuFull] &= ~(1 << this.place(core.argument(0)));
    if (core.argument(1)) this.pop(1);
    return 0;
  };

  readonly conditionalMove = (record: number): number => {
    this.begin(record, true);
    const n = this.core.argument(0);
    const holds = this.core.argument(1) !== 0;
    if (!this.isFull(0) || !this.isFull(n)) {
      if (this.underflow()) this.put(0, INDEFINITE);
    } else if (holds) this.put(0, this.bits(n));
    return 0;
  };

  // ---- operations on the top ----

  readonly operation = (record: number): number => {
    const name = FPU_OPERATIONS[this.core.argument(0)];
    if (name === "nop") return 0;
    this.begin(record);
    if ((name === "chs" || name === "abs") && this.isFull(0)) return this.usual.changeSign(name === "abs");
    if (name === "decstp" || name === "incstp") this.turn(name === "incstp" ? 1 : -1);
    else if (name === "xam") this.examine();
    else if (name === "tst") this.compareWith(zero(0), 0, 0);
    else this.compute(name);
    return 0;
  };

  private examine(): void {
    const bits = this.bits(0);
    const { kind, denormal } = unpack(EXTENDED, bits);
    const sign = bits >> 79n ? C1 : 0;
    const kinds = { unsupported: 0, nan: C0, infinity: C0 | C2, zero: C3, finite: denormal ? C2 | C3 : C2 };
    this.condition(sign | (this.isFull(0) ? kinds[kind] : C0 | C3));
  }

  private compute(name: Operation): void {
    const two = /^(scale|prem1?|yl2x|yl2xp1|patan)$/.test(name);
    const pops = /^(yl2x|yl2xp1|patan)$/.test(name) ? 1 : 0;
    const pushes = /^(xtract|ptan|sincos)$/.test(name);
    if (/^(prem1?|sin|cos|ptan|sincos)$/.test(name)) this.core.u32[at.fpuStatus] &= ~C2;
    if (!this.isFull(0) || (two && !this.isFull(1))) {
      if (!this.underflow()) return;
      this.put(pops, INDEFINITE);
      if (pushes) {
        this.turn(-1);
        this.put(0, INDEFINITE);
      }
      return this.pop(pops);
    }
    if (pushes && this.isFull(-1)) {
      this.setC1();
      if (this.note(INVALID | STACK_FAULT)) return;
      this.put(0, INDEFINITE);
      this.turn(-1);
      this.put(0, INDEFINITE);
      return;
    }
    const a = this.real(0);
    const b = two ? this.real(1) : a;
    switch (name) {
      case "chs":
        return this.put(0, this.bits(0) ^ (1n << 79n));
      case "abs":
        return this.put(0, this.bits(0) & ((1n << 79n) - 1n));
      case "sqrt":
        return void this.produce(0, 0, () => this.root(a), this.precision);
      case "rndint":
        return void this.produce(0, 0, () => this.toWhole(a));
      case "scale":
        return void this.produce(0, 0, () => this.scaled(a, b));
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
        return this.inexactly(name, pops, a, b);
    }
  }

  private root(a: Real): Real {
    const nan = this.nan(a, a);
    if (nan) return nan;
    if (a.kind === "zero") return a;
    if (a.sign) return this.invalid();
    this.noteDenormals(a);
    return a.kind === "infinity" ? a : squareRoot(a);
  }

  private toWhole(a: Real): Real {
    const nan = this.nan(a, a);
    if (nan) return nan;
    if (a.kind !== "finite") return a;
    this.noteDenormals(a);
    if (this.env.flags & ~this.env.masks) return a;
    const { value, inexact, up } = toInteger(a, this.env.rounding);
    if (inexact) this.note(INEXACT);
    if (up) this.setC1();
    return value === 0n ? zero(a.sign) : integer(value);
  }

  private scaled(a: Real, b: Real): Real {
    const nan = this.nan(a, b);
    if (nan) return nan;
    if (b.kind === "infinity") {
      if ((a.kind === "zero" && !b.sign) || (a.kind === "infinity" && b.sign)) return this.invalid();
      this.noteDenormals(a);
      return b.sign ? zero(a.sign) : infinity(a.sign);
    }
    this.noteDenormals(a, b);
    if (a.kind !== "finite") return a;
    const { value } = toInteger(b, 3);
    const by = value > 0x10000n ? 0x10000 : value < -0x10000n ? -0x10000 : Number(value);
    return { ...a, denormal: false, exponent: a.exponent + by };
  }

  private extract(a: Real): void {
    const nan = this.nan(a, a);
    let significand: Real = a;
    let exponent: Real;
    if (nan) significand = exponent = nan;
    else if (a.kind === "infinity") exponent = infinity(0);
    else if (a.kind === "zero") {
      this.env.flags |= ZERO_DIVIDE;
      exponent = infinity(1);
    } else {
      this.noteDenormals(a);
      exponent = integer(BigInt(magnitude(a)));
      significand = finite(a.sign, a.significand, a.exponent - magnitude(a));
    }
    if (this.note(this.env.flags)) return;
    this.put(0, round(this.env, EXTENDED, exponent));
    this.turn(-1);
    this.put(0, round(this.env, EXTENDED, significand));
  }

  private remain(a: Real, b: Real, nearest: boolean): void {
    let codes: number | undefined;
    const done = this.produce(0, 0, () => {
      const nan = this.nan(a, b);
      if (nan) return nan;
      if (a.kind === "infinity" || b.kind === "zero") return this.invalid();
      this.noteDenormals(a, b);
      codes = 0;
      if (a.kind === "zero" || b.kind === "infinity") return a;
      const { rest, quotient } = remainder(a, b, nearest);
      codes = quotient === undefined ? C2 : (quotient & 4 ? C0 : 0) | (quotient & 2 ? C3 : 0) | (quotient & 1 ? C1 : 0);
      return rest;
    });
    if (done && codes !== undefined) this.condition(codes);
  }

  /** Arguments of 2^63 and more are left alone, with C2 set. */
  private trigonometry(name: "sin" | "cos" | "ptan" | "sincos", a: Real): void {
    if (a.kind === "finite" && magnitude(a) >= 63) {
      this.core.u32[at.fpuStatus] |= C2;
      return;
    }
    const nan = this.nan(a, a) ?? (a.kind === "infinity" ? this.invalid() : undefined);
    if (!nan) this.noteDenormals(a);
    const first = nan ?? (name === "cos" ? cosine(a) : name === "ptan" ? tangent(a) : sine(a));
    const original = a;
    if (!this.produce(0, 0, () => first)) return;
    if (name === "ptan") this.push(nan ? this.bits(0) : round(this.env, EXTENDED, integer(1n)));
    else if (name === "sincos") {
      const second = nan ?? cosine(original);
      this.turn(-1);
      this.env.flags = 0;
      this.produce(0, 0, () => second);
    }
  }

  /** A logarithm raises inexact even where the result is exact, as the processors we measured do. */
  private inexactly(name: Operation, pops: number, a: Real, b: Real): void {
    const result = this.transcend(name, a, b);
    const done = this.produce(pops, pops, () => result);
    if (!done || result.kind !== "finite" || name !== "yl2x") return;
    this.note(this.real(0).denormal ? INEXACT | UNDERFLOW : INEXACT);
  }

  private transcend(name: Operation, a: Real, b: Real): Real {
    const nan = this.nan(a, b);
    if (nan) return nan;
    switch (name) {
      case "2xm1":
        this.noteDenormals(a);
        if (a.kind === "infinity") return a.sign ? integer(-1n) : a;
        return powerMinus1(a);
      case "patan":
        this.noteDenormals(a, b);
        return arctangent(b, a);
      case "yl2x":
        return this.logarithmic(a, b);
      default:
        if (a.kind === "infinity") {
          if (a.sign || b.kind === "zero") return this.invalid();
          this.noteDenormals(b);
          return infinity(b.sign);
        }
        if (b.kind === "infinity") {
          if (a.kind === "zero") return this.invalid();
          this.noteDenormals(a);
          return infinity((a.sign ^ b.sign) as 0 | 1);
        }
        this.noteDenormals(a, b);
        if (a.kind === "zero" || b.kind === "zero") return zero((a.sign ^ b.sign) as 0 | 1);
        if (a.sign && magnitude(a) >= 0) return this.invalid();
        return multiply(b, logarithmPlus1(a));
    }
  }

  /** y * log2(x) (SDM 2A FYL2X, table 3-63). */
  private logarithmic(x: Real, y: Real): Real {
    if (x.kind === "zero") {
      if (y.kind === "zero") return this.invalid();
      if (y.kind === "finite") this.env.flags |= ZERO_DIVIDE;
      return infinity(y.sign ? 0 : 1);
    }
    if (x.sign) return this.invalid();
    const one = compare(x, integer(1n));
    if (x.kind === "infinity") {
      if (y.kind === "zero") return this.invalid();
      this.noteDenormals(y);
      return infinity(y.sign);
    }
    if (y.kind === "infinity") {
      if (one === 0) return this.invalid();
      this.noteDenormals(x);
      return infinity((y.sign ^ (one < 0 ? 1 : 0)) as 0 | 1);
    }
    this.noteDenormals(x, y);
    if (y.kind === "zero" || one === 0) return zero((y.sign ^ (one < 0 ? 1 : 0)) as 0 | 1);
    return multiply(y, logarithm(x));
  }

  // ---- control ----

  readonly loadControl = (): number => {
    this.setControl(this.core.argument(0));
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

  /** Bit 6 is always set, 7 and 13 to 15 never. ES and B follow from what the control word does not mask. */
  setControl(value: number): void {
    this.core.u32[at.fpuControl] = (value & 0x1f3f) | 0x40;
    this.setStatus(this.core.u32[at.fpuStatus]);
  }
  setStatus(value: number): void {
    const { u32 } = this.core;
    const pending = value & ~u32[at.fpuControl] & 0x3f;
    u32[at.fpuStatus] = (value & 0x7f7f) | (pending ? PENDING : 0);
  }
  registerBits(n: number): bigint {
    return this.bits(n);
  }
  /** Writes a register without changing its tag. */
  setRegisterBits(n: number, bits: bigint): void {
    const full = this.core.u32[at.fpuFull];
    this.put(n, bits);
    this.core.u32[at.fpuFull] = full;
  }
}

const abs = (value: bigint) => (value < 0n ? -value : value);

function memoryReal(kind: Kind, bits: bigint): Real {
  switch (kind) {
    case "single":
      return unpack(SINGLE, BigInt.asUintN(32, bits));
    case "double":
      return unpack(DOUBLE, bits);
    case "integer16":
      return integer(BigInt.asIntN(16, bits));
    case "integer32":
      return integer(BigInt.asIntN(32, bits));
    default:
      return integer(BigInt.asIntN(64, bits));
  }
}

const bytesIn = (kind: Kind): number =>
  ({ single: 4, double: 8, extended: 10, integer16: 2, integer32: 4, integer64: 8, decimal: 10, register: 0 })[kind];

function indefiniteOf(kind: Kind): bigint {
  switch (kind) {
    case "single":
      return 0xffc0_0000n;
    case "double":
      return 0xfff8_0000_0000_0000n;
    case "extended":
      return INDEFINITE;
    case "decimal":
      return 0xffff_c000_0000_0000_0000n;
    default:
      return 1n << BigInt(8 * bytesIn(kind) - 1);
  }
}

const littleEndian = (bytes: Uint8Array): bigint => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
const bytesOf = (bits: bigint, count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, n) => Number((bits >> BigInt(8 * n)) & 0xffn));

/** Eighteen decimal digits, two to a byte, the sign above them. */
function decimalBits(value: bigint, sign: 0 | 1): bigint {
  return BigInt(`0x${value.toString()}`) | (BigInt(sign) << 79n);
}
function decimalReal(bytes: Uint8Array): Real {
  let value = 0n;
  for (let n = 8; n >= 0; n--) value = value * 100n + BigInt((bytes[n] >> 4) * 10 + (bytes[n] & 15));
  return finite(bytes[9] & 0x80 ? 1 : 0, value, 0);
}
