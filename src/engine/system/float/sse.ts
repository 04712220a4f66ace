/**
 * SSE floating-point arithmetic with MXCSR (SDM 1, 10.2.3 and 11.5). All lanes are computed, then exceptions are looked at: those
 * found before computing (invalid, denormal, zero divide) come first, and an instruction with one that is not masked changes MXCSR only.
 */
import { at, CR4, UD, type Core } from "../core";
import {
  add,
  compare,
  defaultNan,
  DENORMAL,
  divide,
  DOUBLE,
  type Environment,
  type Format,
  infinity,
  integer,
  INVALID,
  magnitude,
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
} from "./real";
import { FLOAT, INTEGER32, INTEGER64, SINGLE_PRECISION } from "../../../isa/floatcodes";

type Lane = (a: bigint, b: bigint, n: number) => bigint;

const XM = 19;
const DAZ = 0x40,
  FTZ = 0x8000;
const BEFORE = INVALID | DENORMAL | ZERO_DIVIDE;

export class SseArithmetic {
  private readonly env: Environment = { rounding: 0, masks: 0, flushToZero: false, flags: 0, roundedUp: false };
  private denormalsAreZeros = false;
  /** Exceptions of all lanes. */
  private all = 0;

  constructor(private readonly core: Core) {}

  private begin(): void {
    const mxcsr = this.core.u32[at.mxcsr];
    const { env } = this;
    env.rounding = (mxcsr >>> 13) & 3;
    env.masks = (mxcsr >>> 7) & 0x3f;
    env.flushToZero = (mxcsr & FTZ) !== 0;
    this.denormalsAreZeros = (mxcsr & DAZ) !== 0;
    this.all = 0;
  }

  /** Notes the exceptions; #XM, or #UD where the operating system does not handle it, for one that is not masked. */
  private finish(record: number): number {
    const { core, env } = this;
    const { u32 } = core;
    const before = this.all & BEFORE & ~env.masks;
    u32[at.mxcsr] |= before ? this.all & BEFORE : this.all;
    if (!(this.all & ~env.masks)) return 0;
    return core.raise(record, u32[at.cr4] & CR4.OSXMMEXCPT ? XM : UD);
  }

  /** One lane: the operation's bits, its exceptions joined to `all`. What is found before computing and not masked stops it. */
  private lane(compute: () => Real, format: Format): bigint {
    this.env.flags = 0;
    const exact = compute();
    if (this.env.flags & ~this.env.masks) {
      this.all |= this.env.flags;
      return 0n;
    }
    const bits = round(this.env, format, exact);
    this.all |= this.env.flags;
    return bits;
  }

  private unpack(format: Format, bits: bigint): Real {
    const value = unpack(format, bits);
    return value.denormal && this.denormalsAreZeros ? zero(value.sign) : value;
  }

  private noteDenormals(a: Real, b: Real = a): void {
    if (a.denormal || b.denormal) this.env.flags |= DENORMAL;
  }

  private invalid(): Real {
    this.env.flags |= INVALID;
    return defaultNan;
  }

  /** The first operand that is a NaN, quiet (SDM 1, table 4-7). */
  private nan(a: Real, b: Real): Real | undefined {
    if (a.kind !== "nan" && b.kind !== "nan") return undefined;
    if (a.signaling || b.signaling) this.env.flags |= INVALID;
    return quiet(a.kind === "nan" ? a : b);
  }

  private sum(a: Real, b: Real): Real {
    const nan = this.nan(a, b);
    if (nan) return nan;
    if (a.kind === "infinity" && b.kind === "infinity" && a.sign !== b.sign) return this.invalid();
    this.noteDenormals(a, b);
    if (a.kind === "infinity") return a;
    if (b.kind === "infinity") return b;
    return add(a, b, this.env.rounding);
  }

  private difference(a: Real, b: Real): Real {
    return this.sum(a, b.kind === "nan" ? b : negate(b));
  }

  private product(a: Real, b: Real): Real {
    const nan = this.nan(a, b);
    if (nan) return nan;
    const infinite = a.kind === "infinity" || b.kind === "infinity";
    if (infinite && (a.kind === "zero" || b.kind === "zero")) return this.invalid();
    this.noteDenormals(a, b);
    return infinite ? infinity((a.sign ^ b.sign) as 0 | 1) : multiply(a, b);
  }

