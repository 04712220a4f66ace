/**
 * Builds public/herald.img and public/herald.map.json with gcc, ld and objcopy. `npm run build:herald`. The result depends on the sources and
 * the versions of the tools alone.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { defaultScenario, demonstrationPrograms } from "./demonstration";
import { sectorsFor, writeFile } from "./disk";
import { elfSymbols } from "./elf";
import { layoutHeader, layoutHeaderPath } from "./generate";
import { constants, structs } from "./layout";
import { heraldFolder, sourceFiles, sourceHash } from "./sources";

export const imagePath = resolve(heraldFolder, "../../public/herald.img");
export const mapPath = resolve(heraldFolder, "../../public/herald.map.json");

const SECTOR = constants.SECTOR_SIZE;
const IMAGE_SECTORS = 2048;
const DIRECTORY_LBA = constants.SUPERBLOCK_LBA + 1;
const KERNEL_LBA = DIRECTORY_LBA + sectorsFor(constants.DIRECTORY_ENTRIES * structs.directory_entry.size);

/** Integer code only, for the plain x86-64: no SSE, MMX or x87 anywhere; nothing that names the machine it was built on. */
const common = [
  "-I", "include", "-std=gnu11", "-O2", "-march=x86-64", "-mtune=generic", "-ffreestanding", "-fno-pic",
  "-mno-sse", "-mno-mmx", "-mno-80387", "-mgeneral-regs-only", "-fno-stack-protector", "-fcf-protection=none",
  "-fno-asynchronous-unwind-tables", "-fno-ident", "-fno-strict-aliasing", "-Wall", "-Wextra", "-Wshadow", "-Werror",
  "-Wa,--fatal-warnings",
]; // prettier-ignore
const kernelFlags = [...common, "-I", "kernel", "-mcmodel=kernel", "-mno-red-zone"];
/**
 * What trap.S calls on the way back to user mode need not keep any register for it: the frame has them all. (Such flags say which registers a
 * function may change without saving them.)
 */
const withoutSaving = ["rbx", "r12", "r13", "r14", "r15"].map((register) => `-fcall-used-${register}`);
const ownFlags: Readonly<Record<string, readonly string[]>> = { "kernel/callback.c": withoutSaving };
const programFlags = [...common, "-mcmodel=small"];
const linkFlags = [
  "-nostdlib",
  "-static",
  "--build-id=none",
  "-z",
  "max-page-size=4096",
  "-z",
  "noexecstack",
  "--no-warn-rwx-segments",
];

export class MissingTool extends Error {}

