/** Who published what, out of the trace: the kernel keeps no such list, and receivers are never told. */
import type { ProcessKey } from "../../../worker/protocol";
import type { TraceIndex } from "../../derived/index";
import { replyTo } from "../../derived/names";

export interface PublishEdge {
  readonly topic: number;
  readonly from: ProcessKey;
  /** Messages that were accepted. */
  count: number;
  /** Tick of the last one. */
  last: number;
}

export interface RefusedEdge {
  readonly topic: number;
  readonly from: ProcessKey;
  count: number;
  last: number;
  error: number;
}

const edgeKey = (topic: number, from: ProcessKey): string => `${topic} ${from.pid}.${from.generation}`;

/** Reads each message once. */
export class Publishers {
  readonly edges = new Map<string, PublishEdge>();
  readonly refused = new Map<string, RefusedEdge>();
  private next = 0;
  private nextRefusal = 0;
  private rebuilt = -1;
  private readonly index: TraceIndex;

  constructor(index: TraceIndex) {
    this.index = index;
  }

  update(): this {
    const { index } = this;
    if (this.rebuilt !== index.rebuilt) this.restart();
    const { columns } = index.messages.rows;
    for (; this.next < index.messages.length; this.next++)
      this.add(
        columns.topic[this.next],
        { pid: columns.pid[this.next], generation: columns.generation[this.next] },
        columns.time[this.next],
      );
    const kept = index.refusalCount - index.refusals.length;
    for (let at = Math.max(this.nextRefusal - kept, 0); at < index.refusals.length; at++) {
      const { topic, from, time, error } = index.refusals[at];
      const key = edgeKey(topic, from);
      const edge = this.refused.get(key);
      if (edge) Object.assign(edge, { count: edge.count + 1, last: time, error });
      else this.refused.set(key, { topic, from, count: 1, last: time, error });
    }
    this.nextRefusal = index.refusalCount;
    return this;
  }

  private add(topic: number, from: ProcessKey, time: number): void {
    // Where replies go is no topic that anybody could subscribe to.
    if (replyTo(topic) !== undefined) return;
    const key = edgeKey(topic, from);
    const edge = this.edges.get(key);
    if (edge) {
      edge.count++;
      edge.last = time;
    } else this.edges.set(key, { topic, from, count: 1, last: time });
  }

  private restart(): void {
    this.edges.clear();
    this.refused.clear();
    this.next = 0;
    this.nextRefusal = 0;
    this.rebuilt = this.index.rebuilt;
  }
}
