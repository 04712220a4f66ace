/** The table twin: the latest messages, newest first. */
import type { Messages } from "../../derived/messages";
import { publisherName, topicLabel } from "../../derived/names";
import { nameOf } from "../../store/colors";
import { grouped, instant } from "../common/format";
import { ProcessName } from "../common/ProcessName";
import { arrowText } from "./words";

const MOST_ROWS = 200;

interface Props {
  readonly messages: Messages;
  readonly rows: readonly number[];
  readonly pinned: number | undefined;
  readonly onPin: (row: number) => void;
}

export function MessageTable({ messages, rows, pinned, onPin }: Props) {
  const shown = rows.slice(-MOST_ROWS).reverse();
  return (
    <table className="grid message-table">
      <thead>
        <tr>
          <th className="n">sequence</th>
          <th className="n">published at</th>
          <th>topic</th>
          <th className="n">bytes</th>
          <th>by</th>
          <th>to, after</th>
        </tr>
      </thead>
      <tbody>
        {shown.map((row) => {
          const message = messages.at(row);
          return (
            <tr key={row} aria-current={row === pinned ? "true" : undefined} onClick={() => onPin(row)}>
              <td className="n">
                <button type="button" aria-pressed={row === pinned}>
                  {grouped(message.sequence)}
                </button>
              </td>
              <td className="n">{instant(message.time, 3)}</td>
              <td>{topicLabel(message.topic)}</td>
              <td className="n">{grouped(message.length)}</td>
              <td>
                <ProcessName of={message.from} name={publisherName(message.from)} />
              </td>
              <td className="receivers">
                {message.deliveries.length === 0 && <span className="dim">nobody</span>}
                {message.deliveries.map((delivery) => (
                  <span key={`${delivery.to.pid}.${delivery.to.generation}`} className={delivery.state}>
                    <ProcessName of={delivery.to} name={nameOf(delivery.to)} />{" "}
                    <span className="mono dim">{arrowText(message, delivery)}</span>
                  </span>
                ))}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
