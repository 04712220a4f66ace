/**
 * The disk image: superblock and flat directory, read and changed. No Node API: the scenario builder uses this in the page.
 *
 *     sector 0 first sector · 1 to 15 second stage · 16 superblock · then the directory, the kernel, and the files
 */
import { constants, enums, read, structs } from "./layout";

export type FileKind = Exclude<keyof typeof enums.file_kind.byName, "free">;

export interface DiskFile {
  readonly name: string;
  readonly kind: FileKind;
  readonly startLba: number;
  readonly length: number;
}

export interface Superblock {
  readonly version: number;
  readonly sectorCount: number;
  readonly directoryLba: number;
  readonly directoryEntries: number;
  readonly dataLba: number;
  /** Hexadecimal SHA-256 of the sources the image was built from. */
  readonly sourceHash: string;
}

const SECTOR = constants.SECTOR_SIZE;
const entrySize = structs.directory_entry.size;

const viewOf = (image: Uint8Array) => new DataView(image.buffer, image.byteOffset, image.byteLength);
export const sectorsFor = (bytes: number): number => Math.ceil(bytes / SECTOR);

/** Throws when this is not an image of Herald. */
export function readSuperblock(image: Uint8Array): Superblock {
  const at = constants.SUPERBLOCK_LBA * SECTOR;
  if (image.byteLength < at + SECTOR) throw new Error("the image is too short for a superblock");
  const fields = read(structs.superblock, viewOf(image), at);
  if (fields.magic !== constants.SUPERBLOCK_MAGIC) throw new Error("the image has no Herald superblock");
  if (fields.version !== constants.LAYOUT_VERSION) {
    throw new Error(
      `the image has layout version ${String(fields.version)}, this is version ${constants.LAYOUT_VERSION}`,
    );
  }
  const superblock: Superblock = {
    version: fields.version as number,
    sectorCount: fields.sector_count as number,
    directoryLba: fields.directory_lba as number,
    directoryEntries: fields.directory_entries as number,
    dataLba: fields.data_lba as number,
    sourceHash: (fields.source_hash as number[]).map((byte) => byte.toString(16).padStart(2, "0")).join(""),
  };
  if (
    superblock.sectorCount * SECTOR > image.byteLength ||
    superblock.directoryLba * SECTOR + superblock.directoryEntries * entrySize > image.byteLength
  ) {
    throw new Error("the superblock speaks of sectors that the image does not have");
  }
  return superblock;
}

/** The entries of the directory with their index; entries that point outside the image throw. */
function entries(image: Uint8Array): { index: number; file: DiskFile }[] {
  const superblock = readSuperblock(image);
  const view = viewOf(image);
  const result: { index: number; file: DiskFile }[] = [];
  for (let index = 0; index < superblock.directoryEntries; index++) {
    const fields = read(structs.directory_entry, view, superblock.directoryLba * SECTOR + index * entrySize);
    const kind = enums.file_kind.byValue[fields.kind as number];
    if (kind === "free") continue;
    const file = {
      name: fields.name as string,
      kind,
      startLba: fields.start_lba as number,
      length: fields.length as number,
    };
    if (
      !kind ||
      file.startLba < superblock.dataLba ||
      file.startLba + sectorsFor(file.length) > superblock.sectorCount
    ) {
      throw new Error(`directory entry ${index} (${file.name}) makes no sense`);
    }
    result.push({ index, file: file as DiskFile });
  }
  return result;
}

export const listFiles = (image: Uint8Array): DiskFile[] => entries(image).map(({ file }) => file);

/** A copy of a file's bytes; undefined when there is no such file. */
export function readFile(image: Uint8Array, name: string): Uint8Array | undefined {
  const file = listFiles(image).find((one) => one.name === name);
  return file && image.slice(file.startLba * SECTOR, file.startLba * SECTOR + file.length);
}

function writeEntry(image: Uint8Array, index: number, file: DiskFile | undefined): void {
  const { directoryLba } = readSuperblock(image);
  const { fields } = structs.directory_entry;
  const at = directoryLba * SECTOR + index * entrySize;
  const view = viewOf(image);
  image.fill(0, at, at + entrySize);
  if (!file) return;
  for (let i = 0; i < file.name.length; i++) view.setUint8(at + fields.name.offset + i, file.name.charCodeAt(i));
  view.setUint32(at + fields.kind.offset, enums.file_kind.byName[file.kind], true);
  view.setUint32(at + fields.start_lba.offset, file.startLba, true);
  view.setUint32(at + fields.length.offset, file.length, true);
}

/** First fit between the files that are there. */
function findRoom(files: readonly DiskFile[], superblock: Superblock, sectors: number): number {
  let start = superblock.dataLba;
  for (const file of [...files].sort((a, b) => a.startLba - b.startLba)) {
    if (file.startLba - start >= sectors) return start;
    start = Math.max(start, file.startLba + sectorsFor(file.length));
  }
  if (start + sectors > superblock.sectorCount) throw new Error("the disk is full");
  return start;
}

/** Removes a file if it is there. Changes the image in place. */
export function removeFile(image: Uint8Array, name: string): void {
  for (const { index, file } of entries(image)) if (file.name === name) writeEntry(image, index, undefined);
}

/** Adds a file, or replaces the one of that name. Changes the image in place; throws, and changes nothing, when there is no room. */
export function writeFile(image: Uint8Array, name: string, kind: FileKind, bytes: Uint8Array): void {
  if (!/^[\x21-\x7e]+$/.test(name) || name.length >= constants.NAME_SIZE)
    throw new Error(`"${name}" cannot be a file name`);
  const superblock = readSuperblock(image);
  const others = entries(image).filter(({ file }) => file.name !== name);
  const same = entries(image).find(({ file }) => file.name === name);
  const taken = new Set(others.map(({ index }) => index));
  let index = same?.index ?? 0;
  while (!same && taken.has(index)) index++;
  if (index >= superblock.directoryEntries) throw new Error("the directory is full");
  const files = others.map(({ file }) => file);
  const startLba = findRoom(files, superblock, Math.max(1, sectorsFor(bytes.length)));
  const at = startLba * SECTOR;
  image.fill(0, at, at + sectorsFor(bytes.length) * SECTOR);
  image.set(bytes, at);
  writeEntry(image, index, { name, kind, startLba, length: bytes.length });
}
