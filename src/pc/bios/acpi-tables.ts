/**
 * The ACPI 1.0b tables an operating system needs to find the power button's registers and the interrupt controllers: RSDP, RSDT, FADT,
 * FACS, MADT and a DSDT with \_S5, the sleep type of power-off, and the devices that cannot be found by asking the PCI bus.
 */
import {
  busNumbers,
  device,
  eisaId,
  integer,
  irq,
  memoryRange,
  name,
  pack,
  portRange,
  ports,
  resources,
  scope,
} from "./aml.ts";

const PM1_EVENT = 0x600;
const PM1_CONTROL = 0x604;
const PM_TIMER = 0x608;
const SCI_IRQ = 9;

/** All tables one behind the other, as they lie at `base` (on a 64-byte boundary, in the area that is searched for the RSDP). */
export function acpiTables(base: number): Uint8Array {
  const image = new Uint8Array(0x600);
  const at = { rsdp: 0x000, rsdt: 0x040, fadt: 0x080, facs: 0x140, madt: 0x180, dsdt: 0x200 };
  image.set(rsdp(base + at.rsdt), at.rsdp);
  image.set(table("RSDT", 1, words32(base + at.fadt, base + at.madt)), at.rsdt);
  image.set(table("FACP", 1, fadt(base + at.facs, base + at.dsdt)), at.fadt);
  image.set(facs(), at.facs);
  image.set(table("APIC", 1, MADT), at.madt);
  image.set(table("DSDT", 1, DSDT), at.dsdt);
  return image;
}

const isaDevice = (segment: string, id: string, ...descriptors: Parameters<typeof resources>) =>
  device(segment, name("_HID", eisaId(id)), name("_CRS", resources(...descriptors)));

/** Sleep type 0 switches off. The PCI bus's own ports are not the bridge's to pass on; its memory ends below the IO-APIC. */
const DSDT = [
  ...name("_S5", pack(integer(0), integer(0), integer(0), integer(0))),
  ...scope(
    "_SB",
    device(
      "PCI0",
      name("_HID", eisaId("PNP0A03")),
      name(
        "_CRS",
        resources(
          busNumbers(0, 0xff),
          ports(0xcf8, 8),
          portRange(0x0000, 0x0cf7),
          portRange(0x0d00, 0xffff),
          memoryRange(0xa_0000, 0xb_ffff),
          memoryRange(0xe000_0000, 0xfebf_ffff),
        ),
      ),
      device(
        "ISA",
        name("_ADR", integer(0x1_0000)),
        isaDevice("RTC", "PNP0B00", ports(0x70, 8), irq(8)),
        isaDevice("KBD", "PNP0303", ports(0x60, 1), ports(0x64, 1), irq(1)),
        isaDevice("MOU", "PNP0F13", irq(12)),
        isaDevice("COM1", "PNP0501", ports(0x3f8, 8), irq(4)),
      ),
    ),
  ),
];

/** Body of the MADT (ACPI 1.0b, 5.2.8): the local APIC, the IO-APIC, the timer at input 2, the SCI by level. */
const MADT = [
  ...[0x00, 0x00, 0xe0, 0xfe, /* 8259s too: */ 1, 0, 0, 0],
  ...[/* local APIC: */ 0, 8, 0, 0, /* enabled: */ 1, 0, 0, 0],
  ...[/* IO-APIC: */ 1, 12, 0, 0, 0x00, 0x00, 0xc0, 0xfe, 0, 0, 0, 0],
  ...[/* override: */ 2, 10, 0, /* IRQ */ 0, /* input */ 2, 0, 0, 0, 0, 0],
  ...[/* override: */ 2, 10, 0, SCI_IRQ, SCI_IRQ, 0, 0, 0, /* active high, level: */ 0x0d, 0],
  ...[/* NMI at LINT1 of all: */ 4, 6, 0xff, 0, 0, 1],
];

const ascii = (text: string, length: number): number[] => [...text.padEnd(length)].map((c) => c.charCodeAt(0));
const words32 = (...values: number[]): number[] => values.flatMap((v) => [v, v >>> 8, v >>> 16, v >>> 24].map(byte));
const byte = (value: number): number => value & 0xff;

/** Makes the bytes sum to zero by the one at `at`. */
function checksum(bytes: number[], at: number): number[] {
  bytes[at] = 0;
  bytes[at] = byte(-bytes.reduce((sum, value) => sum + value, 0));
  return bytes;
}

function rsdp(rsdt: number): number[] {
  return checksum([...ascii("RSD PTR ", 8), 0, ...ascii("VITRIN", 6), 0, ...words32(rsdt)], 8);
}

function table(signature: string, revision: number, body: readonly number[]): number[] {
  const header = [
    ...ascii(signature, 4),
    ...words32(36 + body.length),
    revision,
    0,
    ...ascii("VITRIN", 6),
    ...ascii("VITRINE", 8),
    ...words32(1),
    ...ascii("VITR", 4),
    ...words32(1),
  ];
  return checksum([...header, ...body], 9);
}

function facs(): number[] {
  return [...ascii("FACS", 4), ...words32(64), ...new Array<number>(56).fill(0)];
}

/** Body of the FADT behind its header (ACPI 1.0b, table 5-5). */
function fadt(facsAddress: number, dsdtAddress: number): number[] {
  const body = new Uint8Array(116 - 36);
  const view = new DataView(body.buffer);
  const field = (offset: number) => offset - 36;
  view.setUint32(field(36), facsAddress, true);
  view.setUint32(field(40), dsdtAddress, true);
  view.setUint16(field(46), SCI_IRQ, true);
  // SMI command port 0: the hardware is always in ACPI mode.
  view.setUint32(field(56), PM1_EVENT, true);
  view.setUint32(field(64), PM1_CONTROL, true);
  view.setUint32(field(76), PM_TIMER, true);
  body[field(88)] = 4;
  body[field(89)] = 2;
  body[field(91)] = 4;
  // C2 and C3 latencies that say "not supported".
  view.setUint16(field(96), 0xffff, true);
  view.setUint16(field(98), 0xffff, true);
  body[field(108)] = 0x32;
  // WBINVD works; power and sleep buttons are not fixed hardware.
  view.setUint32(field(112), 0x31, true);
  return [...body];
}
