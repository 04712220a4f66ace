import { describe, expect, it } from "vitest";
import { ratesOf } from "../../../../src/ui/panels/topics/rates";
import { indexOf, pack, type Row } from "../../derived/records";

/** One message on topic 300 every 10 ticks, and one on topic 7 every 100. */
const rows = Array.from({ length: 1000 }, (_, at): Row[] => [
  [at * 10, "publish", 3, pack(300, 8), at * 2],
  ...(at % 10 === 0 ? ([[at * 10, "publish", 4, pack(7, 8), at * 2 + 1]] as Row[]) : []),
]).flat();

describe("the rate of a topic", () => {
  const { index } = indexOf(rows);

  it("is what was published on it in the last second", () => {
    const rates = ratesOf(index.messages, 10_000, 1_000);
    expect(rates.get(300)).toBeCloseTo(100, -1);
    expect(rates.get(7)).toBeCloseTo(10, -1);
  });

  it("of a second that has not passed yet, or of more messages than are looked at, is scaled", () => {
    expect(ratesOf(index.messages, 10_000, 100_000).get(300)).toBe(10_000);
    expect(ratesOf(index.messages, 10_000, 10_000, 110).get(300)).toBeCloseTo(1000, -2);
  });

  it("falls to nothing when nobody publishes", () => {
    expect(ratesOf(index.messages, 50_000, 1_000).size).toBe(0);
  });
});