  private quotient(a: Real, b: Real): Real {
    const nan = this.nan(a, b);
    if (nan) return nan;
    const sign = (a.sign ^ b.sign) as 0 | 1;
    if (a.kind === b.kind && a.kind !== "finite") return this.invalid();
    if (b.kind === "zero") {
      if (a.kind !== "infinity") this.env.flags |= ZERO_DIVIDE;
      return infinity(sign);
    }
    this.noteDenormals(a, b);
    if (a.kind === "infinity") return infinity(sign);
    return a.kind === "zero" || b.kind === "infinity" ? zero(sign) : divide(a, b);
  }

  private root(a: Real): Real {
    const nan = this.nan(a, a);
    if (nan) return nan;
    if (a.kind === "zero") return a;
    if (a.sign) return this.invalid();
    this.noteDenormals(a);
    return a.kind === "infinity" ? a : squareRoot(a);
  }

  /** Minimum and maximum hand on the second operand whenever the first is not strictly the one asked for. */
  private extreme(format: Format, a: bigint, b: bigint, sign: number): bigint {
    const [x, y] = [this.unpack(format, a), this.unpack(format, b)];
    this.env.flags = 0;
    let first = false;
    if (x.kind === "nan" || y.kind === "nan") this.env.flags |= INVALID;
    else {
      this.noteDenormals(x, y);
      first = compare(x, y) === sign;
    }
    this.all |= this.env.flags;
    const chosen = first ? a : b;
    const value = first ? x : y;
    // A denormal read as zero is handed on as zero.
    return value.kind === "zero" ? BigInt(value.sign) << BigInt(format.width - 1) : chosen;
  }

  /** Argument 0: operation, format and lanes; then both operands. */
  readonly arithmetic = (record: number): number => {
    const code = this.core.argument(0);
    const operation = code & 0xff;
    const format = code & SINGLE_PRECISION ? SINGLE : DOUBLE;
    this.begin();
    this.eachLane(code >>> 16, format.width, format.width, (a, b, n) => {
      if (operation === FLOAT.min || operation === FLOAT.max)
        return this.extreme(format, a, b, operation === FLOAT.min ? -1 : 1);
      const [x, y] = [this.unpack(format, a), this.unpack(format, b)];
      if (operation === FLOAT.reciprocal || operation === FLOAT.reciprocalRoot) return this.estimate(operation, b);
      return this.lane(() => {
        switch (operation) {
          case FLOAT.add:
            return this.sum(x, y);
          case FLOAT.subtract:
            return this.difference(x, y);
          case FLOAT.subtractAdd:
            return n % 2 ? this.sum(x, y) : this.difference(x, y);
          case FLOAT.multiply:
            return this.product(x, y);
          case FLOAT.divide:
            return this.quotient(x, y);
          case FLOAT.root:
            return this.root(y);
          default:
            throw new Error(`no floating-point operation ${operation}`);
        }
      }, format);
    });
    return this.finish(record);
  };

  /** Calls `compute` for each lane of the arguments and puts the value together; the rest of it is 0. */
  private eachLane(count: number, from: number, to: number, compute: Lane): void {
    const { core } = this;
    const whole = count * from > 64;
    const wide = (n: number) => core.argument64(n) | (whole ? core.argument64(n + 1) << 64n : 0n);
    const a = wide(1);
    const b = wide(whole ? 3 : 2);
    let value = 0n;
    for (let n = 0; n < count; n++) {
      const lane = (operand: bigint) => BigInt.asUintN(from, operand >> BigInt(n * from));
      value |= compute(lane(a), lane(b), n) << BigInt(n * to);
    }
    core.set("value", BigInt.asUintN(64, value));
    core.set("value", value >> 64n, 1);
  }

  /** RCPPS and RSQRTPS: 12 bits are asked for; exact results rounded to 12 bits are given. No exceptions; denormals are zeros. */
  private estimate(operation: number, bits: bigint): bigint {
    const quietly: Environment = { rounding: 0, masks: 0x3f, flushToZero: true, flags: 0, roundedUp: false };
    const value = unpack(SINGLE, bits);
    const root = operation === FLOAT.reciprocalRoot;
    if (value.kind === "nan") return round(quietly, SINGLE, quiet(value));
    if (value.kind === "zero" || value.denormal) return round(quietly, SINGLE, infinity(value.sign));
    if (root && value.sign) return round(quietly, SINGLE, defaultNan);
    if (value.kind === "infinity") return round(quietly, SINGLE, zero(value.sign));
    const exact = divide(integer(1n), root ? squareRoot(value) : value);
    const tiny = magnitude(exact) < 1 - SINGLE.bias;
    return round(quietly, SINGLE, tiny ? zero(value.sign) : { ...exact, sign: value.sign }, 12);
  }

