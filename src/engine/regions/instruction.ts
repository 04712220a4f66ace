/**
 * The code of one instruction in a region. The order is that of handlers/handler.ts: reads, faults, stores, and only then registers
 * and flags. Whatever cannot be finished here is given to the interpreter from its beginning, when nothing of it has happened yet.
 */
import { type Expression, ES, type Flag, type Width } from "../../isa/expression";
import type { Effect } from "../../isa/notation";
import { roots } from "../handlers/meaning";
import { type Binding, children, Lowering, type Node, type Scope, typeOf } from "../lower";
import { layout, RFLAGS_BIT } from "../state";
import { EMPTY, floatLaneOf, I32, laneOf, memory, op } from "../wasm/code";
import { lowerFloat } from "../lower/float";
import type { RuntimeFunction } from "../wasm/runtime";
import { memoryOf } from "./access";
import type { RegionCode } from "./code";
import { Captured, FlagState, kept, keptLocal, pushFlag, storeFlagLocals } from "./flags";
import { type FloatState, InstructionFloats } from "./floats";
import type { HostPlace } from "./open";
import { type Draft, draftOf, isFlag, makeDraft } from "./draft";
import { flagsIn, mapEffect, memoryOperand, readsOf, touchesMemory, type Pattern, type When } from "./pattern";
import { FLAGS, isStatus, type StatusFlag } from "./status";
import type { Plan } from "./plan";
import type { Workshop } from "./workshop";
import { X87Writer } from "./x87";
import { hasX87Form } from "./x87calls";

const nothing: Draft = { effects: [], uses: new Map(), capture: undefined };
const RSI = 6,
  RDI = 7;

export class InstructionWriter implements Binding {
  private readonly code: RegionCode;
  private draft = nothing;
  private lowering!: Lowering;
  private effects = nothing.effects;
  private reads: readonly Expression[] = [];
  /** Places of operands and loads that were checked for writing, by operand number. */
  private readonly places = new Map<number, HostPlace>();
  private readonly scopes = new Map<When, Scope>();
  private readonly floats: InstructionFloats;
  private readonly x87: X87Writer;
  /** What is written now runs under a condition. */
  private conditional = false;

  constructor(
    private readonly shop: Workshop,
    private readonly plan: Plan,
    private readonly flags: FlagState,
    /** Flags that somebody may read after it. */
    private readonly live: number,
    /** Writes the way out: the interpreter does this instruction. */
    private readonly giveUp: () => void,
    floats: FloatState,
  ) {
    this.code = shop.code;
    this.floats = new InstructionFloats(shop.frame, floats, (value) => this.vectorRegister(value));
    this.x87 = new X87Writer(shop, plan, giveUp);
  }

  /** Everything but the jump. */
  write(): void {
    if (this.plan.dropsPage) return this.dropPage();
    const { unit } = this.plan.shape.instruction;
    if (unit === "sse") this.shop.frame.useSse();
    else if (unit) this.x87.begin();
    this.prepare();
    for (const read of this.reads) this.lowering.prefetch(read);
    this.faults(this.effects);
    this.checkTarget();
    for (const effect of this.effects) if (effect.kind === "system") this.systemEffect(effect);
    this.stores(this.effects);
    this.hold(this.effects);
    for (const effect of this.effects) if (effect.kind === "when" && this.touches(effect)) this.whenMemory(effect);
    const captured = this.capture();
    this.conditionalFlags();
    this.keepRegisters();
    this.commit(this.effects);
    if (captured) this.flags.add(captured);
    if (!this.shop.options.lazyFlags) this.storePending();
  }

  private prepare(): void {
    const { pattern } = this.plan;
    this.reads = pattern.reads;
    this.draft = pattern.uses === 0 ? draftOf(pattern, this.live) : makeDraft(this.resolveFlags(pattern), this.live);
    this.effects = this.draft.effects;
    // What flags are stored from under a condition is counted as well.
    const uses = pattern.mayLeaveFlags ? new Map(this.draft.uses) : this.draft.uses;
    this.lowering = new Lowering(this.code, this, uses);
  }

  /** Of x87, whose instructions have no other effect then. */
  private systemEffect(effect: Extract<Effect, { kind: "system" }>): void {
    const { access } = this.shop;
    this.x87.effect(effect, this.lowering, (bytes) => {
      this.linear(0, bytes);
      const place = access.host(bytes, true, this.giveUp);
      return (pushValue) => access.store(place, (bytes * 8) as Width, pushValue);
    });
  }

