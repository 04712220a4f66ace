/** Writes decoded instructions into records (record.ts). */
import type { Jump } from "./block";
import type { Decoded, DecodedOperand, MemoryOperand } from "./decode/decode";
import type { Resolved } from "./handlers/library";
import { SPECIAL } from "./handlers/special";
import { DETAIL, FPU_OPCODE, record, RECORD_BYTES } from "./record";
import { type WasmOffset } from "./areas";
import { layout, type CpuState } from "./state";

/** What stands at one place of a block: an instruction with its handler, or a record that only reports. */
export type Step =
  | { readonly kind: "instruction"; readonly decoded: Decoded; readonly resolved: Resolved; readonly length: number }
  | { readonly kind: "raise"; readonly vector: number; readonly length: number }
  | { readonly kind: "unimplemented"; readonly length: number };

const FIRST_BASED_SEGMENT = 4;
const registerAt = (register: number, high = false) => layout.registers.offset + register * 8 + (high ? 1 : 0);

export interface Position {
  /** Offset of the block's first byte in its page. */
  readonly inPage: number;
  /** Jumps may be linked: they stay in their page and RIP does not wrap at 16 bits. */
  readonly linkable: boolean;
  readonly long: boolean;
}

/** Records per step at most: an address micro-record and the instruction. And one more for the end of the block. */
export const recordsFor = (steps: number): number => steps * 2 + 1;

export class RecordWriter {
  private readonly view: DataView;
  private readonly bytes: Uint8Array;

  constructor(private readonly state: CpuState) {
    this.view = state.bytes;
    this.bytes = new Uint8Array(state.memory.buffer);
  }

  /** Writes a block at `at`. Returns where its records end, and the records that may be linked to other blocks. */
  write(at: WasmOffset, steps: readonly Step[], position: Position): { end: WasmOffset; jumps: Jump[] } {
    const jumps: Jump[] = [];
    let cursor = at;
    let start = 0;
    steps.forEach((step, n) => {
      const next = start + step.length;
      const left = steps.length - 1 - n;
      if (step.kind === "instruction" && step.resolved.addressRecord) {
        this.begin(cursor, this.addressHandler(step.decoded, position), start, next, left);
        this.memoryOperands(cursor, step.decoded, next);
        cursor += RECORD_BYTES;
      }
      this.step(cursor, step, start, next, left);
      const target = step.kind === "instruction" ? this.link(cursor, step.decoded, next, position) : undefined;
      if (target !== undefined) jumps.push({ record: cursor, target });
      cursor += RECORD_BYTES;
      start = next;
    });
    const last = steps[steps.length - 1];
    if (last.kind === "instruction" && !last.resolved.jumps) {
      this.begin(cursor, SPECIAL.end, start, start, 0);
      if (position.linkable && position.inPage + start < 4096) {
        this.view.setUint16(cursor + record.detail, DETAIL.linkable, true);
        jumps.push({ record: cursor, target: position.inPage + start });
      }
      cursor += RECORD_BYTES;
    }
    this.view.setUint16(at + record.charge, steps.length, true);
    return { end: cursor, jumps };
  }

  private begin(at: WasmOffset, handler: number, start: number, next: number, left: number): void {
    this.bytes.fill(0, at, at + RECORD_BYTES);
    const { view } = this;
    view.setUint32(at + record.handler, handler, true);
    view.setUint16(at + record.start, start, true);
    view.setUint16(at + record.next, next, true);
    view.setUint16(at + record.left, left, true);
    for (const field of [record.base, record.index, record.segmentBase]) {
      view.setUint16(at + field, layout.zero.offset, true);
    }
  }

  private step(at: WasmOffset, step: Step, start: number, next: number, left: number): void {
    const handler =
      step.kind === "raise"
        ? SPECIAL.raise
        : step.kind === "unimplemented"
          ? SPECIAL.unimplemented
          : step.resolved.slot;
    this.begin(at, handler, start, next, left);
    if (step.kind === "raise") this.view.setUint32(at + record.immediate, step.vector, true);
    if (step.kind !== "instruction") return;
    this.view.setUint16(at + record.form, step.decoded.formNumber, true);
    this.memoryOperands(at, step.decoded, next);
    if (step.resolved.addressRecord) this.throughEffective(at);
    this.operands(at, step);
  }

  private addressHandler(decoded: Decoded, { long }: Position): number {
    if (long) return SPECIAL.address32Long;
    return decoded.addressSize === 16 ? SPECIAL.address16 : SPECIAL.address32;
  }

