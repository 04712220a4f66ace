/** One run of one machine: a PC, its disk, its recording, and who looks at it. Power-on, reset and open each make a new one. */
import type { HeraldMap } from "../lens/map";
import { TRACE_RECORD_BYTES, type DrainPlace } from "../lens/trace";
import { Pc } from "../pc/pc";
import { History, type Snapshot } from "../replay/history";
import { ByteLog } from "../replay/log";
import { Player } from "../replay/player";
import { InputLog } from "../replay/recording";
import { MAX_INPUTS, type Input } from "../scenario/schema";
import { Observer } from "./observer";
import { SerialOutbox } from "./outbox";
import type { PowerState } from "./protocol";

/** What a run is made from. */
export interface Source {
  /** The disk as it is at power-on; each run gets a copy. */
  readonly disk: Uint8Array;
  /** Absent for a foreign image. */
  readonly map?: HeraldMap;
  readonly memoryMiB: number;
  readonly mhz: number;
}

/** The machine stands still for good. */
export interface Ending {
  readonly power: PowerState;
  readonly reason: string;
  readonly report?: string;
}

/** Bytes of the longest key, Pause, in the keyboard's buffer of 16: with as many in it there is room for any key. */
const BYTES_BESIDE_ANY_KEY = 8;

interface KeyChange {
  readonly code: string;
  readonly down: boolean;
}

/** Instructions between two snapshots: run again in a fraction of a second. */
const SNAPSHOT_EVERY = 40_000_000;
/** And real time: to look at all of memory takes about 20 ms. */
const SNAPSHOT_EVERY_MS = 250;
/** What the console and the trace keep to be shown again at another instant. */
const MOST_SERIAL = 4 << 20;
const MOST_RECORDS = 2_000_000;

/** What a snapshot needs beside the machine: how far its inputs, its console and its trace had come. */
interface Place {
  readonly inputs: number;
  readonly serial: number;
  readonly trace: DrainPlace;
}

export class Run {
  readonly pc: Pc;
  /** What was typed faster than the guest takes it: a person who watches single instructions loses no key. */
  private waiting: KeyChange[] = [];
  readonly player: Player;
  readonly observer: Observer;
  readonly serial = new SerialOutbox();
  private readonly serialLog = new ByteLog(MOST_SERIAL);
  private readonly traceLog = new ByteLog(MOST_RECORDS * TRACE_RECORD_BYTES, TRACE_RECORD_BYTES);
  private readonly history: History<Place>;
  /** Bytes that COM1 had said at this instant. */
  private said = 0;
  private recordedTo = 0;
  private instructionsAtSnapshot = 0;
  private timeAtSnapshot = -Infinity;

  constructor(
    readonly source: Source,
    inputs: readonly Input[],
  ) {
    const { memoryMiB, mhz, disk, map } = source;
    const outputs = {
      serial: (byte: number) => this.say(byte),
      doorbell: () => this.observer.drainTrace(),
    };
    // Hot code is compiled: the run is the same to the tick (tests/engine/regions), and several times as fast.
    this.pc = new Pc({ memoryMiB, mhz, disk, outputs, regions: true });
    this.player = new Player(this.pc, new InputLog(inputs));
    this.observer = new Observer(this.pc, map, mhz, (taken, records) =>
      this.traceLog.put(taken * TRACE_RECORD_BYTES, records),
    );
    this.history = new History(this.pc, this.place());
  }

  private say(byte: number): void {
    this.serial.push(byte);
    this.serialLog.put(this.said++, Uint8Array.of(byte));
  }

  private place(): Place {
    return { inputs: this.player.applied, serial: this.said, trace: this.observer.tracePlace };
  }

  // ---- the recording --------------------------------------------------------------------------------------------------

  /** The last tick that this recording has come to: one can be before it. */
  get recorded(): number {
    return Math.max(this.recordedTo, this.tick);
  }

  /** Call between slices, with the time of day. */
  record(now: number): void {
    if (this.tick < this.recordedTo) return;
    this.recordedTo = this.tick;
    if (this.instructions - this.instructionsAtSnapshot < SNAPSHOT_EVERY) return;
    if (now - this.timeAtSnapshot < SNAPSHOT_EVERY_MS) return;
    this.instructionsAtSnapshot = this.instructions;
    this.timeAtSnapshot = now;
    this.history.take(this.place());
  }

  /** Takes the machine to the best place from which to run to `tick`; it is there or before it afterwards. */
  approach(tick: number): void {
    const snapshot = this.history.before(tick);
    if (this.tick <= tick && snapshot.tick <= this.tick) return;
    this.return(snapshot);
  }

