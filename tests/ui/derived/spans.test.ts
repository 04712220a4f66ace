import { describe, expect, it } from "vitest";
import { Spans } from "../../../src/ui/derived/spans";

function spans(...pairs: [number, number][]): Spans {
  const result = new Spans();
  pairs.forEach(([start, end], row) => result.append(start, end, row, 0));
  return result;
}

function marks(of: Spans, from: number, to: number, resolution: number): [number, number, number, number, number][] {
  const result: [number, number, number, number, number][] = [];
  of.marks(from, to, resolution, (...mark) => result.push(mark));
  return result;
}

describe("spans", () => {
  it("finds by time", () => {
    const some = spans([0, 10], [20, 30], [30, 35]);
    expect(some.firstFrom(15)).toBe(1);
    expect(some.firstFrom(10)).toBe(0);
    expect(some.firstFrom(36)).toBe(3);
    expect(some.lastUntil(19)).toBe(0);
    expect(some.lastUntil(30)).toBe(2);
    expect(some.lastUntil(-1)).toBe(-1);
  });

  it("sums only the part inside", () => {
    const some = spans([0, 10], [20, 30], [30, 35]);
    expect(some.busy(5, 25)).toBe(10);
    expect(some.busy(-100, 100)).toBe(25);
    expect(some.busy(11, 19)).toBe(0);
    expect(some.summary(5, 32)).toEqual({ count: 3, sum: 17, longest: 10 });
    expect(some.summary(11, 19)).toEqual({ count: 0, sum: 0, longest: 0 });
  });

  it("draws long spans one by one and short ones of a cell as one mark", () => {
    const some = spans([0, 1], [2, 3], [4, 5], [8, 9], [16, 48], [50, 51]);
    expect(marks(some, 0, 100, 8)).toEqual([
      [0, 5, 3, 0, 2],
      [8, 9, 1, 3, 3],
      [16, 48, 32, 4, 4],
      [50, 51, 1, 5, 5],
    ]);
  });

  it("draws the same marks wherever the view begins", () => {
    const some = new Spans();
    for (let at = 0; at < 2000; at++) some.append(at * 3, at * 3 + 1, at, 0);
    const all = marks(some, 0, 6000, 64).filter(([start]) => start > 700 && start < 1200);
    const part = marks(some, 576, 1400, 64).filter(([start]) => start > 700 && start < 1200);
    expect(part).toEqual(all);
  });

  it("never loses or repeats a span, and costs pixels, not spans", () => {
    const some = new Spans();
    let time = 0;
    let seed = 1;
    for (let at = 0; at < 100_000; at++) {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      const length = seed % 97;
      some.append(time, time + length, at, 0);
      time += length + ((seed >> 8) % 50);
    }
    const resolution = time / 1000;
    let next = 0;
    let busy = 0;
    let count = 0;
    some.marks(0, time, resolution, (_start, _end, covered, first, last) => {
      expect(first).toBe(next);
      next = last + 1;
      busy += covered;
      count++;
    });
    expect(next).toBe(100_000);
    expect(busy).toBe(some.busy(0, time));
    expect(count).toBeLessThan(2100);
  });
});
