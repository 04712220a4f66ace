/** Where bytes of the guest go: a file or standard output. Collected, and written whenever the machine comes up for air. */
import { openSync, writeSync } from "node:fs";
import { UsageError } from "./options.ts";
import { print } from "./stdout.ts";

export class Sink {
  private pending: number[] = [];
  private readonly descriptor: number | undefined;

  /** "-" is standard output. */
  constructor(private readonly file: string) {
    if (file === "-") return;
    try {
      this.descriptor = openSync(file, "w");
    } catch (error) {
      throw new UsageError(`cannot write ${file}: ${(error as Error).message}`);
    }
  }

  get isStandardOutput(): boolean {
    return this.file === "-";
  }

  byte(byte: number): void {
    this.pending.push(byte);
  }

  text(text: string): void {
    for (const byte of Buffer.from(text)) this.pending.push(byte);
  }

  flush(): void {
    if (this.pending.length === 0) return;
    const bytes = Uint8Array.from(this.pending);
    this.pending = [];
    if (this.descriptor === undefined) print(bytes);
    else for (let done = 0; done < bytes.length;) done += writeSync(this.descriptor, bytes, done);
  }
}
