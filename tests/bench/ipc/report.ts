/** Tables and sentences from the results; what they say is computed, so that it cannot disagree with the figures. */
import { type Cell, type Model, models, payloads, type Split, subscriberCounts, type Way } from "./cells";
import { agrees } from "./qemu";
import type { Results } from "./results";
import { costOf, meanCost } from "./tracing";

const names: Readonly<Record<Model, string>> = {
  callback: "kernel topic, callback",
  receive: "kernel topic, receive",
  queue: "a message queue for each receiver",
  broker: "broker in user space",
  shared: "shared memory and a wake",
};

const MOST_KIB = 4096;
const whole = (value: number) => Math.round(value).toLocaleString("en");
const range = (values: readonly number[]) => `${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)}`;
const percent = (value: number) => `${(value * 100).toFixed(2)} %`;

type Place = Pick<Cell, "way" | "payload" | "subscribers">;

const find = (cells: readonly Cell[], model: Model, { way, payload, subscribers }: Place): Cell =>
  cells.find(
    (cell) => cell.model === model && cell.way === way && cell.payload === payload && cell.subscribers === subscribers,
  )!;

/** Without the receivers' own work on the bytes, which is the same whatever the way. */
const talking = ({ kernel, user }: Split) => kernel + user;

/** How many times as many instructions as kernel topics with callbacks, in every cell that `pick` has a number for. */
function ratios(
  cells: readonly Cell[],
  model: Model,
  pick: (cell: Cell) => number | undefined,
  of: (cell: Cell) => boolean,
): number[] {
  return cells
    .filter((cell) => cell.model === model && cell.subscribers > 0 && of(cell))
    .flatMap((cell) => {
      const [one, other] = [pick(cell), pick(find(cells, "callback", cell))];
      return one && other ? [one / other] : [];
    });
}

const all = ({ instructions }: Cell) => instructions;
const split = (cell: Cell) => cell.split && talking(cell.split);

function table(cells: readonly Cell[], way: Way, payload: number): string[] {
  const counts = subscriberCounts.filter((count) => count > 0);
  const rows = models.map((model) => {
    const values = counts.map((subscribers) => whole(find(cells, model, { way, payload, subscribers }).instructions));
    return `| ${names[model]} | ${values.join(" | ")} |`;
  });
  return [
    `${payload} bytes, ${way}:`,
    "",
    `| subscribers | ${counts.join(" | ")} |`,
    `| --- | ${counts.map(() => "---:").join(" | ")} |`,
    ...rows,
    "",
  ];
}

function ratioTable({ cells }: Results, pick: (cell: Cell) => number | undefined, limit: number): string[] {
  const columns = payloads.filter((payload) => payload <= limit);
  const row = (model: Model) =>
    columns.map((payload) => range(ratios(cells, model, pick, (cell) => cell.payload === payload)));
  return [
    `| payload | ${columns.join(" | ")} |`,
    `| --- | ${columns.map(() => "---:").join(" | ")} |`,
    ...models.slice(1).map((model) => `| ${names[model]} | ${row(model).join(" | ")} |`),
  ];
}

/** The goals, each with what was found. */
function goals(results: Results): string[] {
  const { emptyCall, path, furtherSubscriber, interruptsOff, services, tracing, qemu, cells } = results;
  const last = (ready: Results["services"]["parallel"]) => ready[ready.length - 1].fromPowerOn;
  const [call, worst] = Object.entries(interruptsOff)[0];
  const least = Math.min(...ratios(cells, "broker", split, ({ payload }) => payload <= MOST_KIB));
  const sum = (one: { kernel: number; user: number }) => whole(one.kernel + one.user);
  return [
    "| what | found | goal |",
    "| --- | --- | --- |",
    `| system call that does nothing, there and back | ${whole(emptyCall)} | 120 |`,
    `| publish of 8 bytes to the callback in another address space, the CPU handed over | ${sum(path.handoff)} | 600 |`,
    `| the same when the publisher goes on until it waits itself | ${sum(path.plain)} | |`,
    `| each further subscriber, with its context switch | ${furtherSubscriber} | 350 |`,
    `| broker in user space, up to 4 KiB, at least (without the receivers' own work) | ${least.toFixed(2)} times | 2 times |`,
    `| longest stretch with interrupts off, up to 64 subscribers | ${worst.instructions} (${call}: ${worst.where}) | 5,000 |`,
    tracing
      ? `| trace points that are switched off | ${percent(meanCost(tracing))} on average, at most ${percent(Math.max(...tracing.map(costOf)))} | 1 % |`
      : "| trace points that are switched off | not measured: no C compiler | 1 % |",
    qemu
      ? `| cells repeated in QEMU that are the same there, instruction for instruction | ${qemu.filter(agrees).length} of ${qemu.length} | all |`
      : "| cells repeated in QEMU | not measured: no QEMU | all |",
    `| six services that need each other, ready from power-on: in parallel, in sequence | ${last(services.parallel)} ms, ${last(services.sequence)} ms | |`,
    "",
  ];
}

