/** Which messages are drawn as lines from the publisher's lane to the receiver's. */
import type { ProcessKey } from "../../../worker/protocol";
import { sameProcess } from "../../store/selection";
import { sceneEnd, type Scene } from "./scene";

export interface Flow {
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
      flows.push({ from: columns.time[row], to, fromTop, toTop, emphasis: !scene.selected || mine ? 0.85 : 0.2 });
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
