/**
 * The cells of the side-by-side: a way to talk, a payload, a number of subscribers, messages one at a time or in bursts. Every count is exact and the
 * same everywhere, as the machine's clock counts instructions.
 *
 * Two ways to send: "single", a message only after everybody has the one before; and "burst", as many as fit, without waiting.
 */
import type { HeraldMachine } from "../../herald/machine";
import { COUNTED, endRound, jobLine, startRound, type } from "./guest";
import { programSymbol, type Step, Stepper } from "./steps";

export const models = ["callback", "receive", "queue", "broker", "shared"] as const;
export const payloads = [0, 8, 64, 512, 4096, 65536] as const;
export const subscriberCounts = [0, 1, 2, 4, 8, 16, 64] as const;

export type Model = (typeof models)[number];
export type Way = "single" | "burst";

/** The broker's own header stands in front of a message: so many bytes fewer fit. */
const BROKER_LARGEST = 65536 - 16;
/** Longer rounds than this are not gone through instruction by instruction. */
const MOST_STEPS = 50_000_000;

export interface Job {
  readonly model: Model | "handoff";
  readonly way: Way;
  readonly payload: number;
  readonly subscribers: number;
}

export interface Stretch {
  /** Instructions with interrupts off, one behind the other. */
  readonly instructions: number;
  /** The function in which the last of them stood. */
  readonly where: string;
}

/** Where the instructions of one round went; for one delivered message. */
export interface Split {
  readonly kernel: number;
  /** The library, the broker's own program, and what the bench does to send. */
  readonly user: number;
  /** Adding up the payload and counting, by the receivers: the same work whatever the way. */
  readonly receivers: number;
  readonly interruptsOff: Stretch;
}

export interface Cell extends Job {
  /** What was really sent where the model cannot send the payload. */
  readonly bytes: number;
  readonly burst: number;
  /** Per delivered message (per published one without subscribers). */
  readonly instructions: number;
  readonly systemCalls: number;
  readonly switches: number;
  /** Copies by the kernel and by programs times the payload, by construction of the model. */
  readonly bytesCopied: number;
  readonly split?: Split;
  readonly dropped: number;
  /** Most kernel memory beyond what was used before, in bytes, when a burst had been sent. */
  readonly memory: number;
}

const copies: Readonly<Record<Job["model"], (subscribers: number) => number>> = {
  callback: (n) => 1 + n,
  handoff: (n) => 1 + n,
  receive: (n) => 1 + n,
  queue: (n) => 2 * n,
  broker: (n) => 2 + 2 * n,
  shared: () => 1,
};

/** 64 queues of 16 long messages would not fit into the kernel heap. */
export const burstOf = ({ way, payload }: Job): number => (way === "single" ? 1 : payload > 4096 ? 2 : 16);
export const bytesOf = ({ model, payload }: Job): number =>
  model === "broker" ? Math.min(payload, BROKER_LARGEST) : payload;

/** The bench's command line for a job, without the number of rounds. */
export const commandOf = (job: Job): string => `${job.model} ${bytesOf(job)} ${job.subscribers} ${burstOf(job)}`;

const receiving = new Set(["consume", "on_message", "measure_end"]);

/** Follows interrupts being off from one step to the next. */
export class OffMeter {
  private now = 0;
  private from = "";
  longest: Stretch = { instructions: 0, where: "" };

  look({ interruptsOff, ticks, name, place }: Step): void {
    if (!interruptsOff) {
      this.now = 0;
      return;
    }
    if (this.now === 0) this.from = place === "kernel" ? name : `${place}: ${name}`;
    this.now += ticks;
    if (this.now > this.longest.instructions)
      this.longest = { instructions: this.now, where: this.from === name ? name : `${this.from} to ${name}` };
  }
}

const hundredths = (value: number) => Math.round(value * 100) / 100;

/** Goes through the round that is about to begin, to the instruction with which it ends. */
function takeApart(machine: HeraldMachine, messages: number): Split | undefined {
  const count = { kernel: 0, user: 0, receivers: 0 };
  const meter = new OffMeter();
  const whole = new Stepper(machine.pc).run(programSymbol("bench", "measure_end"), MOST_STEPS, (step) => {
    const part = step.place === "kernel" ? "kernel" : receiving.has(step.name) ? "receivers" : "user";
    count[part] += step.ticks;
    meter.look(step);
  });
  if (!whole) return undefined;
  return {
    kernel: hundredths(count.kernel / messages),
    user: hundredths(count.user / messages),
    receivers: hundredths(count.receivers / messages),
    interruptsOff: meter.longest,
  };
}

export interface Sums {
  readonly ticks: number;
  readonly calls: number;
  readonly switches: number;
  readonly delivered: number;
  readonly dropped: number;
  readonly memory: number;
}

/** Reads the line that the guest's bench prints. */
export function parseSums(line: string): Sums {
  const value = (name: string) => Number(new RegExp(` ${name} (\\d+)`).exec(line)?.[1] ?? NaN);
  const [ticks, calls, switches] = [value("ticks"), value("calls"), value("switches")];
  return {
    ticks,
    calls,
    switches,
    delivered: value("delivered"),
    dropped: value("dropped"),
    memory: value("memory"),
  };
}

/** Measures one cell; goes through one of its rounds, too, if `apart`. */
export function measure(machine: HeraldMachine, job: Job, apart: boolean): Cell {
  const burst = burstOf(job);
  const bytes = bytesOf(job);
  let split: Split | undefined;
  const from = machine.transcript.length;
  if (apart) {
    startRound(machine, commandOf(job));
    split = takeApart(machine, burst * Math.max(job.subscribers, 1));
  } else {
    type(machine, jobLine(commandOf(job)));
  }
  const sums = parseSums(endRound(machine, from));
  const messages = COUNTED * burst * Math.max(job.subscribers, 1);
  const per = (total: number) => hundredths(total / messages);
  return {
    ...job,
    bytes,
    burst,
    instructions: per(sums.ticks),
    systemCalls: per(sums.calls),
    switches: per(sums.switches),
    bytesCopied: Math.round((copies[job.model](job.subscribers) * bytes) / Math.max(job.subscribers, 1)),
    ...(split && { split }),
    dropped: sums.dropped,
    memory: sums.memory,
  };
}

export function allJobs(): Job[] {
  return payloads.flatMap((payload) =>
    subscriberCounts.flatMap((subscribers) =>
      models.flatMap((model) => (["single", "burst"] as const).map((way) => ({ model, way, payload, subscribers }))),
    ),
  );
}
