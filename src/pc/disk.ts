/** A raw disk image with what was written to it since power-on kept apart, by sector. */
import { StateHash } from "./hash.ts";

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

  private imageDigest: string | undefined;

  /** Hash of the image as it was at power-on. */
  get imageHash(): string {
    return (this.imageDigest ??= new StateHash().bytes(this.image).digest());
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

  /**
   * Geometry as QEMU guesses it: that of the first partition, taken to end on a cylinder, when it has at most 16 heads; else 16
   * heads of 63 sectors.
   */
  get geometry(): Geometry {
    const partitioned = this.partitionGeometry();
    if (partitioned && partitioned.heads <= 16) return partitioned;
    const cylinders = Math.floor(this.sectors / (16 * 63));
    return { cylinders: Math.min(16383, Math.max(2, cylinders)), heads: 16, sectors: 63 };
  }

  /**
   * Geometry in BIOS terms, at most 1024 cylinders: more heads when the disk has more (SeaBIOS's translations "large", for disks
   * that were partitioned with more than 16 heads, and "LBA").
   */
  get logicalGeometry(): Geometry {
    const physical = this.geometry;
    const clipped = { ...physical, cylinders: Math.min(1024, physical.cylinders) };
    const partitioned = this.partitionGeometry();
    if (partitioned && partitioned.heads <= 16) return clipped;
    if (partitioned && physical.cylinders * physical.heads <= 131_072) {
      let { cylinders, heads } = physical;
      for (; cylinders > 1024 && heads <= 127; cylinders >>= 1) heads <<= 1;
      return { cylinders: Math.min(1024, cylinders), heads, sectors: 63 };
    }
    if (physical.cylinders <= 1024) return physical;
    const tracks = Math.floor(this.sectors / 63);
    const heads = [16, 32, 64, 128].find((candidate) => Math.floor(tracks / 1024) <= candidate) ?? 255;
    return { cylinders: Math.min(1024, Math.floor(tracks / heads)), heads, sectors: 63 };
  }

  /** From the first used entry of the partition table, if there is one that makes sense. */
  private partitionGeometry(): Geometry | undefined {
    if (this.sectors === 0) return undefined;
    const first = this.read(0);
    if (first[510] !== 0x55 || first[511] !== 0xaa) return undefined;
    for (let entry = 446; entry < 510; entry += 16) {
      const used = first.subarray(entry + 12, entry + 16).some((byte) => byte !== 0);
      const heads = first[entry + 5] + 1;
      const sectors = first[entry + 6] & 63;
      if (!used || heads === 1 || sectors === 0) continue;
      const cylinders = Math.floor(this.sectors / (heads * sectors));
      if (cylinders >= 1 && cylinders <= 16383) return { cylinders, heads, sectors };
    }
    return undefined;
  }

  save(): DiskState {
    const written = [...this.written].sort(([a], [b]) => a - b);
    return { written: written.map(([sector, bytes]) => [sector, bytes.slice()] as const) };
  }

  restore(state: DiskState): void {
    this.written = new Map(state.written.map(([sector, bytes]) => [sector, bytes.slice()]));
  }
}
