/**
 * Sine, cosine, tangent, arctangent, logarithm and power of two to far more bits than the extended format has, so that rounding them once is right but for
 * ties nobody has found: within half a unit of the last place, where the manual promises 1 (SDM 1, 8.3.10). Fixed-point numbers here are bigints counted in 2^-POINT.
 */
import { add, bitLength, divide, finite, magnitude, multiply, type Real, zero } from "./real";

const POINT = 320;
const P = BigInt(POINT);
const ONE = 1n << P;
/** Below this magnitude a series is its first term and a little less. */
const SMALL = -80;

const half = (value: bigint) => value >> 1n;
const times = (a: bigint, b: bigint) => (a * b) >> P;

/** arctan(1/n). */
function arctanOfInverse(n: bigint): bigint {
  let sum = 0n;
  let power = ONE / n;
  for (let k = 1n; power !== 0n; k += 2n) {
    sum += k & 2n ? -(power / k) : power / k;
    power /= n * n;
  }
  return sum;
}
/** artanh(x) for |x| of a third and less. */
function areaTangent(x: bigint): bigint {
  const square = times(x, x);
  let sum = 0n;
  for (let k = 1n, power = x; power !== 0n && power !== -1n; k += 2n) {
    sum += power / k;
    power = times(power, square);
  }
  return sum;
}

interface Constants {
  readonly pi: bigint;
  readonly ln2: bigint;
}
let known: Constants | undefined;
function constants(): Constants {
  known ??= {
    pi: 16n * arctanOfInverse(5n) - 4n * arctanOfInverse(239n),
    ln2: 2n * areaTangent(ONE / 3n),
  };
  return known;
}

/** A number as fixed point; bits below the point are cut off. */
const fixed = (a: Real): bigint => {
  if (a.kind === "zero") return 0n;
  const shift = a.exponent + POINT;
  const value = shift >= 0 ? a.significand << BigInt(shift) : a.significand >> BigInt(-shift);
  return a.sign ? -value : value;
};
/** Never exact: a sticky bit below. */
const real = (value: bigint, point = POINT): Real =>
  value < 0n ? finite(1, (-value << 1n) | 1n, -point - 1) : finite(0, (value << 1n) | 1n, -point - 1);

/** a, made a little smaller (or larger) in magnitude: what is left of a series whose other terms are far below. */
function nudged(a: Real, larger: boolean): Real {
  const tiny = finite(larger ? a.sign : ((a.sign ^ 1) as 0 | 1), 1n, magnitude(a) - 150);
  const wide = finite(a.sign, a.significand << 150n, a.exponent - 150);
  return add(wide, tiny, 0);
}

function sineSeries(r: bigint): bigint {
  const square = times(r, r);
  let sum = 0n;
  let term = r;
  for (let k = 2n; term !== 0n && term !== -1n; k += 2n) {
    sum += term;
    term = -times(term, square) / (k * (k + 1n));
  }
  return sum;
}
function cosineSeries(r: bigint): bigint {
  const square = times(r, r);
  let sum = 0n;
  let term = ONE;
  for (let k = 1n; term !== 0n && term !== -1n; k += 2n) {
    sum += term;
    term = -times(term, square) / (k * (k + 1n));
  }
  return sum;
}

/** The 66 bits of pi that sine and its kind reduce their argument by (SDM 1, 8.3.8). */
const PI_66 = 0xc90f_daa2_2168_c234_cn << (P - 66n);

/** The argument less a multiple of pi/2, and that multiple modulo 4. */
function reduced(a: Real): { r: bigint; quadrant: number } {
  const value = fixed(a);
  const quarter = half(PI_66);
  let turns = value / quarter;
  let r = value - turns * quarter;
  if (2n * r > quarter) {
    turns += 1n;
    r -= quarter;
  } else if (2n * r < -quarter) {
    turns -= 1n;
    r += quarter;
  }
  return { r, quadrant: Number(BigInt.asUintN(2, turns)) };
}

const circle = (r: bigint, quadrant: number): bigint =>
  [sineSeries, cosineSeries, (x: bigint) => -sineSeries(x), (x: bigint) => -cosineSeries(x)][quadrant](r);

/** |a| < 2^63. */
export function sine(a: Real): Real {
  if (a.kind === "zero") return a;
  if (magnitude(a) < SMALL) return nudged(a, false);
  const { r, quadrant } = reduced(a);
  return real(circle(r, quadrant));
}
export function cosine(a: Real): Real {
  if (a.kind === "zero") return finite(0, 1n, 0);
  if (magnitude(a) < SMALL) return nudged(finite(0, 1n, 0), false);
  const { r, quadrant } = reduced(a);
  return real(circle(r, (quadrant + 1) & 3));
}
export function tangent(a: Real): Real {
  if (a.kind === "zero") return a;
  if (magnitude(a) < SMALL) return nudged(a, true);
  const { r, quadrant } = reduced(a);
  const [s, c] = [circle(r, quadrant), circle(r, (quadrant + 1) & 3)];
  return real((s << P) / c);
}

