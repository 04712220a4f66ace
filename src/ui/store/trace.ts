/**
 * The trace records of the run, in columns, outside zustand: millions of them cost no objects. Bounded: when TRACE_LIMIT is
 * reached the oldest quarter goes. Record numbers count from the start of the run and never change; record n is at row n - first.
 * What the columns mean is said by TraceKind and traceKindText of the protocol.
 */
import { TraceKind, TraceView } from "../../worker/protocol";

export const TRACE_LIMIT = 2_000_000;

export interface TraceColumns {
  /** Ticks. */
  time: Float64Array;
  kind: Uint8Array;
  flags: Uint16Array;
  pid: Uint32Array;
  /** The generation `pid` had then (from the last schedule or spawn record of that PID). */
  generation: Uint32Array;
  aLow: Uint32Array;
  aHigh: Uint32Array;
  bLow: Uint32Array;
  bHigh: Uint32Array;
}

function allocate(rows: number): TraceColumns {
  return {
    time: new Float64Array(rows),
    kind: new Uint8Array(rows),
    flags: new Uint16Array(rows),
    pid: new Uint32Array(rows),
    generation: new Uint32Array(rows),
    aLow: new Uint32Array(rows),
    aHigh: new Uint32Array(rows),
    bLow: new Uint32Array(rows),
    bHigh: new Uint32Array(rows),
  };
}

type Listener = () => void;

export class Trace {
  columns: TraceColumns;
  /** Rows in use. */
  length = 0;
  /** Number of the record in row 0: how many were dropped. */
  first = 0;
  /** Changes with every append and clear. */
  version = 0;
  /** Changes with every clear: another run. */
  run = 0;
  private capacity: number;
  private readonly listeners = new Set<Listener>();
  private readonly generations = new Map<number, number>();
  private readonly limit: number;

  constructor(limit = TRACE_LIMIT, initial = 1 << 14) {
    this.limit = limit;
    this.capacity = Math.min(limit, initial);
    this.columns = allocate(this.capacity);
  }

  subscribe = (listener: Listener): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** For useSyncExternalStore: a number that differs when something changed. */
  snapshot = (): number => this.version;

  clear(): void {
    this.length = 0;
    this.first = 0;
    this.generations.clear();
    this.run++;
    this.changed();
  }

  /** Appends raw records; the buffer holds whole ones, in time order. */
  append(buffer: ArrayBuffer): void {
    const records = new TraceView(buffer);
    const count = records.length;
    if (count === 0) return;
    const skip = Math.max(0, count - this.limit);
    this.first += skip;
    this.makeRoom(count - skip);
    for (let index = skip; index < count; index++) this.push(records, index);
    this.changed();
  }

  /** First row at or after this tick; `length` when there is none. */
  rowAt(tick: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.columns.time[middle] < tick) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private push(records: TraceView, index: number): void {
    const { columns, length: row } = this;
    const kind = records.kind(index);
    const pid = records.pid(index);
    if (kind === TraceKind.schedule || kind === TraceKind.spawn) this.generations.set(pid, records.bLow(index));
    columns.time[row] = records.time(index);
    columns.kind[row] = kind;
    columns.flags[row] = records.flags(index);
    columns.pid[row] = pid;
    columns.generation[row] = this.generations.get(pid) ?? 0;
    columns.aLow[row] = records.aLow(index);
    columns.aHigh[row] = records.aHigh(index);
    columns.bLow[row] = records.bLow(index);
    columns.bHigh[row] = records.bHigh(index);
    this.length = row + 1;
  }

  private makeRoom(count: number): void {
    if (this.length + count > this.limit) this.dropOldest(Math.max(this.limit >> 2, this.length + count - this.limit));
    if (this.length + count <= this.capacity) return;
    this.capacity = Math.min(this.limit, Math.max(this.capacity * 2, this.length + count));
    const wider = allocate(this.capacity);
    for (const name of Object.keys(wider) as (keyof TraceColumns)[])
      wider[name].set(this.columns[name].subarray(0, this.length));
    this.columns = wider;
  }

  private dropOldest(rows: number): void {
    const dropped = Math.min(rows, this.length);
    for (const name of Object.keys(this.columns) as (keyof TraceColumns)[])
      this.columns[name].copyWithin(0, dropped, this.length);
    this.length -= dropped;
    this.first += dropped;
  }

  private changed(): void {
    this.version++;
    for (const listener of this.listeners) listener();
  }
}

export const trace = new Trace();
