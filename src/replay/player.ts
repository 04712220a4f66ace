/** Runs a machine through its recording: recorded inputs are applied at exactly their ticks, new ones are recorded at the present tick. */
import type { Input } from "../scenario/schema";
import type { InputLog } from "./recording";

/** What the player needs of a PC. */
export interface Machine {
  readonly tick: number;
  /** Runs until the clock is exactly `until`, or until something stops the machine for good. */
  run(until: number): void;
  input(input: Input): void;
}

export class Player<M extends Machine> {
  /** Index of the first input not yet applied. */
  private next = 0;

  constructor(
    readonly machine: M,
    readonly log: InputLog,
  ) {}

  /** Tick of the last recorded input, while it is still to come. */
  get replayUntil(): number | undefined {
    return this.next < this.log.length ? this.log.at(this.log.length - 1)!.tick : undefined;
  }

  /** Tick of the next recorded input; Infinity when none is to come. */
  get nextInput(): number {
    return this.log.at(this.next)?.tick ?? Infinity;
  }

  /** Runs to `tick`, applying what is due on the way. The clock is at `tick` afterwards, unless the machine stopped for good. */
  runTo(tick: number): void {
    this.applyDue();
    while (this.machine.tick < tick) {
      const until = Math.min(tick, this.nextInput);
      this.machine.run(until);
      if (this.machine.tick < until) return;
      this.applyDue();
    }
  }

  /**
   * Something is done to the machine now. Recorded inputs that were still to come are dropped: from here on this is another
   * branch of the run.
   */
  input(input: Input): void {
    this.applyDue();
    this.log.branch(this.next, input);
    this.applyDue();
  }

  /** Call after the machine was taken to another instant: inputs up to there are part of its state. */
  moved(): void {
    this.next = this.log.firstAfter(this.machine.tick);
  }

  private applyDue(): void {
    for (let input = this.log.at(this.next); input && input.tick <= this.machine.tick; input = this.log.at(this.next)) {
      this.machine.input(input);
      this.next++;
    }
  }
}
