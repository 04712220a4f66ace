/** One instruction of a region: its meaning with everything put in that its encoding and place say. */
import { ES, type Expression } from "../../isa/expression";
import type { Access, Effect } from "../../isa/notation";
import type { Decoded, DecodedOperand } from "../decode/decode";
import { isStringOperand, type Meaning, meaningOf, roots } from "../handlers/meaning";
import type { Shape } from "../handlers/shape";
import { children } from "../lower";
import { hasFloatForm } from "../lower/float";
import type { WasmOffset } from "../state";
import { type Touched, touchedBy } from "./aside";
import type { RegionOptions } from "./options";
import type { Segmentation } from "./segmentation";
import { Nodes } from "./simplify";

/** The status flags as bits of a set. SF and PF come from one value (state.ts) and are one member. */
export const FLAGS = { cf: 1, of: 2, af: 4, zf: 8, sf: 16, pf: 16 } as const;
export type StatusFlag = keyof typeof FLAGS;
export const ALL_FLAGS = 31;
export const isStatus = (flag: string): flag is StatusFlag => flag in FLAGS;

export interface Place {
  readonly rip: bigint;
  /** Its first record in the block it was decoded in. */
  readonly record: WasmOffset;
  /** How many records it has: an address micro-record may be in front. */
  readonly records: number;
  /** That record is the block's first. */
  readonly head: boolean;
}

export interface Plan extends Place {
  readonly decoded: Decoded;
  readonly shape: Shape;
  readonly access: readonly Access[];
  /** RIP of the next instruction. */
  readonly next: bigint;
  /** jump: always goes elsewhere. aside: the interpreter runs it and comes back. interpret: the interpreter runs it and what follows in its block. */
  readonly flow: "next" | "jump" | "aside" | "interpret";
  /** Of an aside. */
  readonly touched: Touched | undefined;
  readonly effects: readonly Effect[];
  /** The memory that it reads whatever happens, in order. */
  readonly reads: readonly Expression[];
  /** Where a direct jump leads. */
  readonly target: bigint | undefined;
  /** When an indirect jump looks whether code can be at its target: before it does anything, or where it leaves the region. */
  readonly targetCheck: "none" | "first" | "last";
  readonly isCall: boolean;
  readonly isReturn: boolean;
  /** Flags that it sets whatever happens, those it reads, and whether it may be left unfinished to the interpreter. */
  readonly sets: number;
  readonly uses: number;
  /** It sets flags under a condition. */
  readonly mayLeaveFlags: boolean;
  readonly exits: boolean;
  /** INVLPG. */
  readonly dropsPage: boolean;
}

type When = Extract<Effect, { kind: "when" }>;

/** What is asked of a shape once for all instructions that have it. */
interface Outline {
  readonly meaning: Meaning;
  readonly expressible: boolean;
  /** The memory that it reads whatever happens. */
  readonly reads: readonly Expression[];
  readonly conditional: boolean;
}

