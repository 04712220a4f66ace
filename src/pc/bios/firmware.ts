/**
 * The firmware: power-on setup, boot from the first disk, and the interrupt services. Entered when the guest writes to the service
 * port from the ROM; everything happens at that one instruction, so it takes no virtual time.
 */
import type { Cpu } from "../../engine/board.ts";
import { PHYSICAL_BITS } from "../../engine/system/core.ts";
import { BASE_MEMORY_KIB, BDA, BDA_BASE, BIOS_SEGMENT, EBDA_SEGMENT } from "./bda.ts";
import { DiskService } from "./disk-service.ts";
import { Guest, type Board } from "./guest.ts";
import { KeyboardService } from "./keyboard-service.ts";
import { buildRom, SERVICE } from "./rom.ts";
import { SystemService } from "./system-service.ts";
import { Video } from "./video.ts";

export { SERVICE_PORT } from "./rom.ts";

const rom = buildRom();
const DEFAULT_HANDLER = 0xff53;
const SHUTDOWN_STATUS = 0x0f;
const BOOT_ADDRESS = 0x7c00;
const ROM_START = BIOS_SEGMENT * 16;

export class Firmware {
  private readonly guest: Guest;
  private readonly video: Video;
  private readonly disks: DiskService;
  private readonly keyboard: KeyboardService;
  private readonly system: SystemService;

  constructor(
    private readonly cpu: Cpu,
    private readonly board: Board,
  ) {
    this.guest = new Guest(cpu, board);
    this.video = new Video(this.guest);
    this.disks = new DiskService(this.guest);
    this.keyboard = new KeyboardService(this.guest);
    this.system = new SystemService(this.guest);
  }

  /** Places the ROM, and all ones where no adapter has one. */
  install(): void {
    this.cpu.ram.fill(0xff, 0xc0000, ROM_START);
    this.cpu.ram.set(rom.bytes, ROM_START);
    this.cpu.memoryChanged(0xc0000, 0x40000);
  }

  /** The guest wrote to the service port. Writes from anywhere but the ROM's own stubs do nothing. */
  call(): void {
    const { guest } = this;
    if (guest.linear("cs", 0) !== ROM_START) return;
    switch (guest.service) {
      case SERVICE.post:
        return this.powerOnSelfTest();
      case SERVICE.boot:
        return this.boot();
      case SERVICE.wait:
        return this.system.beginWait();
      case SERVICE.keyboard:
        return this.keyboard.interrupt();
      case SERVICE.clock:
        return this.system.clockInterrupt();
      case 0x10:
        return this.video.call();
      case 0x11:
        return guest.set16("ax", guest.bda16(BDA.equipment));
      case 0x12:
        return guest.set16("ax", guest.bda16(BDA.memoryKib));
      case 0x13:
        return this.disks.call();
      case 0x14:
        return this.system.serial();
      case 0x15:
        return this.system.system();
      case 0x16:
        return this.keyboard.call();
      case 0x17:
        return this.system.printer();
      case 0x18:
        return this.noSystem("no operating system was found");
      case 0x1a:
        return this.system.time();
    }
  }

  /** AX afterwards: 0 to boot, else the guest had itself reset and wants to go on at the address in 40:67. */
  private powerOnSelfTest(): void {
    const { board, guest } = this;
    const shutdown = board.rtc.peek(SHUTDOWN_STATUS);
    board.rtc.poke(SHUTDOWN_STATUS, 0);
    this.interruptControllers();
    this.memoryTypes();
    if (shutdown === 0x05 || shutdown === 0x0a) return guest.set16("ax", shutdown);
    this.dataAreas();
    this.vectors();
    this.parts();
    this.video.setMode(3);
    const mib = board.memoryBytes / 0x100000;
    this.video.print(`Vitrine BIOS  ${mib} MiB\r\n`);
    guest.set16("ax", 0);
  }

  private interruptControllers(): void {
    const { board } = this;
    for (const [port, base, cascade] of [
      [0x20, 0x08, 0x04],
      [0xa0, 0x70, 0x02],
    ]) {
      board.portWrite(port, 1, 0x11);
      board.portWrite(port + 1, 1, base);
      board.portWrite(port + 1, 1, cascade);
      board.portWrite(port + 1, 1, 0x01);
    }
    // Timer, keyboard and cascade are served; of the second chip clock and disk lines are left to their owners.
    board.portWrite(0x21, 1, 0xb8);
    board.portWrite(0xa1, 1, 0x8f);
  }

