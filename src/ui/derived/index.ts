/**
 * What panels compute from the trace, once for all of them: lanes of slices and markers, messages, refusals. It reads each record
 * once, in order, when a panel asks; the store drops old records in big steps, and then everything is read again.
 */
import type { ProcessKey } from "../../worker/protocol";
import { TraceKind as traceKind } from "../../worker/protocol";
import { colorIndex } from "../store/colors";
import { trace, type Trace } from "../store/trace";
import { Journey } from "./journey";
import { replyTo, SYSCALL_PUBLISH, SYSCALL_REQUEST } from "./names";
import { Messages } from "./messages";
import { Spans } from "./spans";

/** Tag of a message marker. */
export const marker = { publish: 0, deliver: 1, drop: 2, take: 3 } as const;

/** Everything that one process did. */
export interface Lane {
  /** Generation 0 until a record tells it. */
  key: ProcessKey;
  /** Number of the lane in order of appearance. */
  readonly number: number;
  /** Ticks of its first and last sign of life. */
  readonly born: number;
  died: number;
  /** Finished slices; tag: switch reason at the end. */
  readonly slices: Spans;
  /** System calls; tag: the call. */
  readonly calls: Spans;
  /** Lines written to the console. */
  readonly lines: Spans;
  /** Publishes, deliveries, drops and takings; tag: marker. */
  readonly messages: Spans;
  /** Faults; tag: vector. */
  readonly faults: Spans;
  /** When it was woken; tag: wake reason. */
  readonly wakes: Spans;
  /** The system call it is in, for the result that comes with its exit. */
  call: { number: number; topic: number };
}

/** A publish that the kernel refused. */
export interface Refusal {
  readonly time: number;
  readonly from: ProcessKey;
  readonly topic: number;
  readonly error: number;
}

/** Most refusals kept: the latest ones. */
const MOST_REFUSALS = 10_000;

export class TraceIndex {
  lanes: Lane[] = [];
  /** Interrupts; tag: line. */
  interrupts = new Spans();
  /** Messages that the kernel itself published. */
  kernelMessages = new Spans();
  messages = new Messages();
  refusals: Refusal[] = [];
  /** How many refusals there were, also those no longer kept. */
  refusalCount = 0;
  /** The boot, and first times of the processes: kept although their records may be dropped. */
  readonly journey = new Journey();
  /** Who has the CPU since when, once the scheduler runs. */
  running: { lane: Lane; start: number; record: number } | undefined;
  /** Tick of the first and the last record. */
  firstTime = 0;
  lastTime = 0;
  /** Counts how often everything was read anew: rows and lanes from before mean nothing then. */
  rebuilt = 0;

  private current = new Map<number, Lane>();
  /** Sequence number of the reply that is on its way to a PID. */
  private readonly replies = new Map<number, number>();
  private next = 0;
  private base = 0;
  private run = -1;
  private readonly trace: Trace;

  constructor(source: Trace) {
    this.trace = source;
  }

  /** Reads the records that came since the last call. */
  update(): this {
    const { trace } = this;
    if (trace.run !== this.run || trace.first !== this.base) this.restart();
    const { columns } = trace;
    const end = trace.first + trace.length;
    if (this.next < end) {
      if (this.next === this.base) this.firstTime = columns.time[0];
      for (let row = this.next - this.base; row < trace.length; row++) this.read(row);
      this.lastTime = columns.time[trace.length - 1];
      this.next = end;
    }
    return this;
  }

  /** The lane of a process, undefined when the trace knows nothing of it. */
  laneOf(key: ProcessKey): Lane | undefined {
    const lane = this.current.get(key.pid);
    if (lane?.key.generation === key.generation) return lane;
    return this.lanes.find((one) => one.key.pid === key.pid && one.key.generation === key.generation);
  }

  private restart(): void {
    const { trace } = this;
    if (trace.run !== this.run) this.journey.clear();
    this.run = trace.run;
    this.base = trace.first;
    this.next = trace.first;
    this.lanes = [];
    this.interrupts = new Spans();
    this.kernelMessages = new Spans();
    this.messages = new Messages();
    this.refusals = [];
    this.refusalCount = 0;
    this.running = undefined;
    this.current.clear();
    this.replies.clear();
    this.firstTime = 0;
    this.lastTime = 0;
    this.rebuilt++;
  }

  private read(row: number): void {
    const { columns } = this.trace;
    const kind = columns.kind[row];
    const time = columns.time[row];
    const flags = columns.flags[row];
    const pid = columns.pid[row];
    const record = this.base + row;
    switch (kind) {
      case traceKind.schedule:
        return this.schedule(row, time, flags);
      case traceKind.irq:
        return this.interrupts.append(time, time, record, flags);
      case traceKind.syscall_enter: {
        const lane = this.lane(row);
        lane.call = { number: flags, topic: columns.aLow[row] };
        return lane.calls.append(time, time, record, flags);
      }
      case traceKind.syscall_exit:
        return this.callEnds(row, time);
      case traceKind.boot_stage:
        return this.journey.stage(columns.aLow[row], time);
      case traceKind.console_line:
        if (pid === 0) return;
        this.journey.wrote(this.lane(row).key, time);
        return this.lane(row).lines.append(time, time, record, 0);
      case traceKind.fault:
        if (pid !== 0) this.lane(row).faults.append(time, time, record, Math.min(flags, 255));
        return;
      case traceKind.wake:
        return this.lane(row).wakes.append(time, time, record, flags);
      case traceKind.spawn:
        this.lane(row);
        return;
      case traceKind.exit:
        if (pid !== 0) this.lane(row).died = time;
        return;
      default:
        return this.message(row, kind, time, record);
    }
  }

