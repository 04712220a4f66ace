import { describe, expect, it } from "vitest";
import { layoutGraph, pointOn, type Graph, type GraphInput } from "../../../../src/ui/panels/topics/graph";
import { Publishers } from "../../../../src/ui/panels/topics/publishers";
import { MOST_DOTS, Travel, TRAVEL_MS } from "../../../../src/ui/panels/topics/travel";
import type { SubscriberView, TopicsView } from "../../../../src/worker/protocol";
import { indexOf, pack, records, type Row } from "../../derived/records";
import { process } from "../process";

const numbered = (pid: number) => process({ pid, name: `p${pid}` });

const subscriber = (pid: number): SubscriberView => ({
  pid,
  generation: 1,
  callback: 0n,
  queued: 2,
  depth: 16,
  dropped: 0,
});

const topic = (number: number, ...pids: number[]) => ({
  topic: number,
  reserved: number < 256,
  subscribers: pids.map(subscriber),
  published: 0,
  delivered: 0,
  dropped: 0,
  retained: 0,
});

const topics = (...list: TopicsView["topics"][number][]): TopicsView => ({
  topics: list,
  buckets: [],
  bucketCount: 64,
  queue: { length: 0, capacity: 256, topics: [] },
});

const publishes = (...edges: [pid: number, topic: number][]) =>
  edges.map(([pid, number]) => ({ topic: number, from: { pid, generation: pid === 0 ? 0 : 1 }, count: 3, last: 0 }));

function graph(part: Partial<GraphInput>): Graph {
  return layoutGraph({
    view: topics(),
    processes: [1, 2, 3, 4, 5, 6].map(numbered),
    publishes: [],
    refusals: [],
    showSystem: false,
    width: 800,
    height: 500,
    ...part,
  });
}

const places = (of: Graph) => of.processes.map(({ id, side }) => `${id} ${side}`);

describe("the graph", () => {
  it("has publishers left, topics in the middle, subscribers right, and who does both right, once", () => {
    const result = graph({ view: topics(topic(300, 4, 5), topic(301, 6)), publishes: publishes([3, 300], [4, 301]) });
    expect(places(result)).toEqual(["3.1 left", "4.1 right", "5.1 right", "6.1 right"]);
    expect(result.topics.map((node) => [node.topic, node.x])).toEqual([
      [300, 400],
      [301, 400],
    ]);
    expect(result.edges.map((edge) => `${edge.kind} ${edge.id}`)).toEqual([
      "subscribe 300>4.1",
      "subscribe 300>5.1",
      "subscribe 301>6.1",
      "publish 3.1>300",
      "publish 4.1>301",
    ]);
    expect(result.processes[1]).toMatchObject({ queued: 2, depth: 16 });
  });

  it("shows the kernel's own topics, and the kernel as who publishes there, as long as there are no others", () => {
    const own = graph({ view: topics(topic(1, 4), topic(4, 3)), showSystem: undefined });
    expect(own.topics.map((node) => node.topic)).toEqual([1, 4]);
    expect(own).toMatchObject({ onlySystem: true, hidden: 0 });
    expect(own.edges.map((edge) => edge.id)).toContain("kernel>1");
    const others = graph({ view: topics(topic(1, 4), topic(300, 5)), showSystem: undefined });
    expect(others.topics.map((node) => node.topic)).toEqual([300]);
    expect(others).toMatchObject({ onlySystem: false, hidden: 1 });
  });

  it("is the same whatever order things are told in, and stays inside its frame", () => {
    const one = graph({ view: topics(topic(300, 5, 4), topic(301, 6)), publishes: publishes([4, 301], [3, 300]) });
    const other = graph({ view: topics(topic(301, 6), topic(300, 4, 5)), publishes: publishes([3, 300], [4, 301]) });
    expect(other.processes).toEqual(one.processes);
    expect(other.topics).toEqual(one.topics);
    for (const node of [...one.processes, ...one.topics]) {
      expect(node.x).toBeGreaterThan(40);
      expect(node.x).toBeLessThan(760);
      expect(node.y).toBeGreaterThan(20);
      expect(node.y).toBeLessThan(one.height - 20);
    }
  });

  it("keeps nodes where they are while only counts change, and grows when it is full", () => {
    const before = graph({ view: topics(topic(300, 4)), publishes: publishes([3, 300]) });
    const after = graph({
      view: topics(topic(300, 4)),
      publishes: publishes([3, 300]).map((edge) => ({ ...edge, count: 99 })),
    });
    expect(after.processes).toEqual(before.processes);
    const many = graph({ view: topics(...Array.from({ length: 40 }, (_, at) => topic(300 + at, 4))) });
    const ys = many.topics.map((node) => node.y);
    expect(many.height).toBeGreaterThan(2000);
    expect(Math.min(...ys.slice(1).map((y, at) => y - ys[at]))).toBeGreaterThan(many.sizes.topicHeight);
  });

  it("hides the kernel's topics unless asked, but never a refusal", () => {
    const view = topics(topic(1, 2), topic(300, 4));
    const refusals = [{ topic: 12, from: { pid: 5, generation: 1 }, count: 1, last: 0, error: 1 }];
    const result = graph({ view, refusals, publishes: publishes([0, 1]) });
    expect(result.topics.map((node) => node.topic)).toEqual([12, 300]);
    expect(result.hidden).toBe(1);
    expect(result.edges.find((edge) => edge.kind === "refused")).toMatchObject({ topic: 12, error: 1 });
    const all = graph({ view, publishes: publishes([0, 1]), showSystem: true });
    expect(places(all)).toEqual(["kernel left", "2.1 right", "4.1 right"]);
    expect(all.topics[0]).toMatchObject({ topic: 1, name: "keyboard", reserved: true });
  });

  it("keeps the last publishers that have ended, and tells a reused PID apart", () => {
    const ended = Array.from({ length: 9 }, (_, at) => ({
      topic: 300,
      from: { pid: 3, generation: 7 + at },
      count: 1,
      last: at,
    }));
    const result = graph({ view: topics(topic(300, 4)), publishes: [...ended, ...publishes([3, 300])] });
    expect(places(result)).toEqual(["3.1 left", "3.12 left", "3.13 left", "3.14 left", "3.15 left", "4.1 right"]);
    expect(result.processes.map((node) => node.ended)).toEqual([false, true, true, true, true, false]);
  });

  it("has edges that begin and end at the nodes' borders", () => {
    const { edges, processes, sizes } = graph({ view: topics(topic(300, 4)), publishes: publishes([3, 300]) });
    const publish = edges.find((edge) => edge.kind === "publish")!;
    expect(pointOn(publish.curve, 0)).toEqual({ x: processes[0].x + sizes.processWidth / 2, y: processes[0].y });
    expect(pointOn(publish.curve, 1)).toEqual({ x: 400 - sizes.topicWidth / 2, y: 250 });
  });
});

