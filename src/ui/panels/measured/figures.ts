/** What was measured, out of tests/bench/ipc.json: which cells make a line, and what they say. Pure functions. */
import * as v from "valibot";

/** The ways to talk, in the order of the legend. */
export const models = ["callback", "receive", "queue", "broker", "shared"] as const;
export type Model = (typeof models)[number];

export const modelText: Readonly<Record<Model, string>> = {
  callback: "kernel topic, callback",
  receive: "kernel topic, receive",
  queue: "message queue for each receiver",
  broker: "broker in user space",
  shared: "shared memory and a wake",
};

export type Way = "single" | "burst";

const count = v.pipe(v.number(), v.finite(), v.minValue(0));
const cellSchema = v.object({
  model: v.picklist(models),
  way: v.picklist(["single", "burst"]),
  payload: count,
  subscribers: count,
  /** Per delivered message, as are the calls, switches and copies. */
  instructions: count,
  systemCalls: count,
  switches: count,
  bytesCopied: count,
});
const fileSchema = v.object({ cells: v.array(cellSchema) });

export type Cell = v.InferOutput<typeof cellSchema>;

/** The cells with a receiver: without one no message is delivered. Throws when the file is not what it was made as. */
export const readCells = (file: unknown): readonly Cell[] =>
  v.parse(fileSchema, file).cells.filter((cell) => cell.subscribers > 0);

export type Axis = "payload" | "subscribers";

export const valuesOf = (cells: readonly Cell[], axis: Axis): readonly number[] =>
  [...new Set(cells.map((cell) => cell[axis]))].sort((one, other) => one - other);

/** One line: a model along one axis, the other held. */
export interface Line {
  readonly model: Model;
  readonly cells: readonly Cell[];
}

export function linesOf(cells: readonly Cell[], axis: Axis, held: number, way: Way): readonly Line[] {
  const other: Axis = axis === "payload" ? "subscribers" : "payload";
  return models.map((model) => ({
    model,
    cells: cells
      .filter((cell) => cell.model === model && cell.way === way && cell[other] === held)
      .sort((one, two) => one[axis] - two[axis]),
  }));
}

/** A model's instructions as a multiple of the kernel topic's with callbacks: the least and the most over all cells. */
export function ratios(cells: readonly Cell[], model: Model): readonly [least: number, most: number] {
  const key = (cell: Cell): string => `${cell.way} ${cell.payload} ${cell.subscribers}`;
  const base = new Map(cells.filter((cell) => cell.model === "callback").map((cell) => [key(cell), cell.instructions]));
  const all = cells
    .filter((cell) => cell.model === model)
    .flatMap((cell) => {
      const callback = base.get(key(cell));
      return callback ? [cell.instructions / callback] : [];
    });
  return [Math.min(...all), Math.max(...all)];
}

/** What the figures say, in one sentence that changes with them. */
export function summary(cells: readonly Cell[]): string {
  const range = (model: Model): string => {
    const [least, most] = ratios(cells, model);
    return `${least.toFixed(2)} to ${most.toFixed(2)} times`;
  };
  return `Against a kernel topic with callbacks, over all payloads and receivers: fetching with receive takes ${range("receive")} the instructions, message queues ${range("queue")}, a broker in user space ${range("broker")}, and shared memory ${range("shared")}, where nothing is copied and nobody checks, counts or cleans up.`;
}
