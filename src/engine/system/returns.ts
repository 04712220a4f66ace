/** RETF (SDM 2B RET) and IRET (SDM 2A IRET): returns to the same ring, to an outer one, to virtual-8086 mode, to another task. */
import { EXIT } from "../record";
import { ACCESS, at, CS, DS, ES, FLAG, FS, GP, GS, NP, SS, SSF, TR, TS, type Core } from "./core";
import type { Access } from "./access";
import type { Flags } from "./flags";
import { dplOf, isCode, isConforming, isNull, isPresent, isWritableData, type Segments } from "./segments";
import type { Stack } from "./stack";
import { RETURN, type Tasks } from "./tasks";
import type { Transfer } from "./transfer";

/** Nothing was popped for the flags (RETF). */
const NO_FLAGS = -1;

export class Returns {
  private ripLow = 0;
  private ripHigh = 0;
  private selector = 0;

  constructor(
    private readonly core: Core,
    private readonly access: Access,
    private readonly flags: Flags,
    private readonly segments: Segments,
    private readonly stack: Stack,
    private readonly transfer: Transfer,
    private readonly tasks: Tasks,
  ) {}

  /** RETF: argument 0 bytes to release, 1 operand size in bits. */
  readonly far = (record: number): number => {
    const { core, stack } = this;
    const release = core.argument(0);
    const bits = core.argument(1);
    stack.current();
    if (this.popTarget(record, bits >>> 3)) return EXIT.fault;
    if (!core.paragraphs) return this.toSegment(record, bits, NO_FLAGS, release);
    stack.release(release);
    return this.toParagraph(record, bits, NO_FLAGS);
  };

  /** IRET: argument 0 operand size in bits. */
  readonly interrupt = (record: number): number => {
    const { core, stack } = this;
    const bits = core.argument(0);
    if (core.protectedMode && core.virtual8086 && core.iopl < 3) return core.raise(record, GP, 0);
    // Even when it then faults (SDM 3, 6.7.1).
    const unblocked = core.u32[at.nmiBlocked] !== 0;
    core.u32[at.nmiBlocked] = 0;
    if (!core.paragraphs && core.u32[at.systemFlags] & FLAG.NT) return this.fromNestedTask(record);
    stack.current();
    if (this.popTarget(record, bits >>> 3)) return EXIT.fault;
    if (stack.pop(record, bits >>> 3)) return EXIT.fault;
    const flags = stack.valueLow;
    if (core.paragraphs) return this.toParagraph(record, bits, flags);
    if (flags & FLAG.VM && bits === 32 && core.cpl === 0 && !core.longActive) return this.toVirtual8086(record, flags);
    const exit = this.toSegment(record, bits, flags, 0);
    return exit === EXIT.leave && !unblocked ? core.goOn() : exit;
  };

  private popTarget(record: number, size: number): number {
    const { stack } = this;
    if (stack.pop(record, size)) return EXIT.fault;
    this.ripLow = stack.valueLow;
    this.ripHigh = stack.valueHigh;
    if (stack.pop(record, size)) return EXIT.fault;
    this.selector = stack.valueLow & 0xffff;
    return 0;
  }

  /** Real and virtual-8086 mode. */
  private toParagraph(record: number, bits: number, flags: number): number {
    const { core } = this;
    const limit = core.virtual8086 ? 0xffff : core.u32[at.segmentLimit + CS];
    if (this.ripLow > limit) return core.raise(record, GP, 0);
    this.segments.assignParagraph(CS, this.selector);
    this.stack.commit();
    if (flags !== NO_FLAGS) this.setFlags(flags, bits);
    core.u32[at.rip] = this.ripLow;
    core.u32[at.rip + 1] = 0;
    this.transfer.modeChanged();
    return EXIT.leave;
  }

  private setFlags(flags: number, bits: number): void {
    const mask = this.flags.writable(bits) | (bits > 16 && this.core.cpl === 0 ? FLAG.VIF | FLAG.VIP : 0);
    this.flags.set((this.flags.get() & ~mask) | (flags & mask));
    if (bits > 16) this.flags.resume(flags);
  }

