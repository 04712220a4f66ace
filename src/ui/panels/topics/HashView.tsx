/** The hash table as it lies in the kernel's memory: buckets, chains of topics, and each topic's list of subscribers. */
import type { SubscriberView, TopicsView, TopicView } from "../../../worker/protocol";
import { nameOf } from "../../store/colors";
import { sameProcess, selectProcess, selectTopic } from "../../store/selection";
import { useSelection } from "../../store/react";
import { Empty } from "../../widgets/Panel";
import { Dot } from "../common/ProcessName";

export function HashView({ view, showSystem }: { view: TopicsView; showSystem: boolean }) {
  const topics = new Map(view.topics.map((topic) => [topic.topic, topic]));
  const occupied = new Map(view.buckets.map(({ bucket, topics }) => [bucket, topics]));
  return (
    <div className="hash">
      <div className="hash-strip" role="img" aria-label={`${occupied.size} of ${view.bucketCount} buckets hold topics`}>
        {Array.from({ length: view.bucketCount }, (_, bucket) => (
          <i
            key={bucket}
            className={occupied.has(bucket) ? (occupied.get(bucket)!.length > 1 ? "chain" : "one") : undefined}
            title={`bucket ${bucket}: ${occupied.get(bucket)?.join(", ") ?? "empty"}`}
          />
        ))}
      </div>
      <p className="hash-note">
        bucket = (topic × 2 654 435 761 mod 2³²) ÷ 2²⁶ · {occupied.size} of {view.bucketCount} buckets in use
      </p>
      {view.buckets.length === 0 && (
        <Empty>The table is empty: a topic enters it with its first subscriber and leaves with its last.</Empty>
      )}
      <ol>
        {view.buckets.map(({ bucket, topics: chain }) => (
          <li key={bucket}>
            <span className="bucket mono">{bucket.toString().padStart(2, "0")}</span>
            <div className="hash-chain">
              {chain.map((number) => (
                <Topic key={number} topic={topics.get(number)} number={number} dim={!showSystem && number < 256} />
              ))}
            </div>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Topic({ topic, number, dim }: { topic: TopicView | undefined; number: number; dim: boolean }) {
  const selected = useSelection((state) => state.topic === number);
  return (
    <div className={`hash-topic ${dim ? "dim" : ""}`}>
      <button type="button" aria-pressed={selected} onClick={() => selectTopic(selected ? undefined : number)}>
        {number}
        {topic?.name && <small> {topic.name.replaceAll("_", " ")}</small>}
      </button>
      {topic?.subscribers.map((subscriber) => (
        <Subscriber key={`${subscriber.pid}.${subscriber.generation}`} subscriber={subscriber} />
      ))}
      {topic && topic.subscribers.length === 0 && <span className="none">no subscriber</span>}
    </div>
  );
}

function Subscriber({ subscriber }: { subscriber: SubscriberView }) {
  const selected = useSelection((state) => sameProcess(state.process, subscriber));
  const how = subscriber.callback === 0n ? "receive" : `callback ${subscriber.callback.toString(16)}`;
  return (
    <>
      <span className="link" aria-hidden="true">
        →
      </span>
      <button
        type="button"
        aria-pressed={selected}
        title={`pid ${subscriber.pid}, generation ${subscriber.generation}; ${subscriber.dropped} dropped`}
        onClick={() => selectProcess(subscriber)}
      >
        <Dot of={subscriber} />
        {nameOf(subscriber)}
        <small>
          {" "}
          {how} · {subscriber.queued}/{subscriber.depth}
        </small>
      </button>
    </>
  );
}
