/**
 * Snapshots of a machine as it runs, so that any instant of the recording can be visited: the nearest one before it, and from there the
 * recording again. Each snapshot keeps the pages that changed since the one before. Bounded: when there are too many, those go that are
 * missed least, which are those close to their neighbours and far back.
 */
import { readFields, writeFields, type CpuFields } from "../pc/fields";
import type { Pc, PcState } from "../pc/pc";

const PAGE = 4096;
const WORDS = PAGE / 4;
/** At power-on nothing above has been written yet: memory and the firmware's part of it. */
const POWER_ON_PAGES = 256;

export interface Limits {
  readonly snapshots: number;
  /** Of the pages they keep. */
  readonly bytes: number;
}

const usual: Limits = { snapshots: 1500, bytes: 160 << 20 };

/** A page as it was at snapshot `id`, and at those after it up to the next version. */
interface Version {
  id: number;
  readonly words: Int32Array;
}

export interface Snapshot<Mark> {
  readonly id: number;
  readonly tick: number;
  readonly idleTicks: number;
  readonly cpu: CpuFields;
  readonly parts: PcState;
  /** Pages with a version of this id. */
  readonly pages: number[];
  /** What its owner wants to find again. */
  readonly mark: Mark;
}

export class History<Mark> {
  private readonly versions = new Map<number, Version[]>();
  private snapshots: Snapshot<Mark>[] = [];
  private nextId = 1;
  private bytes = 0;

  /** Made at power-on, when the first snapshot is taken. */
  constructor(
    private readonly pc: Pc,
    mark: Mark,
    private readonly limits: Limits = usual,
  ) {
    this.take(mark, POWER_ON_PAGES);
  }

  get count(): number {
    return this.snapshots.length;
  }

  get latest(): Snapshot<Mark> {
    return this.snapshots.at(-1)!;
  }

  /** The last one at or before this tick. */
  before(tick: number): Snapshot<Mark> {
    return this.snapshots.findLast((snapshot) => snapshot.tick <= tick) ?? this.snapshots[0];
  }

  /** Only at the end of the recording: later than every other. */
  take(mark: Mark, pages?: number): void {
    const { pc } = this;
    const id = this.nextId++;
    const snapshot: Snapshot<Mark> = {
      id,
      tick: pc.clock,
      idleTicks: pc.cpu.idleTicks,
      cpu: readFields(pc.cpu.memory),
      parts: pc.save(),
      pages: this.keepChanged(id, pages),
      mark,
    };
    this.snapshots.push(snapshot);
    while (this.snapshots.length > this.limits.snapshots || this.bytes > this.limits.bytes)
      if (!this.thin(snapshot.tick)) break;
  }

  private memoryWords(): Int32Array {
    const { ram } = this.pc.cpu;
    return new Int32Array(ram.buffer, ram.byteOffset, ram.length / 4);
  }

  private keepChanged(id: number, pages = Infinity): number[] {
    const words = this.memoryWords();
    const changed: number[] = [];
    const end = Math.min(pages, words.length / WORDS);
    for (let page = 0; page < end; page++) {
      const versions = this.versions.get(page);
      if (!differs(words, page * WORDS, versions?.at(-1)?.words)) continue;
      const version = { id, words: words.slice(page * WORDS, (page + 1) * WORDS) };
      if (versions) versions.push(version);
      else this.versions.set(page, [version]);
      this.bytes += PAGE;
      changed.push(page);
    }
    return changed;
  }

  /** The machine stands where it stood then. */
  restore(snapshot: Snapshot<Mark>): Mark {
    const words = this.memoryWords();
    words.fill(0);
    for (const [page, versions] of this.versions) {
      const version = versions.findLast(({ id }) => id <= snapshot.id);
      if (version) words.set(version.words, page * WORDS);
    }
    const missing = writeFields(this.pc.cpu.memory, snapshot.cpu);
    if (missing !== undefined) throw new Error(`a snapshot without the CPU's ${missing}`);
    this.pc.resume(snapshot.parts, snapshot.idleTicks);
    return snapshot.mark;
  }

  /** The run goes another way from here: what was recorded after this tick is gone. */
  forgetAfter(tick: number): void {
    while (this.snapshots.length > 1 && this.latest.tick > tick) {
      const { id, pages } = this.snapshots.pop()!;
      for (const page of pages) this.dropVersion(page, id);
    }
  }

  private dropVersion(page: number, id: number): void {
    const versions = this.versions.get(page)!;
    versions.splice(
      versions.findIndex((version) => version.id === id),
      1,
    );
    if (versions.length === 0) this.versions.delete(page);
    this.bytes -= PAGE;
  }

  /** Gives up the one that leaves the smallest gap for its age; never the first and the last. */
  private thin(now: number): boolean {
    let victim = -1;
    let least = Infinity;
    for (let at = 1; at < this.snapshots.length - 1; at++) {
      const gap = this.snapshots[at + 1].tick - this.snapshots[at - 1].tick;
      const cost = gap / (now - this.snapshots[at].tick + 1);
      if (cost < least) [victim, least] = [at, cost];
    }
    if (victim < 0) return false;
    this.remove(victim);
    return true;
  }

  /** What the next one did not keep itself, because it had not changed since this one, is the next one's now. */
  private remove(at: number): void {
    const [{ id, pages }] = this.snapshots.splice(at, 1);
    const next = this.snapshots[at];
    for (const page of pages) {
      const versions = this.versions.get(page)!;
      const index = versions.findIndex((version) => version.id === id);
      if (versions[index + 1]?.id === next.id) this.dropVersion(page, id);
      else {
        versions[index].id = next.id;
        next.pages.push(page);
      }
    }
  }
}

/** Whether a page of memory is not what it was; without an earlier version it was all zero. */
function differs(words: Int32Array, from: number, before: Int32Array | undefined): boolean {
  if (before === undefined) {
    for (let at = from; at < from + WORDS; at++) if (words[at] !== 0) return true;
    return false;
  }
  for (let at = 0; at < WORDS; at++) if (words[from + at] !== before[at]) return true;
  return false;
}
