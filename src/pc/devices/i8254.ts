/**
 * The 8254 interval timer (Intel 231164-005), and port 61h which gates and reads channel 2.
 *
 *   40h-42h  counter 0 (IRQ 0), 1 (memory refresh), 2 (speaker): count in and out, low byte and high byte as the control word said
 *   43h   W  control word: 7-6 counter (11 read-back), 5-4 00 latch / 01 low / 10 high / 11 low then high, 3-1 mode, 0 BCD
 *   61h      bit 0 gate of counter 2, 1 speaker, 4 refresh toggle (R), 5 OUT of counter 2 (R)
 *
 * Counters run at 1193182 Hz. Nothing is counted: every value is computed from the input clock at which the count was loaded.
 * Deviation: in modes 2 and 3 a new count without a control word is taken up at the end of the whole period.
 */
import { Device, type Host, type PortDevice, type Width } from "../device.ts";

export const PIT_HERTZ = 1_193_182;

interface Counter {
  mode: number;
  bcd: boolean;
  /** 1 low byte, 2 high byte, 3 both. */
  access: number;
  /** The next byte written or read is the high one. */
  writeHigh: boolean;
  readHigh: boolean;
  lowByte: number;
  /** Count in clocks, 1 to 65536. */
  count: number;
  /** Input clock at which `count` was in the counter; undefined while it waits for a count or a trigger. */
  start: number | undefined;
  /** Modes 0 and 4 with the gate low: clocks that had been counted. */
  paused: number | undefined;
  /** A count that replaces `count` at the next reload; in modes 2 and 3 that is at input clock `nextAt`. */
  next: number | undefined;
  nextAt: number;
  gate: boolean;
  /** A control word came and no count yet. */
  nullCount: boolean;
  latched: number | undefined;
  latchedStatus: number | undefined;
}

const counter = (gate: boolean): Counter => ({
  mode: 3,
  bcd: false,
  access: 3,
  writeHigh: false,
  readHigh: false,
  lowByte: 0,
  count: 0x10000,
  start: 0,
  paused: undefined,
  next: undefined,
  nextAt: 0,
  gate,
  nullCount: false,
  latched: undefined,
  latchedStatus: undefined,
});

interface State {
  counters: Counter[];
  speaker: boolean;
  /** Input clock of the next rising edge of OUT 0; Infinity for none. */
  edge: number;
}

export class I8254 extends Device<State> implements PortDevice {
  readonly name = "i8254";
  protected state: State = { counters: [], speaker: false, edge: Infinity };

  constructor(private readonly host: Host) {
    super();
    this.reset();
  }

  reset(): void {
    const counters = [counter(true), counter(true), counter(false)];
    const start = this.clock();
    for (const each of counters) each.start = start;
    this.state = { counters, speaker: false, edge: Infinity };
    this.drive();
  }

  override get nextEvent(): number {
    return this.state.edge === Infinity ? Infinity : this.host.clock.tickOf(this.state.edge, PIT_HERTZ);
  }

  override advance(): void {
    const clock = this.clock();
    if (clock < this.state.edge) return;
    this.host.setIrq(0, false);
    this.host.setIrq(0, true);
    this.schedule();
  }

  readPort(port: number, _width: Width): number {
    if (port === 0x61) return this.readControl();
    if (port === 0x43) return 0xff;
    const it = this.state.counters[port & 3];
    if (it.latchedStatus !== undefined) {
      const status = it.latchedStatus;
      it.latchedStatus = undefined;
      return status;
    }
    const value = it.latched ?? count(it, this.clock());
    const high = it.access === 2 || (it.access === 3 && it.readHigh);
    if (it.access === 3) it.readHigh = !it.readHigh;
    if (it.access !== 3 || high) it.latched = undefined;
    return high ? value >> 8 : value & 0xff;
  }

  writePort(port: number, _width: Width, value: number): void {
    if (port === 0x61) this.writeControl(value);
    else if (port === 0x43) this.control(value);
    else this.load(port & 3, value);
  }

  private clock(): number {
    return this.host.clock.count(this.host.now(), PIT_HERTZ);
  }

  private readControl(): number {
    const clock = this.clock();
    const { counters, speaker } = this.state;
    // Counter 1 asks for a refresh every 18 clocks (15.085 us); the toggle follows it.
    const refresh = Math.floor(clock / 18) & 1;
    const two = counters[2];
    return (two.gate ? 1 : 0) | (speaker ? 2 : 0) | (refresh << 4) | (output(two, clock) ? 0x20 : 0);
  }

  private writeControl(value: number): void {
    this.state.speaker = (value & 2) !== 0;
    setGate(this.state.counters[2], (value & 1) !== 0, this.clock());
  }

  private control(value: number): void {
    const which = value >> 6;
    if (which === 3) {
      this.state.counters.forEach((it, index) => {
        if (value & (2 << index)) this.readBack(it, value);
      });
      return;
    }
    const it = this.state.counters[which];
    if (which === 0) this.drive();
    const access = (value >> 4) & 3;
    if (access === 0) {
      it.latched ??= count(it, this.clock());
      return;
    }
    const mode = (value >> 1) & 7;
    Object.assign(it, counter(it.gate), {
      mode: mode > 5 ? mode - 4 : mode,
      bcd: (value & 1) !== 0,
      access,
      count: it.count,
      start: undefined,
      nullCount: true,
    });
    if (which === 0) this.drive();
  }

  private readBack(it: Counter, value: number): void {
    const clock = this.clock();
    if (!(value & 0x20)) it.latched ??= count(it, clock);
    if (!(value & 0x10)) {
      const pending = it.nullCount || (it.start !== undefined && clock < it.start);
      it.latchedStatus ??=
        (output(it, clock) ? 0x80 : 0) | (pending ? 0x40 : 0) | (it.access << 4) | (it.mode << 1) | (it.bcd ? 1 : 0);
    }
  }

