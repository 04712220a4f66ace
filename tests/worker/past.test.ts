/** Going to earlier instants of a run, and on from there. */
import { beforeAll, describe, expect, it } from "vitest";
import { decodeTrace, type Frame, type TraceRecord } from "../../src/worker/protocol";
import { EVERYTHING, Page } from "./page";

const text = (frame: Frame) => new TextDecoder("latin1").decode(frame.serial);

describe("the past of a run", () => {
  let page: Page;
  /** All that was told of it as it ran. */
  let serial: string;
  let trace: TraceRecord[];
  let end: number;
  let hash: string;
  const askHash = () => page.send({ kind: "hash" }).last("hash")!.hash;
  const goTo = (tick: number) => {
    page.send({ kind: "seek", tick }).pass(100_000);
    expect(page.last("reached")!.tick).toBe(tick);
    return page.frame();
  };

  beforeAll(() => {
    page = new Page().open();
    page.send({ kind: "view", view: { panels: EVERYTHING, syntax: "intel" } });
    page.runUntil("herald> ").type("ps\n").runUntil("herald> ");
    page.frame();
    serial = page.serial;
    trace = [...page.trace];
    end = page.frame().status.tick;
    hash = askHash();
  });

  it("is shown as it was: the console, the trace and every panel end there", () => {
    const middle = Math.round(end / 2);
    const frame = goTo(middle);
    expect(frame).toMatchObject({ moved: true, status: { power: "paused", tick: middle, recorded: end } });
    expect(serial.startsWith(text(frame))).toBe(true);
    expect(text(frame).length).toBeGreaterThan(200);
    expect(text(frame).length).toBeLessThan(serial.length);
    const before = trace.filter((record) => record.time <= middle);
    const told = decodeTrace(frame.trace);
    expect(told.length).toBeGreaterThan(50);
    expect(told).toEqual(before);
    expect(frame.processes!.processes.length).toBeGreaterThan(1);
    const early = goTo(100);
    expect(early.processes).toBeUndefined();
    expect(text(early)).toBe("");
    expect(early.cpu!.mode).toBe("real");
  });

  it("leads to the same present", () => {
    const frame = goTo(end);
    expect(text(frame)).toBe(serial);
    expect(askHash()).toBe(hash);
    page.send({ kind: "seek", tick: end * 2 }).pass(1000);
    expect(page.frame().status.tick).toBe(end);
  });

  it("can be entered instruction by instruction, and left the same way", () => {
    const { instructions } = page.frame().status;
    for (let back = 1; back <= 3; back++) {
      const frame = page.send({ kind: "stepBack" }).frame();
      expect(frame.status).toMatchObject({ instructions: instructions - back, recorded: end, power: "paused" });
    }
    page.send({ kind: "step", count: 3 });
    expect(page.frame().status.instructions).toBe(instructions);
    goTo(end);
    expect(askHash()).toBe(hash);
  });

  it("stays what it was while the machine goes on from it without input", () => {
    const tick = Math.round(end * 0.7);
    goTo(tick);
    page.send({ kind: "run" }).pass(50);
    const frame = page.frame();
    expect(frame.status.recorded).toBe(end);
    expect(frame.moved).toBeUndefined();
    page.send({ kind: "pause" });
    goTo(end);
    expect(askHash()).toBe(hash);
  });

  it("gets another future by a key, which the link then holds", () => {
    const { inputs } = page.session["run"]!.player.log;
    const tick = inputs[1].tick + 10;
    goTo(tick);
    page.send({ kind: "key", code: "KeyX", down: true }).pass(300);
    expect(page.frame().status).toMatchObject({ tick, recorded: tick });
    expect(page.session["run"]!.player.log.inputs).toEqual([
      ...inputs.slice(0, 2),
      { kind: "key", tick, code: "KeyX", down: true },
    ]);
    page.send({ kind: "run" }).pass(200);
    expect(page.frame().status.recorded).toBeGreaterThan(tick);
  });

  it("has a key that was pressed at the very instant of a snapshot", () => {
    const busy = new Page().open();
    busy.runUntil("herald> ");
    const snapshots = () => busy.session["run"]!["history"].count;
    const before = snapshots();
    for (let tick = busy.frame().status.tick; snapshots() === before;)
      busy.send({ kind: "runTo", tick: (tick += 1_000_000) }).pass(300);
    const { tick } = busy.frame().status;
    busy.type("ps\n");
    const end = busy.frame().status.tick;
    const inputs = [...busy.session["run"]!.player.log.inputs];
    expect(inputs[0].tick).toBe(tick);
    expect(snapshots()).toBe(before + 1);
    const present = busy.send({ kind: "hash" }).last("hash")!.hash;
    busy.send({ kind: "seek", tick: 0 }).pass(1000);
    busy.send({ kind: "seek", tick: end }).pass(100_000);
    expect(busy.send({ kind: "hash" }).last("hash")).toMatchObject({ tick: end, hash: present });
  });

  it("of a machine that is off is nothing, and a tick that is none is told", () => {
    const off = new Page();
    off.send({ kind: "seek", tick: 5 }, { kind: "stepBack" });
    expect(off.last("reached")!.tick).toBe(0);
    off.send({ kind: "seek", tick: -1 }, { kind: "seek", tick: NaN });
    expect(off.told.filter((message) => message.kind === "error").length).toBe(2);
  });
});