  /** Before the instruction executed last. False when there is none. */
  stepBack(): boolean {
    const goal = this.instructions - 1;
    if (goal < 0) return false;
    const end = this.recorded;
    let snapshot = this.history.before(this.tick);
    for (; snapshot.tick - snapshot.idleTicks > goal;) snapshot = this.history.before(snapshot.tick - 1);
    this.recordedTo = end;
    this.return(snapshot);
    this.step(goal - this.instructions);
    return true;
  }

  private return(snapshot: Snapshot<Place>): void {
    this.recordedTo = this.recorded;
    const { inputs, serial, trace } = this.history.restore(snapshot);
    this.said = serial;
    this.observer.moveTrace(trace);
    this.player.moved(inputs);
    this.serial.clear();
  }

  /** All that the console said and all trace records up to this instant; what waited to be told is among them. */
  past(): { readonly serial: Uint8Array<ArrayBuffer>; readonly trace: ArrayBuffer } {
    this.observer.takeTrace();
    this.serial.clear();
    const { taken } = this.observer.tracePlace;
    return {
      serial: this.serialLog.until(this.said),
      trace: this.traceLog.until(taken * TRACE_RECORD_BYTES).buffer,
    };
  }

  /** Something new is done to the machine now: from here on it is another recording. */
  private branch(): void {
    if (this.tick >= this.recordedTo) return;
    const { serial, trace } = this.place();
    this.serialLog.cut(serial);
    this.traceLog.cut(trace.taken * TRACE_RECORD_BYTES);
    this.history.forgetAfter(this.tick);
    this.recordedTo = this.tick;
    const { tick, idleTicks } = this.history.latest;
    this.instructionsAtSnapshot = tick - idleTicks;
  }

  // ---- what is done to it ---------------------------------------------------------------------------------------------

  get tick(): number {
    return this.pc.clock;
  }

  get idleTicks(): number {
    return this.pc.cpu.idleTicks;
  }

  get instructions(): number {
    return this.tick - this.idleTicks;
  }

  /** A key is pressed or released: now, or as soon as the keyboard has room for it. */
  key(change: KeyChange): void {
    if (this.waiting.length < MAX_INPUTS) this.waiting.push(change);
    this.typeWaiting();
  }

  /** Call between slices. Each key is recorded at the tick at which it reaches the keyboard. True when one did. */
  typeWaiting(): boolean {
    let typed = 0;
    for (; typed < this.waiting.length && this.pc.pendingKeys <= BYTES_BESIDE_ANY_KEY; typed++) {
      this.branch();
      this.player.input({ kind: "key", tick: this.tick, ...this.waiting[typed] });
    }
    if (typed > 0) this.waiting = this.waiting.slice(typed);
    return typed > 0;
  }

  /** Executes exactly `count` instructions, passing over time spent in HLT. Ends early if the machine stops. */
  step(count: number): void {
    const goal = this.instructions + count;
    while (this.instructions < goal && !this.player.ended)
      this.player.runTo(this.tick + (this.asleep ? this.ticksToWake() : goal - this.instructions));
  }

  /** In HLT, and no interrupt that would end it is there yet. */
  private get asleep(): boolean {
    return this.pc.cpu.halted && !this.pc.board.interruptPending();
  }

  /** How long the CPU sleeps yet if nothing is done to it: to the next event of a device or the next recorded input. */
  private ticksToWake(): number {
    const next = Math.min(this.pc.board.nextEvent, this.player.nextInput);
    return Number.isFinite(next) ? Math.max(1, next - this.tick) : 1;
  }

  /** Why the machine stands still, for a person; undefined while it can go on. */
  get ending(): Ending | undefined {
    const { ended } = this.player;
    switch (ended?.kind) {
      case undefined:
        return undefined;
      case "poweredOff":
        return { power: "off", reason: "The guest switched the machine off." };
      case "halted":
        return { power: "halted", reason: ended.reason ?? "The CPU halted with interrupts off: nothing can wake it." };
      case "debugExit":
        return { power: "stopped", reason: `The guest wrote ${ended.value} to its exit port.` };
      case "tripleFault":
        return { power: "stopped", reason: "Triple fault: the CPU gave up.", report: ended.report };
      case "unimplemented":
        return {
          power: "stopped",
          reason: "The guest used something this machine does not have.",
          report: ended.report,
        };
      case "breakpoint":
        return { power: "stopped", reason: "A breakpoint was reached." };
    }
  }
}