function run(tool: string, args: readonly string[]): string {
  try {
    return execFileSync(tool, args, { cwd: heraldFolder, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      throw new MissingTool(
        `${tool} is missing: building Herald needs gcc, ld and objcopy (Debian: apt install gcc binutils)`,
      );
    }
    throw error;
  }
}

/** The first line of what the tools say of themselves: an image is only comparable with one from the same tools. */
export function toolVersions(): string[] {
  return ["gcc", "ld", "objcopy"].map((tool) => run(tool, ["--version"]).split("\n")[0]);
}

/** Compiles the sources into `folder` and returns the object files in the order given. */
function compile(sources: readonly string[], flags: readonly string[], folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  return sources.map((source) => {
    const object = join(folder, basename(source) + ".o");
    run("gcc", [...flags, ...(ownFlags[source] ?? []), "-c", source, "-o", object]);
    return object;
  });
}

/** Links and returns the ELF file; `flat` too when asked for. */
function link(script: string, objects: readonly string[], output: string, ...flags: string[]): Uint8Array {
  run("ld", [...linkFlags, ...flags, "-T", script, ...objects, "-o", output]);
  return readFileSync(output);
}

function flatten(elf: string): Uint8Array {
  run("objcopy", ["-O", "binary", elf, elf + ".bin"]);
  return readFileSync(elf + ".bin");
}

const inFolder = (folder: string, ...ends: string[]): string[] =>
  sourceFiles().filter((path) => dirname(path) === folder && ends.some((end) => path.endsWith(end)));

function buildBoot(name: string, temporary: string): Uint8Array {
  const elf = join(temporary, `${name}.elf`);
  link(`boot/${name}.ld`, compile([`boot/${name}.S`], common, join(temporary, name)), elf);
  return flatten(elf);
}

function buildKernel(temporary: string, defines: readonly string[]) {
  const sources = [...inFolder("kernel", ".S", ".c"), "lib/string.c", "lib/format.c", "lib/config.c"];
  const elf = join(temporary, "kernel.elf");
  const flags = [...kernelFlags, ...defines.map((name) => `-D${name}`)];
  const symbols = elfSymbols(link("kernel/kernel.ld", compile(sources, flags, join(temporary, "kernel")), elf));
  return { image: flatten(elf), symbols };
}

/** A program is a file `programs/NAME.c`, or all C files of a folder `programs/NAME`. */
function programSources(): ReadonlyMap<string, string[]> {
  const programs = new Map<string, string[]>();
  for (const source of sourceFiles()) {
    const name = /^programs\/([^/]+)(?:\/[^/]+)?\.c$/.exec(source)?.[1];
    if (name) programs.set(name, [...(programs.get(name) ?? []), source]);
  }
  return programs;
}

function buildPrograms(temporary: string) {
  const library = compile(inFolder("lib", ".S", ".c"), programFlags, join(temporary, "lib"));
  const start = library.filter((object) => object.endsWith("crt0.S.o"));
  const rest = library.filter((object) => !object.endsWith("crt0.S.o"));
  return [...programSources()].map(([name, sources]) => {
    const elf = join(temporary, `program-${name}`);
    const objects = [...start, ...compile(sources, programFlags, join(temporary, "programs", name)), ...rest];
    const symbols = elfSymbols(link("programs/program.ld", objects, elf, "--gc-sections"));
    run("objcopy", ["--strip-all", elf, elf + ".stripped"]);
    return { name, bytes: new Uint8Array(readFileSync(elf + ".stripped")), symbols };
  });
}

type Symbols = ReturnType<typeof elfSymbols>;

function symbolMap(symbols: Symbols) {
  return Object.fromEntries(
    symbols.map(({ name, address, size, kind }) => [name, { address: `0x${address.toString(16)}`, size, kind }]),
  );
}

function writeSuperblock(image: Uint8Array, kernel: { image: Uint8Array; symbols: Symbols }, hash: string): void {
  const view = new DataView(image.buffer);
  const at = constants.SUPERBLOCK_LBA * SECTOR;
  const { fields } = structs.superblock;
  const symbol = (name: string) => {
    const found = kernel.symbols.find((one) => one.name === name);
    if (!found) throw new Error(`the kernel has no symbol ${name}`);
    return Number(found.address - constants.KERNEL_VIRTUAL_BASE) - constants.KERNEL_PHYSICAL_BASE;
  };
  const sectors = sectorsFor(kernel.image.length);
  const values = {
    version: constants.LAYOUT_VERSION,
    sector_count: IMAGE_SECTORS,
    kernel_lba: KERNEL_LBA,
    kernel_sectors: sectors,
    directory_lba: DIRECTORY_LBA,
    directory_entries: constants.DIRECTORY_ENTRIES,
    data_lba: KERNEL_LBA + sectors,
    kernel_bytes: kernel.image.length,
    kernel_memory: symbol("kernel_end"),
    kernel_entry: symbol("kernel_start"),
  } as const;
  view.setBigUint64(at + fields.magic.offset, constants.SUPERBLOCK_MAGIC, true);
  for (const [key, value] of Object.entries(values)) {
    view.setUint32(at + fields[key as keyof typeof values].offset, value, true);
  }
  for (let i = 0; i < 32; i++) {
    view.setUint8(at + fields.source_hash.offset + i, parseInt(hash.slice(i * 2, i * 2 + 2), 16));
  }
}

export interface Build {
  readonly image: Uint8Array;
  readonly map: string;
}

/** `defines`: names for the C preprocessor, for kernels that are built to be measured. */
export function build(defines: readonly string[] = []): Build {
  if (readFileSync(layoutHeaderPath, "utf8") !== layoutHeader()) writeFileSync(layoutHeaderPath, layoutHeader());
  const temporary = mkdtempSync(join(tmpdir(), "herald-"));
  try {
    const hash = sourceHash();
    const first = buildBoot("first", temporary);
    const second = buildBoot("second", temporary);
    const kernel = buildKernel(temporary, defines);
    const programs = buildPrograms(temporary);
    if (first.length !== SECTOR) throw new Error(`the first sector has ${first.length} bytes`);
    if (second.length > (constants.SUPERBLOCK_LBA - 1) * SECTOR) throw new Error("the second stage is too long");

    const image = new Uint8Array(IMAGE_SECTORS * SECTOR);
    image.set(first, 0);
    image.set(second, SECTOR);
    image.set(kernel.image, KERNEL_LBA * SECTOR);
    writeSuperblock(image, kernel, hash);
    writeFile(image, "scenario.cfg", "text", new TextEncoder().encode(defaultScenario));
    for (const [name, bytes] of Object.entries(demonstrationPrograms)) writeFile(image, name, "program", bytes);
    for (const { name, bytes } of programs) writeFile(image, name, "executable", bytes);

    const map = {
      layoutVersion: constants.LAYOUT_VERSION,
      sourceHash: hash,
      imageHash: createHash("sha256").update(image).digest("hex"),
      tools: toolVersions(),
      kernelVirtualBase: `0x${constants.KERNEL_VIRTUAL_BASE.toString(16)}`,
      kernelPhysicalBase: `0x${constants.KERNEL_PHYSICAL_BASE.toString(16)}`,
      directMapBase: `0x${constants.DIRECT_MAP_BASE.toString(16)}`,
      symbols: symbolMap(kernel.symbols),
      programs: Object.fromEntries(programs.map(({ name, symbols }) => [name, { symbols: symbolMap(symbols) }])),
    };
    return { image, map: JSON.stringify(map, null, 1) + "\n" };
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    const { image, map } = build();
    mkdirSync(dirname(imagePath), { recursive: true });
    writeFileSync(imagePath, image);
    writeFileSync(mapPath, map);
    console.log(`herald.img: ${image.length / 1024} KiB`);
  } catch (error) {
    if (!(error instanceof MissingTool)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
