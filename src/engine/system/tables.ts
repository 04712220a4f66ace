/** Descriptor-table registers and the instructions that look at descriptors: LGDT..STR, LAR, LSL, VERR, VERW (SDM 2). */
import { EXIT } from "../record";
import { at, CR4, GP, LDTR, NP, TR, type Core } from "./core";
import {
  dplOf,
  isCode,
  isConforming,
  isNull,
  isPresent,
  isWritableData,
  limitOf,
  systemType,
  type Segments,
} from "./segments";

const BUSY = 0x200;
const LDT = 2;
const ALL = 0xffff_ffff_ffff_ffffn;
/** System descriptor types that LAR and LSL know: in legacy modes, and in IA-32e mode (SDM 2A, tables 3-53 and 3-56). */
const RIGHTS_TYPES = [1, 2, 3, 4, 5, 9, 11, 12],
  RIGHTS_TYPES_LONG = [2, 9, 11, 12],
  LIMIT_TYPES = [1, 2, 3, 9, 11],
  LIMIT_TYPES_LONG = [2, 9, 11];

export class Tables {
  constructor(
    private readonly core: Core,
    private readonly segments: Segments,
  ) {}

  /** LGDT, LIDT: argument 0 which, 1 limit, 2 base, which must be canonical in 64-bit mode. */
  readonly load = (record: number): number => {
    const { core } = this;
    const base = core.argument64(2);
    if (core.cpl !== 0) return core.raise(record, GP, 0);
    if (core.long64 && core.nonCanonical(base)) return core.raise(record, GP, 0);
    const global = core.argument(0) === 0;
    core.set(global ? "gdtBase" : "idtBase", base);
    core.u32[global ? at.gdtLimit : at.idtLimit] = core.argument(1) & 0xffff;
    return 0;
  };

  /** CR4.UMIP keeps SGDT, SIDT, SLDT, STR (and SMSW) inside ring 0. */
  private hidden(): boolean {
    const { core } = this;
    return core.cpl !== 0 && (core.u32[at.cr4] & CR4.UMIP) !== 0;
  }
  private show(record: number, value: number): number {
    return this.hidden() ? this.core.raise(record, GP, 0) : this.core.yield32(value);
  }
  readonly limit = (record: number): number =>
    this.show(record, this.core.u32[this.core.argument(0) === 0 ? at.gdtLimit : at.idtLimit]);
  readonly base = (record: number): number => {
    if (this.hidden()) return this.core.raise(record, GP, 0);
    return this.core.yield64(this.core.get(this.core.argument(0) === 0 ? "gdtBase" : "idtBase"));
  };
  readonly localTable = (record: number): number => this.show(record, this.core.u32[at.selector + LDTR]);
  readonly task = (record: number): number => this.show(record, this.core.u32[at.selector + TR]);

  /** LLDT: argument 0 the selector, of the GDT or null. */
  readonly loadLocal = (record: number): number => {
    const { core, segments } = this;
    const selector = core.argument(0) & 0xffff;
    if (core.cpl !== 0) return core.raise(record, GP, 0);
    if (isNull(selector)) {
      segments.assignNull(LDTR, selector);
      return 0;
    }
    if (this.readSystem(record, selector, (type) => type === LDT)) return EXIT.fault;
    const { low, high } = segments;
    const upper = core.longActive ? segments.readUpper(record, selector, GP) : 0;
    if (upper < 0) return EXIT.fault;
    segments.assignSystem(LDTR, selector, low, high, upper);
    return 0;
  };

  /** LTR: argument 0 the selector of an available TSS, which becomes busy. IA-32e mode has no 16-bit TSS. */
  readonly loadTask = (record: number): number => {
    const { core, segments } = this;
    const selector = core.argument(0) & 0xffff;
    if (core.cpl !== 0 || isNull(selector)) return core.raise(record, GP, 0);
    if (this.readSystem(record, selector, (type) => type === 9 || (type === 1 && !core.longActive))) return EXIT.fault;
    const { low, high } = segments;
    const upper = core.longActive ? segments.readUpper(record, selector, GP) : 0;
    if (upper < 0 || segments.mark(record, selector, high | BUSY)) return EXIT.fault;
    segments.assignSystem(TR, selector, low, high | BUSY, upper);
    return 0;
  };

  /** A system descriptor of the GDT, of a type that fits, and present. */
  private readSystem(record: number, selector: number, fits: (type: number) => boolean): number {
    const { core, segments } = this;
    if (selector & 4) return core.raise(record, GP, selector & 0xfffc);
    if (segments.read(record, selector, GP)) return EXIT.fault;
    if (!fits(systemType(segments.high))) return core.raise(record, GP, selector & 0xfffc);
    return isPresent(segments.high) ? 0 : core.raise(record, NP, selector & 0xfffc);
  }

  /**
   * Reads the descriptor of a selector that is only asked about. "seen", "unseen" (null, or outside its table), or "fault" (the table
   * itself is not mapped).
   */
  private look(record: number, selector: number): "seen" | "unseen" | "fault" {
    if (isNull(selector)) return "unseen";
    const before = this.core.u32[at.faultVector];
    if (!this.segments.read(record, selector, GP)) return "seen";
    if (this.core.u32[at.faultVector] !== GP) return "fault";
    this.core.u32[at.faultVector] = before;
    return "unseen";
  }

  /** Privilege rule of LAR, LSL, VERR, VERW: conforming code always, else CPL and RPL must not exceed DPL. */
  private visible(selector: number, high: number): boolean {
    if (isCode(high) && isConforming(high)) return true;
    return dplOf(high) >= this.core.cpl && dplOf(high) >= (selector & 3);
  }

  /** Descriptor halves if LAR or LSL may show them. */
  private ask(record: number, types: readonly number[], longTypes: readonly number[], value: () => number): number {
    const { core, segments } = this;
    const selector = core.argument(0) & 0xffff;
    const seen = this.look(record, selector);
    if (seen === "fault") return EXIT.fault;
    if (seen === "unseen") return core.yield64(ALL);
    const type = systemType(segments.high);
    const known = type < 0 || (core.longActive ? longTypes : types).includes(type);
    return known && this.visible(selector, segments.high) ? core.yield32(value()) : core.yield64(ALL);
  }

  readonly rights = (record: number): number =>
    this.ask(record, RIGHTS_TYPES, RIGHTS_TYPES_LONG, () => this.segments.high & 0x00f0_ff00);
  readonly segmentLimit = (record: number): number =>
    this.ask(record, LIMIT_TYPES, LIMIT_TYPES_LONG, () => limitOf(this.segments.low, this.segments.high));

  private verify(record: number, fits: (high: number) => boolean): number {
    const { core, segments } = this;
    const selector = core.argument(0) & 0xffff;
    const seen = this.look(record, selector);
    if (seen === "fault") return EXIT.fault;
    const { high } = segments;
    return core.yield32(seen === "seen" && fits(high) && this.visible(selector, high) ? 1 : 0);
  }

  readonly verifyRead = (record: number): number =>
    this.verify(record, (high) => systemType(high) < 0 && (!isCode(high) || (high & 0x200) !== 0));
  readonly verifyWrite = (record: number): number => this.verify(record, isWritableData);
}
