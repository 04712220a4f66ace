/** The delivery protocol in every order of its steps, up to a bound. */
import { describe, expect, it } from "vitest";
import { explore } from "./explore";
import type { Mistake, Plan } from "./state";

const MOST = 400_000;
const plan = (part: Partial<Plan>): Plan => ({
  publishers: [1],
  interrupts: 0,
  receivers: [],
  kill: false,
  mistake: "none",
  ...part,
});
const receiver = (receives: number, depth: number, policy: "oldest" | "newest" = "oldest") => ({
  receives,
  depth,
  policy,
});

describe("the delivery protocol", () => {
  it.each([
    ["one publisher, one receiver that ends early", plan({ publishers: [3], receivers: [receiver(1, 1)] })],
    ["two publishers, one receiver", plan({ publishers: [2, 1], receivers: [receiver(2, 2)] })],
    [
      "two receivers of one publisher",
      plan({ publishers: [2], receivers: [receiver(2, 1), receiver(1, 2, "newest")] }),
    ],
    ["interrupts that publish", plan({ publishers: [1], interrupts: 2, receivers: [receiver(2, 1)] })],
    ["interrupts and two receivers", plan({ interrupts: 1, receivers: [receiver(1, 1), receiver(1, 1, "newest")] })],
    ["a receiver that is killed", plan({ publishers: [2], receivers: [receiver(3, 1)], kill: true })],
    ["a receiver that is killed under interrupts", plan({ interrupts: 2, receivers: [receiver(3, 2)], kill: true })],
    ["nobody subscribed", plan({ publishers: [2, 1], interrupts: 2 })],
  ] as const)("holds with %s", (_name, what) => {
    const { problem, way, states, ends } = explore(what, MOST);
    expect(problem, way.join("\n")).toBeUndefined();
    expect(states).toBeGreaterThan(100);
    expect(ends).toBeGreaterThan(0);
  });

  const two = { publishers: [2, 1], interrupts: 1, receivers: [receiver(1, 1), receiver(2, 1, "newest")] };
  const one = { publishers: [1], interrupts: 1, receivers: [receiver(2, 2)] };

  it.each<[Mistake, Partial<Plan>, RegExp]>([
    ["unlock while serving", two, /partly served|no free slot|references|after the subscription's end/],
    ["look before the lock", one, /sleeps and its message is there/],
    ["slot without a reference", two, /references|too often/],
    ["number before the queue", one, /not in order|out of order/],
    ["leave what waits", two, /after the subscription's end/],
    ["wake nobody", two, /sleeps and its message is there/],
  ])("would be noticed to be wrong: %s", (mistake, part, pattern) => {
    const result = explore(plan({ ...part, mistake }), MOST);
    expect(result.problem).toMatch(pattern);
    expect(result.way.length).toBeGreaterThan(1);
  });
});
