/** How often each topic is published on, out of the trace. */
import type { Messages } from "../../derived/messages";

/** Most messages looked at: what a frame can afford. With more of them in the window, the window is as long as they last. */
const MOST = 50_000;

/** Messages a second by topic, over the last `second` ticks up to `now`. */
export function ratesOf(messages: Messages, now: number, second: number, most = MOST): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  const { time, topic } = messages.rows.columns;
  const least = Math.max(0, messages.length - most);
  let row = messages.length - 1;
  for (; row >= least && time[row] > now - second; row--) counts.set(topic[row], (counts.get(topic[row]) ?? 0) + 1);
  const cut = row < least && row >= 0;
  const window = cut ? Math.max(1, now - time[row + 1]) : Math.min(second, Math.max(1, now));
  return new Map([...counts].map(([number, count]) => [number, Math.round((count * second) / window)]));
}
