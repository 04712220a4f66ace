/** What the serial line said since the last frame: bounded, because a page in the background asks for no frames. */
const MOST_BYTES = 1 << 20;

export class SerialOutbox {
  private bytes = new Uint8Array(4096);
  private length = 0;

  push(byte: number): void {
    if (this.length === this.bytes.length) this.grow();
    this.bytes[this.length++] = byte;
  }

  /** Twice the room, or, at the bound, the older half is given up. */
  private grow(): void {
    if (this.length < MOST_BYTES) {
      const larger = new Uint8Array(this.bytes.length * 2);
      larger.set(this.bytes);
      this.bytes = larger;
      return;
    }
    this.bytes.copyWithin(0, MOST_BYTES / 2);
    this.length = MOST_BYTES / 2;
  }

  take(): Uint8Array<ArrayBuffer> {
    const taken = this.bytes.slice(0, this.length);
    this.length = 0;
    return taken;
  }

  clear(): void {
    this.length = 0;
  }
}
