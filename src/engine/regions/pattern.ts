/**
 * Instructions that differ in nothing but registers, memory operands and places have one pattern: their meaning with everything else put in,
 * simplified once for all of them. Registers stay operands, which the writer finds in the encoding; immediates are put in, since much
 * follows from them, and so are registers that occur twice. Where the meaning says where the instruction stands (calls, direct
 * jumps) each has a pattern of its own.
 */
import type { Expression } from "../../isa/expression";
import type { Effect } from "../../isa/notation";
import type { Decoded, DecodedOperand } from "../decode/decode";
import { isStringOperand, type Meaning, meaningOf, roots } from "../handlers/meaning";
import type { Shape } from "../handlers/shape";
import { children } from "../lower";
import { hasFloatForm } from "../lower/float";
import type { Nodes } from "./simplify";
import { FLAGS, isStatus } from "./status";
import { hasX87Effect, hasX87Form } from "./x87calls";

export type When = Extract<Effect, { kind: "when" }>;

export interface Pattern {
  readonly effects: readonly Effect[];
  /** The memory that it reads whatever happens, in order. */
  readonly reads: readonly Expression[];
  readonly jump: Extract<Effect, { kind: "jump" }> | undefined;
  readonly isCall: boolean;
  readonly stores: boolean;
  /** Flags that it sets whatever happens, those it reads, and whether it may be left unfinished to the interpreter. */
  readonly sets: number;
  readonly uses: number;
  /** It sets flags under a condition. */
  readonly mayLeaveFlags: boolean;
  readonly exits: boolean;
}

/** What is asked of a shape once for all instructions that have it. */
export interface Outline {
  readonly meaning: Meaning;
  readonly expressible: boolean;
  /** The memory that it reads whatever happens. */
  readonly reads: readonly Expression[];
  readonly conditional: boolean;
  /** The meaning says where the instruction stands. */
  readonly isPlaced: boolean;
  /** Registers that the meaning names itself. */
  readonly registers: ReadonlySet<number>;
  /** Segments that it names itself. */
  readonly segments: readonly number[];
}

const outlines = new WeakMap<Shape, Outline>();
export function outlineOf(shape: Shape): Outline {
  let outline = outlines.get(shape);
  if (!outline) {
    const meaning = meaningOf(shape);
    const { effects } = meaning;
    const mentioned = effects.flatMap((effect) => (effect.kind === "when" ? [effect.condition] : roots(effect)));
    const parts = partsOf(effects.flatMap(roots));
    outline = {
      meaning,
      expressible: expressible(shape, effects),
      reads: readsOf(
        mentioned,
        (index) => memoryOperand(shape, index),
        (e) => e,
      ),
      conditional: effects.some((effect) => effect.kind === "when"),
      isPlaced: parts.some(({ kind }) => kind === "next") || shape.operands.some(({ kind }) => kind === "relative"),
      registers: new Set(parts.flatMap((e) => (e.kind === "register" ? [e.register] : []))),
      segments: segmentsOf(parts, effects),
    };
    outlines.set(shape, outline);
  }
  return outline;
}

/** All nodes under some roots. */
function partsOf(values: readonly Expression[]): Expression[] {
  const seen = new Set<Expression>();
  const visit = (e: Expression): void => {
    if (seen.has(e)) return;
    seen.add(e);
    children(e).forEach(visit);
  };
  values.forEach(visit);
  return [...seen];
}

/** The segments through which a meaning reaches memory, besides those of operands. */
function segmentsOf(parts: readonly Expression[], effects: readonly Effect[]): readonly number[] {
  const segments = new Set<number>();
  for (const one of parts) if (one.kind === "load" && one.segment !== "operand") segments.add(one.segment);
  const visit = (effect: Effect): void => {
    if (effect.kind === "store" && effect.segment !== "operand") segments.add(effect.segment);
    else if (effect.kind === "when") effect.effects.forEach(visit);
  };
  effects.forEach(visit);
  return [...segments];
}

/** The patterns there are, over nodes that they share. */
export class Patterns {
  private readonly byShape = new Map<Shape, Map<string, Pattern>>();

  constructor(readonly nodes: Nodes) {}

  /** Of an instruction whose outline is expressible; `next`: RIP of the one after it. */
  of({ operands }: Decoded, shape: Shape, outline: Outline, next: bigint): Pattern {
    if (outline.isPlaced) return this.make(operands, shape, outline, next);
    let known = this.byShape.get(shape);
    if (!known) this.byShape.set(shape, (known = new Map<string, Pattern>()));
    const key = whatCounts(operands, outline);
    let pattern = known.get(key);
    if (!pattern) known.set(key, (pattern = this.make(operands, shape, outline, next)));
    return pattern;
  }

