/** No memory: at each place of the kernel that asks for some, the first three times it is reached. tests/herald/memory.ts takes every time. */
import { describe, expect, it } from "vitest";
import { AllocationTest } from "./allocations";

describe("a kernel that gets no memory", () => {
  const test = new AllocationTest();
  const failed = new Set<string>();
  const run = (...what: Parameters<AllocationTest["fail"]>) => {
    const outcome = test.fail(...what);
    for (const name of outcome.failed) failed.add(name);
    return outcome.problems;
  };
  const never = () => test.sites.filter(({ name }) => !failed.has(name));
  const functionOf = ({ name }: { readonly name: string }) => name.replace(/\+.*/, "");

  it("is asked at places in its machine code that are all found", () => {
    const places = new Set(test.sites.map(functionOf));
    for (const name of ["message_queue_create", "segment_attach", "topic_subscribe", "user_grow_stack", "elf_load"])
      expect(places).toContain(name);
  });

  it("goes on and loses nothing, whichever of them it is", { timeout: 60_000 }, () => {
    for (const site of test.sites) for (const n of [1, 2, 3]) expect(run(site, n)).toEqual([]);
  });

  it("goes on when the way out of one failure meets another", { timeout: 60_000 }, () => {
    const others = never();
    for (const site of test.sites) if (functionOf(site) === "topic_subscribe") expect(run(site, 1, others)).toEqual([]);
  });

  it("goes on in a machine where nothing was kept from before", { timeout: 60_000 }, () => {
    for (const site of never()) expect(run(site, 1, [], true)).toEqual([]);
    // Before the first process there is nobody to tell: these end the machine, with a name.
    expect([...new Set(never().map(functionOf))]).toEqual(["scenario_start", "vm_start"]);
  });
});
