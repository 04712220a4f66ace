/** Runs sequences on the engine: the bench of single instructions, with the pages that the harness of sequences has. */
import type { StopReason } from "../../../src/engine/board";
import { record } from "../../../src/engine/record";
import type { System } from "../../../src/engine/system";
import type { CpuState } from "../../../src/engine/state";
import { type Bits, CODE, DATA, random, visible } from "../cases";
import { type BenchOptions, EngineBench } from "../engine";
import { FX, FX_BYTES } from "../media/cases";
import { readImage, writeImage } from "../media/image";
import {
  BREAKPOINT,
  digest,
  ENDLESS,
  FLAG_MASK,
  floatsOf,
  initialState,
  LAST_CODE_PAGE,
  type Outcome,
  PAGE,
  PAGE_FAULT,
  PAIR,
  segmentsOf,
  type Sequence,
  startOf,
  WINDOW_BYTES,
} from "./cases";
import { type Event, lineOf, Path, restoredOf, sumOf } from "./goingOn";

const CODE_AT = 0x11_0000,
  DATA_AT = 0x12_0000;
const CODE_PAGES = [0, 1, 3, PAIR / PAGE, PAIR / PAGE + 1];
const INT3 = 0xcc;
const MOST_TICKS = 2_000_000;
const USER_WRITE = 7,
  USER_READ = 5;
/** TF is taken away behind traps; NT and ID are not what Linux brings back. */
const LEFT_OUT = 0x20_4100;
/** Of the x87 status word: exceptions with their summary and busy bits; the summary. */
const ERRORS = 0x80ff,
  PENDING = 0x80;
const NO_EXECUTE = 1n << 63n;
/** EFER: LME, LMA, NXE. */
const EFER = 0xd00n;

export interface SequenceOptions extends BenchOptions {
  /** Ticks run at once at most; 0: as many as there are. */
  readonly portions?: number;
  /** At the end of each portion. */
  readonly watch?: (state: CpuState) => void;
  /** What takes longer is endless. */
  readonly mostTicks?: number;
}

/** Some code in regions while the rest is interpreted, in portions that end anywhere. */
export const MIXED: SequenceOptions = { regions: { threshold: 1, sampleEvery: 40, work: 0 }, portions: 90 };

export class SequenceBench extends EngineBench {
  private readonly portions: number;
  private readonly watch: SequenceOptions["watch"];
  private readonly mostTicks: number;

  constructor(bits: Bits, options: SequenceOptions = {}) {
    super(bits, options);
    this.portions = options.portions ?? 0;
    this.watch = options.watch;
    this.mostTicks = options.mostTicks ?? MOST_TICKS;
    this.state.set64("efer", EFER);
    for (const n of CODE_PAGES)
      this.mapPage(CODE + n * PAGE, BigInt(CODE_AT + n * PAGE + USER_WRITE) | (n === 1 ? NO_EXECUTE : 0n));
    for (const n of [0, 1, 2])
      this.mapPage(DATA + n * PAGE, BigInt(DATA_AT + n * PAGE + (n === 2 ? USER_READ : USER_WRITE)) | NO_EXECUTE);
    this.mapPage(DATA + 3 * PAGE, 0n);
    this.cpu.flushCaches();
  }

  private place({ code, place }: Sequence): void {
    const { ram } = this.cpu;
    for (const n of CODE_PAGES) ram.fill(INT3, CODE_AT + n * PAGE, CODE_AT + (n + 1) * PAGE);
    // The page behind the last one is not there.
    const room = place >= LAST_CODE_PAGE && place < PAIR ? LAST_CODE_PAGE + PAGE - place : code.length;
    ram.set(code.subarray(0, room), CODE_AT + place);
    this.cpu.memoryChanged(CODE_AT, 8 * PAGE);
  }

  private resetFloats(): void {
    const fx = new Uint8Array(FX_BYTES);
    const view = new DataView(fx.buffer);
    view.setUint16(FX.control, 0x37f, true);
    view.setUint32(FX.mxcsr, 0x1f80, true);
    writeImage(this.state, fx);
  }

  /** To the end, or not much longer than any sequence takes; in short portions if that is wanted. */
  private runOn(next: () => number): StopReason {
    const { cpu, portions } = this;
    const end = cpu.clock + this.mostTicks;
    for (;;) {
      const stop = cpu.run(portions ? Math.min(end, cpu.clock + 1 + (next() % portions)) : end);
      this.watch?.(this.state);
      if (stop.kind !== "ticks" || cpu.clock >= end) return stop;
    }
  }

