/**
 * Runs one decoded instruction by walking its definition with bigints: slow, short and independent of the engine, so that a
 * definition can be compared with a real processor before anything is generated from it.
 */
import type { Decoded, DecodedOperand } from "../../src/engine/decode/decode";
import { RCX, RSI, RDI, type Expression, type Flag, type Width } from "../../src/isa/expression";
import type { Context, Effect, Fault, Operands } from "../../src/isa/notation";

/** Flat memory: segments have base 0. An access may throw a GuestFault. */
export interface Memory {
  read(address: bigint, bytes: number, writable: boolean): bigint;
  write(address: bigint, bytes: number, value: bigint): void;
}

export interface MachineState {
  readonly registers: bigint[];
  rip: bigint;
  readonly flags: Record<Flag, boolean>;
  readonly memory: Memory;
  /** The last place where code can be; absent in 64-bit mode, where addresses must be canonical. */
  readonly codeLimit?: bigint;
}

export class GuestFault extends Error {
  constructor(readonly fault: Fault | "#PF") {
    super(fault);
  }
}

/** Helpers the caller can answer; the others throw. */
export type Helpers = Readonly<Record<string, (state: MachineState, ...args: bigint[]) => bigint>>;

const mask = (width: number) => (1n << BigInt(width)) - 1n;
const unsigned = (width: number, value: bigint) => BigInt.asUintN(width, value);
const signed = (width: number, value: bigint) => BigInt.asIntN(width, value);
const truth = (value: boolean): bigint => (value ? 1n : 0n);

export function setRegister(state: MachineState, number: number, width: number, value: bigint, high = false): void {
  const before = state.registers[number];
  if (high) state.registers[number] = (before & ~0xff00n) | (value << 8n);
  else if (width >= 32) state.registers[number] = value;
  else state.registers[number] = (before & ~mask(width)) | value;
}

export function effectiveAddress(
  state: Pick<MachineState, "registers" | "rip">,
  decoded: Decoded,
  operand: DecodedOperand & { kind: "memory" },
): bigint {
  const register = (n: number | undefined) => (n === undefined ? 0n : state.registers[n]);
  const origin = operand.ripRelative ? state.rip + BigInt(decoded.length) : 0n;
  const scaled = register(operand.index) << BigInt(operand.scale);
  return unsigned(decoded.addressSize, origin + register(operand.base) + scaled + operand.displacement);
}

function binary(operator: string, width: number, a: bigint, b: bigint): bigint {
  const shifts = () => {
    if (b >= BigInt(width)) throw new Error(`${operator} by ${b} at width ${width}`);
    return b;
  };
  switch (operator) {
    case "plus":
      return a + b;
    case "minus":
      return a - b;
    case "times":
      return a * b;
    case "and":
      return a & b;
    case "or":
      return a | b;
    case "xor":
      return a ^ b;
    case "shl":
      return a << shifts();
    case "shr":
      return a >> shifts();
    case "sar":
      return signed(width, a) >> shifts();
    case "rol":
      return (a << shifts()) | (a >> (BigInt(width) - b));
    case "ror":
      return (a >> shifts()) | (a << (BigInt(width) - b));
    case "mulhu":
      return (a * b) >> BigInt(width);
    case "mulhs":
      return (signed(width, a) * signed(width, b)) >> BigInt(width);
    // Division by zero is caught by the fault effect; the value is then never used.
    case "udiv":
      return b === 0n ? 0n : a / b;
    case "urem":
      return b === 0n ? 0n : a % b;
    case "sdiv":
      return b === 0n ? 0n : signed(width, a) / signed(width, b);
    case "srem":
      return b === 0n ? 0n : signed(width, a) % signed(width, b);
    default:
      throw new Error(`operator ${operator}`);
  }
}

function unary(operator: string, width: number, a: bigint): bigint {
  const digits = a.toString(2).padStart(width, "0");
  switch (operator) {
    case "not":
      return ~a;
    case "neg":
      return -a;
    case "clz":
      return BigInt(a === 0n ? width : digits.indexOf("1"));
    case "ctz":
      return BigInt(a === 0n ? width : width - 1 - digits.lastIndexOf("1"));
    case "popcount":
      return BigInt(digits.replaceAll("0", "").length);
    case "bswap":
      return BigInt(
        `0x${(
          a
            .toString(16)
            .padStart(width / 4, "0")
            .match(/../g) ?? []
        )
          .reverse()
          .join("")}`,
      );
    default:
      throw new Error(`operator ${operator}`);
  }
}

/** Evaluates nodes against one state, each once. */
class Evaluation {
  private readonly values = new Map<Expression, bigint>();

  constructor(
    readonly state: MachineState,
    readonly decoded: Decoded,
    readonly helpers: Helpers,
  ) {}

  value(e: Expression): bigint {
    let value = this.values.get(e);
    if (value === undefined) {
      value = unsigned(e.width, this.compute(e));
      this.values.set(e, value);
    }
    return value;
  }

