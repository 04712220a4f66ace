/** What must hold at every instant of the model, and at its end. */
import type { State } from "./state";

/** References that somebody holds: the queue, the one being served, mailbox slots, and threads with a message in hand. */
function holders(state: State): number[] {
  const count = state.messages.map(() => 0);
  for (const message of state.queue) count[message]++;
  for (const { message, serving } of state.threads) {
    if (message >= 0) count[message]++;
    if (serving) count[serving.message]++;
  }
  for (const { waiting } of state.subscriptions) for (const message of waiting) count[message]++;
  return count;
}

const ascending = (numbers: readonly number[]) => numbers.every((n, i) => i === 0 || n > numbers[i - 1]);

/** Returns what is wrong, or undefined. */
export function problemAt(state: State): string | undefined {
  const held = holders(state);
  for (const [index, { references }] of state.messages.entries())
    if (references !== held[index]) return `a message has ${references} references, ${held[index]} are held`;
  if (!ascending(state.queue.map((message) => state.messages[message].sequence))) return "the queue is not in order";
  for (const { taken, waiting, blocked, subscribed, over } of state.subscriptions) {
    const numbers = [...taken, ...waiting.map((message) => state.messages[message].sequence)];
    if (!ascending(numbers)) return "a subscriber sees messages out of order, or twice";
    if (blocked && waiting.length > 0) return "a receiver sleeps and its message is there";
    if ((over || !subscribed) && waiting.length > 0) return "something was delivered after the subscription's end";
  }
  return undefined;
}

/** What must hold when nobody can do anything any more. */
export function problemAtEnd(state: State): string | undefined {
  if (state.lock !== -1) return "somebody went away with the lock";
  if (state.queue.length > 0) return "a notification was never served";
  for (const { kind, step } of state.threads)
    if (step !== "over" && kind !== "point" && step !== "blocked") return `a ${kind} stands still at ${step}`;
  for (const { served, taken, dropped, discarded, waiting } of state.subscriptions)
    if (served !== taken.length + dropped + discarded + waiting.length) return "a message is lost and not counted";
  for (const [index, one] of state.messages.entries())
    if (
      one.exitEvent &&
      state.messages.some(
        ({ publisher, sequence }, other) => other !== index && publisher === one.publisher && sequence > one.sequence,
      )
    )
      return "a message of a dead process comes after the event of its end";
  return undefined;
}
