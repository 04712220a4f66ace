/** The marks between which workloads are timed (workloads/main.c): "<" rounds ">" or "!", the value, "[" rounds when all is translated "]". */
import type { Workload } from "./workloads";

/** What was written to the debug console or the serial line, and when each mark came: milliseconds, or any other clock. */
export interface Marked {
  readonly text: string;
  readonly at: Readonly<Record<string, number>>;
}

export const MARKS = "<>![]";

export interface Times {
  /** Of the first rounds, everything cold. */
  readonly first: number;
  /** Of the rounds after them, if there were any, scaled to as many. */
  readonly steady?: number;
}

/** What came after the first mark, or undefined while it is not complete. Rounds that differ are an error. */
export function valueIn(text: string): string | undefined {
  const found = /<([>!])([0-9a-f]{16})/.exec(text);
  if (found?.[1] === "!" || /\[!/.test(text)) throw new Error("two rounds of the workload gave different values");
  return found?.[2];
}

/** The times between the marks. The value must be the right one: a fast wrong answer is no answer. */
export function timesOf({ name, bits, value, repeat, more }: Workload, { text, at }: Marked): Times {
  const printed = valueIn(text);
  if (printed !== value) throw new Error(`${name} (${bits} bits) printed ${printed ?? "nothing"}, not ${value}`);
  const first = at[">"] - at["<"];
  if (more === 0) return { first };
  if (!text.includes("]")) throw new Error(`${name} (${bits} bits) did not end its further rounds`);
  return { first, steady: ((at["]"] - at["["]) * repeat) / more };
}
