/** What the trace points cost when they are switched off: the same cells with a kernel that has none. */
import { build, MissingTool } from "../../../src/herald/build";
import { commandOf, type Job, models, parseSums } from "./cells";
import { benchMachine, endRound, jobLine, type } from "./guest";

export interface TracingCost {
  readonly model: Job["model"];
  readonly way: Job["way"];
  readonly subscribers: number;
  readonly payload: number;
  /** Instructions of all counted rounds: trace points there but off, and none there. */
  readonly off: number;
  readonly without: number;
}

const jobs: readonly Job[] = models.flatMap((model) =>
  [1, 8].flatMap((subscribers) =>
    (["single", "burst"] as const).flatMap((way) => [8, 512].map((payload) => ({ model, way, payload, subscribers }))),
  ),
);

/** undefined where the tools to build a kernel are missing. */
export function tracingCosts(): TracingCost[] | undefined {
  let image: Uint8Array;
  try {
    ({ image } = build(["WITHOUT_TRACE"]));
  } catch (error) {
    if (error instanceof MissingTool) return undefined;
    throw error;
  }
  const machines = [benchMachine(), benchMachine(image)];
  return jobs.map((job) => {
    const [off, without] = machines.map((machine) => {
      const from = machine.transcript.length;
      type(machine, jobLine(commandOf(job)));
      return parseSums(endRound(machine, from)).ticks;
    });
    const { model, way, subscribers, payload } = job;
    return { model, way, subscribers, payload, off, without };
  });
}

export const costOf = ({ off, without }: TracingCost): number => off / without - 1;

/** Over all cells, weighted by their instructions. */
export function meanCost(costs: readonly TracingCost[]): number {
  const sum = (pick: (cost: TracingCost) => number) => costs.reduce((total, cost) => total + pick(cost), 0);
  return sum(({ off }) => off) / sum(({ without }) => without) - 1;
}
