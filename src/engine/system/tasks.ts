/**
 * Hardware task switches (SDM 3, chapter 8): the old task's registers go to its TSS, the new one's come from its own. Legacy
 * modes only; IA-32e mode has none.
 *
 * Up to the commit point faults belong to the old task. Later ones belong to the new task and are delivered here, as the
 * instruction that switched has retired by then (SDM 3, 8.3, step 12 and note).
 */
import { EXIT } from "../record";
import { ACCESS, at, CR0, CS, DS, ES, FLAG, FS, GP, GS, LDTR, NP, SS, SSF, TR, TS, type Core } from "./core";
import type { Access } from "./access";
import type { Flags } from "./flags";
import { IMPLICIT } from "./paging";
import {
  baseOf,
  dplOf,
  isCode,
  isConforming,
  isNull,
  isPresent,
  isReadable,
  isWritableData,
  limitOf,
  systemType,
  type Segments,
} from "./segments";
import type { Stack } from "./stack";

/** Why the task changes. */
export const JUMP = 0,
  CALL = 1,
  RETURN = 2,
  INTERRUPT = 3;

/** Where things lie in a TSS (SDM 3, figures 8-2 and 8-10). Registers and segments are consecutive. */
interface TssFormat {
  readonly size: 2 | 4;
  readonly minimumLimit: number;
  readonly cr3: number;
  readonly ip: number;
  readonly flags: number;
  readonly registers: number;
  readonly segments: number;
  readonly segmentCount: number;
  readonly ldt: number;
}
const TSS32: TssFormat = {
  size: 4,
  minimumLimit: 0x67,
  cr3: 28,
  ip: 32,
  flags: 36,
  registers: 40,
  segments: 72,
  segmentCount: 6,
  ldt: 96,
};
const TSS16: TssFormat = {
  size: 2,
  minimumLimit: 0x2b,
  cr3: -1,
  ip: 14,
  flags: 16,
  registers: 18,
  segments: 34,
  segmentCount: 4,
  ldt: 42,
};

const BUSY = 0x200;

export interface TaskHooks {
  modeChanged(): void;
  /** A new CR3, without the checks of MOV CR3. */
  loadCr3(value: number): void;
  /** Delivers the noted fault at the present RIP. Returns what made the processor shut down, if that happened. */
  deliver(): string | undefined;
  /** The debug registers of a task that is left, and the T flag of one that is entered. */
  leaveDebug(): void;
  enterDebug(): void;
}

export class Tasks {
  constructor(
    private readonly core: Core,
    private readonly access: Access,
    private readonly flags: Flags,
    private readonly segments: Segments,
    private readonly stack: Stack,
    private readonly hooks: TaskHooks,
  ) {}

  /** Through a task gate of the IDT: the selector in the gate; the error code goes to the new stack. 0 or EXIT.fault. */
  interrupt(record: number, selector: number, code: number, rip: number): number {
    const entered = this.switch(record, selector, INTERRUPT, BigInt(rip), code);
    return entered === EXIT.leave ? 0 : entered;
  }

  /** EXIT.leave (the new task is there), or EXIT.fault (nothing has changed). `nextRip`: where the old task goes on. */
  switch(record: number, selector: number, reason: number, nextRip: bigint, code = -1): number {
    const { core, segments } = this;
    const { u32 } = core;
    const vector = reason === RETURN ? TS : GP;
    if (isNull(selector) || selector & 4) return core.raise(record, vector, selector & 0xfffc);
    if (segments.read(record, selector, vector)) return EXIT.fault;
    const { low, high } = segments;
    const wanted = reason === RETURN ? 3 : 1;
    const type = systemType(high);
    if (type < 0 || (type & 7) !== wanted) return core.raise(record, vector, selector & 0xfffc);
    if (!isPresent(high)) return core.raise(record, NP, selector & 0xfffc);
    const format = type & 8 ? TSS32 : TSS16;
    if (limitOf(low, high) < format.minimumLimit) return core.raise(record, TS, selector & 0xfffc);
    const old = systemType(u32[at.segmentAccess + TR]) & 8 ? TSS32 : TSS16;
    const base = baseOf(low, high);
    if (this.reach(record, u32[at.segmentBase + 2 * TR], old) || this.reach(record, base, format)) return EXIT.fault;

    const oldSelector = u32[at.selector + TR];
    this.save(record, old, reason, Number(nextRip & 0xffff_ffffn));
    if (reason === JUMP || reason === RETURN) this.setBusy(record, oldSelector, false);
    const values = this.load(record, base, format);
    if (reason === CALL || reason === INTERRUPT) {
      this.access.store(record, base | 0, 0, 2, oldSelector, 0, IMPLICIT);
      values.flags |= FLAG.NT;
    }
    if (reason !== RETURN) this.setBusy(record, selector, true);
    segments.assignSystem(TR, selector, low, high | BUSY, 0);
    u32[at.cr0] |= CR0.TS;
    this.enter(values, format);
    const failed = this.loadSegments(values, format) || this.pushCode(format, code);
    if (failed) core.shutdown ??= this.hooks.deliver();
    else if (values.trap) this.hooks.enterDebug();
    return core.shutdown === undefined ? EXIT.leave : EXIT.fault;
  }