  private compute(e: Expression): bigint {
    switch (e.kind) {
      case "constant":
        return e.value;
      case "operand":
        return this.readOperand(e.index, e.width);
      case "address":
        return this.addressOf(e.index);
      case "register":
        return this.state.registers[e.register] >> (e.high ? 8n : 0n);
      case "flag":
        return truth(this.state.flags[e.flag]);
      case "next":
        return this.state.rip + BigInt(this.decoded.length);
      case "unary":
        return unary(e.operator, e.width, this.value(e.a));
      case "binary":
        return binary(e.operator, e.width, this.value(e.a), this.value(e.b));
      case "compare": {
        const [a, b] = [this.value(e.a), this.value(e.b)];
        const { width } = e.a;
        return truth(
          e.operator === "eq" ? a === b : e.operator === "ult" ? a < b : signed(width, a) < signed(width, b),
        );
      }
      case "zext":
      case "low":
        return this.value(e.a);
      case "sext":
        return signed(e.a.width, this.value(e.a));
      case "select": {
        const [condition, a, b] = [this.value(e.condition), this.value(e.a), this.value(e.b)];
        return condition ? a : b;
      }
      case "parity":
        return truth((this.value(e.a) & 0xffn).toString(2).replaceAll("0", "").length % 2 === 0);
      case "divide":
      case "divideOverflows":
        return this.divide(e);
      case "load":
        return this.state.memory.read(this.value(e.offset), e.width / 8, e.writable ?? false);
      case "number": {
        const operand = this.decoded.operands[e.index];
        return "register" in operand ? BigInt(operand.register) : 0n;
      }
      case "vector":
        throw new Error("vectors are compared with the engine alone");
      case "system": {
        const helper = this.helpers[e.helper];
        if (!helper) throw new Error(`no helper ${e.helper} here`);
        return helper(this.state, ...e.arguments.map((argument) => this.value(argument)));
      }
    }
  }

  private divide(e: Expression & { kind: "divide" | "divideOverflows" }): bigint {
    const { width } = e.divisor;
    const whole = (this.value(e.high) << BigInt(width)) | this.value(e.low);
    const dividend = e.signed ? signed(2 * width, whole) : whole;
    const divisor = e.signed ? signed(width, this.value(e.divisor)) : this.value(e.divisor);
    if (divisor === 0n) return truth(e.kind === "divideOverflows");
    const quotient = dividend / divisor;
    if (e.kind === "divide") return e.part === "quotient" ? quotient : dividend % divisor;
    return truth((e.signed ? signed(width, quotient) : unsigned(width, quotient)) !== quotient);
  }

  addressOf(index: number): bigint {
    const operand = this.decoded.operands[index];
    const { addressSize } = this.decoded;
    if (operand.kind === "stringSource") return unsigned(addressSize, this.state.registers[RSI]);
    if (operand.kind === "stringDestination") return unsigned(addressSize, this.state.registers[RDI]);
    if (operand.kind !== "memory") throw new Error(`operand ${index} is not memory`);
    return effectiveAddress(this.state, this.decoded, operand);
  }

  private readOperand(index: number, width: Width): bigint {
    const operand = this.decoded.operands[index];
    switch (operand.kind) {
      case "register":
        return this.state.registers[operand.register] >> (operand.high ? 8n : 0n);
      case "immediate":
        return operand.value;
      case "relative":
        return operand.displacement;
      case "far":
        return (BigInt(operand.selector) << 32n) | operand.offset;
      case "memory":
      case "stringSource":
      case "stringDestination": {
        const access = Object.values(this.decoded.instruction.operands ?? {})[index];
        return this.state.memory.read(this.addressOf(index), width / 8, access === "readwrite");
      }
      default:
        throw new Error(`operand ${operand.kind} has no value here`);
    }
  }
}

/** The stack has the size of the code. */
export function contextOf(decoded: Decoded, bits: 16 | 32 | 64): Context {
  const { operandSize, addressSize, condition } = decoded;
  return { operandSize, addressSize, stackSize: bits, long: bits === 64, condition };
}

export function operandNodes(decoded: Decoded): Record<string, Expression> {
  const names = Object.keys(decoded.instruction.operands ?? {});
  return Object.fromEntries(
    names.map((name, index) => [
      name,
      { kind: "operand", width: (decoded.operands[index].width || 64) as Width, index } satisfies Expression,
    ]),
  );
}

/** Flags that the manual leaves undefined for this execution. */
export function undefinedFlags(state: MachineState, decoded: Decoded, bits: 16 | 32 | 64): Set<Flag> {
  const { instruction } = decoded;
  const names = new Set<Flag>();
  const evaluation = new Evaluation(state, decoded, {});
  const context = contextOf(decoded, bits);
  const operands = operandNodes(decoded);
  if (instruction.flagsWhen && !evaluation.value(instruction.flagsWhen(operands, context))) return names;
  for (const [name, rule] of Object.entries(instruction.flags ?? {})) if (rule === "undefined") names.add(name as Flag);
  for (const [name, when] of Object.entries(instruction.undefinedWhen ?? {})) {
    if (evaluation.value(when(operands, context))) names.add(name as Flag);
  }
  return names;
}

