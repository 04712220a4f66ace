/** The kernel's figures, in instructions, which are the same everywhere: a change that makes it slower than its goals is found here. */
import { describe, expect, it } from "vitest";
import { type Job, measure } from "./ipc/cells";
import { benchMachine } from "./ipc/guest";
import { emptyCall, interruptsOff, path } from "./ipc/main";
import { bootOfServices } from "./ipc/services";

const job = (model: Job["model"], subscribers: number, payload = 8, way: Job["way"] = "single"): Job => ({
  model,
  way,
  payload,
  subscribers,
});

/** Instructions of a whole message, the receivers' own work on the bytes left out. */
function talking(one: Job): number {
  const { split } = measure(benchMachine(), one, true);
  return (split!.kernel + split!.user) * one.subscribers;
}

describe("publish/subscribe in the kernel", () => {
  it("makes a system call that does nothing in 120 instructions", () => {
    expect(emptyCall(benchMachine())).toBeLessThanOrEqual(120);
  });

  it("brings 8 bytes from publish to a callback in another address space in 600", () => {
    const { kernel, user } = path(benchMachine(), "handoff");
    expect(kernel + user).toBeLessThanOrEqual(600);
    expect(kernel + user).toBeGreaterThan(100);
  });

  it("serves each further subscriber in 350, its context switch and its own work included", () => {
    const of = (subscribers: number) =>
      measure(benchMachine(), job("callback", subscribers), false).instructions * subscribers;
    expect((of(16) - of(1)) / 15).toBeLessThanOrEqual(350);
  });

  it.each([0, 8, 64, 512, 4096])("takes half of what a broker takes to bring %i bytes", (payload) => {
    for (const subscribers of [1, 8])
      expect(
        talking(job("broker", subscribers, payload)) / talking(job("callback", subscribers, payload)),
      ).toBeGreaterThan(2);
  });

  it("copies, switches and calls as often as it must", () => {
    const cell = measure(benchMachine(), job("callback", 8), false);
    expect(cell).toMatchObject({ dropped: 0, bytesCopied: 9 });
    expect(cell.systemCalls).toBeCloseTo(9 / 8, 2); // publish, and the end of each callback
    expect(cell.switches).toBeCloseTo(9 / 8, 2); // to each receiver, and back
  });

  it("has the same counts on a second machine", () => {
    const [one, other] = [benchMachine(), benchMachine()].map((machine) => measure(machine, job("queue", 2, 64), true));
    expect(other).toEqual(one);
  });

  it("never turns interrupts off for 5,000 instructions, however many subscribe", () => {
    const session = ["run bench callback 8 4 4 3", "run bench broker 512 2 4 3", "ps", "run spin &", "kill 255"];
    const few = interruptsOff(benchMachine(), session);
    const many = interruptsOff(benchMachine(), ["run bench callback 8 64 1 3"]);
    const worst = Math.max(...Object.values({ ...few }).map(({ instructions }) => instructions));
    expect(worst).toBeGreaterThan(50);
    expect(worst).toBeLessThan(5000);
    // What a publisher of many subscribers does with interrupts off is what one of a few does.
    expect(many.publish.instructions).toBe(few.publish.instructions);
    expect(Math.max(...Object.values(many).map(({ instructions }) => instructions))).toBeLessThan(5000);
  });

  it("boots six services sooner together than one after the other", () => {
    const { parallel, sequence } = bootOfServices();
    expect(new Set(parallel.map(({ service }) => service))).toEqual(new Set(sequence.map(({ service }) => service)));
    expect(parallel).toHaveLength(6);
    expect(parallel[5].fromPowerOn).toBeLessThan(sequence[5].fromPowerOn);
  });
});
