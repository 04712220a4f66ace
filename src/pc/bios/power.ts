/** INT 15h AH=53h, Advanced Power Management 1.2 (Intel/Microsoft APM specification): the real-mode interface, enough to switch off. */
import type { Guest } from "./guest.ts";

const VERSION = 0x0102;
const SIGNATURE = 0x504d;
const ERROR = { unknownDevice: 0x09, badValue: 0x0a, noEvent: 0x80, unsupported: 0x86 } as const;
const ALL_DEVICES = 0x0001;
const OFF = 0x0003;
const ACPI_CONTROL = 0x604;
const ACPI_SLEEP_ENABLE = 0x2000;

/** Carry is clear on entry. */
export function powerManagement(guest: Guest): void {
  const fail = (error: number) => {
    guest.setHigh("ax", error);
    guest.carry = true;
  };
  switch (guest.low("ax")) {
    case 0x00: // installation check: no protected-mode interfaces
      guest.set16("ax", VERSION);
      guest.set16("bx", SIGNATURE);
      return guest.set16("cx", 0);
    case 0x01: // connect, disconnect, idle, busy, enable, engage
    case 0x04:
    case 0x05:
    case 0x06:
    case 0x08:
    case 0x0d:
    case 0x0f:
      return;
    case 0x07:
      if (guest.get16("bx") !== ALL_DEVICES) return fail(ERROR.unknownDevice);
      if (guest.get16("cx") > OFF) return fail(ERROR.badValue);
      if (guest.get16("cx") === OFF) guest.board.portWrite(ACPI_CONTROL, 2, ACPI_SLEEP_ENABLE);
      return;
    case 0x0a: // on line, no battery
      guest.set16("bx", 0x01ff);
      guest.set16("cx", 0x80ff);
      return guest.set16("dx", 0xffff);
    case 0x0b:
      return fail(ERROR.noEvent);
    case 0x0e:
      return guest.set16("ax", VERSION);
  }
  fail(ERROR.unsupported);
}