const publish = (time: number, pid: number, sequence: number): Row => [time, "publish", pid, pack(300, 8), sequence];
const deliver = (time: number, pid: number, sequence: number): Row => [time, "deliver", pid, pack(300, 1), sequence];

describe("publishers", () => {
  it("are counted once each, over many updates, and forgotten with the run", () => {
    const { trace, index } = indexOf([publish(1, 3, 1), publish(2, 3, 2), publish(3, 4, 3)]);
    const publishers = new Publishers(index).update();
    trace.append(records([publish(4, 3, 4)]));
    index.update();
    publishers.update().update();
    expect([...publishers.edges.values()].map(({ from, count, last }) => [from.pid, count, last])).toEqual([
      [3, 3, 4],
      [4, 1, 3],
    ]);
    trace.clear();
    index.update();
    expect(publishers.update().edges.size).toBe(0);
  });

  it("that were refused are counted with the error", () => {
    const { trace, index } = indexOf([
      [10, "syscall_enter", 8, 12, 0, 8],
      [11, "syscall_exit", 8, -1, 0, 8],
    ]);
    const publishers = new Publishers(index).update();
    trace.append(
      records([
        [20, "syscall_enter", 8, 12, 0, 8],
        [21, "syscall_exit", 8, -1, 0, 8],
      ]),
    );
    index.update();
    expect([...publishers.update().refused.values()]).toEqual([
      { topic: 12, from: { pid: 8, generation: 0 }, count: 2, last: 21, error: 1 },
    ]);
  });
});

describe("travelling dots", () => {
  it("go along the publisher's edge first and then along each subscriber's", () => {
    const { trace, index } = indexOf([publish(1, 3, 1)]);
    const travel = new Travel();
    travel.skip(index);
    trace.append(records([publish(5, 3, 2), deliver(6, 4, 2), deliver(7, 5, 2)]));
    travel.advance(index.update(), 1000);
    expect(travel.dots.map(({ edge, start }) => [edge, start])).toEqual([
      ["3.0>300", 1000],
      ["300>4.0", 1000 + TRAVEL_MS],
      ["300>5.0", 1000 + TRAVEL_MS],
    ]);
    travel.advance(index, 1001 + TRAVEL_MS);
    expect(travel.dots.length).toBe(2);
  });

  it("do not wait for a publish that was seen before", () => {
    const { trace, index } = indexOf([publish(1, 3, 1)]);
    const travel = new Travel();
    travel.skip(index);
    trace.append(records([deliver(6, 4, 1)]));
    travel.advance(index.update(), 1000);
    expect(travel.dots).toMatchObject([{ edge: "300>4.0", start: 1000 }]);
  });

  it("are bounded", () => {
    const { trace, index } = indexOf([]);
    const travel = new Travel();
    travel.skip(index);
    trace.append(records(Array.from({ length: 5000 }, (_, at) => publish(at, at % 60, at + 1))));
    travel.advance(index.update(), 0);
    expect(travel.dots.length).toBeLessThanOrEqual(MOST_DOTS);
  });
});
