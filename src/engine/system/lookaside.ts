/**
 * The lookaside tables that generated code reads inline (areas.ts). One entry per page, direct-mapped.
 *
 * Invariants: a read entry never gives permission to write; a write entry exists only for plain RAM whose dirty bit is
 * set. If code was decoded from the page it is guarded: generated code does not take it, writeSlow does, and tells who decoded.
 * Every entry in use is named in the journal, so that a flush costs what was filled. Generated code fills and drops entries too
 * (short/lookaside.ts).
 */
import {
  JOURNAL,
  LOOKASIDE,
  LOOKASIDE_ENTRIES,
  LOOKASIDE_TABLE_BYTES,
  NO_LOOKASIDE,
  RAM,
  lookasideTable,
} from "../areas";
import { at, type Core } from "./core";

/** Fourth word of an entry. */
export const GLOBAL = 1,
  /** Part of a large page; of one of a gibibyte. */
  LARGE = 2,
  GIBIBYTE = 8,
  /** Supervisor entry for a user page, made while AC lifted SMAP. */
  SMAP_LIFTED = 4;
const EMPTY = 0xffff_ffff;
/** Bit of a write entry's tag that no address in generated code has. */
export const GUARDED = 1;
const WORDS = LOOKASIDE.entryBytes >>> 2;
/** Large pages but those of a gibibyte lie in one such region; which of 64 bits stands for it (Fibonacci hashing). */
const REGION_SHIFT = 22;
export const REGION_HASH = { shift: REGION_SHIFT, high: 32 - REGION_SHIFT, factor: 0x9e37_79b1 | 0, bits: 6 } as const;
const regionBit = (low: number, high: number): number =>
  Math.imul((low >>> REGION_HASH.shift) + (high << REGION_HASH.high), REGION_HASH.factor) >>> (32 - REGION_HASH.bits);

export class Lookaside {
  private readonly journal: Uint32Array;

  constructor(private readonly core: Core) {
    this.journal = new Uint32Array(core.state.memory.buffer, JOURNAL.at, JOURNAL.entries);
    this.reset();
  }

  /** Index into the u32 view of the entry for a page. */
  entryOf(low: number, user: boolean, write: boolean): number {
    return (lookasideTable(user, write) + ((low >>> 12) & (LOOKASIDE_ENTRIES - 1)) * LOOKASIDE.entryBytes) >>> 2;
  }

  fill(
    low: number,
    high: number,
    physical: number,
    user: boolean,
    write: boolean,
    global: boolean,
    shift: number,
    lifted: boolean,
    guarded: boolean,
  ) {
    const { u32 } = this.core;
    const entry = this.entryOf(low, user, write);
    const page = low & ~0xfff;
    if (u32[entry] === EMPTY) this.note(entry);
    u32[entry] = guarded ? page | GUARDED : page;
    u32[entry + 1] = high;
    u32[entry + 2] = RAM + physical - (physical & 0xfff) - page;
    const large = shift === 12 ? 0 : shift === 30 ? LARGE | GIBIBYTE : LARGE;
    const marks = (global ? GLOBAL : 0) | large | (lifted ? SMAP_LIFTED : 0);
    u32[entry + 3] = marks;
    this.noteMarks(entry);
  }

  /** What entries may carry, and where large pages lie. */
  private noteMarks(entry: number): void {
    const { u32 } = this.core;
    u32[at.lookasideMarks] |= u32[entry + 3];
    if (!(u32[entry + 3] & LARGE)) return;
    const bit = regionBit(u32[entry], u32[entry + 1]);
    u32[at.largeRegions + (bit >>> 5)] |= 1 << (bit & 31);
  }

  private forgetMarks(): void {
    const { u32 } = this.core;
    u32[at.lookasideMarks] = u32[at.largeRegions] = u32[at.largeRegions + 1] = 0;
  }

  /**
   * Offset in Wasm memory for an access that lies in one page, or 0 when the tables do not know it. `implicit`: one that the processor
   * makes by itself, for which AC does not lift SMAP (SDM 3, 4.6.1).
   */
  find(low: number, high: number, size: number, user: boolean, write: boolean, implicit = false): number {
    const { u32 } = this.core;
    const entry = this.entryOf(low, user, write);
    if (u32[entry] !== (low & ~0xfff) >>> 0 || u32[entry + 1] !== high >>> 0) return 0;
    if ((low & 0xfff) + size > 0x1000) return 0;
    if (implicit && u32[entry + 3] & SMAP_LIFTED) return 0;
    return (low + u32[entry + 2]) >>> 0;
  }

