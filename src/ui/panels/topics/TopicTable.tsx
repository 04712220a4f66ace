/** The table twin of the graph. */
import type { TopicsView, TopicView } from "../../../worker/protocol";
import { TOPIC_RESERVED } from "../../derived/names";
import { nameOf } from "../../store/colors";
import { selectTopic } from "../../store/selection";
import { useSelection } from "../../store/react";
import { Empty } from "../../widgets/Panel";
import { grouped } from "../common/format";
import { ProcessName } from "../common/ProcessName";

export function TopicTable({ view, showSystem }: { view: TopicsView; showSystem: boolean }) {
  const topics = view.topics.filter(({ topic }) => showSystem || topic >= TOPIC_RESERVED);
  if (topics.length === 0)
    return (
      <Empty>
        No topic has a subscriber
        {view.topics.length > 0 ? ", besides those of the kernel itself: press “system” to see them" : ""}.
      </Empty>
    );
  return (
    <table className="grid topics-table">
      <thead>
        <tr>
          <th className="n">topic</th>
          <th>name</th>
          <th>subscribers</th>
          <th className="n">published</th>
          <th className="n">delivered</th>
          <th className="n">drops</th>
          <th className="n">retained</th>
        </tr>
      </thead>
      <tbody>
        {topics.map((topic) => (
          <Row key={topic.topic} topic={topic} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ topic }: { topic: TopicView }) {
  const selected = useSelection((state) => state.topic === topic.topic);
  return (
    <tr aria-current={selected ? "true" : undefined} onClick={() => selectTopic(topic.topic)}>
      <td className="n">
        <button type="button" aria-pressed={selected}>
          {topic.topic}
        </button>
      </td>
      <td className="dim">{topic.name?.replaceAll("_", " ") ?? (topic.reserved ? "reserved" : "")}</td>
      <td className="topic-subscribers">
        {topic.subscribers.map((subscriber) => (
          <ProcessName key={`${subscriber.pid}.${subscriber.generation}`} of={subscriber} name={nameOf(subscriber)} />
        ))}
      </td>
      <td className="n">{grouped(topic.published)}</td>
      <td className="n">{grouped(topic.delivered)}</td>
      <td className={topic.dropped > 0 ? "n lost" : "n"}>{grouped(topic.dropped)}</td>
      <td className="n">{grouped(topic.retained)}</td>
    </tr>
  );
}
