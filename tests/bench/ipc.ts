/**
 * `npm run bench:ipc`: ways for processes to talk, side by side in our machine: publish/subscribe in the kernel (with callbacks, with receive),
 * message queues, a broker in user space, shared memory with a wake. The clock of the machine is its instructions, so the counts are exact
 * and repeat everywhere; they say nothing about caches. Writes tests/bench/ipc.json and tests/bench/ipc.md.
 *
 * Two ways to send: "single", a message only after everybody has the one before; and "burst", as many as fit, without waiting.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { writeFile } from "../../src/herald/disk";
import { committedImage, HeraldMachine } from "../herald/machine";

const models = ["callback", "receive", "queue", "broker", "shared"] as const;
const payloads = [0, 8, 64, 512, 4096, 65536];
const subscriberCounts = [0, 1, 2, 4, 8, 16, 64];
const ROUNDS = 6;
const COUNTED = ROUNDS - 2; // the first warms up, the last ends
/** A cell with more instructions in a round than this is not taken apart instruction by instruction. */
const MOST_STEPS = 60_000;
/** The broker's own header stands in front of a message: so many bytes fewer fit. */
const BROKER_HEADER = 16;
const BROKER_LARGEST = 65536 - BROKER_HEADER;

type Model = (typeof models)[number];

interface Split {
  readonly kernel: number;
  readonly user: number;
  /** Longest run of instructions with interrupts off. */
  readonly interruptsOff: number;
}

interface Cell {
  readonly model: Model;
  readonly way: "single" | "burst";
  readonly payload: number;
  /** What was really sent where the model cannot send the payload. */
  readonly bytes: number;
  readonly subscribers: number;
  readonly burst: number;
  /** Per delivered message (per published one without subscribers). */
  readonly instructions: number;
  readonly systemCalls: number;
  readonly switches: number;
  /** Copies by the kernel and the broker times the payload, by construction of the model. */
  readonly bytesCopied: number;
  /** Of one single message of all its receivers, taken apart; absent when it is too long for that. */
  readonly split?: Split;
  readonly dropped: number;
  /** Most kernel memory beyond what was used before, of the first burst. */
  readonly memory: number;
}

interface ProgramMap {
  readonly programs: Record<string, { readonly symbols: Record<string, { readonly address: string }> }>;
}

const map = JSON.parse(
  readFileSync(resolve(import.meta.dirname, "../../public/herald.map.json"), "utf8"),
) as ProgramMap;
const symbol = (name: string) => BigInt(map.programs.bench.symbols[name].address);

function newMachine(): HeraldMachine {
  const image = committedImage.slice();
  const scenario = "trace=none\nquantum_ms=1000\nrun=shell\n";
  writeFile(image, "scenario.cfg", "text", new TextEncoder().encode(scenario));
  return new HeraldMachine(image).boot();
}

const copies: Readonly<Record<Model, (subscribers: number) => number>> = {
  callback: (n) => 1 + n,
  receive: (n) => 1 + n,
  queue: (n) => 2 * n,
  broker: (n) => 2 + 2 * n,
  shared: () => 1,
};

/** Steps from the breakpoint at measure_begin to measure_end and counts each instruction. */
function takeApart(machine: HeraldMachine): Split | undefined {
  const { pc } = machine;
  const end = symbol("measure_end");
  let kernel = 0;
  let user = 0;
  let off = 0;
  let interruptsOff = 0;
  while (pc.cpu.snapshot().rip !== end) {
    const { cpl, rflags } = { cpl: pc.cpu.snapshot().cpl, rflags: pc.cpu.snapshot().rflags };
    const before = pc.clock;
    pc.run(before + 1);
    const ticks = pc.clock - before;
    if (cpl === 3) user += ticks;
    else kernel += ticks;
    off = (rflags & 0x200n) === 0n ? off + ticks : 0;
    interruptsOff = Math.max(interruptsOff, off);
    if (kernel + user > MOST_STEPS) return undefined;
  }
  return { kernel, user, interruptsOff };
}

/** Types the command; breaks in round `round` when it is to be taken apart. */
function runCommand(machine: HeraldMachine, command: string, apart: boolean): { line: string; split?: Split } {
  const { pc } = machine;
  const from = machine.transcript.length;
  let split: Split | undefined;
  pc.input({ kind: "serial", bytes: [...command, "\n"].map((c) => c.charCodeAt(0)) });
  if (apart) {
    pc.cpu.setBreakpoints([symbol("measure_begin")]);
    for (let hits = 0; hits < 3;) if (pc.run(pc.clock + 500_000_000).kind === "breakpoint") hits++;
    pc.cpu.setBreakpoints([]);
    split = takeApart(machine);
  }
  const limit = pc.clock + 40_000_000_000;
  while (!/\nbench [^\n]*\n.*herald> $/s.test(machine.transcript.slice(from)) && pc.clock < limit)
    pc.run(pc.clock + 100_000);
  const line = /\nbench [^\n]*: ticks[^\n]*/.exec(machine.transcript.slice(from))?.[0];
  if (!line) throw new Error(`${command}: ${machine.transcript.slice(from)}`);
  return { line: line.trim(), ...(split && { split }) };
}

