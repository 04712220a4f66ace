import { beforeAll, describe, expect, it } from "vitest";
import { builtinScenarios } from "../../src/scenario/builtin";
import { TraceKind, TraceView, type Frame } from "../../src/worker/protocol";
import { EVERYTHING, heraldImage, heraldMap, Page } from "./page";

/** Lines of the shell's table after the last `ps`: PID, generation, kind, state, name. */
function psTable(serial: string): string[][] {
  const after = serial.slice(serial.lastIndexOf("PID  GEN"));
  return [...after.matchAll(/^ *(\d+) +(\d+) +(\w+) +([\w ]+?) +(\S+)\r?$/gm)].map((match) => match.slice(1));
}

describe("a session with Herald", () => {
  let page: Page;
  let frame: Frame;

  beforeAll(() => {
    page = new Page().open();
    page.send({ kind: "view", view: { panels: EVERYTHING, syntax: "intel" } });
    frame = page.frame();
    expect(frame.fresh).toBe(true);
    expect(frame.status).toMatchObject({ power: "paused", tick: 0 });
    page.runUntil("herald> ").type("ps\n").runUntil("herald> ");
    page.send({ kind: "view", view: { panels: [...EVERYTHING], syntax: "intel" } });
    frame = page.frame();
  });

  it("shows the processes that ps lists", () => {
    const kinds = { idle: "kernel", program: "program", native: "native" } as Record<string, string>;
    const listed = psTable(page.serial).map(([pid, generation, kind, , name]) => [
      +pid,
      +generation,
      kinds[kind],
      name,
    ]);
    expect(listed.length).toBeGreaterThanOrEqual(3);
    const shown = frame.processes!.processes.map((one) => [one.pid, one.generation, one.kind, one.name]);
    expect(shown).toEqual(listed);
    expect(frame.processes!.note).toBeUndefined();
  });

  it("counts the CPU's time as the slices in the trace do", () => {
    const slices = new Map<number, number>();
    const switches = page.trace.filter((record) => record.kind === TraceKind.schedule);
    switches.forEach((record, i) => {
      const until = switches[i + 1]?.time ?? frame.status.tick;
      slices.set(record.pid, (slices.get(record.pid) ?? 0) + until - record.time);
    });
    const others = frame.processes!.processes.filter((one) => one.pid !== 0);
    expect(others.map((one) => [one.name, one.cpuTicks])).toEqual(others.map((one) => [one.name, slices.get(one.pid)]));
    expect(frame.processes!.quantumTicks).toBe(builtinScenarios[0].machine.quantumMs * 100_000);
  });

  it("accounts for the whole of each process's life: run, ready and blocked", () => {
    for (const one of frame.processes!.processes.filter(({ kind }) => kind !== "kernel")) {
      const born = page.trace.find((record) => record.kind === TraceKind.spawn && record.pid === one.pid)!.time;
      const life = frame.status.tick - born;
      const told = one.cpuTicks + one.readyTicks + one.blockedTicks;
      // From the record of the spawn to the ready queue it is not yet accounted for.
      expect(life - told, one.name).toBeGreaterThanOrEqual(0);
      expect(life - told, one.name).toBeLessThan(2_000);
    }
    expect(frame.processes!.processes.find((one) => one.name === "shell")!.systemCalls).toBeGreaterThan(5);
  });

  it("shows the shell waiting for the keyboard, and its subscription", () => {
    const shell = frame.processes!.processes.find((one) => one.name === "shell")!;
    expect(shell).toMatchObject({ state: "blocked", waits: "keyboard" });
    const keyboard = frame.topics!.topics.find((one) => one.name === "keyboard")!;
    expect(keyboard.subscribers.map((one) => one.pid)).toEqual([shell.pid]);
    expect(frame.topics!.note).toBeUndefined();
  });

  it("walks to where the CPU itself goes", () => {
    const run = page.session["run"]!;
    const cr3 = run.pc.snapshot().cr3;
    let compared = 0;
    for (const range of frame.pageTables!.ranges) {
      for (const address of [range.start, range.start + range.length - 1n]) {
        page.send({ kind: "view", view: { panels: ["pageTables"], address, syntax: "intel" } });
        const view = page.frame().pageTables!;
        expect(view.cr3).toBe(cr3);
        const physical = run.pc.cpu.translate(address, "read", range.user);
        expect(view.physical).toBe(physical === undefined ? undefined : BigInt(physical));
        expect(view.physical === undefined).toBe(range.mapped === false);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(8);
  });

  it("says whose tables are in force when a process runs in another one's", () => {
    page.send({ kind: "view", view: { panels: [...EVERYTHING], syntax: "intel" } });
    const { pageTables, processes } = page.frame();
    const { process, owner, cr3, ranges } = pageTables!;
    const whose = processes!.processes.find(({ pid }) => pid === (owner ?? process)!.pid)!;
    expect(whose.cr3).toBe(cr3);
    if (owner) expect(ranges.map((range) => range.what)).toContain("code");
  });

  it("shows another process's own tables", () => {
    const shell = frame.processes!.processes.find((one) => one.name === "shell")!;
    page.send({ kind: "view", view: { panels: ["pageTables"], process: shell, syntax: "intel" } });
    const view = page.frame().pageTables!;
    expect(view.process).toEqual({ pid: shell.pid, generation: shell.generation });
    expect([view.cr3, view.address]).toEqual([shell.cr3, shell.rip]);
    expect(view.levels.map((level) => level.name)).toEqual(["PML4", "PDPT", "PD", "PT"]);
    expect(view.physical).toBeDefined();
    const names = view.ranges.map((range) => range.what);
    for (const name of ["code", "data", "stack", "guard", "kernel code", "direct map", "kernel heap"])
      expect(names).toContain(name);
  });

  it("brings the trace in order, none lost", () => {
    const other = new Page().open();
    other.runUntil("herald> ");
    let last = 0;
    const kinds = new Set<number>();
    for (let i = 0; i < 20; i++) {
      const { trace, traceLost, status } = other.frame();
      expect(traceLost).toBe(0);
      const view = new TraceView(trace);
      for (let at = 0; at < view.length; at++) {
        expect(view.time(at)).toBeGreaterThanOrEqual(last);
        last = view.time(at);
        kinds.add(view.kind(at));
      }
      expect(last).toBeLessThanOrEqual(status.tick);
      other.send({ kind: "runTo", tick: status.tick + 7_654_321 }).pass(10_000);
    }
    expect(kinds).toContain(TraceKind.irq);
  });

  it("steps exactly one instruction, also out of HLT", () => {
    for (let i = 0; i < 200; i++) {
      const before = page.frame().status;
      page.send({ kind: "step" });
      const after = page.frame().status;
      expect(after.instructions).toBe(before.instructions + 1);
    }
    const before = page.frame().status;
    page.send({ kind: "step", count: 12_345 });
    expect(page.frame().status.instructions).toBe(before.instructions + 12_345);
  });

  it("shows the CPU and the instructions around RIP", () => {
    page.send({ kind: "view", view: { panels: ["cpu"], syntax: "intel" } });
    for (let i = 0; i < 50; i++) {
      const view = page.send({ kind: "step" }).frame().cpu!;
      expect(view.mode).toBe("64-bit");
      const current = view.disassembly.findIndex((line) => line.current);
      expect(view.disassembly[current].address).toBe(view.rip);
      expect(view.disassembly.length - current).toBe(18);
    }
  });

  it("names the places that instructions mention", () => {
    page.send({ kind: "view", view: { panels: ["cpu"], syntax: "intel" } });
    const text: string[] = [];
    for (let i = 0; i < 500; i++)
      text.push(
        ...page
          .send({ kind: "step", count: 7 })
          .frame()
          .cpu!.disassembly.map((line) => line.text),
      );
    expect(text.join("\n")).toMatch(/call 0xffffffff801[0-9a-f]{5} <\w+>\n/);
  });

  it("shows the code where a PC begins", () => {
    const view = new Page()
      .open()
      .send({ kind: "view", view: { panels: ["cpu"], syntax: "intel" } })
      .frame().cpu!;
    expect(view).toMatchObject({ mode: "real", ring: 0, rip: 0xfff0n });
    expect(view.disassembly[0]).toMatchObject({
      address: 0xfff0n,
      current: true,
      text: expect.stringContaining("jmp"),
    });
  });
});

describe("the machine's controls", () => {
  it("keeps pace with real time and pauses between instructions", () => {
    const page = new Page(0).open();
    page.send({ kind: "run" }).pass(1000);
    const { status } = page.frame();
    expect(status.power).toBe("running");
    expect(status.tick / 100_000_000).toBeCloseTo(1, 1);
    page.send({ kind: "pause" });
    const paused = page.frame().status;
    page.pass(500);
    expect(page.frame().status.tick).toBe(paused.tick);
  });

  it("runs slowly enough to watch", () => {
    const page = new Page(0).open();
    page.send({ kind: "speed", ticksPerSecond: 10 }, { kind: "run" }).pass(2000);
    const { status } = page.frame();
    expect(status.instructions).toBeGreaterThanOrEqual(18);
    expect(status.instructions).toBeLessThanOrEqual(20);
    expect(status.speed).toBe(10);
  });

  it("goes through power-off, power-on and reset", () => {
    const page = new Page(0).open();
    page.send({ kind: "run" }).pass(200);
    page.send({ kind: "power", on: false });
    expect(page.frame().status.power).toBe("off");
    page.send({ kind: "run" }).pass(100);
    expect(page.frame().status).toMatchObject({ power: "off", tick: 0 });
    page.send({ kind: "power", on: true });
    expect(page.frame()).toMatchObject({ fresh: true, status: { power: "paused", tick: 0 } });
    page.send({ kind: "run" }).pass(200);
    page.send({ kind: "reset" });
    expect(page.frame()).toMatchObject({ fresh: true, status: { power: "paused", tick: 0 } });
  });

  it("stops when the guest switches itself off, and starts again when asked", () => {
    const page = new Page().open().runUntil("herald> ").type("shutdown\n");
    page.send({ kind: "run" }).pass(20_000);
    expect(page.frame().status).toMatchObject({ power: "off", reason: expect.stringContaining("guest") });
    page.send({ kind: "power", on: true }, { kind: "run" }).pass(100);
    expect(page.frame().status.power).toBe("running");
  });

  it("tells the inputs for the address bar", () => {
    const page = new Page(0).open();
    page.send({ kind: "run" }).pass(300);
    page.told.length = 0;
    for (let i = 0; i < 20; i++) page.send({ kind: "key", code: "KeyA", down: i % 2 === 0 }).pass(50);
    page.pass(300);
    const posts = page.told.filter((message) => message.kind === "inputs");
    expect(posts.length).toBeLessThanOrEqual(6);
    const { inputs } = page.last("inputs")!;
    expect(inputs.length).toBe(20);
    expect(inputs.every((input, i) => i === 0 || input.tick > inputs[i - 1].tick)).toBe(true);
    page.send({ kind: "key", code: "NoSuchKey", down: true }).pass(300);
    expect(page.last("inputs")!.inputs.length).toBe(20);
  });

  it("keeps what is typed faster than the guest takes it, and records each key when it gets there", () => {
    const page = new Page(0).open();
    page.runUntil("herald> ");
    const text = "a line longer than the keyboard of a pc can hold";
    for (const character of text)
      for (const down of [true, false])
        page.send({ kind: "key", code: character === " " ? "Space" : `Key${character.toUpperCase()}`, down });
    page.runUntil(text);
    const { inputs } = page.session["run"]!.player.log;
    expect(inputs.length).toBe(2 * text.length);
    expect(inputs.at(-1)!.tick).toBeGreaterThan(inputs[0].tick + 1_000_000);
  });

  it("makes an idle page's frames cheap: nothing new, no parts", () => {
    const page = new Page(0).open();
    page.send({ kind: "view", view: { panels: EVERYTHING, syntax: "intel" } });
    expect(page.frame().cpu).toBeDefined();
    expect(page.frame().cpu).toBeUndefined();
    expect(page.send({ kind: "step" }).frame().cpu).toBeDefined();
  });
});

describe("bad input", () => {
  const errors = (page: Page) => page.told.filter((message) => message.kind === "error");

  it("is told, and the worker lives on", () => {
    const page = new Page();
    page.send({ kind: "run" }, { kind: "step" }, { kind: "key", code: "KeyA", down: true }, { kind: "pause" });
    expect(page.frame().status.power).toBe("off");
    page.send({ kind: "reset" }, { kind: "power", on: true }, { kind: "hash" });
    page.send({ kind: "speed", ticksPerSecond: -1 }, { kind: "step", count: 0 }, { kind: "runTo", tick: NaN });
    page.send({ kind: "nonsense" } as never);
    expect(errors(page).length).toBe(7);
    const [scenario] = builtinScenarios;
    page.send({ kind: "open", scenario, inputs: [], image: new ArrayBuffer(100), map: heraldMap() });
    page.send({ kind: "open", scenario, inputs: [], image: heraldImage(), map: { symbols: 1 } });
    expect(errors(page).slice(-2)).toMatchObject([{ where: "open" }, { where: "open" }]);
    expect(page.open().send({ kind: "run" }).pass(50).frame().status.power).toBe("running");
  });

  it("of a Program is told with its name and line", () => {
    const [scenario] = builtinScenarios;
    const broken = { ...scenario, programs: [{ name: "broken", text: "variable x = 1\nflurb\n" }] };
    const page = new Page().open(broken);
    expect(page.last("error")).toMatchObject({ where: "open", message: expect.stringMatching(/broken, line 2/) });
  });

  it("of a file that is no image is told, and the firmware says it on the screen", () => {
    const page = new Page();
    const image = new TextEncoder().encode("this is not a disk".repeat(50)).buffer;
    page.send({ kind: "openImage", name: "letter.txt", image, memoryMiB: 64 }, { kind: "run" });
    expect(page.last("error")).toMatchObject({ where: "image", message: expect.stringContaining("letter.txt") });
    page.send({ kind: "view", view: { panels: EVERYTHING, syntax: "att" } }).pass(3000);
    const frame = page.frame();
    expect(frame.status).toMatchObject({ power: "halted", reason: expect.any(String) });
    const text = String.fromCharCode(...frame.screen!.cells.map((cell) => cell & 0xff));
    expect(text.toLowerCase()).toMatch(/boot/);
    expect(frame.processes).toBeUndefined();
    page.send({ kind: "openImage", name: "x", image: new ArrayBuffer(0), memoryMiB: 1 });
    expect(page.last("error")).toMatchObject({ where: "image", message: expect.stringContaining("memory") });
  });

  it("of another system shows the processor's page tables, and names no process of it", () => {
    const page = new Page();
    page.send({ kind: "openImage", name: "other.img", image: heraldImage(), memoryMiB: 64 });
    page.runUntil("herald> ").send({ kind: "view", view: { panels: EVERYTHING, syntax: "intel" } });
    const { pageTables, processes, topics } = page.frame();
    expect(pageTables?.cr3).toBeGreaterThan(0n);
    expect([pageTables?.process, processes, topics]).toEqual([undefined, undefined, undefined]);
  });
});

describe("a link", () => {
  it("gives the same run: what was typed live is replayed to the same state", () => {
    const live = new Page(3).open();
    live.send({ kind: "run" }).pass(300);
    for (const code of ["KeyM", "KeyE", "KeyM", "Enter"])
      for (const down of [true, false]) live.send({ kind: "key", code, down }).pass(23);
    live.send({ kind: "pause" }).pass(1000);
    const { inputs } = live.last("inputs")!;
    expect(inputs.length).toBe(8);
    live.send({ kind: "hash" });
    const { tick, hash } = live.last("hash")!;

    const again = new Page(1).open(builtinScenarios[0], inputs);
    expect(again.frame().status.replayUntil).toBe(inputs.at(-1)!.tick);
    again.send({ kind: "runTo", tick }).pass(60_000);
    expect(again.last("reached")).toEqual({ kind: "reached", tick });
    again.send({ kind: "hash" });
    expect(again.last("hash")).toEqual({ kind: "hash", tick, hash });
    again.frame();
    live.frame();
    expect(again.serial).toBe(live.serial);
    expect(again.serial).toMatch(/mem\r?\n/);
  });
});
