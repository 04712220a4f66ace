/** The steps of the model: what each thread does between two instants at which something else may come in. */
import type { Mistake, State, Subscription, Thread } from "./state";

export class Violation extends Error {}

function must(condition: boolean, problem: string): asserts condition {
  if (!condition) throw new Violation(problem);
}

// ---- message.c ----

function allocate(state: State, publisher: number, exitEvent: boolean): number {
  return state.messages.push({ references: 1, sequence: 0, publisher, exitEvent }) - 1;
}

function release(state: State, message: number): void {
  must(state.messages[message].references > 0, "message_release: released too often");
  state.messages[message].references--;
}

// ---- notify.c ----

function enqueue(state: State, message: number): void {
  state.messages[message].sequence ||= ++state.sequence;
  state.queue.push(message);
  state.work = true;
}

const serve = (state: State, message: number) => ({
  message,
  phase: "reserve" as const,
  next: 0,
  outcome: state.subscriptions.map(() => 0),
  subscribers: state.subscriptions.map(({ subscribed }) => subscribed),
});

/** One turn of notify_dispatch: the next message is taken and topic_serve begins, or it is over. */
function dispatch(state: State, thread: Thread): void {
  const message = state.queue.shift();
  if (message === undefined) {
    state.work = false;
    thread.step = thread.after;
  } else {
    thread.serving = serve(state, message);
  }
}

// ---- mailbox.c ----

function reserve(state: State, subscription: Subscription): number {
  subscription.reserved = true;
  if (subscription.waiting.length < subscription.depth) return 0;
  subscription.dropped++;
  if (subscription.policy === "newest") {
    subscription.reserved = false;
    return 1;
  }
  release(state, subscription.waiting.shift()!);
  return 0;
}

function deliver(state: State, subscription: Subscription, message: number, mistake: Mistake): number {
  if (!subscription.reserved) return 0;
  subscription.reserved = false;
  must(subscription.waiting.length < subscription.depth, "mailbox_deliver: there is no free slot");
  subscription.waiting.push(message);
  if (mistake !== "slot without a reference") state.messages[message].references++;
  if (subscription.blocked && mistake !== "wake nobody") subscription.blocked = false; // announce
  return 1;
}

// ---- topic.c ----

/** The next step of topic_serve; subscriptions of other threads cannot change meanwhile, as the lock is held. */
function continueServing(state: State, index: number, mistake: Mistake): void {
  const thread = state.threads[index];
  const serving = thread.serving!;
  if (mistake === "unlock while serving" && state.lock === -1) {
    state.lock = index;
    return;
  }
  while (serving.next < state.subscriptions.length && !state.subscriptions[serving.next].subscribed) serving.next++;
  if (serving.next < state.subscriptions.length) {
    const subscription = state.subscriptions[serving.next];
    serving.outcome[serving.next] +=
      serving.phase === "reserve"
        ? reserve(state, subscription)
        : deliver(state, subscription, serving.message, mistake);
    serving.next++;
  } else if (serving.phase === "reserve") {
    serving.phase = "deliver";
    serving.next = 0;
    if (mistake === "unlock while serving") state.lock = -1;
  } else {
    serving.subscribers.forEach((subscribed, which) => {
      must(serving.outcome[which] === (subscribed ? 1 : 0), "topic_serve: somebody is partly served");
      if (subscribed) state.subscriptions[which].served++;
    });
    thread.serving = null;
    release(state, serving.message);
  }
}

// ---- the threads ----

type Steps = Readonly<Record<string, (state: State, thread: Thread, index: number, mistake: Mistake) => void>>;

const publisher: Steps = {
  message_allocate: (state, thread, index) => {
    thread.message = allocate(state, index, false);
    thread.step = "mutex_acquire";
  },
  mutex_acquire: (state, thread, index, mistake) => {
    state.lock = index;
    thread.step = "notify_try";
    if (mistake !== "number before the queue") return;
    state.messages[thread.message].sequence = ++state.sequence;
    thread.step = "notify_enqueue";
  },
  /** Only with the mistake: the number is there already. */
  notify_enqueue: (state, thread) => {
    enqueue(state, thread.message);
    thread.message = -1;
    thread.step = "notify_dispatch";
    thread.after = "mutex_release";
  },
  notify_try: (state, thread) => {
    const message = thread.message;
    thread.message = -1;
    thread.after = "mutex_release";
    if (state.queue.length > 0) {
      enqueue(state, message);
      thread.step = "notify_dispatch";
    } else {
      state.messages[message].sequence = ++state.sequence;
      thread.serving = serve(state, message);
      thread.step = "after_serving";
    }
  },
  after_serving: (state, thread) => {
    thread.step = state.work ? "notify_dispatch" : "mutex_release";
  },
  notify_dispatch: dispatch,
  mutex_release: (state, thread) => {
    state.lock = -1;
    thread.step = --thread.left > 0 ? "message_allocate" : "process_exit";
  },
  process_exit: (state, thread, index) => {
    state.lock = index;
    enqueue(state, allocate(state, index, true));
    thread.step = "notify_dispatch";
    thread.after = "scheduler_exit";
  },
  scheduler_exit: (state, thread) => {
    state.lock = -1;
    thread.step = "over";
  },
};

