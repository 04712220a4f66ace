import type { Clock } from "./clock.ts";

export type Width = 1 | 2 | 4;

/** Data that survive structuredClone: what a device's state consists of. */
export type Plain =
  | undefined
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | Uint16Array
  | readonly Plain[]
  | { readonly [key: string]: Plain };

/** What the motherboard gives a device. */
export interface Host {
  readonly clock: Clock;
  /** The present tick. */
  now(): number;
  /** Drives an interrupt request line of the 8259 pair. */
  setIrq(line: number, level: boolean): void;
  /** A known part was put into a mode that is not built: the run ends with this report. */
  unimplemented(report: string): void;
}

/** Something that answers at I/O ports. Ports wider than `widest` are split into consecutive smaller ones by the bus. */
export interface PortDevice {
  readPort(port: number, width: Width): number;
  writePort(port: number, width: Width, value: number): void;
}

/**
 * A part on the motherboard. Its whole guest-visible state is one plain object, so saving, restoring and hashing need no code of
 * its own; what is not in `state` can be derived from it and the present tick.
 */
export abstract class Device<State extends object> {
  abstract readonly name: string;
  protected abstract state: State;

  /** The tick of the next thing that happens by itself; Infinity when nothing will. */
  get nextEvent(): number {
    return Infinity;
  }

  /** Bring the device to `now` (never beyond nextEvent of all devices). */
  advance(_now: number): void {}

  /** The RESET line. */
  abstract reset(): void;

  save(): State {
    return structuredClone(this.state);
  }

  restore(state: State): void {
    this.state = structuredClone(state);
  }
}
