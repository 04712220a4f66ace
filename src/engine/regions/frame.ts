/**
 * The locals of a region's function, and its ways in and out. At the ways out all registers and flags that the region may have
 * changed go back to the state; a way out is a few constants and a jump to the end of the function.
 */
import { lookUp } from "../handlers/lookup";
import { EXIT, record } from "../record";
import { JUMP, JUMPS, type WasmOffset } from "../areas";
import { layout } from "../state";
import { Code, EMPTY, I32, I64, memory, op, V128 } from "../wasm/code";
import type { Touched } from "./aside";
import { pushUnsettled } from "../lower/float/writer";
import type { Label, RegionCode } from "./code";
import { flagLocals, type FlagLocals } from "./flags";
import { followEntry, followSite } from "./links";
import { type Open, pushClosed } from "./open";
import type { Segmentation } from "./segmentation";

const SELF = 0;
/** Parameters of a function that is reached through doors: number of the block to go to, and ticks left, less those of the block. */
export const DOOR_PARAMETERS = [I32, I32] as const;
export const DOOR = { block: 0, remaining: 1 } as const;
const registerOffset = (register: number) => layout.registers.offset + register * 8;
const vectorOffset = (register: number) => layout.xmm.offset + register * 16;
const CR0_EM_TS = 12,
  CR4_OSFXSR = 0x200;
const flagFields = ["cf", "of", "af", "zeroSource", "signSource"] as const;
type FlagField = (typeof flagFields)[number];

/** Where the interpreter takes over: a record in the middle of its block. */
export interface Handover {
  readonly record: WasmOffset;
  /** Table slot of the record's handler. */
  readonly handler: number;
  /** RIP of the block that the record stands in. */
  readonly blockRip: bigint;
  /** What to add to the local count, which was charged for the region's block, so that the record's whole block is charged. */
  readonly charge: number;
}

/** One instruction for the interpreter: its own records, the handler of the first, and the RIP that they count from. */
export interface Aside {
  readonly records: WasmOffset;
  readonly handler: number;
  readonly blockRip: bigint;
}

/** How the function is entered. */
export interface Entry {
  readonly rip: bigint;
  /** Instructions of the decoded block that the caller has charged, of the region's first block, and what must be left there. */
  readonly charged: number;
  readonly instructions: number;
  readonly needed: number;
  /** The handler that the entry record has without the region. */
  readonly handler: number;
}

/** Type of the functions to go to, and a cell for each way out (links.ts). */
export interface Linking {
  readonly behindDoors: number;
  site(): number;
}

export class Frame {
  /** Ticks left, less those of the block that is running. */
  readonly remaining: number;
  /** RIP to go to, at the ways out. */
  readonly target: number;
  readonly flags: FlagLocals;
  /** The local for the cell of the way out, if there is one that may be straight. */
  private site: number | undefined;
  private readonly exitRecord: number;
  private readonly exitHandler: number;
  private readonly registers = new Map<number, number>();
  private readonly written = new Set<number>();
  private readonly kept = new Map<number, number>();
  private readonly vectors = new Map<number, number>();
  private readonly writtenVectors = new Set<number>();
  private usesSse = false;
  private usesX87 = false;
  private readonly flagsTouched = new Set<FlagField>();
  private unsettledLocal: number | undefined;
  private out!: Label;
  private counted: Label | undefined;
  private usesOpenMemory = false;
  /** Of the page that a way out leads to. */
  private unproven: { readonly cell: number; readonly expected: number } | undefined;
  /** What the interpreter returned when it did not come back from an aside. */
  private result: number | undefined;

  constructor(
    readonly code: RegionCode,
    private readonly handlerType: number,
    private readonly segmentation: Segmentation,
    /** The function is reached through doors (DOOR_PARAMETERS); else it takes the place of a handler. */
    readonly hasDoors: boolean,
    private readonly openMemory: Open | undefined,
    /** For ways straight to other regions. */
    private readonly linking: Linking | undefined,
  ) {
    this.remaining = hasDoors ? DOOR.remaining : code.permanent(I32);
    this.target = code.permanent(I64);
    this.exitRecord = code.permanent(I32);
    this.exitHandler = code.permanent(I32);
    this.flags = flagLocals(code);
  }

