/**
 * Memory that regions reach without asking the lookaside. Where paging is off, A20 is open and no data breakpoint is set, a linear address is a
 * physical one (SDM 3, 3.1 and 4.1.1), so it is enough to compare it with the ends of a stretch of RAM; for writes, of one that no code was
 * decoded from. There is one such pair of stretches at a time, and generated code holds its ends as constants: whoever enters it looks whether
 * state.openMemory still is its number, and whether paging and the rest are as they must be (regions/open.ts). None of this changes while a region runs:
 * what could change it (control registers, ports, debug registers, decoding) is never done in the middle of one outside 64-bit mode.
 */
import { CODE_PAGES, TRACKED_PAGES } from "../areas";
import { at, CR0, type Core } from "./core";

const PAGE = 4096;
/** Each new pair makes all regions that hold the old one useless. */
const MOST = 8;

/** Addresses `from` up to, not including, `to`: whole pages. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export interface OpenStretches {
  /** Never 0. */
  readonly number: number;
  readonly read: Stretch;
  readonly write: Stretch;
}

const isOutside = ({ from, to }: Stretch, page: number) => page * PAGE < from || page * PAGE >= to;

export class OpenMemory {
  private present: OpenStretches | undefined;
  /** How many there have been: numbers are not used again. */
  private made = 0;
  /** How many of those were closed because code turned up in them. */
  private met = 0;
  private readonly codePages: Uint8Array;

  constructor(private readonly core: Core) {
    this.codePages = new Uint8Array(core.state.memory.buffer, CODE_PAGES.at, TRACKED_PAGES);
  }

  /** What a region may rely on now; undefined where addresses are translated, or when code turned up too often. */
  get stretches(): OpenStretches | undefined {
    const { u32 } = this.core;
    if (u32[at.cr0] & CR0.PG || !u32[at.plainPaging]) return undefined;
    if (!this.present && this.met < MOST) this.present = this.choose();
    u32[at.openMemory] = this.present?.number ?? 0;
    return this.present;
  }

  /** Code is decoded from this physical page. */
  protect(page: number): void {
    if (!this.present || isOutside(this.present.write, page)) return;
    this.met++;
    this.close();
  }

  /** The memory map may have changed. */
  reset(): void {
    this.met = 0;
    this.close();
  }

  private close(): void {
    this.present = undefined;
    this.core.u32[at.openMemory] = 0;
  }

  private choose(): OpenStretches | undefined {
    const { mainMemory } = this.core.board;
    if (!mainMemory || mainMemory.to <= mainMemory.from) return undefined;
    const write = this.longestWithoutCode(mainMemory);
    return write && { number: ++this.made, read: mainMemory, write };
  }

  private longestWithoutCode({ from, to }: Stretch): Stretch | undefined {
    // Where there is code there will be more: each time that was not expected, a wider margin behind it is left out.
    const margin = (1 << this.met) - 1;
    const end = to / PAGE;
    let best = { from: 0, to: 0 };
    for (let page = from / PAGE; page < end;) {
      const code = this.codePages.indexOf(1, page);
      const next = code < 0 || code > end ? end : code;
      if ((next - page) * PAGE > best.to - best.from) best = { from: page * PAGE, to: next * PAGE };
      page = next + 1 + margin;
    }
    return best.to > 0 ? best : undefined;
  }
}