  /** CMPxx: argument 0 carries the predicate in bits 8..10 of its upper part; all ones where it holds. */
  readonly compareLanes = (record: number): number => {
    const code = this.core.argument(0);
    const predicate = code & 7;
    const format = code & SINGLE_PRECISION ? SINGLE : DOUBLE;
    // LT, LE and their negations signal for every NaN.
    const signals = (predicate & 3) === 1 || (predicate & 3) === 2;
    const ones = (1n << BigInt(format.width)) - 1n;
    this.begin();
    this.eachLane(code >>> 16, format.width, format.width, (a, b) => {
      const relation = this.relate(this.unpack(format, a), this.unpack(format, b), signals);
      const holds = [relation === 0, relation === -1, relation === -1 || relation === 0, relation === undefined];
      return holds[predicate & 3] !== predicate >= 4 ? ones : 0n;
    });
    return this.finish(record);
  };

  /** -1, 0, 1, or undefined: unordered. */
  private relate(a: Real, b: Real, signals: boolean): number | undefined {
    this.env.flags = 0;
    let relation: number | undefined;
    if (a.kind === "nan" || b.kind === "nan") {
      if (signals || a.signaling || b.signaling) this.env.flags |= INVALID;
    } else {
      this.noteDenormals(a, b);
      relation = compare(a, b);
    }
    this.all |= this.env.flags;
    return relation;
  }

  /** COMISx and UCOMISx: CF, PF and ZF at their places in RFLAGS. */
  readonly compareFlags = (record: number): number => {
    const { core } = this;
    const code = core.argument(0);
    const format = code & SINGLE_PRECISION ? SINGLE : DOUBLE;
    this.begin();
    const [a, b] = [1, 2].map((n) => this.unpack(format, BigInt.asUintN(format.width, core.argument64(n))));
    const relation = this.relate(a, b, (code & 1) !== 0);
    core.yield32(relation === undefined ? 0x45 : relation < 0 ? 1 : relation === 0 ? 0x40 : 0);
    return this.finish(record);
  };

  /** Argument 0: what from, what to, lanes, and whether to truncate; then the operand. */
  readonly convert = (record: number): number => {
    const code = this.core.argument(0);
    const from = code & 7;
    const to = (code >>> 3) & 7;
    const truncate = (code & 0x40) !== 0;
    this.begin();
    this.eachLane(code >>> 16, widthOf(from), widthOf(to), (bits) => {
      if (from === INTEGER32 || from === INTEGER64) {
        return this.lane(() => integer(BigInt.asIntN(widthOf(from), bits)), formatOf(to));
      }
      const value = this.unpack(formatOf(from), bits);
      if (to === INTEGER32 || to === INTEGER64) return this.integral(value, widthOf(to), truncate);
      return this.lane(() => {
        const nan = this.nan(value, value);
        if (nan) return nan;
        this.noteDenormals(value);
        return value;
      }, formatOf(to));
    });
    return this.finish(record);
  };

  /** ROUNDxx: bits 0 and 1 of the immediate say how, unless bit 2 leaves it to MXCSR; bit 3: "inexact" is not noted. */
  readonly roundLanes = (record: number): number => {
    const code = this.core.argument(0);
    const format = code & SINGLE_PRECISION ? SINGLE : DOUBLE;
    this.begin();
    const rounding = code & 4 ? this.env.rounding : code & 3;
    this.eachLane(code >>> 16, format.width, format.width, (bits) => {
      const value = this.unpack(format, bits);
      if (value.kind === "nan") return this.lane(() => this.nan(value, value)!, format);
      if (value.kind !== "finite") return this.lane(() => value, format);
      const { value: whole, inexact } = toInteger(value, rounding);
      if (inexact && !(code & 8)) this.all |= INEXACT;
      return this.lane(() => (whole === 0n ? zero(value.sign) : integer(whole)), format);
    });
    return this.finish(record);
  };

  /** What does not fit becomes the integer indefinite, the most negative one. */
  private integral(value: Real, width: number, truncate: boolean): bigint {
    const rounded =
      value.kind === "finite" || value.kind === "zero"
        ? toInteger(value, truncate ? TOWARD_ZERO : this.env.rounding)
        : undefined;
    if (!rounded || BigInt.asIntN(width, rounded.value) !== rounded.value) {
      this.all |= INVALID;
      return 1n << BigInt(width - 1);
    }
    if (rounded.inexact) this.all |= INEXACT;
    return BigInt.asUintN(width, rounded.value);
  }
}

const widthOf = (type: number): number => (type === INTEGER64 || type === 1 ? 64 : 32);
const formatOf = (type: number): Format => (type === 0 ? SINGLE : DOUBLE);
