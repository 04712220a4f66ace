/** Boot, session and workloads in both tiers, compared every thousand ticks; compare.ts runs more of them, and longer. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { load, repeated } from "../../bench/workloads";
import { firstDifference } from "./sideBySide";

const herald = readFileSync(new URL("../../../public/herald.img", import.meta.url));

test("Herald's boot", () => {
  const typed = { after: "herald> ", keys: "help\n" };
  const common = { disk: herald, memoryMiB: 16, step: 1000, whole: 2000, typed };
  expect(firstDifference({ ...common, regions: true, ticks: 5_000_000 })).toBeUndefined();
});

const workloads = (["quicksort", "dispatch", "syscalls", "remap", "floating"] as const).flatMap((name) =>
  ([64, 32] as const).map((bits) => ({ name, bits })),
);
test.each(workloads)("$name in $bits bits", ({ name, bits }) => {
  const { image } = repeated(load(name, bits), 1);
  const regions = { threshold: 1, sampleEvery: 5000 };
  const found = firstDifference({ disk: image, memoryMiB: 64, regions, ticks: 1_000_000, step: 1009, whole: 700 });
  expect(found).toBeUndefined();
});
