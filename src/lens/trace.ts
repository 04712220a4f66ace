/**
 * The kernel's trace. `TraceDrain` takes records out of the guest's ring; how far it has come is kept here, outside guest memory, so that
 * reading changes nothing. `TraceView` reads raw records; the page uses it too (through worker/protocol.ts).
 */
import { constants, enums, structs } from "../herald/layout";
import type { GuestMemory } from "./memory";

export type TraceKindName = keyof typeof enums.trace_kind.byName;

/** Number of each kind of record: TraceKind.schedule and so on. */
export const TraceKind = enums.trace_kind.byName;
export const TRACE_RECORD_BYTES = structs.trace_record.size;

/** Names of the numbers in records: undefined for one this version does not know. */
type Names = Readonly<Record<number, string | undefined>>;
export const traceNames = {
  kind: enums.trace_kind.byValue as Names,
  bootStage: enums.boot_stage.byValue as Names,
  switchReason: enums.switch_reason.byValue as Names,
  waitReason: enums.wait_reason.byValue as Names,
  wakeReason: enums.wake_reason.byValue as Names,
  exitReason: enums.exit_reason.byValue as Names,
  processKind: enums.process_kind.byValue as Names,
  systemCall: enums.system_call.byValue as Names,
  topic: enums.topic_number.byValue as Names,
  policy: enums.policy.byValue as Names,
  /** Of a system call's negated result. */
  error: enums.error.byValue as Names,
};

/** What flags, a and b mean in each kind of record, in words. */
export const traceKindText: Readonly<Record<TraceKindName, string>> = enums.trace_kind.explain;
export const bootStageText: Readonly<Record<keyof typeof enums.boot_stage.byName, string>> = enums.boot_stage.explain;

export interface TraceRecord {
  /** Ticks since power-on. */
  readonly time: number;
  readonly kind: number;
  /** Undefined for a kind this version does not know. */
  readonly name: TraceKindName | undefined;
  readonly flags: number;
  readonly pid: number;
  readonly a: bigint;
  readonly b: bigint;
}

const at = {
  time: structs.trace_record.fields.time.offset,
  kind: structs.trace_record.fields.kind.offset,
  flags: structs.trace_record.fields.flags.offset,
  pid: structs.trace_record.fields.pid.offset,
  a: structs.trace_record.fields.a.offset,
  b: structs.trace_record.fields.b.offset,
};

/** Raw records, by index, without making objects. What a and b mean: enums.trace_kind.explain. */
export class TraceView {
  readonly length: number;
  private readonly view: DataView;

  constructor(bytes: ArrayBuffer | Uint8Array) {
    this.view =
      bytes instanceof Uint8Array ? new DataView(bytes.buffer, bytes.byteOffset, bytes.length) : new DataView(bytes);
    this.length = Math.floor(this.view.byteLength / TRACE_RECORD_BYTES);
  }

  private u32(index: number, offset: number): number {
    return this.view.getUint32(index * TRACE_RECORD_BYTES + offset, true);
  }

  /** Ticks since power-on. */
  time(index: number): number {
    return this.u32(index, at.time) + this.u32(index, at.time + 4) * 2 ** 32;
  }
  kind(index: number): number {
    return this.view.getUint16(index * TRACE_RECORD_BYTES + at.kind, true);
  }
  flags(index: number): number {
    return this.view.getUint16(index * TRACE_RECORD_BYTES + at.flags, true);
  }
  pid(index: number): number {
    return this.u32(index, at.pid);
  }
  /** Halves of a and b: most kinds keep two 32-bit values in one (topic | length << 32). */
  aLow(index: number): number {
    return this.u32(index, at.a);
  }
  aHigh(index: number): number {
    return this.u32(index, at.a + 4);
  }
  bLow(index: number): number {
    return this.u32(index, at.b);
  }
  bHigh(index: number): number {
    return this.u32(index, at.b + 4);
  }
  a(index: number): bigint {
    return this.view.getBigUint64(index * TRACE_RECORD_BYTES + at.a, true);
  }
  b(index: number): bigint {
    return this.view.getBigUint64(index * TRACE_RECORD_BYTES + at.b, true);
  }

