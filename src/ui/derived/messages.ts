/**
 * Messages out of the trace: each publish record with what its subscribers got, paired by sequence number. Typed-array columns, one row
 * per message and one per delivery; the deliveries of a message are a linked list (they are written in subscription order).
 */
import type { ProcessKey } from "../../worker/protocol";
import { Table } from "./table";

export type DeliveryState = "waiting" | "taken" | "dropped";

/** Not yet, or never. */
const NEVER = Number.NaN;
const NONE = -1;

export interface Delivery {
  readonly to: ProcessKey;
  readonly callback: boolean;
  readonly state: DeliveryState;
  /** Tick it was put into the mailbox (or lost). */
  readonly delivered: number;
  /** Tick the receiver took it (receive, or entry of the callback). */
  readonly taken?: number;
  /** Tick the callback returned. */
  readonly returned?: number;
}

export interface Message {
  readonly row: number;
  readonly sequence: number;
  readonly time: number;
  readonly topic: number;
  readonly length: number;
  /** Its publisher waits for a reply. */
  readonly request: boolean;
  /** PID 0 is the kernel. */
  readonly from: ProcessKey;
  readonly deliveries: readonly Delivery[];
}

export class Messages {
  /** One row per message. */
  readonly rows = new Table({
    sequence: Float64Array,
    time: Float64Array,
    topic: Uint32Array,
    bytes: Uint32Array,
    request: Uint8Array,
    pid: Uint32Array,
    generation: Uint32Array,
    firstDelivery: Int32Array,
    lastDelivery: Int32Array,
  });
  /** One row per delivery. */
  readonly deliveries = new Table({
    message: Int32Array,
    next: Int32Array,
    pid: Uint32Array,
    generation: Uint32Array,
    flags: Uint8Array,
    delivered: Float64Array,
    taken: Float64Array,
    returned: Float64Array,
  });

  get length(): number {
    return this.rows.length;
  }

  publish(
    time: number,
    sequence: number,
    topic: number,
    length: number,
    { pid, generation }: ProcessKey,
    request = false,
  ): void {
    const row = this.rows.add();
    const { columns } = this.rows;
    columns.sequence[row] = sequence;
    columns.time[row] = time;
    columns.topic[row] = topic;
    columns.bytes[row] = length;
    columns.request[row] = request ? 1 : 0;
    columns.pid[row] = pid;
    columns.generation[row] = generation;
    columns.firstDelivery[row] = NONE;
    columns.lastDelivery[row] = NONE;
  }

  /** The message was put into a mailbox; the answer is the delivery's row, or -1 when its publish record is not held. */
  deliver(time: number, sequence: number, pid: number, generation: number, callback: boolean): number {
    return this.addDelivery(time, sequence, pid, generation, callback ? FLAG_CALLBACK : 0);
  }

  /** The mailbox was full: the new message was lost, or an older one that had been delivered. */
  drop(time: number, sequence: number, pid: number, generation: number): number {
    const known = this.find(sequence, pid);
    if (known === NONE) return this.addDelivery(time, sequence, pid, generation, FLAG_DROPPED);
    this.deliveries.columns.flags[known] |= FLAG_DROPPED;
    return known;
  }

  take(time: number, sequence: number, pid: number): number {
    const at = this.find(sequence, pid);
    if (at !== NONE) this.deliveries.columns.taken[at] = time;
    return at;
  }

  giveBack(time: number, sequence: number, pid: number): void {
    const at = this.find(sequence, pid);
    if (at !== NONE) this.deliveries.columns.returned[at] = time;
  }

  /** Row of a message, -1 when it is not held. Sequence numbers grow by one, except where records were lost. */
  rowOf(sequence: number): number {
    const column = this.rows.columns.sequence;
    const guess = this.length - 1 - (column[this.length - 1] - sequence);
    if (guess >= 0 && guess < this.length && column[guess] === sequence) return guess;
    let low = 0;
    let high = this.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (column[middle] === sequence) return middle;
      if (column[middle] < sequence) low = middle + 1;
      else high = middle - 1;
    }
    return NONE;
  }

  /** First message published at or after `time`. */
  rowAt(time: number): number {
    const column = this.rows.columns.time;
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (column[middle] < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  at(row: number): Message {
    const { columns } = this.rows;
    const deliveries: Delivery[] = [];
    for (let at = columns.firstDelivery[row]; at !== NONE; at = this.deliveries.columns.next[at])
      deliveries.push(this.delivery(at));
    return {
      row,
      sequence: columns.sequence[row],
      time: columns.time[row],
      topic: columns.topic[row],
      length: columns.bytes[row],
      request: columns.request[row] === 1,
      from: { pid: columns.pid[row], generation: columns.generation[row] },
      deliveries,
    };
  }

  delivery(at: number): Delivery {
    const { columns } = this.deliveries;
    const flags = columns.flags[at];
    const taken = columns.taken[at];
    const returned = columns.returned[at];
    return {
      to: { pid: columns.pid[at], generation: columns.generation[at] },
      callback: (flags & FLAG_CALLBACK) !== 0,
      state: (flags & FLAG_DROPPED) !== 0 ? "dropped" : Number.isNaN(taken) ? "waiting" : "taken",
      delivered: columns.delivered[at],
      ...(Number.isNaN(taken) ? {} : { taken }),
      ...(Number.isNaN(returned) ? {} : { returned }),
    };
  }

  private addDelivery(time: number, sequence: number, pid: number, generation: number, flags: number): number {
    const message = this.rowOf(sequence);
    if (message === NONE) return NONE;
    const at = this.deliveries.add();
    const { columns } = this.deliveries;
    columns.message[at] = message;
    columns.next[at] = NONE;
    columns.pid[at] = pid;
    columns.generation[at] = generation;
    columns.flags[at] = flags;
    columns.delivered[at] = time;
    columns.taken[at] = NEVER;
    columns.returned[at] = NEVER;
    const rows = this.rows.columns;
    if (rows.firstDelivery[message] === NONE) rows.firstDelivery[message] = at;
    else columns.next[rows.lastDelivery[message]] = at;
    rows.lastDelivery[message] = at;
    return at;
  }

  private find(sequence: number, pid: number): number {
    const message = this.rowOf(sequence);
    if (message === NONE) return NONE;
    const { columns } = this.deliveries;
    let at = this.rows.columns.firstDelivery[message];
    while (at !== NONE && columns.pid[at] !== pid) at = columns.next[at];
    return at;
  }
}

const FLAG_CALLBACK = 1;
const FLAG_DROPPED = 2;