  /** The local of a general register. */
  register(number: number): number {
    let local = this.registers.get(number);
    if (local === undefined) this.registers.set(number, (local = this.code.permanent(I64)));
    return local;
  }

  writes(number: number): number {
    this.written.add(number);
    return this.register(number);
  }

  /** What a register was before an instruction that may be taken back. */
  before(number: number): number {
    let local = this.kept.get(number);
    if (local === undefined) this.kept.set(number, (local = this.code.permanent(I64)));
    return local;
  }

  /** The local of an xmm register. */
  vector(number: number): number {
    let local = this.vectors.get(number);
    if (local === undefined) this.vectors.set(number, (local = this.code.permanent(V128)));
    return local;
  }

  writesVector(number: number): number {
    this.writtenVectors.add(number);
    return this.vector(number);
  }

  /** Some instruction must not run when SSE is switched off. Nothing in a region switches it. */
  useSse(): void {
    this.usesSse = true;
  }

  /** The same of x87. */
  useX87(): void {
    this.usesX87 = true;
  }

  /** The local that is 0 while MXCSR is as usual and "inexact" is set, from the entry on. */
  get unsettled(): number {
    return (this.unsettledLocal ??= this.code.permanent(I32));
  }

  /** After what may have changed MXCSR. */
  setUnsettled(code: Code): void {
    pushUnsettled(code);
    code.set(this.unsettled);
  }

  /** The region takes for granted that its stretches are open. */
  useOpenMemory(): void {
    this.usesOpenMemory = true;
  }

  /** Whether anybody did. */
  get reliesOnOpenMemory(): boolean {
    return this.usesOpenMemory;
  }

  /** The flags are kept in locals from the entry on. */
  useFlags(): void {
    if (this.flagsTouched.size === 0) for (const field of flagFields) this.flagsTouched.add(field);
  }

  /** Whoever knows that RIP, tag and ticks are right need not ask what else doors ask (`checkEntry`). Call after `close`. */
  get isLinkable(): boolean {
    return this.linking !== undefined && !this.usesSse && !this.usesX87 && !this.usesOpenMemory;
  }

  // ---- out ----

  /** The interpreter runs the instruction of the record and what follows. Flags must be handed over. */
  interpret({ record: at, handler, blockRip, charge }: Handover): void {
    const { code } = this;
    code.i32(at).set(this.exitRecord).i32(handler).set(this.exitHandler);
    code.i64(blockRip).set(this.target);
    if (charge !== 0) code.get(this.remaining).i32(charge).op(op.i32Add).set(this.remaining);
    code.goto(this.out);
  }

  /** A way out, by `leave`, because an access was elsewhere than in open memory. */
  outside(leave: () => void): void {
    const { out } = this;
    this.out = this.counted!;
    leave();
    this.out = out;
  }

  /** The interpreter runs one instruction, at records of its own. Touched flags must be in their locals. */
  aside({ records, handler, blockRip }: Aside, touched: Touched): void {
    const { code } = this;
    const result = (this.result ??= code.permanent(I32));
    for (const number of touched.registers) this.storeRegister(number);
    for (const number of touched.vectors) this.storeVector(number);
    if (touched.flags) for (const field of flagFields) this.storeFlag(field);
    code.i32(0).i64(blockRip).access(memory.i64Store, layout.rip.offset);
    code.i32(0).get(this.remaining).access(memory.i32Store, layout.remaining.offset);
    code.i32(records).i32(handler).callIndirect(this.handlerType).set(result);
    for (const number of touched.registers) this.loadRegister(code, number, this.writes(number));
    for (const number of touched.vectors) this.loadVector(code, number, this.writesVector(number));
    if (touched.flags) for (const field of flagFields) this.loadFlag(code, field);
    if (touched.ticks) code.loadAt(memory.i32Load, layout.remaining.offset).set(this.remaining);
  }

  /** After an aside: leaves the region with what the interpreter returned, unless it came back. `handFlags` as for each way out. */
  unlessResumed(handFlags: () => void): void {
    const { code } = this;
    code.get(this.result!).i32(EXIT.resume).op(op.i32Ne).if(EMPTY);
    handFlags();
    code.loadAt(memory.i64Load, layout.rip.offset).set(this.target);
    code.loadAt(memory.i32Load, layout.remaining.offset).set(this.remaining);
    code.i32(1).set(this.exitRecord).goto(this.out).end();
  }

