/**
 * Looks at Herald from outside: reads the kernel's structures in guest memory and says what does not fit together. Only valid
 * while the CPU is in ring 3 or halted: the kernel is then between two steps of its own.
 *
 * A process that was switched away inside a system call may hold references to messages in its registers (at most one for what
 * it publishes and one for what it takes); nothing else may.
 */
import { constants, enums, structs, type Struct } from "../../src/herald/layout";
import { parseMap, type HeraldMap } from "../../src/lens/map";
import { GuestMemory } from "../../src/lens/memory";
import { walkList } from "../../src/lens/list";
import type { StructView } from "../../src/lens/structures";
import type { Pc } from "../../src/pc/pc";

const state = enums.process_state.byName;
const MANY = 100_000;
const PAGE = constants.PAGE_SIZE;
const REFERENCES_IN_FLIGHT = 2;
/** Who waits for room holds what it sends. */
const holdsWhileItWaits = new Set<number>([enums.wait_reason.byName.queue, enums.wait_reason.byName.message_queue]);

type View<Name extends keyof typeof structs> = StructView<keyof (typeof structs)[Name]["fields"] & string>;

export const readMap = (json: string): HeraldMap => parseMap(JSON.parse(json));

/** Can the kernel be looked at just now? */
function isBetweenSteps(pc: Pc): boolean {
  const { cpl, halted } = pc.snapshot();
  return cpl === 3 || halted;
}

/** Runs on until the kernel can be looked at; false when that takes more than `most` ticks. */
export function runBetweenSteps(pc: Pc, most = 20_000): boolean {
  for (const limit = pc.clock + most; !isBetweenSteps(pc);)
    if (pc.clock >= limit || pc.run(pc.clock + 5).kind !== "ticks") return false;
  return true;
}

export class Inspector {
  private readonly memory: GuestMemory;
  private readonly view: DataView;
  private readonly problems: string[] = [];
  /** Message address -> references that structures hold. */
  private readonly references = new Map<bigint, number>();

  constructor(pc: Pc, map: HeraldMap) {
    const { cr3, cr4 } = pc.snapshot();
    const { ram } = pc.cpu;
    this.view = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
    this.memory = new GuestMemory(ram, map, { cr3, levels: (cr4 & 0x1000n) === 0n ? 4 : 5 });
  }

  /** Everything that is wrong; empty when all is well. */
  inspect(): readonly string[] {
    this.expect(this.symbolU32("preempt_depth") === 0, "a lock is held between two steps");
    this.queue();
    this.processes();
    this.topics();
    this.queues();
    this.messages();
    this.heap();
    this.frames();
    return this.problems;
  }

  private expect(condition: boolean, problem: string): void {
    if (!condition && this.problems.length < 20) this.problems.push(problem);
  }

  private equal(a: number, b: number, what: string): void {
    this.expect(a === b, `${what}: ${a} and ${b}`);
  }

  private symbolU32(name: string): number | undefined {
    const at = this.memory.symbol(name);
    return at === undefined ? undefined : this.memory.u32(at);
  }

  private global<Name extends keyof typeof structs>(symbol: string, name: Name): View<Name> {
    const view = this.memory.global(symbol, structs[name] as Struct);
    if (!view) throw new Error(`the kernel has no ${symbol}`);
    return view as View<Name>;
  }

  /** A list with all its links, forwards and back. */
  private list<Name extends keyof typeof structs>(
    head: bigint,
    name: Name,
    link: keyof (typeof structs)[Name]["fields"] & string,
    what: string,
  ): readonly View<Name>[] {
    const { items, note } = walkList(this.memory, head, structs[name] as Struct, link, MANY);
    this.expect(note === undefined, `${what}: ${note}`);
    let previous = head;
    for (const item of [...items.map((one) => one.addressOf(link)), head]) {
      this.expect(this.memory.u64(item + 8n) === previous, `${what}: a link back does not lead back`);
      previous = item;
    }
    return items as unknown as readonly View<Name>[];
  }

