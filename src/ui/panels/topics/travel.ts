/**
 * Messages as dots that travel along the edges: one along the publisher's edge, then one along the edge of each subscriber it was
 * delivered to. Bounded: what is already crowded gets no more dots.
 */
import type { TraceIndex } from "../../derived/index";
import type { ProcessKey } from "../../../worker/protocol";
import { publishEdgeId, subscribeEdgeId } from "./graph";

export const TRAVEL_MS = 480;
export const MOST_DOTS = 48;
/** Dots on one edge follow each other at least this far apart. */
const SPACING_MS = 90;

export interface Dot {
  readonly edge: string;
  /** Whose message it is: gives the colour. */
  readonly from: ProcessKey;
  readonly start: number;
}

export class Travel {
  dots: Dot[] = [];
  private nextMessage = 0;
  private nextDelivery = 0;
  private rebuilt = -1;
  private readonly lastOn = new Map<string, number>();

  /** What was there before is no news. */
  skip(index: TraceIndex): void {
    this.nextMessage = index.messages.length;
    this.nextDelivery = index.messages.deliveries.length;
    this.rebuilt = index.rebuilt;
    this.dots = [];
    this.lastOn.clear();
  }

  /** Dots for what came since the last call. */
  advance(index: TraceIndex, now: number): void {
    if (this.rebuilt !== index.rebuilt) this.skip(index);
    this.dots = this.dots.filter((dot) => dot.start + TRAVEL_MS > now);
    const { rows, deliveries } = index.messages;
    const firstNew = this.nextMessage;
    // More than a picture can hold came at once: only the latest are shown.
    for (let row = Math.max(firstNew, rows.length - MOST_DOTS); row < rows.length; row++)
      this.add(publishEdgeId(rows.columns.topic[row], publisher(index, row)), publisher(index, row), now);
    for (let at = Math.max(this.nextDelivery, deliveries.length - MOST_DOTS); at < deliveries.length; at++) {
      const message = deliveries.columns.message[at];
      const to = { pid: deliveries.columns.pid[at], generation: deliveries.columns.generation[at] };
      const start = message >= firstNew ? now + TRAVEL_MS : now;
      this.add(subscribeEdgeId(rows.columns.topic[message], to), publisher(index, message), start);
    }
    this.nextMessage = rows.length;
    this.nextDelivery = deliveries.length;
  }

  private add(edge: string, from: ProcessKey, start: number): void {
    const last = this.lastOn.get(edge);
    if (this.dots.length >= MOST_DOTS || (last !== undefined && Math.abs(start - last) < SPACING_MS)) return;
    this.lastOn.set(edge, start);
    this.dots.push({ edge, from, start });
  }
}

function publisher(index: TraceIndex, row: number): ProcessKey {
  const { columns } = index.messages.rows;
  return { pid: columns.pid[row], generation: columns.generation[row] };
}
