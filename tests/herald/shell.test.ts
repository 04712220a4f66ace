import { describe, expect, it } from "vitest";
import { GuestMemory } from "../../src/lens/memory";
import { readProcesses } from "../../src/lens/processes";
import { committedMap } from "./fuzzing";
import { committedImage, HeraldMachine } from "./machine";

const LEFT = "\x1b[D";
const RIGHT = "\x1b[C";
const UP = "\x1b[A";
const DOWN = "\x1b[B";

describe("the shell", () => {
  const machine = new HeraldMachine(committedImage).boot();
  /** What the shell did with a line that was typed with special keys: it is no command, so it says its name. */
  const understood = (keys: string) => machine.command(keys).at(-1)?.split(":")[0];

  it("edits in the middle of a line", () => {
    expect(understood(`ac${LEFT}b`)).toBe("abc");
    expect(understood(`abx${LEFT}\b${RIGHT}c`)).toBe("axc");
    expect(understood(`bc${LEFT}${LEFT}${LEFT}a`)).toBe("abc");
    expect(understood("wrong\x15right")).toBe("right");
    expect(understood("bc\x01a\x05d")).toBe("abcd");
  });

  it("remembers lines", () => {
    machine.command("first");
    machine.command("second");
    expect(understood(UP)).toBe("second");
    expect(understood(UP + UP)).toBe("first");
    expect(understood(UP + UP + DOWN + "x")).toBe("firstx");
    expect(understood(UP + "\b\b" + "y")).toBe("firsy");
  });

  it("starts six services that need each other, faster at once than one after the other", () => {
    const total = (lines: string[]) => Number(/: (\d+) ms$/.exec(lines.at(-1)!)![1]);
    const atOnce = machine.command("services");
    const inSequence = machine.command("services -s");
    expect(atOnce).toHaveLength(7);
    expect(inSequence).toHaveLength(7);
    expect(atOnce.at(-2)).toMatch(/^desktop/);
    expect(total(atOnce)).toBeLessThan(total(inSequence) * 0.75);
  });

  it("starts each with its own arguments, which are seen from outside as long as it lives", () => {
    const seen = new Set<string>();
    const look = () => {
      const { cr3 } = machine.pc.snapshot();
      const memory = new GuestMemory(machine.pc.cpu.ram, committedMap, { cr3, levels: 4 });
      const now = { time: Number.MAX_SAFE_INTEGER, ticksPerMicrosecond: 100, rip: 0n, rsp: 0n };
      for (const one of readProcesses(memory, now)!.processes) if (one.name === "service") seen.add(one.arguments);
      return false;
    };
    const from = machine.transcript.length;
    machine.pc.input({ kind: "serial", bytes: [..."services\n"].map((c) => c.charCodeAt(0)) });
    machine.runUntil(() => look() || /all six in parallel/.test(machine.transcript.slice(from)));
    const named = [...machine.transcript.slice(from).matchAll(/^(\w+) +ready after/gm)].map(([, name]) => name);
    expect(named).toHaveLength(6);
    expect([...seen].sort()).toEqual(["", ...named].sort());
    machine.settle();
  });

  it("shows topics with their rates, and what retains and shares memory", () => {
    expect(machine.command("topics -r")[0]).toMatch(/A SECOND/);
    expect(machine.command("mem").join("\n")).toMatch(/retained +\d+ bytes\nqueues +0, 0 shared segments/);
  });
});
