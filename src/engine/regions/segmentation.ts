/**
 * What a region takes for granted about segments outside 64-bit mode (SDM 3, 3.2): CS as it was when the region was made, and of each
 * segment it uses that it is plain, or flat. The head of the region looks whether that still holds; inside nothing can change
 * it, since loading a segment register is left to the interpreter.
 */
import type { Expression } from "../../isa/expression";
import { type CpuState, layout, MODE } from "../state";
import { Code, EMPTY, I64, memory, op } from "../wasm/code";

const CS = 1,
  FS = 4;
const PLAIN = 8;
const PAGE = 4096n;
/** Of the addresses of 48 bits. */
const LOWER_HALF = 1n << 47n;
const isCanonical = (address: bigint) => BigInt.asUintN(64, address + LOWER_HALF) < 2n * LOWER_HALF;
const baseOf = (segment: number) => layout.segmentBase.offset + segment * 8;
const limitOf = (segment: number) => layout.segmentLimit.offset + segment * 4;

export class Segmentation {
  readonly long: boolean;
  /** Linear address of what RIP 0 means. */
  readonly codeBase: bigint;
  private readonly codeLimit: bigint;
  readonly kinds: number;
  /** Of segmentKinds (state.ts): what the region was made for. */
  private needed = 0;

  constructor(state: CpuState, mode: number) {
    this.long = (mode & MODE.long) !== 0;
    const wraps = mode & MODE.code32 ? 0xffff_ffffn : 0xffffn;
    const limit = BigInt(state.get32("segmentLimit", CS));
    this.codeBase = this.long ? 0n : BigInt(state.get32("segmentBase", CS));
    this.codeLimit = this.long ? (1n << 64n) - 1n : limit < wraps ? limit : wraps;
    this.kinds = this.long ? 0 : state.get32("segmentKinds");
  }

  /** What the plans of instructions depend on. */
  plansAlike(other: Segmentation): boolean {
    return this.kinds === other.kinds && this.codeLimit === other.codeLimit;
  }

  /** Number of the linear page of a RIP. */
  pageOf(rip: bigint): bigint {
    return this.linearOf(rip) / PAGE;
  }

  linearOf(rip: bigint): bigint {
    return this.long ? rip : (rip + this.codeBase) & 0xffff_ffffn;
  }

  /** Code at these places can be part of the region: all of it lies in the segment, with one more byte after it. */
  holds(rip: bigint, length: number): boolean {
    return this.long || rip + BigInt(length) <= this.codeLimit;
  }

  /** Code can be at this target of a jump that stands at `from`, as long as the region's head holds. */
  allows(target: Expression, from: bigint): boolean {
    const most = target.kind === "constant" ? target.value : (1n << BigInt(target.width)) - 1n;
    if (!this.long) return most <= this.codeLimit;
    return target.kind === "constant" && (isCanonical(most) || most / PAGE === from / PAGE);
  }

  /** [target: i64] -> [whether it is anywhere but where jumps from `from` may lead: that is for the interpreter]. */
  pushOutside(code: Code, from: bigint): void {
    if (!this.long) code.i64(this.codeLimit).op(op.i64GtU);
    // From one half of the addresses to the other nobody jumps.
    else if (from < LOWER_HALF) code.i64(LOWER_HALF).op(op.i64GeU);
    else code.i64(-LOWER_HALF).op(op.i64LtU);
  }

  /** The region can reach memory through this segment: always, or as long as it stays plain. */
  reaches(segment: number): boolean {
    return this.long || (segment !== CS && (this.kinds & (1 << (segment + PLAIN))) !== 0);
  }

  /** [offset: i64, exact] -> [linear: i64]. Outside the limit: `miss` writes the way out. */
  linear(code: Code, segment: number, bytes: number, miss: () => void): void {
    if (this.long) {
      if (segment >= FS) code.loadAt(memory.i64Load, baseOf(segment)).op(op.i64Add);
      return;
    }
    // The bases of FS and GS can be written without loading the segment (SDM 3, 3.4.4): they are never taken for 0.
    if (segment < FS && this.kinds & (1 << segment)) {
      this.needed |= 1 << segment;
      return;
    }
    this.needed |= 1 << (segment + PLAIN);
    const offset = code.local(I64);
    code.tee(offset);
    if (bytes > 1) code.i64(BigInt(bytes - 1)).op(op.i64Add);
    code.loadAt(memory.i64Load32U, limitOf(segment)).op(op.i64GtU).if(EMPTY);
    miss();
    code.end().get(offset).loadAt(memory.i64Load, baseOf(segment)).op(op.i64Add).i64(0xffff_ffffn).op(op.i64And);
  }

  /** Pushes whether something is not as it was. */
  pushChanged(code: Code): void {
    code.loadAt(memory.i64Load32U, baseOf(CS)).i64(this.codeBase).op(op.i64Ne);
    code.loadAt(memory.i64Load32U, limitOf(CS)).i64(this.codeLimit).op(op.i64LtU, op.i32Or);
    if (this.needed === 0) return;
    const { needed } = this;
    code.loadAt(memory.i32Load, layout.segmentKinds.offset).i32(needed).op(op.i32And).i32(needed);
    code.op(op.i32Ne, op.i32Or);
  }
}
