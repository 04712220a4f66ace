/**
 * A 128-bit hash of machine state: not cryptographic, but every bit of the input reaches every bit of the result. Words of 32
 * bits go to four lanes in turn (the round of MurmurHash3 x86_128), so 64 MiB take some tens of milliseconds.
 */
import type { Plain } from "./device.ts";

const C1 = 0x239b961b;
const C2 = 0xab0e9789;

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));

function finalMix(value: number): number {
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}

export class StateHash {
  private readonly lanes = Int32Array.of(1, 2, 3, 4);
  private next = 0;

  word(value: number): this {
    const lane = this.next++ & 3;
    const mixed = Math.imul(rotate(Math.imul(value, C1), 15), C2);
    this.lanes[lane] =
      (Math.imul(rotate(this.lanes[lane] ^ mixed, 13) + this.lanes[(lane + 1) & 3], 5) + 0xe6546b64) | 0;
    return this;
  }

  bytes(bytes: Uint8Array): this {
    this.word(bytes.length);
    const aligned = bytes.byteOffset & 3 ? bytes.slice() : bytes;
    const whole = aligned.length >>> 2;
    const words = new Int32Array(aligned.buffer, aligned.byteOffset, whole);
    for (let index = 0; index < whole; index++) this.word(words[index]);
    for (let index = whole * 4; index < aligned.length; index++) this.word(aligned[index]);
    return this;
  }

  text(text: string): this {
    this.word(text.length);
    for (let index = 0; index < text.length; index++) this.word(text.charCodeAt(index));
    return this;
  }

  /** Structured state; keys in alphabetical order. */
  plain(value: Plain): this {
    if (value instanceof Uint8Array) return this.word(1).bytes(value);
    if (value instanceof Uint16Array)
      return this.word(2).bytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    if (typeof value === "number") {
      // All numbers of the state are integers or infinite.
      return this.word(3).text(String(value));
    }
    if (typeof value === "string") return this.word(4).text(value);
    if (typeof value !== "object" || value === null) return this.word(5).text(String(value));
    if (Array.isArray(value)) {
      this.word(6).word(value.length);
      for (const each of value as readonly Plain[]) this.plain(each);
      return this;
    }
    const entries = Object.entries(value as Readonly<Record<string, Plain>>).sort(([a], [b]) => (a < b ? -1 : 1));
    this.word(7).word(entries.length);
    for (const [key, each] of entries) this.text(key).plain(each);
    return this;
  }

  digest(): string {
    const lanes = [...this.lanes].map((lane) => finalMix(lane ^ this.next));
    const sum = lanes.reduce((total, lane) => (total + lane) | 0, 0);
    return lanes.map((lane) => (finalMix(lane + sum) >>> 0).toString(16).padStart(8, "0")).join("");
  }
}
