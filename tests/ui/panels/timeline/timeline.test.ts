import { describe, expect, it } from "vitest";
import { ConsoleLines } from "../../../../src/ui/derived/console";
import { flowsOf, wakesOf } from "../../../../src/ui/panels/timeline/flows";
import { hit, neighbour } from "../../../../src/ui/panels/timeline/hit";
import { AXIS_HEIGHT, layoutLanes } from "../../../../src/ui/panels/timeline/lanes";
import type { Scene } from "../../../../src/ui/panels/timeline/scene";
import { slicesShown, summarise } from "../../../../src/ui/panels/timeline/slices";
import * as view from "../../../../src/ui/panels/timeline/view";
import { indexOf, pack, type Row } from "../../derived/records";

const shown = (start: number, span: number, follow = false): view.TimeView => ({ start, span, follow });

function sceneOf(rows: readonly Row[], time: view.TimeView, selected?: { pid: number; generation: number }) {
  const { trace, index } = indexOf(rows);
  const layout = layoutLanes(index, time, 200);
  const extent = { first: index.firstTime, now: index.lastTime };
  const scene: Scene = {
    index,
    view: time,
    layout,
    extent,
    width: 1000,
    height: 200,
    scale: 1,
    scrollTop: 0,
    ticksPerMs: 100_000,
    selected,
  };
  return { trace, index, scene };
}

/** Process 1 runs from 0, 2 from 400, 3 from 600, 1 from 900 to now (1000); idle never. */
const three: readonly Row[] = [
  [0, "schedule", 1, 0, 1, 4],
  [400, "schedule", 2, 1, 1, 0],
  [410, "publish", 2, pack(300, 8), 1],
  [415, "deliver", 3, pack(300, 1), 1],
  [600, "schedule", 3, 2, 1, 1],
  [650, "receive", 3, pack(300, 8), 1],
  [900, "schedule", 1, 3, 1, 1],
  [1000, "irq", 1, 0, 8, 0],
];

describe("the time shown", () => {
  const extent = { first: 0, now: 10_000 };

  it("keeps the instant under the pointer when it zooms, and the right edge when it is live", () => {
    const zoomed = view.zoom(shown(1000, 1000), 0.5, 1250);
    expect([zoomed.start, zoomed.span]).toEqual([1125, 500]);
    expect(view.clampView(view.zoom(shown(0, 1000, true), 0.5, 0), extent)).toEqual(shown(9500, 500, true));
  });

  it("never shows less than the least span, nor goes far beyond what was recorded", () => {
    expect(view.zoom(shown(0, 100), 0.001, 50).span).toBe(view.LEAST_SPAN);
    expect(view.clampView(shown(50_000, 1000), extent).start).toBe(9050);
    expect(view.clampView(shown(-50_000, 1000), extent).start).toBe(-50);
    expect(view.clampView(shown(0, 1e9), extent).span).toBe(10_500);
  });

  it("leaves live following by panning back and returns to it at the right edge", () => {
    const back = view.pan(shown(9000, 1000, true), -500, extent);
    expect(back).toEqual(shown(8500, 1000));
    expect(view.pan(back, 500, extent)).toEqual(shown(9000, 1000, true));
  });

  it("moves as little as needed to show an instant", () => {
    expect(view.reveal(shown(1000, 1000), 1500)).toEqual(shown(1000, 1000));
    expect(view.reveal(shown(1000, 1000), 5000).start).toBe(4100);
    expect(view.reveal(shown(1000, 1000), 500).start).toBe(400);
  });
});

describe("the time shown at first", () => {
  it("is as long as fits while a quantum stays wide, within bounds", () => {
    expect(view.firstSpanMs(1470, 10)).toBe(1000);
    expect(view.firstSpanMs(1150, 10)).toBe(800);
    expect(view.firstSpanMs(298, 10)).toBe(200);
    expect(view.firstSpanMs(0, 10)).toBe(200);
    expect(view.firstSpanMs(1470, 1)).toBe(200);
  });
});