  private schedule(row: number, time: number, reason: number): void {
    if (this.running) {
      const { lane, start, record } = this.running;
      lane.slices.append(start, time, record, reason);
    }
    const lane = this.lane(row);
    if (lane.key.pid !== 0) this.journey.ran(lane.key, time);
    this.running = { lane, start: time, record: this.base + row };
  }

  private publish(row: number, time: number, sequence: number): void {
    const { columns } = this.trace;
    const pid = columns.pid[row];
    const topic = columns.aLow[row];
    const from = { pid, generation: pid === 0 ? 0 : columns.generation[row] };
    const request = pid !== 0 && this.lane(row).call.number === SYSCALL_REQUEST;
    this.messages.publish(time, sequence, topic, columns.aHigh[row], from, request);
    const requester = replyTo(topic);
    if (requester !== undefined) this.replies.set(requester, sequence);
  }

  private callEnds(row: number, time: number): void {
    const { columns } = this.trace;
    const lane = this.lane(row);
    const negative = columns.aHigh[row] === 0xffffffff;
    if (columns.flags[row] === SYSCALL_REQUEST) return this.requestEnds(lane.key, time, !negative);
    if (!negative || columns.flags[row] !== SYSCALL_PUBLISH || lane.call.number !== SYSCALL_PUBLISH) return;
    const error = (2 ** 32 - columns.aLow[row]) | 0;
    this.refusals.push({ time, from: lane.key, topic: lane.call.topic, error });
    this.refusalCount++;
    if (this.refusals.length > MOST_REFUSALS) this.refusals.splice(0, MOST_REFUSALS >> 1);
  }

  /** A reply goes past the mailboxes: the requester has it when its call returns. */
  private requestEnds({ pid, generation }: ProcessKey, time: number, replied: boolean): void {
    const sequence = this.replies.get(pid);
    this.replies.delete(pid);
    if (sequence === undefined || !replied) return;
    this.messages.deliver(time, sequence, pid, generation, false);
    this.messages.take(time, sequence, pid);
  }

  private message(row: number, kind: number, time: number, record: number): void {
    const { columns } = this.trace;
    const pid = columns.pid[row];
    const generation = columns.generation[row];
    const sequence = columns.bLow[row] + columns.bHigh[row] * 2 ** 32;
    switch (kind) {
      case traceKind.publish: {
        this.publish(row, time, sequence);
        const markers = pid === 0 ? this.kernelMessages : this.lane(row).messages;
        return markers.append(time, time, record, marker.publish);
      }
      case traceKind.deliver:
        this.messages.deliver(time, sequence, pid, generation, (columns.flags[row] & 1) !== 0);
        return this.lane(row).messages.append(time, time, record, marker.deliver);
      case traceKind.drop:
        this.messages.drop(time, sequence, pid, generation);
        return this.lane(row).messages.append(time, time, record, marker.drop);
      case traceKind.receive:
      case traceKind.callback_enter:
        this.messages.take(time, sequence, pid);
        return this.lane(row).messages.append(time, time, record, marker.take);
      case traceKind.callback_return:
        return this.messages.giveBack(time, sequence, pid);
    }
  }

  /** The lane of a record's process. */
  private lane(row: number): Lane {
    const { columns } = this.trace;
    const pid = columns.pid[row];
    const generation = columns.generation[row];
    const known = this.current.get(pid);
    if (known && (known.key.generation === generation || generation === 0)) return known;
    if (known?.key.generation === 0) {
      known.key = { pid, generation };
      return known;
    }
    const lane: Lane = {
      key: { pid, generation },
      number: this.lanes.length,
      born: columns.time[row],
      died: Infinity,
      slices: new Spans(),
      calls: new Spans(),
      lines: new Spans(),
      messages: new Spans(),
      faults: new Spans(),
      wakes: new Spans(),
      call: { number: -1, topic: 0 },
    };
    if (known) known.died = Math.min(known.died, lane.born);
    // Colours go by the order of the records, which is the same in every run of a scenario, and not by what is drawn first.
    colorIndex(lane.key);
    this.current.set(pid, lane);
    this.lanes.push(lane);
    return lane;
  }
}

/** The index of the one trace of the page; it reads along, so that no panel that opens late has to catch up. */
export const traceIndex = new TraceIndex(trace);
trace.subscribe(() => traceIndex.update());
