/** Publish/subscribe inside the kernel: the hash table, its lists of subscribers, and the notification queue. */
import { constants, structs } from "../herald/layout";
import type { GuestMemory } from "./memory";
import { topicName, type ProcessKey } from "./processes";
import { walkList } from "./list";
import type { StructView } from "./structures";

export interface TopicsView {
  readonly topics: readonly TopicView[];
  /** Bucket number -> topics in chain order, only for occupied buckets. */
  readonly buckets: readonly { readonly bucket: number; readonly topics: readonly number[] }[];
  readonly bucketCount: number;
  readonly queue: { readonly length: number; readonly capacity: number; readonly topics: readonly number[] };
  /** Why the view may be incomplete at this instant. */
  readonly note?: string;
}

export interface TopicView {
  readonly topic: number;
  readonly name?: string;
  readonly reserved: boolean;
  readonly subscribers: readonly SubscriberView[];
  readonly published: number;
  readonly delivered: number;
  readonly dropped: number;
  readonly retained: number;
}

export interface SubscriberView extends ProcessKey {
  /** Callback address, 0 for receive. */
  readonly callback: bigint;
  readonly queued: number;
  readonly depth: number;
  readonly dropped: number;
}

type TopicStruct = StructView<keyof typeof structs.topic.fields & string>;
type QueueStruct = StructView<keyof typeof structs.notify_queue.fields & string>;

/** Most topics and subscribers put into one view: what a person can look at, and what a frame can afford. */
const MOST_TOPICS = 256;
const MOST_SUBSCRIBERS = 64;

function viewTopic(memory: GuestMemory, topic: TopicStruct, notes: string[]): TopicView {
  const id = topic.number("id");
  const name = topicName(id);
  const list = walkList(memory, topic.addressOf("subscribers"), structs.subscription, "in_topic", MOST_SUBSCRIBERS);
  if (list.note) notes.push(`topic ${id}: ${list.note}`);
  return {
    topic: id,
    ...(name !== undefined && { name }),
    reserved: id < constants.TOPIC_RESERVED,
    subscribers: list.items.map((subscription) => ({
      pid: subscription.number("pid"),
      generation: subscription.number("generation"),
      callback: subscription.big("callback"),
      queued: subscription.number("queued"),
      depth: subscription.number("depth"),
      dropped: subscription.number("dropped_total"),
    })),
    published: topic.number("published"),
    delivered: topic.number("delivered"),
    dropped: topic.number("dropped"),
    retained: topic.number("retained_count"),
  };
}

/** Topic numbers of the messages that wait, the one to be served next first. */
function queuedTopics(memory: GuestMemory, queue: QueueStruct, notes: string[]): number[] {
  const capacity = queue.number("capacity");
  if (capacity === 0 || capacity > constants.NOTIFY_CAPACITY) return [];
  const topics: number[] = [];
  const count = Math.min(queue.number("count"), capacity);
  for (let i = 0; i < count; i++) {
    const slot = queue.big("slots", (queue.number("head") + i) % capacity);
    const message = memory.structure(structs.message, slot);
    if (message) topics.push(message.number("topic"));
    else notes.push("a slot of the notification queue holds no message");
  }
  return topics;
}

/** The table as it stands in memory, or undefined before the kernel has set up its queue. */
export function readTopics(memory: GuestMemory): TopicsView | undefined {
  const table = memory.global("topic_table", structs.topic_table);
  const queue = memory.global("notify_queue", structs.notify_queue);
  if (!table || !queue || queue.number("capacity") === 0) return undefined;
  const notes: string[] = [];
  const topics: TopicView[] = [];
  const buckets: { bucket: number; topics: number[] }[] = [];
  const seen = new Set<bigint>();
  for (let bucket = 0; bucket < constants.TOPIC_BUCKETS; bucket++) {
    const chain: number[] = [];
    for (let next = table.big("buckets", bucket); next !== 0n && topics.length < MOST_TOPICS;) {
      const topic = seen.has(next) ? undefined : memory.structure(structs.topic, next);
      if (!topic) {
        notes.push(`the chain of bucket ${bucket} is broken`);
        break;
      }
      seen.add(next);
      chain.push(topic.number("id"));
      topics.push(viewTopic(memory, topic, notes));
      next = topic.big("next");
    }
    if (chain.length > 0) buckets.push({ bucket, topics: chain });
  }
  if (topics.length === MOST_TOPICS && table.number("topic_count") > MOST_TOPICS)
    notes.push(`only the first ${MOST_TOPICS} of ${table.number("topic_count")} topics`);
  return {
    topics: topics.sort((a, b) => a.topic - b.topic),
    buckets,
    bucketCount: constants.TOPIC_BUCKETS,
    queue: {
      length: queue.number("count"),
      capacity: queue.number("capacity"),
      topics: queuedTopics(memory, queue, notes),
    },
    ...(notes.length > 0 && { note: notes.slice(0, 3).join("; ") }),
  };
}
