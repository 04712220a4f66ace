/**
 * The text of console lines by the number that the trace gives them. The kernel counts the lines it wrote itself; boot stages write to
 * the serial line before it, so the transcript starts a few lines earlier. How many is found by comparing lengths.
 */
import { followSerial } from "../store/serial";

/** Lines kept; the oldest go. */
const MOST_LINES = 20_000;
/** More lines than this the boot stages never write. */
const MOST_OFFSET = 64;

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
    const [rest, ...more] = this.decoder.decode(bytes, { stream: true }).replaceAll("\r", "").split("\n");
    this.lines[this.lines.length - 1] += rest;
    this.lines.push(...more);
    if (this.lines.length > MOST_LINES) {
      const gone = this.lines.length - (MOST_LINES >> 1);
      this.lines.splice(0, gone);
      this.first += gone;
    }
  }

  /** Looks where the transcript's lines have the lengths that the writes of the trace had (each ended by a newline). */
  calibrate(writes: readonly { readonly line: number; readonly bytes: number }[]): void {
    if (this.offset !== undefined || writes.length === 0) return;
    let best = 0;
    for (let offset = 0; offset <= MOST_OFFSET; offset++) {
      const matching = writes.filter((write) => this.at(write.line + offset)?.length === write.bytes - 1).length;
      if (matching <= best) continue;
      best = matching;
      this.offset = offset;
    }
    if (best < Math.min(3, writes.length)) this.offset = undefined;
  }

  /** The text of a line; undefined when it is not known. */
  text(line: number): string | undefined {
    return this.offset === undefined ? undefined : this.at(line + this.offset);
  }

  private at(line: number): string | undefined {
    return this.lines[line - this.first];
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
