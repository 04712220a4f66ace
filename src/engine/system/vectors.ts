/** The SSE control and status register, and the save areas of FXSAVE and FXRSTOR (SDM 1, 10.5.1; SDM 2A FXSAVE). */
import { EXIT } from "../record";
import type { BlockMemory } from "./block";
import type { X87Stack } from "./float/x87/stack";
import { at, CR4, GP, type Core } from "./core";

/** Bits of MXCSR that exist; DAZ is among them. FXSAVE tells. */
export const MXCSR_MASK = 0xffff;
export const MXCSR_RESET = 0x1f80;
const AREA_BYTES = 512;

export class Vectors {
  private readonly area = new Uint8Array(AREA_BYTES);
  private readonly view = new DataView(this.area.buffer);

  constructor(
    private readonly core: Core,
    private readonly block: BlockMemory,
    private readonly x87: X87Stack,
  ) {}

  readonly loadMxcsr = (record: number): number => {
    const { core } = this;
    const value = core.argument(0);
    if (value & ~MXCSR_MASK) return core.raise(record, GP, 0);
    core.u32[at.mxcsr] = value;
    return 0;
  };

  readonly mxcsr = (): number => this.core.yield32(this.core.u32[at.mxcsr]);

  /** SDM 3, table 13-1: TOP becomes 0. */
  readonly empty = (): number => {
    this.core.u32[at.fpuFull] = 0;
    this.core.u32[at.fpuStatus] &= ~0x3800;
    return 0;
  };

  /** Registers of the vector unit that the mode can name are part of the area; CR4.OSFXSR off leaves them out. */
  private get vectorRegisters(): number {
    if (!(this.core.u32[at.cr4] & CR4.OSFXSR)) return 0;
    return this.core.long64 ? 16 : 8;
  }

  readonly save = (record: number): number => {
    const { core, area, view } = this;
    const { u32 } = core;
    const place = core.argument64(0);
    // Bytes that the processor does not write keep what the memory holds; a page that is not there is missed by a write.
    const failed = this.block.probe(record, place, AREA_BYTES, 16n) || this.block.read(record, place, area, 16n);
    if (failed) return failed;
    area.fill(0, 0, 32 + 128);
    view.setUint16(0, u32[at.fpuControl], true);
    view.setUint16(2, u32[at.fpuStatus], true);
    view.setUint8(4, u32[at.fpuFull]);
    view.setUint16(6, u32[at.fpuOpcode], true);
    if (core.argument(1)) {
      view.setBigUint64(8, core.get("fpuIp"), true);
      view.setBigUint64(16, core.get("fpuDp"), true);
    } else {
      view.setUint32(8, u32[at.fpuIp], true);
      view.setUint16(12, u32[at.fpuCs], true);
      view.setUint32(16, u32[at.fpuDp], true);
      view.setUint16(20, u32[at.fpuDs], true);
    }
    view.setUint32(24, u32[at.mxcsr], true);
    view.setUint32(28, MXCSR_MASK, true);
    for (let n = 0; n < 8; n++) {
      const register = 2 * this.physical(n);
      view.setBigUint64(32 + n * 16, core.get("fpr", register), true);
      view.setUint16(40 + n * 16, Number(core.get("fpr", register + 1) & 0xffffn), true);
    }
    for (let n = 0; n < 2 * this.vectorRegisters; n++) view.setBigUint64(160 + n * 8, core.get("xmm", n), true);
    return this.block.write(record, place, area, 16n);
  };

  readonly restore = (record: number): number => {
    const { core, area, view } = this;
    const { u32 } = core;
    const failed = this.block.read(record, core.argument64(0), area, 16n);
    if (failed) return failed;
    const mxcsr = view.getUint32(24, true);
    if (mxcsr & ~MXCSR_MASK) return core.raise(record, GP, 0);
    this.x87.setControl(view.getUint16(0, true));
    this.x87.setStatus(view.getUint16(2, true));
    u32[at.fpuFull] = view.getUint8(4);
    u32[at.fpuOpcode] = view.getUint16(6, true) & 0x7ff;
    if (core.argument(1)) {
      core.set("fpuIp", this.canonical(view.getBigUint64(8, true)));
      core.set("fpuDp", this.canonical(view.getBigUint64(16, true)));
    } else {
      core.set("fpuIp", BigInt(view.getUint32(8, true)));
      u32[at.fpuCs] = view.getUint16(12, true);
      core.set("fpuDp", BigInt(view.getUint32(16, true)));
      u32[at.fpuDs] = view.getUint16(20, true);
    }
    for (let n = 0; n < 8; n++) {
      const place = 2 * this.physical(n);
      core.set("fpr", view.getBigUint64(32 + n * 16, true), place);
      core.set("fpr", BigInt(view.getUint16(40 + n * 16, true)), place + 1);
    }
    u32[at.mxcsr] = mxcsr;
    for (let n = 0; n < 2 * this.vectorRegisters; n++) core.set("xmm", view.getBigUint64(160 + n * 8, true), n);
    return 0;
  };

  /** Pointers have no more bits than linear addresses (SDM 1, 10.5.1.1). */
  private canonical(pointer: bigint): bigint {
    return BigInt.asUintN(64, BigInt.asIntN(this.core.levels5 ? 57 : 48, pointer));
  }

  /** The register behind ST(n). */
  private physical(n: number): number {
    return ((this.core.u32[at.fpuStatus] >>> 11) + n) & 7;
  }

  /** Arguments: offset, bytes, then source and mask. */
  readonly maskedStore = (record: number): number => {
    const { core } = this;
    const bytes = core.argument(1);
    const words = bytes / 8;
    const value = new Uint8Array(bytes);
    const mask = new Uint8Array(bytes);
    for (let n = 0; n < words; n++) {
      new DataView(value.buffer).setBigUint64(n * 8, core.argument64(2 + n), true);
      new DataView(mask.buffer).setBigUint64(n * 8, core.argument64(2 + words + n), true);
    }
    const failed = this.block.writeSome(record, core.argument64(0), value, (n) => mask[n] >= 0x80);
    return failed ? EXIT.fault : 0;
  };
}
