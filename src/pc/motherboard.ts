/**
 * The board: which part answers at which port and address, the interrupt and reset lines, A20, and the next event. It knows the CPU
 * only as something that has a clock.
 */
import type { Board } from "../engine/board.ts";
import { Clock } from "./clock.ts";
import { Device, type Host, type Plain, type PortDevice, type Width } from "./device.ts";
import { Apic } from "./devices/apic.ts";
import { I82093, IOAPIC_BASE } from "./devices/i82093.ts";
import { Acpi } from "./devices/acpi.ts";
import { Ata, type DiskActivity } from "./devices/ata.ts";
import { I8042 } from "./devices/i8042.ts";
import { I8237 } from "./devices/i8237.ts";
import { I8254 } from "./devices/i8254.ts";
import { I8259 } from "./devices/i8259.ts";
import { Mc146818 } from "./devices/mc146818.ts";
import { Ferr } from "./devices/ferr.ts";
import { DebugConsole, DebugExit, delayPort, Doorbell, Port92 } from "./devices/misc.ts";
import { Ns16550 } from "./devices/ns16550.ts";
import { Pci } from "./devices/pci.ts";
import { Vga } from "./devices/vga.ts";
import type { Disk } from "./disk.ts";
import { SERVICE_PORT } from "./bios/rom.ts";

/** What the machine tells the world, as it happens. */
export interface Outputs {
  serial?(byte: number): void;
  debugConsole?(byte: number): void;
  /** Herald's trace ring wants to be drained: low half of its head, physical address of the ring. */
  doorbell?(head: number, ring: number): void;
  disk?(activity: DiskActivity): void;
}

/** Why a run must end at the present instruction. */
export type BoardStop =
  { kind: "poweredOff" } | { kind: "debugExit"; value: number } | { kind: "unimplemented"; report: string };

export interface BoardConfig {
  readonly memoryMiB: number;
  readonly mhz: number;
  /** Date of power-on, seconds since 1970. */
  readonly epoch: number;
  readonly disks: readonly (Disk | undefined)[];
}

const MIB = 0x100000;
const ROM_ALIAS = 0xfffe0000;
const NO_PART = 0;
/** The timer's line is input 2 of the IO-APIC, as on every PC; the 8259's cascade needs none. */
const IOAPIC_TIMER_INPUT = 2;

interface Part {
  readonly device: PortDevice;
  /** Widest access that the part takes as one. */
  readonly widest: Width;
  /** Its place in the event table; -1 for parts without events. */
  readonly slot: number;
}

export class Motherboard implements Board, Host {
  readonly clock: Clock;
  readonly memoryBytes: number;
  /** The present tick; connected to the CPU when there is one. */
  now: () => number = () => 0;
  /** Guest memory, for what shows through at addresses that are not plain RAM. */
  ram: Uint8Array = new Uint8Array(0);
  firmwareCall: () => void = () => {};

  readonly pic: I8259;
  readonly apic: Apic;
  readonly ioApic: I82093;
  readonly pit: I8254;
  readonly keyboard: I8042;
  readonly serial: Ns16550;
  readonly rtc: Mc146818;
  readonly vga: Vga;
  readonly ata: Ata;
  readonly doorbell: Doorbell;
  readonly numericErrors: Ferr;

  a20Open = true;
  stop: BoardStop | undefined;
  resetRequested = false;
  /** Why there was nothing to boot, when the firmware found that. */
  bootDefect: string | undefined;
  /** Accesses to ports where nothing answers. */
  readonly unknownPorts = new Map<number, number>();

  private readonly devices: Device<object>[] = [];
  private readonly events: number[] = [];
  private readonly parts: Part[] = [{ device: delayPort, widest: 1, slot: -1 }];
  private readonly owners = new Uint8Array(0x10000);
  private attention = false;

