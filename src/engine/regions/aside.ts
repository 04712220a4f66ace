/**
 * Instructions that a region cannot do by itself, but which need not end it: the interpreter's handlers run one or several that follow each
 * other, at records of their own, and come back. What they touch of what the region keeps in locals goes to the state before and comes back after them. The last
 * of the records returns EXIT.resume; when the region is gone by then (an instruction wrote to its code) it leaves the run
 * instead, and the others report that they are stale.
 */
import { type Expression, RAX, RBP, RBX, RCX, RDI, RDX, RSI, RSP } from "../../isa/expression";
import type { Effect } from "../../isa/notation";
import type { SystemHelper } from "../../isa/system";
import type { Decoded } from "../decode/decode";
import { type Meaning, roots } from "../handlers/meaning";
import type { Shape } from "../handlers/shape";
import { SPECIAL } from "../handlers/special";
import { children } from "../lower";
import { record, RECORD_BYTES } from "../record";
import type { WasmOffset } from "../areas";
import type { CpuState } from "../state";
import type { Place } from "./place";

/** What an instruction reads or writes of what a region keeps in locals. */
export interface Touched {
  readonly registers: ReadonlySet<number>;
  readonly vectors: ReadonlySet<number>;
  readonly flags: boolean;
  /** It may use up ticks (REP). */
  readonly ticks: boolean;
}

export function touchedByAll(all: readonly Touched[]): Touched {
  return {
    registers: new Set(all.flatMap(({ registers }) => [...registers])),
    vectors: new Set(all.flatMap(({ vectors }) => [...vectors])),
    flags: all.some(({ flags }) => flags),
    ticks: all.some(({ ticks }) => ticks),
  };
}

interface Hidden {
  readonly registers?: readonly number[];
  readonly flags?: boolean;
}
const quiet: Hidden = {};
const flagsToo: Hidden = { flags: true };
/** The board's firmware answers at a port, and takes and gives registers. */
const everything: Hidden = { registers: Array.from({ length: 16 }, (_, n) => n), flags: true };
/** Outside 64-bit mode regions take segments, and A20 (open.ts), for granted, which these may change. MOV to a debug register ends the run. */
const onlyLong: ReadonlySet<SystemHelper> = new Set<SystemHelper>(["loadSegment", "loadPointerSegment", "portOut"]);

/**
 * Helpers after which the next instruction is run in the same mode, unless they end the run, and what they touch besides their arguments and value.
 * The others go elsewhere, or change what a region takes for granted.
 */
const helpers: Partial<Record<SystemHelper, Hidden>> = {
  ...{ portIn: quiet, portOut: everything, readControl: quiet, readDebug: quiet, writeDebug: quiet },
  ...{ tableLimit: quiet, tableBase: quiet, localTable: quiet, task: quiet },
  ...{ readMsr: quiet, writeMsr: quiet, timestamp: quiet, timestampAux: quiet },
  ...{
    readBase: quiet,
    writeBase: quiet,
    swapGs: quiet,
    loadSegment: quiet,
    loadPointerSegment: quiet,
    invalidateCaches: quiet,
  },
  ...{ loadAccessRights: quiet, loadSegmentLimit: quiet, verifyRead: quiet, verifyWrite: quiet },
  ...{ setInterrupts: quiet, clearInterrupts: quiet, getFlags: flagsToo, setFlags: flagsToo },
  ...{ cpuid: { registers: [RAX, RBX, RCX, RDX] }, enter: { registers: [RBP, RSP] } },
  ...{ loadMxcsr: quiet, mxcsr: quiet, maskedStore: quiet },
  ...{ floatArithmetic: quiet, floatCompare: quiet, floatFlags: quiet, floatConvert: quiet, floatRound: quiet },
  ...{
    fpuArithmetic: quiet,
    fpuArithmeticMemory: quiet,
    fpuCompare: quiet,
    fpuCompareFlags: quiet,
    fpuCompareMemory: quiet,
  },
  ...{ fpuLoad: quiet, fpuStore: quiet, fpuConstant: quiet, fpuExchange: quiet, fpuFree: quiet },
  ...{ fpuConditionalMove: flagsToo, fpuOperation: quiet, fpuWait: quiet, fpuEmpty: quiet },
  ...{ fpuLoadControl: quiet, fpuControl: quiet, fpuStatus: quiet, fpuClear: quiet, fpuInitialise: quiet },
  ...{ fpuLoadEnvironment: quiet, fpuStoreEnvironment: quiet, fpuRestore: quiet, fpuSave: quiet },
};

