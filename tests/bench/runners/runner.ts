/** What a workload can be run on. */
import type { Workload } from "../workloads";

export interface Outcome {
  readonly ms: number;
  /** Guest instructions, where they are counted. */
  readonly instructions?: number;
}

export interface Runner {
  readonly name: string;
  /** Of what it runs on. */
  readonly version: string;
  /** Slow ones run a fraction of the rounds; times are scaled to all of them. */
  readonly fraction: number;
  /** A sentence: why this workload does not run here. */
  run(workload: Workload): Promise<Outcome | { readonly missing: string }>;
  close?(): Promise<void>;
}

/** A runner, or why there is none. */
export type Provided = Runner | { readonly name: string; readonly missing: string };

export const isMissing = <Value extends object>(value: Value): value is Extract<Value, { missing: string }> =>
  "missing" in value;

/** The value that was printed must be the right one: a fast wrong answer is no answer. */
export function check(workload: Workload, value: string | undefined): void {
  if (value !== workload.value)
    throw new Error(`${workload.name} (${workload.bits} bits) printed ${value ?? "nothing"}, not ${workload.value}`);
}
