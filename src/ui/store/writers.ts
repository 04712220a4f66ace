/**
 * Who wrote which byte of the serial line, so that the console shows a process in its colour. The kernel writes a console_line record
 * (writer, length, lines so far) before each write, and this follows what herald/kernel/console.c then does:
 *
 *   a line without its newline stays at the bottom: when somebody else writes whole lines, it is erased (CR ESC [ K), they are
 *   written, and it is repeated; when somebody else writes less than a line, it is ended by a newline first.
 *
 * Boot stages wrote lines before the kernel, without records; where the kernel begins is found by comparing lengths. Whenever bytes
 * and records do not agree (records were lost, or the kernel panicked), colours end until the next run: none is better than a wrong one.
 */
import type { ProcessKey } from "../../worker/protocol";
import { colorIndex } from "./colors";

/** First of the terminal's colours that stand for processes; its theme maps them to the tokens. */
export const FIRST_PROCESS_COLOR = 16;

const NEWLINE = 10;
const RETURN = 13;
const BACKSPACE = 8;
const ESCAPE = 27;
/** Bytes of the erasing sequence behind the Escape: [ K. */
const REST_OF_ERASE = 2;
/** More than these the boot stages never write. */
const MOST_BOOT_LINES = 64;
const MOST_BOOT_BYTES = 65_536;
/** The kernel's first writes, each a line, that must fit before the place is believed. */
const ENOUGH = 3;

interface Write {
  readonly writer: ProcessKey;
  readonly length: number;
  readonly line: number;
}

const encoder = new TextEncoder();
const colorCodes = Array.from({ length: 32 }, (_, index) =>
  encoder.encode(index === 0 ? "\x1b[39m" : `\x1b[38;5;${FIRST_PROCESS_COLOR + index}m`),
);

/** What the kernel's console does, byte by byte. */
class Follower {
  lost = false;
  /** Whose byte the last one was. */
  writer: ProcessKey | undefined;
  private write: Write | undefined;
  /** Bytes of the write that are to come. */
  private remaining = 0;
  /** The write goes above an unfinished line. */
  private above = false;
  private lines = 0;
  private unfinished = 0;
  private unfinishedWriter: ProcessKey | undefined;
  private erasing = 0;
  private repeating = 0;

  constructor(private readonly writes: Write[]) {}

  feed(byte: number): void {
    if (byte === RETURN) return;
    if (this.erasing > 0) this.erasing--;
    else if (this.repeating > 0) {
      this.repeating--;
      this.writer = this.unfinishedWriter;
    } else if (this.remaining > 0 || this.begin(byte)) this.take(byte);
  }

  /** The first byte of a write; false when it is not one of the writer's own. */
  private begin(byte: number): boolean {
    const write = this.writes.shift();
    if (!write || write.line !== this.lines) {
      this.lost = true;
      return false;
    }
    this.write = write;
    this.remaining = write.length;
    const interrupts = this.unfinished > 0 && this.unfinishedWriter?.pid !== write.writer.pid;
    this.above = interrupts && byte === ESCAPE;
    if (this.above) this.erasing = REST_OF_ERASE;
    else if (interrupts) {
      this.lost = byte !== NEWLINE;
      this.note(NEWLINE);
    }
    return !interrupts;
  }

  private take(byte: number): void {
    this.writer = this.write?.writer;
    this.remaining--;
    if (!this.above) {
      this.note(byte);
      this.unfinishedWriter = this.writer;
      return;
    }
    if (byte === NEWLINE) this.lines++;
    if (this.remaining === 0) this.repeating = this.unfinished;
  }

  private note(byte: number): void {
    if (byte === NEWLINE) {
      this.unfinished = 0;
      this.lines++;
    } else if (byte === BACKSPACE) this.unfinished = Math.max(0, this.unfinished - 1);
    else this.unfinished++;
  }
}

export class Writers {
  private writes: Write[] = [];
  /** Everything so far, until it is known where the kernel begins. */
  private early: number[] | undefined = [];
  private follower = new Follower(this.writes);
  private color = 0;

  clear(): void {
    this.writes = [];
    this.early = [];
    this.follower = new Follower(this.writes);
    this.color = 0;
  }

  /** A console_line record. */
  wrote(writer: ProcessKey, length: number, line: number): void {
    if (!this.follower.lost) this.writes.push({ writer, length, line });
  }

  /** The bytes with colours between them, to be called when all records of the bytes are known. */
  paint(bytes: Uint8Array): Uint8Array {
    if (bytes.length === 0) return bytes;
    const start = this.early ? this.findKernel(this.early, bytes) : 0;
    if (start === undefined) return bytes;
    const parts: Uint8Array[] = [];
    let from = 0;
    for (let at = start; at < bytes.length; at++) {
      const color = this.colorOf(bytes[at]);
      if (color === this.color) continue;
      parts.push(bytes.subarray(from, at), colorCodes[color]);
      from = at;
      this.color = color;
    }
    return joined([...parts, bytes.subarray(from)]);
  }

  private colorOf(byte: number): number {
    if (!this.follower.lost) this.follower.feed(byte);
    const { lost, writer } = this.follower;
    return lost || !writer ? 0 : colorIndex(writer);
  }

  /** Index of the first of these bytes that is the kernel's; undefined while that is not known. */
  private findKernel(early: number[], bytes: Uint8Array): number | undefined {
    const known = early.length;
    for (const byte of bytes) early.push(byte);
    const start = startOfKernel(early, this.writes);
    if (start === undefined) {
      if (early.length > MOST_BOOT_BYTES) this.follower.lost = true;
      if (this.follower.lost) this.early = undefined;
      return undefined;
    }
    this.early = undefined;
    for (let at = start; at < known; at++) this.follower.feed(early[at]);
    return Math.max(0, start - known);
  }
}

/** The kernel begins with the first lines whose lengths are those of its first writes. */
function startOfKernel(bytes: readonly number[], writes: readonly Write[]): number | undefined {
  if (writes.length < ENOUGH) return undefined;
  const starts = [0];
  const lengths: number[] = [];
  let length = 0;
  for (let at = 0; at < bytes.length && lengths.length < MOST_BOOT_LINES + ENOUGH; at++) {
    if (bytes[at] !== RETURN) length++;
    if (bytes[at] !== NEWLINE) continue;
    lengths.push(length);
    starts.push(at + 1);
    length = 0;
  }
  const fits = (line: number) => writes.slice(0, ENOUGH).every((write, i) => write.length === lengths[line + i]);
  const line = lengths.findIndex((_, index) => fits(index));
  return line < 0 ? undefined : starts[line];
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export const writers = new Writers();
