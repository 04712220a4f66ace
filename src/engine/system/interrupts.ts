/**
 * Delivery through the IDT: SDM 2A INT n (operation), SDM 3, 6.12 (protected mode), 6.14 (64-bit), 21.1 (real), 21.3 (virtual-8086).
 *
 * Every check is made before CS, SS, RSP, RIP or RFLAGS change; only bytes of the new stack may have been written by a delivery
 * that fails.
 */
import { EXIT } from "../record";
import { at, CS, DB, DS, ES, FLAG, FS, GP, GS, NP, SS, type Core } from "./core";
import type { Access } from "./access";
import { GENERAL_DETECT } from "./debug";
import { FAULT, SOFTWARE, TRAP } from "./events";
import type { Flags } from "./flags";
import { dplOf, isCode, isConforming, isNull, isPresent, systemType, type Segments } from "./segments";
import type { ShortDelivery } from "./short";
import type { Stack } from "./stack";
import type { Tasks } from "./tasks";
import type { Transfer } from "./transfer";

const IDT_BIT = 2;
const TASK_GATE = 5;

export class Interrupts {
  /** The gate that readGate found. */
  private type = 0;
  private selector = 0;
  private ist = 0;
  private low = 0;
  private high = 0;
  /** What is tried first for events; instructions have tried it before they come here. */
  short: ShortDelivery | undefined;

  constructor(
    private readonly core: Core,
    private readonly access: Access,
    private readonly flags: Flags,
    private readonly segments: Segments,
    private readonly stack: Stack,
    private readonly transfer: Transfer,
    private readonly tasks: Tasks,
  ) {}

  /**
   * Delivers `vector` so that the handler will return to ripHigh:ripLow. `code`: error code, or -1. `record`: the INT instruction,
   * or 0. 0, or EXIT.fault with the fault noted that the delivery itself met.
   */
  deliver(record: number, vector: number, kind: number, code: number, ripLow: number, ripHigh: number): number {
    const { core } = this;
    // The handler may use the debug registers (SDM 3, 18.2.4).
    if (vector === DB && kind !== SOFTWARE) core.u32[at.dr + 14] &= ~GENERAL_DETECT;
    if (kind !== SOFTWARE && this.short?.(vector, kind, code, ripLow, ripHigh)) return 0;
    core.external = kind === SOFTWARE ? 0 : 1;
    const failed = !core.protectedMode
      ? this.deliverReal(record, vector, ripLow)
      : this.deliverProtected(record, vector, kind, code, ripLow, ripHigh);
    core.external = 0;
    return failed;
  }

  /** RFLAGS as the frame shows it: RF is 1 for faults, so that a breakpoint there does not fire again (SDM 3, 6.7.1.1 and 18.3.1.1). */
  private image(kind: number): number {
    return this.flags.get() | (kind === FAULT ? FLAG.RF : 0);
  }

  /** SDM 3, 21.1.4: four bytes per vector, IP then CS. */
  private deliverReal(record: number, vector: number, ripLow: number): number {
    const { core, stack } = this;
    if (4 * vector + 3 > core.u32[at.idtLimit]) return core.raise(record, GP);
    const from = this.access.locateIn(record, at.idtBase, 4 * vector, 4);
    if (from === 0) return EXIT.fault;
    const offset = core.view.getUint16(from, true);
    const selector = core.view.getUint16(from + 2, true);
    stack.current();
    if (stack.push(record, 2, this.flags.get())) return this.real(EXIT.fault);
    if (stack.push(record, 2, core.u32[at.selector + CS])) return this.real(EXIT.fault);
    if (stack.push(record, 2, ripLow)) return this.real(EXIT.fault);
    stack.commit();
    this.flags.setSystem(core.u32[at.systemFlags] & ~(FLAG.IF | FLAG.TF | FLAG.AC));
    this.segments.assignParagraph(CS, selector);
    core.u32[at.rip] = offset;
    core.u32[at.rip + 1] = 0;
    this.transfer.modeChanged();
    return 0;
  }

  /** Real mode has no error codes. */
  private real(failed: number): number {
    this.core.u32[at.faultHasCode] = 0;
    return failed;
  }

  private deliverProtected(
    record: number,
    vector: number,
    kind: number,
    code: number,
    ripLow: number,
    ripHigh: number,
  ): number {
    const { core } = this;
    if (this.readGate(record, vector, kind)) return EXIT.fault;
    const { type, selector } = this;
    if (type === TASK_GATE) return this.tasks.interrupt(record, selector, code, ripLow);
    if (isNull(selector)) return core.raise(record, GP, 0);
    if (this.segments.read(record, selector, GP)) return EXIT.fault;
    const { low, high } = this.segments;
    if (!isCode(high) || dplOf(high) > core.cpl) return core.raise(record, GP, selector & 0xfffc);
    if (core.longActive && !this.transfer.isCode64(high)) return core.raise(record, GP, selector & 0xfffc);
    if (!isPresent(high)) return core.raise(record, NP, selector & 0xfffc);
    const cpl = isConforming(high) ? core.cpl : dplOf(high);
    if (core.virtual8086 && cpl !== 0) return core.raise(record, GP, selector & 0xfffc);
    if (this.segments.markAccessed(record, selector, high)) return EXIT.fault;
    if (this.transfer.checkTarget(record, low, high, this.low, this.high)) return EXIT.fault;
    const flags = this.image(kind);
    const pushed = core.longActive
      ? this.pushFrame64(record, this.ist, cpl, flags, code, ripLow, ripHigh)
      : this.pushFrame(record, (type & 8) !== 0, cpl, flags, code, ripLow);
    if (pushed) return pushed;
    this.enter(low, high, cpl);
    return 0;
  }

