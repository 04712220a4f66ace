/**
 * The code of one handler, from the meaning of an instruction for one shape. Order (isa/notation.ts): loads and helper values,
 * faults, stores, and only then registers, flags and system effects: an instruction that faults has changed nothing.
 */
import type { Expression, Flag, Width } from "../../isa/expression";
import type { Effect, Fault } from "../../isa/notation";
import type { SystemHelper } from "../../isa/system";
import { type Binding, children, Lowering, type Node, type Scope } from "../lower";
import { hasFloatForm, lowerFloat } from "../lower/float";
import { EXIT, record } from "../record";
import { layout } from "../state";
import { Code, EMPTY, I32, I64, memory, op } from "../wasm/code";
import type { RuntimeFunction } from "../wasm/runtime";
import { type HostFunction, loads, MemoryAccess, memoryWidth, type Place, stores } from "./access";
import { Bulk, hasBulkForm } from "./bulk";
import { flagSources, type FlagValues, readFlag, storeFlags } from "./flags";
import { checkTarget, jumpTo, nextRecord, refundRest } from "./jump";
import { isStringOperand, type Meaning, roots } from "./meaning";
import type { OperandShape, Shape } from "./shape";

/** What handlers do in short ways, each with its off switch. */
export interface HandlerOptions {
  /** SSE arithmetic is done by the host where that comes to the same (lower/float); off: all of it by system/float. */
  readonly hostFloats: boolean;
  /** REP makes many iterations at once where it can (bulk.ts). */
  readonly bulk: boolean;
}
export const defaultHandlerOptions: HandlerOptions = { hostFloats: true, bulk: true };

/** What the module being written offers to its functions. */
export interface Surroundings {
  host(name: HostFunction): number;
  runtime(name: RuntimeFunction): number;
  readonly handlerType: number;
  readonly options: HandlerOptions;
}

const SELF = 0;
const ES = 0,
  RCX = 1,
  RDX = 2,
  RSI = 6,
  RDI = 7;
const vectors: Readonly<Record<Fault, number>> = {
  "#DE": 0,
  "#DB": 1,
  "#BP": 3,
  "#OF": 4,
  "#BR": 5,
  "#UD": 6,
  "#NM": 7,
  "#SS(0)": 12,
  "#GP(0)": 13,
  "#MF": 16,
  "#AC": 17,
};
const FLAG_VM = 0x2_0000;
const CR0_EM = 4,
  CR0_TS = 8,
  CR4_OSFXSR = 0x200,
  FPU_PENDING = 0x80,
  FPU_TOP = 0x3800;
const registerAt = (register: number, high = false) => layout.registers.offset + register * 8 + (high ? 1 : 0);

/** Helpers after which generated code may go on by itself. */
const goesOn: ReadonlySet<SystemHelper> = new Set<SystemHelper>([
  ...(["interrupt", "interruptReturn", "systemCall", "systemReturn", "sysenter", "sysexit"] as const),
  ...(["invalidatePage", "writeControl"] as const),
]);

type When = Extract<Effect, { kind: "when" }>;

/** Under a condition too (INTO). */
const callsHelperThatGoesOn = (effect: Effect): boolean =>
  effect.kind === "when"
    ? effect.effects.some(callsHelperThatGoesOn)
    : effect.kind === "system" && goesOn.has(effect.helper);

export function writeHandler(shape: Shape, meaning: Meaning, surroundings: Surroundings): Code {
  return new HandlerWriter(shape, meaning, surroundings).write();
}

class HandlerWriter implements Binding {
  private readonly code = new Code(1);
  private readonly lowering = new Lowering(this.code, this);
  private readonly memory: MemoryAccess;
  /** Memory operands that were read to be written again. */
  private readonly places = new Map<number, Place>();
  /** What a helper returned: EXIT.leave or EXIT.leaveNext once everything is done. */
  private readonly leave: number | undefined;
  private readonly whens = new Map<When, Scope>();
  /** Local with the RIP to jump to, once it was looked at. */
  private target: number | undefined;
  private readonly addressBits: 16 | 32 | 64;
  private readonly long: boolean;

