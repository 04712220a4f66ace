/**
 * The status flags inside a region. Each is either in its local, in the form of state.ts, or is known as an expression over
 * values that locals keep: then it costs nothing until somebody reads it.
 */
import type { Expression, Flag } from "../../isa/expression";
import { type Binding, Lowering, type Node, typeOf } from "../lower";
import { I32, I64, op, type ValueType } from "../wasm/code";
import type { Label, RegionCode } from "./code";
import type { Capture } from "./draft";
import type { Nodes } from "./simplify";
import { ALL_FLAGS, FLAGS, type StatusFlag } from "./status";

/** Operands from here on stand for locals in which a value is kept. */
const KEPT = 1000;
export const kept = (e: Expression, local: number): Expression => ({
  kind: "operand",
  width: e.width,
  index: KEPT + local,
});
export const keptLocal = (index: number): number | undefined => (index >= KEPT ? index - KEPT : undefined);

/** Locals that hold flags in the form of state.ts. */
export interface FlagLocals {
  readonly cf: number;
  readonly of: number;
  readonly af: number;
  readonly zeroSource: number;
  readonly signSource: number;
}

export const flagLocals = (code: RegionCode): FlagLocals => ({
  cf: code.permanent(I32),
  of: code.permanent(I32),
  af: code.permanent(I32),
  zeroSource: code.permanent(I64),
  signSource: code.permanent(I64),
});

const names: readonly StatusFlag[] = ["cf", "of", "af", "zf", "sf", "pf"];

/** Flags that one instruction set, and the locals that keep what they come from. */
export class Captured {
  private done: Map<Expression, Expression> | undefined;

  constructor(
    readonly capture: Capture,
    readonly locals: readonly number[],
    private readonly nodes: Nodes,
  ) {}

  /** The n-th of them as an expression over these locals. */
  value(n: number): Expression {
    if (!this.done) {
      this.done = new Map();
      for (const [at, leaf] of this.capture.leaves.entries())
        this.done.set(leaf, this.nodes.leaf(kept(leaf, this.locals[at])));
    }
    return this.nodes.rebuild(this.capture.flags[n].value, itself, this.done);
  }
}

const itself = (e: Expression) => e;
const noLocals: ReadonlySet<number> = new Set();

interface Known {
  readonly by: Captured;
  /** Its number among those. */
  readonly n: number;
}

/** For expressions over values in locals alone. */
export function keptValues(
  code: RegionCode,
  localOf: (node: Node<"operand">) => number,
  runtime: Binding["runtime"],
): Binding {
  const nowhere = ({ kind }: Expression) => {
    throw new Error(`a ${kind} was not kept`);
  };
  const [address, register, next, number, load, system] = Array.from({ length: 6 }, () => nowhere);
  const flag = (name: Flag) => nowhere({ kind: "flag", width: 1, flag: name });
  const operand = (node: Node<"operand">) => void code.get(localOf(node));
  return { operand, address, register, flag, next, number, load, system, isMemory: () => false, runtime };
}

/** Which flags are known as expressions, at one point of the code. The others are in their locals, or all are in `FlagSources`. */
export class FlagState {
  private readonly known = new Map<StatusFlag, Known>();
  private kept: ReadonlySet<number> | undefined = noLocals;

  constructor(
    /** They are as they were passed to the block, which asks for none before it has set all. */
    public passed = false,
  ) {}

  values(): Map<StatusFlag, Expression> {
    const values = new Map<StatusFlag, Expression>();
    for (const [flag, { by, n }] of this.known) values.set(flag, by.value(n));
    return values;
  }

  /** The expression of a flag that is not in its local. */
  expression(flag: Flag): Expression | undefined {
    const known = this.known.get(flag as StatusFlag);
    return known?.by.value(known.n);
  }

  add(by: Captured): void {
    for (const [n, { flag }] of by.capture.flags.entries()) this.known.set(flag, { by, n });
    this.kept = undefined;
    this.passed = false;
  }

  /** The instruction that set all that are known, if there is one. */
  get setter(): Captured | undefined {
    let setter: Captured | undefined;
    for (const { by } of this.known.values()) {
      if (setter && setter !== by) return undefined;
      setter = by;
    }
    return setter;
  }

  /** These flags are in their locals, or nobody will ask for them. */
  forget(flags: number): void {
    if (this.known.size === 0) return;
    for (const flag of names) if (flags & FLAGS[flag]) this.known.delete(flag);
    this.kept = undefined;
  }

  /** Those that must be kept. */
  get locals(): ReadonlySet<number> {
    return (this.kept ??= this.findLocals());
  }

