/**
 * A model of how a message gets from its publisher to its subscribers, small enough to look at every order in which things can
 * happen. Written from src/herald/kernel: notify.c, topic.c, mailbox.c, process.c; the steps have the names of the functions.
 *
 * What one step is: everything between two instants at which something else may come in. While mutex_lock is held that is an
 * interrupt only; an interrupt handler's own work and what is done with interrupts off is one step.
 */

export interface Message {
  /** As the kernel counts them. */
  references: number;
  /** Position in the total order; 0 before it has one. */
  sequence: number;
  /** Index of the thread that published it, -1 for an interrupt. */
  publisher: number;
  /** The event that its publisher has ended. */
  exitEvent: boolean;
}

export interface Subscription {
  subscribed: boolean;
  /** unsubscribe has returned, or the process is gone. */
  over: boolean;
  depth: number;
  policy: "oldest" | "newest";
  reserved: boolean;
  /** Messages in its slots, oldest first. */
  waiting: number[];
  /** Sequence numbers of what its process has taken. */
  taken: number[];
  dropped: number;
  /** Thrown away unread when the subscription ended. */
  discarded: number;
  /** Served while it was subscribed. */
  served: number;
  /** Its process is blocked in receive. */
  blocked: boolean;
  condemned: boolean;
}

/** topic_serve on its way: who is still to be reserved for, then who is still to be served. */
export interface Serving {
  message: number;
  phase: "reserve" | "deliver";
  next: number;
  /** Deliveries and drops of this message, by subscription. */
  outcome: number[];
  /** Who was subscribed when it began. */
  subscribers: boolean[];
}

export type Kind = "publisher" | "interrupt" | "point" | "receiver" | "killer";

export interface Thread {
  kind: Kind;
  step: string;
  /** Where it goes on after notify_dispatch. */
  after: string;
  serving: Serving | null;
  /** Messages to publish, receives to make, interrupts to come. */
  left: number;
  /** The message it holds a reference to, or -1. */
  message: number;
  /** Receiver, killer: index of the subscription. */
  subscription: number;
}

export interface State {
  /** Index of the thread that holds mutex_lock, or -1. */
  lock: number;
  sequence: number;
  /** The notification queue. */
  queue: number[];
  /** WORK_NOTIFY */
  work: boolean;
  messages: Message[];
  subscriptions: Subscription[];
  threads: Thread[];
}

/** Ways to get it wrong, each of which the invariants must notice. */
export type Mistake =
  | "none"
  /** The lock is given up between reserving and serving. */
  | "unlock while serving"
  /** receive looks before it takes the lock, and blocks without a second look. */
  | "look before the lock"
  /** A mailbox slot does not count as a reference. */
  | "slot without a reference"
  /** The number in the total order is given before the message joins the queue, with interrupts on. */
  | "number before the queue"
  /** The end of a subscription leaves what waits in its slots. */
  | "leave what waits"
  /** A delivery does not wake its receiver. */
  | "wake nobody";

export interface Plan {
  publishers: readonly number[];
  interrupts: number;
  receivers: readonly { receives: number; depth: number; policy: "oldest" | "newest" }[];
  /** Does somebody kill the first receiver? */
  kill: boolean;
  mistake: Mistake;
}

const thread = (kind: Kind, left: number, subscription = -1): Thread => ({
  kind,
  step: kind === "publisher" ? "message_allocate" : "mutex_acquire",
  after: "",
  serving: null,
  left,
  message: -1,
  subscription,
});

export function begin(plan: Plan): State {
  return {
    lock: -1,
    sequence: 0,
    queue: [],
    work: false,
    messages: [],
    subscriptions: plan.receivers.map(({ depth, policy }) => ({
      subscribed: true,
      over: false,
      depth,
      policy,
      reserved: false,
      waiting: [],
      taken: [],
      dropped: 0,
      discarded: 0,
      served: 0,
      blocked: false,
      condemned: false,
    })),
    threads: [
      ...plan.publishers.map((count) => thread("publisher", count)),
      ...plan.receivers.map(({ receives }, index) => thread("receiver", receives, index)),
      ...(plan.interrupts ? [thread("interrupt", plan.interrupts)] : []),
      ...(plan.kill ? [thread("killer", 1, 0)] : []),
      thread("point", 1),
    ],
  };
}
