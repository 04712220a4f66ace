/** What the guest wrote to COM1, outside zustand: a bounded transcript, and news for whoever draws it. */

/** Characters kept; the oldest go. */
const TRANSCRIPT_LIMIT = 1_000_000;

type Listener = (news: Uint8Array | "cleared") => void;

const listeners = new Set<Listener>();
let chunks: Uint8Array[] = [];
let bytes = 0;
/** Whether anything came since power-on: a machine that is silent on COM1 is shown by its screen. */
export const serialBytes = (): number => bytes;

export function appendSerial(news: Uint8Array): void {
  if (news.length === 0) return;
  chunks.push(news);
  bytes += news.length;
  while (bytes > TRANSCRIPT_LIMIT && chunks.length > 1) bytes -= (chunks.shift() as Uint8Array).length;
  for (const listener of listeners) listener(news);
}

export function clearSerial(): void {
  chunks = [];
  bytes = 0;
  for (const listener of listeners) listener("cleared");
}

/** The transcript so far comes first, at once. */
export function followSerial(listener: Listener): () => void {
  for (const chunk of chunks) listener(chunk);
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** All of it, as text without the carriage returns. */
export function transcript(): string {
  const decoder = new TextDecoder();
  return chunks
    .map((chunk) => decoder.decode(chunk, { stream: true }))
    .join("")
    .replace(/\r/g, "");
}
