/**
 * Many iterations of a REP string instruction at once: before an iteration, those after which it would certainly go on are made together, as
 * far as the page, the count and the ticks reach. They are all but the last: that one is made the usual way, and with it flags and what
 * may fault. Pages must be in the lookaside, so nothing here faults, sets a bit of the page tables, reaches a device or writes to code.
 *
 * Copies go up only, and only where no element is read that was written before; fills store one value; comparisons skip elements
 * that let REPE or REPNE go on. Each iteration is taken from the ticks (SDM 2B REP; DESIGN.md, virtual time).
 */
import type { Width } from "../../isa/expression";
import { record } from "../record";
import { layout } from "../state";
import { type Code, I32, I64, memory, op } from "../wasm/code";
import { loads, memoryWidth, stores } from "./access";
import { readFlag } from "./flags";
import type { Shape } from "./shape";

const RAX = 0,
  RCX = 1,
  RSI = 6,
  RDI = 7,
  ES = 0;
const PAGE = 4096;
/** Fewer are not worth the trouble. */
const FEWEST = 3;

type What = "movs" | "stos" | "lods" | "cmps" | "scas";
const whats: ReadonlySet<string> = new Set<What>(["movs", "stos", "lods", "cmps", "scas"]);

export const hasBulkForm = (shape: Shape): boolean => shape.rep !== "" && whats.has(shape.instruction.name);

/** What the handler lends. */
export interface Registers {
  /** Pushes a register at address width, as an i64. */
  push(register: number): void;
  /** Writes one at address width; the value is pushed as an i64. */
  set(register: number, value: () => void): void;
}

/** One operand in memory. */
interface Place {
  readonly register: number;
  readonly source: boolean;
  readonly host: number;
}

export class Bulk {
  private readonly what: What;
  private readonly width: Width;
  private readonly shift: number;
  /** Iterations. */
  private readonly most: number;

  constructor(
    private readonly code: Code,
    private readonly self: number,
    private readonly shape: Shape,
    private readonly registers: Registers,
  ) {
    this.what = shape.instruction.name as What;
    this.width = shape.operands[0].width as Width;
    this.shift = Math.log2(this.width / 8);
    this.most = code.local(I32);
  }

  write(): void {
    const { code } = this;
    code.block();
    readFlag(code, "df");
    code.brIf(0);
    this.limit();
    const places = this.places();
    // The accumulator of the last skipped element would be seen if the next one faulted: it must be one that cannot.
    if (this.what === "lods") this.code.get(this.most).i32(1).op(op.i32Sub).set(this.most);
    this.skipIfFew();
    this.perform(places);
    this.advance(places);
    code.end();
  }

  private skipIfFew(): void {
    this.code.get(this.most).i32(FEWEST).op(op.i32LtS).brIf(0);
  }

  /** [value: i64] -> []: most = min(most, value). */
  private atMost(): void {
    const { code, most } = this;
    const value = code.local(I64);
    code.set(value);
    code.get(value).op(op.i32WrapI64).get(most);
    code.get(value).get(most).op(op.i64ExtendI32U, op.i64LtU, op.select).set(most);
  }

  /** All but the last, and no more than there are ticks. */
  private limit(): void {
    const { code, most, registers } = this;
    code.loadAt(memory.i32Load, layout.remaining.offset).set(most);
    this.skipIfFew();
    registers.push(RCX);
    code.i64(1n).op(op.i64Sub);
    this.atMost();
  }

  private places(): Place[] {
    const { code, what } = this;
    const places: Place[] = [];
    const add = (register: number, write: boolean) => {
      const place = { register, source: register === RSI, host: code.local(I32) };
      this.locate(place, write);
      places.push(place);
    };
    if (what === "movs" || what === "lods" || what === "cmps") add(RSI, false);
    if (what !== "lods") add(RDI, what === "movs" || what === "stos");
    return places;
  }

  /** Finds where the operand lies, or leaves the block. */
  private locate(place: Place, write: boolean): void {
    const { code, shape } = this;
    const linear = code.local(I64);
    const entry = code.local(I32);
    if (shape.context.long) {
      this.registers.push(place.register);
      if (shape.context.addressSize === 32) {
        // The offset wraps at 4 GiB.
        code.set(linear).i64(0x1_0000_0000n).get(linear).op(op.i64Sub).i64(BigInt(this.shift)).op(op.i64ShrU);
        this.atMost();
        code.get(linear);
      }
      if (place.source) {
        code.get(this.self).access(memory.i32Load16U, record.segmentBase).access(memory.i64Load).op(op.i64Add);
      }
    } else this.segmented(place);
    code.set(linear);
    // Elements that lie in the page as a whole.
    code
      .i64(BigInt(PAGE))
      .get(linear)
      .i64(BigInt(PAGE - 1))
      .op(op.i64And, op.i64Sub);
    code.i64(BigInt(this.shift)).op(op.i64ShrU);
    this.atMost();
    code.loadAt(memory.i32Load, layout[write ? "lookasideWrite" : "lookasideRead"].offset);
    code.get(linear).op(op.i32WrapI64).i32(8).op(op.i32ShrU).i32(0xfff0).op(op.i32And, op.i32Add);
    code.tee(entry).access(memory.i64Load).get(linear).i64(BigInt(-PAGE)).op(op.i64And, op.i64Ne).brIf(0);
    code.get(linear).op(op.i32WrapI64).get(entry).access(memory.i32Load, 8).op(op.i32Add).set(place.host);
  }

