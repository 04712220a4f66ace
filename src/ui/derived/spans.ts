/**
 * Spans of time in order, not overlapping: the slices of one lane, or its markers (spans of length 0).
 *
 * Starts, ends and the running sum of lengths are plain sorted arrays, so that "what is in this pixel" is one galloping search:
 * drawing costs pixels times the logarithm of what a pixel holds, however many spans there are, and no level of detail has to be
 * kept up to date while records pour in.
 */

/** Spans first to last, drawn as one mark from start to end, of which `busy` is covered. */
export type EmitMark = (start: number, end: number, busy: number, first: number, last: number) => void;

export class Spans {
  length = 0;
  starts = new Float64Array(64);
  ends = new Float64Array(64);
  /** Which trace record a span comes from. */
  records = new Float64Array(64);
  /** What its owner wants to know of a span without looking at the record: why a slice ended, kind of a marker. */
  tags = new Uint8Array(64);
  /** before[i]: sum of the lengths of spans 0 to i-1. */
  private before = new Float64Array(65);

  append(start: number, end: number, record: number, tag: number): void {
    if (this.length === this.starts.length) this.grow();
    const at = this.length++;
    this.starts[at] = start;
    this.ends[at] = end;
    this.records[at] = record;
    this.tags[at] = tag;
    this.before[at + 1] = this.before[at] + (end - start);
  }

  /** The first span that ends at or after `time`; length when there is none. */
  firstFrom(time: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.ends[middle] < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The last span that starts at or before `time`; -1 when there is none. */
  lastUntil(time: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.starts[middle] <= time) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** How many spans touch [from, to], the sum of their parts inside it, and the longest such part. */
  summary(from: number, to: number): { count: number; sum: number; longest: number } {
    const first = this.firstFrom(from);
    const last = this.lastUntil(to);
    if (last < first) return { count: 0, sum: 0, longest: 0 };
    let longest = 0;
    for (let at = first; at <= last; at++) {
      const length = Math.min(this.ends[at], to) - Math.max(this.starts[at], from);
      if (length > longest) longest = length;
    }
    return { count: last - first + 1, sum: this.busy(from, to), longest };
  }

  /** Time covered within [from, to]. */
  busy(from: number, to: number): number {
    const first = this.firstFrom(from);
    const last = this.lastUntil(to);
    if (last < first) return 0;
    const whole = this.before[last + 1] - this.before[first];
    return whole - Math.max(0, from - this.starts[first]) - Math.max(0, this.ends[last] - to);
  }

  /**
   * Calls `emit` once for each mark of [from, to]: a span of at least `resolution`, or all shorter ones that start in the
   * same cell of a grid of that width. The grid is fixed in time, so that marks keep their shape while the view moves.
   */
  marks(from: number, to: number, resolution: number, emit: EmitMark): void {
    let first = this.firstFrom(from);
    while (first < this.length && this.starts[first] <= to) {
      const start = this.starts[first];
      let last = first;
      if (this.ends[first] - start < resolution) {
        const cellEnd = (Math.floor(start / resolution) + 1) * resolution;
        last = this.lastShortBefore(first, cellEnd);
      }
      emit(start, this.ends[last], this.before[last + 1] - this.before[first], first, last);
      first = last + 1;
    }
  }

  /** The last span after `first` that ends before `limit`, found by doubling steps; at least `first`. */
  private lastShortBefore(first: number, limit: number): number {
    let step = 1;
    let low = first;
    while (low + step < this.length && this.ends[low + step] < limit) {
      low += step;
      step *= 2;
    }
    for (; step >= 1; step /= 2) if (low + step < this.length && this.ends[low + step] < limit) low += step;
    return low;
  }

  private grow(): void {
    const capacity = this.starts.length * 2;
    const larger = <A extends Float64Array | Uint8Array>(old: A, next: A): A => (next.set(old), next);
    this.starts = larger(this.starts, new Float64Array(capacity));
    this.ends = larger(this.ends, new Float64Array(capacity));
    this.records = larger(this.records, new Float64Array(capacity));
    this.tags = larger(this.tags, new Uint8Array(capacity));
    this.before = larger(this.before, new Float64Array(capacity + 1));
  }
}
