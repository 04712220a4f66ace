/** What the process table shows, sorted and filtered: pure functions of the kernel's table and the trace's slices. */
import type { ProcessTable, ProcessView } from "../../../worker/protocol";
import type { TraceIndex } from "../../derived/index";
import { titleOf } from "../../store/colors";

export type ColumnName =
  "pid" | "name" | "kind" | "state" | "share" | "total" | "ready" | "blocked" | "switches" | "calls" | "queue";

export interface Sorting {
  readonly column: ColumnName;
  readonly descending: boolean;
}

export interface ProcessRow {
  readonly process: ProcessView;
  readonly state: StateText;
  /** Part of the last second (of virtual time) that it had the CPU, 0 to 1. */
  readonly share: number;
}

export interface StateText {
  readonly word: string;
  /** What it waits for, or whose callback it runs. */
  readonly tag?: string;
}

export function stateText(process: ProcessView): StateText {
  const topicTag = process.waits?.replace(/^topic /, "");
  if (process.callbackTopic !== undefined && process.state !== "blocked")
    return { word: "callback", tag: String(process.callbackTopic) };
  if (process.state !== "blocked" || topicTag === undefined) return { word: process.state };
  if (topicTag === "sleep") return { word: "sleeps" };
  const tag = topicTag
    .replace(/^any topic$/, "any")
    .replace(/^the end of process /, "exit of ")
    .replace(/^room in the notification queue$/, "queue room")
    .replace(/^a (?=callback$)/, "")
    .replaceAll("_", " ");
  return { word: "waits", tag };
}

/** From the slices of the trace; from the kernel's own count where the trace knows nothing. */
export function shareOf(process: ProcessView, index: TraceIndex, now: number, window: number): number {
  const since = Math.max(now - window, index.firstTime);
  const lane = index.laneOf(process);
  if (!lane || now <= since) return now > 0 ? process.cpuTicks / now : 0;
  const open = index.running?.lane === lane ? Math.max(0, now - Math.max(index.running.start, since)) : 0;
  return (lane.slices.busy(since, now) + open) / (now - since);
}

const valueOf: Readonly<Record<ColumnName, (row: ProcessRow) => number | string>> = {
  pid: (row) => row.process.pid,
  name: (row) => titleOf(row.process),
  kind: (row) => row.process.kind,
  state: (row) => `${row.state.word} ${row.state.tag ?? ""}`,
  share: (row) => row.share,
  total: (row) => row.process.cpuTicks,
  ready: (row) => row.process.readyTicks,
  blocked: (row) => row.process.blockedTicks,
  switches: (row) => row.process.switches,
  calls: (row) => row.process.systemCalls,
  queue: (row) => row.process.queued,
};

const compare = (one: number | string, other: number | string): number => (one < other ? -1 : one > other ? 1 : 0);

export function sortRows(rows: readonly ProcessRow[], { column, descending }: Sorting): ProcessRow[] {
  const of = valueOf[column];
  const sign = descending ? -1 : 1;
  return [...rows].sort((one, other) => sign * compare(of(one), of(other)) || one.process.pid - other.process.pid);
}

/** Every word must occur in what the row says. */
export function matches(row: ProcessRow, filter: string): boolean {
  const { process, state } = row;
  const text = `${process.pid} ${titleOf(process)} ${process.kind} ${state.word} ${state.tag ?? ""}`.toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

export function rowsOf(table: ProcessTable, index: TraceIndex, now: number, window: number): ProcessRow[] {
  return table.processes.map((process) => ({
    process,
    state: stateText(process),
    share: shareOf(process, index, now, window),
  }));
}
