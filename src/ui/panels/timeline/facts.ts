/** What a slice held, in words: for the tooltip and for the table twin. */
import { traceNames, TraceKind } from "../../../worker/protocol";
import { followConsole, type ConsoleLines, type Write } from "../../derived/console";
import type { Lane } from "../../derived/index";
import { endingText, faultName, laneName, systemCallName, topicLabel } from "../../derived/names";
import { trace } from "../../store/trace";
import { duration, grouped, instant, plural } from "../common/format";
import type { Hit, SliceHit } from "./hit";

/** Most lines shown of one slice. */
const MOST_LINES = 4;
/** Writes of the trace that are compared with the transcript to number its lines. */
const CALIBRATION = 40;

export interface Facts {
  readonly title: string;
  /** Numbers, in the tabular face. */
  readonly figures: readonly string[];
  readonly notes: readonly string[];
  /** Console lines written in it. */
  readonly lines: readonly string[];
}

export function factsOf(hit: Hit): Facts {
  if (hit.kind === "interrupt") return interruptFacts(hit.count, hit.from, hit.record);
  if (hit.kind === "group")
    return {
      title: `${laneName(hit.lane.key)}: ${plural(hit.count, "slice")}`,
      figures: [`${instant(hit.from)} to ${instant(hit.to)}`, `${duration(hit.busy)} on the CPU`],
      notes: ["Zoom in to tell them apart."],
      lines: [],
    };
  return sliceFacts(hit);
}

function interruptFacts(count: number, from: number, record: number): Facts {
  const row = record - trace.first;
  const line = trace.columns.flags[row];
  const title =
    count === 1 ? `interrupt ${line}${irqNames[line] ? `, ${irqNames[line]}` : ""}` : plural(count, "interrupt");
  return { title, figures: [instant(from, 5)], notes: [], lines: [] };
}

/** Lines of the two 8259s as a PC wires them. */
const irqNames: Readonly<Record<number, string>> = {
  0: "the timer",
  1: "the keyboard",
  4: "the serial line",
  8: "the real-time clock",
  14: "the disk",
};

function sliceFacts(hit: SliceHit): Facts {
  const { lane, from, to } = hit;
  const length = to - from;
  const ran = hit.slice === undefined ? "still on the CPU" : `left because ${endingText(lane.slices.tags[hit.slice])}`;
  const executed = lane.key.pid === 0 ? `${grouped(length)} ticks, mostly halted` : `${plural(length, "instruction")}`;
  const notes = [ran, ...callNotes(lane, from, to), ...messageNotes(lane, from, to)];
  return {
    title: laneName(lane.key),
    figures: [`${instant(from, 5)} to ${instant(to, 5)}`, `${duration(length)} · ${executed}`],
    notes,
    lines: linesIn(lane, from, to),
  };
}

function callNotes(lane: Lane, from: number, to: number): string[] {
  const first = lane.calls.firstFrom(from);
  const last = lane.calls.lastUntil(to);
  const notes: string[] = [];
  if (last >= first) {
    const names = new Set(Array.from(lane.calls.tags.subarray(first, Math.min(last, first + 200) + 1), systemCallName));
    notes.push(`${plural(last - first + 1, "system call")}: ${[...names].slice(0, 5).join(", ")}`);
  }
  const fault = lane.faults.firstFrom(from);
  if (fault < lane.faults.length && lane.faults.starts[fault] <= to) notes.push(faultName(lane.faults.tags[fault]));
  return notes;
}

function messageNotes(lane: Lane, from: number, to: number): string[] {
  const notes: string[] = [];
  const { columns } = trace;
  const first = lane.messages.firstFrom(from);
  const last = Math.min(lane.messages.lastUntil(to), first + 200);
  for (let at = first; at <= last && notes.length < 3; at++) {
    const row = lane.messages.records[at] - trace.first;
    const topic = topicLabel(columns.aLow[row]);
    const kind = columns.kind[row];
    if (kind === TraceKind.publish) notes.push(`publishes ${plural(columns.aHigh[row], "byte")} on ${topic}`);
    if (kind === TraceKind.receive) notes.push(`receives ${plural(columns.aHigh[row], "byte")} of ${topic}`);
    if (kind === TraceKind.callback_enter) notes.push(`callback for ${topic}`);
    if (kind === TraceKind.drop)
      notes.push(
        `lost a message of ${topic} (${traceNames.policy[columns.flags[row]]?.replace("_", " ") ?? "mailbox full"})`,
      );
  }
  return notes;
}

function writeOf(lane: Lane, at: number): Write {
  const row = lane.lines.records[at] - trace.first;
  return { line: trace.columns.bLow[row], bytes: trace.columns.aLow[row] };
}

/** The transcript, its lines numbered as the kernel numbers them. */
function numberedConsole(lane: Lane): ConsoleLines {
  const console = followConsole();
  const count = Math.min(CALIBRATION, lane.lines.length);
  if (!console.numbered) console.calibrate(Array.from({ length: count }, (_, at) => writeOf(lane, at)));
  return console;
}

/** Text of a lane's console line by its place in the list; undefined where it is no longer held. */
export const lineAt = (lane: Lane, at: number): string | undefined => numberedConsole(lane).text(writeOf(lane, at));

/** The console lines that were written in this slice; how many bytes where the text is no longer held. */
export function linesIn(lane: Lane, from: number, to: number, most = MOST_LINES): string[] {
  const first = lane.lines.firstFrom(from);
  const last = lane.lines.lastUntil(to);
  if (last < first) return [];
  const console = numberedConsole(lane);
  const lines = new Map<number, string>();
  for (let at = first; at <= last && lines.size < most; at++) {
    const { line, bytes } = writeOf(lane, at);
    lines.set(line, console.text({ line, bytes }) ?? `console line ${grouped(line + 1)} (${plural(bytes, "byte")})`);
  }
  return [...lines.values()].filter((text) => text !== "");
}