/** Undefined: the instruction ends a region. */
export function touchedBy(decoded: Decoded, shape: Shape, meaning: Meaning, long: boolean): Touched | undefined {
  const { instruction, rep } = shape;
  if (instruction.loadsSegment && !long) return undefined;
  const touched = new Collector();
  for (const operand of decoded.operands) {
    if (operand.kind === "register") touched.registers.add(operand.register);
    else if (operand.kind === "vector" && operand.file === "xmm") touched.vectors.add(operand.register);
    else if (operand.kind === "stringSource") touched.registers.add(RSI);
    else if (operand.kind === "stringDestination") touched.registers.add(RDI);
    else if (operand.kind === "memory") {
      if (operand.base !== undefined) touched.registers.add(operand.base);
      if (operand.index !== undefined) touched.registers.add(operand.index);
    }
  }
  if (rep) touched.registers.add(RCX);
  meaning.effects.forEach((effect) => touched.effect(effect, long));
  if (!touched.known) return undefined;
  return { ...touched.all, ticks: rep !== "" };
}

class Collector {
  readonly registers = new Set<number>();
  readonly vectors = new Set<number>();
  known = true;
  private flags = false;
  private readonly seen = new Set<Expression>();

  get all() {
    return { registers: this.registers, vectors: this.vectors, flags: this.flags };
  }

  effect(effect: Effect, long: boolean): void {
    if (effect.kind === "jump") this.known = false;
    else if (effect.kind === "setRegister") this.registers.add(effect.register);
    else if (effect.kind === "setFlag") this.flags = true;
    else if (effect.kind === "system") this.helper(effect.helper, long);
    else if (effect.kind === "when") effect.effects.forEach((inner) => this.effect(inner, long));
    for (const root of roots(effect)) this.expression(root, long);
  }

  private expression(e: Expression, long: boolean): void {
    if (this.seen.has(e)) return;
    this.seen.add(e);
    if (e.kind === "register") this.registers.add(e.register);
    else if (e.kind === "flag") this.flags = true;
    else if (e.kind === "system") this.helper(e.helper, long);
    for (const child of children(e)) this.expression(child, long);
  }

  private helper(name: SystemHelper, long: boolean): void {
    const hidden = helpers[name];
    if (!hidden || (!long && onlyLong.has(name))) {
      this.known = false;
      return;
    }
    hidden.registers?.forEach((register) => this.registers.add(register));
    if (hidden.flags) this.flags = true;
  }
}

/** The records of asides: copies of those in the block, with a way back behind them. */
export class AsideRecords {
  /** How many records there are at each place, and the places that are free again, by that number. */
  private readonly sizes = new Map<WasmOffset, number>();
  private readonly free = new Map<number, WasmOffset[]>();

  constructor(
    private readonly state: CpuState,
    private readonly reserve: (records: number) => WasmOffset | undefined,
  ) {}

  /**
   * For instructions that follow each other in a block, which has `cut` instructions more than the region's block. Undefined: no room.
   * `handler` is that of the first record.
   */
  write(run: readonly Place[], handler: number, cut: number): WasmOffset | undefined {
    const from = run[0].record;
    const count = run.reduce((sum, { records }) => sum + records, 0);
    const at = this.free.get(count + 1)?.pop() ?? this.reserve(count + 1);
    if (at === undefined) return undefined;
    this.sizes.set(at, count + 1);
    const { bytes: view } = this.state;
    const all = new Uint8Array(view.buffer);
    const back = at + count * RECORD_BYTES;
    all.copyWithin(at, from, from + count * RECORD_BYTES);
    all.copyWithin(back, back - RECORD_BYTES, back);
    view.setUint32(at + record.handler, handler, true);
    view.setUint32(back + record.handler, SPECIAL.resume, true);
    for (let one = at; one <= back; one += RECORD_BYTES)
      view.setUint16(one + record.left, view.getUint16(one + record.left, true) - cut, true);
    return at;
  }

  /** The region they belong to is gone; it may be running one of them. */
  leave(places: readonly WasmOffset[]): void {
    const { u32 } = this.state;
    for (const at of places) {
      const size = this.sizes.get(at)!;
      for (let n = 0; n < size; n++)
        u32[(at + n * RECORD_BYTES + record.handler) >>> 2] = n === size - 1 ? SPECIAL.leave : SPECIAL.stale;
      const free = this.free.get(size);
      if (free) free.push(at);
      else this.free.set(size, [at]);
    }
  }

  /** All of them, and the area they are in. */
  forget(): void {
    this.free.clear();
    this.sizes.clear();
  }
}
