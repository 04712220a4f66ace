/** `npm run -s pc -- IMAGE [options]`: the same machine without a browser. */
import { readFileSync, writeFileSync } from "node:fs";
import { CapsuleError, seal, unseal } from "../pc/capsule.ts";
import { Pc, screenText, type PcStop } from "../pc/pc.ts";
import { HELP, parseOptions, UsageError, type Options } from "./options.ts";
import { Sink } from "./sink.ts";
import { print } from "./stdout.ts";
import { TraceFile } from "./trace-file.ts";
import { Typist } from "./typist.ts";

/** The machine comes up for air (output, typing, limits) at multiples of this many microseconds of virtual time. */
const SLICE_US = 10_000;
const STATUS = { ok: 0, usage: 2, limit: 124, tripleFault: 125, unimplemented: 126 } as const;

const TIER = { interpreter: false, both: true, regions: { threshold: 0 } } as const;

const complain = (text: string): void => void process.stderr.write(text.endsWith("\n") ? text : `${text}\n`);

function readImage(path: string, what = "image"): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`cannot read the ${what} ${path}: ${(error as Error).message}`);
  }
}

function resumed(path: string, config: Parameters<typeof unseal>[1]): Pc {
  const file = readImage(path, "snapshot");
  try {
    return unseal(file, config);
  } catch (error) {
    if (error instanceof CapsuleError) throw new UsageError(`cannot resume from ${path}: ${error.message}`);
    throw error;
  }
}

class Session {
  private readonly serial: Sink;
  private readonly debugConsole: Sink | undefined;
  private readonly trace: TraceFile | undefined;
  private readonly typist: Typist | undefined;
  private readonly pc: Pc;
  private transcript = "";
  private typed = false;

  constructor(private readonly options: Options) {
    const { memoryMiB, mhz, levels5, keys, trace } = options;
    const disk = readImage(options.image);
    this.typist = keys === undefined ? undefined : new Typist(keys, mhz);
    this.trace = trace && new TraceFile(trace.kinds, trace.file);
    this.serial = new Sink(options.serial);
    // One destination is one file, whoever writes to it.
    const console = options.debugConsole;
    this.debugConsole =
      console === undefined ? undefined : console === options.serial ? this.serial : new Sink(console);
    const outputs = {
      serial: (byte: number) => this.serialByte(byte),
      debugConsole: (byte: number) => this.debugConsole?.byte(byte),
      doorbell: () => this.trace?.collect(this.pc),
    };
    const secondDisk = options.secondImage === undefined ? undefined : readImage(options.secondImage);
    const { resume } = options;
    const regions = TIER[options.tier];
    this.pc =
      resume === undefined
        ? new Pc({ disk, secondDisk, memoryMiB, mhz, levels5, outputs, regions })
        : resumed(resume, { disk, secondDisk, outputs, regions });
  }

  /** Runs to the end, and gives the exit status. */
  async run(): Promise<number> {
    const started = performance.now();
    const stop = await this.execute(started + this.options.timeoutSeconds * 1000);
    const seconds = (performance.now() - started) / 1000;
    this.trace?.collect(this.pc);
    this.flush();
    if (this.options.screen) print(`${screenText(this.pc.screen())}\n`);
    if (this.options.snapshot !== undefined) this.keep(this.options.snapshot);
    const status = this.conclude(stop);
    if (this.options.stats) this.printStatistics(seconds);
    return status;
  }

  private keep(path: string): void {
    try {
      writeFileSync(path, seal(this.pc));
    } catch (error) {
      throw new UsageError(`cannot write the snapshot ${path}: ${(error as Error).message}`);
    }
  }

  private async execute(deadline: number): Promise<PcStop> {
    const { pc } = this;
    const slice = SLICE_US * pc.settings.mhz;
    for (;;) {
      this.type();
      const left = this.options.maxInstructions - (pc.clock - pc.cpu.idleTicks);
      const due = Math.max(this.typist?.due ?? Infinity, pc.clock + 1);
      const until = Math.min(pc.clock - (pc.clock % slice) + slice, due, pc.clock + left);
      const stop = left > 0 ? pc.run(until) : ({ kind: "ticks" } as const);
      this.flush();
      if (stop.kind !== "ticks" || left <= 0 || performance.now() >= deadline) return stop;
      // Lets a reader of our output keep up, and Ctrl-C through.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private type(): void {
    const { typist, pc } = this;
    if (!typist) return;
    const { keysAfter } = this.options;
    if (!this.typed && (keysAfter === undefined || this.transcript.includes(keysAfter))) {
      this.typed = true;
      this.transcript = "";
      typist.begin(pc.clock);
    }
    typist.type(pc);
  }

  private serialByte(byte: number): void {
    this.serial.byte(byte);
    if (this.options.keysAfter !== undefined && !this.typed) this.transcript += String.fromCharCode(byte);
  }

  private flush(): void {
    this.serial.flush();
    this.debugConsole?.flush();
    this.trace?.flush();
  }

  private conclude(stop: PcStop): number {
    switch (stop.kind) {
      case "poweredOff":
        return STATUS.ok;
      case "halted":
        if (stop.reason !== undefined) complain(`pc: boot failed: ${stop.reason}`);
        return STATUS.ok;
      case "debugExit":
        return (2 * stop.value + 1) & 0xff;
      case "tripleFault":
        complain(stop.report);
        return STATUS.tripleFault;
      case "unimplemented":
        complain(stop.report);
        return STATUS.unimplemented;
      default:
        complain(`pc: limit reached at tick ${this.pc.clock}`);
        return STATUS.limit;
    }
  }

  private printStatistics(seconds: number): void {
    const { instructions, ...rest } = this.pc.statistics();
    const mips = Number((instructions / seconds / 1e6).toFixed(1));
    complain(
      JSON.stringify({ instructions, ...rest, seconds: Number(seconds.toFixed(3)), mips, hash: this.pc.hash() }),
    );
  }
}

export async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args);
    if (options === "help") {
      print(HELP);
      return STATUS.ok;
    }
    return await new Session(options).run();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    complain(`pc: ${error.message}`);
    return STATUS.usage;
  }
}
