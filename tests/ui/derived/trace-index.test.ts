import { describe, expect, it } from "vitest";
import { constants, enums } from "../../../src/herald/layout";
import * as names from "../../../src/ui/derived/names";
import { marker } from "../../../src/ui/derived/index";
import { indexOf, pack, records } from "./records";

const run = (time: number, pid: number, before: number, reason: keyof typeof enums.switch_reason.byName) =>
  [time, "schedule", pid, before, 1, enums.switch_reason.byName[reason]] as const;

describe("slices", () => {
  it("run from one schedule record to the next and know why they ended", () => {
    const { index } = indexOf([
      run(100, 1, 0, "wake"),
      run(250, 2, 1, "quantum"),
      run(300, 0, 2, "block"),
      run(400, 1, 0, "wake"),
    ]);
    const [one, two, idle] = index.lanes;
    expect(index.lanes.map((lane) => lane.key)).toEqual([
      { pid: 1, generation: 1 },
      { pid: 2, generation: 1 },
      { pid: 0, generation: 1 },
    ]);
    expect([one.slices.starts[0], one.slices.ends[0], names.endingText(one.slices.tags[0])]).toEqual([
      100,
      250,
      "its quantum was used up",
    ]);
    expect([two.slices.starts[0], two.slices.ends[0], names.endingText(two.slices.tags[0])]).toEqual([
      250,
      300,
      "it waits for something",
    ]);
    expect(idle.slices.length).toBe(1);
    expect(index.running).toMatchObject({ start: 400, lane: one });
  });

  it("go on where the last frame ended, whatever the frames hold", () => {
    const rows = Array.from({ length: 500 }, (_, at) => run(at * 10, at % 3, 0, "quantum"));
    const whole = indexOf(rows).index;
    const { trace, index } = indexOf(rows.slice(0, 7));
    for (let at = 7; at < rows.length; at += 13) {
      trace.append(records(rows.slice(at, at + 13)));
      index.update();
    }
    expect(index.rebuilt).toBe(1);
    expect(index.lanes.map((lane) => [...lane.slices.starts.slice(0, lane.slices.length)])).toEqual(
      whole.lanes.map((lane) => [...lane.slices.starts.slice(0, lane.slices.length)]),
    );
  });

  it("give a reused PID a lane of its own", () => {
    const { index } = indexOf([
      [10, "spawn", 4, 1, 1, 2],
      [20, "schedule", 4, 0, 1],
      [30, "exit", 4, 0, 1],
      [30, "schedule", 0, 4, 1],
      [40, "spawn", 4, 1, 2, 2],
      [50, "schedule", 4, 0, 2],
      [60, "console_line", 4, 12, 7],
    ]);
    const [first, , second] = index.lanes;
    expect([first.key.generation, first.died, first.lines.length]).toEqual([1, 30, 0]);
    expect([second.key.generation, second.died, second.lines.length]).toEqual([2, Infinity, 1]);
    expect(index.laneOf({ pid: 4, generation: 1 })).toBe(first);
    expect(index.laneOf({ pid: 4, generation: 2 })).toBe(second);
    expect(index.laneOf({ pid: 4, generation: 3 })).toBeUndefined();
  });

  it("are read anew after the store dropped old records or the machine started again", () => {
    const { trace, index } = indexOf(
      Array.from({ length: 100 }, (_, at) => run(at, at % 2, 0, "quantum")),
      100,
    );
    trace.append(records([run(100, 0, 1, "quantum")]));
    index.update();
    expect(index.firstTime).toBe(25);
    expect(index.lanes.map((lane) => lane.slices.length)).toEqual([38, 37]);
    trace.clear();
    expect(index.update().lanes).toEqual([]);
  });
});