  private refer(message: bigint, from: string): void {
    this.expect(message !== 0n, `${from} refers to no message`);
    if (message !== 0n) this.references.set(message, (this.references.get(message) ?? 0) + 1);
  }

  private queue(): void {
    const queue = this.global("notify_queue", "notify_queue");
    const count = queue.number("count");
    this.expect(count <= constants.NOTIFY_CAPACITY, `the queue has ${count} notifications`);
    let last = 0n;
    let fromUsers = 0;
    for (let i = 0; i < count; i++) {
      const address = queue.big("slots", (queue.number("head") + i) % constants.NOTIFY_CAPACITY);
      this.refer(address, "the notification queue");
      const message = this.memory.structure(structs.message, address);
      if (!message) continue;
      this.expect(message.big("sequence") > last, "the notification queue is not in order");
      last = message.big("sequence");
      if ((message.number("flags") & enums.message_flag.byName.kernel) === 0) fromUsers++;
    }
    this.equal(queue.number("user_count"), fromUsers, "users' notifications");
    this.expect(queue.big("sequence") >= last, "the queue's sequence number is behind its messages");
    this.equal(Number(queue.big("serving")), 0, "a notification is being served between two steps");
  }

  private process(pid: number): View<"process"> {
    const at = this.memory.symbol("process_table")! + BigInt(pid * structs.process.size);
    return this.memory.structure(structs.process, at)!;
  }

  private processes(): void {
    const scheduler = this.global("scheduler", "scheduler");
    const ready = this.list(scheduler.addressOf("ready"), "process", "ready_link", "the ready queue");
    this.equal(ready.length, scheduler.number("ready_count"), "the ready queue's length");
    for (const process of ready)
      this.equal(process.number("state"), state.ready, `ready process ${process.number("pid")}`);
    const sleepers = this.list(scheduler.addressOf("sleepers"), "process", "sleep_link", "the sleepers");
    let time = 0n;
    for (const process of sleepers) {
      this.equal(process.number("state"), state.blocked, `sleeping process ${process.number("pid")}`);
      this.expect(process.big("wake_time") >= time, "the sleepers are not in order");
      time = process.big("wake_time");
    }
    const inReady = new Set(ready.map((process) => process.number("pid")));
    const asleep = new Set(sleepers.map((process) => process.number("pid")));
    const current = this.symbolU32("current_pid");
    for (let pid = 0; pid < constants.MAX_PROCESSES; pid++) {
      const process = this.process(pid);
      const now = process.number("state");
      this.equal(process.number("pid"), process.number("generation") ? pid : 0, "a process's own number");
      if (pid > 0) this.expect((now === state.ready) === inReady.has(pid), `process ${pid} and the ready queue`);
      this.expect((now === state.running) === (pid === current), `process ${pid} and who is on the CPU`);
      if (now === state.blocked) this.expect((process.big("wake_time") !== 0n) === asleep.has(pid), `sleeper ${pid}`);
      if (process.number("generation") > 0) this.mailbox(process, now !== state.free);
    }
  }

  /** A process's subscriptions and its mailbox. */
  private mailbox(process: View<"process">, alive: boolean): void {
    const name = `process ${process.number("pid")}`;
    const subscriptions = this.list(
      process.addressOf("subscriptions"),
      "subscription",
      "in_process",
      `${name}'s topics`,
    );
    this.equal(subscriptions.length, process.number("subscription_count"), `${name}'s subscriptions`);
    this.expect(alive || subscriptions.length === 0, `${name} is dead and subscribed`);
    for (const one of subscriptions) {
      this.equal(one.number("pid"), process.number("pid"), `a subscription of ${name}`);
      this.equal(one.number("generation"), process.number("generation"), `the generation in a subscription of ${name}`);
    }
    const mailbox = process.inner("mailbox", structs.mailbox);
    let bytes = 0;
    for (const [list, count] of [
      ["messages", "message_count"],
      ["callbacks", "callback_count"],
    ] as const) {
      const slots = this.list(mailbox.addressOf(list), "delivery", "in_mailbox", `${name}'s ${list}`);
      this.equal(slots.length, mailbox.number(count), `${name}'s ${count}`);
      for (const slot of slots) bytes += this.message(slot.big("message"))?.number("length") ?? 0;
    }
    this.equal(mailbox.number("bytes"), bytes, `${name}'s bytes`);
  }

