/** Message queues and segments as the lens reads them, while the guest's own bench uses them. */
import { describe, expect, it } from "vitest";
import { constants, structs } from "../../src/herald/layout";
import { readChannels } from "../../src/lens/channels";
import { builtinScenarios } from "../../src/scenario/builtin";
import { Page } from "../worker/page";
import { HandMadeGuest } from "./guest";

/** A machine in which the bench sends to three receivers, one message at a time. */
function whileTalking(model: string) {
  const page = new Page(0).open({ ...builtinScenarios[0], programs: [], run: [`bench ${model} 64 3 1 100000`] });
  page.send({ kind: "view", view: { panels: ["topics"], syntax: "intel" } }, { kind: "runTo", tick: 10_000_000 });
  const { channels, processes } = page.pass(10_000).frame();
  const benches = processes!.processes
    .filter((one) => one.name === "bench")
    .map(({ pid, generation }) => ({ pid, generation }));
  expect(benches.length).toBe(4);
  return { channels: channels!, publisher: benches[0], receivers: benches.slice(1) };
}

describe("the other ways to talk", () => {
  it("queues: one for each receiver, open in it and in the publisher, and all have had the same messages", () => {
    const { channels, publisher, receivers } = whileTalking("queue");
    expect(channels.note).toBeUndefined();
    expect(channels.queues.map((queue) => queue.users)).toEqual(receivers.map((one) => [publisher, one]));
    const sent = channels.queues.map((queue) => queue.sent);
    expect(Math.min(...sent)).toBeGreaterThan(100);
    expect(Math.max(...sent) - Math.min(...sent)).toBeLessThanOrEqual(1);
    for (const { count, depth, bytes, receivers: waiting, senders } of channels.queues) {
      expect(bytes).toBe(count * 64);
      expect(count).toBeLessThanOrEqual(depth);
      // Nobody waits for what is there.
      expect(waiting.length === 0 || count === 0).toBe(true);
      expect(senders.length === 0 || count === depth).toBe(true);
    }
  });

  it("segments: attached in all of them at one address; who waits is one of them", () => {
    const { channels, publisher, receivers } = whileTalking("shared");
    expect(channels.note).toBeUndefined();
    expect(channels.segments.length).toBe(2);
    for (const { users, waiters, address, bytes } of channels.segments) {
      expect(users).toEqual([publisher, ...receivers]);
      expect(bytes % constants.PAGE_SIZE).toBe(0);
      expect((address - constants.SEGMENT_BASE) % BigInt(constants.SEGMENT_MAX)).toBe(0n);
      for (const waiter of waiters) expect(users).toContainEqual(waiter);
    }
  });

  it("of a kernel that is not there, or of a damaged table, are none, with a note", () => {
    const guest = new HandMadeGuest();
    expect(readChannels(guest.memory())).toEqual({ queues: [], segments: [] });
    const table = guest.place(8 * constants.MAX_QUEUES, "queue_table");
    guest.u64(table + 16n, 0xdead_beef_0000n);
    const queue = guest.place(structs.message_queue.size);
    guest.set(queue, structs.message_queue, "number", 7);
    guest.u64(table + 24n, queue);
    const { queues, note } = readChannels(guest.memory());
    expect(queues).toMatchObject([{ number: 7, users: [], senders: [], receivers: [] }]);
    expect(note).toMatch(/slot 2 of queue_table.*not yet built/);
  });
});
