/**
 * The firmware ROM at F0000h: entry points and tables. What an entry point does is written in TypeScript; the ROM only pushes the
 * number of the service, writes to the service port and returns. What must take virtual time (waiting for a key) or call guest
 * code (INT 1Ch, INT 15h AH=4Fh) is done here in 8086 code. Entry points stand where IBM's AT BIOS has them, since old programs
 * jump to some of them directly.
 */
import { acpiTables } from "./acpi-tables.ts";
import { Assembler } from "./assembler.ts";
import { BDA, BIOS_SEGMENT } from "./bda.ts";

/** Port of the firmware services: the PIIX4's SMI command port, by which real firmware calls its system management code too. */
export const SERVICE_PORT = 0xb2;

/** Services that are not a software interrupt of the same number. */
export const SERVICE = { post: 0x01, boot: 0x02, wait: 0x03, keyboard: 0x09, clock: 0x70 } as const;

/** Where IBM put them. */
const ENTRY: Readonly<Record<number, number>> = {
  0x10: 0xf065,
  0x11: 0xf84d,
  0x12: 0xf841,
  0x13: 0xe3fe,
  0x14: 0xe739,
  0x17: 0xefd2,
  0x1a: 0xfe6e,
};
const TICKS_PER_DAY = 0x1800b0;

export const CONFIGURATION_TABLE = 0xe6f5;
export const DISK_TABLE = 0xe401;

export interface Rom {
  readonly bytes: Uint8Array;
  /** Offset of the handler of each interrupt vector that has its own. */
  readonly vectors: ReadonlyMap<number, number>;
}

export function buildRom(): Rom {
  const bytes = new Uint8Array(0x10000);
  const asm = new Assembler(bytes);
  const vectors = new Map<number, number>();

  const service = (number: number) => asm.pushImmediate(number).outAl(SERVICE_PORT).addSp(2);
  const entry = (vector: number, offset: number) => {
    vectors.set(vector, offset);
    return asm.org(offset);
  };

  for (const [vector, offset] of Object.entries(ENTRY)) {
    entry(Number(vector), offset);
    service(Number(vector)).iret();
  }

  powerOn(asm, service);
  interrupts(asm, entry, service);
  waiting(asm, entry, service);
  tables(asm);
  asm.finish();
  bytes.set(acpiTables(BIOS_SEGMENT * 16 + ACPI_OFFSET), ACPI_OFFSET);
  return { bytes, vectors };
}

const ACPI_OFFSET = 0x1000;

type Service = (number: number) => Assembler;
type Entry = (vector: number, offset: number) => Assembler;

function powerOn(asm: Assembler, service: Service): void {
  asm.org(0xe05b).cli().clearAx().moveToSegment("ss", "ax").moveToSegment("ds", "ax").move("sp", 0x7000);
  service(SERVICE.post);
  // AX: 0 boot; otherwise CMOS 0Fh asks to go on at the far address in 40:67 (AT technical reference, shutdown codes 5 and Ah).
  asm.testAx().jumpIf("z", "boot").jumpFarAt(0x467);
  asm.label("boot").moveToSegment("ds", "ax").moveToSegment("es", "ax").int(0x19);
}

function interrupts(asm: Assembler, entry: Entry, service: Service): void {
  entry(0x19, 0xe8c0);
  service(SERVICE.boot);
  // AX: AA55h when the first sector is at 0:7C00.
  asm.compareAh(0xaa).jumpIf("nz", "dead").sti().jumpFar(0, 0x7c00);
  asm.label("dead").cli().hlt().jump("dead");
  entry(0x18, 0xe8e0);
  service(0x18).jump("dead");

  // INT 08h, IRQ 0: count the tick, let the user's INT 1Ch run.
  entry(0x08, 0xfea5).pushSegment("ds").push("ax").move("ax", 0x40).moveToSegment("ds", "ax");
  asm.incrementDword(BDA.ticks).compareDword(BDA.ticks, TICKS_PER_DAY).jumpIf("b", "sameDay");
  asm.storeDword(BDA.ticks, 0).incrementByte(BDA.midnight);
  asm.label("sameDay").int(0x1c).moveAl(0x20).outAl(0x20).pop("ax").popSegment("ds").iret();

  // INT 09h, IRQ 1: a resident program may take the scancode away at INT 15h AH=4Fh.
  entry(0x09, 0xe987).push("ax").inAl(0x60).moveAh(0x4f).stc().int(0x15).jumpIf("ae", "taken");
  service(SERVICE.keyboard);
  asm.label("taken").moveAl(0x20).outAl(0x20).pop("ax").iret();

  // IRQ 8; the other lines have no owner until the guest takes them: acknowledge.
  entry(0x70, 0xe100).push("ax");
  service(SERVICE.clock).jump("acknowledgeBoth");
  entry(0x72, 0xe120).push("ax").label("acknowledgeBoth").moveAl(0x20).outAl(0xa0).jump("acknowledge");
  entry(0x0a, 0xe130).push("ax").label("acknowledge").moveAl(0x20).outAl(0x20).pop("ax").iret();
  entry(0x71, 0xe140).push("ax").moveAl(0x20).outAl(0xa0).pop("ax").int(0x0a).iret();
  entry(0x00, 0xff53).iret();
}

function waiting(asm: Assembler, entry: Entry, service: Service): void {
  // INT 16h AH=00h, 10h: wait until the keyboard buffer holds something.
  entry(0x16, 0xe82e).testAh(0xef).jumpIf("nz", "keyService");
  asm.pushSegment("ds").push("ax").move("ax", 0x40).moveToSegment("ds", "ax");
  asm.label("keyWait").cli().loadAx(BDA.keyHead).compareAx(BDA.keyTail).jumpIf("nz", "keyReady");
  asm.sti().hlt().jump("keyWait");
  asm.label("keyReady").pop("ax").popSegment("ds").label("keyService");
  service(0x16).iret();

  // INT 15h AH=86h: the clock's periodic interrupt counts the microseconds down (AT technical reference, 40:98 to 40:A0).
  entry(0x15, 0xf859).compareAh(0x86).jumpIf("nz", "systemService");
  service(SERVICE.wait).pushSegment("ds").push("ax").move("ax", 0x40).moveToSegment("ds", "ax");
  asm.label("timeWait").sti().hlt().testByte(BDA.waitFlag, 0x80).jumpIf("z", "timeWait");
  asm.storeByte(BDA.waitFlag, 0).pop("ax").popSegment("ds").iret();
  asm.label("systemService");
  service(0x15).iret();
}

function tables(asm: Assembler): void {
  // INT 15h AH=C0h: length, model FCh (AT), submodel 0, revision, features: clock, second 8259, keyboard intercept; EBDA.
  asm.org(CONFIGURATION_TABLE).word(8).data(0xfc, 0x00, 0x01, 0x74, 0x40, 0x00, 0x00, 0x00);
  asm.org(0xfff0).jumpFar(BIOS_SEGMENT, 0xe05b).text("01/01/26").org(0xfffe).data(0xfc, 0x00);
}
