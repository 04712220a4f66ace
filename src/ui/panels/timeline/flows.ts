/** What is drawn as lines between lanes: messages from publisher to receiver, and for the selected process who woke it and whom it woke. */
import { traceNames, type ProcessKey } from "../../../worker/protocol";
import type { Lane } from "../../derived/index";
import { sameProcess } from "../../store/selection";
import { trace } from "../../store/trace";
import { sceneEnd, type Scene } from "./scene";

export interface Flow {
  readonly kind: "message" | "wake";
  readonly from: number;
  readonly to: number;
  /** Tops of the two rows. */
  readonly fromTop: number;
  readonly toTop: number;
  /** 0 to 1. */
  readonly emphasis: number;
}

/** More lines than this are a tangle: then only those of the selected process are drawn. */
const MOST_FLOWS = 160;
/** The same on a narrow canvas: pixels per line. */
const PIXELS_PER_FLOW = 9;
/** Messages looked at per drawing. */
const MOST_MESSAGES = 4000;

/** Lines that touch the time shown, from the publish to where the receiver took the message (or to its mailbox, until then). */
export function flowsOf(scene: Scene): Flow[] {
  const { messages } = scene.index;
  const { columns } = messages.rows;
  const end = sceneEnd(scene);
  const from = messages.rowAt(scene.view.start - scene.view.span / 2);
  const until = Math.min(messages.rowAt(end), from + MOST_MESSAGES);
  const tops = rowTops(scene);
  const crowded = until - from > Math.min(MOST_FLOWS, scene.width / PIXELS_PER_FLOW);
  const only = crowded ? scene.selected : undefined;
  if (crowded && !only) return [];
  const flows: Flow[] = [];
  for (let row = from; row < until && flows.length < MOST_FLOWS; row++) {
    const publisher = { pid: columns.pid[row], generation: columns.generation[row] };
    const fromTop = publisher.pid === 0 ? tops("irq") : tops(publisher);
    if (fromTop === undefined) continue;
    for (let at = columns.firstDelivery[row]; at >= 0; at = messages.deliveries.columns.next[at]) {
      const delivery = messages.delivery(at);
      const mine = sameProcess(publisher, scene.selected) || sameProcess(delivery.to, scene.selected);
      const toTop = tops(delivery.to);
      if (toTop === undefined || delivery.state === "dropped" || (only && !mine)) continue;
      const to = delivery.taken ?? delivery.delivered;
      if (to < scene.view.start || toTop === fromTop) continue;
      flows.push({
        kind: "message",
        from: columns.time[row],
        to,
        fromTop,
        toTop,
        emphasis: !scene.selected || mine ? 0.85 : 0.2,
      });
    }
  }
  return flows;
}

/** Where the lane of a process is, undefined when it is not shown. A record may not tell the generation: then any will do. */
function rowTops(scene: Scene): (of: ProcessKey | "irq") => number | undefined {
  const isOf = (key: ProcessKey | undefined, of: ProcessKey): boolean =>
    of.generation === 0 ? key?.pid === of.pid : sameProcess(key, of);
  return (of) => scene.layout.rows.find((row) => (of === "irq" ? !row.lane : isOf(row.lane?.key, of)))?.top;
}

/** Wakes drawn at once, per lane. */
const MOST_WAKES = 100;

/**
 * From the waker, or from the interrupts where a time-out woke, to the slice that the woken process got: those that concern the selected
 * process.
 */
export function wakesOf(scene: Scene, columns = trace.columns, base = trace.first): Flow[] {
  if (!scene.selected) return [];
  const flows: Flow[] = [];
  const tops = rowTops(scene);
  for (const { lane, top } of scene.layout.rows) {
    if (!lane) continue;
    const mine = sameProcess(lane.key, scene.selected);
    const first = lane.wakes.firstFrom(scene.view.start);
    const last = Math.min(lane.wakes.lastUntil(sceneEnd(scene)), first + MOST_WAKES);
    for (let at = first; at <= last; at++) {
      const waker = columns.aLow[lane.wakes.records[at] - base];
      const byTime = traceNames.wakeReason[lane.wakes.tags[at]] === "timeout" || waker === 0;
      if (!mine && (byTime || waker !== scene.selected.pid)) continue;
      const fromTop = byTime ? tops("irq") : tops({ pid: waker, generation: 0 });
      const from = lane.wakes.starts[at];
      const to = nextSlice(scene, lane, from);
      if (fromTop === undefined || fromTop === top || to === undefined) continue;
      flows.push({ kind: "wake", from, to, fromTop, toTop: top, emphasis: 0.9 });
    }
  }
  return flows;
}

/** When the lane's process next got the CPU. */
function nextSlice(scene: Scene, lane: Lane, tick: number): number | undefined {
  let at = lane.slices.firstFrom(tick);
  while (at < lane.slices.length && lane.slices.starts[at] < tick) at++;
  if (at < lane.slices.length) return lane.slices.starts[at];
  const { running } = scene.index;
  return running?.lane === lane && running.start >= tick ? running.start : undefined;
}
