/** Wasm code of a region: locals are handed out again once they are free, and blocks are branched to by name. */
import { Bytes } from "../wasm/bytes";
import { Code, EMPTY, I32, op, type Opcode, type ValueType } from "../wasm/code";

const LOCAL_TEE = 0x22;

/** A block or loop that is open, by the number of those around it. */
export interface Label {
  readonly depth: number;
}

export class RegionCode extends Code {
  private depth = 0;
  /** What was set last, and where that begins and ends in the body. */
  private lastSet = -1;
  private setAt = 0;
  private setEnd = -1;
  private readonly free = new Map<ValueType, number[]>();
  private readonly kinds = new Map<number, ValueType>();
  /** Handed out since the last `settle`. */
  private readonly fresh: number[] = [];

  override set(local: number): this {
    this.lastSet = local;
    this.setAt = this.body.length;
    super.set(local);
    this.setEnd = this.body.length;
    return this;
  }

  /** What was set just before is kept on the stack as well. */
  override get(local: number): this {
    if (this.lastSet !== local || this.setEnd !== this.body.length) return super.get(local);
    this.body.patch(this.setAt, LOCAL_TEE);
    this.lastSet = -1;
    return this;
  }

  /** What was widened just before is left as it was. No number ends with a byte that could be taken for the opcode. */
  override op(...opcodes: Opcode[]): this {
    if (opcodes[0] !== op.i32WrapI64 || !this.body.endsWith(op.i64ExtendI32U)) return super.op(...opcodes);
    this.body.length--;
    return super.op(...opcodes.slice(1));
  }

  /** For the whole function. */
  permanent(type: ValueType): number {
    return super.local(type);
  }

  override local(type: ValueType): number {
    const local = this.free.get(type)?.pop() ?? super.local(type);
    this.kinds.set(local, type);
    this.fresh.push(local);
    return local;
  }

  typeOf(local: number): ValueType {
    return this.kinds.get(local) ?? I32;
  }

  /** To the label of that number among `labels`, or to the last one. */
  gotoOneOf(labels: readonly Label[]): this {
    return this.brTable(labels.map((label) => this.depth - label.depth));
  }

  /** All temporary locals are free again, except these; `before`: those that were kept last time. */
  settle(kept: ReadonlySet<number>, before: ReadonlySet<number> = new Set()): void {
    for (const local of this.fresh) if (!kept.has(local)) this.release(local);
    this.fresh.length = 0;
    if (before !== kept) for (const local of before) if (!kept.has(local)) this.release(local);
  }

  private release(local: number): void {
    const type = this.typeOf(local);
    const list = this.free.get(type);
    if (list) list.push(local);
    else this.free.set(type, [local]);
  }

  override if(type: ValueType | typeof EMPTY = EMPTY): this {
    this.depth++;
    return super.if(type);
  }

  override block(): this {
    this.depth++;
    return super.block();
  }

  override loop(): this {
    this.depth++;
    return super.loop();
  }

  override end(): this {
    this.depth--;
    return super.end();
  }

  /** The innermost block or loop that is open. */
  get label(): Label {
    return { depth: this.depth };
  }

  goto(label: Label): this {
    return this.br(this.depth - label.depth);
  }

  /** Puts code in front of what has been written. */
  prepend(front: Code): void {
    const body = new Bytes().append(this.body);
    this.body.length = 0;
    this.body.append(front.body).append(body);
  }
}
