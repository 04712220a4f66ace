/** Our machine in Node and in a worker of headless Chromium. Every measurement has a process or browser of its own. */
import { fork } from "node:child_process";
import { provideChromium } from "../../browser/chromium";
import type { Measured, Request } from "../measure";
import { timesOf } from "../marks";
import type { Workload } from "../workloads";
import { askWorker, launch } from "./browser";
import { type Outcome, type Provided, type Runner } from "./runner";

type Tier = Request["tier"];
type Answer = Measured | { readonly failed: string };

/** The interpreter tier is slow: it runs a fifth of the rounds. */
const fraction = (tier: Tier) => (tier === "interpreter" ? 5 : 1);

function outcome(workload: Workload, answer: Answer): Outcome | { missing: string } {
  if ("failed" in answer) throw new Error(`${workload.name}: ${answer.failed}`);
  if (answer.missing) return { missing: answer.missing };
  return { ...timesOf(workload, answer), instructions: answer.instructions };
}

export function provideNode(tier: Tier, script: string): Runner {
  return {
    name: `node ${tier}`,
    version: process.version,
    fraction: fraction(tier),
    steady: tier === "regions",
    run: (workload) =>
      new Promise((resolve, reject) => {
        const child = fork(script, { serialization: "advanced", execArgv: [] });
        child.once("message", (answer: Answer) => {
          try {
            resolve(outcome(workload, answer));
          } catch (error) {
            reject(error as Error);
          }
        });
        child.once("error", reject);
        child.once("exit", (code) => reject(new Error(`${workload.name}: the process ended with status ${code}`)));
        child.send({ image: workload.image, tier } satisfies Request);
      }),
  };
}

export async function provideBrowser(tiers: readonly Tier[], script: string): Promise<Provided[]> {
  const name = (tier: Tier) => `chromium ${tier}`;
  const found = provideChromium();
  if ("why" in found) return tiers.map((tier) => ({ name: name(tier), missing: found.why }));
  const browser = await launch(found.path);
  const version = browser.version();
  await browser.close();
  return tiers.map((tier) => ({
    name: name(tier),
    version,
    fraction: fraction(tier),
    steady: tier === "regions",
    run: async (workload) => {
      const request: Request = { image: workload.image, tier };
      return outcome(workload, await askWorker<Measured>(found.path, script, request));
    },
  }));
}
