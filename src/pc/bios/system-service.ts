/** INT 11h, 12h, 14h, 15h, 17h and 1Ah: equipment, memory, serial port, system services, printer, time (RBIL). */
import { BDA, EBDA_SEGMENT, BIOS_SEGMENT } from "./bda.ts";
import type { Guest } from "./guest.ts";
import { powerManagement } from "./power.ts";
import { CONFIGURATION_TABLE } from "./rom.ts";

const UNSUPPORTED = 0x86;
const SMAP = 0x534d4150;
const MIB = 0x100000;
const USABLE = 1;
const RESERVED = 2;
/** Registers of the clock. */
const RTC = { a: 0x0a, b: 0x0b, c: 0x0c, periodicEnable: 0x40 } as const;
/** Microseconds between two periodic interrupts at the usual rate of 1024 a second. */
const PERIOD_US = 976;

/** What INT 15h AX=E820h reports: [start, length, type]. */
export function memoryMap(memoryBytes: number): readonly (readonly [number, number, number])[] {
  const base = EBDA_SEGMENT * 16;
  return [
    [0, base, USABLE],
    [base, 0xa0000 - base, RESERVED],
    [0xf0000, 0x10000, RESERVED],
    [MIB, memoryBytes - MIB, USABLE],
    [0xfffc0000, 0x40000, RESERVED],
  ];
}

export class SystemService {
  constructor(private readonly guest: Guest) {}

  /** INT 15h */
  system(): void {
    const { guest } = this;
    guest.carry = false;
    switch (guest.high("ax")) {
      case 0x24:
        return this.a20();
      case 0x4f:
        // Keyboard intercept: nobody takes the key.
        guest.carry = true;
        return;
      case 0x53:
        return powerManagement(guest);
      case 0x87:
        return this.moveBlock();
      case 0x88:
        return guest.set16("ax", Math.min(0xffff, (guest.board.memoryBytes - MIB) / 1024));
      case 0x90:
      case 0x91:
        // Device busy, interrupt complete: hooks for multitasking.
        return;
      case 0xc0:
        guest.setSegment("es", BIOS_SEGMENT);
        guest.set16("bx", CONFIGURATION_TABLE);
        return guest.setHigh("ax", 0);
      case 0xc1:
        return guest.setSegment("es", EBDA_SEGMENT);
      case 0xe8:
        if (guest.low("ax") === 0x01) return this.sizes();
        if (guest.low("ax") === 0x20) return this.map();
    }
    this.unsupported();
  }

  private unsupported(): void {
    this.guest.setHigh("ax", UNSUPPORTED);
    this.guest.carry = true;
  }

  private a20(): void {
    const { guest } = this;
    const call = guest.low("ax");
    if (call > 3) return this.unsupported();
    if (call < 2) guest.board.a20 = call === 1;
    if (call === 2) guest.setLow("ax", guest.board.a20 ? 1 : 0);
    if (call === 3) guest.set16("bx", 3);
    guest.setHigh("ax", 0);
  }

  /** AH=87h: CX words between the two descriptors at ES:SI + 10h and + 18h. */
  private moveBlock(): void {
    const { guest } = this;
    const table = guest.linear("es", guest.get16("si"));
    const base = (at: number) => (guest.read32(table + at + 2) & 0xffffff) + guest.read8(table + at + 7) * 0x1000000;
    const length = guest.get16("cx") * 2;
    const a20 = guest.board.a20;
    guest.board.a20 = true;
    guest.writeBytes(base(0x18), guest.readBytes(base(0x10), length));
    guest.board.a20 = a20;
    guest.setHigh("ax", 0);
  }

  /** AX=E801h: KiB from 1 to 16 MiB, then 64 KiB blocks above. */
  private sizes(): void {
    const { guest } = this;
    const { memoryBytes } = guest.board;
    const low = Math.min(15 * MIB, memoryBytes - MIB) / 1024;
    const high = Math.max(0, memoryBytes - 16 * MIB) / 0x10000;
    for (const name of ["ax", "cx"] as const) guest.set16(name, low);
    for (const name of ["bx", "dx"] as const) guest.set16(name, high);
  }

  private map(): void {
    const { guest } = this;
    const entries = memoryMap(guest.board.memoryBytes);
    const index = guest.get32("bx");
    if (guest.get32("dx") !== SMAP || guest.get32("cx") < 20 || index >= entries.length) return this.unsupported();
    const [start, length, type] = entries[index];
    const to = guest.linear("es", guest.get16("di"));
    [start, 0, length, 0, type].forEach((value, place) => guest.write32(to + 4 * place, value));
    guest.set32("ax", SMAP);
    guest.set32("bx", index + 1 < entries.length ? index + 1 : 0);
    guest.set32("cx", 20);
  }

