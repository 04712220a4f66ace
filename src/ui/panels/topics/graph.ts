/**
 * The graph of processes and topics: which nodes and edges there are, and where they stand. Layered and deterministic: publishers left,
 * topics in the middle, subscribers right, each column in order of its numbers; a process that does both stands right, once. So a node
 * moves only when its column gains or loses one.
 */
import type { ProcessKey, ProcessView, TopicsView } from "../../../worker/protocol";
import { titleOf } from "../../store/colors";
import { KERNEL, TOPIC_RESERVED, publisherName, topicName } from "../../derived/names";
import type { PublishEdge, RefusedEdge } from "./publishers";

const nodeName = (key: ProcessKey, alive: ProcessView | undefined): string =>
  key.pid !== 0 && alive ? titleOf(alive) : publisherName(key);

export interface ProcessNode {
  readonly id: string;
  /** It published and is no more. */
  readonly ended: boolean;
  readonly key: ProcessKey;
  readonly name: string;
  readonly side: "left" | "right";
  /** Centre. */
  readonly x: number;
  readonly y: number;
  /** Messages that wait in all its mailboxes, and what fits in. */
  readonly queued: number;
  readonly depth: number;
}

export interface TopicNode {
  readonly id: string;
  readonly topic: number;
  readonly name?: string;
  readonly reserved: boolean;
  readonly subscribers: number;
  readonly x: number;
  readonly y: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A cubic curve: start, two control points, end. */
export type Curve = readonly [Point, Point, Point, Point];

export interface Edge {
  readonly id: string;
  readonly kind: "publish" | "subscribe" | "refused";
  readonly topic: number;
  readonly process: ProcessKey;
  readonly curve: Curve;
  readonly count: number;
  /** Refused: why. */
  readonly error?: number;
}

export interface Graph {
  readonly width: number;
  readonly height: number;
  readonly processes: readonly ProcessNode[];
  readonly topics: readonly TopicNode[];
  readonly edges: readonly Edge[];
  readonly sizes: Sizes;
  /** The kernel's own topics that are left out. */
  readonly hidden: number;
  /** There is nothing but the kernel's own topics. */
  readonly onlySystem: boolean;
}

export interface Sizes {
  readonly processWidth: number;
  readonly processHeight: number;
  readonly topicWidth: number;
  readonly topicHeight: number;
}

export interface GraphInput {
  readonly view: TopicsView;
  readonly processes: readonly ProcessView[];
  readonly publishes: readonly PublishEdge[];
  readonly refusals: readonly RefusedEdge[];
  /** Undefined: the kernel's own topics are shown as long as there are no others. */
  readonly showSystem: boolean | undefined;
  readonly width: number;
  readonly height: number;
}

export const processNodeId = (key: ProcessKey): string => (key.pid === 0 ? "kernel" : `${key.pid}.${key.generation}`);
export const publishEdgeId = (topic: number, from: ProcessKey): string => `${processNodeId(from)}>${topic}`;
export const subscribeEdgeId = (topic: number, to: ProcessKey): string => `${topic}>${processNodeId(to)}`;

/** Space between nodes of a column, at least. */
const GAP = 16;
const MARGIN = 24;
/** Ended publishers that stay in the graph. */
const MOST_ENDED = 4;

function sizesFor(width: number): Sizes {
  const processWidth = Math.max(78, Math.min(124, width * 0.2));
  const topicWidth = Math.max(84, Math.min(136, width * 0.2));
  return { processWidth, processHeight: 40, topicWidth, topicHeight: Math.min(68, topicWidth * 0.55) };
}

export function layoutGraph(input: GraphInput): Graph {
  const { view, width } = input;
  const alive = new Map(input.processes.map((process) => [processNodeId(process), process]));
  const lives = (key: ProcessKey): boolean => key.pid === 0 || alive.has(processNodeId(key));
  const kept = keptEnded([...input.publishes, ...input.refusals].filter((edge) => !lives(edge.from)));
  const shows = (edge: { readonly from: ProcessKey }): boolean =>
    lives(edge.from) || kept.has(processNodeId(edge.from));
  const refusals = input.refusals.filter(shows);
  const refusedTopics = new Set(refusals.map((edge) => edge.topic));
  const seen = input.publishes.filter(shows);
  const publishes = [...seen, ...kernelsOwn(view, seen)];
  const known = new Set([
    ...view.topics.map((topic) => topic.topic),
    ...publishes.map((edge) => edge.topic),
    ...refusedTopics,
  ]);
  const onlySystem = [...known].every((topic) => topic < TOPIC_RESERVED);
  const showSystem = input.showSystem ?? onlySystem;
  // Unasked, the kernel's own are those that somebody listens to; the others would only push these off the page.
  const heard = new Set(view.topics.filter(({ subscribers }) => subscribers.length > 0).map(({ topic }) => topic));
  const showsOwn = (topic: number): boolean => showSystem && (input.showSystem === true || heard.has(topic));
  const shownTopics = [...known]
    .filter((topic) => showsOwn(topic) || topic >= TOPIC_RESERVED || refusedTopics.has(topic))
    .sort((one, other) => one - other);
  const shown = new Set(shownTopics);
  const subscriptions = view.topics
    .filter(({ topic }) => shown.has(topic))
    .flatMap(({ topic, subscribers }) => subscribers.map((subscriber) => ({ topic, subscriber })));

  const right = columnOf(subscriptions.map(({ subscriber }) => subscriber));
  const rightIds = new Set(right.map(processNodeId));
  const sources = [...publishes, ...refusals].filter(({ topic }) => shown.has(topic)).map(({ from }) => from);
  const left = columnOf(sources).filter((key) => !rightIds.has(processNodeId(key)));

  const sizes = sizesFor(width);
  const needs = (count: number, height: number): number => count * (height + GAP) + 2 * MARGIN;
  const height = Math.max(
    input.height,
    needs(shownTopics.length, sizes.topicHeight),
    needs(Math.max(left.length, right.length), sizes.processHeight),
  );
  const place = (at: number, count: number): number => MARGIN + ((at + 0.5) / count) * (height - 2 * MARGIN);
  const half = sizes.processWidth / 2 + MARGIN;

  const node = (side: "left" | "right", x: number) => (key: ProcessKey, at: number, all: readonly ProcessKey[]) => {
    const id = processNodeId(key);
    const mine = subscriptions.filter(({ subscriber }) => processNodeId(subscriber) === id);
    return {
      id,
      key,
      side,
      ended: !lives(key),
      name: nodeName(key, alive.get(id)),
      x,
      y: place(at, all.length),
      queued: mine.reduce((sum, { subscriber }) => sum + subscriber.queued, 0),
      depth: mine.reduce((sum, { subscriber }) => sum + subscriber.depth, 0),
    };
  };
  const processes = [...left.map(node("left", half)), ...right.map(node("right", width - half))];
  const topics = shownTopics.map((topic, at) => topicNode(view, topic, width / 2, place(at, shownTopics.length)));
  return {
    width,
    height,
    sizes,
    processes,
    topics,
    hidden: known.size - shown.size,
    onlySystem,
    edges: edgesOf(processes, topics, sizes, { publishes, refusals, subscriptions }),
  };
}

/** The last publishers that have ended: what they sent is still worth understanding, but not for ever. */
function keptEnded(edges: readonly { readonly from: ProcessKey; readonly last: number }[]): ReadonlySet<string> {
  const last = new Map<string, number>();
  for (const { from, last: time } of edges) {
    const id = processNodeId(from);
    last.set(id, Math.max(last.get(id) ?? 0, time));
  }
  const latest = [...last].sort(([, one], [, other]) => other - one).slice(0, MOST_ENDED);
  return new Set(latest.map(([id]) => id));
}

/** On its own topics the kernel is the publisher also before it has said anything. */
function kernelsOwn(view: TopicsView, publishes: readonly PublishEdge[]): PublishEdge[] {
  const own = view.topics.filter(({ reserved, topic }) => reserved && !publishes.some((edge) => edge.topic === topic));
  return own.map(({ topic }) => ({ topic, from: KERNEL, count: 0, last: 0 }));
}

function columnOf(keys: readonly ProcessKey[]): ProcessKey[] {
  const unique = new Map(keys.map((key) => [processNodeId(key), key.pid === 0 ? KERNEL : key]));
  return [...unique.values()].sort((one, other) => one.pid - other.pid || one.generation - other.generation);
}

function topicNode(view: TopicsView, topic: number, x: number, y: number): TopicNode {
  const known = view.topics.find((one) => one.topic === topic);
  const name = known?.name ?? topicName(topic);
  return {
    id: `topic ${topic}`,
    topic,
    ...(name !== undefined && { name: name.replaceAll("_", " ") }),
    reserved: topic < TOPIC_RESERVED,
    subscribers: known?.subscribers.length ?? 0,
    x,
    y,
  };
}

interface Relations {
  readonly publishes: readonly PublishEdge[];
  readonly refusals: readonly RefusedEdge[];
  readonly subscriptions: readonly { readonly topic: number; readonly subscriber: ProcessKey }[];
}

function edgesOf(
  processes: readonly ProcessNode[],
  topics: readonly TopicNode[],
  sizes: Sizes,
  relations: Relations,
): Edge[] {
  const processAt = new Map(processes.map((process) => [process.id, process]));
  const topicAt = new Map(topics.map((topic) => [topic.topic, topic]));
  const ends = (key: ProcessKey, number: number) => {
    const process = processAt.get(processNodeId(key));
    const topic = topicAt.get(number);
    return process && topic ? { process, topic } : undefined;
  };
  const edges: Edge[] = [];
  const add = (kind: Edge["kind"], number: number, key: ProcessKey, count: number, error?: number): void => {
    const found = ends(key, number);
    if (!found) return;
    const { process, topic } = found;
    const curve = kind === "subscribe" ? toProcess(topic, process, sizes) : toTopic(process, topic, sizes);
    const id = kind === "subscribe" ? subscribeEdgeId(number, key) : publishEdgeId(number, key);
    edges.push({
      id: kind === "refused" ? `${id} refused` : id,
      kind,
      topic: number,
      process: process.key,
      curve,
      count,
      error,
    });
  };
  for (const { topic, subscriber } of relations.subscriptions) add("subscribe", topic, subscriber, 0);
  for (const { topic, from, count } of relations.publishes) add("publish", topic, from, count);
  for (const { topic, from, count, error } of relations.refusals) add("refused", topic, from, count, error);
  return edges;
}

/** How far the curve runs level before it bends. */
const bend = (from: Point, to: Point): number => Math.max(24, Math.abs(to.x - from.x) * 0.45);

function toTopic(process: ProcessNode, topic: TopicNode, sizes: Sizes): Curve {
  const sign = process.side === "left" ? 1 : -1;
  // A process on the right publishes backwards: a little above the middle, apart from the curve on which it receives.
  const shift = process.side === "left" ? 0 : -8;
  const from = { x: process.x + (sign * sizes.processWidth) / 2, y: process.y + shift };
  const to = { x: topic.x - (sign * sizes.topicWidth) / 2, y: topic.y };
  if (sign < 0) {
    const tip = {
      x: topic.x + sizes.topicWidth * 0.27,
      y: topic.y + (process.y < topic.y ? -1 : 1) * sizes.topicHeight * 0.23,
    };
    const reach = bend(from, tip);
    return [from, { x: from.x - reach, y: from.y }, { x: tip.x + reach * 0.6, y: tip.y }, tip];
  }
  const reach = bend(from, to);
  return [from, { x: from.x + reach, y: from.y }, { x: to.x - reach, y: to.y }, to];
}

function toProcess(topic: TopicNode, process: ProcessNode, sizes: Sizes): Curve {
  const from = { x: topic.x + sizes.topicWidth / 2, y: topic.y };
  const to = { x: process.x - sizes.processWidth / 2, y: process.y };
  const reach = bend(from, to);
  return [from, { x: from.x + reach, y: from.y }, { x: to.x - reach, y: to.y }, to];
}

export const pathOf = ([a, b, c, d]: Curve): string =>
  `M${a.x.toFixed(1)} ${a.y.toFixed(1)}C${b.x.toFixed(1)} ${b.y.toFixed(1)} ${c.x.toFixed(1)} ${c.y.toFixed(1)} ${d.x.toFixed(1)} ${d.y.toFixed(1)}`;

/** The point at `t` (0 to 1) of a cubic curve. */
export function pointOn([a, b, c, d]: Curve, t: number): Point {
  const s = 1 - t;
  const [p, q, r, w] = [s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t];
  return { x: p * a.x + q * b.x + r * c.x + w * d.x, y: p * a.y + q * b.y + r * c.y + w * d.y };
}
