/**
 * The MC146818 real-time clock and CMOS memory (Motorola MC146818A).
 *
 *   70h  W  bits 6-0: register number (bit 7 masks NMI on a PC)      71h  the register
 *   00 seconds 01 alarm  02 minutes 03 alarm  04 hours 05 alarm  06 weekday  07 day  08 month  09 year  32 century
 *   0A  7 update in progress, 6-4 divider, 3-0 periodic rate         0C  7 IRQ 8, 6 periodic, 5 alarm, 4 update; read clears
 *   0B  7 SET, 6-4 enable the interrupts of 0C, 2 binary, 1 24 h     0D  7 battery good
 *   0E-7F  memory; the firmware and QEMU keep the memory size and disk type there
 *
 * The time starts at a given date and follows the virtual clock.
 */
import { Device, type Host, type PortDevice, type Width } from "../device.ts";

const A = 0x0a;
const B = 0x0b;
const C = 0x0c;
const CENTURY = 0x32;
const FLAG = { periodic: 0x40, alarm: 0x20, update: 0x10 } as const;
const CONTROL = { set: 0x80, binary: 0x04, hours24: 0x02 } as const;
/** Time and date registers: seconds, minutes, hours, weekday, day, month, year. */
const TIME = [0, 2, 4, 6, 7, 8, 9, CENTURY];
const OSCILLATOR = 32_768;
/** Clock periods of the 32768 Hz oscillator during which UIP is set before an update: 244 us. */
const UPDATE_PERIODS = 8;
const DAY_SECONDS = 86_400;

interface State {
  index: number;
  /** All registers; the time registers hold the time only while SET is on. */
  memory: Uint8Array;
  /** Date in seconds since 1970 at tick 0, as the guest has set the clock. */
  epoch: number;
  /** Second and oscillator count up to which the flags of register C are known. */
  secondSeen: number;
  oscillatorSeen: number;
}

export class Mc146818 extends Device<State> implements PortDevice {
  readonly name = "mc146818";
  protected state: State;

  constructor(
    private readonly host: Host,
    epoch: number,
  ) {
    super();
    const memory = new Uint8Array(128);
    memory[A] = 0x26;
    memory[B] = CONTROL.hours24;
    memory[0x0d] = 0x80;
    this.state = { index: 0, memory, epoch, secondSeen: 0, oscillatorSeen: 0 };
  }

  /** RESET clears the interrupt enables and flags; time and memory are on the battery. */
  reset(): void {
    this.state.memory[B] &= 0x87;
    this.state.memory[C] = 0;
    this.update();
  }

  /** Memory as the firmware sees it without the index register. */
  peek(register: number): number {
    return this.read(register);
  }

  poke(register: number, value: number): void {
    this.state.memory[register] = value;
  }

  readPort(port: number, _width: Width): number {
    if (port === 0x70) return 0xff;
    const { index, memory } = this.state;
    if (index !== C) return this.read(index);
    this.look();
    const flags = memory[C];
    memory[C] = 0;
    this.update();
    return flags;
  }

  writePort(port: number, _width: Width, value: number): void {
    const { state } = this;
    if (port === 0x70) state.index = value & 0x7f;
    else this.write(state.index, value);
  }

  override get nextEvent(): number {
    const { memory, secondSeen, oscillatorSeen } = this.state;
    const { clock } = this.host;
    const enabled = memory[B] & 0x70 & ~memory[C];
    let next = Infinity;
    if (enabled & (FLAG.alarm | FLAG.update) && !(memory[B] & CONTROL.set)) next = clock.tickOf(secondSeen + 1, 1);
    const period = this.period();
    if (enabled & FLAG.periodic && period) {
      const edge = (Math.floor(oscillatorSeen / period) + 1) * period;
      next = Math.min(next, clock.tickOf(edge, OSCILLATOR));
    }
    return next;
  }

  override advance(now: number): void {
    if (this.nextEvent <= now) this.look();
  }

  private read(register: number): number {
    const { memory } = this.state;
    if (register === A) return (memory[A] & 0x7f) | (this.updating() ? 0x80 : 0);
    if (TIME.includes(register) && !(memory[B] & CONTROL.set)) return this.times().get(register)!;
    return memory[register];
  }

  private write(register: number, value: number): void {
    const { state } = this;
    const { memory } = state;
    this.look();
    if (register === C || register === 0x0d) return;
    if (register === A) memory[A] = value & 0x7f;
    else if (register === B) this.writeControl(value);
    else if (TIME.includes(register) && !(memory[B] & CONTROL.set)) {
      this.freeze();
      memory[register] = value;
      this.setTime();
    } else memory[register] = value;
    this.update();
  }

  private writeControl(value: number): void {
    const { memory } = this.state;
    const was = memory[B];
    // SET stops the update and takes the update interrupt away (data sheet, register B).
    if (value & CONTROL.set) {
      if (!(was & CONTROL.set)) this.freeze();
      memory[B] = value & ~FLAG.update;
    } else {
      memory[B] = value;
      if (was & CONTROL.set) this.setTime();
    }
  }