  /** Protected and IA-32e mode, the target popped. In 64-bit mode IRET always pops SS:RSP; else only a change of ring does. */
  private toSegment(record: number, bits: number, flags: number, release: number): number {
    const { core, stack } = this;
    const size = bits >>> 3;
    if (this.checkCode(record)) return EXIT.fault;
    const { low, high } = this.segments;
    const cpl = this.selector & 3;
    const outer = cpl > core.cpl;
    stack.release(release);
    let stackSelector = -1;
    let newLow = 0;
    let newHigh = 0;
    if (outer || (flags !== NO_FLAGS && core.long64)) {
      if (stack.pop(record, size)) return EXIT.fault;
      newLow = stack.valueLow;
      newHigh = stack.valueHigh;
      if (stack.pop(record, size)) return EXIT.fault;
      stackSelector = stack.valueLow & 0xffff;
      if (this.checkStack(record, stackSelector, high)) return EXIT.fault;
    }
    const stackLow = this.segments.low;
    const stackHigh = this.segments.high;
    if (this.transfer.checkTarget(record, low, high, this.ripLow, this.ripHigh)) return EXIT.fault;
    if (this.segments.markAccessed(record, this.selector, high)) return EXIT.fault;
    // Flags by the old CPL and IOPL; then CS, SS, RSP.
    if (flags !== NO_FLAGS) this.setFlags(flags, bits);
    if (stackSelector < 0) stack.commit();
    else if (isNull(stackSelector)) this.segments.assignNull(SS, stackSelector);
    else this.segments.assign(SS, stackSelector, stackLow, stackHigh);
    this.transfer.commit(this.selector, low, high, this.ripLow, this.ripHigh, cpl);
    if (stackSelector >= 0) this.setStackPointer(newLow, newHigh, outer ? release : 0, size);
    if (outer) this.segments.dropPrivileged(cpl);
    return EXIT.leave;
  }

  /** RSP of the stack returned to, plus what RETF releases there too. A 16-bit stack segment keeps the upper part. */
  private setStackPointer(low: number, high: number, release: number, size: number): void {
    const { core, stack } = this;
    const index = at.registers + 8;
    const wide = core.long64 || (core.u32[at.segmentAccess + SS] & ACCESS.big) !== 0;
    if (!wide) core.u32[index] = (core.u32[index] & 0xffff_0000) | (low & 0xffff);
    else {
      core.u32[index] = low;
      core.u32[index + 1] = size === 8 ? high : 0;
    }
    stack.current();
    stack.release(release);
    stack.commit();
  }

  private checkCode(record: number): number {
    const { core, segments, selector } = this;
    if (isNull(selector)) return core.raise(record, GP, 0);
    if (segments.read(record, selector, GP)) return EXIT.fault;
    const { high } = segments;
    const rpl = selector & 3;
    const ring = isConforming(high) ? dplOf(high) <= rpl : dplOf(high) === rpl;
    if (!isCode(high) || rpl < core.cpl || !ring || !this.transfer.codeFits(high)) {
      return core.raise(record, GP, selector & 0xfffc);
    }
    return isPresent(high) ? 0 : core.raise(record, NP, selector & 0xfffc);
  }

  /** SS of the ring returned to. Null only for 64-bit code outside ring 3. Leaves the descriptor in `segments`. */
  private checkStack(record: number, selector: number, codeHigh: number): number {
    const { core, segments } = this;
    const rpl = this.selector & 3;
    if (isNull(selector)) {
      const allowed = core.longActive && (codeHigh & ACCESS.long) !== 0 && rpl !== 3 && (selector & 3) === rpl;
      return allowed ? 0 : core.raise(record, GP, 0);
    }
    if (segments.read(record, selector, GP)) return EXIT.fault;
    const { high } = segments;
    if ((selector & 3) !== rpl || !isWritableData(high) || dplOf(high) !== rpl)
      return core.raise(record, GP, selector & 0xfffc);
    if (!isPresent(high)) return core.raise(record, SSF, selector & 0xfffc);
    return segments.markAccessed(record, selector, high);
  }

  /** SDM 2A IRET, "return to virtual-8086": all segments and the stack come from the frame. */
  private toVirtual8086(record: number, flags: number): number {
    const { core, stack, segments } = this;
    const values: number[] = [];
    for (let i = 0; i < 6; i++) {
      if (stack.pop(record, 4)) return EXIT.fault;
      values.push(stack.valueLow);
    }
    if (this.ripLow > 0xffff) return core.raise(record, GP, 0);
    this.flags.set(flags);
    this.flags.resume(flags);
    core.u32[at.cpl] = 3;
    segments.assignParagraph(CS, this.selector);
    [SS, ES, DS, FS, GS].forEach((index, i) => segments.assignParagraph(index, values[i + 1] & 0xffff));
    core.u32[at.registers + 8] = values[0];
    core.u32[at.registers + 9] = 0;
    core.u32[at.rip] = this.ripLow;
    core.u32[at.rip + 1] = 0;
    this.transfer.modeChanged();
    return EXIT.leave;
  }

  /** NT set: back to the task that the present TSS links to (SDM 3, 8.4). Not in IA-32e mode. */
  private fromNestedTask(record: number): number {
    const { core } = this;
    if (core.longActive) return core.raise(record, GP, 0);
    const from = this.access.locateIn(record, at.segmentBase + 2 * TR, 0, 2);
    if (from === 0) return EXIT.fault;
    const link = core.view.getUint16(from, true);
    if (isNull(link) || link & 4) return core.raise(record, TS, link & 0xfffc);
    return this.tasks.switch(record, link, RETURN, core.nextRip(record));
  }
}
