/** Processes as rectangles, topics as diamonds, and the messages between them. */
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import type { ProcessTable, TopicsView } from "../../../worker/protocol";
import { traceIndex } from "../../derived/index";
import { errorName, publisherName, topicLabel } from "../../derived/names";
import { colorOf } from "../../store/colors";
import { hoverProcess, sameProcess, selectProcess, selectTopic } from "../../store/selection";
import { useSelection, useSettings } from "../../store/react";
import { Empty } from "../../widgets/Panel";
import { useCalmTrace } from "../common/calm";
import { plural } from "../common/format";
import { Dots } from "./Dots";
import { layoutGraph, pathOf, pointOn, type Edge, type Graph, type ProcessNode, type TopicNode } from "./graph";
import { Publishers } from "./publishers";

interface Props {
  readonly view: TopicsView;
  readonly table: ProcessTable | undefined;
  /** Undefined: as long as there are no other topics. */
  readonly showSystem: boolean | undefined;
}

export function GraphView({ view, table, showSystem }: Props) {
  const version = useCalmTrace();
  const [publishers] = useState(() => new Publishers(traceIndex));
  const frame = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const graph = useMemo(() => {
    traceIndex.update();
    publishers.update();
    const input = { view, processes: table?.processes ?? [], showSystem, ...size };
    return layoutGraph({
      ...input,
      publishes: [...publishers.edges.values()],
      refusals: [...publishers.refused.values()],
    });
    // The trace is outside React: its version stands for what it holds.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [view, table, showSystem, size, publishers, version]);
  return (
    <div className="topic-graph">
      <div className="topic-canvas" ref={frame}>
        {size.width > 0 && graph.topics.length > 0 && <Drawing graph={graph} />}
        {graph.topics.length === 0 && <Nothing hidden={graph.hidden} />}
      </div>
      {graph.topics.length > 0 && graph.onlySystem && <OwnTopics />}
      <Footer view={view} graph={graph} />
    </div>
  );
}

function Nothing({ hidden }: { hidden: number }) {
  return (
    <Empty>
      No process publishes or subscribes yet. In the console, <code>run</code> one that does, or type{" "}
      <code>sub 300</code> and <code>pub 300 hello</code>.
      {hidden > 0 &&
        ` ${plural(hidden, "topic")} of the kernel itself ${hidden === 1 ? "is" : "are"} hidden: press “system”.`}
    </Empty>
  );
}

/** Under the kernel's own topics: how to get others. */
function OwnTopics() {
  return (
    <p className="topic-hint">
      The kernel&apos;s own topics. For others, in the console: <code>run sensor &amp;</code> and{" "}
      <code>run display</code>, or <code>sub 300</code> and <code>pub 300 hello</code>.
    </p>
  );
}

function Drawing({ graph }: { graph: Graph }) {
  const process = useSelection((state) => state.process);
  const topic = useSelection((state) => state.topic);
  const reducedMotion = useSettings((state) => state.reducedMotion);
  const chosen = (edge: Edge): boolean => sameProcess(edge.process, process) || edge.topic === topic;
  const some = graph.edges.some(chosen);
  return (
    <svg width={graph.width} height={graph.height} role="group" aria-label="Processes and topics">
      <defs>
        {["plain", "strong", "refused"].map((kind) => (
          <marker
            key={kind}
            id={`arrow-${kind}`}
            className={kind}
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="6"
            markerHeight="6"
            orient="auto"
          >
            <path d="M0 0l8 4-8 4z" />
          </marker>
        ))}
      </defs>
      {graph.edges.map((edge) => (
        <EdgeShape key={edge.id} edge={edge} strong={chosen(edge)} faint={some && !chosen(edge)} />
      ))}
      {graph.processes.map((node) => (
        <ProcessShape key={node.id} node={node} graph={graph} selected={sameProcess(node.key, process)} />
      ))}
      {graph.topics.map((node) => (
        <TopicShape key={node.id} node={node} graph={graph} selected={node.topic === topic} />
      ))}
      {!reducedMotion && <Dots graph={graph} />}
    </svg>
  );
}

function EdgeShape({ edge, strong, faint }: { edge: Edge; strong: boolean; faint: boolean }) {
  const marker = edge.kind === "refused" ? "refused" : strong ? "strong" : "plain";
  const middle = pointOn(edge.curve, 0.62);
  const who = publisherName(edge.process);
  const text =
    edge.kind === "subscribe"
      ? `${who} subscribes to ${topicLabel(edge.topic)}`
      : edge.kind === "publish"
        ? `${who} ${edge.count === 0 ? "publishes" : `published ${plural(edge.count, "message")}`} on ${topicLabel(edge.topic)}`
        : `${who}: publish(${edge.topic}) refused ${edge.count === 1 ? "once" : `${edge.count} times`}, ${errorName(edge.error ?? 0)}`;
  return (
    <g className={`edge ${edge.kind} ${strong ? "strong" : ""} ${faint ? "faint" : ""}`}>
      <title>{text}</title>
      <path className="reach" d={pathOf(edge.curve)} />
      <path d={pathOf(edge.curve)} markerEnd={`url(#arrow-${marker})`} />
      {edge.kind === "refused" && (
        <>
          <path className="cross" d={`M${middle.x - 6} ${middle.y - 6}l12 12M${middle.x + 6} ${middle.y - 6}l-12 12`} />
          <text x={middle.x} y={middle.y - 12}>
            {errorName(edge.error ?? 0)}
          </text>
        </>
      )}
    </g>
  );
}

const onActivate = (action: () => void) => (event: KeyboardEvent) => {
  if (event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  action();
};

function ProcessShape({ node, graph, selected }: { node: ProcessNode; graph: Graph; selected: boolean }) {
  const { processWidth: width, processHeight: height } = graph.sizes;
  const kernel = node.key.pid === 0;
  const choose = (): void => (kernel ? undefined : selectProcess(selected ? undefined : node.key));
  const filled = node.depth > 0 ? (node.queued / node.depth) * (width - 16) : 0;
  return (
    <g
      className={`node process ${selected ? "selected" : ""} ${node.ended ? "ended" : ""}`}
      transform={`translate(${node.x} ${node.y})`}
      style={{ color: colorOf(node.key) }}
      role="button"
      tabIndex={0}
      aria-pressed={selected}
      aria-label={`${node.name}${node.ended ? ", ended" : ""}${node.depth > 0 ? `, ${node.queued} of ${node.depth} messages waiting` : ""}`}
      onClick={choose}
      onKeyDown={onActivate(choose)}
      onMouseEnter={() => hoverProcess(kernel ? undefined : node.key)}
      onMouseLeave={() => hoverProcess(undefined)}
    >
      {node.depth > 0 && <title>{`mailbox: ${node.queued} of ${node.depth}`}</title>}
      <rect x={-width / 2} y={-height / 2} width={width} height={height} rx={8} />
      <text y={node.ended ? -6 : 0}>{shorten(node.name, width / 7.4)}</text>
      {node.ended && (
        <text className="below" y={10}>
          ended
        </text>
      )}
      {filled > 0 && (
        <rect className="mailbox" x={-width / 2 + 8} y={height / 2 - 7} width={Math.max(2, filled)} height={3} rx={1} />
      )}
    </g>
  );
}

const shorten = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, Math.max(1, Math.floor(most) - 1))}…`;

function TopicShape({ node, graph, selected }: { node: TopicNode; graph: Graph; selected: boolean }) {
  const { topicWidth, topicHeight } = graph.sizes;
  const [w, h] = [topicWidth / 2, topicHeight / 2];
  const choose = (): void => selectTopic(selected ? undefined : node.topic);
  const count = topicWidth < 124 ? plural(node.subscribers, "sub") : plural(node.subscribers, "subscriber");
  const below = node.name ?? (node.reserved ? "reserved" : count);
  // What is too long for the diamond stands under it.
  const fits = below.length <= topicWidth / 8.2;
  return (
    <g
      className={`node topic ${selected ? "selected" : ""} ${node.reserved ? "reserved" : ""}`}
      transform={`translate(${node.x} ${node.y})`}
      role="button"
      tabIndex={0}
      aria-pressed={selected}
      aria-label={`topic ${node.topic}${node.name ? `, ${node.name}` : ""}, ${plural(node.subscribers, "subscriber")}`}
      onClick={choose}
      onKeyDown={onActivate(choose)}
    >
      <path d={`M0 ${-h}L${w} 0L0 ${h}L${-w} 0Z`} />
      <text y={-5}>{node.topic}</text>
      <text className="below" y={fits ? 10 : h + 9}>
        {shorten(below, topicWidth / 5)}
      </text>
    </g>
  );
}

const QUEUE_CELLS = 16;

function Footer({ view, graph }: { view: TopicsView; graph: Graph }) {
  const { length, capacity } = view.queue;
  const filled = length === 0 ? 0 : Math.max(1, Math.round((length / capacity) * QUEUE_CELLS));
  const fullest = graph.processes.reduce<ProcessNode | undefined>(
    (best, node) => (node.queued > (best?.queued ?? 0) ? node : best),
    undefined,
  );
  return (
    <footer className="topic-footer">
      <span>
        queue <Bar filled={filled} of={QUEUE_CELLS} /> {length} of {capacity}
      </span>
      {fullest && (
        <span>
          {fullest.name} mailbox <Bar filled={Math.ceil((fullest.queued / fullest.depth) * 8)} of={8} />{" "}
          {fullest.queued} of {fullest.depth}
        </span>
      )}
    </footer>
  );
}

const Bar = ({ filled, of }: { filled: number; of: number }) => (
  <span aria-hidden="true">{"▪".repeat(Math.min(filled, of)) + "▫".repeat(Math.max(0, of - filled))}</span>
);
