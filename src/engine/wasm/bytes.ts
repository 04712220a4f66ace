/** A growing byte buffer with the integer encodings of the WebAssembly binary format (core specification, 5.2). */
export class Bytes {
  private buffer = new Uint8Array(256);
  length = 0;

  private room(count: number): void {
    if (this.length + count <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(this.buffer.length * 2, this.length + count));
    larger.set(this.buffer.subarray(0, this.length));
    this.buffer = larger;
  }

  u8(value: number): this {
    if (this.length === this.buffer.length) this.room(1);
    this.buffer[this.length++] = value;
    return this;
  }

  /** An opcode and an unsigned number, which is small most of the time. */
  withNumber(opcode: number, value: number): this {
    if (value > 0x7f || this.length + 2 > this.buffer.length) return this.u8(opcode).u32(value);
    this.buffer[this.length++] = opcode;
    this.buffer[this.length++] = value;
    return this;
  }

  /** Replaces a byte that was written. */
  patch(at: number, value: number): void {
    this.buffer[at] = value;
  }

  endsWith(value: number): boolean {
    return this.length > 0 && this.buffer[this.length - 1] === value;
  }

  /** Unsigned LEB128 of a 32-bit value. */
  u32(value: number): this {
    value >>>= 0;
    while (value > 0x7f) {
      this.u8((value & 0x7f) | 0x80);
      value >>>= 7;
    }
    return this.u8(value);
  }

  /** Signed LEB128 of a 32-bit value. */
  s32(value: number): this {
    value |= 0;
    for (;;) {
      const low = value & 0x7f;
      value >>= 7;
      if ((value === 0 && !(low & 0x40)) || (value === -1 && low & 0x40)) return this.u8(low);
      this.u8(low | 0x80);
    }
  }

  /** Signed LEB128 of a 64-bit pattern. */
  s64(value: bigint): this {
    value = BigInt.asIntN(64, value);
    if (value >= -0x8000_0000n && value <= 0x7fff_ffffn) return this.s32(Number(value));
    for (;;) {
      const low = Number(value & 0x7fn);
      value >>= 7n;
      if ((value === 0n && !(low & 0x40)) || (value === -1n && low & 0x40)) return this.u8(low);
      this.u8(low | 0x80);
    }
  }

  name(text: string): this {
    this.u32(text.length);
    for (let i = 0; i < text.length; i++) this.u8(text.charCodeAt(i));
    return this;
  }

  append(other: Bytes): this {
    this.room(other.length);
    this.buffer.set(other.buffer.subarray(0, other.length), this.length);
    this.length += other.length;
    return this;
  }

  /** A copy: engines want module bytes that nobody else writes to. */
  take(): Uint8Array<ArrayBuffer> {
    return this.buffer.slice(0, this.length);
  }
}
