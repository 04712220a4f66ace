/**
 * Short ways of the commonest transfers: delivery through the IDT and IRETQ from 64-bit code to 64-bit code, when all that they read
 * and write is in the lookaside and nothing in the descriptors is unusual. Whatever is not exactly so is refused before
 * anything has changed, and done by interrupts.ts and returns.ts; tests run both side by side.
 *
 * Nothing is skipped: gate, descriptors and frame are read and checked each time (SDM 3, 6.14; SDM 2A IRET).
 */
import { RSP } from "../../isa/expression";
import { MODE } from "../state";
import { ACCESS, at, CS, DPL_SHIFT, FLAG, SS, TR, type Core } from "./core";
import type { Flags } from "./flags";
import type { Lookaside } from "./lookaside";
import type { Segments } from "./segments";

const IDT_ENTRY = 16;
/** A gate's second doubleword: present, system, 64-bit interrupt or trap gate (bit 8 tells which), no IST. */
const GATE_BITS = 0x9e07,
  GATE = 0x8e00,
  TRAP_GATE = 0x100;
const CODE_BITS =
    ACCESS.present | ACCESS.user | ACCESS.code | ACCESS.conforming | ACCESS.long | ACCESS.big | ACCESS.accessed,
  CODE = ACCESS.present | ACCESS.user | ACCESS.code | ACCESS.long | ACCESS.accessed;
const DATA_BITS = ACCESS.present | ACCESS.user | ACCESS.code | ACCESS.writable | ACCESS.accessed,
  DATA = ACCESS.present | ACCESS.user | ACCESS.writable | ACCESS.accessed;
const SP = at.registers + 2 * RSP;
const PAGE = 0x1000;

export class Quick {
  /** Off: everything is refused. */
  enabled = true;
  private low = 0;
  private high = 0;

  constructor(
    private readonly core: Core,
    private readonly flags: Flags,
    private readonly lookaside: Lookaside,
    private readonly segments: Segments,
    private readonly modeChanged: () => void,
  ) {}

  /** Index in the u32 view of `size` bytes at base + offset, where the processor may read them by itself; 0: not known. */
  private structure(base: number, offset: number, size: number): number {
    const { u32 } = this.core;
    const low = u32[base] + offset;
    if (low > 0xffff_ffff - size) return 0;
    const host = this.lookaside.find(low | 0, u32[base + 1], size, false, false);
    return host & 3 ? 0 : host >>> 2;
  }

  /** A descriptor of the GDT, into low and high. */
  private descriptor(selector: number): boolean {
    const { u32 } = this.core;
    const offset = selector & 0xfff8;
    if (selector & 4 || offset === 0 || offset + 7 > u32[at.gdtLimit]) return false;
    const found = this.structure(at.gdtBase, offset, 8);
    if (found === 0) return false;
    this.low = u32[found];
    this.high = u32[found + 1];
    return true;
  }

  /** As Interrupts.deliver. `byProgram`: INT n, which the gate's DPL must allow. `flags`: as the frame shows them. */
  deliver(vector: number, byProgram: boolean, flags: number, code: number, ripLow: number, ripHigh: number): boolean {
    const { core } = this;
    const { u32 } = core;
    if (!this.enabled || !(u32[at.mode] & MODE.long) || vector * IDT_ENTRY + 15 > u32[at.idtLimit]) return false;
    const gate = this.structure(at.idtBase, vector * IDT_ENTRY, IDT_ENTRY);
    if (gate === 0) return false;
    const first = u32[gate];
    const second = u32[gate + 1];
    const cpl = u32[at.cpl];
    if ((second & GATE_BITS) !== GATE || (byProgram && ((second >>> DPL_SHIFT) & 3) < cpl)) return false;
    const targetHigh = u32[gate + 2];
    const selector = first >>> 16;
    if (core.nonCanonicalHalves(targetHigh | 0) || !this.descriptor(selector)) return false;
    const { low, high } = this;
    const ring = (high >>> DPL_SHIFT) & 3;
    if ((high & CODE_BITS) !== CODE || ring > cpl) return false;
    if (!this.pushFrame(ring, flags, code, ripLow, ripHigh)) return false;
    const cleared = FLAG.TF | FLAG.NT | FLAG.RF | FLAG.VM | (second & TRAP_GATE ? 0 : FLAG.IF);
    this.flags.setSystem(u32[at.systemFlags] & ~cleared);
    if (ring !== cpl) this.segments.assignNull(SS, ring);
    this.segments.assignLong(CS, (selector & 0xfffc) | ring, low, high);
    u32[at.rip] = ((second & 0xffff_0000) | (first & 0xffff)) >>> 0;
    u32[at.rip + 1] = targetHigh;
    this.enter(ring);
    return true;
  }

