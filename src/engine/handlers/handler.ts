/**
 * The code of one handler, from the meaning of an instruction for one shape. Order (isa/notation.ts): loads and helper values,
 * faults, stores, and only then registers, flags and system effects: an instruction that faults has changed nothing.
 */
import type { Expression } from "../../isa/expression";
import type { Effect } from "../../isa/notation";
import type { Lowering, Scope } from "../lower";
import { EXIT, record } from "../record";
import { layout } from "../state";
import { type Code, EMPTY, I64, memory, op } from "../wasm/code";
import type { MemoryAccess } from "./access";
import { checkPrivilege, checkUnit } from "./checks";
import { callsHelperThatGoesOn, flagValues, mentionsSystem, touchesMemory, type When } from "./effects";
import { flagSources, type FlagValues, storeFlags } from "./flags";
import { checkTarget, jumpTo, leaveAt, nextRecord, refundRest } from "./jump";
import { type Meaning, roots } from "./meaning";
import { Operands } from "./operands";
import { findLast, lastOf, repeat } from "./repeat";
import type { Shape } from "./shape";
import { SELF, type Surroundings } from "./surroundings";

export function writeHandler(shape: Shape, meaning: Meaning, surroundings: Surroundings): Code {
  return new HandlerWriter(shape, meaning, surroundings).write();
}

class HandlerWriter {
  private readonly operands: Operands;
  private readonly code: Code;
  private readonly lowering: Lowering;
  private readonly memory: MemoryAccess;
  private readonly whens = new Map<When, Scope>();
  /** Local with the RIP to jump to, once it was looked at. */
  private target: number | undefined;
  private readonly last: number | undefined;

  constructor(
    private readonly shape: Shape,
    private readonly meaning: Meaning,
    private readonly surroundings: Surroundings,
  ) {
    this.operands = new Operands(shape, meaning, surroundings, mentionsSystem(meaning.effects));
    ({ code: this.code, lowering: this.lowering, memory: this.memory } = this.operands);
    this.last = lastOf(this.operands);
  }

  write(): Code {
    const { code, operands, meaning } = this;
    const { leave } = operands;
    checkPrivilege(operands);
    checkUnit(operands);
    if (this.shape.rep) repeat(operands, this.last, () => this.once());
    else this.once();
    if (leave !== undefined) {
      code.get(leave).if(EMPTY);
      if (meaning.effects.some(callsHelperThatGoesOn)) this.goOn(leave);
      leaveAt(code, SELF, () => code.get(leave));
      code.end();
    }
    if (!meaning.effects.some((effect) => effect.kind === "jump" && !effect.condition)) {
      nextRecord(code, SELF, this.surroundings.handlerType);
    }
    return code;
  }

  /** The helper may have left nothing for the run loop to do (EXIT.goOn). */
  private goOn(leave: number): void {
    const { code } = this;
    const target = code.local(I64);
    code.get(leave).i32(EXIT.goOn).op(op.i32GeU).if(EMPTY);
    refundRest(code, SELF);
    code.loadAt(memory.i64Load, layout.rip.offset);
    code.get(SELF).access(memory.i64Load16U, record.next).i64(0n);
    code.get(leave).i32(EXIT.goOnNext).op(op.i32Eq, op.select, op.i64Add).set(target);
    jumpTo(code, SELF, target, false, this.surroundings.handlerType);
    code.end();
  }

  /** Everything one execution (one iteration under REP) does. */
  private once(): void {
    const { effects } = this.meaning;
    for (const root of effects.flatMap(roots)) this.lowering.count(root);
    this.reads(effects);
    this.faults(effects);
    this.stores(effects);
    this.holdCommits(effects);
    if (this.last !== undefined) findLast(this.operands, this.last, flagValues(effects));
    for (const effect of effects)
      if (effect.kind === "when" && touchesMemory(effect, this.shape)) this.whenMemory(effect);
    this.commits(effects);
  }

  private reads(effects: readonly Effect[]): void {
    for (const effect of effects) {
      const outer = effect.kind === "when" ? [effect.condition] : roots(effect);
      for (const root of outer) this.lowering.prefetch(root);
    }
  }

