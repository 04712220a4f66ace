/**
 * The body of a region's function as text: what stands between its head, which loads registers, and the ways out. Locals have the names
 * of what the head loads into them; places in the state, lookaside tables and records have theirs, so that the text changes only when
 * the code does.
 */
import { RECORD_BYTES } from "../../../src/engine/record";
import { DOOR } from "../../../src/engine/regions/frame";
import { LOOKASIDE, LOOKASIDE_TABLE_BYTES, RAM, RECORDS } from "../../../src/engine/areas";
import { layout } from "../../../src/engine/state";
import { memory, op, simd } from "../../../src/engine/wasm/code";

const registers = "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15".split(" ");
const names = new Map<number, string>();
for (const table of [op, simd, memory])
  for (const [name, code] of Object.entries(table)) names.set(code, spelled(name));
const memoryCodes = new Set<number>(Object.values(memory));

/** i64ExtendI32U: i64.extend_i32_u. */
function spelled(name: string): string {
  const [, type, rest] = /^(i8x16|i16x8|[if]\d\dx[24]|[if](?:32|64)|v128)?(.*)$/.exec(name)!;
  const words = rest.replace(/(?<=.)([A-Z])/g, "_$1").toLowerCase();
  return type ? `${type}.${words}` : words;
}

class Reader {
  at = 0;
  constructor(readonly bytes: Uint8Array) {}
  u8(): number {
    return this.bytes[this.at++];
  }
  signed(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(this.u8());
      value |= (byte & 0x7fn) << shift;
      if (!(byte & 0x80n)) return byte & 0x40n ? value - (1n << (shift + 7n)) : value;
    }
  }
  u32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** shift;
      if (!(byte & 0x80)) return value;
    }
  }
}

const CODE_SECTION = 10;

/** The instructions of the module's first function. */
function body(module: Uint8Array): Reader {
  const reader = new Reader(module);
  reader.at = 8;
  for (;;) {
    const section = reader.u8();
    const size = reader.u32();
    if (section === CODE_SECTION) break;
    reader.at += size;
  }
  reader.u32();
  reader.u32();
  for (let groups = reader.u32(); groups > 0; groups--) {
    reader.u32();
    reader.u8();
  }
  return reader;
}

function place(offset: number): string {
  if (offset >= LOOKASIDE.at && offset < LOOKASIDE.end) {
    const table = Math.floor((offset - LOOKASIDE.at) / LOOKASIDE_TABLE_BYTES);
    const within = (offset - LOOKASIDE.at) % LOOKASIDE_TABLE_BYTES;
    return `${table > 1 ? "user" : "supervisor"}.${table & 1 ? "write" : "read"}${within ? `+${within}` : ""}`;
  }
  if (offset >= RAM) return `ram+${offset - RAM}`;
  for (const [name, field] of Object.entries(layout)) {
    if (offset < field.offset || offset >= field.offset + field.bytes * field.count) continue;
    if (name === "registers") return registers[(offset - field.offset) >> 3];
    return field.count === 1 ? name : `${name}+${offset - field.offset}`;
  }
  return String(offset);
}

const constant = (value: bigint): string =>
  value >= RECORDS.at && value < RAM && (Number(value) - RECORDS.at) % RECORD_BYTES === 0
    ? `record+${Number(value) - RECORDS.at}`
    : String(value);

function line(reader: Reader): string {
  const first = reader.u8();
  const code = first === 0xfd ? 0xfd00 + reader.u32() : first === 0xfc ? 0xfc00 + reader.u32() : first;
  if (memoryCodes.has(code)) {
    reader.u32();
    const offset = reader.u32();
    return `${names.get(code)!} ${place(offset)}`;
  }
  const known = names.get(code);
  if (known) return known;
  switch (code) {
    case 0x00:
      return "unreachable";
    case 0x02:
    case 0x03:
    case 0x04: {
      const type = reader.u8();
      const result = { 0x40: "", 0x7f: " i32", 0x7e: " i64" }[type] ?? ` ${type}`;
      return ["block", "loop", "if"][code - 2] + result;
    }
    case 0x05:
      return "else";
    case 0x0b:
      return "end";
    case 0x0c:
    case 0x0d:
      return `${code === 0x0c ? "br" : "br_if"} ${reader.u32()}`;
    case 0x0e: {
      const depths = Array.from({ length: reader.u32() + 1 }, () => reader.u32());
      return `br_table ${depths.join(" ")}`;
    }
    case 0x10:
      return `call ${reader.u32()}`;
    case 0x11:
    case 0x13:
      reader.u32();
      reader.u32();
      return code === 0x11 ? "call_indirect" : "return_call_indirect";
    case 0x20:
    case 0x21:
    case 0x22:
      return `local.${["get", "set", "tee"][code - 0x20]} $${reader.u32()}`;
    case 0x41:
      return `i32.const ${constant(reader.signed())}`;
    case 0x42:
      return `i64.const ${reader.signed()}`;
    default:
      throw new Error(`opcode ${code.toString(16)} has no text`);
  }
}

export function regionText(module: Uint8Array): string {
  const reader = body(module);
  const lines: string[] = [];
  while (reader.at < reader.bytes.length) {
    lines.push(line(reader));
    if (depthOf(lines) < 0) break;
  }
  const start = lines.indexOf("block");
  const named = localNames(lines.slice(0, start));
  const end = endOf(lines, start);
  return indented(lines.slice(start + 1, end).map((text, n, all) => renamed(withoutHandler(text, n, all), named)));
}

const opens = (text: string) => /^(block|loop|if)/.test(text);
const depthOf = (lines: readonly string[]) =>
  lines.reduce((depth, text) => depth + (opens(text) ? 1 : text === "end" ? -1 : 0), 0);

function endOf(lines: readonly string[], start: number): number {
  for (let n = start, depth = 0; ; n++) {
    if (opens(lines[n])) depth++;
    else if (lines[n] === "end" && --depth === 0) return n;
  }
}

/** In the head: "i64.load rax", "local.set $7". */
function localNames(head: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const [n, text] of head.entries()) {
    const field = /^\S+\.load\S* (\S+)$/.exec(head[n - 1] ?? "")?.[1];
    const local = /^local\.(?:set|tee) (\$\d+)$/.exec(text)?.[1];
    if (field && local) found.set(local, `$${field}`);
  }
  // Where doors lead to the function it is a parameter.
  if (![...found.values()].includes("$remaining")) found.set(`$${DOOR.remaining}`, "$remaining");
  return found;
}

/** The numbers of handlers depend on how many there are. They follow the record that they are for. */
function withoutHandler(text: string, n: number, lines: readonly string[]): string {
  return lines[n - 2]?.startsWith("i32.const record") && text.startsWith("i32.const") ? "i32.const handler" : text;
}

const renamed = (text: string, names: ReadonlyMap<string, string>): string =>
  text.replace(/\$\d+/, (local) => names.get(local) ?? local);

function indented(lines: readonly string[]): string {
  let depth = 0;
  return lines
    .map((text) => {
      if (text === "end" || text === "else") depth--;
      const out = "  ".repeat(depth) + text;
      if (opens(text) || text === "else") depth++;
      return out;
    })
    .join("\n");
}
