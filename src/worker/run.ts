/** One run of one machine: a PC, its disk, its recording, and who looks at it. Power-on, reset and open each make a new one. */
import type { HeraldMap } from "../lens/map";
import { Pc } from "../pc/pc";
import { Player } from "../replay/player";
import { InputLog } from "../replay/recording";
import type { Input } from "../scenario/schema";
import { Observer } from "./observer";
import { SerialOutbox } from "./outbox";

/** What a run is made from. */
export interface Source {
  /** The disk as it is at power-on; each run gets a copy. */
  readonly disk: Uint8Array;
  /** Absent for a foreign image. */
  readonly map?: HeraldMap;
  readonly memoryMiB: number;
  readonly mhz: number;
}

export class Run {
  readonly pc: Pc;
  readonly player: Player<Pc>;
  readonly observer: Observer;
  readonly serial = new SerialOutbox();

  constructor(
    readonly source: Source,
    inputs: readonly Input[],
  ) {
    this.pc = new Pc({
      memoryMiB: source.memoryMiB,
      mhz: source.mhz,
      disk: source.disk.slice(),
      serial: (byte) => this.serial.push(byte),
      doorbell: () => this.observer.drainTrace(),
    });
    this.player = new Player(this.pc, new InputLog(inputs));
    this.observer = new Observer(this.pc, source.map, source.mhz);
  }

  get tick(): number {
    return this.pc.tick;
  }

  get idleTicks(): number {
    return this.pc.cpu.idleTicks;
  }

  get instructions(): number {
    return this.tick - this.idleTicks;
  }

  /** Executes exactly `count` instructions, passing over time spent in HLT. Ends early if the machine stops. */
  step(count: number): void {
    const goal = this.instructions + count;
    while (this.instructions < goal && !this.pc.stopped) {
      const before = this.tick;
      this.player.runTo(before + (this.pc.cpu.halted ? this.ticksToWake() : goal - this.instructions));
      if (this.tick === before) return;
    }
  }

  /** How long the CPU sleeps yet if nothing is done to it: to the next event of a device or the next recorded input. */
  ticksToWake(): number {
    const next = Math.min(this.pc.nextEvent, this.player.nextInput);
    return Number.isFinite(next) ? Math.max(1, next - this.tick) : 1;
  }
}
