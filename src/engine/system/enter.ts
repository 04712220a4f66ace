/** ENTER (SDM 2A): a stack frame with copies of the enclosing frames' pointers. */
import { RBP, RSP } from "../../isa/expression";
import { EXIT } from "../record";
import { MODE } from "../state";
import { at, SS, SSF, type Core } from "./core";
import type { Access } from "./access";
import { READ, USER, WRITE } from "./paging";
import type { Segments } from "./segments";

export class Enter {
  constructor(
    private readonly core: Core,
    private readonly access: Access,
    private readonly segments: Segments,
  ) {}

  private mask(): bigint {
    const mode = this.core.u32[at.mode];
    return mode & MODE.long ? 0xffff_ffff_ffff_ffffn : mode & MODE.stack32 ? 0xffff_ffffn : 0xffffn;
  }

  /** Checks an access to the stack; its linear address, or -1n with a fault raised. */
  private linear(record: number, offset: bigint, size: number, write: number): bigint {
    const { core } = this;
    if (core.long64) {
      const last = BigInt.asUintN(64, offset + BigInt(size - 1));
      if (!core.nonCanonical(offset) && !core.nonCanonical(last)) return offset;
      core.raise(record, SSF, 0);
      return -1n;
    }
    if (this.segments.check(SS, Number(offset), size, write, record)) return -1n;
    return BigInt.asUintN(32, core.get("segmentBase", SS) + offset);
  }

  private halves(linear: bigint): [number, number] {
    return [Number(linear & 0xffff_ffffn), Number(linear >> 32n)];
  }

  private store(record: number, offset: bigint, size: number, value: bigint): number {
    const linear = this.linear(record, offset, size, 1);
    if (linear < 0n) return EXIT.fault;
    const user = this.core.u32[at.mode] & MODE.user ? USER : 0;
    return this.access.store(record, ...this.halves(linear), size, ...this.halves(value), user | WRITE);
  }

  private load(record: number, offset: bigint, size: number): bigint {
    const linear = this.linear(record, offset, size, 0);
    if (linear < 0n) return -1n;
    const user = this.core.u32[at.mode] & MODE.user ? USER : 0;
    const from = this.access.locate(record, ...this.halves(linear), size, READ | user);
    if (from === 0) return -1n;
    const { view } = this.core;
    return size === 8
      ? view.getBigUint64(from, true)
      : BigInt(size === 4 ? view.getUint32(from, true) : view.getUint16(from, true));
  }

  /** Arguments 0 bytes of local variables, 1 nesting level, 2 operand size. Registers change once everything is pushed. */
  readonly enter = (record: number): number => {
    const { core } = this;
    const level = core.argument(1) & 31;
    const size = core.argument(2) >>> 3;
    const step = BigInt(size);
    const mask = this.mask();
    let pointer = core.get("registers", RSP) & mask;
    let frame = core.get("registers", RBP) & mask;
    const push = (value: bigint): number => {
      pointer = (pointer - step) & mask;
      return this.store(record, pointer, size, value);
    };
    if (push(core.get("registers", RBP))) return EXIT.fault;
    const newFrame = pointer;
    for (let i = 1; i < level; i++) {
      frame = (frame - step) & mask;
      const outer = this.load(record, frame, size);
      if (outer < 0n || push(outer)) return EXIT.fault;
    }
    if (level > 0 && push(newFrame)) return EXIT.fault;
    pointer = (pointer - BigInt(core.argument(0) & 0xffff)) & mask;
    // The final stack pointer must be writable (SDM 2A ENTER), or the frame would be useless.
    if (this.probeWrite(record, pointer, size)) return EXIT.fault;
    this.setRegister(RBP, newFrame, size === 2 ? 0xffffn : size === 4 ? 0xffff_ffffn : mask);
    this.setRegister(RSP, pointer, mask);
    return 0;
  };

  private probeWrite(record: number, offset: bigint, size: number): number {
    const linear = this.linear(record, offset, size, 1);
    if (linear < 0n) return EXIT.fault;
    const user = this.core.u32[at.mode] & MODE.user ? USER : 0;
    const [low, high] = this.halves(linear);
    if (this.access.isMisaligned(record, low, high, size)) return EXIT.fault;
    return this.access.writable(record, low, high, size, user);
  }

  /** A 16-bit part keeps the rest; a 32-bit one clears the upper half. */
  private setRegister(register: number, value: bigint, mask: bigint): void {
    const { core } = this;
    const kept = mask === 0xffffn ? core.get("registers", register) & ~0xffffn : 0n;
    core.set("registers", kept | (value & mask), register);
  }
}
