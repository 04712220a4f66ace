/** Publish/subscribe inside the kernel: as a graph, as the hash table and the queue in memory, and as a table. */
import { useState } from "react";
import { useMachine } from "../../store/react";
import { Empty, Panel } from "../../widgets/Panel";
import { useCalmFrame } from "../common/calm";
import { Choice, Toggle } from "../common/Choice";
import { Channels } from "./Channels";
import { GraphView } from "./GraphView";
import { HashView } from "./HashView";
import { QueueView } from "./QueueView";
import { TopicTable } from "./TopicTable";
import "./topics.css";

type Shape = "graph" | "hash" | "queue" | "table" | "channels";

const shapes: readonly (readonly [Shape, string])[] = [
  ["graph", "graph"],
  ["hash", "hash table"],
  ["queue", "queue"],
  ["table", "table"],
  ["channels", "other ways"],
];

export function TopicsPanel() {
  const view = useCalmFrame("topics");
  const table = useCalmFrame("processes");
  const channels = useCalmFrame("channels");
  const [shape, setShape] = useState<Shape>("graph");
  /** Undefined: the kernel's own topics are shown until there are others. */
  const [system, setSystem] = useState<boolean>();
  if (!view) return <Waiting />;
  const shown = system ?? view.topics.every((topic) => topic.reserved);
  const actions = (
    <>
      <Choice label="View of the topics" options={shapes} value={shape} onChange={setShape} />
      <Toggle on={shown} onChange={setSystem} title="Show the kernel's own topics (below 256)">
        system
      </Toggle>
    </>
  );
  return (
    <Panel name="Topics" actions={actions} scroll={shape !== "graph"}>
      {shape === "graph" && <GraphView view={view} table={table} showSystem={system} />}
      {shape === "hash" && <HashView view={view} showSystem={shown} />}
      {shape === "queue" && <QueueView view={view} />}
      {shape === "table" && <TopicTable view={view} showSystem={shown} />}
      {shape === "channels" && <Channels view={channels} />}
      {view.note && <Empty>{view.note}</Empty>}
    </Panel>
  );
}

function Waiting() {
  const power = useMachine((state) => state.status.power);
  return (
    <Panel name="Topics">
      <Empty>
        {power === "off"
          ? "Power the machine on: topics, their subscribers and the messages between them appear here."
          : "The kernel has not set up its topic table yet. It does so before its first process; a foreign disk image has none."}
      </Empty>
    </Panel>
  );
}
