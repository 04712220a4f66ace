/**
 * Who wrote which line of the console, so that the terminal shows a process in its colour. The kernel writes a console_line record
 * before each write: writer, length, number of the line; and it starts a new line when the writer changes inside one, so a line has
 * one writer. Boot stages wrote lines before the kernel, without records: how many is found by comparing lengths.
 */
import type { ProcessKey } from "../../worker/protocol";
import { colorIndex } from "./colors";

/** First of the terminal's colours that stand for processes; its theme maps them to the tokens. */
export const FIRST_PROCESS_COLOR = 16;

const NEWLINE = 10;
const RETURN = 13;
/** More lines than these the boot stages never write. */
const MOST_BOOT_LINES = 64;
/** Writes that must fit before the alignment is believed. */
const ENOUGH = 3;

interface Write {
  readonly line: number;
  readonly length: number;
  readonly writer: ProcessKey;
}

const encoder = new TextEncoder();
const PLAIN = encoder.encode("\x1b[39m");
const colors = Array.from({ length: 32 }, (_, index) => encoder.encode(`\x1b[38;5;${FIRST_PROCESS_COLOR + index}m`));

export class Writers {
  private writes: Write[] = [];
  /** Lengths of finished lines, until the alignment is known. */
  private lengths: number[] = [];
  private bootLines: number | undefined;
  /** Number of the line that is being written, and its length so far. */
  private line = 0;
  private length = 0;
  private color = 0;

  clear(): void {
    Object.assign(this, new Writers());
  }

  /** A console_line record. */
  wrote(writer: ProcessKey, length: number, line: number): void {
    this.writes.push({ writer, length, line });
  }

  /** The bytes with colours between them, to be called when all records of the bytes are known. */
  paint(bytes: Uint8Array): Uint8Array {
    if (bytes.length === 0 || this.writes.length === 0) return this.plain(bytes);
    if (this.bootLines === undefined) this.align(bytes);
    if (this.bootLines === undefined) return this.plain(bytes);
    return this.colored(bytes, this.bootLines);
  }

  private plain(bytes: Uint8Array): Uint8Array {
    for (const byte of bytes) this.count(byte);
    return bytes;
  }

  private count(byte: number): void {
    if (byte === NEWLINE) {
      if (this.bootLines === undefined) this.lengths.push(this.length);
      this.line++;
      this.length = 0;
    } else if (byte !== RETURN) this.length++;
  }

  /** The kernel's line 0 is where most writes of one line have the length of theirs. */
  private align(bytes: Uint8Array): void {
    const { line, length } = this;
    this.plain(bytes);
    let best = ENOUGH - 1;
    for (let lines = 0; lines <= MOST_BOOT_LINES; lines++) {
      const fit = this.writes.filter((write) => this.lengths[write.line + lines] === write.length - 1).length;
      if (fit <= best) continue;
      best = fit;
      this.bootLines = lines;
    }
    if (this.bootLines === undefined) return;
    // These bytes are gone through again, with colours.
    Object.assign(this, { line, length, lengths: [] });
  }

  private colored(bytes: Uint8Array, bootLines: number): Uint8Array {
    const parts: Uint8Array[] = [];
    let from = 0;
    for (let at = 0; at < bytes.length; at++) {
      const color = this.colorOfLine(this.line - bootLines);
      if (color !== this.color) {
        parts.push(bytes.subarray(from, at), color === 0 ? PLAIN : colors[color]);
        from = at;
        this.color = color;
      }
      this.count(bytes[at]);
    }
    parts.push(bytes.subarray(from));
    return joined(parts);
  }

  /** The writer of a line is the one of the last write that began at or before it. */
  private colorOfLine(line: number): number {
    while (this.writes.length > 1 && this.writes[1].line <= line) this.writes.shift();
    return line < this.writes[0].line ? 0 : colorIndex(this.writes[0].writer);
  }
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
