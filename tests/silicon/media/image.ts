/** The x87 and vector state of the engine as FXSAVE's image, which is how the harnesses tell it. */
import type { CpuState } from "../../../src/engine/state";
import { FX, FX_BYTES } from "./cases";

const PENDING = 0x80;

export function writeImage(state: CpuState, fx: Uint8Array): void {
  const view = new DataView(fx.buffer);
  state.set32("fpuControl", view.getUint16(FX.control, true));
  const status = view.getUint16(FX.status, true);
  state.set32("fpuStatus", status);
  state.set32("fpuFull", view.getUint8(FX.tags));
  state.set32("mxcsr", view.getUint32(FX.mxcsr, true));
  for (let n = 0; n < 8; n++) {
    const place = 2 * (((status >> 11) + n) & 7);
    state.set64("fpr", view.getBigUint64(FX.stack + 16 * n, true), place);
    state.set64("fpr", BigInt(view.getUint16(FX.stack + 16 * n + 8, true)), place + 1);
  }
  for (let n = 0; n < 32; n++) state.set64("xmm", view.getBigUint64(FX.xmm + 8 * n, true), n);
  for (const field of ["fpuIp", "fpuDp"] as const) state.set64(field, 0n);
  for (const field of ["fpuOpcode", "fpuCs", "fpuDs"] as const) state.set32(field, 0);
}

export function readImage(state: CpuState): Uint8Array {
  const fx = new Uint8Array(FX_BYTES);
  const view = new DataView(fx.buffer);
  const status = state.get32("fpuStatus");
  view.setUint16(FX.control, state.get32("fpuControl"), true);
  view.setUint16(FX.status, status, true);
  view.setUint8(FX.tags, state.get32("fpuFull"));
  view.setUint16(FX.opcode, state.get32("fpuOpcode"), true);
  view.setBigUint64(FX.instruction, state.get64("fpuIp"), true);
  view.setBigUint64(FX.operand, state.get64("fpuDp"), true);
  view.setUint32(FX.mxcsr, state.get32("mxcsr"), true);
  view.setUint32(FX.mask, 0xffff, true);
  for (let n = 0; n < 8; n++) {
    const place = 2 * (((status >> 11) + n) & 7);
    view.setBigUint64(FX.stack + 16 * n, state.get64("fpr", place), true);
    view.setUint16(FX.stack + 16 * n + 8, Number(state.get64("fpr", place + 1) & 0xffffn), true);
  }
  for (let n = 0; n < 32; n++) view.setBigUint64(FX.xmm + 8 * n, state.get64("xmm", n), true);
  return fx;
}

/**
 * Bytes of the save area that are not compared: opcode, instruction and data pointer unless an exception is pending, since only then
 * this maker's processors save them there (AMD 2, 11.4.4; FNSTENV and FNSAVE show them always); the pointers' bits 48 to 63, which are
 * bit 47 again only where linear addresses have 48 bits; and the mask of MXCSR, in which they have a bit more.
 */
export function isOpen(n: number, status: number): boolean {
  if (!(status & PENDING) && n >= FX.opcode && n < FX.mxcsr) return true;
  const inPointer = n >= FX.operand ? n - FX.operand : n - FX.instruction;
  return (n < FX.mxcsr && (inPointer === 6 || inPointer === 7)) || (n >= FX.mask && n < FX.stack);
}

export function fieldName(n: number): string {
  if (n < FX.stack) return `+${n}`;
  if (n < FX.xmm) return `st${(n - FX.stack) >> 4}${n & 8 ? "h" : ""}`;
  return `xmm${(n - FX.xmm) >> 4}${n & 8 ? "h" : ""}`;
}
