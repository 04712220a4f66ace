/** Work that can be put off after each of its steps, so that the machine need not stand still for it: a step is an instruction planned or written, or one look at the whole region. */
export type Work<Result> = Generator<undefined, Result, undefined>;

export function allOf<Result>(work: Work<Result>): Result {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/** Work whose steps may be work of the same kind, to be done before it goes on. */
export type Nested = Generator<Nested | undefined, void, undefined>;

/** As with yield*, but a step costs the same however deep it is nested. */
export function* inTurn(first: Nested): Work<void> {
  const open = [first];
  while (open.length > 0) {
    const { done, value } = open[open.length - 1].next();
    if (done) open.pop();
    else if (value) open.push(value);
    else yield;
  }
}