  /** The frame, on the stack of the ring, and RSP at it. */
  private pushFrame(ring: number, flags: number, code: number, ripLow: number, ripHigh: number): boolean {
    const { u32 } = this.core;
    let stackLow = u32[SP];
    let stackHigh = u32[SP + 1];
    if (ring !== u32[at.cpl]) {
      const offset = 4 + 8 * ring;
      if (offset + 7 > u32[at.segmentLimit + TR]) return false;
      const found = this.structure(at.segmentBase + 2 * TR, offset, 8);
      if (found === 0) return false;
      stackLow = u32[found];
      stackHigh = u32[found + 1];
    }
    const size = code < 0 ? 40 : 48;
    const top = (stackLow & ~15) >>> 0;
    if (top < size) return false;
    const host = this.lookaside.find((top - size) | 0, stackHigh, size, ring === 3, true);
    if (host === 0) return false;
    const frame = (host + size - 40) >>> 2;
    u32[frame] = ripLow;
    u32[frame + 1] = ripHigh;
    u32[frame + 2] = u32[at.selector + CS];
    u32[frame + 3] = 0;
    u32[frame + 4] = flags;
    u32[frame + 5] = 0;
    u32[frame + 6] = u32[SP];
    u32[frame + 7] = u32[SP + 1];
    u32[frame + 8] = u32[at.selector + SS];
    u32[frame + 9] = 0;
    if (code >= 0) {
      u32[frame - 2] = code;
      u32[frame - 1] = 0;
    }
    u32[SP] = top - size;
    u32[SP + 1] = stackHigh;
    return true;
  }

  private enter(ring: number): void {
    if (this.core.u32[at.cpl] === ring) return;
    this.core.u32[at.cpl] = ring;
    this.modeChanged();
  }

  /** IRETQ. */
  returns(): boolean {
    const { core } = this;
    const { u32 } = core;
    const cpl = u32[at.cpl];
    if (!this.enabled || !(u32[at.mode] & MODE.long) || u32[at.systemFlags] & FLAG.NT) return false;
    const stack = u32[SP];
    if ((stack & (PAGE - 1)) > PAGE - 40) return false;
    const host = this.lookaside.find(stack | 0, u32[SP + 1], 40, cpl === 3, false);
    if (host === 0 || host & 3) return false;
    const frame = host >>> 2;
    const selector = u32[frame + 2] & 0xffff;
    const ring = selector & 3;
    const ripHigh = u32[frame + 1];
    if (ring < cpl || core.nonCanonicalHalves(ripHigh | 0) || !this.descriptor(selector)) return false;
    const { low, high } = this;
    if ((high & CODE_BITS) !== CODE || ((high >>> DPL_SHIFT) & 3) !== ring) return false;
    const stackSelector = u32[frame + 8] & 0xffff;
    const noStack = (stackSelector & 0xfffc) === 0;
    if ((stackSelector & 3) !== ring || (noStack && ring === 3)) return false;
    if (!noStack && (!this.descriptor(stackSelector) || !this.isStack(ring))) return false;
    const [ripLow, newLow, newHigh] = [u32[frame], u32[frame + 6], u32[frame + 7]];
    this.takeFlags(u32[frame + 4], cpl);
    if (noStack) this.segments.assignNull(SS, stackSelector);
    else this.segments.assignLong(SS, stackSelector, this.low, this.high);
    this.segments.assignLong(CS, selector, low, high);
    u32[at.rip] = ripLow;
    u32[at.rip + 1] = ripHigh;
    u32[SP] = newLow;
    u32[SP + 1] = newHigh;
    this.enter(ring);
    if (ring > cpl) this.segments.dropPrivileged(ring);
    return true;
  }

  private isStack(ring: number): boolean {
    return (this.high & DATA_BITS) === DATA && ((this.high >>> DPL_SHIFT) & 3) === ring;
  }

  private takeFlags(flags: number, cpl: number): void {
    const mask = this.flags.writable(64) | (cpl === 0 ? FLAG.VIF | FLAG.VIP : 0);
    this.flags.set((this.flags.get() & ~mask) | (flags & mask));
    this.flags.resume(flags);
  }
}
