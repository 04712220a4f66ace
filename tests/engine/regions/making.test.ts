/** When regions are made, and how many: a few steps at each sample, several to a module, and ever more seldom where code is rewritten. */
import { expect, test, vi } from "vitest";
import type { X86Cpu } from "../../../src/engine/cpu";
import type { RegionOptions } from "../../../src/engine/regions/options";
import { Patterns } from "../../../src/engine/regions/pattern";
import { Pc } from "../../../src/pc/pc";
import { load, repeated } from "../../bench/workloads";
import { longMachine } from "../machine";

function workload(name: string, regions: Partial<RegionOptions>) {
  const pc = new Pc({ disk: repeated(load(name, 64), 200).image, memoryMiB: 64, regions });
  return { pc, regions: (pc.cpu as X86Cpu).regions! };
}

test("no more is done at a sample than the options say", () => {
  const { pc, regions } = workload("quicksort", { threshold: 2, sampleEvery: 4096, sampleSeldom: 4096, work: 3 });
  let most = 0;
  for (let before = 0; pc.clock < 6_000_000; before = regions.counts.steps) {
    pc.run(pc.clock + 4096);
    most = Math.max(most, regions.counts.steps - before);
  }
  expect(regions.counts.compiled).toBeGreaterThan(1);
  // Portions and samples do not fall together: two samples may fall into one.
  expect(most).toBeLessThanOrEqual(6);
});

test("several regions share a module", () => {
  const { pc, regions } = workload("quicksort", { threshold: 1, sampleEvery: 512, sampleSeldom: 512 });
  pc.run(4_000_000);
  expect(regions.counts.compiled).toBeGreaterThan(2);
  expect(regions.counts.modules).toBeLessThan(regions.counts.compiled);
});

test("there are never more regions than allowed", () => {
  const { pc, regions } = workload("quicksort", { threshold: 1, sampleEvery: 512, sampleSeldom: 512, mostRegions: 2 });
  pc.run(3_000_000);
  const { compiled, dropped } = regions.counts;
  expect(compiled).toBeGreaterThan(2);
  expect(compiled - dropped).toBeLessThanOrEqual(2);
});

test("instructions of one pattern become what each would become alone", () => {
  const modulesOf = (name: string) => {
    const { pc, regions } = workload(name, { threshold: 1, sampleEvery: 512, sampleSeldom: 512 });
    const modules: Uint8Array[] = [];
    regions.watch = (bytes) => modules.push(bytes);
    pc.run(3_000_000);
    return modules.map((bytes) => Buffer.from(bytes).toString("base64"));
  };
  const { of } = Patterns.prototype;
  for (const name of ["quicksort", "sha256", "wide"]) {
    const shared = modulesOf(name);
    const alone = vi.spyOn(Patterns.prototype, "of").mockImplementation(function (this: Patterns, ...instruction) {
      return of.apply(new Patterns(this.nodes), instruction);
    });
    expect(modulesOf(name)).toEqual(shared);
    expect(alone).toHaveBeenCalled();
    alone.mockRestore();
    expect(shared.length).toBeGreaterThan(0);
  }
});

/** mov $5000,%ecx; 1: mov %cl,2f+1(%rip); 2: mov $0,%al; dec %ecx; jnz 1b; hlt */
const rewriting = [0xb9, 0x88, 0x13, 0, 0, 0x88, 0x0d, 1, 0, 0, 0, 0xb0, 0, 0xff, 0xc9, 0x75, 0xf4, 0xf4];

test("code that is rewritten all the time is soon left alone", () => {
  const { cpu } = longMachine(rewriting, 4, { threshold: 0 });
  expect(cpu.run(1_000_000)).toEqual({ kind: "halted", forever: true });
  const { compiled, dropped } = cpu.regions!.counts;
  expect(dropped).toBeGreaterThan(1);
  expect(compiled).toBeLessThan(40);
});
