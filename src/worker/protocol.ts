/**
 * What the page and the worker say to each other, by postMessage. The page asks for at most one frame per animation frame, and
 * only for the panels that are visible; the worker answers with plain data and transferred buffers. Addresses and registers are bigint;
 * ticks and counts are numbers (below 2^53).
 */
import type { Input, Scenario } from "../scenario/schema";
import type { ChannelsView } from "../lens/channels";
import type { MemoryView } from "../lens/frames";
import type { PageTablesView } from "../lens/pageTables";
import type { ProcessKey, ProcessTable } from "../lens/processes";
import type { TopicsView } from "../lens/topics";

export type { PageTableLevel, PageTablesView } from "../lens/pageTables";
export type { AddressRange } from "../lens/regions";
export type { ChannelsView, QueueView, SegmentView } from "../lens/channels";
export type { FrameCells, FrameGroup, HeapView, MemoryView } from "../lens/frames";
export { frameUses, frameUseText } from "../lens/frames";
export type { ProcessKey, ProcessTable, ProcessView } from "../lens/processes";
export type { SubscriberView, TopicsView, TopicView } from "../lens/topics";
export {
  bootStageText,
  decodeTrace,
  TRACE_RECORD_BYTES,
  TraceKind,
  traceKindText,
  traceNames,
  TraceView,
  type TraceKindName,
  type TraceRecord,
} from "../lens/trace";

export type PanelName =
  "console" | "processes" | "timeline" | "pageTables" | "topics" | "messages" | "cpu" | "boot" | "memory";

/** What the panels want to see, beyond being visible. */
export interface View {
  readonly panels: readonly PanelName[];
  /** The selected process, or undefined for the running one. */
  readonly process?: ProcessKey;
  /** Linear address whose walk is shown; undefined: the selected process's instruction pointer. */
  readonly address?: bigint;
  readonly syntax: "intel" | "att";
}

export type ToWorker =
  /** (Re)start with this scenario; `inputs` are replayed at their ticks. Herald's image and map are fetched by the page and sent once. */
  | { kind: "open"; scenario: Scenario; inputs: readonly Input[]; image: ArrayBuffer; map: unknown }
  /** Start with a foreign disk image (dropped on the page): same machine, no lens into Herald. */
  | { kind: "openImage"; name: string; image: ArrayBuffer; memoryMiB: number }
  | { kind: "power"; on: boolean }
  | { kind: "reset" }
  | { kind: "run" }
  | { kind: "pause" }
  /** Pause, and execute this many instructions (default 1). */
  | { kind: "step"; count?: number }
  /** Guest ticks per second of real time, or "max". 100 MHz nominal = 1.0x real time. */
  | { kind: "speed"; ticksPerSecond: number | "max" }
  | { kind: "key"; code: string; down: boolean }
  | { kind: "view"; view: View }
  /** The page is ready to draw another frame. */
  | { kind: "frame" }
  /** Run, unpaced, until the clock is exactly `tick`, then pause; answered by `reached`. Nothing happens if it is past. */
  | { kind: "runTo"; tick: number }
  /** Go to this tick of the recording, backwards or forwards but not beyond its end, and stand there; answered by `reached`. */
  | { kind: "seek"; tick: number }
  /** Pause, and go back to before the instruction executed last. */
  | { kind: "stepBack" }
  /** Asks for the hash of the machine's state; answered by `hash`. */
  | { kind: "hash" };

export type PowerState = "off" | "running" | "paused" | "halted" | "stopped";

export interface Status {
  readonly power: PowerState;
  /** Why it is stopped or halted, for a person: powered off by the guest, triple fault with report... */
  readonly reason?: string;
  /** Registers, bytes and disassembly where it stopped, as text. */
  readonly report?: string;
  readonly tick: number;
  /** The last tick of the recording: later than `tick` while an earlier instant is looked at. */
  readonly recorded: number;
  readonly instructions: number;
  /** Virtual seconds since power-on. */
  readonly seconds: number;
  readonly speed: number | "max";
  /** Virtual time over real time, lately. */
  readonly pace: number;
  /** Million instructions per second of real time, lately. */
  readonly mips: number;
  /** Set while recorded inputs of a link are being replayed: ticks of the last one. */
  readonly replayUntil?: number;
}

export type FromWorker =
  | { kind: "ready" }
  | { kind: "frame"; frame: Frame }
  /** The inputs so far changed; the page puts them into the address bar. */
  | { kind: "inputs"; inputs: readonly Input[] }
  /** Answer to runTo: where the clock is (earlier than asked if the machine stopped on the way). */
  | { kind: "reached"; tick: number }
  /** Two runs of one scenario with the same inputs have the same hash at the same tick. */
  | { kind: "hash"; tick: number; hash: string }
  | { kind: "error"; where: "open" | "image" | "machine"; message: string };

/** One coherent instant of the machine. A panel's part is absent if it is not visible or the guest has not come that far. */
export interface Frame {
  readonly status: Status;
  /** Serial output since the last frame. */
  readonly serial: Uint8Array;
  readonly screen?: TextScreen;
  readonly processes?: ProcessTable;
  /** Trace records since the last frame, raw, 32 bytes each (herald/layout.ts), in time order; see TraceView in lens. */
  readonly trace: ArrayBuffer;
  /** Records lost because the ring overran before it was drained (ought to be 0). */
  readonly traceLost: number;
  readonly pageTables?: PageTablesView;
  readonly topics?: TopicsView;
  readonly channels?: ChannelsView;
  readonly cpu?: CpuView;
  readonly memory?: MemoryView;
  /** True in the first frame after open or reset: forget everything before it. */
  readonly fresh?: boolean;
  /** True in the first frame after the machine went to another instant: `serial` and `trace` are all there was up to it. */
  readonly moved?: boolean;
}

export interface TextScreen {
  readonly columns: number;
  readonly rows: number;
  /** Character and attribute per cell, as in VGA memory. */
  readonly cells: Uint16Array;
  /** `first` and `last`: lines of a cell that it covers. */
  readonly cursor: {
    readonly column: number;
    readonly row: number;
    readonly visible: boolean;
    readonly first: number;
    readonly last: number;
  };
  /** Lines of a cell. */
  readonly lines: number;
  /** Bit 7 of an attribute blinks; otherwise it brightens the background. */
  readonly blink: boolean;
  /** 0xRRGGBB of the 16 colours. */
  readonly palette: readonly number[];
}

export interface CpuView {
  readonly mode: string;
  readonly ring: number;
  readonly halted: boolean;
  /** rax rcx rdx rbx rsp rbp rsi rdi r8..r15 */
  readonly registers: readonly bigint[];
  readonly rip: bigint;
  readonly rflags: bigint;
  readonly control: {
    readonly cr0: bigint;
    readonly cr2: bigint;
    readonly cr3: bigint;
    readonly cr4: bigint;
    readonly efer: bigint;
  };
  readonly segments: readonly {
    readonly name: string;
    readonly selector: number;
    readonly base: bigint;
    readonly limit: number;
  }[];
  readonly disassembly: readonly DisassemblyLine[];
  /** Nearest symbol of RIP, e.g. "topic_publish+0x12". */
  readonly symbol?: string;
}

export interface DisassemblyLine {
  readonly address: bigint;
  readonly bytes: string;
  readonly text: string;
  readonly explanation: string;
  readonly current: boolean;
}
