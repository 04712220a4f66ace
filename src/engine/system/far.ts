/**
 * Far JMP and CALL (SDM 2A), direct and through call gates and task gates. The order of checks is that of the manual's
 * operation sections: selector, descriptor, privilege, presence, target, stack; then everything is committed.
 */
import { EXIT } from "../record";
import { at, CS, GP, NP, SS, type Core } from "./core";
import { dplOf, isCode, isConforming, isNull, isPresent, systemType, type Segments } from "./segments";
import type { Stack } from "./stack";
import { CALL, JUMP, type Tasks } from "./tasks";
import type { Transfer } from "./transfer";

const GATE16 = 4,
  GATE32 = 12,
  TASK_GATE = 5;
const AVAILABLE_TSS16 = 1,
  AVAILABLE_TSS32 = 9;

interface CallGate {
  /** Bytes per pushed value. */
  readonly size: 2 | 4 | 8;
  readonly selector: number;
  readonly low: number;
  readonly high: number;
  readonly parameters: number;
}

export class Far {
  /** Target offset, by `target`. */
  private low = 0;
  private high = 0;

  constructor(
    private readonly core: Core,
    private readonly segments: Segments,
    private readonly stack: Stack,
    private readonly transfer: Transfer,
    private readonly tasks: Tasks,
  ) {}

  /** Arguments 0 selector, 1 offset, 2 operand size in bits. */
  readonly jump = (record: number): number => {
    const { core } = this;
    const selector = this.target();
    if (core.paragraphs) return this.enterParagraph(record, selector);
    if (isNull(selector)) return core.raise(record, GP, 0);
    if (this.segments.read(record, selector, GP)) return EXIT.fault;
    const { low, high } = this.segments;
    if (isCode(high)) {
      if (this.checkDirect(record, selector, high)) return EXIT.fault;
      if (this.transfer.checkTarget(record, low, high, this.low, this.high)) return EXIT.fault;
      if (this.segments.markAccessed(record, selector, high)) return EXIT.fault;
      return this.transfer.commit(selector, low, high, this.low, this.high, core.cpl);
    }
    const task = this.taskSelector(record, selector, high, JUMP);
    if (task >= 0) return task;
    const gate = this.readGate(record, selector, low, high);
    if (gate === undefined) return EXIT.fault;
    if (this.checkGateCode(record, gate)) return EXIT.fault;
    const code = { low: this.segments.low, high: this.segments.high };
    if (!isConforming(code.high) && dplOf(code.high) !== core.cpl)
      return core.raise(record, GP, gate.selector & 0xfffc);
    if (!isPresent(code.high)) return core.raise(record, NP, gate.selector & 0xfffc);
    if (this.transfer.checkTarget(record, code.low, code.high, gate.low, gate.high)) return EXIT.fault;
    if (this.segments.markAccessed(record, gate.selector, code.high)) return EXIT.fault;
    return this.transfer.commit(gate.selector, code.low, code.high, gate.low, gate.high, core.cpl);
  };

  readonly call = (record: number): number => {
    const { core } = this;
    const selector = this.target();
    const size = core.argument(2) >>> 3;
    if (core.paragraphs) {
      if (this.pushReturn(record, size)) return EXIT.fault;
      const entered = this.enterParagraph(record, selector);
      if (entered === EXIT.leave) this.stack.commit();
      return entered;
    }
    if (isNull(selector)) return core.raise(record, GP, 0);
    if (this.segments.read(record, selector, GP)) return EXIT.fault;
    const { low, high } = this.segments;
    if (isCode(high)) {
      if (this.checkDirect(record, selector, high)) return EXIT.fault;
      if (this.transfer.checkTarget(record, low, high, this.low, this.high)) return EXIT.fault;
      if (this.segments.markAccessed(record, selector, high)) return EXIT.fault;
      if (this.pushReturn(record, size)) return EXIT.fault;
      this.stack.commit();
      return this.transfer.commit(selector, low, high, this.low, this.high, core.cpl);
    }
    const task = this.taskSelector(record, selector, high, CALL);
    if (task >= 0) return task;
    const gate = this.readGate(record, selector, low, high);
    return gate === undefined ? EXIT.fault : this.callGate(record, gate);
  };

  /** Takes the arguments; the offset at its operand size. */
  private target(): number {
    const { core } = this;
    const size = core.argument(2);
    this.low = size === 16 ? core.argument(1) & 0xffff : core.argument(1);
    this.high = size === 64 ? Number(core.argument64(1) >> 32n) : 0;
    return core.argument(0) & 0xffff;
  }

  private enterParagraph(record: number, selector: number): number {
    const { core } = this;
    const limit = core.virtual8086 ? 0xffff : core.u32[at.segmentLimit + CS];
    if (this.low > limit) return core.raise(record, GP, 0);
    this.segments.assignParagraph(CS, selector);
    core.u32[at.rip] = this.low;
    core.u32[at.rip + 1] = 0;
    this.transfer.modeChanged();
    return EXIT.leave;
  }

  /** CS and the next RIP on the present stack, not committed. */
  private pushReturn(record: number, size: number): number {
    const { core, stack } = this;
    const next = core.nextRip(record);
    stack.current();
    if (stack.reserve(record, 2 * size)) return EXIT.fault;
    if (stack.push(record, size, core.u32[at.selector + CS])) return EXIT.fault;
    return stack.push(record, size, Number(next & 0xffff_ffffn), Number(next >> 32n));
  }