  /** INVLPG, which changes no more than the lookaside. */
  private dropPage(): void {
    const { code, shop } = this;
    this.linear(0, 1);
    code.call(shop.short("dropPage")).op(op.i32Eqz).if(EMPTY);
    this.giveUp();
    code.end();
  }

  /** The condition of the jump, ready to be tested; undefined for one that is always made. */
  pushCondition(): boolean {
    const jump = this.effects.find((effect) => effect.kind === "jump");
    if (!jump?.condition) return false;
    this.lowering.value(jump.condition);
    return true;
  }

  /** [] -> []: the RIP that an indirect jump leads to, into the frame's target. */
  setTarget(): void {
    const jump = this.effects.find((effect) => effect.kind === "jump");
    if (!jump) throw new Error("this instruction does not jump");
    this.lowering.wide(jump.target);
    this.code.set(this.shop.frame.target);
  }

  // ---- flags ----

  /**
   * What the instruction reads of the flags: their expressions, or, when it sets flags itself (so that its own would grow from
   * theirs), their values.
   */
  private resolveFlags({ effects }: Pattern): Effect[] {
    const setsFlags = effects.some((e) => e.kind === "setFlag" || (e.kind === "when" && e.effects.some(isFlag)));
    const values = new Map<Flag, Expression>();
    if (setsFlags) {
      for (const flag of ["cf", "of", "af", "zf", "sf", "pf"] as const) {
        if (effects.flatMap(roots).some((root) => mentions(root, flag))) values.set(flag, this.flagValue(flag));
      }
    }
    const leaf = (e: Expression) =>
      e.kind === "flag" ? (values.get(e.flag) ?? this.flags.expression(e.flag) ?? e) : e;
    const done = new Map<Expression, Expression>();
    const go = (e: Expression) => this.shop.nodes.rebuild(e, leaf, done);
    this.reads = this.reads.map(go);
    return effects.map((effect) => mapEffect(effect, go));
  }

  private flagValue(flag: StatusFlag): Expression {
    const { code } = this;
    const local = code.local(I32);
    const value = this.flags.expression(flag);
    if (value) {
      const lowering = new Lowering(code, this);
      lowering.count(value);
      lowering.value(value);
    } else pushFlag(code, this.shop.frame.flags, flag);
    code.set(local);
    return this.shop.nodes.leaf(kept({ kind: "flag", width: 1, flag }, local));
  }

  /** Keeps what the flags' expressions refer to. */
  private capture(): Captured | undefined {
    const { capture } = this.draft;
    this.flags.forget(this.plan.sets);
    if (!capture) return undefined;
    const locals = capture.leaves.map((leaf) => this.keptIn(leaf));
    return new Captured(capture, locals, this.shop.nodes);
  }

  private keptIn(leaf: Expression): number {
    if (leaf.kind === "operand") {
      const local = keptLocal(leaf.index);
      if (local !== undefined) return local;
    }
    const local = this.code.local(typeOf(leaf.width));
    this.lowering.value(leaf);
    this.code.set(local);
    return local;
  }

  /** Flags under a condition: they go to their locals, where those that stay already are. */
  private conditionalFlags(): void {
    for (const effect of this.effects) {
      if (effect.kind !== "when") continue;
      const values = new Map<StatusFlag, Expression>();
      for (const e of effect.effects) if (e.kind === "setFlag" && isStatus(e.flag)) values.set(e.flag, e.value);
      if (values.size === 0) continue;
      const { frame } = this.shop;
      frame.useFlags();
      const set = [...values.keys()].reduce((sum, flag) => sum | FLAGS[flag], 0);
      this.flags.materialise(this.code, this, frame.flags, set);
      this.flags.forget(set);
      this.lowering.value(effect.condition);
      this.code.if(EMPTY);
      this.lowering.scope(
        () => storeFlagLocals(this.code, this.lowering, frame.flags, values),
        this.scopes.get(effect),
      );
      this.code.end();
    }
  }

  private storePending(): void {
    const { frame } = this.shop;
    if (this.flags.pending) frame.useFlags();
    this.flags.materialise(this.code, this, frame.flags);
    this.flags.forget(this.flags.pending);
  }

