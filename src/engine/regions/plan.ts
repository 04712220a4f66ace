/** One instruction of a region: what its encoding, its pattern and its place say. */
import { ES } from "../../isa/expression";
import type { Access } from "../../isa/notation";
import type { Decoded, DecodedOperand } from "../decode/decode";
import type { Shape } from "../handlers/shape";
import { type Touched, touchedBy } from "./aside";
import type { RegionOptions } from "./options";
import { type Outline, outlineOf, type Pattern, type Patterns } from "./pattern";
import { ALL_FLAGS } from "./status";
import type { Place } from "./place";
import type { Segmentation } from "./segmentation";

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
  readonly pattern: Pattern;
  /** Where a direct jump leads. */
  readonly target: bigint | undefined;
  /** When an indirect jump looks whether code can be at its target: before it does anything, or where it leaves the region. */
  readonly targetCheck: "none" | "first" | "last";
  readonly isCall: boolean;
  readonly isReturn: boolean;
  /** Of the pattern. */
  readonly sets: number;
  readonly uses: number;
  readonly mayLeaveFlags: boolean;
  readonly exits: boolean;
  /** INVLPG. */
  readonly dropsPage: boolean;
}

export class Planner {
  constructor(
    private readonly patterns: Patterns,
    private readonly segmentation: Segmentation,
    private readonly options: Pick<RegionOptions, "vectors" | "x87" | "pageDrops" | "asides">,
  ) {}

  plan(decoded: Decoded, shape: Shape, place: Place): Plan {
    const outline = outlineOf(shape);
    const next = BigInt.asUintN(64, place.rip + BigInt(decoded.length));
    const { segmentation, options } = this;
    const drops = options.pageDrops && shape.instruction.name === "invlpg";
    if (
      drops &&
      decoded.operands.every((operand) => operand.kind === "memory" && segmentation.reaches(operand.segment))
    )
      return planned(place, decoded, shape, outline, next, dropsPage);
    const left = () => planned(place, decoded, shape, outline, next, this.leftToInterpreter(decoded, shape, outline));
    if (!outline.expressible || !decoded.operands.every(isReadable)) return left();
    if (!this.hasUnit(shape) || !this.reachesAll(decoded, outline)) return left();
    const pattern = this.patterns.of(decoded, shape, outline, next);
    const { jump } = pattern;
    const target = jump?.target.kind === "constant" ? jump.target.value : undefined;
    const allowed = !jump || segmentation.allows(jump.target, place.rip);
    if (target === undefined ? jump?.condition : !allowed)
      return planned(place, decoded, shape, outline, next, interpreted);
    return planned(place, decoded, shape, outline, next, {
      flow: jump && !jump.condition ? "jump" : "next",
      touched: undefined,
      pattern,
      target,
      targetCheck: allowed ? "none" : pattern.stores ? "first" : "last",
      dropsPage: false,
    });
  }

  private hasUnit({ instruction: { unit } }: Shape): boolean {
    return unit === undefined || (unit === "sse" ? this.options.vectors : this.options.x87);
  }

  private leftToInterpreter(decoded: Decoded, shape: Shape, { meaning }: Outline): Course {
    const touched = this.options.asides ? touchedBy(decoded, shape, meaning, this.segmentation.long) : undefined;
    return touched ? { ...interpreted, flow: "aside", touched } : interpreted;
  }

  /** The segments through which it reaches memory are as regions want them. */
  private reachesAll({ operands }: Decoded, { meaning, segments }: Outline): boolean {
    const { segmentation } = this;
    if (segmentation.long) return true;
    const isReached = (operand: DecodedOperand, n: number) => {
      if (operand.kind === "stringDestination") return segmentation.reaches(ES);
      if (operand.kind === "stringSource") return segmentation.reaches(operand.segment);
      return operand.kind !== "memory" || meaning.access[n] === "none" || segmentation.reaches(operand.segment);
    };
    return operands.every(isReached) && segments.every((segment) => segmentation.reaches(segment));
  }
}

type Course = Pick<Plan, "flow" | "touched" | "pattern" | "target" | "targetCheck" | "dropsPage">;

/** All plans are made here, so that they are alike for those who execute this. */
function planned(
  { rip, record, records, head }: Place,
  decoded: Decoded,
  shape: Shape,
  { meaning: { access } }: Outline,
  next: bigint,
  { flow, touched, pattern, target, targetCheck, dropsPage }: Course,
): Plan {
  const { sets, uses, mayLeaveFlags, exits, isCall } = pattern;
  const isReturn = pattern.jump?.target.kind === "load";
  // prettier-ignore
  return {
    rip, record, records, head, decoded, shape, access, next, flow, touched, pattern, target, targetCheck,
    isCall, isReturn, sets, uses, mayLeaveFlags, exits, dropsPage,
  };
}

const nothing: Pattern = {
  effects: [],
  reads: [],
  jump: undefined,
  isCall: false,
  stores: false,
  sets: 0,
  uses: ALL_FLAGS,
  mayLeaveFlags: false,
  exits: true,
};
const interpreted: Course = {
  flow: "interpret",
  touched: undefined,
  pattern: nothing,
  target: undefined,
  targetCheck: "none",
  dropsPage: false,
};
const dropsPage: Course = { ...interpreted, flow: "next", pattern: { ...nothing, uses: 0 }, dropsPage: true };

const readableKinds = new Set([
  "register",
  "immediate",
  "relative",
  "memory",
  "stringSource",
  "stringDestination",
  "segment",
  "vector",
  "stack",
]);

const isReadable = (operand: DecodedOperand): boolean =>
  readableKinds.has(operand.kind) && !(operand.kind === "vector" && operand.file === "mm");
