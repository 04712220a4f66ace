/** What is under the pointer, and which event comes next. */
import type { Lane } from "../../derived/index";
import type { Spans } from "../../derived/spans";
import { AXIS_HEIGHT } from "./lanes";
import { tickAt, type Scene } from "./scene";

export interface SliceHit {
  readonly kind: "slice";
  readonly lane: Lane;
  readonly from: number;
  readonly to: number;
  /** Number of the slice in its lane; undefined while it still runs. */
  readonly slice?: number;
  /** Trace record that began it. */
  readonly record: number;
}

/** Several slices too short to tell apart at this zoom. */
export interface GroupHit {
  readonly kind: "group";
  readonly lane: Lane;
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly busy: number;
}

export interface InterruptHit {
  readonly kind: "interrupt";
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly record: number;
}

export type Hit = SliceHit | GroupHit | InterruptHit;

/** Pixels by which one may miss. */
const REACH = 3;

export function rowAt(scene: Scene, y: number): number {
  if (y < AXIS_HEIGHT) return -1;
  const row = Math.floor((y - AXIS_HEIGHT + scene.scrollTop) / scene.layout.rowHeight);
  return row < scene.layout.rows.length ? row : -1;
}

export function hit(scene: Scene, x: number, y: number): Hit | undefined {
  const row = rowAt(scene, y);
  if (row < 0) return undefined;
  const { lane } = scene.layout.rows[row];
  const reach = (scene.view.span / scene.width) * REACH;
  const tick = tickAt(scene, x);
  return lane ? hitSlice(scene, lane, tick, reach) : hitInterrupt(scene, tick, reach);
}

function hitInterrupt(scene: Scene, tick: number, reach: number): InterruptHit | undefined {
  const { interrupts } = scene.index;
  const first = interrupts.firstFrom(tick - reach);
  const last = interrupts.lastUntil(tick + reach);
  if (last < first) return undefined;
  return {
    kind: "interrupt",
    from: interrupts.starts[first],
    to: interrupts.ends[last],
    count: last - first + 1,
    record: interrupts.records[first],
  };
}

function hitSlice(scene: Scene, lane: Lane, tick: number, reach: number): SliceHit | GroupHit | undefined {
  const { slices } = lane;
  const { running } = scene.index;
  if (running?.lane === lane && tick >= running.start && tick <= scene.extent.now + reach)
    return { kind: "slice", lane, from: running.start, to: scene.extent.now, record: running.record };
  const exact = slices.lastUntil(tick);
  const wide = scene.view.span / scene.width;
  if (exact >= 0 && slices.ends[exact] >= tick && slices.ends[exact] - slices.starts[exact] > wide)
    return sliceHit(lane, exact);
  const first = slices.firstFrom(tick - reach);
  const last = slices.lastUntil(tick + reach);
  if (last < first) return undefined;
  if (first === last) return sliceHit(lane, first);
  const from = slices.starts[first];
  const to = slices.ends[last];
  return { kind: "group", lane, from, to, count: last - first + 1, busy: slices.busy(from, to) };
}

function sliceHit(lane: Lane, slice: number): SliceHit {
  const { slices } = lane;
  return {
    kind: "slice",
    lane,
    from: slices.starts[slice],
    to: slices.ends[slice],
    slice,
    record: slices.records[slice],
  };
}

/** Tick of the event of this lane before or after `tick`; undefined when there is none. */
export function neighbour(lane: Lane, tick: number, direction: 1 | -1): number | undefined {
  const lists: readonly Spans[] = [lane.slices, lane.calls, lane.lines, lane.messages, lane.faults];
  let best: number | undefined;
  for (const list of lists) {
    const at = direction > 0 ? list.lastUntil(tick) + 1 : lastBefore(list, tick);
    if (at < 0 || at >= list.length) continue;
    const time = list.starts[at];
    if (best === undefined || (direction > 0 ? time < best : time > best)) best = time;
  }
  return best;
}

/** The last span that starts before `tick`. */
function lastBefore(list: Spans, tick: number): number {
  let at = list.lastUntil(tick);
  while (at >= 0 && list.starts[at] >= tick) at--;
  return at;
}