  constructor(
    private readonly shape: Shape,
    private readonly meaning: Meaning,
    private readonly surroundings: Surroundings,
  ) {
    this.long = shape.context.long;
    this.addressBits = shape.context.addressSize;
    this.memory = new MemoryAccess(this.code, SELF, (name) => surroundings.host(name), this.long);
    if (mentionsSystem(meaning.effects)) this.leave = this.code.local(I32);
  }

  write(): Code {
    this.checkPrivilege();
    this.checkUnit();
    if (this.shape.rep) this.repeat();
    else this.once();
    if (this.leave !== undefined) {
      this.code.get(this.leave).if(EMPTY);
      if (this.meaning.effects.some(callsHelperThatGoesOn)) this.goOn();
      this.exit(() => this.code.get(this.leave!));
      this.code.end();
    }
    if (!this.meaning.effects.some((effect) => effect.kind === "jump" && !effect.condition)) {
      nextRecord(this.code, SELF, this.surroundings.handlerType);
    }
    return this.code;
  }

  /** The helper may have left nothing for the run loop to do (EXIT.goOn). */
  private goOn(): void {
    const { code } = this;
    const target = code.local(I64);
    code.get(this.leave!).i32(EXIT.goOn).op(op.i32GeU).if(EMPTY);
    refundRest(code, SELF);
    code.loadAt(memory.i64Load, layout.rip.offset);
    code.get(SELF).access(memory.i64Load16U, record.next).i64(0n);
    code.get(this.leave!).i32(EXIT.goOnNext).op(op.i32Eq, op.select, op.i64Add).set(target);
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
    for (const effect of effects)
      if (effect.kind === "when" && touchesMemory(effect, this.shape)) this.whenMemory(effect);
    this.commits(effects);
  }

  private checkPrivilege(): void {
    const { code } = this;
    const { privilege } = this.shape.instruction;
    if (privilege === undefined) return;
    const flags = () => code.loadAt(memory.i32Load, layout.systemFlags.offset);
    code.loadAt(memory.i32Load, layout.cpl.offset);
    if (privilege === 0) code.i32(0);
    else flags().i32(12).op(op.i32ShrU).i32(3).op(op.i32And);
    code.op(op.i32GtU);
    if (privilege === "port") flags().i32(FLAG_VM).op(op.i32And, op.i32Or);
    code.if(EMPTY);
    if (privilege === "port") this.checkPort();
    else this.raise(this.shape.instruction.privilegeFault ?? "#GP(0)");
    code.end();
  }

  private checkPort(): void {
    const { width } = this.shape.operands.find(({ kind }) => isStringOperand(kind))!;
    const port = { kind: "register", width: 16, register: RDX } as const;
    this.callHelper("checkPort", [port, { kind: "constant", width: 64, value: BigInt(width / 8) }]);
  }

  /** Whether the vector and x87 units may be used now (SDM 2A, tables 2-18 to 2-24; SDM 3, 2.5 and 9.2). */
  private checkUnit(): void {
    const { code } = this;
    const { unit } = this.shape.instruction;
    if (!unit) return;
    const test = (field: "cr0" | "cr4" | "fpuStatus", bits: number) =>
      code.loadAt(memory.i32Load, layout[field].offset).i32(bits).op(op.i32And);
    test("cr0", CR0_EM | CR0_TS);
    if (unit === "sse") test("cr4", CR4_OSFXSR).op(op.i32Eqz, op.i32Or);
    code.if(EMPTY);
    if (unit === "sse" || unit === "mmx") {
      test("cr0", CR0_EM);
      if (unit === "sse") test("cr4", CR4_OSFXSR).op(op.i32Eqz, op.i32Or);
      code.if(EMPTY);
      this.raise("#UD");
      code.end();
    }
    this.raise("#NM");
    code.end();
    if (unit !== "mmx" && unit !== "fpu" && !this.usesMm()) return;
    test("fpuStatus", FPU_PENDING).if(EMPTY);
    const outcome = code.local(I32);
    code.get(SELF).call(this.surroundings.host("numericError")).tee(outcome).if(EMPTY);
    code.get(outcome).op(op.return);
    code.end().end();
  }

  private usesMm(): boolean {
    return this.shape.operands.some((operand) => operand.kind === "vector" && operand.file === "mm");
  }

