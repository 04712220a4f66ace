/**
 * Standard output, written to directly while that works: Node's stream for it takes longer to load than Herald's boot has to print. A
 * descriptor that would block is left to the stream from then on.
 */
import { writeSync } from "node:fs";

const DESCRIPTOR = 1;
/** Exit status when whoever read our output has gone: nothing is left to do. */
const READER_GONE = 2;
let viaStream = false;

export function print(text: string | Uint8Array): void {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  let done = 0;
  while (!viaStream && done < bytes.length) {
    try {
      done += writeSync(DESCRIPTOR, bytes, done);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EAGAIN") process.exit(READER_GONE);
      process.stdout.on("error", () => process.exit(READER_GONE));
      viaStream = true;
    }
  }
  if (done < bytes.length) process.stdout.write(bytes.subarray(done));
}