  private seconds(): number {
    return this.host.clock.count(this.host.now(), 1);
  }

  private updating(): boolean {
    if (this.state.memory[B] & CONTROL.set) return false;
    return this.host.clock.count(this.host.now(), OSCILLATOR) % OSCILLATOR >= OSCILLATOR - UPDATE_PERIODS;
  }

  /** Oscillator periods between periodic interrupts (data sheet, table 5); 0 for none. */
  private period(): number {
    const rate = this.state.memory[A] & 15;
    return rate === 0 ? 0 : 1 << ((rate < 3 ? rate + 7 : rate) - 1);
  }

  /** Sets the flags of everything that happened since the last look. */
  private look(): void {
    const { state } = this;
    const { memory } = state;
    const oscillator = this.host.clock.count(this.host.now(), OSCILLATOR);
    const period = this.period();
    if (period && Math.floor(oscillator / period) > Math.floor(state.oscillatorSeen / period))
      memory[C] |= FLAG.periodic;
    const second = this.seconds();
    if (second > state.secondSeen && !(memory[B] & CONTROL.set)) {
      memory[C] |= FLAG.update;
      const from = Math.max(state.secondSeen + 1, second - DAY_SECONDS);
      for (let each = from; each <= second; each++) if (this.alarmAt(state.epoch + each)) memory[C] |= FLAG.alarm;
    }
    state.oscillatorSeen = oscillator;
    state.secondSeen = second;
    this.update();
  }

  private update(): void {
    const { memory } = this.state;
    const active = (memory[B] & memory[C] & 0x70) !== 0;
    memory[C] = (memory[C] & 0x7f) | (active ? 0x80 : 0);
    this.host.setIrq(8, active);
  }

  /** An alarm register with its two high bits set matches every value. */
  private alarmAt(time: number): boolean {
    const { memory } = this.state;
    const now = [time % 60, Math.floor(time / 60) % 60, Math.floor(time / 3600) % 24];
    return now.every((value, index) => {
      const wanted = memory[1 + 2 * index];
      return wanted >= 0xc0 || wanted === (index === 2 ? this.encodeHour(value) : this.encode(value));
    });
  }

  private encode(value: number): number {
    return this.state.memory[B] & CONTROL.binary ? value : toBcd(value);
  }

  private decode(value: number): number {
    return this.state.memory[B] & CONTROL.binary ? value : fromBcd(value);
  }

  private encodeHour(hour: number): number {
    if (this.state.memory[B] & CONTROL.hours24) return this.encode(hour);
    return this.encode(hour % 12 || 12) | (hour >= 12 ? 0x80 : 0);
  }

  private decodeHour(value: number): number {
    if (this.state.memory[B] & CONTROL.hours24) return this.decode(value);
    return (this.decode(value & 0x7f) % 12) + (value & 0x80 ? 12 : 0);
  }

  /** The time registers of this second. */
  private times(): Map<number, number> {
    const time = this.state.epoch + this.seconds();
    const days = Math.floor(time / DAY_SECONDS);
    const { year, month, day } = civilDate(days);
    const second = time - days * DAY_SECONDS;
    // 1 January 1970 was a Thursday; Sunday is 1.
    const weekday = ((((days + 4) % 7) + 7) % 7) + 1;
    const values = [second % 60, Math.floor(second / 60) % 60, 0, weekday, day, month, year % 100];
    const registers = values.map((value, index): [number, number] => [TIME[index], this.encode(value)]);
    registers[2][1] = this.encodeHour(Math.floor(second / 3600));
    // The century is memory, written by firmware in BCD whatever register B says.
    return new Map([...registers, [CENTURY, toBcd(Math.floor(year / 100))]]);
  }

  private freeze(): void {
    for (const [register, value] of this.times()) this.state.memory[register] = value;
  }

  /** The clock goes on from what the registers hold. */
  private setTime(): void {
    const { memory } = this.state;
    const year = this.decode(memory[9]) + 100 * fromBcd(memory[CENTURY]);
    const days = civilDays(year, this.decode(memory[8]), this.decode(memory[7]));
    const time =
      days * DAY_SECONDS + this.decodeHour(memory[4]) * 3600 + this.decode(memory[2]) * 60 + this.decode(memory[0]);
    this.state.epoch = time - this.seconds();
  }
}

const toBcd = (value: number): number => (Math.floor(value / 10) << 4) | (value % 10);
const fromBcd = (value: number): number => (value >> 4) * 10 + (value & 15);

/** Days since 1970-01-01 of a date in the Gregorian calendar, counted in years that begin in March. */
export function civilDays(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const monthFromMarch = (month + 9) % 12;
  const dayOfYear = Math.floor((153 * monthFromMarch + 2) / 5) + day - 1;
  return y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468;
}

export function civilDate(days: number): { year: number; month: number; day: number } {
  const fromMarch0 = days + 719_468;
  const era = Math.floor(fromMarch0 / 146_097);
  const ofEra = fromMarch0 - era * 146_097;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  );
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * ofYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const day = ofYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}