  /** MTRRs (SDM 3, 11.11): write-back, but adapters and the PCI hole uncached, ROM write-protected. */
  private memoryTypes(): void {
    const { guest } = this;
    const bytes = (type: number) => 0x0101_0101_0101_0101n * BigInt(type);
    guest.setMtrr("variable", 0, 0xe000_0000n);
    guest.setMtrr("variable", 1, (1n << BigInt(PHYSICAL_BITS)) - 0x2000_0000n + 0x800n);
    // One of 64 KiB eights, two of 16 KiB eights, eight of 4 KiB eights.
    [6, 6, 0, 5, 5, 5, 5, 5, 5, 5, 5].forEach((type, index) => guest.setMtrr("fixed", index, bytes(type)));
    guest.setMtrr("default", 0, 0xc06n);
  }

  private dataAreas(): void {
    const { guest, board } = this;
    guest.writeBytes(BDA_BASE, new Uint8Array(0x100));
    guest.writeBytes(EBDA_SEGMENT * 16, new Uint8Array(0x400));
    guest.write8(EBDA_SEGMENT * 16, 1);
    guest.setBda16(BDA.serialPorts, 0x3f8);
    guest.setBda16(BDA.ebdaSegment, EBDA_SEGMENT);
    // A numeric coprocessor, a pointing device, 80x25 colour, one serial port.
    guest.setBda16(BDA.equipment, 0x0226);
    guest.setBda16(BDA.memoryKib, BASE_MEMORY_KIB);
    guest.setBda16(BDA.keyHead, BDA.keyBuffer);
    guest.setBda16(BDA.keyTail, BDA.keyBuffer);
    guest.setBda16(BDA.keyStart, BDA.keyBuffer);
    guest.setBda16(BDA.keyEnd, BDA.keyBuffer + 32);
    guest.setBda8(BDA.keyFlags, 0x10);
    guest.setBda8(BDA.diskCount, board.ata.drives.filter((drive) => drive !== undefined).length);
    this.setTicks();
  }

  /** The tick count starts from the time of day: 1193182 / 65536 ticks a second. */
  private setTicks(): void {
    const { rtc } = this.board;
    const bcd = (register: number) => (rtc.peek(register) >> 4) * 10 + (rtc.peek(register) & 15);
    const seconds = bcd(4) * 3600 + bcd(2) * 60 + bcd(0);
    this.guest.write32(BDA_BASE + BDA.ticks, Math.floor((seconds * 1_193_182) / 65536));
  }

  private vectors(): void {
    const { guest } = this;
    const far = (vector: number, offset: number) => {
      guest.write16(vector * 4, offset);
      guest.write16(vector * 4 + 2, BIOS_SEGMENT);
    };
    for (let vector = 0; vector < 0x78; vector++) far(vector, DEFAULT_HANDLER);
    for (const [vector, offset] of rom.vectors) far(vector, offset);
    for (let vector = 0x0b; vector < 0x10; vector++) far(vector, rom.vectors.get(0x0a)!);
    for (let vector = 0x73; vector < 0x78; vector++) far(vector, rom.vectors.get(0x72)!);
    far(0x40, rom.vectors.get(0x13)!);
    // Parameter tables that do not exist, and the vectors kept for the user.
    for (const vector of [0x1d, 0x1f, 0x41, 0x46, 0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67])
      guest.write32(vector * 4, 0);
    for (let vector = 0x78; vector < 0x100; vector++) guest.write32(vector * 4, 0);
  }

  private parts(): void {
    const { board } = this;
    // Counter 0: mode 2, 65536 clocks, 18.2 interrupts a second. Counter 1: refresh.
    board.portWrite(0x43, 1, 0x34);
    board.portWrite(0x40, 1, 0);
    board.portWrite(0x40, 1, 0);
    board.portWrite(0x43, 1, 0x54);
    board.portWrite(0x41, 1, 18);
    // Keyboard controller: interrupt, translation, keyboard on, mouse off.
    board.portWrite(0x64, 1, 0x60);
    board.portWrite(0x60, 1, 0x61);
    board.a20 = true;
  }

  private boot(): void {
    const { guest, board } = this;
    const disk = board.ata.drives[0];
    const defect = disk ? disk.defect : "there is no disk";
    if (!disk || defect !== undefined) return this.noSystem(`not a bootable disk: ${defect}`);
    this.video.print("Booting from Hard Disk...\r\n");
    guest.writeBytes(BOOT_ADDRESS, disk.read(0));
    guest.set16("ax", 0xaa55);
    guest.set16("dx", 0x0080);
    for (const name of ["bx", "cx", "si", "di", "bp"] as const) guest.set16(name, 0);
  }

  /** The ROM stops the CPU for ever behind this. */
  private noSystem(reason: string): void {
    this.video.print(`Boot failed: ${reason}\r\nNo bootable device.\r\n`);
    this.board.bootFailed(reason);
    this.guest.set16("ax", 0);
  }
}
