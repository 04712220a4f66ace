/** The x87 stack with its tags, and how an instruction begins, notes exceptions and leaves its result (SDM 1, 8.1 and 8.5). */
import { FPU_OPCODE, record as fieldOf } from "../../../record";
import { at, CS, type Core } from "../../core";
import { defaultNan, DENORMAL, type Environment, EXTENDED, INVALID, quiet, type Real, round, unpack } from "../real";

export const C0 = 0x100,
  C1 = 0x200,
  C2 = 0x400,
  C3 = 0x4000;
const CONDITIONS = C0 | C1 | C2 | C3;
export const STACK_FAULT = 0x40;
const PENDING = 0x8080;
export const INDEFINITE = 0xffff_c000_0000_0000_0000n;

export class X87Stack {
  readonly env: Environment = { rounding: 0, masks: 0, flushToZero: false, flags: 0, roundedUp: false };

  constructor(private readonly core: Core) {}

  place(n: number): number {
    return ((this.core.u32[at.fpuStatus] >>> 11) + n) & 7;
  }

  isFull(n: number): boolean {
    return (this.core.u32[at.fpuFull] & (1 << this.place(n))) !== 0;
  }

  bits(n: number): bigint {
    const place = 2 * this.place(n);
    return this.core.get("fpr", place) | ((this.core.get("fpr", place + 1) & 0xffffn) << 64n);
  }

  real(n: number): Real {
    return unpack(EXTENDED, this.bits(n));
  }

  put(n: number, bits: bigint): void {
    const place = this.place(n);
    this.core.set("fpr", BigInt.asUintN(64, bits), 2 * place);
    this.core.set("fpr", bits >> 64n, 2 * place + 1);
    this.core.u32[at.fpuFull] |= 1 << place;
  }

  turn(by: number): void {
    const { u32 } = this.core;
    u32[at.fpuStatus] = (u32[at.fpuStatus] & ~0x3800) | ((((u32[at.fpuStatus] >>> 11) + by) & 7) << 11);
  }

  pop(count: number): void {
    for (let n = 0; n < count; n++) {
      this.core.u32[at.fpuFull] &= ~(1 << this.place(0));
      this.turn(1);
    }
  }

  /** How an instruction begins that can fault no more. `keepsC1`: FCOMI and FCMOVcc clear C1 only for a stack underflow. */
  begin(record: number, keepsC1 = false): void {
    this.point(record);
    this.prepare(keepsC1);
  }

  /** The same while it can still fault: pointers are left alone. */
  prepare(keepsC1 = false): void {
    const { core, env } = this;
    const control = core.u32[at.fpuControl];
    env.rounding = (control >>> 10) & 3;
    env.masks = control & 0x3f;
    env.flags = 0;
    env.roundedUp = false;
    if (!keepsC1) core.u32[at.fpuStatus] &= ~C1;
  }

  /** Notes opcode, place and operand of the instruction at `record`. */
  point(record: number): void {
    const { core } = this;
    const { u32, view } = core;
    const opcode = view.getUint32(record + fieldOf.immediate, true);
    // Control instructions have none.
    if (opcode === 0) return;
    u32[at.fpuOpcode] = opcode & FPU_OPCODE.bits;
    [u32[at.fpuIp], u32[at.fpuIp + 1]] = core.nextRipHalves(record, fieldOf.start);
    u32[at.fpuCs] = u32[at.selector + CS];
    if (!(opcode & FPU_OPCODE.memory)) return;
    [u32[at.fpuDp], u32[at.fpuDp + 1]] = core.operandOffset(record);
    if (opcode & (FPU_OPCODE.bits16 | FPU_OPCODE.bits32)) u32[at.fpuDp + 1] = 0;
    if (opcode & FPU_OPCODE.bits16) u32[at.fpuDp] &= 0xffff;
    u32[at.fpuDs] = u32[at.selector + core.segmentOf(record)];
  }

  get precision(): number {
    return [24, 64, 53, 64][(this.core.u32[at.fpuControl] >>> 8) & 3];
  }

  /** Notes exceptions. True when one of them is not masked. */
  note(flags: number): boolean {
    const { u32 } = this.core;
    u32[at.fpuStatus] |= flags;
    if (!(flags & ~this.env.masks & 0x3f)) return false;
    u32[at.fpuStatus] |= PENDING;
    return true;
  }

  condition(bits: number): void {
    const { u32 } = this.core;
    u32[at.fpuStatus] = (u32[at.fpuStatus] & ~CONDITIONS) | bits;
  }

  setC1(): void {
    this.core.u32[at.fpuStatus] |= C1;
  }

  /** An empty register was read (C1 clear). True when the masked answer may be given. */
  underflow(): boolean {
    this.core.u32[at.fpuStatus] &= ~C1;
    return !this.note(INVALID | STACK_FAULT);
  }

  /** Stores what `compute` yields in ST(dst), then pops; what it finds before computing and is not masked stops it. */
  produce(dst: number, pops: number, compute: () => Real, precision = EXTENDED.precision): boolean {
    const { env } = this;
    const exact = compute();
    if (env.flags && this.note(env.flags)) return false;
    this.put(dst, round(env, EXTENDED, exact, precision));
    if (env.roundedUp) this.setC1();
    this.note(env.flags);
    this.pop(pops);
    return true;
  }

  push(bits: bigint): void {
    if (this.isFull(-1)) {
      this.setC1();
      if (this.note(INVALID | STACK_FAULT)) return;
      bits = INDEFINITE;
    }
    this.turn(-1);
    this.put(0, bits);
  }

  invalid(): Real {
    this.env.flags |= INVALID;
    return defaultNan;
  }

  /** SDM 1, table 4-7: a quiet NaN before a signaling one, the larger significand, the positive one. */
  nan(a: Real, b: Real): Real | undefined {
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

  noteDenormals(a: Real, b: Real = a): void {
    if (a.denormal || b.denormal) this.env.flags |= DENORMAL;
  }

  /** Bit 6 is always set, 7 and 13 to 15 never. ES and B follow from what the control word does not mask. */
  setControl(value: number): void {
    this.core.u32[at.fpuControl] = (value & 0x1f3f) | 0x40;
    this.setStatus(this.core.u32[at.fpuStatus]);
  }

  setStatus(value: number): void {
    const { u32 } = this.core;
    const pending = value & ~u32[at.fpuControl] & 0x3f;
    u32[at.fpuStatus] = (value & 0x7f7f) | (pending ? PENDING : 0);
    if (!pending) this.core.board.numericErrors?.clear();
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