describe("lanes", () => {
  it("are interrupts, the processes that lived in the time shown by PID, and idle", () => {
    const rows: readonly Row[] = [
      [0, "spawn", 5, 1, 1, 2],
      [0, "spawn", 2, 1, 1, 2],
      [10, "schedule", 5, 0, 1],
      [90, "exit", 5, 0, 1],
      [90, "schedule", 0, 5, 1],
      [200, "schedule", 2, 0, 1],
    ];
    const pids = (time: view.TimeView) =>
      sceneOf(rows, time).scene.layout.rows.map((row) => row.lane?.key.pid ?? "irq");
    expect(pids(shown(0, 50))).toEqual(["irq", 2, 5, 0]);
    expect(pids(shown(100, 100))).toEqual(["irq", 2, 0]);
  });
});

describe("what is under the pointer", () => {
  const { scene } = sceneOf(three, shown(0, 1000));
  const y = (row: number): number => AXIS_HEIGHT + (row + 0.5) * scene.layout.rowHeight;

  it("is the slice, the running one too", () => {
    expect(hit(scene, 500, y(2))).toMatchObject({
      kind: "slice",
      lane: { key: { pid: 2 } },
      from: 400,
      to: 600,
      slice: 0,
    });
    expect(hit(scene, 950, y(1))).toMatchObject({ kind: "slice", from: 900, to: 1000 });
    expect((hit(scene, 950, y(1)) as { slice?: number }).slice).toBeUndefined();
    expect(hit(scene, 500, y(1))).toBeUndefined();
    expect(hit(scene, 500, 5)).toBeUndefined();
  });

  it("is an interrupt on the first lane, within reach", () => {
    expect(hit(scene, 998, y(0))).toMatchObject({ kind: "interrupt", count: 1, from: 1000 });
    expect(hit(scene, 900, y(0))).toBeUndefined();
  });

  it("is a group when slices are too short to tell apart", () => {
    const rows = Array.from({ length: 400 }, (_, at): Row => [at * 10, "schedule", at % 2, 0, 1, 0]);
    const far = sceneOf(rows, shown(0, 40_000)).scene;
    expect(hit(far, 50, AXIS_HEIGHT + 1.5 * far.layout.rowHeight)).toMatchObject({ kind: "group", count: 13 });
  });

  it("the next and the previous event of a process are found in all its lists", () => {
    const { index } = sceneOf(three, shown(0, 1000));
    const receiver = index.laneOf({ pid: 3, generation: 1 })!;
    expect(neighbour(receiver, 0, 1)).toBe(415);
    expect(neighbour(receiver, 415, 1)).toBe(600);
    expect(neighbour(receiver, 600, 1)).toBe(650);
    expect(neighbour(receiver, 650, 1)).toBeUndefined();
    expect(neighbour(receiver, 650, -1)).toBe(600);
    expect(neighbour(receiver, 415, -1)).toBeUndefined();
  });
});

describe("flows", () => {
  it("go from the publish to where the receiver took the message", () => {
    const { scene } = sceneOf(three, shown(0, 1000));
    const { rowHeight } = scene.layout;
    expect(flowsOf(scene)).toEqual([
      { kind: "message", from: 410, to: 650, fromTop: 2 * rowHeight, toTop: 3 * rowHeight, emphasis: 0.85 },
    ]);
  });

  it("fade when another process is selected and are left out when they end before the time shown", () => {
    expect(flowsOf(sceneOf(three, shown(0, 1000), { pid: 1, generation: 1 }).scene)[0].emphasis).toBe(0.2);
    expect(flowsOf(sceneOf(three, shown(700, 300)).scene)).toEqual([]);
  });

  it("are drawn for the selected process alone when there are too many", () => {
    const many = Array.from({ length: 600 }, (_, at): Row[] => [
      [1000 + at * 10, "publish", at % 2 === 0 ? 1 : 2, pack(300, 4), at + 1],
      [1001 + at * 10, "deliver", 3, pack(300, 1), at + 1],
    ]).flat();
    const rows = [...three, ...many];
    expect(flowsOf(sceneOf(rows, shown(0, 8000)).scene)).toEqual([]);
    const mine = flowsOf(sceneOf(rows, shown(0, 8000), { pid: 2, generation: 0 }).scene);
    expect(mine.length).toBe(0);
    const known = flowsOf(sceneOf(rows, shown(0, 8000), { pid: 2, generation: 1 }).scene);
    expect(known.length).toBeGreaterThan(100);
    expect(known.length).toBeLessThanOrEqual(160);
  });
});