  /** Offset in Wasm memory for a write that lies in one page of code, or 0. */
  findGuarded(low: number, high: number, size: number, user: boolean): number {
    const { u32 } = this.core;
    const entry = this.entryOf(low, user, true);
    if (u32[entry] !== ((low & ~0xfff) | GUARDED) >>> 0 || u32[entry + 1] !== high >>> 0) return 0;
    if ((low & 0xfff) + size > 0x1000) return 0;
    return (low + u32[entry + 2]) >>> 0;
  }

  /** No code is in the page any more: the next write fills the entry anew. */
  dropGuarded(low: number, user: boolean): void {
    this.clear(this.entryOf(low, user, true));
  }

  /** All tables, whatever they hold: at power-on, and after the memory under them was replaced. */
  reset(): void {
    this.core.u32.fill(EMPTY, LOOKASIDE.at >>> 2, NO_LOOKASIDE.end >>> 2);
    this.core.u32[at.journalled] = 0;
    this.forgetMarks();
  }

  flushAll(): void {
    const { u32 } = this.core;
    for (let i = 0; i < u32[at.journalled]; i++) this.clear(this.journal[i]);
    u32[at.journalled] = 0;
    this.forgetMarks();
  }

  /** Drops the entries without GLOBAL (MOV CR3 with CR4.PGE). */
  flushLocal(): void {
    this.drop((marks) => (marks & GLOBAL) === 0);
  }

  /** The page of an address, in all four tables; of large pages every part, and more of those below a gibibyte if it comes so. */
  invalidate(low: number, high: number): void {
    const { u32 } = this.core;
    const first = this.entryOf(low, false, false);
    for (let table = 0; table < 4; table++) {
      const entry = first + table * (LOOKASIDE_TABLE_BYTES >>> 2);
      if ((u32[entry] & ~GUARDED) === (low & ~0xfff) && u32[entry + 1] === high >>> 0) this.clear(entry);
    }
    if (!(u32[at.lookasideMarks] & LARGE)) return;
    const bit = regionBit(low, high);
    if (!(u32[at.lookasideMarks] & GIBIBYTE) && !((u32[at.largeRegions + (bit >>> 5)] >>> (bit & 31)) & 1)) return;
    this.drop((marks, entry) => {
      const shift = marks & GIBIBYTE ? 30 : REGION_SHIFT;
      return (marks & LARGE) !== 0 && u32[entry] >>> shift === low >>> shift && u32[entry + 1] === high >>> 0;
    });
  }

  /** AC no longer lifts SMAP. */
  dropLifted(): void {
    if (this.core.u32[at.lookasideMarks] & SMAP_LIFTED) this.drop((marks) => (marks & SMAP_LIFTED) !== 0);
  }

  /** Generated code may not write to this physical page any more. */
  protect(physicalPage: number): void {
    const { u32 } = this.core;
    const host = RAM + physicalPage * 4096;
    for (const user of [false, true]) {
      const first = lookasideTable(user, true) >>> 2;
      for (let i = 0; i < LOOKASIDE_ENTRIES; i++) {
        const entry = first + i * WORDS;
        if ((u32[entry] + u32[entry + 2]) >>> 0 === host && u32[entry] !== EMPTY) u32[entry] |= GUARDED;
      }
    }
  }

  private clear(entry: number): void {
    this.core.u32[entry] = EMPTY;
    this.core.u32[entry + 1] = EMPTY;
  }

  /** Drops the entries whose marks satisfy `wanted`, and rewrites the journal. */
  private drop(wanted: (marks: number, entry: number) => boolean): void {
    const { u32 } = this.core;
    let kept = 0;
    this.forgetMarks();
    for (let i = 0; i < u32[at.journalled]; i++) {
      const entry = this.journal[i];
      if (u32[entry] === EMPTY) continue;
      if (wanted(u32[entry + 3], entry)) this.clear(entry);
      else {
        this.noteMarks(entry);
        this.journal[kept++] = entry;
      }
    }
    u32[at.journalled] = kept;
  }

  private note(entry: number): void {
    const { u32 } = this.core;
    if (u32[at.journalled] === JOURNAL.entries) this.compact();
    this.journal[u32[at.journalled]++] = entry;
  }

  /** The journal is full of repetitions: rewrite it from the tables. */
  private compact(): void {
    const { u32 } = this.core;
    u32[at.journalled] = 0;
    const end = LOOKASIDE.end >>> 2;
    for (let entry = LOOKASIDE.at >>> 2; entry < end; entry += WORDS) {
      if (u32[entry] !== EMPTY) this.journal[u32[at.journalled]++] = entry;
    }
  }
}