  record(index: number): TraceRecord {
    const kind = this.kind(index);
    return {
      time: this.time(index),
      kind,
      name: enums.trace_kind.byValue[kind],
      flags: this.flags(index),
      pid: this.pid(index),
      a: this.a(index),
      b: this.b(index),
    };
  }
}

/** All records of a buffer as objects: for tests, tools and small buffers. */
export function decodeTrace(bytes: ArrayBuffer | Uint8Array): TraceRecord[] {
  const view = new TraceView(bytes);
  return Array.from({ length: view.length }, (_, index) => view.record(index));
}

/** "CRTH", little-endian: the ring is set up. */
const RING_MAGIC = 0x43525448;

/** Most records kept for a page that asks for no frames, or seldom: 16 MiB. */
const MOST_KEPT = 524_288;

/** How far a drain has come: to take a machine back is to take its drain back. */
export interface DrainPlace {
  /** The next record in the ring, as the guest counts. */
  readonly tail: number;
  /** Records taken ever. */
  readonly taken: number;
}

export class TraceDrain {
  /** Number of the next record to be taken. */
  private tail = 0;
  private taken = 0;
  private chunks: Uint8Array[] = [];
  private kept = 0;
  private lostRecords = 0;

  constructor(
    private readonly most = MOST_KEPT,
    /** Told of all records, with how many came before them. */
    private readonly onTaken?: (taken: number, records: Uint8Array) => void,
  ) {}

  get place(): DrainPlace {
    return { tail: this.tail, taken: this.taken };
  }

  /** The machine was taken to another instant: what was kept belonged to the one before. */
  moveTo({ tail, taken }: DrainPlace): void {
    this.tail = tail;
    this.taken = taken;
    this.chunks = [];
    this.kept = 0;
    this.lostRecords = 0;
  }

  /** Takes what the kernel wrote since the last time. */
  drain(memory: GuestMemory): void {
    const ring = memory.global("trace_ring", structs.trace_ring);
    if (!ring || ring.number("magic") !== RING_MAGIC || ring.number("record_size") !== TRACE_RECORD_BYTES) return;
    const capacity = ring.number("capacity");
    if (capacity === 0 || capacity > constants.TRACE_CAPACITY) return;
    const head = ring.number("head");
    if (head < this.tail) this.tail = 0; // the guest restarted itself
    if (head === this.tail) return;
    if (head - this.tail > capacity) {
      this.lostRecords += head - this.tail - capacity;
      this.tail = head - capacity;
    }
    const records = ring.address + BigInt(structs.trace_ring.size);
    while (this.tail < head) {
      const index = this.tail % capacity;
      const count = Math.min(head - this.tail, capacity - index);
      const from = records + BigInt(index * TRACE_RECORD_BYTES);
      this.keep(memory.bytes(from, count * TRACE_RECORD_BYTES));
      this.tail += count;
    }
  }

  private keep(bytes: Uint8Array): void {
    this.onTaken?.(this.taken, bytes);
    this.taken += bytes.length / TRACE_RECORD_BYTES;
    this.chunks.push(bytes);
    this.kept += bytes.length / TRACE_RECORD_BYTES;
    while (this.kept > this.most) {
      const oldest = this.chunks.shift()!;
      const records = oldest.length / TRACE_RECORD_BYTES;
      this.kept -= records;
      this.lostRecords += records;
    }
  }

  /** Hands out what was kept, oldest first, and how many were lost since the last time. */
  take(): { readonly records: ArrayBuffer; readonly lost: number } {
    const bytes = new Uint8Array(this.chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let at = 0;
    for (const chunk of this.chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    const lost = this.lostRecords;
    this.chunks = [];
    this.kept = 0;
    this.lostRecords = 0;
    return { records: bytes.buffer, lost };
  }
}
