/** Every message from its publisher to each subscriber, as a sequence diagram. */
import { useState } from "react";
import { traceIndex } from "../../derived/index";
import { selectionStore, selectProcess, selectTopic, setCursor } from "../../store/selection";
import { useMachine } from "../../store/react";
import { Empty, Panel } from "../../widgets/Panel";
import { useCalmTrace } from "../common/calm";
import { Toggle } from "../common/Choice";
import { grouped } from "../common/format";
import { Diagram } from "./Diagram";
import { rowsShown } from "./layout";
import { MessageTable } from "./MessageTable";
import { describe } from "./words";
import "./messages.css";

export function MessagesPanel() {
  useCalmTrace();
  const index = traceIndex.update();
  const { messages } = index;
  const [table, setTable] = useState(false);
  const [system, setSystem] = useState(true);
  const [hovered, setHovered] = useState<number>();
  const [pin, setPin] = useState<{ row: number; rebuilt: number }>();
  const rows = rowsShown(messages, system);
  // Rows are counted anew after the store dropped old records.
  const pinned = pin?.rebuilt === index.rebuilt ? pin.row : undefined;
  const onPin = (row: number): void => {
    if (row === pinned) return setPin(undefined);
    const message = messages.at(row);
    setPin({ row, rebuilt: index.rebuilt });
    setCursor(message.time);
    selectTopic(message.topic);
    if (message.from.pid !== 0) selectProcess(message.from);
    else if (message.deliveries[0] && !selectionStore.getState().process) selectProcess(message.deliveries[0].to);
  };
  const actions = (
    <>
      <Toggle on={system} onChange={setSystem} title="Also messages on the kernel's own topics (below 256)">
        system
      </Toggle>
      <Toggle on={table} onChange={setTable} title="The same as a table">
        table
      </Toggle>
    </>
  );
  const told =
    pinned ?? (hovered !== undefined && hovered >= rows[0] && hovered <= rows[rows.length - 1] ? hovered : undefined);
  return (
    <Panel
      name="Messages"
      actions={actions}
      note={messages.length > 0 ? `${grouped(messages.length)} messages` : undefined}
      scroll={table || rows.length === 0}
    >
      {rows.length === 0 && <Nothing hidden={messages.length} />}
      {rows.length > 0 && table && <MessageTable messages={messages} rows={rows} pinned={pinned} onPin={onPin} />}
      {rows.length > 0 && !table && (
        <>
          <Diagram messages={messages} rows={rows} pinned={pinned} onHover={setHovered} onPin={onPin} />
          <Telling row={told} />
        </>
      )}
    </Panel>
  );
}

function Telling({ row }: { row: number | undefined }) {
  if (row === undefined)
    return (
      <div className="telling dim">
        Point at a message for its story; a click keeps it and moves the time cursor there.
      </div>
    );
  const { title, deliveries } = describe(traceIndex.messages.at(row));
  return (
    <div className="telling">
      <div>{title}</div>
      <ul>
        {deliveries.slice(0, 4).map((text) => (
          <li key={text}>{text}</li>
        ))}
        {deliveries.length > 4 && <li>and {deliveries.length - 4} more</li>}
      </ul>
    </div>
  );
}

function Nothing({ hidden }: { hidden: number }) {
  const power = useMachine((state) => state.status.power);
  if (power === "off") return <Empty>Power the machine on: each message that is published gets a row here.</Empty>;
  if (hidden > 0)
    return <Empty>Only the kernel itself has published so far: press “system” to see those messages.</Empty>;
  return (
    <Empty>
      No message yet. Press a key in the console: the keyboard driver publishes it on topic 1, and the shell receives
      it. Or type <code>pub 300 hello</code>, or <code>run</code> programs that talk.
    </Empty>
  );
}
