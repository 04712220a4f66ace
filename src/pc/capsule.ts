/**
 * A machine in a file: CPU state, memory that differs from a fresh machine's, parts and written sectors, compressed and checked. The disk
 * images are not in it, only their hashes: resuming wants the same images.
 *
 *   "VITRINE1"   8 bytes
 *   u32 length of the body, u32 Adler-32 of the body as stored
 *   body         deflated: u32 length of the description, the description (JSON, UTF-8), the pages one behind the other
 *
 * In the description typed arrays are { "$u8": base64 } and { "$u16": base64 }, Infinity is { "$inf": 1 }, absent values { "$no": 1 }.
 */
import { deflateSync, inflateSync } from "fflate";
import type { Plain } from "./device.ts";
import { readFields, writeFields, type CpuFields } from "./fields.ts";
import { Pc, type PcConfig, type PcState, type Settings } from "./pc.ts";

const MAGIC = "VITRINE1";
const HEAD = 16;
const PAGE = 4096;

interface Description extends Settings {
  /** Hashes of the images, "" where there is no disk. */
  readonly images: readonly string[];
  readonly clock: number;
  readonly idle: number;
  /** Architectural fields, in hexadecimal. */
  readonly cpu: Readonly<Record<string, readonly string[]>>;
  readonly parts: Plain;
  /** Numbers of the pages that are not all zero. */
  readonly pages: readonly number[];
}

export class CapsuleError extends Error {}

export function seal(pc: Pc): Uint8Array {
  const { ram } = pc.cpu;
  const pages: number[] = [];
  for (let page = 0; page < ram.length / PAGE; page++) {
    if (ram.subarray(page * PAGE, page * PAGE + PAGE).some((byte) => byte !== 0)) pages.push(page);
  }
  const { clock, devices } = pc.save();
  const description: Description = {
    ...pc.settings,
    images: pc.imageHashes,
    clock,
    idle: pc.cpu.idleTicks,
    cpu: inHex(readFields(pc.cpu.memory)),
    parts: wrap(devices),
    pages,
  };
  const text = new TextEncoder().encode(JSON.stringify(description));
  const plain = new Uint8Array(4 + text.length + pages.length * PAGE);
  new DataView(plain.buffer).setUint32(0, text.length, true);
  plain.set(text, 4);
  pages.forEach((page, index) =>
    plain.set(ram.subarray(page * PAGE, page * PAGE + PAGE), 4 + text.length + index * PAGE),
  );
  return withHead(deflateSync(plain, { level: 6 }));
}

/** The body with its magic, length and sum in front. */
export function withHead(body: Uint8Array): Uint8Array {
  const file = new Uint8Array(HEAD + body.length);
  file.set(new TextEncoder().encode(MAGIC));
  const view = new DataView(file.buffer);
  view.setUint32(8, body.length, true);
  view.setUint32(12, adler32(body), true);
  file.set(body, HEAD);
  return file;
}

/** A machine that goes on where the sealed one was. `config` gives the disk images and outputs; settings come from the capsule. */
export function unseal(file: Uint8Array, config: Pick<PcConfig, "disk" | "secondDisk" | "outputs" | "regions">): Pc {
  const plain = open(file);
  try {
    return assemble(plain, config);
  } catch (error) {
    // The sum is right, so somebody wrote what no machine says: values out of range, parts missing.
    if (error instanceof CapsuleError) throw error;
    throw new CapsuleError(`it is damaged: ${(error as Error).message}`);
  }
}

