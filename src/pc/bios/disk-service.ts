/** INT 13h for hard disks from 80h on: the CHS calls and the LBA extensions (Phoenix EDD 1.1; RBIL 13h). */
import { SECTOR, type Disk } from "../disk.ts";
import { BDA } from "./bda.ts";
import type { Guest } from "./guest.ts";

const FIRST_DRIVE = 0x80;
const ERROR = { none: 0x00, invalid: 0x01, badTrack: 0x0c } as const;

export class DiskService {
  constructor(private readonly guest: Guest) {}

  /** INT 13h */
  call(): void {
    const { guest } = this;
    const call = guest.high("ax");
    const drive = guest.low("dx");
    const disk = guest.board.ata.drives[drive - FIRST_DRIVE];
    if (call === 0x01) {
      const status = guest.bda8(BDA.diskStatus);
      guest.set16("ax", status << 8);
      guest.carry = status !== 0;
    } else if (!disk) this.done(ERROR.invalid);
    else this.done(this.perform(call, disk));
  }

  private done(status: number | undefined): void {
    if (status === undefined) return;
    this.guest.setHigh("ax", status);
    this.guest.setBda8(BDA.diskStatus, status);
    this.guest.carry = status !== ERROR.none;
  }

  /** Status for AH, or undefined when AH and CF have been set already. */
  private perform(call: number, disk: Disk): number | undefined {
    switch (call) {
      case 0x00: // reset, seek, alternate reset, ready, recalibrate, diagnostics: nothing moves
      case 0x09:
      case 0x0c:
      case 0x0d:
      case 0x10:
      case 0x11:
      case 0x14:
      case 0x47:
        return ERROR.none;
      case 0x02:
      case 0x03:
      case 0x04:
        return this.chs(call, disk);
      case 0x08:
        return this.parameters(disk);
      case 0x15:
        return this.type(disk);
      case 0x41:
        return this.extensionsCheck();
      case 0x42:
      case 0x43:
      case 0x44:
        return this.extended(call, disk);
      case 0x48:
        return this.extendedParameters(disk);
    }
    return ERROR.invalid;
  }

  private chs(call: number, disk: Disk): number {
    const { guest } = this;
    const geometry = disk.logicalGeometry;
    const count = guest.low("ax");
    const cylinder = guest.high("cx") | ((guest.low("cx") & 0xc0) << 2);
    const sector = guest.low("cx") & 0x3f;
    const head = guest.high("dx");
    const outside = cylinder >= geometry.cylinders || head >= geometry.heads || sector > geometry.sectors;
    if (count === 0 || count > 128 || sector === 0 || outside) return ERROR.invalid;
    const lba = (cylinder * geometry.heads + head) * geometry.sectors + sector - 1;
    const moved = this.transfer(call, disk, lba, count, guest.linear("es", guest.get16("bx")));
    guest.setLow("ax", moved);
    return moved === count ? ERROR.none : ERROR.badTrack;
  }

  /** Moves sectors up to the end of the disk and says how many. */
  private transfer(call: number, disk: Disk, lba: number, count: number, address: number): number {
    const { guest } = this;
    const moved = Math.max(0, Math.min(count, disk.sectors - lba));
    if (moved < count) return 0;
    const write = (call & 3) === 3;
    guest.board.diskActivity({ drive: guest.low("dx") - FIRST_DRIVE, write, lba, sectors: count });
    for (let index = 0; index < moved; index++) {
      const at = address + index * SECTOR;
      if (write) disk.write(lba + index, guest.readBytes(at, SECTOR));
      else if ((call & 3) === 2) guest.writeBytes(at, disk.read(lba + index));
    }
    return moved;
  }

  private parameters(disk: Disk): number {
    const { guest } = this;
    const { cylinders, heads, sectors } = disk.logicalGeometry;
    // The last cylinder is kept back, as diagnostics of old used it; SeaBIOS still does.
    const last = Math.max(0, cylinders - 2);
    guest.setLow("ax", 0);
    guest.set16("cx", ((last & 0xff) << 8) | ((last >> 2) & 0xc0) | sectors);
    guest.set16("dx", ((heads - 1) << 8) | guest.bda8(BDA.diskCount));
    return ERROR.none;
  }

  /** AH=15h answers 3 in AH, for a hard disk, with its size in CX:DX. */
  private type(disk: Disk): undefined {
    const { guest } = this;
    const { cylinders, heads, sectors } = disk.logicalGeometry;
    const size = (cylinders - 1) * heads * sectors;
    guest.set16("cx", size >>> 16);
    guest.set16("dx", size & 0xffff);
    guest.setHigh("ax", 3);
    guest.setBda8(BDA.diskStatus, 0);
    guest.carry = false;
  }

  /** AH=41h: version 3.0 in AH; fixed disk access, locking and EDD subsets. */
  private extensionsCheck(): number | undefined {
    const { guest } = this;
    if (guest.get16("bx") !== 0x55aa) return ERROR.invalid;
    guest.set16("bx", 0xaa55);
    guest.set16("cx", 0x0007);
    guest.setHigh("ax", 0x30);
    guest.setBda8(BDA.diskStatus, 0);
    guest.carry = false;
    return undefined;
  }

  private extended(call: number, disk: Disk): number {
    const { guest } = this;
    const packet = guest.linear("ds", guest.get16("si"));
    const size = guest.read8(packet);
    if (size < 16) return ERROR.invalid;
    const count = guest.read16(packet + 2);
    const offset = guest.read16(packet + 4);
    const segment = guest.read16(packet + 6);
    const lba = guest.read32(packet + 8) + guest.read32(packet + 12) * 2 ** 32;
    const flat = offset === 0xffff && segment === 0xffff && size >= 24;
    const address = flat ? guest.read32(packet + 16) : segment * 16 + offset;
    if (count > 0 && lba >= disk.sectors) return ERROR.invalid;
    const moved = this.transfer(call, disk, lba, count, address);
    guest.write16(packet + 2, moved);
    return moved === count ? ERROR.none : ERROR.badTrack;
  }

  /** AH=48h: 26 bytes; the caller's size field says how much room there is. */
  private extendedParameters(disk: Disk): number {
    const { guest } = this;
    const result = guest.linear("ds", guest.get16("si"));
    if (guest.read16(result) < 26) return ERROR.invalid;
    const { cylinders, heads, sectors } = disk.geometry;
    guest.write16(result, 26);
    guest.write16(result + 2, 2);
    guest.write32(result + 4, cylinders);
    guest.write32(result + 8, heads);
    guest.write32(result + 12, sectors);
    guest.write32(result + 16, disk.sectors);
    guest.write32(result + 20, 0);
    guest.write16(result + 24, SECTOR);
    return ERROR.none;
  }
}
