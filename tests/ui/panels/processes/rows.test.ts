import { describe, expect, it } from "vitest";
import { matches, rowsOf, shareOf, sortRows, stateText } from "../../../../src/ui/panels/processes/rows";
import { indexOf, type Row } from "../../derived/records";
import { process } from "../process";

const run: readonly Row[] = [
  [0, "schedule", 1, 0, 1],
  [600, "schedule", 2, 1, 1],
  [900, "schedule", 1, 2, 1],
];

describe("the process table", () => {
  it("says what a process waits for", () => {
    expect(stateText(process({}))).toEqual({ word: "ready" });
    expect(stateText(process({ state: "blocked", waits: "topic 301" }))).toEqual({ word: "waits", tag: "301" });
    expect(stateText(process({ state: "blocked", waits: "any topic" }))).toEqual({ word: "waits", tag: "any" });
    expect(stateText(process({ state: "blocked", waits: "keyboard" }))).toEqual({ word: "waits", tag: "keyboard" });
    expect(stateText(process({ state: "blocked", waits: "the end of process 7" }))).toEqual({
      word: "waits",
      tag: "exit of 7",
    });
    expect(stateText(process({ state: "blocked", waits: "sleep" }))).toEqual({ word: "sleeps" });
    expect(stateText(process({ state: "running", callbackTopic: 300 }))).toEqual({ word: "callback", tag: "300" });
  });

  it("counts the share of the last second from the slices, the running one included", () => {
    const { index } = indexOf(run);
    expect(shareOf(process({ pid: 1 }), index, 1000, 1000)).toBeCloseTo(0.7);
    expect(shareOf(process({ pid: 1 }), index, 1000, 200)).toBeCloseTo(0.5);
    expect(shareOf(process({ pid: 2 }), index, 1000, 500)).toBeCloseTo(0.6);
  });

  it("falls back to the kernel's count where the trace knows nothing", () => {
    const { index } = indexOf(run);
    expect(shareOf(process({ pid: 9, cpuTicks: 250 }), index, 1000, 500)).toBeCloseTo(0.25);
    expect(shareOf(process({ pid: 9 }), index, 0, 500)).toBe(0);
  });

  it("is sorted by any column, equal rows by PID, and filtered by every word", () => {
    const { index } = indexOf(run);
    const processes = [
      process({ pid: 3, name: "shell", switches: 5, state: "blocked", waits: "keyboard" }),
      process({ pid: 1, name: "init", switches: 9 }),
      process({ pid: 2, name: "heater", switches: 5, kind: "program" }),
    ];
    const table = { current: 1, mutexLocked: false, quantumTicks: 0, processes };
    const rows = rowsOf(table, index, 1000, 1000);
    const pids = (some: typeof rows) => some.map((row) => row.process.pid);
    expect(pids(sortRows(rows, { column: "switches", descending: true }))).toEqual([1, 2, 3]);
    expect(pids(sortRows(rows, { column: "name", descending: false }))).toEqual([2, 1, 3]);
    expect(pids(rows.filter((row) => matches(row, "waits KEY")))).toEqual([3]);
    expect(pids(rows.filter((row) => matches(row, "program")))).toEqual([2]);
    expect(pids(rows.filter((row) => matches(row, "")))).toEqual([3, 1, 2]);
  });
});
