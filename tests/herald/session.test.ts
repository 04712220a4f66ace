import { describe, expect, it } from "vitest";
import { assemble } from "../../src/herald/assembler";
import { writeFile } from "../../src/herald/disk";
import { constants, enums, structs } from "../../src/herald/layout";
import { encodeInstruction as op, packText, programImage } from "../../src/herald/program";
import { committedImage, HeraldMachine } from "./machine";

const text = (content: string) => new TextEncoder().encode(content);

function withFiles(scenario: string, programs: Record<string, Uint8Array> = {}): HeraldMachine {
  const image = committedImage.slice();
  writeFile(image, "scenario.cfg", "text", text(scenario));
  for (const [name, bytes] of Object.entries(programs)) writeFile(image, name, "program", bytes);
  return new HeraldMachine(image).boot();
}

describe("Herald in our machine", () => {
  const machine = new HeraldMachine(committedImage).boot();

  it("goes through the stages of its boot, and says so", () => {
    expect(machine.lines().slice(0, 7)).toEqual([
      "first sector at 7c00, drive 80",
      "second stage at 7e00",
      "kernel loaded",
      "memory map from E820",
      "address line 20 is open",
      "protected mode",
      "long mode",
    ]);
    const stages = machine.trace.filter(({ kind }) => kind === "boot_stage");
    expect(stages.map(({ a }) => Number(a))).toEqual(Object.values(enums.boot_stage.byName));
    const times = stages.map(({ time }) => time);
    expect(times).toEqual([...times].sort((x, y) => Number(x - y)));
  });

  it("runs the two Programs of the demonstration concurrently", () => {
    const said = machine.lines().filter((line) => /^Process [12]: Running$/.test(line));
    expect(said.filter((line) => line.startsWith("Process 1"))).toHaveLength(10);
    expect(said.filter((line) => line.startsWith("Process 2"))).toHaveLength(10);
    const changes = said.filter((line, index) => index > 0 && line !== said[index - 1]).length;
    expect(changes).toBeGreaterThan(4);
  });

  it("gives both the same slices of 10 ms, and writes their lines in their own slices", () => {
    const schedule = machine.trace.filter(({ kind }) => kind === "schedule");
    const byTimer = ({ flags }: { flags: number }) => flags === enums.switch_reason.byName.quantum;
    const slices = schedule
      .slice(0, -1)
      .map((record, index) => [record, schedule[index + 1]] as const)
      .filter(([record, next]) => record.pid <= 2 && byTimer(record) && byTimer(next))
      .map(([record, next]) => Number(next.time - record.time));
    expect(slices.length).toBeGreaterThan(3);
    for (const ticks of slices) expect(Math.abs(ticks - 1_000_000)).toBeLessThan(2_000);

    let running = 0;
    for (const record of machine.trace) {
      if (record.kind === "schedule") running = record.pid;
      if (record.kind === "console_line") expect(record.pid).toBe(running);
    }
  });

  it("has a trace without gaps: each switch leaves the process that the one before gave the CPU to, and time never goes back", () => {
    let running = 0;
    let time = 0n;
    for (const record of machine.trace) {
      expect(record.time).toBeGreaterThanOrEqual(time);
      time = record.time;
      if (record.kind !== "schedule") continue;
      expect(record.a).toBe(BigInt(running));
      running = record.pid;
    }
  });

  it("has times that never go back, however often the timer comes between reading the clock and writing the record", () => {
    const busy = withFiles("trace=all\ndebug=1\nrun=shell\n");
    busy.pc.input({ kind: "serial", bytes: [..."run fuzz 1 100000 4\n"].map((c) => c.charCodeAt(0)) });
    expect(busy.runUntil(() => busy.trace.length > 100_000)).toBe(true);
    const back = busy.trace.filter(({ time }, index) => index > 0 && time < busy.trace[index - 1].time);
    expect(back).toEqual([]);
  });

  it("has a shell that edits lines and knows its commands", () => {
    expect(machine.command("ps")).toEqual([
      "PID  GEN  KIND     STATE     NAME",
      "  0    1  idle     ready     idle",
      "  3    1  native   receive   init",
      "  4    1  native   running   shell",
    ]);
    expect(machine.command("zz\b\bpss\b")).toHaveLength(4);
    expect(machine.command("what is this")).toEqual(["what: no such command; help lists them"]);
    expect(machine.command("")).toEqual([]);
    expect(machine.command("help").length).toBeGreaterThan(8);
    expect(machine.command("kill 96")).toEqual([`PID must be a number from 0 to ${constants.MAX_PROCESSES - 1}`]);
    expect(machine.command("quantum 20")).toEqual(["quantum 20 ms"]);
    expect(machine.command("quantum 10")).toEqual(["quantum 10 ms"]);
  });

  it("ends a process that makes a mistake, and only that", () => {
    expect(machine.command("run badptr").join()).toMatch(
      /\(badptr\) ended: page fault at rip 4[0-9a-f]+: read 0: nothing is there$/,
    );
    expect(machine.command("run badptr kernel").join()).toMatch(/read ffffffff80100000: not allowed$/);
    expect(machine.command("run badptr code").join()).toMatch(/write 400000: not allowed$/);
    expect(machine.command("run illegal").join()).toMatch(/\(illegal\) ended: invalid opcode at rip 4[0-9a-f]+/);
    expect(machine.command("run overflow").join()).toMatch(/page fault .*: the stack is full$/);
    expect(machine.command("run intruder")).toEqual(["intruder: publish on the keyboard's topic: EPERM"]);
    expect(machine.command("run badcall").every((line) => / E[A-Z]+$/.test(line))).toBe(true);
    expect(machine.command("ps")).toHaveLength(4);
  });

  it("takes the CPU from an endless loop, and ends it with kill", () => {
    const pid = /^process (\d+)$/.exec(machine.command("run spin &").join())![1];
    expect(machine.command("ps").join()).toContain("spin");
    expect(machine.command(`kill ${pid}`)).toEqual([]);
    expect(machine.command("ps").join()).not.toContain("spin");
  });

  it("ends a program in front with control-C", () => {
    machine.pc.input({ kind: "serial", bytes: [..."run spin\n"].map((c) => c.charCodeAt(0)) });
    machine.pc.run(machine.pc.clock + 5_000_000);
    machine.pc.input({ kind: "serial", bytes: [3] });
    expect(machine.runUntil(() => /\(spin\) was killed\r\nherald> $/.test(machine.transcript))).toBe(true);
  });

  it("delivers messages to callbacks and to receive, in order, and to nobody else", () => {
    expect(machine.command("sub 4711")).toEqual([]);
    expect(machine.command("pub 4711 hello, topic")).toEqual(["topic 4711: hello, topic"]);
    expect(machine.command("pub 4712 nobody hears this")).toEqual([]);
    expect(machine.command("sub 4711")).toEqual(["sub: EALREADY"]);
    expect(machine.command("unsub 4711")).toEqual([]);
    expect(machine.command("pub 4711 gone")).toEqual([]);
    expect(machine.command("unsub 4711")).toEqual(["unsub: ENOENT"]);
    expect(machine.command("pub 1 forged key")).toEqual(["pub: EPERM"]);
    machine.command("run pong &");
    expect(machine.command("run ping")).toEqual([1, 2, 3, 4, 5].map((n) => `ping ${n}: pong ${n}`));
  });

  it("shows the way of a message in the trace: publish, queue, deliver, callback", () => {
    machine.command("sub 5000");
    const from = machine.trace.length;
    machine.command("pub 5000 x");
    const way = machine.trace
      .slice(from)
      .filter(({ kind, a }) => kind !== "syscall_enter" && (a & 0xffffffffn) === 5000n);
    expect(way.map(({ kind }) => kind)).toEqual(["publish", "queue", "deliver", "callback_enter", "callback_return"]);
    expect(new Set(way.map(({ b }) => b)).size).toBe(1);
    machine.command("unsub 5000");
  });

  it("gives back all frames and all of the heap when processes end", () => {
    const measure = () => machine.command("mem").slice(0, 2).join("\n");
    for (let i = 0; i < constants.MAX_PROCESSES; i++) machine.command("run badcall"); // every slot gets its kernel stack, which it keeps
    const before = measure();
    for (const program of ["badcall", "badptr", "overflow", "ping", "two", "sensor 2"])
      machine.command(`run ${program}`);
    expect(measure()).toBe(before);
  });

  it("counts a new generation when a PID is used again", () => {
    const table = machine.command("run spin &") && machine.command("ps");
    const [, pid, generation] = /^ *(\d+) +(\d+) .*spin$/m.exec(table.join("\n"))!;
    expect(Number(generation)).toBeGreaterThan(1);
    machine.command(`kill ${pid}`);
  });

  it("turns the machine off", () => {
    machine.pc.input({ kind: "serial", bytes: [..."shutdown\n"].map((c) => c.charCodeAt(0)) });
    machine.runUntil(() => machine.pc.stopped !== undefined);
    expect(machine.pc.stopped).toEqual({ kind: "poweredOff" });
    expect(machine.lines().slice(-2)).toEqual(["power off", ""]);
  });
});

