/**
 * How fast the machine may go: the only place where guest time meets real time. A debt of ticks grows with real time and is worked off
 * in slices short enough to keep the worker listening. A machine that cannot keep up forgets what it owes beyond a moment, so it
 * falls behind evenly and never spirals.
 */

/** Real time of one slice. */
const SLICE_MS = 5;
/** Debt that is kept: after a longer stall the machine goes on from where it is. */
const MOST_OWED_MS = 60;
/** Window over which pace and MIPS are told. */
const WINDOW_MS = 500;
/** Shorter waits only wake the worker more often. */
const LEAST_WAIT_MS = 2;
const LEAST_SLICE = 1_000;
const MOST_SLICE = 200_000_000;
/**
 * Below this speed a person follows single instructions: time in HLT then costs nothing, or one instruction a second would wait days for
 * the next timer interrupt.
 */
const FREE_IDLE_BELOW = 1_000_000;

export type Speed = number | "max";

export class Pacer {
  private speedNow: Speed = 100_000_000;
  private owed = 0;
  private lastTime: number | undefined;
  private sliceTicks = 200_000;
  private window = { time: 0, ticks: 0, instructions: 0 };
  private shown = { pace: 0, mips: 0 };

  constructor(private readonly ticksPerSecond = 100_000_000) {}

  get speed(): Speed {
    return this.speedNow;
  }

  setSpeed(speed: Speed): void {
    if (speed !== "max" && !(speed > 0 && speed <= 1e12)) throw new RangeError(`a speed of ${speed} ticks per second`);
    this.speedNow = speed;
    this.owed = 0;
  }

  /** Virtual over real time, lately. */
  get pace(): number {
    return this.shown.pace;
  }
  get mips(): number {
    return this.shown.mips;
  }

  get idleIsFree(): boolean {
    return this.speedNow !== "max" && this.speedNow < FREE_IDLE_BELOW;
  }

  /** Call when the machine begins to run, and when it stops: the time between counts for nothing. */
  restart(): void {
    this.owed = 0;
    this.lastTime = undefined;
    this.window = { time: 0, ticks: 0, instructions: 0 };
    this.shown = { pace: 0, mips: 0 };
  }

  /** Whole ticks that may be run now; 0: wait. `unpaced`: as many as a slice holds. */
  allowance(now: number, unpaced = false): number {
    const elapsed = this.lastTime === undefined ? 0 : Math.max(0, now - this.lastTime);
    this.lastTime = now;
    if (unpaced || this.speedNow === "max") return this.sliceTicks;
    // Very low speeds owe at least the one tick that a second of waiting has earned.
    const most = Math.max(1, (this.speedNow * MOST_OWED_MS) / 1000);
    this.owed = Math.min(most, this.owed + (elapsed * this.speedNow) / 1000);
    return Math.min(Math.floor(this.owed), this.sliceTicks);
  }

  /** Milliseconds until the next whole tick is owed: 0 when there is work now. */
  waitMs(): number {
    if (this.speedNow === "max" || this.owed >= 1) return 0;
    return Math.max(LEAST_WAIT_MS, ((1 - this.owed) * 1000) / this.speedNow);
  }

  /** Tells what a slice did and how long it took. */
  ran(ticks: number, idle: number, ms: number): void {
    if (this.speedNow !== "max") this.owed = Math.max(0, this.owed - (this.idleIsFree ? ticks - idle : ticks));
    if (ms > 0.5 || ticks >= this.sliceTicks) {
      const factor = Math.min(2, Math.max(0.25, SLICE_MS / Math.max(ms, 0.01)));
      this.sliceTicks = Math.round(Math.min(MOST_SLICE, Math.max(LEAST_SLICE, this.sliceTicks * factor)));
    }
    this.window.ticks += ticks;
    this.window.instructions += ticks - idle;
  }

  /** Renews the figures shown; call now and then while running. */
  measure(now: number): void {
    if (this.window.time === 0) this.window.time = now;
    const elapsed = now - this.window.time;
    if (elapsed < WINDOW_MS) return;
    this.shown = {
      pace: (this.window.ticks * 1000) / elapsed / this.ticksPerSecond,
      mips: this.window.instructions / elapsed / 1000,
    };
    this.window = { time: now, ticks: 0, instructions: 0 };
  }
}
