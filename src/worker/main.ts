/** The Web Worker's entry: gives the session its clock and its channel. */
import type { ToWorker } from "./protocol";
import { Session } from "./session";

/** A message to oneself comes after those that are already there, and without the delay of setTimeout(0). */
const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => waiting.shift()?.();

const session = new Session({
  now: () => performance.now(),
  post: (message, transfer) => self.postMessage(message, { transfer }),
  soon: (task) => {
    waiting.push(task);
    channel.port2.postMessage(null);
  },
  after: (milliseconds, task) => {
    setTimeout(task, Math.max(1, milliseconds));
  },
});

self.onmessage = (event: MessageEvent<ToWorker>) => session.handle(event.data);