  constructor(
    config: BoardConfig,
    private readonly outputs: Outputs,
  ) {
    this.clock = new Clock(config.mhz);
    this.memoryBytes = config.memoryMiB * MIB;
    const lines = {
      setA20: (open: boolean) => void (this.a20 = open),
      a20: () => this.a20Open,
      reset: () => this.requestReset(),
    };
    this.pic = this.add(new I8259((report) => this.unimplemented(report)), [0x20, 2], [0xa0, 2], [0x4d0, 2]);
    this.apic = this.add(new Apic(this, (vector) => this.ioApic.endOfInterrupt(vector)));
    this.ioApic = this.add(new I82093(this.apic));
    this.pit = this.add(new I8254(this), [0x40, 4], [0x61, 1]);
    this.keyboard = this.add(new I8042(this, lines), [0x60, 1], [0x64, 1]);
    this.rtc = this.add(new Mc146818(this, config.epoch), [0x70, 2]);
    this.serial = this.add(new Ns16550(this, 4, (byte) => this.outputs.serial?.(byte)), [0x3f8, 8]);
    this.vga = this.add(new Vga(this), [0x3b4, 2], [0x3ba, 1], [0x3c0, 16], [0x3d4, 2], [0x3da, 1]);
    const activity = (what: DiskActivity) => this.diskActivity(what);
    this.ata = this.add(new Ata(this, 14, config.disks, activity), [0x1f0, 8, 4], [0x3f6, 1]);
    // The second channel has no disks.
    this.add(new Ata(this, 15, [], activity, "ata2"), [0x170, 8, 4], [0x376, 1]);
    this.add(new Pci(() => this.requestReset()), [0xcf8, 8, 4]);
    this.add(new Acpi(this, () => this.end({ kind: "poweredOff" })), [0x600, 16, 4]);
    this.add(new I8237(), [0x00, 16], [0x80, 16], [0xc0, 32]);
    this.add(new Port92(lines), [0x92, 1]);
    this.numericErrors = this.add(new Ferr(this), [0xf0, 1]);
    this.doorbell = this.add(new Doorbell((head, ring) => this.outputs.doorbell?.(head, ring)), [0x700, 8, 4]);
    this.claim(new DebugConsole((byte) => this.outputs.debugConsole?.(byte)), -1, [0xe9, 1]);
    this.claim(new DebugExit((value) => this.end({ kind: "debugExit", value })), -1, [0xf4, 4, 4]);
    this.claim(delayPort, -1, [0xed, 1]);
    this.claim({ readPort: () => 0, writePort: () => this.firmwareCall() }, -1, [SERVICE_PORT, 1]);
    this.describeInCmos(config.disks);
  }

  /** Puts a part on the board at these port ranges: first, number, widest access. */
  private add<Part extends Device<object> & Partial<PortDevice>>(part: Part, ...ranges: Range[]): Part {
    const slot = this.devices.push(part) - 1;
    this.events.push(Infinity);
    if (ranges.length) this.claim(part as Part & PortDevice, slot, ...ranges);
    return part;
  }

  private claim(device: PortDevice, slot: number, ...ranges: Range[]): void {
    for (const [first, count, widest = 1] of ranges) {
      const number = this.parts.push({ device, widest, slot }) - 1;
      this.owners.fill(number, first, first + count);
    }
  }

  // ---- Board: what the CPU asks --------------------------------------------------------------------------------------------

  portRead(port: number, width: Width): number {
    const part = this.parts[this.owners[port]];
    if (width > part.widest || port + width > 0x10000) return this.split(port, width);
    if (this.owners[port] === NO_PART) {
      this.countUnknown(port);
      return 0xff;
    }
    const intr = this.intr;
    const value = part.device.readPort(port, width);
    this.settle(part.slot, intr);
    return (width === 4 ? value : value & ((1 << (8 * width)) - 1)) >>> 0;
  }

