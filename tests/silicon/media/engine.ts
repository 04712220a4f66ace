/** Runs cases on the engine and compares with what the processor did. */
import { decode } from "../../../src/engine/decode/decode";
import { effectiveAddress } from "../../isa/evaluate";
import { type Bits, codeBase, DATA, dataBase, START } from "../cases";
import { type BenchOptions, DATA_PAGE, EngineBench } from "../engine";
import { type Case, FX, FX_BYTES, initialState, type Outcome, type Vector, WINDOW_BYTES, windowOf } from "./cases";

const PENDING = 0x80;

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
  private load(fx: Uint8Array): void {
    const { state } = this;
    const view = new DataView(fx.buffer);
    state.set32("fpuControl", view.getUint16(FX.control, true));
    const status = view.getUint16(FX.status, true);
    state.set32("fpuStatus", status);
    state.set32("fpuFull", view.getUint8(FX.tags));
    state.set32("mxcsr", view.getUint32(FX.mxcsr, true));
    for (let n = 0; n < 8; n++) {
      const place = 2 * (((status >> 11) + n) & 7);
      state.set64("fpr", view.getBigUint64(FX.stack + 16 * n, true), place);
      state.set64("fpr", BigInt(view.getUint16(FX.stack + 16 * n + 8, true)), place + 1);
    }
    for (let n = 0; n < 32; n++) state.set64("xmm", view.getBigUint64(FX.xmm + 8 * n, true), n);
    for (const field of ["fpuIp", "fpuDp"] as const) state.set64(field, 0n);
    for (const field of ["fpuOpcode", "fpuCs", "fpuDs"] as const) state.set32(field, 0);
  }

  private image(): Uint8Array {
    const { state } = this;
    const fx = new Uint8Array(FX_BYTES);
    const view = new DataView(fx.buffer);
    const status = state.get32("fpuStatus");
    view.setUint16(FX.control, state.get32("fpuControl"), true);
    view.setUint16(FX.status, status, true);
    view.setUint8(FX.tags, state.get32("fpuFull"));
    view.setUint16(FX.opcode, state.get32("fpuOpcode"), true);
    view.setBigUint64(FX.instruction, state.get64("fpuIp"), true);
    view.setBigUint64(FX.operand, state.get64("fpuDp"), true);
    view.setUint32(FX.mxcsr, state.get32("mxcsr"), true);
    view.setUint32(FX.mask, 0xffff, true);
    for (let n = 0; n < 8; n++) {
      const place = 2 * (((status >> 11) + n) & 7);
      view.setBigUint64(FX.stack + 16 * n, state.get64("fpr", place), true);
      view.setUint16(FX.stack + 16 * n + 8, Number(state.get64("fpr", place + 1) & 0xffffn), true);
    }
    for (let n = 0; n < 32; n++) view.setBigUint64(FX.xmm + 8 * n, state.get64("xmm", n), true);
    return fx;
  }

  runMedia(test: Case): Outcome {
    const initial = initialState(test);
    this.enterCase(test.code, initial.registers, initial.flags);
    const place = DATA_PAGE + windowOf(test) - DATA;
    this.cpu.ram.set(initial.memory, place);
    this.load(initial.fx);
    const { signal, rip, flags, registers } = this.finishCase();
    const memory = this.cpu.ram.slice(place, place + WINDOW_BYTES);
    return { signal, rip, flags, registers, memory, fx: this.image() };
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
 * Bytes of the save area that are not compared: opcode, instruction and data pointer unless an exception is pending, since only then
 * this maker's processors save them there (AMD 2, 11.4.4; FNSTENV and FNSAVE show them always); the pointers' bits 48 to 63, which are
 * bit 47 again only where linear addresses have 48 bits; and the mask of MXCSR, in which they have a bit more.
 */
function isOpen(n: number, status: number): boolean {
  if (!(status & PENDING) && n >= FX.opcode && n < FX.mxcsr) return true;
  const inPointer = n >= FX.operand ? n - FX.operand : n - FX.instruction;
  return (n < FX.mxcsr && (inPointer === 6 || inPointer === 7)) || (n >= FX.mask && n < FX.stack);
}

/** What differs between the processor's outcome and the engine's, or "". */
export function difference({ test, outcome }: Vector, engine: Outcome): string {
  const parts: string[] = [];
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

function fieldName(n: number): string {
  if (n < FX.stack) return `+${n}`;
  if (n < FX.xmm) return `st${(n - FX.stack) >> 4}${n & 8 ? "h" : ""}`;
  return `xmm${(n - FX.xmm) >> 4}${n & 8 ? "h" : ""}`;
}