describe("a scenario", () => {
  it("with lines that make no sense is read as far as it makes sense", () => {
    const machine = withFiles(
      [
        "# a comment",
        "garbage",
        "quantum_ms=zero",
        "hz=5",
        "trace=all,frogs",
        "program=nothere.prg",
        "program=short.prg",
        "colour=blue",
        `${"k".repeat(300)}=1`,
        "quantum_ms = 20",
        "run=nothere",
        "run=shell",
      ].join("\n"),
      { "short.prg": new Uint8Array(10) },
    );
    const start = machine.lines().findIndex((line) => line.startsWith("scenario.cfg"));
    expect(machine.lines().slice(start, -1)).toEqual([
      "scenario.cfg line 2: not a line of the form key=value",
      "scenario.cfg line 3: quantum_ms cannot be zero",
      "scenario.cfg line 4: hz cannot be 5",
      "scenario.cfg line 5: trace cannot be all,frogs",
      "scenario.cfg line 6: there is no file nothere.prg",
      "scenario.cfg line 7: program cannot be short.prg",
      "scenario.cfg line 8: unknown key colour",
      "scenario.cfg line 9: not a line of the form key=value",
      "scheduler: round robin, quantum 20 ms",
      "init: nothere cannot be started: ENOENT",
    ]);
    expect(machine.command("quantum")).toEqual(["quantum 20 ms"]);
  });

  it("may switch the trace off, or choose kinds", () => {
    const off = withFiles("trace=none\nrun=shell\n");
    const some = withFiles("trace=schedule,exit\nrun=shell\n");
    const before = [off.trace.length, some.trace.length];
    off.command("run badcall");
    some.command("run badcall");
    expect(off.trace.length).toBe(before[0]);
    expect([...new Set(some.trace.slice(before[1]).map(({ kind }) => kind))].sort()).toEqual(["exit", "schedule"]);
  });

  it("without the file still gives a shell", () => {
    const image = committedImage.slice();
    writeFile(image, "scenario.cfg", "text", text("run=shell"));
    expect(new HeraldMachine(image, { memoryMiB: 16 }).boot().command("ps")).toHaveLength(4);
  });
});