  private findLocals(): ReadonlySet<number> {
    if (this.known.size === 0) return noLocals;
    const locals = new Set<number>();
    for (const { by, n } of this.known.values())
      for (const leaf of by.capture.flags[n].from) locals.add(by.locals[leaf]);
    return locals;
  }

  /** Flags that are not in their locals. */
  get pending(): number {
    let set = 0;
    for (const flag of this.known.keys()) set |= FLAGS[flag];
    return set;
  }

  /** Writes code that puts these flags into their locals. The state itself does not change: the code may stand in a branch. */
  materialise(code: RegionCode, binding: Binding, to: FlagLocals, flags = ALL_FLAGS): number {
    const wanted = this.pending & flags;
    if (wanted === 0) return 0;
    const values = new Map<StatusFlag, Expression>();
    for (const [flag, { by, n }] of this.known) if (FLAGS[flag] & wanted) values.set(flag, by.value(n));
    storeFlagLocals(code, new Lowering(code, binding), to, values);
    return wanted;
  }
}

const isZero = (e: Expression) => e.kind === "constant" && e.value === 0n;

/** x, when the expression says that x is zero; so that the local can hold x itself. */
function zeroTest(e: Expression): Expression | undefined {
  return e.kind === "compare" && e.operator === "eq" && isZero(e.b) ? e.a : undefined;
}

function signTest(e: Expression | undefined): Expression | undefined {
  return e?.kind === "compare" && e.operator === "slt" && isZero(e.b) ? e.a : undefined;
}

/** One way in which all flags come from values in slots: for each type of value there is a first, a second slot and so on. */
export interface Recipe {
  readonly values: ReadonlyMap<StatusFlag, Expression>;
  /** Equal recipes have the same. */
  readonly key: string;
  /** What is passed: which of the values there are, of which type, in the how manieth slot of it. */
  readonly parts: readonly Part[];
}

interface Part {
  readonly from: number;
  readonly type: ValueType;
  readonly slot: number;
}

/** Operands from here on stand for slots. */
const SLOTS = 100_000;
const inSlot = (e: Expression, slot: number): Expression => ({ kind: "operand", width: e.width, index: SLOTS + slot });

function partsOf(values: readonly { readonly from: number; readonly type: ValueType }[]): Part[] {
  const used = new Map<ValueType, number>();
  return values.map(({ from, type }) => {
    const slot = used.get(type) ?? 0;
    used.set(type, slot + 1);
    return { from, type, slot };
  });
}

const keyOf = (values: ReadonlyMap<StatusFlag, Expression>, nodes: Nodes) =>
  names.map((flag) => nodes.number(values.get(flag)!)).join(" ");

const recipes = new WeakMap<Capture, Recipe>();

/** The recipe for flags that one instruction set, of what it keeps. */
function recipeOf(capture: Capture, nodes: Nodes): Recipe {
  let recipe = recipes.get(capture);
  if (!recipe) recipes.set(capture, (recipe = makeRecipe(capture, nodes)));
  return recipe;
}

function makeRecipe({ leaves, flags }: Capture, nodes: Nodes): Recipe {
  const wanted = [...new Set(flags.flatMap(({ from }) => from))];
  const parts = partsOf(wanted.map((from) => ({ from, type: typeOf(leaves[from].width) })));
  const done = new Map<Expression, Expression>();
  for (const { from, slot } of parts) done.set(leaves[from], nodes.leaf(inSlot(leaves[from], slot)));
  const values = new Map<StatusFlag, Expression>();
  for (const { flag, value } of flags) values.set(flag, nodes.rebuild(value, itself, done));
  return { values, key: keyOf(values, nodes), parts };
}

/**
 * Flags that go from block to block as what they come from: values in locals, and the number of the recipe by which the flags come from
 * these. 0: the flags are in their own locals. Only ways out of the region ask for the flags, and they follow the recipe.
 */
export class FlagSources {
  private readonly kind: number;
  private readonly slots = new Map<ValueType, number[]>();
  private readonly recipes: Recipe[] = [];
  private readonly byKey = new Map<string, number>();

  constructor(
    private readonly code: RegionCode,
    private readonly nodes: Nodes,
  ) {
    this.kind = code.permanent(I32);
  }

  /** Code that passes all flags, which the state knows as expressions. */
  pass(flags: FlagState): void {
    const { code } = this;
    const { setter } = flags;
    const locals = setter ? setter.locals : [...flags.locals];
    const recipe = setter ? recipeOf(setter.capture, this.nodes) : this.mixed(flags, locals);
    for (const { from, type, slot } of recipe.parts) code.get(locals[from]).set(this.slot(type, slot));
    code.i32(this.numberOf(recipe)).set(this.kind);
  }