describe("wakes", () => {
  const rows: readonly Row[] = [
    [0, "schedule", 1, 0, 1, 4],
    [100, "wake", 2, 1, 2],
    [200, "schedule", 2, 1, 1, 0],
    [300, "wake", 3, 2, 1, 1],
    [400, "schedule", 3, 2, 1, 1],
    [500, "schedule", 1, 3, 1, 1],
  ];
  const wakes = (pid?: number) => {
    const { scene, trace } = sceneOf(rows, shown(0, 1000), pid === undefined ? undefined : { pid, generation: 1 });
    return wakesOf(scene, trace.columns, trace.first).map(({ from, to, fromTop, toTop }) => [
      from,
      to,
      fromTop / scene.layout.rowHeight,
      toTop / scene.layout.rowHeight,
    ]);
  };

  it("go from the waker to the slice of the woken, for the selected process, and from the interrupts after a time-out", () => {
    expect(wakes()).toEqual([]);
    expect(wakes(1)).toEqual([[100, 200, 1, 2]]);
    expect(wakes(2)).toEqual([[100, 200, 1, 2]]);
    expect(wakes(3)).toEqual([[300, 400, 0, 3]]);
  });
});

describe("the table twin", () => {
  it("lists the slices of the time shown, oldest first, the running one last", () => {
    const { trace, index } = sceneOf(three, shown(0, 1000));
    const rows = slicesShown(trace, index, shown(450, 600));
    expect(rows.map(({ lane, from, to }) => [lane.key.pid, from, to])).toEqual([
      [2, 400, 600],
      [3, 600, 900],
      [1, 900, undefined],
    ]);
    expect(slicesShown(trace, index, shown(0, 1000), 2).map(({ from }) => from)).toEqual([600, 900]);
  });

  it("sums an area per process, busiest first", () => {
    const { index } = sceneOf(three, shown(0, 1000));
    const rows = summarise(index.lanes, { from: 300, to: 950 }, index.running, 1000);
    expect(rows.map(({ lane, count, sum, longest }) => [lane.key.pid, count, sum, longest])).toEqual([
      [3, 1, 300, 300],
      [2, 1, 200, 200],
      [1, 2, 150, 100],
    ]);
  });
});

describe("console lines", () => {
  const linesOf = (...chunks: string[]): ConsoleLines => {
    const lines = new ConsoleLines();
    for (const chunk of chunks) lines.append(new TextEncoder().encode(chunk));
    return lines;
  };
  const writes = [
    { line: 0, bytes: 21 },
    { line: 1, bytes: 16 },
    { line: 2, bytes: 19 },
  ];

  it("are found by the kernel's numbers although the boot stages wrote some before", () => {
    const lines = linesOf(
      "first sector\r\nlong mode\r\nher",
      "ald: topics ready\r\ninit: log ready\r\nProcess 1: Running\r\n",
    );
    expect(lines.text(writes[0])).toBeUndefined();
    lines.calibrate(writes);
    expect(writes.map((write) => lines.text(write))).toEqual([
      "herald: topics ready",
      "init: log ready",
      "Process 1: Running",
    ]);
    expect(lines.text({ line: 9, bytes: 4 })).toBeUndefined();
  });

  it("stay unknown when too few lengths fit", () => {
    const lines = linesOf("one\ntwo\nthree\nfour\n");
    lines.calibrate([
      { line: 0, bytes: 40 },
      { line: 1, bytes: 41 },
      { line: 2, bytes: 4 },
    ]);
    expect(lines.text({ line: 0, bytes: 4 })).toBeUndefined();
  });

  it("tell a prompt from the line that took its place", () => {
    const lines = linesOf(
      "herald: topics ready\r\ninit: log ready\r\nherald> \r\x1b[KProcess 1: Running\r\nherald> ps\r\n",
    );
    lines.calibrate(writes);
    expect(lines.text({ line: 2, bytes: 8 })).toBe("herald> ");
    expect(lines.text({ line: 2, bytes: 19 })).toBe("Process 1: Running");
    expect(lines.text({ line: 3, bytes: 1 })).toBe("herald> ps");
  });
});