  /** The IDT entry, checked up to its own rights (SDM 3, 6.10 to 6.12.1.2, 6.14.1). 0 or EXIT.fault. */
  private readGate(record: number, vector: number, kind: number): number {
    const { core } = this;
    const long = core.longActive;
    const size = long ? 16 : 8;
    const error = vector * 8 + IDT_BIT;
    if (vector * size + size - 1 > core.u32[at.idtLimit]) return core.raise(record, GP, error);
    const from = this.access.locateIn(record, at.idtBase, vector * size, size);
    if (from === 0) return EXIT.fault;
    const first = core.view.getUint32(from, true);
    const second = core.view.getUint32(from + 4, true);
    const type = systemType(second);
    const fits = type === 14 || type === 15 || (!long && (type === 6 || type === 7 || type === TASK_GATE));
    if (!fits || (kind === SOFTWARE && dplOf(second) < core.cpl)) return core.raise(record, GP, error);
    if (!isPresent(second)) return core.raise(record, NP, error);
    this.type = type;
    this.selector = first >>> 16;
    this.ist = long ? second & 7 : 0;
    this.low = ((type & 8 ? second & 0xffff_0000 : 0) | (first & 0xffff)) >>> 0;
    this.high = long ? core.view.getUint32(from + 8, true) : 0;
    return 0;
  }

  /** SDM 3, 6.14.2 to 6.14.5: SS:RSP always, the pointer aligned to 16, the stack from the TSS if the privilege or IST say so. */
  private pushFrame64(
    record: number,
    ist: number,
    cpl: number,
    flags: number,
    code: number,
    ripLow: number,
    ripHigh: number,
  ): number {
    const { core, stack } = this;
    const { u32 } = core;
    stack.current();
    const oldLow = u32[at.registers + 8];
    const oldHigh = u32[at.registers + 9];
    if (ist !== 0) {
      if (stack.fromTss64(record, 28 + 8 * ist, cpl)) return EXIT.fault;
    } else if (cpl < core.cpl) {
      if (stack.fromTss64(record, 4 + 8 * cpl, cpl)) return EXIT.fault;
    } else stack.at64(oldLow, core.long64 ? oldHigh : 0, cpl);
    stack.low = (stack.low & ~15) >>> 0;
    if (stack.reserve(record, code < 0 ? 40 : 48)) return EXIT.fault;
    stack.push(record, 8, u32[at.selector + SS]);
    stack.push(record, 8, oldLow, oldHigh);
    stack.push(record, 8, flags);
    stack.push(record, 8, u32[at.selector + CS]);
    stack.push(record, 8, ripLow, ripHigh);
    if (code >= 0) stack.push(record, 8, code);
    if (cpl < core.cpl) this.segments.assignNull(SS, cpl);
    stack.commit();
    return 0;
  }

  /** SDM 2A INT n, 16- and 32-bit gates: with the old stack on a new one if the privilege rises, with all segments from virtual-8086. */
  private pushFrame(record: number, wide: boolean, cpl: number, flags: number, code: number, rip: number): number {
    const { core, stack } = this;
    const { u32 } = core;
    const size = wide ? 4 : 2;
    const inner = cpl < core.cpl;
    const values: number[] = [];
    if (core.virtual8086) for (const index of [GS, FS, DS, ES]) values.push(u32[at.selector + index]);
    if (inner) values.push(u32[at.selector + SS], u32[at.registers + 8]);
    values.push(flags, u32[at.selector + CS], rip);
    if (code >= 0) values.push(code);
    if (!inner) stack.current();
    else if (stack.fromTss(record, cpl)) return EXIT.fault;
    for (const value of values) if (stack.push(record, size, value)) return EXIT.fault;
    if (core.virtual8086) for (const index of [GS, FS, DS, ES]) this.segments.assignNull(index, 0);
    if (inner) stack.commitSegment();
    stack.commit();
    return 0;
  }

  /** TF, NT, RF and VM are cleared; IF too by an interrupt gate (SDM 3, 6.12.1.3). */
  private enter(low: number, high: number, cpl: number): void {
    const { u32 } = this.core;
    const cleared = FLAG.TF | FLAG.NT | FLAG.RF | FLAG.VM | (this.type & 1 ? 0 : FLAG.IF);
    this.flags.setSystem(u32[at.systemFlags] & ~cleared);
    this.transfer.commit(this.selector, low, high, this.low, this.high, cpl);
  }

  /**
   * INT n, INT3, INTO, INT1 (SDM 2A). Arguments: the vector, and 1 for INT n. In virtual-8086 mode INT n needs IOPL 3 (there is no
   * VME); the others do not. INT1 is delivered like an event of the processor: no gate's DPL keeps it out.
   */
  readonly software = (record: number): number => {
    const { core } = this;
    const vector = core.argument(0) & 0xff;
    const numbered = core.argument(1) !== 0;
    if (numbered && core.protectedMode && core.virtual8086 && core.iopl < 3) return core.raise(record, GP, 0);
    const [low, high] = core.nextRipHalves(record);
    const kind = vector === DB && !numbered ? TRAP : SOFTWARE;
    // Afterwards no more interrupts are let through than before, and TF is clear.
    return this.deliver(record, vector, kind, -1, low, high) || core.goOn();
  };
}
