/** programs/test/PROMISES.md: every promise has a check, and every check is for a promise. And one that can only be checked from outside. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { structs } from "../../src/herald/layout";
import { heraldFolder } from "../../src/herald/sources";
import { GuestMemory } from "../../src/lens/memory";
import { checkNames } from "./checks";
import { committedMap, machineForTests } from "./fuzzing";

describe("the promises", () => {
  const text = readFileSync(resolve(heraldFolder, "programs/test/PROMISES.md"), "utf8");
  const rows = text.split("\n").filter((line) => /^\| (?!promise |-)/.test(line));
  const named = rows.map((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, name]) => name));

  it("each have a check or a test that exists", () => {
    expect(rows.length).toBeGreaterThan(50);
    rows.forEach((row, i) => expect(named[i].length, row).toBeGreaterThan(0));
    for (const name of named.flat())
      if (name.includes("/")) expect(existsSync(resolve(heraldFolder, "../..", name)), name).toBe(true);
      else expect(checkNames).toContain(name);
  });

  it("leave no check without one", () => {
    expect([...new Set(named.flat())].filter((name) => !name.includes("/")).sort()).toEqual([...checkNames].sort());
  });
});

describe("the numbers of the total order", () => {
  it.each([2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n])("may go past %d", (limit) => {
    const machine = machineForTests();
    machine.command("run test no_subscriber");
    const { ram } = machine.pc.cpu;
    const memory = new GuestMemory(ram, committedMap, { cr3: machine.pc.snapshot().cr3, levels: 4 });
    const queue = memory.global("notify_queue", structs.notify_queue)!;
    const at = memory.physical(queue.addressOf("sequence"))!;
    const view = new DataView(ram.buffer, ram.byteOffset, ram.length);
    for (const name of ["publisher_fifo", "two_publishers_two_receivers_one_order", "drop_counter_in_callbacks"]) {
      view.setBigUint64(at, BigInt.asUintN(64, limit - 40n), true);
      expect(machine.command(`run test ${name}`)).toEqual([`ok ${name}`]);
      expect(BigInt.asUintN(64, view.getBigUint64(at, true) - limit)).toBeLessThan(1n << 20n);
    }
  });
});
