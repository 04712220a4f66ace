/** One measurement on v86, in a Node process of its own; the answer is one line of JSON. v86 has no debug console: the marks come over COM1. */
import { readFileSync } from "node:fs";
import { V86 } from "v86";
import { type Marked, MARKS } from "../marks";

export interface V86Request {
  /** Names of files. */
  readonly image: string;
  readonly bios: string;
  readonly vgaBios: string;
  readonly wasm: string;
}

const buffer = (file: string) => ({ buffer: new Uint8Array(readFileSync(file)).buffer });

const { image, bios, vgaBios, wasm } = JSON.parse(process.argv[2]) as V86Request;
const machine = new V86({
  wasm_path: wasm,
  memory_size: 64 << 20,
  vga_memory_size: 2 << 20,
  bios: buffer(bios),
  vga_bios: buffer(vgaBios),
  hda: buffer(image),
  autostart: true,
  disable_speaker: true,
});
let text = "";
const at: Record<string, number> = {};
machine.add_listener("serial0-output-byte", (byte: number) => {
  const character = String.fromCharCode(byte);
  if (MARKS.includes(character)) at[character] = performance.now();
  text += character;
  if (text.endsWith("done")) process.stdout.write(JSON.stringify({ at, text } satisfies Marked), () => process.exit(0));
});