  /** [] -> [linear: i64]: a plain segment, and no further than its limit and the address size reach. */
  private segmented(place: Place): void {
    const { code } = this;
    const offset = code.local(I64);
    this.segmentField(place, "segmentPlain", memory.i32Load, 4);
    code.op(op.i32Eqz).brIf(0);
    this.registers.push(place.register);
    code.set(offset);
    this.segmentField(place, "segmentLimit", memory.i64Load32U, 4);
    code.get(offset).op(op.i64LtU).brIf(0);
    this.segmentField(place, "segmentLimit", memory.i64Load32U, 4);
    code.i64(1n).op(op.i64Add).get(offset).op(op.i64Sub).i64(BigInt(this.shift)).op(op.i64ShrU);
    this.atMost();
    if (this.shape.context.addressSize === 16) {
      code.i64(0x1_0000n).get(offset).op(op.i64Sub).i64(BigInt(this.shift)).op(op.i64ShrU);
      this.atMost();
    }
    this.segmentField(place, "segmentBase", memory.i64Load, 8);
    code.get(offset).op(op.i64Add).i64(0xffff_ffffn).op(op.i64And);
  }

  private segmentField(
    { source }: Place,
    field: "segmentBase" | "segmentLimit" | "segmentPlain",
    load: (typeof memory)["i64Load" | "i64Load32U" | "i32Load"],
    bytes: number,
  ): void {
    const { offset } = layout[field];
    if (!source) return void this.code.loadAt(load, offset + ES * bytes);
    this.code.get(this.self).access(memory.i32Load8U, record.segment).i32(bytes).op(op.i32Mul).access(load, offset);
  }

  private perform(places: readonly Place[]): void {
    switch (this.what) {
      case "movs":
        return this.copy(places[0].host, places[1].host);
      case "stos":
        return this.fill(places[0].host);
      case "lods":
        return;
      case "cmps":
        return this.compare(places[0].host, places[1].host);
      case "scas":
        return this.compare(undefined, places[0].host);
    }
  }

  /** [] -> [bytes: i32] */
  private bytes(): void {
    this.code.get(this.most);
    if (this.shift) this.code.i32(this.shift).op(op.i32Shl);
  }

  private copy(from: number, to: number): void {
    const { code } = this;
    code.get(to).get(from).op(op.i32Sub);
    this.bytes();
    code.op(op.i32LtU).brIf(0);
    code.get(to).get(from);
    this.bytes();
    code.memoryCopy();
  }

  /** Pushes the accumulator. */
  private accumulator(): void {
    this.code.loadAt(loads[memoryWidth(this.width)], layout.registers.offset + RAX * 8);
  }

  private fill(to: number): void {
    const { code } = this;
    if (this.width === 8) {
      code.get(to);
      this.accumulator();
      this.bytes();
      return void code.memoryFill();
    }
    const end = code.local(I32);
    const value = code.local(this.width === 64 ? I64 : I32);
    const at = code.local(I32);
    this.accumulator();
    code.set(value).get(to).tee(at);
    this.bytes();
    code.op(op.i32Add).set(end).loop();
    code.get(at).get(value).access(stores[memoryWidth(this.width)]);
    code
      .get(at)
      .i32(this.width / 8)
      .op(op.i32Add)
      .tee(at)
      .get(end)
      .op(op.i32Ne)
      .brIf(0)
      .end();
  }

  /** Leaves in `most` how many elements let it go on; none: out. */
  private compare(first: number | undefined, second: number): void {
    const { code, most, width } = this;
    const done = code.local(I32);
    const load = loads[memoryWidth(width)];
    const element = (host: number) => {
      code.get(done);
      if (this.shift) code.i32(this.shift).op(op.i32Shl);
      code.get(host).op(op.i32Add).access(load);
    };
    code.i32(0).set(done).block().loop();
    if (first === undefined) this.accumulator();
    else element(first);
    element(second);
    const stops = this.shape.rep === "rep" ? [op.i32Ne, op.i64Ne] : [op.i32Eq, op.i64Eq];
    code.op(stops[width === 64 ? 1 : 0]).brIf(1);
    code.get(done).i32(1).op(op.i32Add).tee(done).get(most).op(op.i32LtU).brIf(0).end().end();
    code.get(done).tee(most).op(op.i32Eqz).brIf(0);
  }

  private advance(places: readonly Place[]): void {
    const { code, most, registers } = this;
    for (const { register } of places) {
      registers.set(register, () => {
        registers.push(register);
        this.bytes();
        code.op(op.i64ExtendI32U, op.i64Add);
      });
    }
    registers.set(RCX, () => {
      registers.push(RCX);
      code.get(most).op(op.i64ExtendI32U, op.i64Sub);
    });
    code.i32(0).loadAt(memory.i32Load, layout.remaining.offset).get(most).op(op.i32Sub);
    code.access(memory.i32Store, layout.remaining.offset);
  }
}
