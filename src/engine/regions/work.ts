/** Work that can be put off after each of its steps, so that the machine need not stand still for it: a step is an instruction planned or written. */
export type Work<Result> = Generator<undefined, Result, undefined>;

export function allOf<Result>(work: Work<Result>): Result {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}
