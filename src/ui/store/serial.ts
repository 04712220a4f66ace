/** What the guest wrote to COM1, outside zustand: a bounded transcript, and news for whoever draws it. */

/** Bytes kept; the oldest go. */
const TRANSCRIPT_LIMIT = 1_000_000;

/** As it came, and with colours for a terminal. */
interface Chunk {
  readonly raw: Uint8Array;
  readonly painted: Uint8Array;
}

type Listener = (news: Uint8Array | "cleared", painted: Uint8Array) => void;

const NOTHING = new Uint8Array(0);
const listeners = new Set<Listener>();
let chunks: Chunk[] = [];
let bytes = 0;

/** Whether anything came since power-on: a machine that is silent on COM1 is shown by its screen. */
export const serialBytes = (): number => bytes;

export function appendSerial(raw: Uint8Array, painted: Uint8Array = raw): void {
  if (raw.length === 0) return;
  chunks.push({ raw, painted });
  bytes += raw.length;
  while (bytes > TRANSCRIPT_LIMIT && chunks.length > 1) bytes -= (chunks.shift() as Chunk).raw.length;
  for (const listener of listeners) listener(raw, painted);
}

export function clearSerial(): void {
  chunks = [];
  bytes = 0;
  for (const listener of listeners) listener("cleared", NOTHING);
}

/** The transcript so far comes first, at once. */
export function followSerial(listener: Listener): () => void {
  for (const { raw, painted } of chunks) listener(raw, painted);
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A line as a terminal leaves it: carriage return, backspace and "erase to the end" are carried out, trailing blanks dropped. */
function settled(line: string): string {
  const cells: string[] = [];
  let column = 0;
  for (const part of line.match(/\x1b\[[0-9;?]*[A-Za-z]|[^]/gu) ?? []) {
    if (part === "\r") column = 0;
    else if (part === "\b") column = Math.max(0, column - 1);
    else if (part === "\x1b[K") cells.length = Math.min(cells.length, column);
    else if (!part.startsWith("\x1b")) cells[column++] = part;
  }
  return Array.from(cells, (cell) => cell ?? " ")
    .join("")
    .trimEnd();
}

export const plainText = (text: string): string => text.split("\n").map(settled).join("\n");

/** All of it, as the text a person saw. */
export function transcript(): string {
  const decoder = new TextDecoder();
  return plainText(chunks.map(({ raw }) => decoder.decode(raw, { stream: true })).join(""));
}
