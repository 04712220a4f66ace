/**
 * x87 in regions: the functions of system/short/x87 are called where an instruction stands; what they refuse is the interpreter's, with nothing
 * changed yet. The stack stays in the state.
 */
import { TRUNCATE } from "../../isa/floatcodes";
import type { Lowering } from "../lower";
import { FPU_OPCODE } from "../record";
import { fpuOpcode } from "../records";
import { layout } from "../state";
import { UNUSUAL } from "../system/short/x87/comparison";
import { x87Signatures } from "../system/short/x87";
import { EMPTY, I32, memory, op } from "../wasm/code";
import { memoryOf } from "./access";
import type { Workshop } from "./workshop";
import type { Plan } from "./plan";
import { type Call, callOf, isStore, kindOf, type SystemEffect, type SystemNode, valueOf } from "./x87calls";

const PENDING = 0x80;
const CS = 1;

export class X87Writer {
  constructor(
    private readonly shop: Workshop,
    private readonly plan: Plan,
    private readonly giveUp: () => void,
  ) {}

  /** What waits for pending exceptions finds none; whether the unit is there the head of the region has looked. */
  begin(): void {
    this.shop.frame.useX87();
    if (this.plan.shape.instruction.unit !== "fpu") return;
    this.shop.code.loadAt(memory.i32Load, layout.fpuStatus.offset).i32(PENDING).op(op.i32And);
    this.giveUpIf();
  }

  private giveUpIf(): void {
    this.shop.code.if(EMPTY);
    this.giveUp();
    this.shop.code.end();
  }

  /** An effect. `store` finds the place of so many bytes in memory, and yields what writes there. */
  effect(effect: SystemEffect, lowering: Lowering, store: (bytes: number) => (pushValue: () => void) => void): void {
    if (isStore(effect)) this.store(effect, store);
    else {
      this.call(callOf(effect.helper, effect.arguments)!, lowering);
      this.shop.code.op(op.i32Eqz);
      this.giveUpIf();
    }
    if (effect.helper !== "fpuLoadControl") this.point();
  }

  /** [] -> [i32] */
  value({ helper, arguments: args }: SystemNode, lowering: Lowering): void {
    const { code } = this.shop;
    if (helper !== "fpuCompareFlags") {
      code.loadAt(memory.i32Load, layout[helper as "fpuControl" | "fpuStatus"].offset);
      return;
    }
    const flags = code.local(I32);
    this.call({ function: "x87CompareFlags", arguments: args.slice(1) }, lowering);
    code.tee(flags).i32(UNUSUAL).op(op.i32Eq);
    this.giveUpIf();
    this.point();
    code.get(flags);
  }

  private call({ function: name, arguments: args }: Call, lowering: Lowering): void {
    const { code } = this.shop;
    for (const [n, type] of x87Signatures[name].parameters.entries()) {
      const argument = args[n];
      if (type !== I32) lowering.wide(argument);
      else if (argument.kind === "constant") code.i32(Number(argument.value));
      else {
        lowering.value(argument);
        if (argument.width === 64) code.op(op.i32WrapI64);
      }
    }
    code.call(this.shop.short(name));
  }

  /** Memory is written before the state changes: its place may be one for the interpreter. */
  private store(
    { arguments: [kind, , flags] }: SystemEffect,
    find: (bytes: number) => (pushValue: () => void) => void,
  ): void {
    const { shop } = this;
    const { code } = shop;
    const said = code.local(I32);
    const pops = valueOf(flags);
    code
      .i32(valueOf(kind))
      .i32(pops & TRUNCATE)
      .call(shop.short("x87Storing"));
    code.tee(said).op(op.i32Eqz);
    this.giveUpIf();
    const bytes = { integer16: 2, integer32: 4, single: 4 }[kindOf(kind) as string] ?? 8;
    find(bytes)(() => code.loadAt(bytes === 8 ? memory.i64Load : memory.i32Load, layout.value.offset));
    code
      .get(said)
      .i32(pops & ~TRUNCATE)
      .call(shop.short("x87Stored"))
      .op(op.drop);
  }

  /** Opcode, instruction and data pointer (SDM 1, 8.1.8). */
  private point(): void {
    const { code, access } = this.shop;
    const { decoded, rip, next } = this.plan;
    const opcode = fpuOpcode(decoded);
    code
      .i32(0)
      .i32(opcode & FPU_OPCODE.bits)
      .access(memory.i32Store, layout.fpuOpcode.offset);
    code.i32(0).i64(rip).access(memory.i64Store, layout.fpuIp.offset);
    this.selector(CS, layout.fpuCs.offset);
    if (!(opcode & FPU_OPCODE.memory)) return;
    const operand = memoryOf(decoded.operands.find(({ kind }) => kind === "memory")!);
    code.i32(0);
    access.offset(operand, decoded.addressSize, next);
    code.access(memory.i64Store, layout.fpuDp.offset);
    this.selector(operand.segment, layout.fpuDs.offset);
  }

  private selector(segment: number, to: number): void {
    const { code } = this.shop;
    code.i32(0).loadAt(memory.i32Load, layout.selector.offset + segment * 4);
    code.access(memory.i32Store, to);
  }
}
