/** Runs cases on the engine and compares with what the processor did. */
import { decode } from "../../../src/engine/decode/decode";
import { effectiveAddress } from "../../isa/evaluate";
import { type Bits, codeBase, DATA, dataBase, START } from "../cases";
import { type BenchOptions, DATA_PAGE, EngineBench } from "../engine";
import { type Case, FX, initialState, type Outcome, type Vector, WINDOW_BYTES, windowOf } from "./cases";
import { fieldName, isOpen, readImage, writeImage } from "./image";

const PAGE = 4096;
const RDI = 7;

/** A bench for each mode, made when it is asked for. */
export function mediaBenches(options: BenchOptions = {}): (bits: Bits) => MediaBench {
  const benches = new Map<Bits, MediaBench>();
  return (bits) => {
    const bench = benches.get(bits) ?? new MediaBench(bits, options);
    benches.set(bits, bench);
    return bench;
  };
}

export class MediaBench extends EngineBench {
  runMedia(test: Case): Outcome {
    const initial = initialState(test);
    this.enterCase(test.code, initial.registers, initial.flags);
    const place = DATA_PAGE + windowOf(test) - DATA;
    this.cpu.ram.set(initial.memory, place);
    writeImage(this.state, initial.fx);
    const { signal, rip, flags, registers } = this.finishCase();
    const memory = this.cpu.ram.slice(place, place + WINDOW_BYTES);
    return { signal, rip, flags, registers, memory, fx: readImage(this.state) };
  }
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

const decodeCase = ({ code, bits }: Case) => decode(code, 0, { long: bits === 64, code32: bits === 32 });

/** Of the instruction under test; FNSTENV may stand behind it. */
export function nameOf(test: Case): string {
  const decoded = decodeCase(test);
  return decoded.kind === "instruction" ? `${decoded.instruction.name} ${decoded.form.text}` : "?";
}

/**
 * A masked store that selects nothing, or nothing of one of two pages: whether it faults where it would store is left to the processor (SDM 2B
 * MASKMOVQ, MASKMOVDQU, of masks of zeros).
 */
function storesNothing(test: Case): boolean {
  const decoded = decodeCase(test);
  if (decoded.kind !== "instruction" || !decoded.instruction.name.startsWith("maskmov")) return false;
  const mask = decoded.operands[2];
  if (mask.kind !== "vector") throw new Error("no mask");
  const { fx, registers } = initialState(test);
  const top = new DataView(fx.buffer).getUint16(FX.status, true) >> 11;
  const at = mask.file === "xmm" ? FX.xmm + 16 * mask.register : FX.stack + 16 * ((mask.register - top) & 7);
  const bytes = fx.subarray(at, at + mask.width / 8);
  const split = PAGE - Number(registers[RDI] & 0xfffn);
  const isEmpty = (part: Uint8Array) => part.length > 0 && part.every((byte) => byte < 0x80);
  return isEmpty(bytes.subarray(0, split)) || isEmpty(bytes.subarray(split));
}

/** What differs between the processor's outcome and the engine's, or "". */
export function difference({ test, outcome }: Vector, engine: Outcome): string {
  const parts: string[] = [];
  if (engine.signal !== outcome.signal && storesNothing(test)) return "";
  if (engine.signal !== outcome.signal) parts.push(`signal ${engine.signal}, not ${outcome.signal}`);
  if (engine.rip !== outcome.rip) parts.push(`rip +${engine.rip - START}, not +${outcome.rip - START}`);
  if (engine.flags !== outcome.flags)
    parts.push(`flags ${engine.flags.toString(16)}, not ${outcome.flags.toString(16)}`);
  outcome.registers.forEach((value, n) => {
    if (engine.registers[n] !== value)
      parts.push(`register ${n} ${engine.registers[n].toString(16)}, not ${value.toString(16)}`);
  });
  if (parts.length === 0 && same(engine.memory, outcome.memory) && same(engine.fx, outcome.fx)) return "";
  const status = new DataView(outcome.fx.buffer).getUint16(FX.status, true);
  const areas = /^fxsave/.test(nameOf(test)) ? saved(test) : undefined;
  for (let n = 0; n < WINDOW_BYTES; n += 8) {
    const [ours, theirs] = [engine.memory.slice(n, n + 8), outcome.memory.slice(n, n + 8)];
    if (same(ours, theirs)) continue;
    for (let b = 0; b < 8; b++) if (areas !== undefined && isOpen(n + b - areas, status)) ours[b] = theirs[b];
    if (!same(ours, theirs)) parts.push(`memory ${n} ${hex(ours)}, not ${hex(theirs)}`);
  }
  const estimated = isTranscendental(test);
  if (estimated && outsideDomain(test)) return "";
  for (let n = 0; n < FX.end; n += 8) {
    const [ours, theirs] = [engine.fx.slice(n, n + 8), outcome.fx.slice(n, n + 8)];
    if (same(ours, theirs)) continue;
    if (estimated && n === 0) ours[3] = (ours[3] & ~2) | (theirs[3] & 2);
    if (estimated && n >= FX.stack && n < FX.xmm && closeExtended(engine.fx, outcome.fx, n & ~15)) continue;
    for (let b = 0; b < 8; b++) if (isOpen(n + b, status)) ours[b] = theirs[b];
    if (isEstimate(test) && n >= FX.xmm && closeSingles(ours, theirs)) continue;
    if (!same(ours, theirs)) parts.push(`fx ${fieldName(n)} ${hex(ours)}, not ${hex(theirs)}`);
  }
  if (parts.length === 0) return "";
  const before = initialState(test);
  const mxcsr = new DataView(before.fx.buffer).getUint32(FX.mxcsr, true).toString(16);
  const head = hex(before.fx.slice(0, 6));
  return `${test.bits}-bit ${hex(test.code)}, seed ${test.seed}, mxcsr ${mxcsr}, fcw/fsw/ftw ${head}, style ${test.style}: ${parts.join("; ")}`;
}

const isTranscendental = (test: Case) => /^f(sin|cos|sincos|ptan|patan|2xm1|yl2xp?1?) /.test(nameOf(test));

/** F2XM1 is defined for -1 to 1, FYL2XP1 for -(1 - sqrt(1/2)) to sqrt(2) - 1 (SDM 2A); nothing is said of other arguments. */
function outsideDomain(test: Case): boolean {
  const name = nameOf(test).split(" ")[0];
  if (name !== "f2xm1" && name !== "fyl2xp1") return false;
  const view = new DataView(initialState(test).fx.buffer);
  const exponent = view.getUint16(FX.stack + 8, true) & 0x7fff;
  return exponent >= (name === "f2xm1" ? 0x3fff : 0x3ffd) && exponent < 0x7fff;
}

/** The most that a result may be off by, in units of its last place: the manual promises 1 (SDM 1, 8.3.10), to either side. */
const MOST_ULPS = 2n;
function closeExtended(ours: Uint8Array, theirs: Uint8Array, place: number): boolean {
  const bits = (fx: Uint8Array) => {
    const view = new DataView(fx.buffer);
    return (BigInt(view.getUint16(place + 8, true)) << 63n) + (view.getBigUint64(place, true) & ((1n << 63n) - 1n));
  };
  const apart = bits(ours) - bits(theirs);
  return apart <= MOST_ULPS && apart >= -MOST_ULPS;
}

const isEstimate = (test: Case) => /^r(cp|sqrt)/.test(nameOf(test));

/** RCPPS and RSQRTPS may be off by 1.5 * 2^-12 (SDM 2B RCPPS), to either side: processors differ. What falls below the normal numbers is 0. */
function closeSingles(ours: Uint8Array, theirs: Uint8Array): boolean {
  const [a, b] = [ours, theirs].map((bytes) => new DataView(bytes.buffer));
  return [0, 4].every((at) => {
    if (a.getUint32(at, true) === b.getUint32(at, true)) return true;
    const [x, y] = [a.getFloat32(at, true), b.getFloat32(at, true)];
    return Math.abs(x - y) <= Math.max(2 ** -126, 3 * 2 ** -12 * Math.abs(y));
  });
}

/** Where the case's memory operand lies in the window. */
function saved(test: Case): number {
  const decoded = decodeCase(test);
  const operand = decoded.kind === "instruction" ? decoded.operands[0] : undefined;
  if (decoded.kind !== "instruction" || operand?.kind !== "memory") throw new Error("no memory operand");
  const { registers } = initialState(test);
  const address = effectiveAddress({ registers, rip: BigInt(START - codeBase(test.bits)) }, decoded, operand);
  return Number(address) + dataBase(test.bits) - windowOf(test);
}