  private make(operands: Operands, shape: Shape, outline: Outline, next: bigint): Pattern {
    const { meaning, reads, conditional } = outline;
    const go = this.substitution(operands, outline, next);
    const effects = meaning.effects.flatMap((effect) => decided(mapEffect(effect, go)));
    const isMemory = (index: number) => memoryOperand(shape, index);
    const known = conditional ? readsUnderConditions(meaning, effects, isMemory, go) : [...new Set(reads.map(go))];
    const jump = effects.find((effect) => effect.kind === "jump");
    return {
      effects,
      reads: known,
      jump,
      isCall: jump !== undefined && effects.some((e) => e.kind === "store" && isConstant(e.value, next)),
      stores: effects.some(({ kind }) => kind === "store"),
      sets: setsOf(effects),
      uses: effects.flatMap(roots).reduce((sum, root) => sum | flagsIn(root), 0),
      mayLeaveFlags: effects.some((e) => e.kind === "when" && e.effects.some(setsStatus)),
      exits: known.length > 0 || effects.some((effect) => mayExit(effect, isMemory)),
    };
  }

  /** Operands and places that the encoding tells. */
  private substitution(operands: Operands, outline: Outline, next: bigint): (e: Expression) => Expression {
    const { nodes } = this;
    const done = new Map<Expression, Expression>();
    const leaf = (e: Expression): Expression => {
      if (e.kind === "next") return nodes.constant(e.width, next);
      if (e.kind !== "operand") return e;
      const operand = operands[e.index];
      switch (operand.kind) {
        case "register":
          if (!occursTwice(operands, e.index, outline)) return e;
          return { kind: "register", width: e.width, register: operand.register, high: operand.high };
        case "immediate":
          return nodes.constant(e.width, operand.value);
        case "relative":
          return nodes.constant(e.width, operand.displacement);
        default:
          return e;
      }
    };
    return (e) => nodes.rebuild(e, leaf, done);
  }
}

type Operands = readonly DecodedOperand[];

/** What a pattern depends on besides the shape. */
function whatCounts(operands: Operands, outline: Outline): string {
  let key = "";
  for (let n = 0; n < operands.length; n++) {
    const operand = operands[n];
    if (operand.kind === "immediate") key += `${operand.value} `;
    else if (operand.kind === "register" && occursTwice(operands, n, outline))
      key += operand.high ? `h${operand.register} ` : `r${operand.register} `;
    else key += "- ";
  }
  return key;
}

/** The register of an operand is that of another one, or is named by the meaning. */
function occursTwice(operands: Operands, n: number, { registers }: Outline): boolean {
  const operand = operands[n];
  if (operand.kind !== "register") return false;
  if (registers.has(operand.register)) return true;
  for (let other = 0; other < operands.length; other++) {
    const another = operands[other];
    if (other !== n && another.kind === "register" && another.register === operand.register) return true;
  }
  return false;
}

const isConstant = (e: Expression, value: bigint) => e.kind === "constant" && e.value === value;

export function memoryOperand(shape: Shape, index: number): boolean {
  const { kind } = shape.operands[index];
  return kind === "memory" || isStringOperand(kind);
}

/** Effects under a condition that is known are made or dropped. */
function decided(effect: Effect): readonly Effect[] {
  if (effect.kind !== "when" || effect.condition.kind !== "constant") return [effect];
  return effect.condition.value ? effect.effects : [];
}

export function mapEffect(effect: Effect, go: (e: Expression) => Expression): Effect {
  switch (effect.kind) {
    case "write":
    case "setRegister":
    case "setFlag":
      return { ...effect, value: go(effect.value) };
    case "store":
      return { ...effect, offset: go(effect.offset), value: go(effect.value) };
    case "fault":
      return { ...effect, condition: go(effect.condition) };
    case "jump":
      return { ...effect, condition: effect.condition && go(effect.condition), target: go(effect.target) };
    case "system":
      return { ...effect, arguments: effect.arguments.map(go) };
    case "when":
      return {
        ...effect,
        condition: go(effect.condition),
        effects: effect.effects.map((inner) => mapEffect(inner, go)),
      };
  }
}

/** Expressions share their parts: what is asked of each of them is asked once. */
function once<Answer>(ask: (e: Expression) => Answer): (e: Expression) => Answer {
  const answers = new WeakMap<Expression, { answer: Answer }>();
  return (e) => {
    let known = answers.get(e);
    if (!known) answers.set(e, (known = { answer: ask(e) }));
    return known.answer;
  };
}

/** The flags that an expression reads. */
export const flagsIn: (e: Expression) => number = once((e) => {
  if (e.kind === "flag") return isStatus(e.flag) ? FLAGS[e.flag] : 0;
  return children(e).reduce((sum, child) => sum | flagsIn(child), 0);
});

