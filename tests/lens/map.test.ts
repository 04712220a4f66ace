import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { constants } from "../../src/herald/layout";
import { parseMap } from "../../src/lens/map";
import { Symbols } from "../../src/lens/symbols";

const json = (): unknown => JSON.parse(readFileSync(new URL("../../public/herald.map.json", import.meta.url), "utf8"));

describe("the kernel's map", () => {
  it("agrees with the layout and names every global the lens starts from", () => {
    const map = parseMap(json());
    expect(map.kernelVirtualBase).toBe(constants.KERNEL_VIRTUAL_BASE);
    expect(map.kernelPhysicalBase).toBe(BigInt(constants.KERNEL_PHYSICAL_BASE));
    expect(map.directMapBase).toBe(constants.DIRECT_MAP_BASE);
    const globals = ["process_table", "current_pid", "mutex_lock", "scheduler", "topic_table", "notify_queue"];
    for (const name of [...globals, "trace_ring", "trace_write", "kernel_end"])
      expect([name, map.symbols.has(name)]).toEqual([name, true]);
    expect(map.programs.get("shell")?.get("main")).toBeDefined();
  });

  it("that is damaged is refused in words", () => {
    const good = json() as Record<string, unknown>;
    const bad: unknown[] = [
      null,
      "map",
      [],
      {},
      { ...good, symbols: [] },
      { ...good, symbols: { a: { address: 12, size: 0 } } },
      { ...good, symbols: { a: { address: "0x1" } } },
      { ...good, symbols: { a: null } },
      { ...good, programs: { shell: 1 } },
      { ...good, directMapBase: "somewhere" },
    ];
    for (const one of bad) expect(() => parseMap(one)).toThrow(/^The kernel's map is damaged: /);
  });
});

describe("symbols", () => {
  const symbols = new Symbols(
    new Map([
      ["label", { address: 0x1000n, size: 0 }],
      ["function", { address: 0x1010n, size: 0x20 }],
      ["text_start", { address: 0x1010n, size: 0 }],
      ["far", { address: 0x9000n, size: 0 }],
      ["end", { address: 0xf000n, size: 0 }],
    ]),
  );

  it("name the place they hold, and nothing else", () => {
    const names = [0xfffn, 0x1000n, 0x1008n, 0x1010n, 0x102fn, 0x1030n, 0x9ffen, 0xa000n, 0xf000n];
    expect(names.map((address) => symbols.nearest(address))).toEqual([
      undefined,
      "label",
      "label+0x8",
      "function",
      "function+0x1f",
      undefined,
      "far+0xffe",
      undefined,
      undefined,
    ]);
    expect(symbols.below(0x1018n)).toBe(0x1010n);
    expect(new Symbols(undefined).nearest(1n)).toBeUndefined();
  });
});