/** Where who wins: sentences with their figures. */
function conclusion({ cells }: Results): string[] {
  const of = (model: Model, way: Way, payload: number, pick = all) =>
    range(ratios(cells, model, pick, (cell) => cell.way === way && cell.payload === payload));
  const long = (model: Model) => range(ratios(cells, model, all, (cell) => cell.payload === 65536));
  const few = range(ratios(cells, "queue", all, ({ payload, subscribers }) => payload <= 64 && subscribers === 1));
  const many = range(ratios(cells, "queue", all, ({ payload, subscribers }) => payload <= 64 && subscribers >= 8));
  return [
    `**Kernel topics win** against a broker, always: it takes ${of("broker", "single", 8)} times their instructions for 8 bytes one at a time and`,
    `${of("broker", "burst", 8)} times in bursts, since each message makes two system calls and two copies more on its way. They win against message queues`,
    `as soon as there are several receivers (${many} times from 8 on, payloads up to 64 bytes); for a single receiver a queue is about the same (${few} times).`,
    `**Shared memory wins** in bursts (${of("shared", "burst", 8)} times the instructions of a topic for 8 bytes), where a receiver that finds a message needs`,
    `no system call at all. One at a time (${of("shared", "single", 8)} times) waking and switching are most of it, and the more receivers the less it gains. In return`,
    "nobody checks, counts, bounds or cleans up anything, and all who take part must trust each other.",
    `**It makes little difference** at 64 KiB, where copying and adding up the bytes is nearly all there is: queue ${long("queue")}, receive ${long("receive")},`,
    `shared ${long("shared")} times, and only the broker's two more copies show (${long("broker")}).`,
    "",
  ];
}

const heading = (results: Results): string[] => [
  ...goals(results),
  "Instructions for each delivered message, 8 bytes one at a time and in bursts of 16 (each receiver adds the payload up, which is counted):",
  "",
  ...table(results.cells, "single", 8),
  ...table(results.cells, "burst", 8),
  ...conclusion(results),
];

export const readmePart = (results: Results): string =>
  [
    "Written by `npm run bench:ipc -- --readme`; all cells are in [tests/bench/ipc.md](tests/bench/ipc.md). Instruction counts are exact and repeat everywhere,",
    "but they ignore caches.",
    "",
    ...heading(results),
  ]
    .join("\n")
    .trimEnd();

export function report(results: Results): string {
  const { cells, interruptsOff } = results;
  return [
    "# Ways to talk, side by side",
    "",
    "Instructions per delivered message, from the publisher's first to the receiver's last (each receiver adds up the payload), in Herald on our",
    "machine, tracing off. Written by `npm run bench:ipc`. Instruction counts ignore caches. `ipc.json` has for each cell also system calls, context",
    "switches, bytes copied, kernel and user instructions, drops and peak memory.",
    "",
    ...heading(results),
    "Instructions as a multiple of kernel topics with callbacks (above 1: it takes more), from the best to the worst case over all numbers of",
    "subscribers and both ways of sending:",
    "",
    ...ratioTable(results, all, Infinity),
    "",
    "The same without the receivers' own work, adding up the payload, where the instructions of a round were looked at one by one:",
    "",
    ...ratioTable(results, split, MOST_KIB),
    "",
    "Longest stretch with interrupts off, by what the process was doing:",
    "",
    "| call | instructions | where |",
    "| --- | ---: | --- |",
    ...Object.entries(interruptsOff).map(
      ([call, { instructions, where }]) => `| ${call} | ${instructions} | ${where} |`,
    ),
    "",
    ...payloads.flatMap((payload) => [...table(cells, "single", payload), ...table(cells, "burst", payload)]),
  ]
    .join("\n")
    .trimEnd();
}