  portWrite(port: number, width: Width, value: number): void {
    const part = this.parts[this.owners[port]];
    if (width > part.widest || port + width > 0x10000) {
      for (let index = 0; index < width; index++)
        this.portWrite((port + index) & 0xffff, 1, (value >>> (8 * index)) & 0xff);
      return;
    }
    if (this.owners[port] === NO_PART) {
      this.countUnknown(port);
      return;
    }
    const intr = this.intr;
    part.device.writePort(port, width, value);
    this.settle(part.slot, intr);
  }

  /** What the processor sees: the local APIC's own requests, and the 8259's line where the APIC passes it on. */
  private get intr(): boolean {
    return this.apic.pending || (this.pic.intr && this.apic.wire);
  }

  interruptPending(): boolean {
    return this.intr;
  }

  acknowledgeInterrupt(): number {
    if (this.apic.pending) return this.apic.acknowledge();
    const vector = this.pic.acknowledge();
    this.apic.setLint0(this.pic.intr);
    return vector;
  }

  nmiPending(): boolean {
    return this.apic.nmiPending;
  }

  acknowledgeNmi(): void {
    this.apic.acknowledgeNmi();
  }

  /** Whether any interrupt could still come while the processor waits for one. */
  get wakeable(): boolean {
    return this.pic.open || this.ioApic.open || this.apic.open;
  }

  takeAttention(): boolean {
    const { attention } = this;
    this.attention = false;
    return attention;
  }

  physicalRead(address: number, size: number): bigint {
    if (this.isWatched(address)) return this.readApic(address, size);
    let value = 0n;
    for (let index = size - 1; index >= 0; index--) value = (value << 8n) | BigInt(this.byteAt(address + index));
    return value;
  }

  /** Nothing happens at ROM, and at addresses where nothing is. */
  physicalWrite(address: number, size: number, value: bigint): void {
    // Registers of the APICs take whole words (SDM 3, 11.4.1).
    if (!this.isWatched(address) || address & 3 || size < 4) return;
    const intr = this.intr;
    const word = Number(value & 0xffff_ffffn);
    const offset = address & 0xfff;
    if (this.apic.answersAt(address)) this.apic.write(offset & 0xff0, word);
    else this.ioApic.write(offset, word);
    this.settle(this.devices.indexOf(this.apic), intr);
  }

  isWatched(address: number): boolean {
    return this.apic.answersAt(address) || (address >= IOAPIC_BASE && address < IOAPIC_BASE + 0x1000);
  }

  private readApic(address: number, size: number): bigint {
    const offset = address & 0xfff;
    const word = this.apic.answersAt(address)
      ? offset & 12
        ? 0
        : this.apic.read(offset & 0xff0)
      : this.ioApic.read(offset & 0xffc);
    return BigInt.asUintN(8 * size, BigInt(word >>> 0) >> BigInt(8 * (offset & 3)));
  }

  pageKind(address: number): "ram" | "rom" | "device" {
    if (address < 0xc0000) return "ram";
    if (address < MIB) return "rom";
    return address < this.memoryBytes ? "ram" : "device";
  }

  get mainMemory() {
    return { from: MIB, to: this.memoryBytes };
  }

  addressMask(): number {
    return this.a20Open ? 0xffffffff : 0xffefffff;
  }

  // ---- Host: what the parts ask --------------------------------------------------------------------------------------------

  setIrq(line: number, level: boolean): void {
    this.pic.setIrq(line, level);
    this.apic.setLint0(this.pic.intr);
    this.ioApic.setLine(line === 0 ? IOAPIC_TIMER_INPUT : line, level);
  }

  unimplemented(report: string): void {
    this.end({ kind: "unimplemented", report });
  }

  get a20(): boolean {
    return this.a20Open;
  }

  set a20(open: boolean) {
    if (open === this.a20Open) return;
    this.a20Open = open;
    this.attention = true;
    this.a20Changed();
  }

  /** The CPU's cached translations depend on the line. */
  a20Changed: () => void = () => {};