  runSequence(test: Sequence): Outcome {
    const { registers, memory } = initialState(test);
    this.place(test);
    this.cpu.ram.set(memory, DATA_AT);
    this.resetFloats();
    this.enter(registers, test.flags, startOf(test), segmentsOf(test));
    const next = random(test.seed);
    const path = new Path(test);
    const events: string[] = [];
    for (;;) {
      const event = this.untilEvent(next, registers);
      const where = path.goesOn(event);
      if (where === undefined) return this.outcome(test, event, events);
      const memory = this.cpu.ram.subarray(DATA_AT, DATA_AT + WINDOW_BYTES);
      events.push(lineOf(test, { ...event, sum: sumOf(memory) }));
      this.goOn(test, event, where, registers);
    }
  }

  /** What an exception shows, or that it ran too long. */
  private untilEvent(next: () => number, before: readonly bigint[]): Omit<Event, "sum"> {
    const stop = this.runOn(next);
    if (stop.kind !== "halted" && stop.kind !== "ticks") throw new Error(`stopped: ${JSON.stringify(stop)}`);
    const endless = { vector: ENDLESS, error: 0, rip: 0n, flags: 0, registers: before, segments: [] };
    const { vector, error, rip, flags, registers, segments } = stop.kind === "ticks" ? endless : this.interrupted();
    return {
      ...{ vector, error, rip, segments, flags: flags & FLAG_MASK },
      cr2: vector === PAGE_FAULT ? this.state.get64("cr2") : 0n,
      registers: registers.map((value, n) => visible(this.bits, n, value)),
      floats: floatsOf(readImage(this.state)),
    };
  }

  private outcome({ labels }: Sequence, event: Omit<Event, "sum">, events: readonly string[]): Outcome {
    return {
      ...event,
      rip: event.rip - (event.vector === BREAKPOINT ? 1n : 0n),
      memory: digest(this.cpu.ram.subarray(DATA_AT, DATA_AT + WINDOW_BYTES)),
      ...(labels && { events: events.join("\n") }),
    };
  }

  private formOf(at: number): string {
    return `${this.bits} ${this.state.bytes.getUint16(at + record.form, true)}`;
  }

  /** The mode and the form at which generated code was left. */
  formAt(): string {
    return this.formOf(this.state.get32("exitRecord"));
  }

  /** Tells from now on which forms' accesses come to the engine's own code. */
  watchSlow(note: (form: string, way: string) => void): void {
    const system = this.cpu.system as { -readonly [K in keyof System]: System[K] };
    for (const way of ["readSlow", "writeSlow"] as const) {
      const call = system[way];
      system[way] = (at, size) => {
        note(this.formOf(at), way);
        return call(at, size);
      };
    }
  }

  /** As the harness does it (goes_on in harness.c). */
  private goOn(test: Sequence, event: Omit<Event, "sum">, where: number | "next", first: readonly bigint[]): void {
    const { state } = this;
    const now = this.interrupted();
    if (where === "next") {
      const nulled = event.segments!.map((selector) => (selector < 4 ? 0 : selector));
      this.returnTo(now.rip, now.flags & ~LEFT_OUT, nulled, now.registers);
    } else {
      const restored = new Set(restoredOf(test));
      const registers = now.registers.map((value, n) => (restored.has(n) ? first[n] : value));
      this.returnTo(startOf(test) + BigInt(where), test.flags | 0x202, segmentsOf(test), registers);
      state.set32("fpuStatus", state.get32("fpuStatus") & ~ERRORS);
    }
    if (state.get32("fpuStatus") & PENDING) return;
    for (const field of ["fpuIp", "fpuDp"] as const) state.set64(field, 0n);
    for (const field of ["fpuOpcode", "fpuCs", "fpuDs"] as const) state.set32(field, 0);
  }
}

export function sequenceBenches(options: SequenceOptions = {}): (bits: Bits) => SequenceBench {
  const benches = new Map<Bits, SequenceBench>();
  return (bits) => {
    const bench = benches.get(bits) ?? new SequenceBench(bits, options);
    benches.set(bits, bench);
    return bench;
  };
}
