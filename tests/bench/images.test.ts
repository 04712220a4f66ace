import { describe, expect, test } from "vitest";
import { measure } from "./measure";
import { load, repeated, valueIn, workloadNames } from "./workloads";

/** The images that the benchmark measures, one round each: what they compute is right in our machine. */
describe.each([64, 32] as const)("workloads of %d bits", (bits) => {
  test.each(workloadNames)("%s", async (name) => {
    const workload = load(name, bits);
    const { text, missing } = await measure({ image: repeated(workload, 1).image, tier: "regions" });
    expect(missing).toBeUndefined();
    expect(valueIn(text)).toBe(workload.value);
  });
});
