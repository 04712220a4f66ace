/** The lens on a kernel whose memory is damaged at random: it says what it can read, and never throws, hangs or runs away. */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { readMemory } from "../../src/lens/frames";
import { parseMap, type HeraldMap } from "../../src/lens/map";
import { GuestMemory, type Paging } from "../../src/lens/memory";
import { mappedRanges, walkAddress } from "../../src/lens/pageTables";
import { processStruct, readProcesses } from "../../src/lens/processes";
import { namedRegions } from "../../src/lens/regions";
import { readTopics } from "../../src/lens/topics";
import { TraceDrain } from "../../src/lens/trace";
import { Pc } from "../../src/pc/pc";

const publicFile = (name: string) => readFileSync(new URL(`../../public/${name}`, import.meta.url));
const CASES = 300;
const NOW = { time: 1e9, ticksPerMicrosecond: 100, rip: 0n, rsp: 0n };

/** Numbers that are the same in every run. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48271) % 0x7fffffff;
    return state % below;
  };
}

function readEverything(memory: GuestMemory, paging: Paging): void {
  const table = readProcesses(memory, NOW);
  readTopics(memory);
  const frames = readMemory(memory);
  expect(frames?.groups.length ?? 0).toBeLessThanOrEqual(256);
  expect(frames?.cells.use.length ?? 0).toBeLessThanOrEqual(4096);
  new TraceDrain().drain(memory);
  for (let pid = 0; pid < 8; pid++) {
    const process = processStruct(memory, pid);
    const own: Paging = { cr3: process?.big("page_root") ?? paging.cr3, levels: paging.levels };
    const looked = new GuestMemory(memory.ram, memory.map, own);
    const { ranges } = mappedRanges(looked, own, namedRegions(looked, process));
    expect(ranges.length).toBeLessThan(2000);
    walkAddress(looked, own, table?.processes[pid]?.rip ?? 0n);
  }
}

describe("the lens on damaged memory", () => {
  let ram: Uint8Array;
  let map: HeraldMap;
  let paging: Paging;

  beforeAll(() => {
    map = parseMap(JSON.parse(publicFile("herald.map.json").toString()));
    const pc = new Pc({ disk: new Uint8Array(publicFile("herald.img")), memoryMiB: 16 });
    pc.run(60_000_000);
    ram = pc.cpu.ram.slice();
    paging = { cr3: pc.snapshot().cr3, levels: 4 };
    expect(readProcesses(new GuestMemory(ram, map, paging), NOW)!.processes.length).toBeGreaterThanOrEqual(3);
  });

  it(`survives ${CASES} kinds of damage`, () => {
    const random = sequence(20_26);
    const kernel = { from: 0x10_0000, to: 0x30_0000 };
    let slowest = 0;
    for (let i = 0; i < CASES; i++) {
      const damaged = ram.slice();
      const view = new DataView(damaged.buffer);
      const holes = 1 << random(12);
      for (let hole = 0; hole < holes; hole++) {
        const at = kernel.from + 8 * random((kernel.to - kernel.from) / 8);
        // Sometimes any bits, sometimes a pointer or a table entry that looks right.
        const value = [
          BigInt(random(0x7fffffff)) << BigInt(random(33)),
          map.directMapBase + BigInt(8 * random(ram.length / 8)),
          BigInt(0x1000 * random(ram.length / 0x1000)) | 7n,
          0xffff_ffff_ffff_ffffn,
        ][random(4)];
        view.setBigUint64(at, BigInt.asUintN(64, value), true);
      }
      const begun = performance.now();
      readEverything(new GuestMemory(damaged, map, paging), paging);
      slowest = Math.max(slowest, performance.now() - begun);
    }
    expect(slowest).toBeLessThan(1500);
  });

  it("has nothing to say before the kernel is there", () => {
    for (const fill of [0, 0xff, 0xcc]) {
      const empty = new GuestMemory(new Uint8Array(16 << 20).fill(fill), map, paging);
      if (fill === 0) expect([readProcesses(empty, NOW), readTopics(empty)]).toEqual([undefined, undefined]);
      readEverything(empty, paging);
    }
    readEverything(new GuestMemory(new Uint8Array(4096), map, paging), paging);
  });
});
