/**
 * The x87 unit: stack, tags, exceptions and arithmetic (SDM 1, chapter 8). An exception that is not masked is only noted here: ES is set, and the
 * next waiting instruction raises #MF. One found before computing leaves the operands, one found after it still stores the result.
 *
 * Opcode, instruction and data pointer are those of the last instruction that is no control instruction (SDM 1, 8.1.8).
 */
import type { BlockMemory } from "../../block";
import type { Core } from "../../core";
import { X87Arithmetic } from "./arithmetic";
import { X87Comparison } from "./comparison";
import { X87Control } from "./control";
import { X87Logarithms } from "./logarithms";
import { X87Operations } from "./operations";
import { X87Stack } from "./stack";
import { X87Transfers } from "./transfers";

export class X87 {
  readonly stack: X87Stack;
  readonly arithmetic: X87Arithmetic;
  readonly comparison: X87Comparison;
  readonly transfers: X87Transfers;
  readonly operations: X87Operations;
  readonly control: X87Control;

  constructor(core: Core, block: BlockMemory) {
    this.stack = new X87Stack(core);
    this.arithmetic = new X87Arithmetic(core, this.stack);
    this.comparison = new X87Comparison(core, this.stack);
    this.transfers = new X87Transfers(core, this.stack, block);
    this.operations = new X87Operations(core, this.stack, this.comparison, new X87Logarithms(this.stack));
    this.control = new X87Control(core, this.stack);
  }
}
