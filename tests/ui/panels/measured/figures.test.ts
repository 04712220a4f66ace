import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { linesOf, models, ratios, readCells, summary, valuesOf } from "../../../../src/ui/panels/measured/figures";

const cells = readCells(JSON.parse(readFileSync(new URL("../../../bench/ipc.json", import.meta.url), "utf8")));

describe("the measured figures", () => {
  it("make whole lines: every way to talk has every payload and every number of receivers", () => {
    for (const way of ["single", "burst"] as const) {
      for (const held of valuesOf(cells, "subscribers"))
        for (const line of linesOf(cells, "payload", held, way))
          expect(line.cells.map((cell) => cell.payload)).toEqual([0, 8, 64, 512, 4096, 65536]);
      for (const held of valuesOf(cells, "payload"))
        for (const line of linesOf(cells, "subscribers", held, way))
          expect(line.cells.map((cell) => cell.subscribers)).toEqual([1, 2, 4, 8, 16, 64]);
    }
  });

  it("are told as multiples of the kernel topic with callbacks", () => {
    expect(ratios(cells, "callback")).toEqual([1, 1]);
    for (const model of models) {
      const [least, most] = ratios(cells, model);
      expect(least).toBeGreaterThan(0);
      expect(most).toBeGreaterThanOrEqual(least);
    }
    const [least, most] = ratios(cells, "broker");
    expect(summary(cells)).toContain(`broker in user space ${least.toFixed(2)} to ${most.toFixed(2)} times`);
  });

  it("are refused when they are not what they were made as", () => {
    for (const wrong of [undefined, {}, { cells: [{ model: "telepathy" }] }]) expect(() => readCells(wrong)).toThrow();
  });
});
