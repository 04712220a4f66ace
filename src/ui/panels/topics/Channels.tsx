/** The other ways to talk as they stand in the kernel's tables: message queues and shared memory segments. */
import type { ChannelsView, ProcessKey, QueueView, SegmentView } from "../../../worker/protocol";
import { nameOf } from "../../store/colors";
import { selectProcess } from "../../store/selection";
import { Empty } from "../../widgets/Panel";
import { grouped, hexShort } from "../common/format";
import { ProcessName } from "../common/ProcessName";

export function Channels({ view }: { readonly view: ChannelsView | undefined }) {
  const { queues = [], segments = [], note } = view ?? {};
  if (queues.length + segments.length === 0)
    return (
      <Empty>
        No process has a message queue or a shared memory segment open. In the console,{" "}
        <code>bench queue 64 3 1 3000</code> makes queues and <code>bench shared 64 3 1 3000</code> a segment; the
        scenario “Five ways to talk” begins with them.
      </Empty>
    );
  return (
    <div className="channels">
      {queues.length > 0 && <Queues queues={queues} />}
      {segments.length > 0 && <Segments segments={segments} />}
      {note && <Empty>{note}</Empty>}
    </div>
  );
}

function Queues({ queues }: { readonly queues: readonly QueueView[] }) {
  return (
    <table className="grid" aria-label="Message queues">
      <thead>
        <tr>
          <th className="n">queue</th>
          <th>open in</th>
          <th className="n">messages</th>
          <th className="n">bytes</th>
          <th className="n">sent</th>
          <th>who waits</th>
        </tr>
      </thead>
      <tbody>
        {queues.map((queue) => (
          <tr key={queue.number}>
            <td className="n">{queue.number}</td>
            <td>
              <Who keys={queue.users} />
            </td>
            <td className="n" title={`${queue.count} of ${queue.depth} slots`}>
              <meter min={0} max={queue.depth} value={queue.count} /> {queue.count}/{queue.depth}
            </td>
            <td className="n">{grouped(queue.bytes)}</td>
            <td className="n">{grouped(queue.sent)}</td>
            <td>
              {queue.receivers.length > 0 && <span className="dim">for a message: </span>}
              <Who keys={queue.receivers} />
              {queue.senders.length > 0 && <span className="dim">for room: </span>}
              <Who keys={queue.senders} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Segments({ segments }: { readonly segments: readonly SegmentView[] }) {
  return (
    <table className="grid" aria-label="Shared memory segments">
      <thead>
        <tr>
          <th className="n">segment</th>
          <th>attached in</th>
          <th className="n">at</th>
          <th className="n">size</th>
          <th>who waits for a word of it</th>
        </tr>
      </thead>
      <tbody>
        {segments.map((segment) => (
          <tr key={segment.number}>
            <td className="n">{segment.number}</td>
            <td>
              <Who keys={segment.users} />
            </td>
            <td className="n">{hexShort(segment.address)}</td>
            <td className="n">{grouped(segment.bytes / 1024)} KiB</td>
            <td>
              <Who keys={segment.waiters} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Who({ keys }: { readonly keys: readonly ProcessKey[] }) {
  return keys.map((key) => (
    <button
      key={`${key.pid}.${key.generation}`}
      type="button"
      className="channel-user"
      title={`process ${key.pid}`}
      onClick={() => selectProcess(key)}
    >
      <ProcessName of={key} name={`${nameOf(key)} ${key.pid}`} />
    </button>
  ));
}