  private message(address: bigint): View<"message"> | undefined {
    return this.memory.structure(structs.message, address);
  }

  private topics(): void {
    const table = this.global("topic_table", "topic_table");
    let topics = 0;
    let subscriptions = 0;
    for (let bucket = 0; bucket < constants.TOPIC_BUCKETS; bucket++) {
      for (let at = table.big("buckets", bucket); at !== 0n && topics < MANY;) {
        const topic = this.memory.structure(structs.topic, at);
        if (!topic) {
          this.expect(false, `bucket ${bucket} leads out of memory`);
          break;
        }
        const hash = Math.imul(topic.number("id"), 2654435761) >>> 26;
        this.equal(hash, bucket, `topic ${topic.number("id")} in its bucket`);
        topics++;
        subscriptions += this.topic(topic);
        at = topic.big("next");
      }
    }
    this.equal(table.number("topic_count"), topics, "topics");
    this.equal(table.number("subscription_count"), subscriptions, "subscriptions");
  }

  /** Returns the number of its subscribers. */
  private topic(topic: View<"topic">): number {
    const name = `topic ${topic.number("id")}`;
    const subscribers = this.list(topic.addressOf("subscribers"), "subscription", "in_topic", name);
    this.equal(topic.number("subscriber_count"), subscribers.length, `${name}'s subscribers`);
    for (const subscription of subscribers) this.subscription(subscription, topic, name);
    const retained = this.list(topic.addressOf("retained"), "message", "in_retained", `what ${name} retains`);
    this.equal(topic.number("retained_count"), retained.length, `what ${name} retains`);
    for (const message of retained) this.refer(message.address, name);
    return subscribers.length;
  }

  private subscription(subscription: View<"subscription">, topic: View<"topic">, name: string): void {
    const pid = subscription.number("pid");
    const process = this.process(pid);
    this.expect(subscription.big("topic") === topic.address, `${name}: process ${pid}'s subscription is another's`);
    this.equal(
      process.number("generation"),
      subscription.number("generation"),
      `${name}: generation of process ${pid}`,
    );
    this.expect(process.number("state") !== state.free, `${name}: its subscriber ${pid} is dead`);
    this.equal(subscription.number("reserved"), 0, `${name}: a reservation is left over`);
    const free = this.list(subscription.addressOf("free"), "delivery", "in_subscription", `${name}: free slots`);
    const waiting = this.list(subscription.addressOf("waiting"), "delivery", "in_subscription", `${name}: used slots`);
    this.equal(free.length + waiting.length, subscription.number("depth"), `${name}: slots of process ${pid}`);
    this.equal(waiting.length, subscription.number("queued"), `${name}: used slots of process ${pid}`);
    let last = 0n;
    for (const slot of waiting) {
      this.refer(slot.big("message"), name);
      this.expect(slot.big("subscription") === subscription.address, `${name}: a slot of another subscription`);
      const message = this.message(slot.big("message"));
      if (!message) continue;
      this.equal(message.number("topic"), topic.number("id"), `${name}: topic of a message`);
      this.expect(message.big("sequence") > last, `${name}: a message doubled or out of order`);
      last = message.big("sequence");
    }
    for (const slot of free) this.expect(slot.big("message") === 0n, `${name}: a free slot with a message`);
  }

