/** First times: the stages of the boot, and when each of the first processes ran and wrote for the first time. */
import type { ProcessKey } from "../../worker/protocol";

export type Mark =
  | { readonly kind: "stage"; readonly stage: number; readonly time: number }
  | { readonly kind: "ran" | "wrote"; readonly process: ProcessKey; readonly time: number };

/** Boots are over by then. */
const MOST_MARKS = 64;

export class Journey {
  marks: readonly Mark[] = [];
  private readonly seen = new Set<string>();

  clear(): void {
    this.marks = [];
    this.seen.clear();
  }

  stage(stage: number, time: number): void {
    this.add(`stage ${stage}`, { kind: "stage", stage, time });
  }

  ran(process: ProcessKey, time: number): void {
    this.add(`ran ${process.pid}.${process.generation}`, { kind: "ran", process, time });
  }

  wrote(process: ProcessKey, time: number): void {
    this.add(`wrote ${process.pid}.${process.generation}`, { kind: "wrote", process, time });
  }

  private add(what: string, mark: Mark): void {
    if (this.marks.length >= MOST_MARKS || this.seen.has(what)) return;
    this.seen.add(what);
    this.marks = [...this.marks, mark];
  }
}