  /** Both structures must be accessible as a whole, so that nothing fails half way. */
  private reach(record: number, base: number, format: TssFormat): number {
    return this.access.writable(record, base | 0, 0, format.minimumLimit + 1, IMPLICIT);
  }

  private setBusy(record: number, selector: number, busy: boolean): void {
    if (this.segments.read(record, selector, TS)) return;
    const { high } = this.segments;
    this.segments.mark(record, selector, busy ? high | BUSY : high & ~BUSY);
  }

  private save(record: number, format: TssFormat, reason: number, rip: number): void {
    const { core } = this;
    const { u32 } = core;
    const base = u32[at.segmentBase + 2 * TR];
    const put = (offset: number, value: number, size: number = format.size) =>
      this.access.store(record, (base + offset) | 0, 0, size, value, 0, IMPLICIT);
    put(format.ip, rip);
    put(format.flags, this.flags.get() & (reason === RETURN ? ~FLAG.NT : -1));
    for (let i = 0; i < 8; i++) put(format.registers + i * format.size, u32[at.registers + 2 * i]);
    for (let i = 0; i < format.segmentCount; i++) put(format.segments + i * format.size, u32[at.selector + i], 2);
  }

  private load(record: number, base: number, format: TssFormat) {
    const get = (offset: number, size: number = format.size): number => {
      const from = this.access.locate(record, (base + offset) | 0, 0, size, IMPLICIT);
      return size === 2 ? this.core.view.getUint16(from, true) : this.core.view.getUint32(from, true);
    };
    const registers = Array.from({ length: 8 }, (_, i) => get(format.registers + i * format.size));
    const segments = Array.from({ length: format.segmentCount }, (_, i) => get(format.segments + i * format.size, 2));
    return {
      registers,
      segments,
      cr3: format.cr3 < 0 ? -1 : get(format.cr3),
      ip: get(format.ip),
      flags: get(format.flags),
      ldt: get(format.ldt, 2),
      trap: format.size === 4 && (get(100, 2) & 1) !== 0,
    };
  }

  /** Registers, flags, CR3, and selectors with nothing behind them yet. */
  private enter(values: ReturnType<Tasks["load"]>, format: TssFormat): void {
    const { core, segments } = this;
    const { u32 } = core;
    if (values.cr3 >= 0 && u32[at.cr0] & CR0.PG) this.hooks.loadCr3(values.cr3);
    values.registers.forEach((value, i) => {
      u32[at.registers + 2 * i] = format.size === 2 ? (u32[at.registers + 2 * i] & 0xffff_0000) | value : value;
      u32[at.registers + 2 * i + 1] = 0;
    });
    this.flags.set(values.flags);
    this.flags.resume(values.flags);
    this.hooks.leaveDebug();
    u32[at.rip] = values.ip;
    u32[at.rip + 1] = 0;
    for (let i = ES; i <= GS; i++) segments.assignNull(i, values.segments[i] ?? 0);
    segments.assignNull(LDTR, values.ldt);
    u32[at.cpl] = core.virtual8086 ? 3 : values.segments[CS] & 3;
    this.hooks.modeChanged();
  }