const outlines = new WeakMap<Shape, Outline>();
function outlineOf(shape: Shape): Outline {
  let outline = outlines.get(shape);
  if (!outline) {
    const meaning = meaningOf(shape);
    const { effects } = meaning;
    const mentioned = effects.flatMap((effect) => (effect.kind === "when" ? [effect.condition] : roots(effect)));
    outline = {
      meaning,
      expressible: expressible(shape, effects),
      reads: readsOf(
        mentioned,
        (index) => memoryOperand(shape, index),
        (e) => e,
      ),
      conditional: effects.some((effect) => effect.kind === "when"),
    };
    outlines.set(shape, outline);
  }
  return outline;
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

export class Planner {
  constructor(
    readonly nodes: Nodes,
    private readonly segmentation: Segmentation,
    private readonly options: Pick<RegionOptions, "vectors" | "pageDrops" | "asides">,
  ) {}

  plan(decoded: Decoded, shape: Shape, place: Place): Plan {
    const { meaning, expressible, reads: known, conditional } = outlineOf(shape);
    const next = BigInt.asUintN(64, place.rip + BigInt(decoded.length));
    const base = { ...place, decoded, shape, access: meaning.access, next };
    const { segmentation, options } = this;
    const drops = options.pageDrops && shape.instruction.name === "invlpg";
    if (
      drops &&
      decoded.operands.every((operand) => operand.kind === "memory" && segmentation.reaches(operand.segment))
    )
      return { ...base, ...dropsPage };
    if (!expressible || !decoded.operands.every(isReadable) || (shape.instruction.unit && !options.vectors))
      return { ...base, ...this.leftToInterpreter(decoded, shape, meaning) };
    if (!segmentation.long && !segmentsOf(decoded, meaning).every((segment) => segmentation.reaches(segment)))
      return { ...base, ...this.leftToInterpreter(decoded, shape, meaning) };
    const go = this.substitution(decoded, next);
    const effects = meaning.effects.flatMap((effect) => decided(mapEffect(effect, go)));
    const isMemory = (index: number) => memoryOperand(shape, index);
    const reads = conditional ? this.readsOf(meaning, effects, isMemory, go) : [...new Set(known.map(go))];
    const jump = effects.find((effect) => effect.kind === "jump");
    const target = jump?.target.kind === "constant" ? jump.target.value : undefined;
    const allowed = !jump || segmentation.allows(jump.target, place.rip);
    if (target === undefined ? jump?.condition : !allowed) return { ...base, ...leftToInterpreter };
    return {
      ...base,
      touched: undefined,
      flow: jump && !jump.condition ? "jump" : "next",
      effects,
      reads,
      target,
      targetCheck: allowed ? "none" : effects.some(({ kind }) => kind === "store") ? "first" : "last",
      isCall: jump !== undefined && effects.some((e) => e.kind === "store" && isConstant(e.value, next)),
      isReturn: jump?.target.kind === "load",
      sets: setsOf(effects),
      uses: effects.flatMap(roots).reduce((sum, root) => sum | flagsIn(root), 0),
      mayLeaveFlags: effects.some((e) => e.kind === "when" && e.effects.some(setsStatus)),
      exits: reads.length > 0 || effects.some((effect) => mayExit(effect, isMemory)),
      dropsPage: false,
    };
  }

  private leftToInterpreter(decoded: Decoded, shape: Shape, meaning: Meaning) {
    const touched = this.options.asides ? touchedBy(decoded, shape, meaning, this.segmentation.long) : undefined;
    return touched ? { ...leftToInterpreter, flow: "aside" as const, touched } : leftToInterpreter;
  }

  /** With those under conditions that turned out to be known. */
  private readsOf(
    meaning: Meaning,
    effects: readonly Effect[],
    isMemory: (index: number) => boolean,
    go: (e: Expression) => Expression,
  ): Expression[] {
    const outer = effects.flatMap((effect) => (effect.kind === "when" ? [] : roots(effect)));
    const mentioned = meaning.effects.flatMap((effect) =>
      effect.kind === "when" ? [effect.condition] : roots(effect),
    );
    return readsOf([...mentioned, ...outer], isMemory, go);
  }

  /** Operands and places that the encoding tells. */
  private substitution(decoded: Decoded, next: bigint): (e: Expression) => Expression {
    const { nodes } = this;
    const done = new Map<Expression, Expression>();
    const leaf = (e: Expression): Expression => {
      if (e.kind === "next") return nodes.constant(e.width, next);
      if (e.kind !== "operand") return e;
      const operand = decoded.operands[e.index];
      switch (operand.kind) {
        case "register":
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

const leftToInterpreter = {
  flow: "interpret",
  touched: undefined,
  effects: [],
  reads: [],
  target: undefined,
  targetCheck: "none",
  isCall: false,
  isReturn: false,
  sets: 0,
  uses: ALL_FLAGS,
  mayLeaveFlags: false,
  exits: true,
  dropsPage: false,
} as const;
const dropsPage = { ...leftToInterpreter, flow: "next", uses: 0, dropsPage: true } as const;

/** The segments through which it reaches memory. */
function segmentsOf(decoded: Decoded, { access, effects }: Meaning): number[] {
  const segments = new Set<number>();
  const operands = decoded.operands.flatMap((operand, n) => {
    if (operand.kind === "stringDestination") return [ES];
    if (operand.kind === "stringSource") return [operand.segment];
    return operand.kind === "memory" && access[n] !== "none" ? [operand.segment] : [];
  });
  for (const segment of operands) segments.add(segment);
  const note = (segment: number | "operand") => segment !== "operand" && segments.add(segment);
  const seen = new Set<Expression>();
  const visit = (e: Expression): void => {
    if (seen.has(e)) return;
    seen.add(e);
    if (e.kind === "load") note(e.segment);
    children(e).forEach(visit);
  };
  const visitEffect = (effect: Effect): void => {
    if (effect.kind === "store") note(effect.segment);
    if (effect.kind === "when") effect.effects.forEach(visitEffect);
    roots(effect).forEach(visit);
  };
  effects.forEach(visitEffect);
  return [...segments];
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

const readableKinds = new Set([
  "register",
  "immediate",
  "relative",
  "memory",
  "stringSource",
  "stringDestination",
  "segment",
  "vector",
]);

const isReadable = (operand: DecodedOperand): boolean =>
  readableKinds.has(operand.kind) && !(operand.kind === "vector" && operand.file === "mm");

/**
 * Whether a region can do it by itself: no helper, no repetition, no privilege, one store at most (what came before it could not be
 * taken back), and no jump under a condition of its own.
 */
function expressible(shape: Shape, effects: readonly Effect[]): boolean {
  const { instruction } = shape;
  if (shape.rep || instruction.privilege !== undefined || instruction.loadsSegment) return false;
  if (instruction.unit !== undefined && instruction.unit !== "sse") return false;
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
  (e) => (e.kind === "system" ? hasFloatForm(e) : kinds.has(e.kind)) && children(e).every(known),
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
