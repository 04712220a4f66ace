/** What tests/bench/results.json holds. */
export interface Run {
  /** One for each round, scaled to the whole workload. */
  readonly ms: number[];
  /** The same rounds once more, when what runs them has translated all it will; absent where nothing is translated. */
  steady?: number[];
  /** Of the whole workload; absent where they are not counted. */
  instructions?: number;
}

export interface Row {
  readonly name: string;
  readonly bits: 64 | 32;
  readonly runs: Record<string, Run>;
}

export interface Measurements {
  readonly date: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly platform: string;
    readonly versions: Readonly<Record<string, string>>;
  };
  readonly rounds: number;
  readonly rows: readonly Row[];
  /** Sentences: what could not be measured, and why. */
  readonly missing: readonly string[];
  /** Geometric means of times, by "one / other". */
  readonly means: Readonly<Record<string, number>>;
}
