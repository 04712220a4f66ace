/** A raw disk image with what was written to it since power-on kept apart, by sector. */

export const SECTOR = 512;

export interface DiskState {
  readonly written: readonly (readonly [number, Uint8Array])[];
}

export interface Geometry {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectors: number;
}

export class Disk {
  private readonly image: Uint8Array;
  private written = new Map<number, Uint8Array>();
  /** Sectors; a last partial sector does not count. */
  readonly sectors: number;

  constructor(image: Uint8Array) {
    this.image = image.slice();
    this.sectors = Math.floor(image.length / SECTOR);
  }

  /** Why no PC would start from this image, or undefined. */
  get defect(): string | undefined {
    const { length } = this.image;
    if (length === 0) return "the disk image is empty";
    if (length % SECTOR !== 0) return `the disk image has ${length} bytes, which is not a multiple of 512`;
    const first = this.read(0);
    if (first[510] !== 0x55 || first[511] !== 0xaa) return "the first sector does not end with the signature 55 AA";
    return undefined;
  }

  /** One sector, not to be changed by the caller. */
  read(sector: number): Uint8Array {
    return this.written.get(sector) ?? this.image.subarray(sector * SECTOR, sector * SECTOR + SECTOR);
  }

  write(sector: number, bytes: Uint8Array): void {
    this.written.set(sector, bytes.slice(0, SECTOR));
  }

  /** 16 heads of 63 sectors as ATA disks report them, and as QEMU guesses for a disk without a partition table. */
  get geometry(): Geometry {
    const cylinders = Math.floor(this.sectors / (16 * 63));
    return { cylinders: Math.min(16383, Math.max(2, cylinders)), heads: 16, sectors: 63 };
  }

  save(): DiskState {
    const written = [...this.written].sort(([a], [b]) => a - b);
    return { written: written.map(([sector, bytes]) => [sector, bytes.slice()] as const) };
  }

  restore(state: DiskState): void {
    this.written = new Map(state.written.map(([sector, bytes]) => [sector, bytes.slice()]));
  }
}
