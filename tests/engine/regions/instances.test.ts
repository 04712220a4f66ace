/** Compiled code that is not in use any more is collected, though tables keep what imports them (handlers/library.ts). */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, onTestFinished, test } from "vitest";
import { EngineBench } from "../../silicon/engine";
import { generateCase } from "../../silicon/generate";
import { forms } from "../../../src/engine/decode/forms";

const REGIONS = 1500;
const MOST_LEFT = 1024;

test("regions that were dropped leave no instances behind", async () => {
  let [made, freed] = [0, 0];
  const registry = new FinalizationRegistry(() => freed++);
  const { Instance } = WebAssembly;
  onTestFinished(() => void (WebAssembly.Instance = Instance));
  WebAssembly.Instance = new Proxy(Instance, {
    construct(target, [module, imports]: [WebAssembly.Module, WebAssembly.Imports]) {
      const instance = new target(module, imports);
      made++;
      registry.register(instance, undefined);
      return instance;
    },
  });
  const bench = new EngineBench(64, { regions: { threshold: 0 } });
  const form = forms.find(({ text }) => text === "01 /r Ev,Gv")!;
  for (let seed = 1; (bench.cpu.regions?.counts.compiled ?? REGIONS) < REGIONS; seed++) {
    const one = generateCase(form, seed, 64);
    if (one) bench.run(one);
  }
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let round = 0; round < 3; round++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(made).toBeGreaterThan(REGIONS);
  expect(made - freed).toBeLessThan(MOST_LEFT);
  expect(bench.cpu.regions?.counts.dropped).toBe(REGIONS - 1);
});
