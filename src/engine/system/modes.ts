/** What derives from CS, SS, CR0, EFER, RFLAGS.VM and AC, and CPL: the mode bits of decoded code and the lookaside tables in use. */
import { NO_LOOKASIDE, lookasideTable } from "../areas";
import { MODE, MODE_BITS } from "../state";
import { ACCESS, at, CR0, CS, EFER, FLAG, SS, type Core } from "./core";
import type { Segments } from "./segments";

/** Bits of jumpTag that are the mode. */
const MODE_MASK = (1 << MODE_BITS) - 1;

export class Modes {
  constructor(
    private readonly core: Core,
    private readonly segments: Segments,
  ) {}

  /** Call after any of them changed. */
  readonly update = (): void => {
    const { u32 } = this.core;
    const before = u32[at.mode];
    const cpl = u32[at.cpl];
    let mode = cpl === 3 ? MODE.user : 0;
    if (u32[at.cr0] & CR0.PE && !(u32[at.systemFlags] & FLAG.VM)) mode |= MODE.protected;
    const code = u32[at.segmentAccess + CS];
    if (u32[at.efer] & EFER.LMA && code & ACCESS.long) mode |= MODE.long;
    else {
      if (code & ACCESS.big) mode |= MODE.code32;
      if (u32[at.segmentAccess + SS] & ACCESS.big) mode |= MODE.stack32;
    }
    const aligned = cpl === 3 && (u32[at.cr0] & CR0.AM) !== 0 && (u32[at.systemFlags] & FLAG.AC) !== 0;
    if (aligned) mode |= MODE.aligned;
    u32[at.mode] = mode;
    // For generated code that goes on by itself; the run loop retags anyway (jumps.ts).
    u32[at.jumpTag] = ((u32[at.jumpTag] & ~MODE_MASK) | mode) >>> 0;
    u32[at.lookasideRead] = aligned ? NO_LOOKASIDE.at : lookasideTable(cpl === 3, false);
    u32[at.lookasideWrite] = aligned ? NO_LOOKASIDE.at : lookasideTable(cpl === 3, true);
    if ((before ^ mode) & MODE.long) this.segments.showBases();
    if ((before ^ mode) & (MODE.protected | MODE.long)) this.segments.refreshPlain();
  };

  /** The same, when nothing cached can be trusted. */
  rebuild(): void {
    this.update();
    this.segments.showBases();
    this.segments.refreshPlain();
  }
}