  private faults(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind !== "fault") continue;
      this.lowering.value(effect.condition);
      this.code.if(EMPTY);
      this.operands.raise(effect.fault);
      this.code.end();
    }
    // What does nothing but jump looks at its target when it does.
    if (effects.length > 1) for (const effect of effects) if (effect.kind === "jump") this.checkJump(effect, effects);
  }

  /** #GP(0) at the jump itself, before anything else of it is done (SDM 2A CALL, JMP, Jcc, LOOP; 2B RET). */
  private checkJump({ condition, target }: Effect & { kind: "jump" }, effects: readonly Effect[]): void {
    this.lowering.hold(target);
    this.lowering.wide(target);
    this.target = this.code.local(I64);
    this.code.set(this.target);
    if (condition) {
      this.lowering.hold(condition);
      this.lowering.value(condition);
      this.code.if(EMPTY);
    }
    checkTarget(this.code, this.target, this.operands.long, () => {
      if (this.operands.long) this.tryStores(effects);
      this.operands.raise("#GP(0)");
    });
    if (condition) this.code.end();
  }

  /** In 64-bit mode CALL pushes before it looks at its target; what pushing raises comes first (SDM 2A CALL). */
  private tryStores(effects: readonly Effect[]): void {
    this.lowering.scope(() => {
      for (const effect of effects) {
        if (effect.kind !== "store") continue;
        this.lowering.wide(effect.offset);
        this.memory.linear(effect.segment, effect.value.width / 8, true);
        this.memory.readForWrite(effect.value.width);
        this.code.op(op.drop);
      }
    });
  }

  private stores(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "store") {
        this.lowering.hold(effect.value);
        this.lowering.wide(effect.offset);
        this.memory.linear(effect.segment, effect.value.width / 8, true);
        this.memory.write(effect.value.width, () => this.lowering.value(effect.value));
      } else if (effect.kind === "write" && this.operands.isMemory(effect.index)) {
        this.operands.writeMemory(effect.index, effect.value);
      }
    }
  }

  private holdCommits(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "when") {
        this.lowering.hold(effect.condition);
        if (!touchesMemory(effect, this.shape)) this.holdCommits(effect.effects);
      } else if (effect.kind !== "fault" && effect.kind !== "store" && effect.kind !== "setFlag") {
        if (effect.kind === "write" && this.operands.isMemory(effect.index)) continue;
        for (const root of roots(effect)) this.lowering.hold(root);
      }
    }
    for (const source of flagSources(flagValues(effects))) this.lowering.hold(source);
  }

  private whenMemory(effect: When): void {
    this.lowering.value(effect.condition);
    this.code.if(EMPTY);
    const scope = this.lowering.scope(() => {
      this.reads(effect.effects);
      this.faults(effect.effects);
      this.stores(effect.effects);
      this.holdCommits(effect.effects);
    });
    this.whens.set(effect, scope);
    this.code.end();
  }

  private commits(effects: readonly Effect[]): void {
    const flags = flagValues(effects);
    let flagsDone = false;
    if (this.operands.usesMm()) this.operands.enterMm();
    for (const effect of effects) {
      switch (effect.kind) {
        case "write":
          if (!this.operands.isMemory(effect.index)) this.operands.writeOperand(effect.index, effect.value);
          break;
        case "setRegister": {
          const { register, high, value } = effect;
          this.operands.setRegister(register, high ?? false, value.width, () => this.lowering.value(value));
          break;
        }
        case "setFlag":
          if (!flagsDone) this.commitFlags(flags);
          flagsDone = true;
          break;
        case "system":
          this.operands.callHelper(effect.helper, effect.arguments);
          break;
        case "when":
          this.lowering.value(effect.condition);
          this.code.if(EMPTY);
          this.lowering.scope(() => this.commits(effect.effects), this.whens.get(effect));
          this.code.end();
          break;
      }
    }
    // A jump comes last whatever its place: it leaves.
    for (const effect of effects) if (effect.kind === "jump") this.jump(effect.condition, effect.target);
  }

  /** EFLAGS is as before REPE CMPS and its kind until the last element: so a fault shows it, and an interruption (SDM 2B REP). */
  private commitFlags(flags: FlagValues): void {
    const store = () => storeFlags(this.code, this.lowering, flags);
    if (this.last === undefined) return store();
    this.code.get(this.last).if(EMPTY);
    this.lowering.scope(store);
    this.code.end();
  }

  private jump(condition: Expression | undefined, target: Expression): void {
    const { code } = this;
    const direct = this.shape.operands.some(({ kind }) => kind === "relative");
    if (condition) {
      this.lowering.value(condition);
      code.if(EMPTY);
    }
    let local = this.target;
    if (local === undefined) {
      local = code.local(I64);
      this.lowering.wide(target);
      code.set(local);
      checkTarget(code, local, this.operands.long, () => this.operands.raise("#GP(0)"));
    }
    if (condition) refundRest(code, SELF);
    jumpTo(code, SELF, local, direct, this.surroundings.handlerType);
    if (condition) code.end();
  }
}
