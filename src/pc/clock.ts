/**
 * Virtual time. A tick is one retired instruction (or one skipped in HLT); at `mhz` ticks a microsecond everything that counts
 * time divides the same number. All conversions are exact integers: no product here exceeds 2^53.
 */
export class Clock {
  readonly ticksPerSecond: number;

  constructor(readonly mhz: number) {
    if (!Number.isInteger(mhz) || mhz < 1 || mhz > 1000)
      throw new RangeError(`the clock is 1 to 1000 MHz, not ${String(mhz)}`);
    this.ticksPerSecond = mhz * 1_000_000;
  }

  /** Whole periods of an oscillator of `hertz` (at most 5 MHz) that have passed at `tick`. */
  count(tick: number, hertz: number): number {
    const seconds = Math.floor(tick / this.ticksPerSecond);
    const rest = tick - seconds * this.ticksPerSecond;
    return seconds * hertz + Math.floor((rest * hertz) / this.ticksPerSecond);
  }

  /** The first tick at which `count` periods of an oscillator of `hertz` have passed. */
  tickOf(count: number, hertz: number): number {
    const seconds = Math.floor(count / hertz);
    const rest = count - seconds * hertz;
    return seconds * this.ticksPerSecond + Math.ceil((rest * this.ticksPerSecond) / hertz);
  }

  /** Ticks of a span given in microseconds. */
  microseconds(us: number): number {
    return us * this.mhz;
  }
}
