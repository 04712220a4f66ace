/** The table twin of the graph. */
import type { TopicsView, TopicView } from "../../../worker/protocol";
import { traceIndex } from "../../derived/index";
import { TOPIC_RESERVED } from "../../derived/names";
import { nameOf } from "../../store/colors";
import { selectTopic } from "../../store/selection";
import { useSelection } from "../../store/react";
import { Empty } from "../../widgets/Panel";
import { useCalmTick } from "../common/calm";
import { grouped, ticksPerMs } from "../common/format";
import { ProcessName } from "../common/ProcessName";
import { ratesOf } from "./rates";

export function TopicTable({ view, showSystem }: { view: TopicsView; showSystem: boolean }) {
  const now = useCalmTick();
  const rates = ratesOf(traceIndex.update().messages, now, 1000 * ticksPerMs());
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
          <th className="n" title="Messages a second, over the last second">
            rate
          </th>
          <th className="n" title="Messages that wait in its subscribers' mailboxes">
            waiting
          </th>
          <th className="n">published</th>
          <th className="n">delivered</th>
          <th className="n">drops</th>
          <th className="n">retained</th>
        </tr>
      </thead>
      <tbody>
        {topics.map((topic) => (
          <Row key={topic.topic} topic={topic} rate={rates.get(topic.topic) ?? 0} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ topic, rate }: { topic: TopicView; rate: number }) {
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
      <td className="n">{rate > 0 ? `${grouped(rate)}/s` : ""}</td>
      <td className="n">
        {grouped(topic.subscribers.reduce((sum, { queued }) => sum + queued, 0))}
        <span className="dim">/{grouped(topic.subscribers.reduce((sum, { depth }) => sum + depth, 0))}</span>
      </td>
      <td className="n">{grouped(topic.published)}</td>
      <td className="n">{grouped(topic.delivered)}</td>
      <td className={topic.dropped > 0 ? "n lost" : "n"}>{grouped(topic.dropped)}</td>
      <td className="n">{grouped(topic.retained)}</td>
    </tr>
  );
}
