/**
 * The text of console lines by the number that the trace gives them. The kernel counts the lines it wrote itself; boot stages write to
 * the serial line before it, so the transcript starts a few lines earlier. How many is found by comparing lengths.
 *
 * A line may have had other text before: when somebody writes while a prompt stands unfinished, the kernel erases it (RETURN, ESC [ K),
 * writes the whole line, and draws the prompt again below.
 */
import { followSerial } from "../store/serial";

/** Lines kept; the oldest go. */
const MOST_LINES = 20_000;
/** More lines than this the boot stages never write. */
const MOST_OFFSET = 64;
/** Writes that must fit before the numbering is believed. */
const ENOUGH = 3;

const ERASE = "\r\x1b[K";
const encoder = new TextEncoder();

/** A write as its trace record tells it: number of the line it began on, and its bytes, the newline included. */
export interface Write {
  readonly line: number;
  readonly bytes: number;
}

export class ConsoleLines {
  /** Number of the first line that is kept. */
  private first = 0;
  private lines: string[] = [""];
  private decoder = new TextDecoder();
  private offset: number | undefined;

  clear(): void {
    this.first = 0;
    this.lines = [""];
    this.decoder = new TextDecoder();
    this.offset = undefined;
  }

  append(bytes: Uint8Array): void {
    const [rest, ...more] = this.decoder.decode(bytes, { stream: true }).split("\n");
    this.lines[this.lines.length - 1] += rest;
    this.lines.push(...more);
    if (this.lines.length > MOST_LINES) {
      const gone = this.lines.length - (MOST_LINES >> 1);
      this.lines.splice(0, gone);
      this.first += gone;
    }
  }

  /** Whether it is known which line of the transcript is the kernel's first. */
  get numbered(): boolean {
    return this.offset !== undefined;
  }

  /** Looks where the transcript's lines have the lengths that the writes had. */
  calibrate(writes: readonly Write[]): void {
    if (this.offset !== undefined) return;
    let best = Math.min(ENOUGH, writes.length) - 1;
    for (let offset = 0; offset <= MOST_OFFSET; offset++) {
      const fitting = writes.filter((write) => this.fitting(write, offset) !== undefined).length;
      if (fitting <= best) continue;
      best = fitting;
      this.offset = offset;
    }
  }

  /** What was written; undefined when it is not known. */
  text(write: Write): string | undefined {
    if (this.offset === undefined) return undefined;
    return this.fitting(write, this.offset) ?? this.parts(write.line + this.offset).at(-1);
  }

  private fitting(write: Write, offset: number): string | undefined {
    const fits = (part: string): boolean => {
      const { length } = encoder.encode(part);
      return length === write.bytes - 1 || length === write.bytes;
    };
    return this.parts(write.line + offset).find(fits);
  }

  /** What stood on a line, one after the other. */
  private parts(line: number): string[] {
    const raw = this.lines[line - this.first];
    // Other control characters draw nothing.
    return raw === undefined ? [] : raw.split(ERASE).map((part) => part.replace(/[\x00-\x1f]/g, ""));
  }
}

export const consoleLines = new ConsoleLines();

let following = false;

/** Starts to keep lines, once, on first use. */
export function followConsole(): ConsoleLines {
  if (!following) {
    following = true;
    followSerial((news) => (news === "cleared" ? consoleLines.clear() : consoleLines.append(news)));
  }
  return consoleLines;
}
