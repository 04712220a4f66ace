/** The notification queue: one bounded FIFO for all topics. */
import type { TopicsView } from "../../../worker/protocol";
import { topicLabel } from "../../derived/names";
import { Empty } from "../../widgets/Panel";
import { plural } from "../common/format";

export function QueueView({ view }: { view: TopicsView }) {
  const { length, capacity, topics } = view.queue;
  return (
    <div className="queue">
      <p>
        <strong>{length}</strong> of {capacity} slots in use · the next to be served is first
      </p>
      <div
        className="queue-cells"
        role="img"
        aria-label={`${plural(length, "message")} waiting of at most ${capacity}`}
      >
        {Array.from({ length: capacity }, (_, slot) => (
          <i key={slot} className={slot < length ? "used" : undefined} title={slotTitle(topics, slot)} />
        ))}
      </div>
      {length === 0 ? (
        <Empty>
          Empty at this instant: the kernel serves a message as soon as it is on the way back to user mode. Pause or
          step inside a publish to see one wait.
        </Empty>
      ) : (
        <ol aria-label="Waiting messages">
          {topics.slice(0, 64).map((topic, at) => (
            <li key={at}>{topicLabel(topic)}</li>
          ))}
        </ol>
      )}
    </div>
  );
}

const slotTitle = (topics: readonly number[], slot: number): string =>
  topics[slot] === undefined ? `slot ${slot}: free` : `slot ${slot}: ${topicLabel(topics[slot])}`;