function assemble(plain: Uint8Array, config: Parameters<typeof unseal>[1]): Pc {
  const length = new DataView(plain.buffer, plain.byteOffset).getUint32(0, true);
  const description = JSON.parse(new TextDecoder().decode(plain.subarray(4, 4 + length))) as Description;
  const { memoryMiB, mhz, levels5, epoch, images, pages } = description;
  const pc = new Pc({ ...config, memoryMiB, mhz, levels5, epoch });
  images.forEach((image, index) => {
    if (image !== pc.imageHashes[index])
      throw new CapsuleError(`disk ${index + 1} is not the image that the snapshot was made with`);
  });
  pc.cpu.ram.fill(0);
  pages.forEach((page, index) => {
    const from = 4 + length + index * PAGE;
    pc.cpu.ram.set(plain.subarray(from, from + PAGE), page * PAGE);
  });
  const missing = writeFields(pc.cpu.memory, fromHex(description.cpu));
  if (missing !== undefined) throw new CapsuleError(`it says nothing of the CPU's ${missing}`);
  pc.resume({ clock: description.clock, devices: unwrap(description.parts) as PcState["devices"] }, description.idle);
  return pc;
}

function open(file: Uint8Array): Uint8Array {
  const magic = new TextDecoder().decode(file.subarray(0, 8));
  if (!magic.startsWith("VITRINE")) throw new CapsuleError("it is not a snapshot");
  if (magic !== MAGIC) throw new CapsuleError(`it is a snapshot of another version (${magic.slice(7)}, not 1)`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < HEAD || file.length !== HEAD + view.getUint32(8, true)) throw new CapsuleError("it is cut short");
  const body = file.subarray(HEAD);
  if (adler32(body) !== view.getUint32(12, true)) throw new CapsuleError("its checksum is wrong");
  try {
    return inflateSync(body);
  } catch (error) {
    throw new CapsuleError(`it is damaged: ${(error as Error).message}`);
  }
}

function adler32(bytes: Uint8Array): number {
  let low = 1;
  let high = 0;
  for (const byte of bytes) {
    low = (low + byte) % 65521;
    high = (high + low) % 65521;
  }
  return ((high << 16) | low) >>> 0;
}

const inHex = (fields: CpuFields): Description["cpu"] =>
  Object.fromEntries(Object.entries(fields).map(([name, values]) => [name, values.map((value) => value.toString(16))]));

const fromHex = (fields: Description["cpu"]): CpuFields =>
  Object.fromEntries(
    Object.entries(fields).map(([name, values]) => [name, values.map((value) => BigInt(`0x${value}`))]),
  );

/** Into what JSON can say. */
function wrap(value: Plain): Plain {
  if (value instanceof Uint8Array) return { $u8: base64(value) };
  if (value instanceof Uint16Array)
    return { $u16: base64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) };
  if (value === Infinity) return { $inf: 1 };
  if (value === undefined) return { $no: 1 };
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return (value as readonly Plain[]).map(wrap);
  return Object.fromEntries(Object.entries(value as Record<string, Plain>).map(([key, each]) => [key, wrap(each)]));
}

function unwrap(value: Plain): Plain {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return (value as readonly Plain[]).map(unwrap);
  const object = value as Record<string, Plain>;
  if (typeof object.$u8 === "string") return bytesOf(object.$u8);
  if (typeof object.$u16 === "string") return new Uint16Array(bytesOf(object.$u16).buffer);
  if (object.$inf === 1) return Infinity;
  if (object.$no === 1) return undefined;
  return Object.fromEntries(Object.entries(object).map(([key, each]) => [key, unwrap(each)]));
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function base64(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += 3) {
    const word = (bytes[at] << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const digits = [18, 12, 6, 0].map((shift) => ALPHABET[(word >> shift) & 63]);
    pieces.push(digits.slice(0, Math.min(4, bytes.length - at + 1)).join(""));
  }
  return pieces.join("");
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let word = 0;
  let out = 0;
  for (let at = 0; at < text.length; at++) {
    word = (word << 6) | ALPHABET.indexOf(text[at]);
    const have = (at & 3) + 1;
    if (have > 1) bytes[out++] = (word >> (8 - 2 * have)) & 0xff;
    if (have === 4) word = 0;
  }
  return bytes;
}