/**
 * Whether a region can do it by itself: no helper, no repetition, no privilege, one store at most (what came before it could not be
 * taken back), and no jump under a condition of its own.
 */
function expressible(shape: Shape, effects: readonly Effect[]): boolean {
  const { instruction } = shape;
  if (shape.rep || instruction.privilege !== undefined || instruction.loadsSegment) return false;
  if (instruction.unit === "mmx") return false;
  if (effects.length === 1 && hasX87Effect(effects[0])) return roots(effects[0]).every(known);
  if (!effects.every((effect) => effectKinds.has(effect.kind) && roots(effect).every(known))) return false;
  const flat = effects.flatMap((effect) => (effect.kind === "when" ? effect.effects : [effect]));
  if (flat.some((effect) => effect.kind === "system" || effect.kind === "when")) return false;
  if (flat.some((effect) => effect.kind === "setFlag" && effect.flag === "if")) return false;
  if (effects.some((effect) => effect.kind === "when" && effect.effects.some(({ kind }) => kind === "jump")))
    return false;
  const wholeSign = (list: readonly Effect[]) =>
    list.some((e) => e.kind === "setFlag" && e.flag === "sf") ===
    list.some((e) => e.kind === "setFlag" && e.flag === "pf");
  if (!wholeSign(effects) || !effects.every((e) => e.kind !== "when" || wholeSign(e.effects))) return false;
  const writesSegment = (effect: Effect) =>
    effect.kind === "write" &&
    !["register", "fixed", "memory", "destination", "vector", "fixedVector"].includes(
      shape.operands[effect.index].kind,
    );
  if (flat.some(writesSegment)) return false;
  const stores = flat.filter((e) => e.kind === "store" || (e.kind === "write" && memoryOperand(shape, e.index)));
  return stores.length <= 1;
}

const effectKinds = new Set<Effect["kind"]>(["write", "setRegister", "store", "setFlag", "fault", "jump", "when"]);
const kinds = new Set<Expression["kind"]>(
  "constant operand address number register flag next unary binary compare zext sext low select parity divide divideOverflows load vector"
    .split(" ")
    .map((kind) => kind as Expression["kind"]),
);
const known: (e: Expression) => boolean = once(
  (e) => (e.kind === "system" ? hasFloatForm(e) || hasX87Form(e) : kinds.has(e.kind)) && children(e).every(known),
);

/** The memory reads (and float arithmetic, which may be left to the interpreter) under some roots, in order of mention, as they look after substitution. */
export function readsOf(
  mentioned: readonly Expression[],
  isMemory: (index: number) => boolean,
  go: (e: Expression) => Expression,
): Expression[] {
  const reads = new Set<Expression>();
  const seen = new Set<Expression>();
  const visit = (e: Expression): void => {
    if (seen.has(e)) return;
    seen.add(e);
    children(e).forEach(visit);
    if (e.kind === "load" || e.kind === "system" || (e.kind === "operand" && isMemory(e.index))) reads.add(go(e));
  };
  mentioned.forEach(visit);
  return [...reads];
}

const setsStatus = (effect: Effect): boolean => effect.kind === "setFlag" && isStatus(effect.flag);

function setsOf(effects: readonly Effect[]): number {
  let sets = 0;
  for (const effect of effects) if (effect.kind === "setFlag" && isStatus(effect.flag)) sets |= FLAGS[effect.flag];
  return sets;
}

export function mayExit(effect: Effect, isMemory: (index: number) => boolean): boolean {
  switch (effect.kind) {
    case "store":
    case "fault":
    case "system":
      return true;
    case "write":
      return isMemory(effect.index);
    case "when":
      return touchesMemory(effect, isMemory);
    default:
      return false;
  }
}

/** Whether a conditional effect reads or writes memory or may fault, so that it must be skipped as a whole. */
export function touchesMemory(effect: When, isMemory: (index: number) => boolean): boolean {
  const touches = once((e): boolean => {
    if (e.kind === "load" || e.kind === "system") return true;
    return (e.kind === "operand" && isMemory(e.index)) || children(e).some(touches);
  });
  return effect.effects.some((inner) => mayExit(inner, isMemory) || roots(inner).some(touches));
}

/** With those under conditions that turned out to be known. */
function readsUnderConditions(
  meaning: Meaning,
  effects: readonly Effect[],
  isMemory: (index: number) => boolean,
  go: (e: Expression) => Expression,
): Expression[] {
  const outer = effects.flatMap((effect) => (effect.kind === "when" ? [] : roots(effect)));
  const mentioned = meaning.effects.flatMap((effect) => (effect.kind === "when" ? [effect.condition] : roots(effect)));
  return readsOf([...mentioned, ...outer], isMemory, go);
}
