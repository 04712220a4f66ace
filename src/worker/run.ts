/** One run of one machine: a PC, its disk, its recording, and who looks at it. Power-on, reset and open each make a new one. */
import type { HeraldMap } from "../lens/map";
import { Pc } from "../pc/pc";
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

export class Run {
  readonly pc: Pc;
  /** What was typed faster than the guest takes it: a person who watches single instructions loses no key. */
  private waiting: KeyChange[] = [];
  readonly player: Player;
  readonly observer: Observer;
  readonly serial = new SerialOutbox();

  constructor(
    readonly source: Source,
    inputs: readonly Input[],
  ) {
    const { memoryMiB, mhz, disk, map } = source;
    const outputs = {
      serial: (byte: number) => this.serial.push(byte),
      doorbell: () => this.observer.drainTrace(),
    };
    // Hot code is compiled: the run is the same to the tick (tests/engine/regions), and several times as fast.
    this.pc = new Pc({ memoryMiB, mhz, disk, outputs, regions: true });
    this.player = new Player(this.pc, new InputLog(inputs));
    this.observer = new Observer(this.pc, map, mhz);
  }

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
    for (; typed < this.waiting.length && this.pc.pendingKeys <= BYTES_BESIDE_ANY_KEY; typed++)
      this.player.input({ kind: "key", tick: this.tick, ...this.waiting[typed] });
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