describe("messages", () => {
  const publish = (time: number, pid: number, topic: number, sequence: number) =>
    [time, "publish", pid, pack(topic, 8), sequence] as const;

  it("are paired by sequence number with every delivery, and with when each receiver took it", () => {
    const { index } = indexOf([
      publish(10, 3, 300, 41),
      publish(11, 0, 1, 42),
      [20, "deliver", 4, pack(300, 1), 41, 1],
      [21, "deliver", 5, pack(300, 1), 41, 0],
      [22, "deliver", 7, pack(1, 1), 42, 0],
      [30, "callback_enter", 4, pack(300, 8), 41],
      [35, "callback_return", 4, 300, 41],
      [50, "receive", 5, pack(300, 8), 41],
    ]);
    expect(index.messages.length).toBe(2);
    expect(index.messages.at(0)).toMatchObject({
      sequence: 41,
      time: 10,
      topic: 300,
      length: 8,
      from: { pid: 3 },
      deliveries: [
        { to: { pid: 4 }, callback: true, state: "taken", delivered: 20, taken: 30, returned: 35 },
        { to: { pid: 5 }, callback: false, state: "taken", delivered: 21, taken: 50 },
      ],
    });
    expect(index.messages.at(1)).toMatchObject({ from: { pid: 0, generation: 0 }, deliveries: [{ state: "waiting" }] });
    expect(index.kernelMessages.length).toBe(1);
  });

  it("of request and reply: who waits is told, and the reply is taken when the requester's call returns", () => {
    const { request, reply } = enums.system_call.byName;
    const { index } = indexOf([
      [10, "syscall_enter", 4, 300, 0, request],
      publish(12, 4, 300, 50),
      [20, "deliver", 6, pack(300, 1), 50, 0],
      [25, "receive", 6, pack(300, 8), 50],
      [30, "syscall_enter", 6, 0, 0, reply],
      publish(32, 6, constants.TOPIC_PRIVATE + 4, 51),
      [40, "syscall_exit", 4, 8, 0, request],
      publish(50, 4, 300, 52),
      [60, "syscall_enter", 4, 300, 0, request],
      [70, "syscall_exit", 4, -enums.error.byName.TIMEDOUT, 0, request],
    ]);
    expect(index.messages.at(0)).toMatchObject({ request: true, deliveries: [{ to: { pid: 6 }, taken: 25 }] });
    expect(index.messages.at(1)).toMatchObject({ request: false, deliveries: [{ to: { pid: 4 }, taken: 40 }] });
    expect(names.topicLabel(index.messages.at(1).topic)).toBe("reply to 4");
    expect(index.messages.at(2).deliveries).toEqual([]);
  });

  it("that were lost say so, and one whose publish was lost is left out", () => {
    const { index } = indexOf([
      publish(10, 3, 300, 5),
      publish(11, 3, 300, 9),
      [12, "deliver", 4, pack(300, 1), 5],
      [13, "drop", 4, pack(300, 1), 5],
      [14, "drop", 5, pack(300, 1), 9],
      [15, "deliver", 4, pack(300, 1), 7],
    ]);
    expect(index.messages.at(0).deliveries.map((one) => one.state)).toEqual(["dropped"]);
    expect(index.messages.at(1).deliveries.map((one) => one.state)).toEqual(["dropped"]);
    expect(index.messages.rowOf(9)).toBe(1);
    expect(index.messages.rowOf(7)).toBe(-1);
    expect(index.laneOf({ pid: 4, generation: 0 })?.messages.tags[1]).toBe(marker.drop);
  });

  it("that the kernel refused are kept with topic and error", () => {
    const call = enums.system_call.byName.publish;
    const { index } = indexOf([
      [10, "syscall_enter", 8, 12, 0, call],
      [11, "syscall_exit", 8, -1, 0, call],
      [20, "syscall_enter", 8, 300, 0, call],
      [21, "syscall_exit", 8, 0, 0, call],
      [30, "syscall_enter", 8, 12, 0, enums.system_call.byName.subscribe],
      [31, "syscall_exit", 8, -1, 0, enums.system_call.byName.subscribe],
    ]);
    expect(index.refusals).toEqual([{ time: 11, from: { pid: 8, generation: 0 }, topic: 12, error: 1 }]);
  });
});

describe("names", () => {
  it("are those of the layout description", () => {
    expect(names.errorName(enums.error.byName.PERM)).toBe("EPERM");
    expect(names.errorName(4000)).toBe("error 4000");
    expect(names.SYSCALL_PUBLISH).toBe(enums.system_call.byName.publish);
    expect(names.SYSCALL_REQUEST).toBe(enums.system_call.byName.request);
    expect(names.TOPIC_RESERVED).toBe(constants.TOPIC_RESERVED);
    expect(names.TOPIC_PRIVATE).toBe(constants.TOPIC_PRIVATE);
    expect([constants.TOPIC_ANY, 300].map(names.replyTo)).toEqual([undefined, undefined]);
    expect(names.topicName(enums.topic_number.byName.process_started)).toBe("process started");
    expect(names.endingText(99)).toBe("reason 99");
  });
});
