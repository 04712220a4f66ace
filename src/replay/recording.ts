/**
 * A run is a pure function of (image, scenario, inputs). The log holds what was done to the machine from outside, each at an exact tick:
 * the state at tick t is the state after all inputs of ticks up to and including t.
 */
import type { Input } from "../scenario/schema";

export class InputLog {
  private entries: Input[];

  /** Inputs of one tick keep their order. */
  constructor(inputs: readonly Input[] = []) {
    this.entries = [...inputs].sort((a, b) => a.tick - b.tick);
  }

  get inputs(): readonly Input[] {
    return this.entries;
  }

  get length(): number {
    return this.entries.length;
  }

  at(index: number): Input | undefined {
    return this.entries[index];
  }

  /** From `index` on the run goes another way: what was recorded there is gone, and `input` is the last one. */
  branch(index: number, input: Input): void {
    const before = this.entries[index - 1];
    if (before && before.tick > input.tick) throw new RangeError(`input at ${input.tick} after one at ${before.tick}`);
    this.entries = [...this.entries.slice(0, index), input];
  }
}