/** arctan(t) for 0 <= t <= 1: halve the angle until the series is short. */
function arctanSeries(t: bigint): bigint {
  const HALVINGS = 4n;
  for (let n = 0n; n < HALVINGS; n++) t = (t << P) / (ONE + root(ONE + times(t, t)));
  const square = times(t, t);
  let sum = 0n;
  for (let k = 1n, power = t; power !== 0n; k += 2n) {
    sum += k & 2n ? -(power / k) : power / k;
    power = times(power, square);
  }
  return sum << HALVINGS;
}
function root(value: bigint): bigint {
  const radicand = value << P;
  let x = 1n << BigInt((bitLength(radicand) + 1) >> 1);
  for (;;) {
    const next = (x + radicand / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

/** The angle of (x, y), as FPATAN gives it (SDM 2A FPATAN, table 3-30); no NaNs. */
export function arctangent(y: Real, x: Real): Real {
  const { pi } = constants();
  const signed = (value: bigint): Real => ({ ...real(value), sign: y.sign });
  if (y.kind === "zero" || (x.kind === "infinity" && y.kind !== "infinity")) return x.sign ? signed(pi) : zero(y.sign);
  if (y.kind === "infinity" && x.kind === "infinity") return signed(x.sign ? pi - (pi >> 2n) : pi >> 2n);
  if (y.kind === "infinity" || x.kind === "zero") return signed(half(pi));
  const apart = magnitude(y) - magnitude(x);
  if (apart < SMALL && !x.sign) return nudged({ ...divide(y, x), sign: y.sign }, false);
  const [top, bottom] = [
    { ...y, sign: 0 as const },
    { ...x, sign: 0 as const },
  ];
  const ratio = apart > 0 ? divide(bottom, top) : divide(top, bottom);
  const precise = preciseRatio(apart > 0 ? bottom : top, apart > 0 ? top : bottom) ?? fixed(ratio);
  const angle = arctanSeries(precise);
  const first = apart > 0 ? half(pi) - angle : angle;
  return signed(x.sign ? pi - first : first);
}
/** a / b to all bits of the fixed point. */
function preciseRatio(a: Real, b: Real): bigint | undefined {
  const shift = a.exponent - b.exponent + POINT;
  if (shift < -2 * POINT) return 0n;
  return shift >= 0
    ? (a.significand << BigInt(shift)) / b.significand
    : a.significand / (b.significand << BigInt(-shift));
}

/** log2 of a positive number other than 1. */
export function logarithm(a: Real): Real {
  let power = magnitude(a);
  let mantissa = fixed(finite(0, a.significand, a.exponent - power));
  if (mantissa === ONE) return finite(power < 0 ? 1 : 0, BigInt(Math.abs(power)), 0);
  // Between 1/sqrt(2) and sqrt(2), or nearly.
  if (mantissa > (ONE * 45n) / 32n) {
    power++;
    mantissa = half(mantissa);
  }
  const ln = 2n * areaTangent(((mantissa - ONE) << P) / (mantissa + ONE));
  return real((BigInt(power) << P) + (ln << P) / constants().ln2);
}

/** log2(1 + a), a above -1 and not zero. */
export function logarithmPlus1(a: Real): Real {
  const inverse = real((ONE << P) / constants().ln2);
  if (magnitude(a) < SMALL * 2) return multiply(a, inverse);
  if (magnitude(a) >= 0 || (a.sign && magnitude(a) >= -1)) {
    const whole = add(finite(0, 1n, 0), a, 0);
    return whole.significand === 0n ? zero(0) : logarithm(whole);
  }
  const value = fixed(a);
  const ln = 2n * areaTangent((value << P) / (2n * ONE + value));
  return real((ln << P) / constants().ln2);
}

/** 2^a - 1. Meant for |a| <= 1; what lies outside is undefined by the manual and comes back unchanged. */
export function powerMinus1(a: Real): Real {
  if (a.kind === "zero") return a;
  if (magnitude(a) >= 0) {
    const isOne = a.significand === 1n << BigInt(bitLength(a.significand) - 1) && magnitude(a) === 0;
    if (!isOne) return a;
    return a.sign ? finite(1, 1n, -1) : finite(0, 1n, 0);
  }
  const { ln2 } = constants();
  if (magnitude(a) < SMALL * 2) return multiply(a, real(ln2));
  const exponent = times(fixed(a), ln2);
  let sum = 0n;
  let term = exponent;
  for (let k = 2n; term !== 0n && term !== -1n; k++) {
    sum += term;
    term = times(term, exponent) / k;
  }
  return real(sum);
}
