/** Which shape of instruction has which handler. Shapes that differ only in what the definition does not ask about share one. */
import type { Context } from "../../isa/notation";
import { type Meaning, meaningOf } from "./meaning";
import { operandsKey, type Shape, shapeKey } from "./shape";

/** A handler to be written. */
export interface Entry {
  /** Its place in the table. */
  readonly slot: number;
  readonly shape: Shape;
  readonly meaning: Meaning;
}

/** A handler and how its records must look. */
export interface Resolved {
  readonly slot: number;
  readonly shape: Shape;
  /** The memory operand's address is computed by a micro-record in front. */
  readonly addressRecord: boolean;
  /** Always goes elsewhere: nothing follows it in a block. */
  readonly jumps: boolean;
}

/** A catalogue as plain data. */
export interface CatalogueText {
  readonly slots: number;
  /** By key of the shape: its slot times 4, and bits. */
  readonly shapes: Readonly<Record<string, number>>;
  /** The slot of each specialisation. */
  readonly specialisations: Readonly<Record<string, number>>;
}
const ADDRESS_RECORD = 1,
  JUMPS = 2;

export class Catalogue {
  private readonly byShape: Map<string, Resolved>;
  /** Slots. */
  private readonly bySpecialisation: Map<string, number>;
  /** Shapes of the text that nobody asked for yet. */
  private shapes: CatalogueText["shapes"] = {};
  /** Asked for, and not yet taken to be written. */
  private pending: Entry[] = [];

  /** `slots`: those that are taken. With `from`: a copy, which then goes its own way. */
  constructor(
    private slots: number,
    from?: Catalogue,
  ) {
    this.byShape = new Map(from?.byShape);
    this.bySpecialisation = new Map(from?.bySpecialisation);
    if (from) this.shapes = from.shapes;
  }

  static fromText({ slots, shapes, specialisations }: CatalogueText): Catalogue {
    const catalogue = new Catalogue(slots);
    catalogue.shapes = shapes;
    for (const key in specialisations) catalogue.bySpecialisation.set(key, specialisations[key]);
    return catalogue;
  }

  toText(): CatalogueText {
    const shapes = Array.from(this.byShape, ([key, { slot, addressRecord, jumps }]) => {
      return [key, slot * 4 + (addressRecord ? ADDRESS_RECORD : 0) + (jumps ? JUMPS : 0)] as const;
    });
    const specialisations = Object.fromEntries(this.bySpecialisation);
    return { slots: this.slots, shapes: { ...this.shapes, ...Object.fromEntries(shapes) }, specialisations };
  }

  copy(): Catalogue {
    if (this.pending.length) throw new Error("a catalogue is copied when all its handlers are written");
    return new Catalogue(this.slots, this);
  }

  get size(): number {
    return this.slots;
  }

  /** A slot that stays free of handlers. */
  reserve(): number {
    return this.slots++;
  }

  takePending(): Entry[] {
    const entries = this.pending;
    this.pending = [];
    return entries;
  }

  resolve(shape: Shape): Resolved {
    const key = shapeKey(shape);
    const known = this.byShape.get(key);
    if (known) return known;
    const resolved = key in this.shapes ? fromText(shape, this.shapes[key]) : this.resolveNew(shape);
    this.byShape.set(key, resolved);
    return resolved;
  }

  private resolveNew(shape: Shape): Resolved {
    const meaning = meaningOf(shape);
    const { context } = shape;
    const plainAddress = context.long && context.addressSize === 64;
    // An operand that is never touched (NOP) is not checked against its segment either.
    const hasMemory = shape.operands.some(({ kind }, n) => kind === "memory" && meaning.access[n] !== "none");
    const addressRecord = hasMemory && !plainAddress && !meaning.usesAddress;
    const canonical = addressRecord ? withSimpleMemory(shape) : shape;
    const jumps = meaning.effects.some((effect) => effect.kind === "jump" && !effect.condition);
    return { slot: this.slotOf(canonical, meaning), shape: canonical, addressRecord, jumps };
  }

  private slotOf(shape: Shape, meaning: Meaning): number {
    const key = specialisation(shape, meaning);
    let slot = this.bySpecialisation.get(key);
    if (slot === undefined) {
      slot = this.slots++;
      this.bySpecialisation.set(key, slot);
      this.pending.push({ slot, shape, meaning });
    }
    return slot;
  }
}

function fromText(shape: Shape, kept: number): Resolved {
  const addressRecord = (kept & ADDRESS_RECORD) !== 0;
  const canonical = addressRecord ? withSimpleMemory(shape) : shape;
  return { slot: kept >> 2, shape: canonical, addressRecord, jumps: (kept & JUMPS) !== 0 };
}

function withSimpleMemory(shape: Shape): Shape {
  const operands = shape.operands.map((o) => (o.kind === "memory" ? { ...o, simple: true } : o));
  return { ...shape, operands };
}

const contextNames: readonly (keyof Context)[] = ["operandSize", "addressSize", "stackSize", "long", "condition"];

function specialisation(shape: Shape, meaning: Meaning): string {
  const asked = contextNames.map((name) => (meaning.touched.has(name) ? Number(shape.context[name]) : ""));
  return `${shape.instruction.id}.${operandsKey(shape)}.${shape.rep}.${asked.join(".")}`;
}