  /** Goes on at the RIP in `target`, outside. Flags must be handed over. */
  leave(): void {
    if (this.linking) this.code.i32(this.linking.site()).set((this.site ??= this.code.permanent(I32)));
    this.code.goto(this.out);
  }

  /**
   * Goes on at the RIP in `target`, in another page, where the region holds the block of this record: if that is what is found there, the page
   * is proven in its cell (pages.ts). Flags must be handed over.
   */
  leaveUnproven(cell: WasmOffset, expected: WasmOffset): void {
    const { code } = this;
    this.unproven ??= { cell: code.permanent(I32), expected: code.permanent(I32) };
    code.i32(cell).set(this.unproven.cell).i32(expected).set(this.unproven.expected).goto(this.out);
  }

  /** The ticks do not cover what comes at the RIP in `target`: a sample is taken, or the interpreter uses them up. Flags must be handed over. */
  endRun(): void {
    this.code.i32(1).set(this.exitRecord).goto(this.out);
  }

  /** Before the body. */
  open(): void {
    const { code } = this;
    code.block();
    this.out = code.label;
    if (!this.openMemory) return;
    code.block();
    this.counted = code.label;
  }

  /** Writes the rest of the function around its body. `followFlags` brings the flags into their locals. */
  close(entries: readonly Entry[], followFlags: () => void): void {
    const { code } = this;
    code.unreachable();
    if (this.openMemory) this.count(this.openMemory.cell);
    code.end();
    followFlags();
    this.spill();
    code.get(this.exitRecord).if(EMPTY);
    code.get(this.exitHandler).if(EMPTY);
    this.handOver();
    code.end();
    if (this.result !== undefined) this.returnResult(this.result);
    code.loadAt(memory.i32Load, layout.sampling.offset).if(EMPTY).i32(EXIT.regionBudget).op(op.return).end();
    code.end();
    this.goOn();
    const front = new Code(1);
    if (!this.hasDoors) this.enter(front, entries[0]);
    this.load(front);
    code.prepend(front);
  }

  /** Here end the ways out for accesses elsewhere. */
  private count(cell: WasmOffset): void {
    const { code } = this;
    code.end();
    code.i32(0).loadAt(memory.i32Load, cell).i32(1).op(op.i32Add).access(memory.i32Store, cell);
  }

  /** An aside that left the run: `result` is 0 or EXIT.resume when that was not so. */
  private returnResult(result: number): void {
    const { code } = this;
    code.get(result).i32(0).op(op.i32Ne).get(result).i32(EXIT.resume).op(op.i32Ne, op.i32And).if(EMPTY);
    code.get(result).op(op.return).end();
  }

  private spill(): void {
    const { code } = this;
    for (const number of this.written) this.storeRegister(number);
    for (const number of this.writtenVectors) this.storeVector(number);
    for (const field of this.flagsTouched) this.storeFlag(field);
    code.i32(0).get(this.target).access(memory.i64Store, layout.rip.offset);
    code.i32(0).get(this.remaining).access(memory.i32Store, layout.remaining.offset);
  }

  private storeRegister(number: number): void {
    this.code.i32(0).get(this.register(number)).access(memory.i64Store, registerOffset(number));
  }
  private storeVector(number: number): void {
    this.code.i32(0).get(this.vector(number)).access(memory.v128Store, vectorOffset(number));
  }
  private storeFlag(field: FlagField): void {
    const wide = layout[field].type === "u64";
    this.code
      .i32(0)
      .get(this.flags[field])
      .access(wide ? memory.i64Store : memory.i32Store, layout[field].offset);
  }
  private loadRegister(code: Code, number: number, local: number): void {
    code.loadAt(memory.i64Load, registerOffset(number)).set(local);
  }
  private loadVector(code: Code, number: number, local: number): void {
    code.loadAt(memory.v128Load, vectorOffset(number)).set(local);
  }
  private loadFlag(code: Code, field: FlagField): void {
    const wide = layout[field].type === "u64";
    code.loadAt(wide ? memory.i64Load : memory.i32Load, layout[field].offset).set(this.flags[field]);
  }

  /** A block that the ticks do not cover as a whole is for the run loop to portion. */
  private handOver(): void {
    const { code } = this;
    code.get(this.remaining).i32(0).op(op.i32LtS).if(EMPTY);
    code.i32(0).get(this.exitRecord).access(memory.i32Store, layout.exitRecord.offset);
    code.i32(EXIT.stale).op(op.return).end();
    code.get(this.exitRecord).get(this.exitHandler).returnCallIndirect(this.handlerType);
  }