  private queues(): void {
    const table = this.memory.symbol("queue_table")!;
    for (let index = 0; index < constants.MAX_QUEUES; index++) {
      const address = this.memory.u64(table + BigInt(8 * index))!;
      if (address === 0n) continue;
      const queue = this.memory.structure(structs.message_queue, address);
      if (!queue) return this.expect(false, `message queue ${index} is out of memory`);
      const depth = queue.number("depth");
      const name = `message queue ${queue.number("number")}`;
      this.expect(queue.number("count") <= depth, `${name} has more messages than slots`);
      this.expect(queue.big("users") !== 0n || queue.big("users", 1) !== 0n, `${name} has no user`);
      let bytes = 0;
      for (let i = 0; i < queue.number("count"); i++) {
        const slot = address + BigInt(structs.message_queue.size + 8 * ((queue.number("head") + i) % depth));
        const message = this.memory.u64(slot)!;
        this.refer(message, name);
        bytes += this.message(message)?.number("length") ?? 0;
      }
      this.equal(queue.number("bytes"), bytes, `${name}'s bytes`);
      for (const waiters of ["senders", "receivers"] as const)
        for (const process of this.list(queue.addressOf(waiters), "process", "ready_link", `${name}'s ${waiters}`))
          this.equal(process.number("wait_reason"), enums.wait_reason.byName.message_queue, `who waits in ${name}`);
    }
  }

  /** References that processes inside a system call may hold in their registers. */
  private inFlight(): number {
    let references = 0;
    for (let pid = 1; pid < constants.MAX_PROCESSES; pid++) {
      const process = this.process(pid);
      if (process.number("state") === state.ready) references += REFERENCES_IN_FLIGHT;
      else if (process.number("state") === state.blocked && holdsWhileItWaits.has(process.number("wait_reason")))
        references++;
    }
    return references;
  }

  /** All messages together have as many references as there are, and those in flight. */
  private messages(): void {
    for (let pid = 1; pid < constants.MAX_PROCESSES; pid++) {
      const reply = this.process(pid).big("request_reply");
      if (reply !== 0n) this.refer(reply, `process ${pid}'s reply`);
    }
    let more = 0;
    for (const [address, references] of this.references) {
      const count = this.message(address)?.number("references") ?? 0;
      this.expect(count >= references, `a message has ${count} references of ${references} there are`);
      more += count - references;
    }
    const most = this.inFlight();
    this.expect(more <= most, `messages count ${more} references that are nowhere; ${most} can be in flight`);
  }

  private heap(): void {
    const heap = this.global("heap", "heap");
    const { magic, size_class, state: use } = structs.heap_block.fields;
    const end = heap.big("end");
    let blocks = 0;
    let bytes = 0;
    for (let at = BigInt(constants.HEAP_BASE); at < end;) {
      const page = this.memory.physical(at);
      if (page === undefined) {
        this.expect(false, `the heap has a hole at ${at.toString(16)}`);
        return;
      }
      const stop = Math.min(PAGE - (page % PAGE), Number(end - at)); // no header crosses a page
      let offset = 0;
      while (offset < stop) {
        if (this.view.getUint32(page + offset + magic.offset, true) !== constants.HEAP_MAGIC)
          return this.expect(false, `the heap is not sound at ${(at + BigInt(offset)).toString(16)}`);
        const size = 32 << this.view.getUint8(page + offset + size_class.offset);
        if (this.view.getUint8(page + offset + use.offset) === enums.heap_state.byName.used) {
          blocks++;
          bytes += size;
        }
        offset += size;
      }
      at += BigInt(offset);
    }
    this.equal(heap.number("used_blocks"), blocks, "heap blocks");
    this.equal(heap.number("used_bytes"), bytes, "heap bytes");
  }

  private frames(): void {
    const frames = this.global("frame_allocator", "frame_allocator");
    const table = this.memory.physical(frames.big("frames"))!;
    const { next, use } = structs.frame_entry.fields;
    let free = 0;
    for (let at = frames.number("free_head"); at !== constants.FRAME_NONE && free < MANY; free++) {
      const entry = table + at * structs.frame_entry.size;
      if (this.view.getUint8(entry + use.offset) !== enums.frame_use.byName.free)
        return this.expect(false, `frame ${at} is not free`);
      at = this.view.getUint32(entry + next.offset, true);
    }
    this.equal(frames.number("free_count"), free, "free frames");
  }
}