  // ---- phases ----

  private touches(effect: When): boolean {
    return touchesMemory(effect, (index) => this.isMemory(index));
  }

  private faults(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind !== "fault") continue;
      this.lowering.value(effect.condition);
      this.code.if(EMPTY);
      this.giveUp();
      this.code.end();
    }
  }

  /** An indirect call looks at its target before it pushes. */
  private checkTarget(): void {
    const jump = this.effects.find((effect) => effect.kind === "jump");
    if (!jump || this.plan.targetCheck !== "first") return;
    this.lowering.hold(jump.target);
    this.lowering.wide(jump.target);
    this.shop.segmentation.pushOutside(this.code, this.plan.rip);
    this.code.if(EMPTY);
    this.giveUp();
    this.code.end();
  }

  /** Indirect jumps and returns look at it where they leave the region: what they did to registers can be taken back. */
  private keepRegisters(): void {
    const { code, frame } = this.shop;
    if (this.plan.targetCheck !== "last") return;
    for (const effect of this.effects)
      if (effect.kind === "setRegister") code.get(frame.register(effect.register)).set(frame.before(effect.register));
  }

  /** [] -> []: the way back where the frame's target is no place to go to. */
  refuseTarget(giveUp: () => void): void {
    const { code, frame } = this.shop;
    if (this.plan.targetCheck !== "last") return;
    code.get(frame.target);
    this.shop.segmentation.pushOutside(code, this.plan.rip);
    code.if(EMPTY);
    for (const effect of this.effects)
      if (effect.kind === "setRegister") code.get(frame.before(effect.register)).set(frame.writes(effect.register));
    giveUp();
    code.end();
  }

  private stores(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "store") {
        this.lowering.hold(effect.value);
        this.lowering.wide(effect.offset);
        this.addBase(effect.segment, effect.value.width / 8);
        this.storeAt(effect.value);
      } else if (effect.kind === "write" && this.isMemory(effect.index)) {
        this.lowering.hold(effect.value);
        const place = this.places.get(effect.index);
        if (place !== undefined) {
          this.shop.access.store(place, effect.value.width, () => this.lowering.value(effect.value));
        } else {
          this.linear(effect.index, effect.value.width / 8);
          this.storeAt(effect.value, this.mustAlign(effect.value.width));
        }
      }
    }
  }

  /** [linear: i64] -> [] */
  private storeAt(value: Expression, aligned = false): void {
    const host = this.shop.access.host(value.width / 8, true, this.giveUp, aligned);
    this.shop.access.store(host, value.width, () => this.lowering.value(value));
  }

  private hold(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "when") {
        this.lowering.hold(effect.condition);
        if (!this.touches(effect)) this.hold(effect.effects.filter((e) => !isFlag(e)));
      } else if (effect.kind === "write" && !this.isMemory(effect.index)) this.lowering.hold(effect.value);
      else if (effect.kind === "setRegister") this.lowering.hold(effect.value);
      else if (effect.kind === "jump") for (const root of roots(effect)) this.holdJump(root);
      else if (effect.kind === "setFlag" && !isStatus(effect.flag)) this.lowering.hold(effect.value);
    }
  }

  /** A condition that no later write of this instruction can change is left where it is used, so that the compare joins the branch. */
  private holdJump(root: Expression): void {
    const changes = this.effects.some((e) => e.kind !== "jump" && e.kind !== "fault");
    if (changes) this.lowering.hold(root);
  }

  private whenMemory(effect: When): void {
    this.lowering.value(effect.condition);
    this.code.if(EMPTY);
    this.conditional = true;
    const scope = this.lowering.scope(() => {
      for (const read of readsOf(
        effect.effects.flatMap(roots),
        (index) => this.isMemory(index),
        (e) => e,
      )) {
        this.lowering.prefetch(read);
      }
      this.faults(effect.effects);
      this.stores(effect.effects);
      this.hold(effect.effects.filter((e) => !isFlag(e)));
      for (const e of effect.effects) if (isFlag(e)) this.lowering.hold(e.value);
    });
    this.conditional = false;
    this.scopes.set(effect, scope);
    this.code.end();
  }

  private commit(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "write" && !this.isMemory(effect.index)) this.writeOperand(effect.index, effect.value);
      else if (effect.kind === "setRegister") this.setRegister(effect.register, effect.high ?? false, effect.value);
      else if (effect.kind === "setFlag" && effect.flag === "df") this.setDirection(effect.value);
      else if (effect.kind === "when" && effect.effects.some((e) => !isFlag(e))) {
        this.lowering.value(effect.condition);
        this.code.if(EMPTY);
        this.conditional = true;
        this.lowering.scope(() => this.commit(effect.effects), this.scopes.get(effect));
        this.conditional = false;
        this.code.end();
      }
    }
  }

  // ---- registers ----

  private writeOperand(index: number, value: Expression): void {
    const operand = this.plan.decoded.operands[index];
    if (operand.kind === "vector") return this.setVector(operand.register, value);
    if (operand.kind !== "register")
      throw new Error(`${this.plan.shape.instruction.name}: cannot write a ${operand.kind}`);
    this.setRegister(operand.register, operand.high, value);
  }

  /** A 32-bit write clears the upper half, narrower ones keep the rest (SDM 1, 3.4.1.1). */
  private setRegister(register: number, high: boolean, value: Expression): void {
    const { code } = this;
    const local = this.shop.frame.writes(register);
    if (value.width < 32) {
      const mask = (value.width === 16 ? 0xffffn : 0xffn) << (high ? 8n : 0n);
      code.get(local).i64(~mask).op(op.i64And);
    }
    this.lowering.wide(value);
    if (high) code.i64(8n).op(op.i64Shl);
    if (value.width < 32) code.op(op.i64Or);
    code.set(local);
  }

  /** What is narrower than an xmm register leaves the rest of it. */
  private setVector(register: number, value: Expression): void {
    const { code, lowering } = this;
    const local = this.shop.frame.writesVector(register);
    this.floats.write(register, value, this.conditional);
    const float = lowering.floatOf(value);
    if (value.width !== 128) code.get(local);
    if (float !== undefined) code.get(float);
    else lowering.value(value);
    if (value.width === 32 || value.width === 64)
      code.lane((float === undefined ? laneOf : floatLaneOf).replace[value.width], 0);
    code.set(local);
  }

  private setDirection(value: Expression): void {
    const { code } = this;
    const bit = RFLAGS_BIT.df;
    code.i32(0).loadAt(memory.i32Load, layout.systemFlags.offset);
    code.i32(~(1 << bit)).op(op.i32And);
    this.lowering.value(value);
    code.i32(bit).op(op.i32Shl, op.i32Or).access(memory.i32Store, layout.systemFlags.offset);
  }

  // ---- addresses ----

  private addBase(segment: number | "operand", bytes: number): void {
    const { access } = this.shop;
    if (segment !== "operand") return access.addBase(segment, bytes, this.giveUp);
    for (const operand of this.plan.decoded.operands) {
      if (operand.kind === "memory" || operand.kind === "stringSource")
        return access.addBase(operand.segment, bytes, this.giveUp);
    }
  }

  /** [] -> [linear: i64] of a memory operand. */
  private linear(index: number, bytes: number): void {
    const { decoded, next } = this.plan;
    const { access } = this.shop;
    const operand = decoded.operands[index];
    if (operand.kind === "stringSource" || operand.kind === "stringDestination") {
      const source = operand.kind === "stringSource";
      const width = decoded.addressSize as Width;
      this.lowering.wide({ kind: "register", width, register: source ? RSI : RDI });
      return access.addBase(source ? operand.segment : ES, bytes, this.giveUp);
    }
    const place = memoryOf(operand);
    access.offset(place, decoded.addressSize, next);
    access.addBase(place.segment, bytes, this.giveUp);
  }

  // ---- Binding ----

  isMemory(index: number): boolean {
    return keptLocal(index) === undefined && memoryOperand(this.plan.shape, index);
  }

  runtime(name: RuntimeFunction): number {
    return this.shop.runtime(name);
  }

  operand(node: Node<"operand">): void {
    const { code, shop, plan } = this;
    const local = keptLocal(node.index);
    if (local !== undefined) return void code.get(local);
    const operand = plan.decoded.operands[node.index];
    if (operand.kind === "register") return this.pushRegister(operand.register, node.width, operand.high);
    if (operand.kind === "segment") {
      return void code.loadAt(memory.i32Load16U, layout.selector.offset + operand.register * 4);
    }
    if (operand.kind === "vector") return this.vectorOperand(operand.register, node.width);
    const writable = plan.access[node.index] === "readwrite";
    this.linear(node.index, node.width / 8);
    const host = shop.access.host(node.width / 8, writable, this.giveUp, this.mustAlign(node.width));
    if (writable) this.places.set(node.index, host);
    shop.access.load(host, node.width);
  }

  private vectorOperand(register: number, width: Width): void {
    this.code.get(this.shop.frame.vector(register));
    if (width === 16 || width === 32 || width === 64) this.code.lane(laneOf.extract[width], 0);
  }

  /** What must be aligned and is not is the interpreter's (#GP). */
  private mustAlign(width: Width): boolean {
    return width === 128 && !this.plan.shape.instruction.unaligned;
  }

  isFloat(node: Node<"operand">): boolean {
    return this.vectorRegister(node) !== undefined;
  }

  private vectorRegister(e: Expression): number | undefined {
    if (e.kind !== "operand" || keptLocal(e.index) !== undefined) return undefined;
    const operand = this.plan.decoded.operands[e.index];
    return operand.kind === "vector" ? operand.register : undefined;
  }

  float(node: Node<"operand">, bits: 32 | 64): boolean {
    const register = this.vectorRegister(node);
    if (register === undefined) return false;
    this.code.get(this.shop.frame.vector(register)).lane(floatLaneOf.extract[bits], 0);
    return true;
  }

  load(node: Node<"load">): void {
    this.lowering.wide(node.offset);
    this.addBase(node.segment, node.width / 8);
    const host = this.shop.access.host(node.width / 8, node.writable ?? false, this.giveUp);
    this.shop.access.load(host, node.width);
  }

  address(node: Node<"address">): void {
    const { decoded, next } = this.plan;
    const operand = memoryOf(decoded.operands[node.index]);
    this.shop.access.offset(operand, decoded.addressSize, next);
    if (node.linear) throw new Error("linear addresses are for helpers, which are left to the interpreter");
    if (node.width === 64) return;
    this.code.op(op.i32WrapI64);
    if (node.width === 16) this.code.i32(0xffff).op(op.i32And);
  }

  register(node: Node<"register">): void {
    this.pushRegister(node.register, node.width, node.high ?? false);
  }

  private pushRegister(register: number, width: Width, high: boolean): void {
    const { code } = this;
    code.get(this.shop.frame.register(register));
    if (width === 64) return;
    if (high) code.i64(8n).op(op.i64ShrU);
    code.op(op.i32WrapI64);
    if (width < 32) code.i32(width === 16 ? 0xffff : 0xff).op(op.i32And);
  }

  flag(flag: Flag): void {
    const { code } = this;
    if (isStatus(flag)) {
      this.shop.frame.useFlags();
      return pushFlag(code, this.shop.frame.flags, flag);
    }
    code.loadAt(memory.i32Load, layout.systemFlags.offset).i32(RFLAGS_BIT[flag]).op(op.i32ShrU).i32(1).op(op.i32And);
  }

  number(node: Node<"number">): void {
    const operand = this.plan.decoded.operands[node.index];
    if (operand.kind !== "segment" && operand.kind !== "stack")
      throw new Error(`${this.plan.shape.instruction.name}: a ${operand.kind} has no number`);
    this.code.i64(BigInt(operand.register));
    if (node.width !== 64) this.code.op(op.i32WrapI64);
  }

  next(): void {
    throw new Error("the next instruction's place is a constant here");
  }

  /** Of all helpers, float arithmetic only. */
  system(node: Node<"system">): void {
    if (hasX87Form(node)) return this.x87.value(node, this.lowering);
    lowerFloat(this.lowering, node, {
      known: this.shop.options.knownFloats && !this.conditional ? this.floats : undefined,
      settle: () => this.runtime("settleFloats"),
      slow: () => {
        this.giveUp();
        return "left";
      },
    });
  }
}

const mentions = (e: Expression, flag: StatusFlag): boolean =>
  (flagsIn(e) & FLAGS[flag]) !== 0 &&
  (e.kind === "flag" ? e.flag === flag : children(e).some((child) => mentions(child, flag)));
