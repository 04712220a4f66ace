/** Herald in our own machine: boots an image, types at the prompt, keeps the serial transcript and the trace. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { constants, enums, structs } from "../../src/herald/layout";
import { Pc } from "../../src/pc/pc";

export const committedImage = new Uint8Array(readFileSync(resolve(import.meta.dirname, "../../public/herald.img")));

export const PROMPT = "herald> ";
const STEP_TICKS = 100_000; // 1 ms
const LIMIT_TICKS = 3_000_000_000;

export interface TraceRecord {
  readonly time: bigint;
  readonly kind: keyof typeof enums.trace_kind.byName;
  readonly flags: number;
  readonly pid: number;
  readonly a: bigint;
  readonly b: bigint;
}

export class HeraldMachine {
  readonly pc: Pc;
  readonly trace: TraceRecord[] = [];
  transcript = "";
  private drained = 0n;

  constructor(image: Uint8Array, options: { readonly memoryMiB?: number; readonly regions?: boolean } = {}) {
    this.pc = new Pc({
      disk: image,
      ...options,
      outputs: {
        serial: (byte) => (this.transcript += String.fromCharCode(byte)),
        doorbell: (_head, ring) => this.drain(ring),
      },
    });
  }

  private drain(ring: number): void {
    const { ram } = this.pc.cpu;
    const view = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
    const head = view.getBigUint64(ring + structs.trace_ring.fields.head.offset, true);
    const { fields, size } = structs.trace_record;
    for (; this.drained < head; this.drained++) {
      const at = ring + structs.trace_ring.size + Number(this.drained % BigInt(constants.TRACE_CAPACITY)) * size;
      this.trace.push({
        time: view.getBigUint64(at + fields.time.offset, true),
        kind: enums.trace_kind.byValue[view.getUint16(at + fields.kind.offset, true)],
        flags: view.getUint16(at + fields.flags.offset, true),
        pid: view.getUint32(at + fields.pid.offset, true),
        a: view.getBigUint64(at + fields.a.offset, true),
        b: view.getBigUint64(at + fields.b.offset, true),
      });
    }
  }

  /** Runs until the condition holds; false when the machine stopped or the limit came first. */
  runUntil(condition: () => boolean, limitTicks = LIMIT_TICKS): boolean {
    const limit = this.pc.clock + limitTicks;
    while (!condition()) {
      if (this.pc.clock > limit) return false;
      if (this.pc.run(this.pc.clock + STEP_TICKS).kind !== "ticks") return condition();
    }
    return true;
  }

  boot(): this {
    if (!this.runUntil(() => this.transcript.includes(PROMPT))) throw new Error(`no prompt:\n${this.transcript}`);
    return this.settle();
  }

  /** Runs past the next timer interrupt, at which the guest hands its trace over. */
  settle(): this {
    this.pc.run(this.pc.clock + 2_000_000);
    return this;
  }

  /** Types a line at the prompt and returns what came until the next prompt, without the echo. */
  command(line: string): string[] {
    const from = this.transcript.length;
    this.pc.input({ kind: "serial", bytes: [...line, "\n"].map((c) => c.charCodeAt(0)) });
    this.runUntil(() => this.transcript.endsWith(PROMPT) && this.transcript.length > from + line.length);
    this.settle();
    return this.transcript.slice(from).replaceAll("\r", "").split("\n").slice(1, -1);
  }

  lines(): string[] {
    return this.transcript.replaceAll("\r", "").split("\n");
  }
}
