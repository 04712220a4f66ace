/** The thermostat: services that know topics and not each other. */
import { beforeAll, describe, expect, it } from "vitest";
import { committedImage, HeraldMachine } from "./machine";

const SECOND = 100_000_000;
const services = ["logger", "alarm", "heater", "controller", "filter", "thermometer"];

describe("the thermostat", () => {
  const machine = new HeraldMachine(committedImage);
  beforeAll(() => void machine.boot().command("run thermostat &"));

  /** What is written within so many seconds. */
  function during(seconds: number): string[] {
    const from = machine.transcript.length;
    machine.pc.run(machine.pc.clock + seconds * SECOND);
    const text = machine.transcript.slice(from).replaceAll("herald> ", "").replaceAll("\x1b[K", "");
    return text.split(/[\r\n]+/).filter((line) => line !== "");
  }
  const pidOf = (name: string) => new RegExp(`(\\d+) .* ${name}$`, "m").exec(machine.command("ps").join("\n"))?.[1];
  const degrees = (lines: string[]) =>
    lines.map((line) => Number(/^logger: ([0-9.]+)/.exec(line)?.[1])).filter(Boolean);

  it("heats the room to 20 degrees and keeps it there", () => {
    const lines = during(20);
    expect(lines).toContain("heater: on");
    expect(lines).toContain("heater: off");
    const late = degrees(lines).slice(-8);
    expect(Math.min(...late)).toBeGreaterThan(19);
    expect(Math.max(...late)).toBeLessThan(21);
    for (const name of services) expect(pidOf(name)).toBeDefined();
  });

  it("refuses the intruder's message on a reserved topic", () => {
    expect(machine.transcript).toContain("intruder: publish on the keyboard's topic: EPERM");
  });

  it("writes calmly", () => {
    expect(during(10).length).toBeLessThan(30);
  });

  it("goes on while a service is away, notices it, and has it back", () => {
    machine.command(`kill ${pidOf("filter")}`);
    const lines = during(8);
    expect(lines).toContain("heater: off"); // nobody tells it to heat: it is careful
    expect(lines).toContain("ALARM: no temperature comes any more");
    expect(lines.some((line) => /^thermostat: filter is started again as process \d+$/.test(line))).toBe(true);
    expect(lines).toContain("ALARM: all is well again");
    expect(degrees(lines).length).toBeGreaterThan(2);
  });

  it.each(services)("goes on as it was but for %s, which comes back as another process", (name) => {
    const before = new Map(services.map((service) => [service, pidOf(service)]));
    machine.command(`kill ${before.get(name)}`);
    during(6);
    for (const service of services)
      if (service === name) expect(pidOf(service)).not.toBe(before.get(service));
      else expect(pidOf(service)).toBe(before.get(service));
    expect(degrees(during(4)).length).toBeGreaterThan(1);
  });

  it("hears the wanted temperature from anybody", () => {
    machine.command("pub 1104 22");
    const lines = during(12);
    expect(machine.transcript).toContain("controller: 22 degrees are wanted");
    expect(degrees(lines).at(-1)).toBeGreaterThan(21);
  });

  it("stops when it is told to", () => {
    machine.command("run thermostat stop");
    for (const name of ["thermostat", ...services]) expect(pidOf(name)).toBeUndefined();
  });
});