  /** Every instruction with an mm register makes all x87 registers full and the stack begin at R0 (SDM 1, 9.5.1). */
  private enterMm(): void {
    const { code } = this;
    code.i32(0).loadAt(memory.i32Load, layout.fpuStatus.offset).i32(~FPU_TOP).op(op.i32And);
    code.access(memory.i32Store, layout.fpuStatus.offset);
    code.i32(0).i32(0xff).access(memory.i32Store, layout.fpuFull.offset);
  }

  /** [linear] -> [linear]. #GP(0) for 16 bytes that are not aligned (SDM 2A, table 2-18). */
  private checkAlignment(width: Width): void {
    if (width !== 128 || this.shape.instruction.unaligned) return;
    const { code } = this;
    const linear = code.local(I64);
    code.tee(linear).op(op.i32WrapI64).i32(15).op(op.i32And).if(EMPTY);
    this.raise("#GP(0)");
    code.end().get(linear);
  }

  private raise(fault: Fault): void {
    this.code.get(SELF).i32(vectors[fault]).call(this.surroundings.host("raise")).op(op.return);
  }

  private exit(pushReason: () => void): void {
    this.code.i32(0).get(SELF).access(memory.i32Store, layout.exitRecord.offset);
    pushReason();
    this.code.op(op.return);
  }

  private bulk(): void {
    const { code, addressBits: width } = this;
    new Bulk(code, SELF, this.shape, {
      push: (register) => {
        this.register({ kind: "register", width, register });
        if (width !== 64) code.op(op.i64ExtendI32U);
      },
      set: (register, value) =>
        this.setRegister(register, false, width, () => {
          value();
          if (width !== 64) code.op(op.i32WrapI64);
        }),
    }).write();
  }

  /** REP: each iteration is one tick; the block's charge covers the first (DESIGN.md, virtual time). */
  private repeat(): void {
    const { code } = this;
    const count = { kind: "register", width: this.addressBits, register: RCX } as const;
    const isZero = () => {
      this.register(count);
      code.op(count.width === 64 ? op.i64Eqz : op.i32Eqz);
    };
    isZero();
    code.if(EMPTY);
    nextRecord(code, SELF, this.surroundings.handlerType);
    code.end().block().loop();
    if (this.surroundings.options.bulk && hasBulkForm(this.shape)) this.bulk();
    this.lowering.scope(() => this.once());
    const { width } = count;
    this.setRegister(RCX, false, width, () => {
      this.register(count);
      if (width === 64) code.i64(1n).op(op.i64Sub);
      else {
        code.i32(1).op(op.i32Sub);
        if (width === 16) code.i32(0xffff).op(op.i32And);
      }
    });
    isZero();
    code.brIf(1);
    if (this.shape.instruction.repeat === "compare") {
      readFlag(code, "zf");
      if (this.shape.rep === "rep") code.op(op.i32Eqz);
      code.brIf(1);
    }
    code.loadAt(memory.i32Load, layout.remaining.offset).i32(1).op(op.i32LtS);
    if (this.leave !== undefined) code.get(this.leave).i32(0).op(op.i32Ne, op.i32Or);
    code.if(EMPTY);
    this.exit(() => code.i32(EXIT.repeat));
    code.end();
    code.i32(0).loadAt(memory.i32Load, layout.remaining.offset).i32(1).op(op.i32Sub);
    code.access(memory.i32Store, layout.remaining.offset).br(0).end().end();
  }