  /** The recipe for flags that several instructions set. */
  private mixed(flags: FlagState, locals: readonly number[]): Recipe {
    const parts = partsOf(locals.map((local, from) => ({ from, type: this.code.typeOf(local) })));
    const leaf = (e: Expression) => {
      const local = e.kind === "operand" ? keptLocal(e.index) : undefined;
      return local === undefined ? e : inSlot(e, parts[locals.indexOf(local)].slot);
    };
    const done = new Map<Expression, Expression>();
    const values = new Map<StatusFlag, Expression>();
    for (const [flag, value] of flags.values()) values.set(flag, this.nodes.rebuild(value, leaf, done));
    return { values, key: keyOf(values, this.nodes), parts };
  }

  /** The local of the n-th slot of a type. */
  private slot(type: ValueType, n: number): number {
    let all = this.slots.get(type);
    if (!all) this.slots.set(type, (all = []));
    return (all[n] ??= this.code.permanent(type));
  }

  private numberOf(recipe: Recipe): number {
    let number = this.byKey.get(recipe.key);
    if (number === undefined) this.byKey.set(recipe.key, (number = this.recipes.push(recipe)));
    return number;
  }

  /** Code that says that the flags are in their own locals. */
  passNone(): void {
    this.code.i32(0).set(this.kind);
  }

  /** Code that brings the flags into their locals by whatever recipe was passed. */
  follow(to: FlagLocals, runtime: Binding["runtime"]): void {
    const { code, recipes } = this;
    if (recipes.length === 0) return;
    code.block();
    const done = code.label;
    const labels: Label[] = [];
    for (let n = 0; n < recipes.length; n++) {
      code.block();
      labels.unshift(code.label);
    }
    code.get(this.kind).gotoOneOf([done, ...labels]);
    const binding = keptValues(code, ({ width, index }) => this.slot(typeOf(width), index - SLOTS), runtime);
    for (const { values } of recipes) {
      code.end();
      storeFlagLocals(code, new Lowering(code, binding), to, values);
      code.goto(done);
    }
    code.end();
  }
}

/** All values are computed before any local changes: they may refer to the flags as they were. */
export function storeFlagLocals(
  code: RegionCode,
  lowering: Lowering,
  to: FlagLocals,
  values: ReadonlyMap<StatusFlag, Expression>,
): void {
  for (const value of values.values()) lowering.count(value);
  const targets: number[] = [];
  for (const [flag, value] of values) {
    if (flag === "cf" || flag === "of" || flag === "af") {
      lowering.value(value);
      targets.push(to[flag]);
    } else if (flag === "zf") {
      const tested = zeroTest(value);
      if (tested) lowering.wide(tested);
      else {
        lowering.value(value);
        code.op(op.i32Eqz, op.i64ExtendI32U);
      }
      targets.push(to.zeroSource);
    }
  }
  const sign = values.get("sf");
  const parity = values.get("pf");
  if (sign && parity) {
    pushSignSource(code, lowering, sign, parity);
    targets.push(to.signSource);
  }
  for (const target of targets.reverse()) code.set(target);
}

/** Where SF and PF are not those of one value it is made up: the sign in bit 63, odd parity as bit 0. */
function pushSignSource(code: RegionCode, lowering: Lowering, sign: Expression, parity: Expression): void {
  const signed = signTest(sign);
  if (signed && parity.kind === "parity" && parity.a === signed) return lowering.wideSigned(signed);
  lowering.value(sign);
  code.op(op.i64ExtendI32U).i64(63n).op(op.i64Shl);
  lowering.value(parity);
  code.op(op.i32Eqz, op.i64ExtendI32U, op.i64Or);
}

/** Pushes a flag from its local. */
export function pushFlag(code: RegionCode, from: FlagLocals, flag: StatusFlag): void {
  switch (flag) {
    case "cf":
    case "of":
    case "af":
      return void code.get(from[flag]);
    case "zf":
      return void code.get(from.zeroSource).op(op.i64Eqz);
    case "sf":
      return void code.get(from.signSource).i64(63n).op(op.i64ShrU, op.i32WrapI64);
    case "pf":
      code.get(from.signSource).op(op.i32WrapI64).i32(0xff).op(op.i32And, op.i32Popcnt).i32(1).op(op.i32And, op.i32Eqz);
  }
}
