/** The latest part of a frame for each panel. A part stays until a newer one comes or the machine starts afresh. */
import { createStore } from "zustand/vanilla";
import type {
  ChannelsView,
  CpuView,
  Frame,
  MemoryView,
  PageTablesView,
  ProcessTable,
  TextScreen,
  TopicsView,
} from "../../worker/protocol";

export interface FrameState {
  readonly screen?: TextScreen;
  readonly processes?: ProcessTable;
  readonly pageTables?: PageTablesView;
  readonly topics?: TopicsView;
  readonly channels?: ChannelsView;
  readonly cpu?: CpuView;
  readonly memory?: MemoryView;
  /** Trace records the machine lost since it started; 0 unless something is wrong. */
  readonly traceLost: number;
}

const empty: FrameState = { traceLost: 0 };

export const frameStore = createStore<FrameState>(() => empty);

/** Puts a frame's parts into the store. */
export function applyFrame(frame: Frame): void {
  // A machine that is off has no memory to show; at another instant there may be less than there was.
  const before = frame.fresh || frame.moved || frame.status.power === "off" ? empty : frameStore.getState();
  const next: FrameState = {
    screen: frame.screen ?? before.screen,
    processes: frame.processes ?? before.processes,
    pageTables: frame.pageTables ?? before.pageTables,
    topics: frame.topics ?? before.topics,
    channels: frame.channels ?? before.channels,
    cpu: frame.cpu ?? before.cpu,
    memory: frame.memory ?? before.memory,
    traceLost: before.traceLost + frame.traceLost,
  };
  frameStore.setState(next, true);
}
