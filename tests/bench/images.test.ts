import { describe, expect, test } from "vitest";
import { measure } from "./measure";
import { timesOf } from "./marks";
import { load, repeated, workloadNames } from "./workloads";

/** The images that the benchmark measures, one round each, and another: what they compute is right in our machine. */
describe.each([64, 32] as const)("workloads of %d bits", (bits) => {
  test.each(workloadNames)("%s", async (name) => {
    const workload = repeated(load(name, bits), 1, 1);
    const measured = await measure({ image: workload.image, tier: "regions" });
    expect(measured.missing).toBeUndefined();
    expect(() => timesOf(workload, measured)).not.toThrow();
  });
});
