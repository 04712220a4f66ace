/**
 * What a handler's code finds and leaves in the state: operands, registers, flags and helpers' values (the lowering's binding for
 * state in memory). Which register an operand is stands in the record, so that one handler serves all of a shape.
 */
import type { Expression, Flag, Width } from "../../isa/expression";
import type { Fault } from "../../isa/notation";
import { type Binding, Lowering, type Node } from "../lower";
import { hasFloatForm, lowerFloat } from "../lower/float";
import { EXIT, record } from "../record";
import { layout } from "../state";
import { Code, EMPTY, I32, I64, memory, op } from "../wasm/code";
import type { RuntimeFunction } from "../wasm/runtime";
import { loads, MemoryAccess, memoryWidth, type Place, stores } from "./access";
import { readFlag } from "./flags";
import { isStringOperand, type Meaning } from "./meaning";
import type { OperandShape, Shape } from "./shape";
import { SELF, type Surroundings } from "./surroundings";

const ES = 0,
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
const FPU_TOP = 0x3800;
const registerAt = (register: number, high = false) => layout.registers.offset + register * 8 + (high ? 1 : 0);

export class Operands implements Binding {
  readonly code = new Code(1);
  readonly lowering = new Lowering(this.code, this);
  readonly memory: MemoryAccess;
  /** Memory operands that were read to be written again. */
  private readonly places = new Map<number, Place>();
  readonly addressBits: 16 | 32 | 64;
  readonly long: boolean;
  /** Local with what helpers returned: EXIT.leave or EXIT.leaveNext once everything is done. */
  readonly leave: number | undefined;

  constructor(
    readonly shape: Shape,
    private readonly meaning: Meaning,
    readonly surroundings: Surroundings,
    withHelpers: boolean,
  ) {
    this.long = shape.context.long;
    this.addressBits = shape.context.addressSize;
    this.memory = new MemoryAccess(this.code, SELF, (name) => surroundings.host(name), this.long);
    this.leave = withHelpers ? this.code.local(I32) : undefined;
  }

  // ---- binding: what expressions read ----

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

  // ---- what effects write ----

  setRegister(register: number, high: boolean, width: Width, pushValue: () => void): void {
    this.code.i32(0);
    pushValue();
    this.storeRegister(width, registerAt(register, high));
  }

  /** [address, value] -> []. A 32-bit write clears the upper half, narrower ones keep the rest (SDM 1, 3.4.1.1). */
  private storeRegister(width: Width, offset = 0): void {
    if (width === 32) this.code.op(op.i64ExtendI32U).access(memory.i64Store, offset);
    else this.code.access(stores[memoryWidth(width)], offset);
  }

  writeOperand(index: number, value: Expression): void {
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

  callHelper(helper: string, args: readonly Expression[]): void {
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

  writeMemory(index: number, value: Expression): void {
    this.lowering.hold(value);
    const place = this.places.get(index);
    const push = () => this.lowering.value(value);
    if (place) return this.memory.writeBack(place, value.width, push);
    this.operandLinear(index, value.width / 8, true);
    this.checkAlignment(value.width);
    this.memory.write(value.width, push);
  }

  usesMm(): boolean {
    return this.shape.operands.some((operand) => operand.kind === "vector" && operand.file === "mm");
  }

  /** Every instruction with an mm register makes all x87 registers full and the stack begin at R0 (SDM 1, 9.5.1). */
  enterMm(): void {
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

  raise(fault: Fault): void {
    this.code.get(SELF).i32(vectors[fault]).call(this.surroundings.host("raise")).op(op.return);
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
