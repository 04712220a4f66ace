/** Bytes that a run gave out, by their position in all that it ever gave out: going over them again adds nothing. Bounded. */

export class ByteLog {
  private bytes: Uint8Array<ArrayBuffer>;
  /** Position of the first byte that is kept. */
  private first = 0;
  private length = 0;

  /** `unit`: what is dropped at the bound, and what is asked for, are whole records of this size. */
  constructor(
    private readonly most: number,
    private readonly unit = 1,
  ) {
    this.bytes = new Uint8Array(Math.min(most, 64 * 1024));
  }

  /** Position behind the last byte. */
  get end(): number {
    return this.first + this.length;
  }

  /** What was given out at this position: what is known already is skipped. */
  put(position: number, bytes: Uint8Array): void {
    const news = bytes.subarray(Math.max(0, this.end - position));
    if (news.length === 0) return;
    this.makeRoom(news.length);
    const kept = news.subarray(Math.max(0, news.length - this.bytes.length));
    this.bytes.set(kept, this.length);
    this.length += kept.length;
  }

  /** Everything that is kept up to a position. */
  until(position: number): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, Math.max(0, Math.min(this.length, position - this.first)));
  }

  /** What came after a position was another future. */
  cut(position: number): void {
    this.length = Math.max(0, Math.min(this.length, position - this.first));
  }

  private makeRoom(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    if (this.bytes.length < this.most) {
      const size = Math.min(this.most, Math.max(this.bytes.length * 2, this.length + count));
      const larger = new Uint8Array(size);
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    const over = this.length + count - this.bytes.length;
    if (over <= 0) return;
    // The older half goes, so that this is seldom.
    const wanted = Math.max(over, this.bytes.length >> 1);
    const drop = Math.min(this.length, Math.ceil(wanted / this.unit) * this.unit);
    this.bytes.copyWithin(0, drop, this.length);
    this.length -= drop;
    this.first += drop;
  }
}
