/** FSTENV, FLDENV, FSAVE, FRSTOR: the x87 environment in memory, in one of four layouts by operand size and mode (SDM 1, 8.1.10). */
import type { BlockMemory } from "../block";
import { at, type Core } from "../core";
import type { X87 } from "./x87";
import { EXTENDED, unpack } from "./real";

const REGISTER_BYTES = 10;

export class FpuEnvironment {
  constructor(
    private readonly core: Core,
    private readonly block: BlockMemory,
    private readonly fpu: X87,
  ) {}

  /** Alignment checks look at words or doublewords. */
  private get unit(): number {
    return this.core.argument(1) === 16 ? 2 : 4;
  }
  private get size(): number {
    return this.core.argument(1) === 16 ? 14 : 28;
  }

  /** Two bits a register: valid, zero, special, empty. */
  private get tags(): number {
    const { u32 } = this.core;
    let tags = 0;
    for (let n = 0; n < 8; n++) {
      const place = ((u32[at.fpuStatus] >>> 11) + n) & 7;
      tags |= this.tag(n, place) << (2 * place);
    }
    return tags;
  }
  private tag(n: number, place: number): number {
    if (!(this.core.u32[at.fpuFull] & (1 << place))) return 3;
    const value = unpack(EXTENDED, this.fpu.stack.registerBits(n));
    if (value.kind === "zero") return 1;
    return value.kind === "finite" && !value.denormal ? 0 : 2;
  }

  private write(view: DataView): void {
    const { core } = this;
    const { u32 } = core;
    const wide = this.size === 28;
    const step = wide ? 4 : 2;
    [u32[at.fpuControl], u32[at.fpuStatus], this.tags].forEach((word, n) => {
      view.setUint16(n * step, word, true);
      if (wide) view.setUint16(n * step + 2, 0xffff, true);
    });
    const ip = Number(core.get("fpuIp") & 0xffff_ffffn);
    const dp = Number(core.get("fpuDp") & 0xffff_ffffn);
    const opcode = u32[at.fpuOpcode];
    if (core.paragraphs) {
      // Linear addresses: 20 bits, or 32 spread over two words.
      const [a, b] = [ip + u32[at.fpuCs] * 16, dp + u32[at.fpuDs] * 16];
      if (wide) {
        view.setUint32(12, a & 0xffff, true);
        view.setUint32(16, ((a >>> 16) << 12) | opcode, true);
        view.setUint32(20, b & 0xffff, true);
        view.setUint32(24, (b >>> 16) << 12, true);
      } else {
        view.setUint16(6, a, true);
        view.setUint16(8, ((a >>> 4) & 0xf000) | opcode, true);
        view.setUint16(10, b, true);
        view.setUint16(12, (b >>> 4) & 0xf000, true);
      }
    } else if (wide) {
      view.setUint32(12, ip, true);
      view.setUint32(16, u32[at.fpuCs] | (opcode << 16), true);
      view.setUint32(20, dp, true);
      view.setUint32(24, u32[at.fpuDs] | 0xffff0000, true);
    } else [ip, u32[at.fpuCs], dp, u32[at.fpuDs]].forEach((word, n) => view.setUint16(6 + n * 2, word, true));
  }

  /** Control and status last: the registers are named by the new TOP. */
  private read(view: DataView): void {
    const { core } = this;
    const { u32 } = core;
    const wide = this.size === 28;
    const step = wide ? 4 : 2;
    this.fpu.stack.setControl(view.getUint16(0, true));
    this.fpu.stack.setStatus(view.getUint16(step, true));
    const tags = view.getUint16(2 * step, true);
    u32[at.fpuFull] = 0;
    for (let n = 0; n < 8; n++) if (((tags >>> (2 * n)) & 3) !== 3) u32[at.fpuFull] |= 1 << n;
    const word = (offset: number) => (wide ? view.getUint32(offset, true) : view.getUint16(offset, true));
    const first = 3 * step;
    if (core.paragraphs) {
      const high = (offset: number) => (wide ? (word(offset) >>> 12) << 16 : (word(offset) & 0xf000) << 4);
      core.set("fpuIp", BigInt(((word(first) & 0xffff) | high(first + step)) >>> 0));
      core.set("fpuDp", BigInt(((word(first + 2 * step) & 0xffff) | high(first + 3 * step)) >>> 0));
      u32[at.fpuCs] = u32[at.fpuDs] = 0;
      u32[at.fpuOpcode] = word(first + step) & 0x7ff;
      return;
    }
    core.set("fpuIp", BigInt(word(first)));
    u32[at.fpuCs] = word(first + step) & 0xffff;
    // The short layout has no opcode: processors clear it.
    u32[at.fpuOpcode] = wide ? (word(first + step) >>> 16) & 0x7ff : 0;
    core.set("fpuDp", BigInt(word(first + 2 * step)));
    u32[at.fpuDs] = word(first + 3 * step) & 0xffff;
  }

  readonly store = (record: number): number => {
    const area = new Uint8Array(this.size);
    this.write(new DataView(area.buffer));
    const failed = this.block.write(record, this.core.argument64(0), area, 1n, this.unit);
    if (failed) return failed;
    this.fpu.stack.setControl(this.core.u32[at.fpuControl] | 0x3f);
    return 0;
  };

  readonly load = (record: number): number => {
    const area = new Uint8Array(this.size);
    const failed = this.block.read(record, this.core.argument64(0), area, 1n, this.unit);
    if (failed) return failed;
    this.read(new DataView(area.buffer));
    return 0;
  };

  readonly save = (record: number): number => {
    const area = new Uint8Array(this.size + 8 * REGISTER_BYTES);
    const view = new DataView(area.buffer);
    this.write(view);
    for (let n = 0; n < 8; n++) {
      const bits = this.fpu.stack.registerBits(n);
      view.setBigUint64(this.size + n * REGISTER_BYTES, BigInt.asUintN(64, bits), true);
      view.setUint16(this.size + n * REGISTER_BYTES + 8, Number(bits >> 64n), true);
    }
    const failed = this.block.write(record, this.core.argument64(0), area, 1n, this.unit);
    return failed || this.fpu.control.initialise();
  };

  readonly restore = (record: number): number => {
    const area = new Uint8Array(this.size + 8 * REGISTER_BYTES);
    const view = new DataView(area.buffer);
    const failed = this.block.read(record, this.core.argument64(0), area, 1n, this.unit);
    if (failed) return failed;
    this.read(view);
    for (let n = 0; n < 8; n++) {
      const low = view.getBigUint64(this.size + n * REGISTER_BYTES, true);
      const high = BigInt(view.getUint16(this.size + n * REGISTER_BYTES + 8, true));
      this.fpu.stack.setRegisterBits(n, low | (high << 64n));
    }
    return 0;
  };
}