  /** SDM 3, table 8-1, in its order. Errors are #TS(selector), or #NP and #SS when a segment is not present. */
  private loadSegments(values: ReturnType<Tasks["load"]>, format: TssFormat): number {
    const { core, segments } = this;
    const { ldt } = values;
    if (this.loadLdt(ldt)) return EXIT.fault;
    if (core.virtual8086) {
      if (this.lacksLdt(ldt)) return core.raise(0, TS, ldt & 0xfffc);
      values.segments.forEach((selector, i) => segments.assignParagraph(i, selector));
      this.hooks.modeChanged();
      return 0;
    }
    const code = values.segments[CS];
    const stack = values.segments[SS];
    if (this.checkRing(code) || this.checkStack(stack)) return EXIT.fault;
    const { low, high } = segments;
    if (this.lacksLdt(ldt)) return core.raise(0, TS, ldt & 0xfffc);
    if (this.loadCode(code)) return EXIT.fault;
    if ((stack & 3) !== core.cpl) return core.raise(0, TS, stack & 0xfffc);
    if (segments.markAccessed(0, stack, high)) return EXIT.fault;
    segments.assign(SS, stack, low, high);
    this.hooks.modeChanged();
    const data = format.segmentCount === 6 ? [DS, ES, FS, GS] : [DS, ES];
    if (data.some((index) => this.loadData(index, values.segments[index]))) return EXIT.fault;
    return values.ip > core.u32[at.segmentLimit + CS] ? core.raise(0, GP, 0) : 0;
  }

  /** An LDT that is not present is no reason to stop yet; nothing can be read from it. */
  private loadLdt(selector: number): number {
    const { core, segments } = this;
    if (isNull(selector)) return 0;
    if (selector & 4) return core.raise(0, TS, selector & 0xfffc);
    if (segments.read(0, selector, TS)) return EXIT.fault;
    if (systemType(segments.high) !== 2) return core.raise(0, TS, selector & 0xfffc);
    if (isPresent(segments.high)) segments.assignSystem(LDTR, selector, segments.low, segments.high, 0);
    return 0;
  }

  private lacksLdt(selector: number): boolean {
    return !isNull(selector) && (this.core.u32[at.segmentAccess + LDTR] & ACCESS.unusable) !== 0;
  }

  /** The DPL of a code segment; what is none fails later. */
  private checkRing(selector: number): number {
    const { core, segments } = this;
    if (isNull(selector)) return 0;
    if (segments.read(0, selector, TS)) return core.u32[at.faultVector] === TS ? 0 : EXIT.fault;
    const { high } = segments;
    const ring = isConforming(high) ? dplOf(high) <= (selector & 3) : dplOf(high) === (selector & 3);
    return isCode(high) && !ring ? core.raise(0, TS, selector & 0xfffc) : 0;
  }

  private checkStack(selector: number): number {
    const { core, segments } = this;
    if (isNull(selector)) return core.raise(0, TS, selector & 0xfffc);
    if (segments.read(0, selector, TS)) return EXIT.fault;
    const { high } = segments;
    if (!isWritableData(high)) return core.raise(0, TS, selector & 0xfffc);
    if (!isPresent(high)) return core.raise(0, SSF, selector & 0xfffc);
    return dplOf(high) === core.cpl ? 0 : core.raise(0, TS, selector & 0xfffc);
  }

  private loadCode(selector: number): number {
    const { core, segments } = this;
    if (isNull(selector)) return core.raise(0, TS, selector & 0xfffc);
    if (segments.read(0, selector, TS)) return EXIT.fault;
    const { low, high } = segments;
    if (!isCode(high)) return core.raise(0, TS, selector & 0xfffc);
    if (!isPresent(high)) return core.raise(0, NP, selector & 0xfffc);
    if (segments.markAccessed(0, selector, high)) return EXIT.fault;
    segments.assign(CS, selector, low, high);
    return 0;
  }

  /** Not present comes before the rights here, other than at MOV. */
  private loadData(index: number, selector: number): number {
    const { core, segments } = this;
    if (isNull(selector)) return 0;
    if (segments.read(0, selector, TS)) return EXIT.fault;
    const { low, high } = segments;
    if (!isReadable(high)) return core.raise(0, TS, selector & 0xfffc);
    if (!isPresent(high)) return core.raise(0, NP, selector & 0xfffc);
    const free = isCode(high) && isConforming(high);
    if (!free && dplOf(high) < Math.max(core.cpl, selector & 3)) return core.raise(0, TS, selector & 0xfffc);
    if (segments.markAccessed(0, selector, high)) return EXIT.fault;
    segments.assign(index, selector, low, high);
    return 0;
  }

  private pushCode(format: TssFormat, code: number): number {
    if (code < 0) return 0;
    this.stack.current();
    if (this.stack.push(0, format.size, code)) return EXIT.fault;
    this.stack.commit();
    return 0;
  }
}
