/** Runs a PC through its recording: recorded inputs are applied at exactly their ticks, new ones are recorded at the present tick. */
import type { PcInput, PcStop } from "../pc/pc";
import type { Input } from "../scenario/schema";
import type { InputLog } from "./recording";

/** What the player needs of a PC. */
export interface Machine {
  readonly clock: number;
  run(until: number): PcStop;
  input(input: PcInput): boolean;
}

/** The machine cannot go on by itself. */
export type Ended = Exclude<PcStop, { kind: "ticks" }>;

export class Player {
  /** Index of the first input not yet applied. */
  private next = 0;
  private ending: Ended | undefined;

  constructor(
    readonly machine: Machine,
    readonly log: InputLog,
  ) {}

  /** Why the machine stands still for good, if it does. */
  get ended(): Ended | undefined {
    return this.ending;
  }

  /** Tick of the last recorded input, while it is still to come. */
  get replayUntil(): number | undefined {
    return this.next < this.log.length ? this.log.at(this.log.length - 1)!.tick : undefined;
  }

  /** Tick of the next recorded input; Infinity when none is to come. */
  get nextInput(): number {
    return this.log.at(this.next)?.tick ?? Infinity;
  }

  /** Runs to `tick`, applying what is due on the way. The clock is at `tick` afterwards, unless the machine ended. */
  runTo(tick: number): void {
    this.applyDue();
    while (this.machine.clock < tick && !this.ending) {
      const stop = this.machine.run(Math.min(tick, this.nextInput));
      if (stop.kind === "ticks") this.applyDue();
      else this.ending = stop;
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

  /** How many inputs are part of the machine's state. The clock does not tell: one more may come at the tick of a snapshot. */
  get applied(): number {
    return this.next;
  }

  /** Call after the machine was taken to another instant, with what `applied` was there. */
  moved(applied: number): void {
    this.next = applied;
    this.ending = undefined;
  }

  /** An input that the machine cannot take (its keyboard buffer is full) is lost, as it would be again in a replay. */
  private applyDue(): void {
    for (
      let input = this.log.at(this.next);
      input && input.tick <= this.machine.clock;
      input = this.log.at(this.next)
    ) {
      this.machine.input({ kind: "key", code: input.code, down: input.down });
      this.next++;
    }
  }
}
