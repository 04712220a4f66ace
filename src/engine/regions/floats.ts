/**
 * What a block of a region has found out about floats on its way: of some xmm registers, that they hold neither NaNs nor denormals. The
 * checks of the instructions that come after can leave that out (lower/float).
 */
import type { Expression } from "../../isa/expression";
import type { KnownFloats } from "../lower/float/writer";
import type { Frame } from "./frame";

type Bits = 32 | 64;

/** All lanes of this width, or the lowest alone. */
interface Known {
  readonly bits: Bits;
  readonly all: boolean;
}

/** At one point of a block, by number of the register. */
export class FloatState {
  readonly registers = new Map<number, Known>();
}

/** The same while one instruction is written: `registerOf` tells which register an operand is. */
export class InstructionFloats implements KnownFloats {
  private readonly values = new Map<Expression, Known>();

  constructor(
    private readonly frame: Frame,
    private readonly state: FloatState,
    private readonly registerOf: (value: Expression) => number | undefined,
  ) {}

  get unsettled(): number {
    return this.frame.unsettled;
  }

  setUnsettled(): void {
    this.frame.setUnsettled(this.frame.code);
  }

  isComparable(value: Expression, bits: Bits): boolean {
    const known = this.known(value);
    return known?.bits === bits && (known.all || value.width !== 128);
  }

  setComparable(value: Expression, bits: Bits): void {
    const known = { bits, all: value.width === 128 };
    const register = this.registerOf(value);
    if (register === undefined) this.values.set(value, known);
    else if (!this.isComparable(value, bits)) this.state.registers.set(register, known);
  }

  /** The register gets this value. Under a condition it may keep what it has. */
  write(register: number, value: Expression, conditional: boolean): void {
    const known = conditional ? undefined : this.known(value);
    if (known && value.width === 128) this.state.registers.set(register, known);
    else if (known?.bits === value.width) this.state.registers.set(register, { bits: known.bits, all: false });
    else this.state.registers.delete(register);
  }

  private known(value: Expression): Known | undefined {
    const register = this.registerOf(value);
    if (register !== undefined) return this.state.registers.get(register);
    return this.values.get(value) ?? this.shuffled(value);
  }

  /** Whole lanes of registers that are known. */
  private shuffled(value: Expression): Known | undefined {
    if (value.kind !== "vector" || value.operator !== "shuffle" || value.width !== 128) return undefined;
    const a = this.known(value.a);
    const b = value.b ? this.known(value.b) : a;
    if (!a?.all || !b?.all || a.bits !== b.bits) return undefined;
    const bytes = a.bits / 8;
    const whole = value.pattern!.every(
      (from, at) => from % bytes === at % bytes && (at % bytes === 0 || from === value.pattern![at - 1] + 1),
    );
    return whole ? a : undefined;
  }
}
