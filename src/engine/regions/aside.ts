/**
 * Instructions that a region cannot do by itself, but which need not end it: the interpreter's handler runs one of them, at records of its own,
 * and comes back. What the instruction touches of what the region keeps in locals goes to the state before and comes back after it. The last
 * of the records returns EXIT.resume; when the region is gone by then (the instruction wrote to its code) it leaves the run instead.
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
import type { CpuState, WasmOffset } from "../state";

/** What an instruction reads or writes of what a region keeps in locals. */
export interface Touched {
  readonly registers: ReadonlySet<number>;
  readonly vectors: ReadonlySet<number>;
  readonly flags: boolean;
  /** It may use up ticks (REP). */
  readonly ticks: boolean;
}

interface Hidden {
  readonly registers?: readonly number[];
  readonly flags?: boolean;
}
const quiet: Hidden = {};
const flagsToo: Hidden = { flags: true };
/** The board's firmware answers at a port, and takes and gives registers. */
const everything: Hidden = { registers: Array.from({ length: 16 }, (_, n) => n), flags: true };
/** Outside 64-bit mode regions take segments for granted, which these may change. */
const onlyLong: ReadonlySet<SystemHelper> = new Set<SystemHelper>(["loadSegment", "portOut"]);

/**
 * Helpers after which the next instruction is run in the same mode, unless they end the run, and what they touch besides their arguments and value.
 * The others go elsewhere, or change what a region takes for granted.
 */
const helpers: Partial<Record<SystemHelper, Hidden>> = {
  ...{ portIn: quiet, portOut: everything, readControl: quiet, readDebug: quiet, writeDebug: quiet },
  ...{ tableLimit: quiet, tableBase: quiet, localTable: quiet, task: quiet },
  ...{ readMsr: quiet, writeMsr: quiet, timestamp: quiet, timestampAux: quiet },
  ...{ readBase: quiet, writeBase: quiet, swapGs: quiet, loadSegment: quiet, invalidateCaches: quiet },
  ...{ loadAccessRights: quiet, loadSegmentLimit: quiet, verifyRead: quiet, verifyWrite: quiet },
  ...{ setInterrupts: quiet, clearInterrupts: quiet, getFlags: flagsToo, setFlags: flagsToo },
  ...{ cpuid: { registers: [RAX, RBX, RCX, RDX] }, enter: { registers: [RBP, RSP] } },
  ...{ loadMxcsr: quiet, mxcsr: quiet, maskedStore: quiet },
  ...{ floatArithmetic: quiet, floatCompare: quiet, floatFlags: quiet, floatConvert: quiet, floatRound: quiet },
  ...{ fpuArithmetic: quiet, fpuArithmeticMemory: quiet, fpuCompare: flagsToo, fpuCompareMemory: quiet },
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

/** An address micro-record, the instruction, and the way back. */
const RECORDS_EACH = 3;

/** The records of asides: copies of those in the block, with a way back behind them. */
export class AsideRecords {
  private readonly free: WasmOffset[] = [];

  constructor(
    private readonly state: CpuState,
    private readonly reserve: (records: number) => WasmOffset | undefined,
  ) {}

  /** For an instruction with `count` records from `from` on, and so many instructions after it in its region's block. Undefined: no room. */
  write(from: WasmOffset, count: number, handler: number, left: number): WasmOffset | undefined {
    const at = this.free.pop() ?? this.reserve(RECORDS_EACH);
    if (at === undefined) return undefined;
    const { bytes: view } = this.state;
    const all = new Uint8Array(view.buffer);
    const back = at + count * RECORD_BYTES;
    all.copyWithin(at, from, from + count * RECORD_BYTES);
    all.copyWithin(back, back - RECORD_BYTES, back);
    view.setUint32(at + record.handler, handler, true);
    view.setUint32(back + record.handler, SPECIAL.resume, true);
    for (let one = at; one <= back; one += RECORD_BYTES) view.setUint16(one + record.left, left, true);
    return at;
  }

  /** The region they belong to is gone; it may be running one of them. */
  leave(places: readonly WasmOffset[]): void {
    const { u32 } = this.state;
    for (const at of places) {
      for (let n = 0; n < RECORDS_EACH; n++) {
        const handler = (at + n * RECORD_BYTES + record.handler) >>> 2;
        if (u32[handler] === SPECIAL.resume) u32[handler] = SPECIAL.leave;
      }
      this.free.push(at);
    }
  }

  /** All of them, and the area they are in. */
  forget(): void {
    this.free.length = 0;
  }
}