  // ---- phases ----

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
      this.raise(effect.fault);
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
    checkTarget(this.code, this.target, this.long, () => {
      if (this.long) this.tryStores(effects);
      this.raise("#GP(0)");
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
      } else if (effect.kind === "write" && this.isMemory(effect.index)) {
        this.writeMemory(effect.index, effect.value);
      }
    }
  }

  private writeMemory(index: number, value: Expression): void {
    this.lowering.hold(value);
    const place = this.places.get(index);
    const push = () => this.lowering.value(value);
    if (place) return this.memory.writeBack(place, value.width, push);
    this.operandLinear(index, value.width / 8, true);
    this.checkAlignment(value.width);
    this.memory.write(value.width, push);
  }

  private holdCommits(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "when") {
        this.lowering.hold(effect.condition);
        if (!touchesMemory(effect, this.shape)) this.holdCommits(effect.effects);
      } else if (effect.kind !== "fault" && effect.kind !== "store" && effect.kind !== "setFlag") {
        if (effect.kind === "write" && this.isMemory(effect.index)) continue;
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
    if (this.usesMm()) this.enterMm();
    for (const effect of effects) {
      switch (effect.kind) {
        case "write":
          if (!this.isMemory(effect.index)) this.writeOperand(effect.index, effect.value);
          break;
        case "setRegister": {
          const { register, high, value } = effect;
          this.setRegister(register, high ?? false, value.width, () => this.lowering.value(value));
          break;
        }
        case "setFlag":
          if (!flagsDone) storeFlags(this.code, this.lowering, flags);
          flagsDone = true;
          break;
        case "system":
          this.callHelper(effect.helper, effect.arguments);
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
      checkTarget(code, local, this.long, () => this.raise("#GP(0)"));
    }
    if (condition) refundRest(code, SELF);
    jumpTo(code, SELF, local, direct, this.surroundings.handlerType);
    if (condition) code.end();
  }

  // ---- writing ----

  private setRegister(register: number, high: boolean, width: Width, pushValue: () => void): void {
    this.code.i32(0);
    pushValue();
    this.storeRegister(width, registerAt(register, high));
  }

  /** [address, value] -> []. A 32-bit write clears the upper half, narrower ones keep the rest (SDM 1, 3.4.1.1). */
  private storeRegister(width: Width, offset = 0): void {
    if (width === 32) this.code.op(op.i64ExtendI32U).access(memory.i64Store, offset);
    else this.code.access(stores[memoryWidth(width)], offset);
  }

  private writeOperand(index: number, value: Expression): void {
    const operand = this.shape.operands[index];
    if (operand.kind === "fixed") {
      return this.setRegister(operand.register, false, value.width, () => this.lowering.value(value));
    }
    if (operand.kind === "vector") return this.writeVector(operand, value);
    if (operand.kind === "fixedVector") {
      this.code.i32(0);
      this.lowering.value(value);
      return void this.code.access(stores[memoryWidth(value.width)], layout.xmm.offset + operand.register * 16);
    }
    if (operand.kind !== "register") throw new Error(`${this.shape.instruction.name}: cannot write a ${operand.kind}`);
    this.slot(operand.slot);
    this.lowering.value(value);
    this.storeRegister(value.width);
  }

  /** What is narrower than an xmm register leaves the rest of it; an mm register's x87 exponent becomes all ones (SDM 1, 9.5.1). */
  private writeVector(operand: OperandShape & { kind: "vector" }, value: Expression): void {
    const float = this.lowering.floatOf(value);
    this.slot(operand.slot);
    if (float !== undefined) {
      return void this.code.get(float).access(value.width === 32 ? memory.f32Store : memory.f64Store);
    }
    this.lowering.value(value);
    this.code.access(stores[memoryWidth(value.width)]);
    if (operand.file === "xmm") return;
    this.slot(operand.slot);
    this.code.i32(0xffff).access(memory.i32Store, 8);
  }

  private slot(slot: 1 | 2): void {
    this.code.get(SELF).access(memory.i32Load16U, slot === 1 ? record.register1 : record.register2);
  }

  private callHelper(helper: string, args: readonly Expression[]): void {
    const { code } = this;
    const result = code.local(I32);
    let at = layout.argument.offset;
    for (const argument of args) {
      const bytes = argument.width === 128 ? 16 : 8;
      code.i32(0);
      if (bytes === 16) this.lowering.value(argument);
      else this.lowering.wide(argument);
      code.access(bytes === 16 ? memory.v128Store : memory.i64Store, at);
      at += bytes;
    }
    if (at > layout.argument.offset + layout.argument.count * 8) throw new Error(`${helper}: too many arguments`);
    // Conversions leave x87 behind even when they then raise #XM, as the processors we measured do.
    if (helper.startsWith("float") && this.usesMm()) this.enterMm();
    code
      .get(SELF)
      .call(this.surroundings.host(`system.${helper}`))
      .tee(result);
    code.i32(EXIT.fault).op(op.i32Eq).if(EMPTY);
    this.memory.returnFault();
    code.end().get(result).get(this.leave!).op(op.i32Or).set(this.leave!);
  }

  // ---- Binding ----

  isMemory(index: number): boolean {
    const { kind } = this.shape.operands[index];
    return kind === "memory" || isStringOperand(kind);
  }

  runtime(name: RuntimeFunction): number {
    return this.surroundings.runtime(name);
  }

  operand(node: Node<"operand">): void {
    const { code } = this;
    const operand = this.shape.operands[node.index];
    const { width } = node;
    switch (operand.kind) {
      case "register":
      case "vector":
        this.slot(operand.slot);
        return void code.access(loads[memoryWidth(width)]);
      case "fixed":
        return void code.loadAt(loads[memoryWidth(width)], registerAt(operand.register));
      case "fixedVector":
        return void code.loadAt(loads[memoryWidth(width)], layout.xmm.offset + operand.register * 16);
      case "constant":
        return void (width === 64 ? code.i64(operand.value) : code.i32(Number(operand.value)));
      case "immediate":
        code.get(SELF);
        return void code.access(width === 64 ? memory.i64Load : memory.i32Load, record.immediate + operand.part * 4);
      case "relative":
        return void code.get(SELF).access(width === 64 ? memory.i64Load : memory.i32Load, record.immediate);
      case "segment":
        this.slot(operand.slot);
        return void code.access(memory.i32Load16U);
      case "fixedSegment":
        return void code.loadAt(memory.i32Load16U, layout.selector.offset + operand.register * 4);
      case "stackTop":
      case "numbered":
        throw new Error(
          `${this.shape.instruction.name}: x87, control and debug registers are read through their helpers`,
        );
      case "memory":
      case "source":
      case "destination":
        return this.readMemory(node.index, width);
    }
  }

  private readMemory(index: number, width: Width): void {
    const writable = this.meaning.access[index] === "readwrite";
    this.operandLinear(index, width / 8, writable);
    this.checkAlignment(width);
    if (writable) this.places.set(index, this.memory.readForWrite(width));
    else this.memory.read(width);
  }

  /** Pushes the linear address of a memory operand. */
  private operandLinear(index: number, bytes: number, write: boolean): void {
    const operand = this.shape.operands[index];
    if (operand.kind === "memory") {
      if (!this.meaning.usesAddress) return this.recordAddress(operand, true);
      this.offset(operand);
      return this.memory.linear("operand", bytes, write);
    }
    const register = { kind: "register", width: this.addressBits } as const;
    const pushRegister = (number: number) => this.lowering.wide({ ...register, register: number });
    pushRegister(operand.kind === "source" ? RSI : RDI);
    this.memory.linear(operand.kind === "source" ? "operand" : ES, bytes, write);
  }

  private truncate(): void {
    if (this.addressBits !== 64) this.code.i64(this.addressBits === 32 ? 0xffff_ffffn : 0xffffn).op(op.i64And);
  }

  /** base + (index << scale) + displacement (+ segment base), untruncated. */
  private recordAddress(operand: OperandShape & { kind: "memory" }, withSegment: boolean): void {
    recordAddress(this.code, SELF, operand.simple, withSegment);
  }

  /** Pushes the i64 offset of the memory operand, before the segment base. */
  private offset(operand: OperandShape & { kind: "memory" }): void {
    this.recordAddress(operand, false);
    this.truncate();
  }

  address(node: Node<"address">): void {
    const operand = this.shape.operands[node.index];
    if (operand.kind !== "memory") throw new Error(`${this.shape.instruction.name}: only memory has an address`);
    const { code } = this;
    this.offset(operand);
    if (node.linear) {
      code.get(SELF).access(memory.i32Load16U, record.segmentBase).access(memory.i64Load).op(op.i64Add);
      if (!this.long) code.i64(0xffff_ffffn).op(op.i64And);
    } else if (node.width !== 64) {
      code.op(op.i32WrapI64);
      if (node.width === 16) code.i32(0xffff).op(op.i32And);
    }
  }

  register(node: Node<"register">): void {
    this.code.loadAt(loads[memoryWidth(node.width)], registerAt(node.register, node.high));
  }

  flag(flag: Flag): void {
    readFlag(this.code, flag);
  }

  next(node: Node<"next">): void {
    const { code } = this;
    if (node.width === 64) {
      code.loadAt(memory.i64Load, layout.rip.offset);
      code.get(SELF).access(memory.i64Load16U, record.next).op(op.i64Add);
    } else {
      code.loadAt(memory.i32Load, layout.rip.offset);
      code.get(SELF).access(memory.i32Load16U, record.next).op(op.i32Add);
      if (node.width === 16) code.i32(0xffff).op(op.i32And);
    }
  }

  number(node: Node<"number">): void {
    const operand = this.shape.operands[node.index];
    const { code } = this;
    if (operand.kind === "fixedSegment") code.i32(operand.register);
    else if (operand.kind === "segment") {
      this.slot(operand.slot);
      code.i32(layout.selector.offset).op(op.i32Sub).i32(2).op(op.i32ShrU);
    } else if (operand.kind === "numbered") this.slot(operand.slot);
    else throw new Error(`${this.shape.instruction.name}: a ${operand.kind} has no number`);
    if (node.width === 64) code.op(op.i64ExtendI32U);
  }

  load(node: Node<"load">): void {
    this.lowering.wide(node.offset);
    this.memory.linear(node.segment, node.width / 8, node.writable ?? false);
    if (node.writable) this.memory.readForWrite(node.width);
    else this.memory.read(node.width);
  }

  /** An operand in the lower half of an xmm register. */
  float(node: Node<"operand">, bits: 32 | 64): boolean {
    const operand = this.shape.operands[node.index];
    if (operand.kind !== "vector" || operand.file !== "xmm") return false;
    this.slot(operand.slot);
    this.code.access(bits === 32 ? memory.f32Load : memory.f64Load);
    return true;
  }

  system(node: Node<"system">): void {
    if (!this.surroundings.options.hostFloats || !hasFloatForm(node)) return this.helperValue(node);
    lowerFloat(this.lowering, node, {
      settle: () => this.runtime("settleFloats"),
      slow: () => {
        this.helperValue(node);
        return "value";
      },
    });
  }

  private helperValue(node: Node<"system">): void {
    const { code } = this;
    this.callHelper(node.helper, node.arguments);
    if (node.width >= 64) code.loadAt(loads[memoryWidth(node.width)], layout.value.offset);
    else if (node.width === 1) code.loadAt(memory.i32Load, layout.value.offset).i32(1).op(op.i32And);
    else code.loadAt(loads[memoryWidth(node.width)], layout.value.offset);
  }
}