const interrupt: Steps = {
  mutex_acquire: (state, thread) => {
    enqueue(state, allocate(state, -1, false)); // notify_publish_kernel: it takes no lock
    thread.step = --thread.left > 0 ? "mutex_acquire" : "over";
  },
};

/** scheduler_point: whoever finds WORK_NOTIFY set and no lock held does it. */
const point: Steps = {
  mutex_acquire: (state, thread, index) => {
    state.lock = index;
    thread.step = "notify_dispatch";
    thread.after = "mutex_release";
  },
  notify_dispatch: dispatch,
  mutex_release: (state, thread) => {
    state.lock = -1;
    thread.step = "mutex_acquire";
  },
};

/** On the way back to user mode: another receive, or the end of the subscription. */
function backToUser(state: State, thread: Thread): void {
  const { condemned } = state.subscriptions[thread.subscription];
  thread.step = thread.left > 0 && !condemned ? "mutex_acquire" : "topic_unsubscribe";
}

const receiver: Steps = {
  mutex_acquire: (state, thread, index, mistake) => {
    if (mistake === "look before the lock" && state.subscriptions[thread.subscription].waiting.length === 0) {
      thread.step = "late_block";
      return;
    }
    state.lock = index;
    thread.step = "mailbox_take";
  },
  /** Only with the mistake. */
  late_block: (state, thread, index) => {
    state.lock = index;
    thread.step = "scheduler_block";
  },
  mailbox_take: (state, thread) => {
    const subscription = state.subscriptions[thread.subscription];
    const message = subscription.waiting.shift();
    thread.step = message === undefined ? (subscription.condemned ? "give_up" : "scheduler_block") : "took";
    if (message !== undefined) thread.message = message;
  },
  scheduler_block: (state, thread) => {
    state.subscriptions[thread.subscription].blocked = true;
    thread.after = "schedule";
    thread.step = state.work ? "notify_dispatch" : "schedule";
  },
  notify_dispatch: dispatch,
  schedule: (state, thread) => {
    state.lock = -1;
    thread.step = "blocked";
  },
  blocked: (state, thread, index) => {
    state.lock = index; // it was woken, and has the CPU again
    thread.step = "mailbox_take";
  },
  give_up: (state, thread) => {
    state.lock = -1;
    backToUser(state, thread);
  },
  took: (state, thread) => {
    state.lock = -1;
    thread.step = "copy_to_user";
  },
  copy_to_user: (_state, thread) => {
    thread.step = "message_release";
  },
  message_release: (state, thread) => {
    const { taken, over } = state.subscriptions[thread.subscription];
    must(!over, "receive: a message after the subscription's end");
    taken.push(state.messages[thread.message].sequence);
    release(state, thread.message);
    thread.message = -1;
    thread.left--;
    backToUser(state, thread);
  },
  topic_unsubscribe: (state, thread, index) => {
    state.lock = index;
    thread.step = "mailbox_detach";
  },
  mailbox_detach: (state, thread, _index, mistake) => {
    const subscription = state.subscriptions[thread.subscription];
    const message = mistake === "leave what waits" ? undefined : subscription.waiting.shift();
    if (message === undefined) thread.step = "unlink_subscription";
    else {
      release(state, message);
      subscription.discarded++;
    }
  },
  unlink_subscription: (state, thread) => {
    state.subscriptions[thread.subscription].subscribed = false;
    thread.step = "mutex_release";
  },
  mutex_release: (state, thread) => {
    state.lock = -1;
    state.subscriptions[thread.subscription].over = true;
    thread.step = "over";
  },
};

const killer: Steps = {
  mutex_acquire: (state, thread, index) => {
    state.lock = index;
    thread.step = "process_kill";
  },
  process_kill: (state, thread) => {
    const subscription = state.subscriptions[thread.subscription];
    subscription.condemned = true;
    subscription.blocked = false;
    thread.step = "mutex_release";
  },
  mutex_release: (state, thread) => {
    state.lock = -1;
    thread.step = "over";
  },
};

const steps: Readonly<Record<Thread["kind"], Steps>> = { publisher, interrupt, point, receiver, killer };

/** All steps there are. */
export const stepNames: readonly string[] = [...new Set(Object.values(steps).flatMap((one) => Object.keys(one)))];

/** The steps that begin with mutex_acquire: they come when nobody holds the lock. */
const needsLock = new Set([
  "mutex_acquire",
  "process_exit",
  "late_block",
  "blocked",
  "topic_unsubscribe",
  "message_release",
]);

/** May this thread be the next to do something? */
export function canStep(state: State, index: number): boolean {
  const thread = state.threads[index];
  if (thread.step === "over") return false;
  if (thread.kind === "interrupt") return true;
  if (thread.serving) return state.lock === index || state.lock === -1; // -1: only with a mistake
  if (thread.kind === "point" && thread.step === "mutex_acquire" && !state.work) return false;
  if (thread.step === "blocked" && state.subscriptions[thread.subscription].blocked) return false;
  return !needsLock.has(thread.step) || state.lock === -1;
}

export function step(state: State, index: number, mistake: Mistake): void {
  const thread = state.threads[index];
  if (thread.serving) continueServing(state, index, mistake);
  else steps[thread.kind][thread.step](state, thread, index, mistake);
}

export const stepName = (thread: Thread): string =>
  thread.serving ? `topic_serve: ${thread.serving.phase}` : thread.step;