  requestReset(): void {
    this.resetRequested = true;
    this.attention = true;
  }

  diskActivity(what: DiskActivity): void {
    this.outputs.disk?.(what);
  }

  bootFailed(reason: string): void {
    this.bootDefect = reason;
  }

  // ---- time ----------------------------------------------------------------------------------------------------------------

  /** The next tick at which a part does something by itself. */
  get nextEvent(): number {
    return Math.min(...this.events);
  }

  /** Lets every part whose time has come do what it does. */
  advance(): void {
    const now = this.now();
    this.devices.forEach((device, slot) => {
      if (this.events[slot] > now) return;
      device.advance(now);
      this.events[slot] = device.nextEvent;
    });
  }

  /** After input from outside, a reset or a restored state. */
  rescheduleAll(): void {
    this.devices.forEach((device, slot) => (this.events[slot] = device.nextEvent));
  }

  reset(): void {
    this.resetRequested = false;
    this.a20 = true;
    for (const device of this.devices) device.reset();
    this.rescheduleAll();
  }

  save(): Record<string, Plain> {
    const saved = this.devices.map((device) => [device.name, device.save() as Plain]);
    return { ...Object.fromEntries(saved), a20: this.a20Open };
  }

  restore(state: Record<string, Plain>): void {
    for (const device of this.devices) device.restore(state[device.name] as object);
    this.a20 = state.a20 as boolean;
    this.stop = undefined;
    this.resetRequested = false;
    this.rescheduleAll();
  }

  /** A port access may have moved the interrupt line or the next event of one part: the CPU must then look up. */
  private settle(slot: number, intrBefore: boolean): void {
    this.apic.setLint0(this.pic.intr);
    if (this.intr !== intrBefore || this.apic.nmiPending) this.attention = true;
    if (slot < 0) return;
    const next = this.devices[slot].nextEvent;
    if (next === this.events[slot]) return;
    this.events[slot] = next;
    this.attention = true;
  }

  private end(stop: BoardStop): void {
    this.stop ??= stop;
    this.attention = true;
  }

  private split(port: number, width: Width): number {
    let value = 0;
    for (let index = 0; index < width; index++) value |= this.portRead((port + index) & 0xffff, 1) << (8 * index);
    return value >>> 0;
  }

  private countUnknown(port: number): void {
    this.unknownPorts.set(port, (this.unknownPorts.get(port) ?? 0) + 1);
  }

  private byteAt(address: number): number {
    if (address < this.memoryBytes) return this.ram[address];
    // The ROM is seen below 4 GiB too: the CPU starts there.
    return address >= ROM_ALIAS && address <= 0xffffffff ? this.ram[0xe0000 + (address - ROM_ALIAS)] : 0xff;
  }

  /** Memory size and disk type where firmware and QEMU keep them (CMOS of the AT; QEMU's docs/specs). */
  private describeInCmos(disks: readonly (Disk | undefined)[]): void {
    const { rtc } = this;
    const word = (register: number, value: number) => {
      rtc.poke(register, value & 0xff);
      rtc.poke(register + 1, (value >> 8) & 0xff);
    };
    const extendedKib = Math.min(0xffff, (this.memoryBytes - MIB) / 1024);
    word(0x15, 640);
    word(0x17, extendedKib);
    word(0x30, extendedKib);
    word(0x34, Math.max(0, this.memoryBytes - 16 * MIB) / 0x10000);
    rtc.poke(0x14, 0x06);
    const [disk] = disks;
    if (!disk) return;
    const { cylinders, heads, sectors } = disk.logicalGeometry;
    rtc.poke(0x12, 0xf0);
    rtc.poke(0x19, 47);
    word(0x1b, cylinders);
    rtc.poke(0x1d, heads);
    rtc.poke(0x23, sectors);
    // Boot order: hard disk first.
    rtc.poke(0x3d, 0x02);
  }
}

type Range = readonly [first: number, count: number, widest?: Width];