/** Pushes the i64 address that a record describes. */
export function recordAddress(code: Code, self: number, simple: boolean, withSegment: boolean): void {
  code.get(self).access(memory.i32Load16U, record.base).access(memory.i64Load);
  code.get(self).access(memory.i64Load, record.displacement).op(op.i64Add);
  if (simple) return;
  code.get(self).access(memory.i32Load16U, record.index).access(memory.i64Load);
  code.get(self).access(memory.i64Load8U, record.scale).op(op.i64Shl, op.i64Add);
  if (!withSegment) return;
  code.get(self).access(memory.i32Load16U, record.segmentBase).access(memory.i64Load).op(op.i64Add);
}

function flagValues(effects: readonly Effect[]): FlagValues {
  const values = new Map<Flag, Expression>();
  for (const effect of effects) if (effect.kind === "setFlag") values.set(effect.flag, effect.value);
  return values;
}

/** Whether a conditional effect reads or writes memory or may fault, so that it must be skipped as a whole. */
function touchesMemory(effect: When, shape: Shape): boolean {
  const touches = (e: Expression): boolean => {
    if (e.kind === "load" || e.kind === "system") return true;
    if (e.kind === "operand")
      return !["register", "vector", "fixedVector", "fixed", "immediate", "constant"].includes(
        shape.operands[e.index].kind,
      );
    return children(e).some(touches);
  };
  return effect.effects.some(
    (inner) =>
      inner.kind === "store" ||
      inner.kind === "fault" ||
      (inner.kind === "write" && ["memory", "source", "destination"].includes(shape.operands[inner.index].kind)) ||
      roots(inner).some(touches),
  );
}

function mentionsSystem(effects: readonly Effect[]): boolean {
  const mentions = (e: Expression): boolean => e.kind === "system" || children(e).some(mentions);
  return effects.some(
    (effect) =>
      effect.kind === "system" ||
      roots(effect).some(mentions) ||
      (effect.kind === "when" && effect.effects.some((inner) => inner.kind === "system")),
  );
}
