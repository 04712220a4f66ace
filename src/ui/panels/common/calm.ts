/**
 * Stores read at a pace a person can follow. Frames come up to 60 times a second; words and figures that change that fast cannot be
 * read. While the machine runs they change a few times a second; when it stands still, or starts anew, at once.
 */
import { useSyncExternalStore } from "react";
import { frameStore, type FrameState } from "../../store/frame";
import { machineStore } from "../../store/machine";
import { trace } from "../../store/trace";

const INTERVAL_MS = 160;

type Listen = (listener: () => void) => () => void;

export class Calm<T> {
  private value: T;
  private readonly read: () => T;
  private readonly source: Listen;
  private readonly hurry: () => boolean;
  private readonly listeners = new Set<() => void>();
  private stop: (() => void) | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private last = -Infinity;

  constructor(source: Listen, read: () => T, hurry: () => boolean) {
    this.source = source;
    this.read = read;
    this.hurry = hurry;
    this.value = read();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    if (!this.stop) {
      this.value = this.read();
      this.stop = this.source(this.changed);
    }
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size > 0) return;
      this.stop?.();
      this.stop = undefined;
      clearTimeout(this.timer);
      this.timer = undefined;
    };
  };

  snapshot = (): T => (this.stop ? this.value : (this.value = this.read()));

  private changed = (): void => {
    const wait = this.hurry() ? 0 : this.last + INTERVAL_MS - performance.now();
    if (wait <= 0) this.tell();
    else this.timer ??= setTimeout(this.tell, wait);
  };

  private tell = (): void => {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.last = performance.now();
    this.value = this.read();
    for (const listener of this.listeners) listener();
  };
}

/** Nothing to wait for: the machine stands still, or what is shown belongs to another run. */
function hurrying(): () => boolean {
  let shown = -1;
  return () => {
    const { run, status } = machineStore.getState();
    const another = run !== shown;
    shown = run;
    return another || status.power !== "running";
  };
}

const calmFrame = new Calm<FrameState>(frameStore.subscribe, frameStore.getState, hurrying());
const calmTrace = new Calm<number>(trace.subscribe, trace.snapshot, hurrying());
const calmTick = new Calm<number>(machineStore.subscribe, () => machineStore.getState().status.tick, hurrying());

/** The frame's part that a panel shows. */
export const useCalmFrame = <K extends keyof FrameState>(part: K): FrameState[K] =>
  useSyncExternalStore(calmFrame.subscribe, calmFrame.snapshot)[part];

/** The trace's version. */
export const useCalmTrace = (): number => useSyncExternalStore(calmTrace.subscribe, calmTrace.snapshot);

/** The machine's clock. */
export const useCalmTick = (): number => useSyncExternalStore(calmTick.subscribe, calmTick.snapshot);
