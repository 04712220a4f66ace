/** The same run ends in the same state here, in Chromium, as in Node. */
import { readFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { builtinScenarios } from "../../src/scenario/builtin";
import type { Input } from "../../src/scenario/schema";
import { Session } from "../../src/worker/session";
import type { FromWorker, ToWorker } from "../../src/worker/protocol";
import { openAtPrompt } from "./visitor";

const TICKS = [1_000_003, 60_000_000, 250_000_000];
const inputs: Input[] = ["KeyP", "KeyS", "Enter"].flatMap((code, i): Input[] => [
  { kind: "key", tick: 120_000_000 + i * 4_000_000, code, down: true },
  { kind: "key", tick: 122_000_000 + i * 4_000_000, code, down: false },
]);
const scenario = builtinScenarios[0];

function hashesInNode(): string[] {
  const image = readFileSync(new URL("../../public/herald.img", import.meta.url));
  const map = JSON.parse(readFileSync(new URL("../../public/herald.map.json", import.meta.url), "utf8")) as unknown;
  const hashes: string[] = [];
  const tasks: (() => void)[] = [];
  let now = 0;
  const session = new Session({
    now: () => (now += 0.1),
    post: (message: FromWorker) => {
      if (message.kind === "hash") hashes.push(message.hash);
      if (message.kind === "error") throw new Error(message.message);
    },
    soon: (task) => tasks.push(task),
    after: (_, task) => tasks.push(task),
  });
  const bytes = new Uint8Array(image).buffer;
  session.handle({ kind: "open", scenario, inputs, image: bytes, map });
  for (const tick of TICKS) {
    session.handle({ kind: "runTo", tick });
    for (let task = tasks.shift(); task; task = tasks.shift()) task();
    session.handle({ kind: "hash" });
  }
  return hashes;
}

test("state hashes agree between Chromium and Node", async ({ page }) => {
  await openAtPrompt(page);
  const worker = page.workers()[0].url();
  const inChromium = await page.evaluate(
    async ({ worker, scenario, inputs, ticks }) => {
      const image = await (await fetch("herald.img")).arrayBuffer();
      const map: unknown = await (await fetch("herald.map.json")).json();
      const machine = new Worker(worker, { type: "module" });
      const say = (message: ToWorker) => machine.postMessage(message);
      const hashes: string[] = [];
      await new Promise<void>((resolve, reject) => {
        let at = 0;
        machine.onmessage = ({ data }: MessageEvent<FromWorker>) => {
          if (data.kind === "error") reject(new Error(data.message));
          if (data.kind === "reached") say({ kind: "hash" });
          if (data.kind !== "hash") return;
          hashes.push(data.hash);
          if (++at < ticks.length) say({ kind: "runTo", tick: ticks[at] });
          else resolve();
        };
        say({ kind: "open", scenario, inputs, image, map });
        say({ kind: "runTo", tick: ticks[0] });
      });
      machine.terminate();
      return hashes;
    },
    { worker, scenario, inputs, ticks: TICKS },
  );
  expect(inChromium).toEqual(hashesInNode());
  expect(new Set(inChromium).size).toBe(TICKS.length);
});
