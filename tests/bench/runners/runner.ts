/** What a workload can be run on. */
import type { Times } from "../marks";
import type { Workload } from "../workloads";

export interface Outcome extends Times {
  /** Guest instructions, where they are counted. */
  readonly instructions?: number;
}

export interface Runner {
  readonly name: string;
  /** Of what it runs on. */
  readonly version: string;
  /** Slow ones run a fraction of the rounds; times are scaled to all of them. */
  readonly fraction: number;
  /** It translates: the rounds are run once more, when it has. */
  readonly steady: boolean;
  /** A sentence: why this workload does not run here. */
  run(workload: Workload): Promise<Outcome | { readonly missing: string }>;
  close?(): Promise<void>;
}

/** A runner, or why there is none. */
export type Provided = Runner | { readonly name: string; readonly missing: string };

export const isMissing = <Value extends object>(value: Value): value is Extract<Value, { missing: string }> =>
  "missing" in value;