/** What the definition says an execution does, as effects on nodes. */
function effectsOf(decoded: Decoded, context: Context, operands: Operands): Effect[] {
  const { instruction } = decoded;
  const effects: Effect[] = [];
  const result = instruction.result?.(operands, context);
  const written = Object.values(instruction.operands ?? {}).findIndex((access) => /write/.test(access));
  if (result && written >= 0 && !instruction.flagsOnly) effects.push({ kind: "write", index: written, value: result });
  const flags: Effect[] = [];
  for (const [name, rule] of Object.entries(instruction.flags ?? {})) {
    if (rule === "undefined") continue;
    const values = { ...operands, result: result as Expression };
    flags.push({ kind: "setFlag", flag: name as Flag, value: rule(values) });
  }
  if (instruction.flagsWhen)
    effects.push({ kind: "when", condition: instruction.flagsWhen(operands, context), effects: flags });
  else effects.push(...flags);
  effects.push(...(instruction.does?.(operands, context) ?? []));
  return effects;
}

const ADDRESS_BITS = 48;
const outsideCode = ({ codeLimit }: MachineState, target: bigint): boolean =>
  codeLimit === undefined ? unsigned(64, signed(ADDRESS_BITS, target)) !== target : target > codeLimit;

/** The steps that change something, in the order they are to be made: first stores, then the others. */
function plan(evaluation: Evaluation, effects: readonly Effect[], fallThrough: bigint): (() => void)[] {
  const { state, decoded } = evaluation;
  const stores: (() => void)[] = [];
  const others: (() => void)[] = [];
  for (const effect of effects) {
    switch (effect.kind) {
      case "when":
        if (evaluation.value(effect.condition)) others.push(...plan(evaluation, effect.effects, fallThrough));
        break;
      case "write": {
        const operand = decoded.operands[effect.index];
        const value = evaluation.value(effect.value);
        if (operand.kind === "register") {
          others.push(() => setRegister(state, operand.register, operand.width, value, operand.high));
        } else {
          const address = evaluation.addressOf(effect.index);
          stores.push(() => state.memory.write(address, effect.value.width / 8, value));
        }
        break;
      }
      case "store": {
        const [address, value] = [evaluation.value(effect.offset), evaluation.value(effect.value)];
        stores.push(() => state.memory.write(address, effect.value.width / 8, value));
        break;
      }
      case "setRegister": {
        const value = evaluation.value(effect.value);
        others.push(() => setRegister(state, effect.register, effect.value.width, value, effect.high));
        break;
      }
      case "setFlag": {
        const value = evaluation.value(effect.value) !== 0n;
        others.push(() => (state.flags[effect.flag] = value));
        break;
      }
      case "fault":
        if (evaluation.value(effect.condition)) throw new GuestFault(effect.fault);
        break;
      case "jump": {
        const taken = !effect.condition || evaluation.value(effect.condition);
        const target = evaluation.value(effect.target);
        if (taken && outsideCode(state, target)) throw new GuestFault("#GP(0)");
        others.push(() => (state.rip = taken ? target : fallThrough));
        break;
      }
      case "system": {
        const helper = evaluation.helpers[effect.helper];
        if (!helper) throw new Error(`no helper ${effect.helper} here`);
        const args = effect.arguments.map((argument) => evaluation.value(argument));
        others.push(() => void helper(state, ...args));
      }
    }
  }
  return [...stores, ...others];
}

function executeOnce(state: MachineState, decoded: Decoded, bits: 16 | 32 | 64, helpers: Helpers): void {
  const evaluation = new Evaluation(state, decoded, helpers);
  const context = contextOf(decoded, bits);
  const next = state.rip + BigInt(decoded.length);
  const steps = plan(evaluation, effectsOf(decoded, context, operandNodes(decoded)), next);
  for (const step of steps) step();
  const { does } = decoded.instruction;
  if (!does || !effectsOf(decoded, context, operandNodes(decoded)).some(({ kind }) => kind === "jump"))
    state.rip = next;
}

/** Executes one instruction, all its repetitions included. A GuestFault leaves RIP at it and earlier repetitions done. */
export function execute(state: MachineState, decoded: Decoded, bits: 16 | 32 | 64, helpers: Helpers = {}): void {
  const { repeat } = decoded.instruction;
  if (!repeat || decoded.rep === "") return executeOnce(state, decoded, bits, helpers);
  const start = state.rip;
  const size = decoded.addressSize;
  for (;;) {
    const count = unsigned(size, state.registers[RCX]);
    if (count === 0n) break;
    executeOnce(state, decoded, bits, helpers);
    setRegister(state, RCX, size, unsigned(size, count - 1n));
    if (repeat === "compare" && state.flags.zf !== (decoded.rep === "rep")) break;
    state.rip = start;
  }
  state.rip = start + BigInt(decoded.length);
}