  /** The address fields. RIP-relative displacements count from the next instruction, records from the start of the block. */
  private memoryOperands(at: WasmOffset, decoded: Decoded, next: number): void {
    const { view } = this;
    for (const [n, operand] of decoded.operands.entries()) {
      if (operand.kind === "stringSource") {
        this.segment(at, operand.segment);
        continue;
      }
      if (operand.kind !== "memory") continue;
      const { base, index, scale, displacement, ripRelative } = operand;
      if (base !== undefined) view.setUint16(at + record.base, registerAt(base), true);
      if (ripRelative) view.setUint16(at + record.base, layout.rip.offset, true);
      if (index !== undefined) view.setUint16(at + record.index, registerAt(index), true);
      view.setUint8(at + record.scale, scale);
      view.setBigInt64(at + record.displacement, ripRelative ? displacement + BigInt(next) : displacement, true);
      this.segment(at, operand.segment);
      view.setUint16(at + record.detail, accessDetail(decoded, operand, n), true);
    }
  }

  /** In 64-bit mode the bases of ES, CS, SS and DS count as 0, and are 0 in the state. */
  private segment(at: WasmOffset, segment: number): void {
    this.view.setUint8(at + record.segment, segment);
    const absent = segment < FIRST_BASED_SEGMENT && this.isLong();
    const base = absent ? layout.zero.offset : layout.segmentBase.offset + segment * 8;
    this.view.setUint16(at + record.segmentBase, base, true);
  }

  private isLong(): boolean {
    return (this.state.get32("mode") & 1) !== 0;
  }

  private throughEffective(at: WasmOffset): void {
    const { view } = this;
    view.setUint16(at + record.base, layout.effective.offset, true);
    view.setUint16(at + record.index, layout.zero.offset, true);
    view.setUint8(at + record.scale, 0);
    view.setUint16(at + record.segmentBase, layout.zero.offset, true);
    view.setBigInt64(at + record.displacement, 0n, true);
    view.setUint16(at + record.detail, 0, true);
  }

  private operands(at: WasmOffset, { decoded, resolved }: Extract<Step, { kind: "instruction" }>): void {
    const { view } = this;
    if (decoded.instruction.unit === "fpu") view.setUint32(at + record.immediate, fpuOpcode(decoded), true);
    resolved.shape.operands.forEach((shape, n) => {
      const operand = decoded.operands[n];
      if (
        shape.kind === "register" ||
        shape.kind === "segment" ||
        shape.kind === "numbered" ||
        shape.kind === "vector"
      ) {
        view.setUint16(at + (shape.slot === 1 ? record.register1 : record.register2), slotValue(operand), true);
      } else if (shape.kind === "immediate" || shape.kind === "relative") {
        const value = immediateValue(operand);
        if (shape.kind === "immediate" && shape.part === 1) {
          view.setUint32(at + record.immediate + 4, Number(value & 0xffff_ffffn), true);
        } else view.setBigUint64(at + record.immediate, BigInt.asUintN(64, value), true);
      }
    });
  }

  /** Marks a direct jump whose target lies in the same page, and gives the target's place there. */
  private link(at: WasmOffset, decoded: Decoded, next: number, position: Position): number | undefined {
    const target = decoded.operands.find((operand) => operand.kind === "relative");
    if (target?.kind !== "relative" || !position.linkable || target.width === 16) return undefined;
    const inPage = position.inPage + next + Number(target.displacement);
    if (inPage < 0 || inPage > 4095) return undefined;
    this.view.setUint16(at + record.detail, DETAIL.linkable, true);
    return inPage;
  }
}

function accessDetail(decoded: Decoded, operand: MemoryOperand, n: number): number {
  const access = Object.values(decoded.instruction.operands ?? {})[n];
  const write = access === "write" || access === "readwrite" ? DETAIL.write : 0;
  return Math.max(1, operand.width / 8) | write;
}

/** Of an x87 instruction: FPU_OPCODE (record.ts). */
export function fpuOpcode({ form, modrm, addressSize }: Decoded): number {
  const bits = { 16: FPU_OPCODE.bits16, 32: FPU_OPCODE.bits32, 64: 0 }[addressSize as 16 | 32 | 64];
  return ((form.opcode & 7) << 8) | modrm | (modrm < 0xc0 ? FPU_OPCODE.memory | bits : 0);
}

function slotValue(operand: DecodedOperand): number {
  switch (operand.kind) {
    case "register":
      return registerAt(operand.register, operand.high);
    case "segment":
      return layout.selector.offset + operand.register * 4;
    case "vector":
      return (operand.file === "xmm" ? layout.xmm : layout.fpr).offset + operand.register * 16;
    case "control":
    case "debug":
    case "stack":
      return operand.register;
    default:
      throw new Error(`a ${operand.kind} is not kept in a register field`);
  }
}

function immediateValue(operand: DecodedOperand): bigint {
  switch (operand.kind) {
    case "immediate":
      return operand.value;
    case "relative":
      return BigInt.asUintN(operand.width, operand.displacement);
    case "far":
      return (BigInt(operand.selector) << 32n) | operand.offset;
    default:
      throw new Error(`a ${operand.kind} is not an immediate`);
  }
}