  /** Code named directly: conforming code of an outer or equal ring, other code of exactly this ring. */
  private checkDirect(record: number, selector: number, high: number): number {
    const { core } = this;
    const dpl = dplOf(high);
    const allowed = isConforming(high) ? dpl <= core.cpl : dpl === core.cpl && (selector & 3) <= core.cpl;
    if (!allowed || !this.transfer.codeFits(high)) return core.raise(record, GP, selector & 0xfffc);
    return isPresent(high) ? 0 : core.raise(record, NP, selector & 0xfffc);
  }

  /** Task gates and TSS descriptors: the switch is made here. -1 when the descriptor is neither. */
  private taskSelector(record: number, selector: number, high: number, reason: number): number {
    const { core } = this;
    const type = systemType(high);
    if (core.longActive || (type !== TASK_GATE && type !== AVAILABLE_TSS16 && type !== AVAILABLE_TSS32)) return -1;
    if (dplOf(high) < core.cpl || dplOf(high) < (selector & 3)) return core.raise(record, GP, selector & 0xfffc);
    if (!isPresent(high)) return core.raise(record, NP, selector & 0xfffc);
    const tss = type === TASK_GATE ? this.segments.low >>> 16 : selector;
    return this.tasks.switch(record, tss, reason, core.nextRip(record));
  }

  /** A call gate whose own rights allow its use (SDM 3, 5.8.3 and 5.8.4). */
  private readGate(record: number, selector: number, low: number, high: number): CallGate | undefined {
    const { core } = this;
    const refuse = (vector: number): undefined => {
      core.raise(record, vector, selector & 0xfffc);
      return undefined;
    };
    const type = systemType(high);
    const long = core.longActive;
    if (type !== GATE32 && (long || type !== GATE16)) return refuse(GP);
    if (dplOf(high) < core.cpl || dplOf(high) < (selector & 3)) return refuse(GP);
    if (!isPresent(high)) return refuse(NP);
    const upper = long ? this.segments.readUpper(record, selector, GP) : 0;
    if (upper < 0) return undefined;
    const offset = type === GATE16 ? low & 0xffff : ((high & 0xffff_0000) | (low & 0xffff)) >>> 0;
    const size = long ? 8 : type === GATE32 ? 4 : 2;
    return { size, selector: low >>> 16, low: offset, high: upper, parameters: long ? 0 : high & 31 };
  }

  /** The code segment of a gate; its descriptor is left in `segments`. Presence is checked later, as the manual has it. */
  private checkGateCode(record: number, gate: CallGate): number {
    const { core, segments } = this;
    if (isNull(gate.selector)) return core.raise(record, GP, 0);
    if (segments.read(record, gate.selector, GP)) return EXIT.fault;
    const { high } = segments;
    const fits = isCode(high) && dplOf(high) <= core.cpl && (!core.longActive || this.transfer.isCode64(high));
    return fits ? 0 : core.raise(record, GP, gate.selector & 0xfffc);
  }

  private callGate(record: number, gate: CallGate): number {
    const { core, stack } = this;
    if (this.checkGateCode(record, gate)) return EXIT.fault;
    const { low, high } = this.segments;
    if (!isPresent(high)) return core.raise(record, NP, gate.selector & 0xfffc);
    if (this.transfer.checkTarget(record, low, high, gate.low, gate.high)) return EXIT.fault;
    if (this.segments.markAccessed(record, gate.selector, high)) return EXIT.fault;
    const cpl = isConforming(high) ? core.cpl : dplOf(high);
    if (cpl === core.cpl) {
      if (this.pushReturn(record, gate.size)) return EXIT.fault;
      stack.commit();
    } else if (this.pushInner(record, gate, cpl)) return EXIT.fault;
    return this.transfer.commit(gate.selector, low, high, gate.low, gate.high, cpl);
  }

  /** Old SS:RSP, parameters, CS:RIP on the stack of the inner ring (SDM 3, 5.8.5). */
  private pushInner(record: number, gate: CallGate, cpl: number): number {
    const { core, stack } = this;
    const { u32 } = core;
    const parameters = this.parameters(record, gate);
    if (parameters === undefined) return EXIT.fault;
    const long = gate.size === 8;
    if (long ? stack.fromTss64(record, 4 + 8 * cpl, cpl) : stack.fromTss(record, cpl)) return EXIT.fault;
    if (stack.reserve(record, 4 * gate.size)) return EXIT.fault;
    if (stack.push(record, gate.size, u32[at.selector + SS])) return EXIT.fault;
    if (stack.push(record, gate.size, u32[at.registers + 8], u32[at.registers + 9])) return EXIT.fault;
    for (const value of parameters) if (stack.push(record, gate.size, value)) return EXIT.fault;
    if (stack.push(record, gate.size, u32[at.selector + CS])) return EXIT.fault;
    const next = core.nextRip(record);
    if (stack.push(record, gate.size, Number(next & 0xffff_ffffn), Number(next >> 32n))) return EXIT.fault;
    if (long) this.segments.assignNull(SS, cpl);
    else stack.commitSegment();
    stack.commit();
    return 0;
  }

  /** Parameters on the caller's stack, the last pushed last in the list's order of pushing again. */
  private parameters(record: number, gate: CallGate): number[] | undefined {
    const values: number[] = [];
    this.stack.current();
    for (let i = 0; i < gate.parameters; i++) {
      if (this.stack.pop(record, gate.size)) return undefined;
      values.unshift(this.stack.valueLow);
    }
    return values;
  }
}