  /** INT 15h AH=86h, first half: CX:DX microseconds from now bit 7 of 40:A0 becomes set; the ROM waits for it. */
  beginWait(): void {
    const { guest } = this;
    guest.carry = false;
    guest.write32(0x400 + BDA.waitCount, ((guest.get16("cx") << 16) | guest.get16("dx")) >>> 0);
    guest.setBda8(BDA.waitFlag, 0x01);
    this.enablePeriodic(true);
    // The clock's interrupt must get through both controllers.
    guest.board.portWrite(0xa1, 1, guest.board.portRead(0xa1, 1) & ~1);
    guest.board.portWrite(0x21, 1, guest.board.portRead(0x21, 1) & ~4);
  }

  /** From IRQ 8. */
  clockInterrupt(): void {
    const { guest } = this;
    const flags = this.readClock(RTC.c);
    if (!(flags & RTC.periodicEnable) || !(guest.bda8(BDA.waitFlag) & 1)) return;
    const left = guest.read32(0x400 + BDA.waitCount);
    guest.write32(0x400 + BDA.waitCount, Math.max(0, left - PERIOD_US));
    if (left > PERIOD_US) return;
    guest.setBda8(BDA.waitFlag, 0x80);
    this.enablePeriodic(false);
  }

  private readClock(register: number): number {
    this.guest.board.portWrite(0x70, 1, register);
    return this.guest.board.portRead(0x71, 1);
  }

  private writeClock(register: number, value: number): void {
    this.guest.board.portWrite(0x70, 1, register);
    this.guest.board.portWrite(0x71, 1, value);
  }

  private enablePeriodic(on: boolean): void {
    const control = this.readClock(RTC.b);
    this.writeClock(RTC.b, on ? control | RTC.periodicEnable : control & ~RTC.periodicEnable);
    this.readClock(RTC.c);
  }

  /** INT 1Ah */
  time(): void {
    const { guest } = this;
    guest.carry = false;
    switch (guest.high("ax")) {
      case 0x00:
        guest.set16("dx", guest.bda16(BDA.ticks));
        guest.set16("cx", guest.bda16(BDA.ticks + 2));
        guest.set16("ax", guest.bda8(BDA.midnight));
        return guest.setBda8(BDA.midnight, 0);
      case 0x01:
        guest.setBda16(BDA.ticks, guest.get16("dx"));
        guest.setBda16(BDA.ticks + 2, guest.get16("cx"));
        guest.setBda8(BDA.midnight, 0);
        return guest.setHigh("ax", 0);
      case 0x02:
        guest.set16("cx", (this.readClock(4) << 8) | this.readClock(2));
        guest.set16("dx", (this.readClock(0) << 8) | (this.readClock(RTC.b) & 1));
        return guest.set16("ax", this.readClock(4));
      case 0x03:
        this.setClock([
          [4, guest.high("cx")],
          [2, guest.low("cx")],
          [0, guest.high("dx")],
        ]);
        return;
      case 0x04:
        guest.set16("cx", (this.readClock(0x32) << 8) | this.readClock(9));
        guest.set16("dx", (this.readClock(8) << 8) | this.readClock(7));
        return guest.setLow("ax", this.readClock(0x32));
      case 0x05:
        this.setClock([
          [0x32, guest.high("cx")],
          [9, guest.low("cx")],
          [8, guest.high("dx")],
          [7, guest.low("dx")],
        ]);
        return;
    }
    guest.carry = true;
  }

  private setClock(values: readonly (readonly [register: number, value: number])[]): void {
    const control = this.readClock(RTC.b);
    this.writeClock(RTC.b, control | 0x80);
    for (const [register, value] of values) this.writeClock(register, value);
    this.writeClock(RTC.b, control & ~0x80);
  }

  /** INT 14h on COM1; there is no other port. */
  serial(): void {
    const { guest } = this;
    const { board } = guest;
    const port = guest.bda16(BDA.serialPorts + 2 * (guest.get16("dx") & 3));
    if (port === 0) return;
    const status = () => board.portRead(port + 5, 1);
    const call = guest.high("ax");
    if (call === 0x00) this.setLine(port, guest.low("ax"));
    else if (call === 0x01) board.portWrite(port, 1, guest.low("ax"));
    else if (call === 0x02) {
      // Nothing there: bit 7, time-out.
      if (!(status() & 1)) return guest.setHigh("ax", 0x80 | status());
      guest.setLow("ax", board.portRead(port, 1));
    }
    guest.setHigh("ax", status());
    if (call === 0x00 || call === 0x03) guest.setLow("ax", board.portRead(port + 6, 1));
  }

  /** Bits 7-5 of the parameter: 110, 150, 300, ... 9600 baud; 4-0 go to the line control register. */
  private setLine(port: number, parameter: number): void {
    const { board } = this.guest;
    const divisor = [1047, 768, 384, 192, 96, 48, 24, 12][parameter >> 5];
    board.portWrite(port + 3, 1, 0x80);
    board.portWrite(port, 1, divisor & 0xff);
    board.portWrite(port + 1, 1, divisor >> 8);
    board.portWrite(port + 3, 1, parameter & 0x1f);
  }

  /** INT 17h: no printer port. */
  printer(): void {
    this.guest.setHigh("ax", 0x01);
  }
}
