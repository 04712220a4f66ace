import { describe, expect, it } from "vitest";
import { constants, enums, structs } from "../../src/herald/layout";
import { walkList } from "../../src/lens/list";
import { readTopics } from "../../src/lens/topics";
import { HandMadeGuest } from "./guest";

const link = BigInt(structs.subscription.fields.in_topic.offset);

function guestWithTopic() {
  const guest = new HandMadeGuest();
  const table = guest.place(structs.topic_table.size, "topic_table");
  const queue = guest.place(structs.notify_queue.size, "notify_queue");
  guest.set(queue, structs.notify_queue, "capacity", constants.NOTIFY_CAPACITY);
  const topic = guest.place(structs.topic.size);
  guest.set(topic, structs.topic, "id", 300);
  guest.set(table, structs.topic_table, "buckets", topic, 17);
  guest.set(table, structs.topic_table, "topic_count", 1);
  const subscriptions = [3, 4, 5].map((pid) => {
    const at = guest.place(structs.subscription.size);
    guest.set(at, structs.subscription, "pid", pid);
    guest.set(at, structs.subscription, "generation", 2);
    guest.set(at, structs.subscription, "depth", 16);
    return at;
  });
  const head = topic + BigInt(structs.topic.fields.subscribers.offset);
  guest.link(
    head,
    subscriptions.map((at) => at + link),
  );
  return { guest, table, queue, topic, subscriptions, head };
}

describe("lists in guest memory", () => {
  const pids = (guest: HandMadeGuest, head: bigint, most = 10) => {
    const { items, note } = walkList(guest.memory(), head, structs.subscription, "in_topic", most);
    return { pids: items.map((item) => item.number("pid")), note };
  };

  it("are read in order", () => {
    const { guest, head } = guestWithTopic();
    expect(pids(guest, head)).toEqual({ pids: [3, 4, 5], note: undefined });
  });

  it("that are empty have nothing", () => {
    const { guest, head } = guestWithTopic();
    guest.link(head, []);
    expect(pids(guest, head)).toEqual({ pids: [], note: undefined });
  });

  it("that are still zero, turn back, lead out of memory or never end give what is readable and a note", () => {
    const { guest, head, subscriptions } = guestWithTopic();
    const second = subscriptions[1] + link;
    guest.u64(second, 0n);
    expect(pids(guest, head)).toEqual({ pids: [3, 4], note: expect.stringContaining("not yet built") });
    guest.u64(second, second);
    expect(pids(guest, head)).toEqual({ pids: [3, 4], note: expect.stringContaining("turns back") });
    guest.u64(second, 0x1234_5678_9abcn);
    expect(pids(guest, head)).toEqual({ pids: [3, 4], note: expect.stringContaining("out of memory") });
    guest.u64(second, 0xffffffffffffffffn);
    expect(pids(guest, head)).toEqual({ pids: [3, 4], note: expect.stringContaining("out of memory") });
    guest.link(
      head,
      subscriptions.map((at) => at + link),
    );
    expect(pids(guest, head, 2)).toEqual({ pids: [3, 4], note: expect.stringContaining("only the first 2") });
  });
});

describe("the topic table", () => {
  it("is undefined before the kernel has set it up", () => {
    expect(readTopics(new HandMadeGuest().memory())).toBeUndefined();
    const guest = new HandMadeGuest();
    guest.place(structs.topic_table.size, "topic_table");
    guest.place(structs.notify_queue.size, "notify_queue");
    expect(readTopics(guest.memory())).toBeUndefined();
  });

  it("shows buckets, subscribers and the queue in its order", () => {
    const { guest, queue } = guestWithTopic();
    const messages = [enums.topic_number.byName.keyboard, 300, 301].map((topic) => {
      const at = guest.place(structs.message.size);
      guest.set(at, structs.message, "topic", topic);
      return at;
    });
    guest.set(queue, structs.notify_queue, "head", constants.NOTIFY_CAPACITY - 1);
    guest.set(queue, structs.notify_queue, "count", 3);
    [255, 0, 1].forEach((slot, i) => guest.set(queue, structs.notify_queue, "slots", messages[i], slot));
    const view = readTopics(guest.memory())!;
    expect(view.buckets).toEqual([{ bucket: 17, topics: [300] }]);
    expect(view.topics[0].subscribers.map(({ pid, generation }) => [pid, generation])).toEqual([
      [3, 2],
      [4, 2],
      [5, 2],
    ]);
    expect(view.topics[0].reserved).toBe(false);
    expect(view.queue).toEqual({ length: 3, capacity: 256, topics: [1, 300, 301] });
    expect(view.note).toBeUndefined();
  });

  it("ends with a note when a chain of a bucket goes round", () => {
    const { guest, topic } = guestWithTopic();
    guest.set(topic, structs.topic, "next", topic);
    const view = readTopics(guest.memory())!;
    expect(view.topics.map((one) => one.topic)).toEqual([300]);
    expect(view.note).toContain("bucket 17");
  });
});