describe("Programs", () => {
  const scenario = (...names: string[]) =>
    names.map((name) => `program=${name}\n`).join("") + "programs_first_ms=500\nrun=shell\n";
  const said = (machine: HeraldMachine) => machine.lines().filter((line) => /^[Pp]rocess \d+/.test(line));

  it("calculate, compare and jump", () => {
    const [x, y, name] = [13, 14, 15];
    const code = [
      op("set", x, -7),
      op("set", y, 3),
      op("divide", x, y),
      op("show", name, x), // -2
      op("multiply", x, y),
      op("modulo", x, y),
      op("show", name, x), // 0
      op("compare", x, y),
      op("jump_less", 10),
      op("exit", 1),
      op("identify", x),
      op("show", name, x), // 1
      op("exit", 9),
    ];
    const machine = withFiles(scenario("calc.prg"), {
      "calc.prg": programImage([...code, 0, 0, ...packText("x")], 13),
    });
    expect(said(machine)).toEqual(["Process 1: x -2", "Process 1: x 0", "Process 1: x 1"]);
  });

  it("subscribe with a callback, publish, wait", () => {
    const receiver = [
      op("subscribe", 8, 4),
      op("wait"),
      op("loop", 9, 1),
      op("exit", 0),
      op("take", 10),
      op("show", 11, 10),
    ];
    const sender = [op("sleep", 20), op("publish", 4, 5), op("increase", 5, 1), op("loop", 6, 0)];
    const machine = withFiles(scenario("receiver.prg", "sender.prg"), {
      "receiver.prg": programImage([...receiver, op("return"), op("exit", 1), 4000, 3, 0, ...packText("got")], 8),
      "sender.prg": programImage([...sender, 4000, -1, 3], 4),
    });
    expect(said(machine)).toEqual(["Process 1: got -1", "Process 1: got 0", "Process 1: got 1"]);
  });

  it("are interrupted while they calculate, one message at a time, and may publish and unsubscribe in a callback", () => {
    const source = {
      "echo.prg": `variable topic = 4001
variable got
        subscribe topic, heard
again:  wait
        jump again
heard:  take got
        show "answer", got
        return`,
      "busy.prg": `variable topic = 4000
variable answer = 4001
variable got
        subscribe topic, heard
again:  jump again
heard:  take got
        show "begins", got
        sleep 20
        publish answer, got
        show "ends", got
        compare got, 3
        jump_less back
        unsubscribe topic
back:   return`,
      "sender.prg": `variable topic = 4000
variable value = 1
variable left = 5
        sleep 20
next:   publish topic, value
        increase value, 1
        loop left, next`,
    };
    const files = Object.entries(source).map(([name, text]): [string, Uint8Array] => {
      const program = assemble(text);
      if (!program.ok) throw new Error(`${name}: ${program.errors[0].message}`);
      return [name, programImage(program.data, program.length)];
    });
    const machine = withFiles(scenario(...Object.keys(source)), Object.fromEntries(files));
    const of = (pid: number) => said(machine).filter((line) => line.startsWith(`Process ${pid}:`));
    // While one callback runs, or sleeps, the next message waits; behind the third nothing more is delivered.
    expect(of(2)).toEqual([1, 2, 3].flatMap((n) => [`Process 2: begins ${n}`, `Process 2: ends ${n}`]));
    expect(of(1)).toEqual([1, 2, 3].map((n) => `Process 1: answer ${n}`));
  });

  it("with mistakes end with a clear line and harm nobody", () => {
    const machine = withFiles(
      scenario("zero.prg", "label.prg", "text.prg", "code.prg", "divide.prg", "reserved.prg", "return.prg"),
      {
        "zero.prg": programImage([0], 1),
        "label.prg": programImage([op("jump", 200)], 1),
        "text.prg": programImage([op("say", 255), ...new Array<number>(255).fill(0x41414141)], 1),
        "code.prg": programImage([op("set", 0, 5)], 1),
        "divide.prg": programImage([op("divide", 1, 2), 5, 0], 1),
        "reserved.prg": programImage([op("publish", 1, 1), 1], 1),
        "return.prg": programImage([op("return")], 1),
      },
    );
    expect(said(machine)).toEqual([
      "process 1 (zero.prg) ended: instruction 0: no such instruction",
      "process 2 (label.prg) ended: instruction 0: no such label",
      "process 3 (text.prg) ended: instruction 0: the text has no end",
      "process 4 (code.prg) ended: instruction 0: no such variable",
      "process 5 (divide.prg) ended: instruction 0: division by zero",
      "process 6 (reserved.prg) ended: instruction 0: the topic is reserved",
      "process 7 (return.prg) ended: instruction 0: return outside a callback",
    ]);
    expect(machine.command("ps")).toHaveLength(4);
  });

  it("that never end leave the shell usable", () => {
    const forever = programImage([op("jump", 0)], 1);
    const machine = withFiles("program=forever.prg\nprogram=forever.prg\nrun=shell\n", { "forever.prg": forever });
    expect(machine.command("ps").filter((line) => line.includes("forever.prg"))).toHaveLength(2);
    expect(machine.command("kill 1")).toEqual([]);
    expect(machine.command("ps").filter((line) => line.includes("forever.prg"))).toHaveLength(1);
  });

  it("are found in memory by the layout", () => {
    expect(structs.Program.fields.len.offset).toBe(1024);
    expect(structs.Program.fields.ip.offset).toBe(1028);
  });
});
