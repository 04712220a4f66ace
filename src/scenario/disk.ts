/** Puts a scenario onto a copy of Herald's disk image: its Programs and `scenario.cfg`. The layout is herald/layout.ts's. */
import { constants, enums, read, structs } from "../herald/layout";
import { assemble, programImage } from "./program";
import type { Scenario } from "./schema";

export const CONFIG_FILE = "scenario.cfg";

interface File {
  readonly name: string;
  readonly kind: number;
  readonly startLba: number;
  readonly length: number;
}

interface NewFile {
  readonly name: string;
  readonly kind: number;
  readonly bytes: Uint8Array;
}

const { SECTOR_SIZE, NAME_SIZE, SUPERBLOCK_LBA, SUPERBLOCK_MAGIC } = constants;
const sectors = (bytes: number) => Math.ceil(bytes / SECTOR_SIZE);

function readSuperblock(view: DataView) {
  if (view.byteLength < (SUPERBLOCK_LBA + 1) * SECTOR_SIZE)
    throw new Error("the image is too small for Herald's superblock");
  const block = read(structs.superblock, view, SUPERBLOCK_LBA * SECTOR_SIZE);
  if (block.magic !== SUPERBLOCK_MAGIC) throw new Error("the image has no Herald superblock");
  return {
    directoryAt: Number(block.directory_lba) * SECTOR_SIZE,
    entries: Number(block.directory_entries),
    dataLba: Number(block.data_lba),
  };
}

/** The files of Herald's flat directory. Throws if the image is not Herald's. */
export function listFiles(image: Uint8Array): File[] {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const { directoryAt, entries } = readSuperblock(view);
  return Array.from({ length: entries }, (_, index) => {
    const entry = read(structs.directory_entry, view, directoryAt + index * structs.directory_entry.size);
    return {
      name: String(entry.name),
      kind: Number(entry.kind),
      startLba: Number(entry.start_lba),
      length: Number(entry.length),
    };
  }).filter((file) => file.kind !== enums.file_kind.byName.free);
}

export function configText(scenario: Scenario): string {
  return [
    `quantum_ms=${scenario.machine.quantumMs}`,
    ...scenario.programs.map((program) => `program=${program.name}`),
    ...scenario.run.map((name) => `run=${name}`),
    "",
  ].join("\n");
}

function scenarioFiles(scenario: Scenario): NewFile[] {
  const programs = scenario.programs.map(({ name, text }) => {
    const assembled = assemble(text);
    if (!assembled.ok) {
      const [first] = assembled.errors;
      throw new Error(`${name}, line ${first.line}: ${first.message}`);
    }
    return { name, kind: enums.file_kind.byName.program, bytes: programImage(assembled) };
  });
  const config = new TextEncoder().encode(configText(scenario));
  return [...programs, { name: CONFIG_FILE, kind: enums.file_kind.byName.text, bytes: config }];
}

/**
 * A copy of the image on which the Programs and the configuration are the scenario's; executables stay. Throws with a
 * message for a person if a Program has errors, names clash or the directory is full.
 */
export function buildDisk(image: Uint8Array, scenario: Scenario): Uint8Array {
  const replaced: number[] = [enums.file_kind.byName.program, enums.file_kind.byName.text];
  const kept = listFiles(image).filter((file) => !replaced.includes(file.kind));
  const added = scenarioFiles(scenario);
  const names = new Set(kept.map((file) => file.name));
  for (const { name } of added) {
    if (names.has(name)) throw new Error(`there is already a file named ${name} on the disk`);
    names.add(name);
  }

  const superblock = readSuperblock(new DataView(image.buffer, image.byteOffset, image.byteLength));
  if (kept.length + added.length > superblock.entries) throw new Error("the disk's directory is full");
  let lba = Math.max(superblock.dataLba, ...kept.map((file) => file.startLba + sectors(file.length)));
  const files: File[] = [...kept];
  const end = added.reduce((at, file) => at + sectors(file.bytes.length), lba);
  const disk = new Uint8Array(Math.max(image.length, end * SECTOR_SIZE));
  disk.set(image);
  for (const { name, kind, bytes } of added) {
    disk.fill(0, lba * SECTOR_SIZE, (lba + sectors(bytes.length)) * SECTOR_SIZE);
    disk.set(bytes, lba * SECTOR_SIZE);
    files.push({ name, kind, startLba: lba, length: bytes.length });
    lba += sectors(bytes.length);
  }
  writeDirectory(disk, superblock.directoryAt, superblock.entries, files);
  const at = SUPERBLOCK_LBA * SECTOR_SIZE + structs.superblock.fields.sector_count.offset;
  new DataView(disk.buffer).setUint32(at, disk.length / SECTOR_SIZE, true);
  return disk;
}

function writeDirectory(disk: Uint8Array, at: number, entries: number, files: readonly File[]): void {
  const { size, fields } = structs.directory_entry;
  const view = new DataView(disk.buffer);
  disk.fill(0, at, at + entries * size);
  files.forEach((file, index) => {
    const entry = at + index * size;
    disk.set(new TextEncoder().encode(file.name).subarray(0, NAME_SIZE - 1), entry + fields.name.offset);
    view.setUint32(entry + fields.kind.offset, file.kind, true);
    view.setUint32(entry + fields.start_lba.offset, file.startLba, true);
    view.setUint32(entry + fields.length.offset, file.length, true);
  });
}