function measure(machine: HeraldMachine, model: Model, payload: number, subscribers: number, burst: number): Cell {
  const bytes = model === "broker" ? Math.min(payload, BROKER_LARGEST) : payload;
  const apart = burst === 1 && payload <= 512 && subscribers > 0 && subscribers <= 16;
  const { line, split } = runCommand(machine, `run bench ${model} ${bytes} ${subscribers} ${burst} ${ROUNDS}`, apart);
  const value = (name: string) => Number(new RegExp(`${name} (\\d+)`).exec(line)![1]);
  const published = COUNTED * burst;
  const delivered = published * Math.max(subscribers, 1);
  const per = (total: number) => Math.round((total / delivered) * 100) / 100;
  return {
    model,
    way: burst === 1 ? "single" : "burst",
    payload,
    bytes,
    subscribers,
    burst,
    instructions: per(value("ticks")),
    systemCalls: per(value("calls")),
    switches: per(value("switches")),
    bytesCopied: Math.round((copies[model](subscribers) * bytes) / Math.max(subscribers, 1)),
    ...(split && { split }),
    dropped: value("dropped"),
    memory: value("memory"),
  };
}

function table(cells: readonly Cell[], way: Cell["way"], payload: number): string[] {
  const counts = subscriberCounts.filter((count) => count > 0);
  const rows = models.map((model) => {
    const values = counts.map((count) => {
      const cell = cells.find(
        (one) => one.model === model && one.way === way && one.payload === payload && one.subscribers === count,
      );
      return cell ? Math.round(cell.instructions).toLocaleString("en") : "";
    });
    return `| ${model} | ${values.join(" | ")} |`;
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

/** How many times as many instructions as publish/subscribe with callbacks, over all numbers of subscribers and both ways. */
function ratios(cells: readonly Cell[], model: Model): string[] {
  return payloads.map((payload) => {
    const values = cells
      .filter((cell) => cell.model === model && cell.payload === payload && cell.subscribers > 0)
      .map((cell) => {
        const same = (one: Cell) =>
          one.model === "callback" &&
          one.way === cell.way &&
          one.payload === payload &&
          one.subscribers === cell.subscribers;
        return cell.instructions / cells.find(same)!.instructions;
      });
    return `${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)}`;
  });
}

function conclusion(cells: readonly Cell[]): string[] {
  const split = cells.flatMap((cell) => (cell.split ? [cell.split.interruptsOff] : []));
  return [
    "Instructions as a multiple of publish/subscribe in the kernel with callbacks (above 1: it is slower), from the best to the worst case over all",
    "numbers of subscribers and both ways of sending:",
    "",
    `| payload | ${payloads.join(" | ")} |`,
    `| --- | ${payloads.map(() => "---:").join(" | ")} |`,
    ...models.slice(1).map((model) => `| ${model} | ${ratios(cells, model).join(" | ")} |`),
    "",
    "A broker costs two system calls and two copies more for each message than the kernel's own table, so it is behind everywhere; the difference fades",
    "where the payload is so long that copying and adding it up is all that counts. Message queues cost about the same as publish/subscribe for one",
    "receiver, sometimes less, and fall behind with each further one. Shared memory is ahead everywhere, most of all in bursts and with long payloads,",
    "since nothing is copied and a receiver that finds a message needs no system call; in return nobody checks, counts or cleans up anything.",
    "",
    `Longest run with interrupts off, in the cells that were taken apart (up to 16 subscribers): ${Math.max(...split)} instructions.`,
    "",
  ];
}

function report(cells: readonly Cell[], emptyCall: number): string {
  return [
    "# Ways to talk, side by side",
    "",
    "Instructions per delivered message, from the publisher's first to the receiver's last (each receiver adds up the payload), in Herald on our",
    `machine, tracing off. Written by \`npm run bench:ipc\`. An empty system call takes ${emptyCall} instructions. Instruction counts ignore caches.`,
    "",
    ...conclusion(cells),
    ...payloads.flatMap((payload) => [...table(cells, "single", payload), ...table(cells, "burst", payload)]),
  ].join("\n");
}

function main(): void {
  const machine = newMachine();
  const cells: Cell[] = [];
  const { line } = runCommand(machine, "run bench call", false);
  const emptyCall = Number(/ticks (\d+)/.exec(line)![1]) / 1000;
  for (const payload of payloads) {
    const burst = payload > 4096 ? 2 : 16; // 64 queues of 16 such messages would not fit into the kernel heap
    for (const subscribers of subscriberCounts)
      for (const model of models)
        for (const size of [1, burst]) cells.push(measure(machine, model, payload, subscribers, size));
    console.error(`${payload} bytes: done`);
  }
  const folder = import.meta.dirname;
  writeFileSync(resolve(folder, "ipc.json"), JSON.stringify({ emptyCall, cells }, null, 1) + "\n");
  writeFileSync(resolve(folder, "ipc.md"), report(cells, emptyCall) + "\n");
  console.log(report(cells, emptyCall));
}

main();