  /** As handlers jump (handlers/jump.ts): through the table of jumps, charging the block there. */
  private goOn(): void {
    const { code, target, remaining } = this;
    const entry = code.permanent(I32);
    const block = code.permanent(I32);
    const links = this.site !== undefined && { target, remaining, entry, site: this.site };
    if (links) followSite(code, links, this.linking!.behindDoors);
    lookUp(code, target, entry, block);
    code
      .get(entry)
      .access(memory.i32Load, JUMPS.at + JUMP.record)
      .set(block);
    if (this.unproven) this.prove(block);
    if (links) followEntry(code, links, this.linking!.behindDoors);
    code.get(block);
    code.access(memory.i32Load16U, record.charge).set(entry);
    code.get(remaining).get(entry).op(op.i32Sub).tee(entry).i32(0).op(op.i32LtS).if(EMPTY);
    code.i32(EXIT.regionBudget).i32(EXIT.budget).loadAt(memory.i32Load, layout.sampling.offset);
    code.op(op.select, op.return).end();
    code.i32(0).get(entry).access(memory.i32Store, layout.remaining.offset);
    code.get(block).get(block).access(memory.i32Load, record.handler).returnCallIndirect(this.handlerType);
  }

  private prove(block: number): void {
    const { code } = this;
    const { cell, expected } = this.unproven!;
    code.get(block).get(expected).op(op.i32Eq).if(EMPTY);
    code.get(cell).loadAt(memory.i32Load, layout.jumpTag.offset).access(memory.i32Store);
    code.end();
  }

  // ---- in ----

  /**
   * Another RIP leads to the same bytes, segments changed, the ticks do not cover the decoded block, or SSE is switched off: that is the
   * interpreter's. (With less, a region
   * that hands over its first instruction would come to nothing.)
   */
  private enter(front: Code, entry: Entry): void {
    this.checkEntry(front, entry, this.remaining);
    const given = entry.charged - entry.instructions;
    if (given !== 0) front.get(this.remaining).i32(given).op(op.i32Add).set(this.remaining);
  }

  /** A function in the place of a block's handler that goes to that block in the region's function. Call after `close`. */
  door(entry: Entry, number: number, main: number): Code {
    const door = new Code(1);
    const remaining = door.local(I32);
    this.checkEntry(door, entry, remaining);
    door.i32(number).get(remaining);
    const given = entry.charged - entry.instructions;
    if (given !== 0) door.i32(given).op(op.i32Add);
    return door.returnCall(main);
  }

  private checkEntry(front: Code, { rip, charged, needed, handler }: Entry, remaining: number): void {
    front.loadAt(memory.i64Load, layout.rip.offset).i64(rip).op(op.i64Ne);
    front
      .loadAt(memory.i32Load, layout.remaining.offset)
      .tee(remaining)
      .i32(needed - charged)
      .op(op.i32LtS, op.i32Or);
    if (!this.segmentation.long) {
      this.segmentation.pushChanged(front);
      front.op(op.i32Or);
    }
    if (this.usesOpenMemory) {
      pushClosed(front, this.openMemory!.stretches.number);
      front.op(op.i32Or);
    }
    if (this.usesX87) front.loadAt(memory.i32Load, layout.cr0.offset).i32(CR0_EM_TS).op(op.i32And, op.i32Or);
    if (this.usesSse) {
      front.loadAt(memory.i32Load, layout.cr0.offset).i32(CR0_EM_TS).op(op.i32And);
      front.loadAt(memory.i32Load, layout.cr4.offset).i32(CR4_OSFXSR).op(op.i32And, op.i32Eqz, op.i32Or, op.i32Or);
    }
    front.if(EMPTY);
    front.get(SELF).i32(handler).returnCallIndirect(this.handlerType).end();
  }

  private load(front: Code): void {
    if (this.unsettledLocal !== undefined) this.setUnsettled(front);
    for (const [number, local] of this.registers) this.loadRegister(front, number, local);
    for (const [number, local] of this.vectors) this.loadVector(front, number, local);
    for (const field of this.flagsTouched) this.loadFlag(front, field);
  }
}
