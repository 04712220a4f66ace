/** The state after power-on (SDM 3, table 10-1). Memory is not touched. */
import { RDX } from "../../isa/expression";
import { STATE } from "../areas";
import { at, CS, ES, GS, LDTR, TR, type Core } from "./core";
import { SIGNATURE } from "./cpuid";
import { MXCSR_RESET } from "./vectors";

const CODE = 0x9b00,
  DATA = 0x9300,
  LDT = 0x8200,
  BUSY_TSS32 = 0x8b00;

export function resetState(core: Core, updateMode: () => void): void {
  const { u32 } = core;
  u32.fill(0, STATE.at >>> 2, STATE.end >>> 2);
  core.shutdown = undefined;
  core.external = 0;
  u32[at.systemFlags] = 2;
  // ZF and PF are clear: a value that is not zero, with odd parity.
  u32[at.zeroSource] = 1;
  u32[at.signSource] = 1;
  u32[at.registers + 2 * RDX] = SIGNATURE;
  u32[at.cr0] = 0x6000_0010;
  u32[at.rip] = 0xfff0;
  for (let i = ES; i <= GS; i++) {
    u32[at.segmentLimit + i] = 0xffff;
    u32[at.segmentAccess + i] = i === CS ? CODE : DATA;
  }
  // The reset vector lies 16 bytes below 4 GiB until CS is loaded (SDM 3, 10.1.4).
  u32[at.selector + CS] = 0xf000;
  u32[at.segmentBase + 2 * CS] = 0xffff_0000;
  u32[at.descriptorBase + 2 * CS] = 0xffff_0000;
  u32[at.segmentLimit + LDTR] = 0xffff;
  u32[at.segmentAccess + LDTR] = LDT;
  u32[at.segmentLimit + TR] = 0xffff;
  u32[at.segmentAccess + TR] = BUSY_TSS32;
  u32[at.gdtLimit] = 0xffff;
  u32[at.idtLimit] = 0xffff;
  u32[at.dr + 12] = 0xffff_0ff0;
  u32[at.dr + 14] = 0x400;
  u32[at.pat] = 0x0007_0406;
  u32[at.pat + 1] = 0x0007_0406;
  u32[at.apicBase] = 0xfee0_0900;
  u32[at.miscEnable] = 1;
  u32[at.mxcsr] = MXCSR_RESET;
  // All exceptions unmasked, single precision, every register holding zero (SDM 3, table 10-1).
  u32[at.fpuControl] = 0x40;
  u32[at.fpuFull] = 0xff;
  updateMode();
}
