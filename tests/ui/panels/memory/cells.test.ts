import { describe, expect, it } from "vitest";
import { CELL, cellAt, fillOf, mapSize } from "../../../../src/ui/panels/memory/cells";

describe("the map of frames", () => {
  it("has as many columns as fit, in sixteens where there is room", () => {
    expect(mapSize(1024, 70 * CELL)).toEqual({ columns: 64, rows: 16 });
    expect(mapSize(100, 9 * CELL)).toEqual({ columns: 9, rows: 12 });
    expect(mapSize(10, 0)).toEqual({ columns: 1, rows: 10 });
  });

  it("finds the cell under the pointer, and none beside the map", () => {
    const size = mapSize(100, 16 * CELL);
    expect(cellAt(size, 100, 0, 0)).toBe(0);
    expect(cellAt(size, 100, 2 * CELL + 1, CELL + 1)).toBe(18);
    expect(cellAt(size, 100, 16 * CELL + 1, 0)).toBeUndefined();
    expect(cellAt(size, 100, 5 * CELL, 6 * CELL)).toBeUndefined();
  });

  it("gives a process's memory its colour, what the kernel keeps for it a weaker one, and the rest their own", () => {
    const key = (pid: number) => (pid === 3 ? { pid, generation: 901 } : undefined);
    const stack = fillOf("user_stack", 3, key);
    expect(stack).toMatchObject({ token: expect.stringMatching(/^--p\d+$/) as string, alpha: 1 });
    expect(fillOf("page_table", 3, key)).toEqual({ token: stack.token, alpha: 0.55 });
    expect(fillOf("page_table", 0, key).token).not.toBe(stack.token);
    expect(fillOf("user_heap", 9, key).token).toBe("--mute");
    expect(fillOf("segment", 3, key).token).toBe("--accent");
  });
});