  private load(which: number, value: number): void {
    const it = this.state.counters[which];
    if (which === 0) this.drive();
    if (it.access === 3 && !it.writeHigh) {
      it.lowByte = value;
      it.writeHigh = true;
      // In mode 0 the first byte stops the counter and OUT goes low (data sheet, mode 0).
      if (it.mode === 0) it.start = undefined;
    } else {
      it.writeHigh = false;
      loadCount(it, it.access === 3 ? it.lowByte | (value << 8) : it.access === 2 ? value << 8 : value, this.clock());
    }
    if (which === 0) this.drive();
  }

  /** Around programming counter 0: IRQ 0 takes the level of OUT, which may have fallen unnoticed, and the next edge is found. */
  private drive(): void {
    this.host.setIrq(0, output(this.state.counters[0], this.clock()));
    this.schedule();
  }

  private schedule(): void {
    this.state.edge = nextRise(this.state.counters[0], this.clock());
  }
}

function loadCount(it: Counter, raw: number, clock: number): void {
  const range = it.bcd ? 10000 : 0x10000;
  const decimal = (raw >> 12) * 1000 + ((raw >> 8) & 15) * 100 + ((raw >> 4) & 15) * 10 + (raw & 15);
  const value = (it.bcd ? decimal : raw) || range;
  settle(it, clock);
  it.nullCount = false;
  const periodic = it.mode === 2 || it.mode === 3;
  if (periodic && it.start !== undefined && it.gate) {
    it.next = value;
    it.nextAt = periodEnd(it, it.start, clock);
  } else if (it.mode === 1 || it.mode === 5) {
    // Loaded by the next trigger; the sequence that runs is not disturbed.
    if (it.start === undefined) it.count = value;
    else it.next = value;
  } else {
    it.count = value;
    it.next = undefined;
    // The counter takes the count at the next input clock.
    it.start = it.gate ? clock + 1 : undefined;
    it.paused = it.gate || periodic ? undefined : -1;
  }
}

/** Input clock after `clock` at which a periodic counter reloads. */
function periodEnd(it: Counter, start: number, clock: number): number {
  return start + Math.max(1, Math.floor((clock - start) / it.count) + 1) * it.count;
}

/** A count that waited for the end of the period becomes the count. */
function settle(it: Counter, clock: number): void {
  if (it.next === undefined || it.start === undefined || it.mode === 1 || it.mode === 5) return;
  if (clock < it.nextAt) return;
  it.start = it.nextAt;
  it.count = it.next;
  it.next = undefined;
}

function setGate(it: Counter, gate: boolean, clock: number): void {
  if (it.gate === gate) return;
  it.gate = gate;
  const pausing = it.mode === 0 || it.mode === 4;
  if (!gate) {
    if (pausing && it.start !== undefined) {
      it.paused = clock - it.start;
      it.start = undefined;
    } else if (it.mode === 2 || it.mode === 3) it.start = undefined;
    return;
  }
  if (pausing) {
    if (it.paused !== undefined) it.start = clock - it.paused;
    it.paused = undefined;
  } else if (!it.nullCount) {
    // Modes 1, 2, 3, 5: the rising edge loads and starts the counter.
    it.count = it.next ?? it.count;
    it.next = undefined;
    it.start = clock + 1;
  }
}

const elapsed = (it: Counter, clock: number): number | undefined =>
  it.start === undefined ? it.paused : clock - it.start;

/** What a read of the counting element gives. */
function count(it: Counter, clock: number): number {
  settle(it, clock);
  const range = it.bcd ? 10000 : 0x10000;
  const value = binaryCount(it, elapsed(it, clock)) % range;
  if (!it.bcd) return value;
  return (
    (Math.floor(value / 1000) << 12) |
    (Math.floor((value / 100) % 10) << 8) |
    (Math.floor((value / 10) % 10) << 4) |
    (value % 10)
  );
}

function binaryCount(it: Counter, passed: number | undefined): number {
  if (passed === undefined || passed < 0) return it.count;
  const range = it.bcd ? 10000 : 0x10000;
  const inPeriod = passed % it.count;
  if (it.mode === 2) return it.count - inPeriod;
  if (it.mode === 3) {
    // Counts down by two, twice a period; an odd count is high for one clock longer (data sheet, mode 3).
    const half = (it.count + 1) >> 1;
    const even = it.count & ~1;
    return inPeriod < half ? even - 2 * inPeriod : even - 2 * (inPeriod - half);
  }
  return (((it.count - passed) % range) + range) % range;
}

/** Level of OUT. */
function output(it: Counter, clock: number): boolean {
  settle(it, clock);
  const passed = elapsed(it, clock);
  switch (it.mode) {
    case 0:
      return passed !== undefined && passed >= it.count;
    case 1:
      return passed === undefined || passed < 0 || passed >= it.count;
    case 2:
      return passed === undefined || passed < 0 || passed % it.count !== it.count - 1;
    case 3:
      return passed === undefined || passed < 0 || passed % it.count < (it.count + 1) >> 1;
    default:
      return passed === undefined || passed !== it.count;
  }
}

/** Input clock of the first rising edge of OUT after `clock`. */
function nextRise(it: Counter, clock: number): number {
  settle(it, clock);
  if (it.start === undefined) return Infinity;
  if (it.mode === 2 || it.mode === 3) return periodEnd(it, it.start, clock);
  const rise = it.start + it.count + (it.mode >= 4 ? 1 : 0);
  return rise > clock ? rise : Infinity;
}
