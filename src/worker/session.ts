/**
 * The session owns one PC inside the Web Worker: it does what the page's messages say, runs the machine in slices between them, and
 * answers requests for frames. It is the only room that knows real time. Without a worker, in a test, the surroundings are given.
 */
import { parseMap } from "../lens/map";
import { keyNames } from "../pc/pc";
import { buildDisk } from "../scenario/disk";
import { MAX_INPUTS } from "../scenario/schema";
import { Pacer } from "./pacing";
import type { Frame, FromWorker, Status, ToWorker, View } from "./protocol";
import { Run, type Source } from "./run";

/** What the session needs of the world. */
export interface Surroundings {
  /** Milliseconds, monotonic. */
  now(): number;
  post(message: FromWorker, transfer: Transferable[]): void;
  /** Runs the task as soon as messages that are already there have been handled. */
  soon(task: () => void): void;
  after(milliseconds: number, task: () => void): void;
}

const INPUTS_EVERY_MS = 250;
const MOST_STEPS = 10_000_000;
/** A wait is cut into pieces, so that a new speed takes effect. */
const LONGEST_WAIT_MS = 100;
const MEMORY_MIB = { least: 16, most: 256 };
const LARGEST_IMAGE = 256 << 20;
const FOREIGN_MHZ = 100;
const NO_TRACE = () => new ArrayBuffer(0);

type Message<Kind extends ToWorker["kind"]> = Extract<ToWorker, { kind: Kind }>;

export class Session {
  private source: Source | undefined;
  private run: Run | undefined;
  private running = false;
  private pacer = new Pacer();
  /** runTo: where to stop. Reached without pacing. */
  private goal: number | undefined;
  /** On the way to another instant: what lies between is not shown. */
  private seeking = false;
  /** The next frame shows another instant. */
  private moved = false;
  private view: View = { panels: [], syntax: "intel" };
  private fresh = false;
  /** What the last frame showed: if nothing changed since, its parts are not made again. */
  private shown: { readonly tick: number; readonly view: View } | undefined;
  private turnAsked = false;
  private inputsAsked = false;
  private tooManyTold = false;

  constructor(private readonly world: Surroundings) {
    world.post({ kind: "ready" }, []);
  }

  /** Never throws: what goes wrong is told to the page. */
  handle(message: ToWorker): void {
    try {
      this.obey(message);
    } catch (error) {
      const where = message.kind === "open" ? "open" : message.kind === "openImage" ? "image" : "machine";
      this.tellError(where, error);
    }
  }

  private obey(message: ToWorker): void {
    switch (message.kind) {
      case "open":
        return this.open(message);
      case "openImage":
        return this.openImage(message);
      case "power":
        return this.power(message.on);
      case "reset":
        return this.startAnew([]);
      case "run":
        return this.go();
      case "pause":
        return this.pause();
      case "step":
        return this.step(message.count ?? 1);
      case "speed":
        return this.pacer.setSpeed(message.ticksPerSecond);
      case "key":
        return this.key(message.code, message.down);
      case "view":
        this.view = message.view;
        return;
      case "frame":
        return this.sendFrame();
      case "runTo":
        return this.runTo(message.tick);
      case "seek":
        return this.seek(message.tick);
      case "stepBack":
        return this.stepBack();
      case "hash":
        return this.sendHash();
      default:
        throw new Error(`The page asked for something unknown: ${String((message as { kind: unknown }).kind)}.`);
    }
  }

  // ---- what the machine is made from ----------------------------------------------------------------------------------

  private open({ scenario, inputs, image, map }: Message<"open">): void {
    const { memoryMiB, mhz } = scenario.machine;
    this.source = { disk: buildDisk(new Uint8Array(image), scenario), map: parseMap(map), memoryMiB, mhz };
    this.startAnew(inputs);
  }

  private openImage({ name, image, memoryMiB }: Message<"openImage">): void {
    const disk = new Uint8Array(image);
    if (disk.length > LARGEST_IMAGE)
      throw new Error(`${name} has ${disk.length >> 20} MiB; a disk image may have ${LARGEST_IMAGE >> 20} MiB.`);
    if (!Number.isInteger(memoryMiB) || memoryMiB < MEMORY_MIB.least || memoryMiB > MEMORY_MIB.most)
      throw new Error(`${String(memoryMiB)} MiB of memory; it must be ${MEMORY_MIB.least} to ${MEMORY_MIB.most}.`);
    this.source = { disk, memoryMiB, mhz: FOREIGN_MHZ };
    this.startAnew([]);
    if (disk.length < 512 || disk[510] !== 0x55 || disk[511] !== 0xaa)
      this.tellError("image", new Error(`${name} is no bootable disk image: its first sector does not end in 55 AA.`));
  }

  private power(on: boolean): void {
    if (!on) {
      this.stopRunning();
      this.run = undefined;
    } else if (!this.run || this.run.ending) this.startAnew([]);
  }

  /** Power-on: a new run, standing before its first instruction. */
  private startAnew(inputs: Message<"open">["inputs"]): void {
    this.stopRunning();
    this.moved = false;
    this.run = undefined;
    if (!this.source) throw new Error("There is no disk in the machine: open a scenario or an image first.");
    const speed = this.pacer.speed;
    this.pacer = new Pacer(this.source.mhz * 1_000_000);
    this.pacer.setSpeed(speed);
    this.run = new Run(this.source, inputs);
    this.fresh = true;
    this.shown = undefined;
    this.tooManyTold = false;
    this.sendInputsSoon();
  }

  // ---- running --------------------------------------------------------------------------------------------------------

  private go(): void {
    if (!this.run || this.run.ending) return;
    // On the way somewhere: it goes on from where it is.
    if (this.goal !== undefined) this.reached();
    this.startRunning();
  }

  private pause(): void {
    this.stopRunning();
  }

  private startRunning(): void {
    if (!this.running) this.pacer.restart();
    this.running = true;
    this.askTurn(0);
  }

  private stopRunning(): void {
    this.running = false;
    if (this.goal !== undefined) this.reached();
  }

  private reached(): void {
    this.goal = undefined;
    if (this.seeking) this.moved = true;
    this.seeking = false;
    this.world.post({ kind: "reached", tick: this.run?.tick ?? 0 }, []);
  }

  private runTo(tick: number): void {
    if (!Number.isSafeInteger(tick) || tick < 0) throw new Error(`${String(tick)} is no tick to run to.`);
    this.stopRunning();
    this.goal = tick;
    if (!this.run || this.run.ending || this.run.tick >= tick) return this.reached();
    this.startRunning();
  }

  private seek(tick: number): void {
    const { run } = this;
    if (!Number.isSafeInteger(tick) || tick < 0) throw new Error(`${String(tick)} is no tick to go to.`);
    this.stopRunning();
    if (!run) return this.reached();
    const goal = Math.min(tick, run.recorded);
    run.approach(goal);
    this.seeking = true;
    this.goal = goal;
    if (run.tick >= goal) this.reached();
    else this.startRunning();
  }

  private stepBack(): void {
    this.stopRunning();
    if (this.run?.stepBack()) this.moved = true;
  }

  private step(count: number): void {
    if (!Number.isInteger(count) || count < 1 || count > MOST_STEPS)
      throw new Error(`${String(count)} steps; it must be 1 to ${MOST_STEPS}.`);
    this.stopRunning();
    if (this.run?.typeWaiting()) this.sendInputsSoon();
    this.run?.step(count);
    this.run?.record(this.world.now());
  }

  private askTurn(delay: number): void {
    if (this.turnAsked) return;
    this.turnAsked = true;
    const turn = () => {
      this.turnAsked = false;
      this.turn();
    };
    if (delay > 0) this.world.after(Math.min(delay, LONGEST_WAIT_MS), turn);
    else this.world.soon(turn);
  }

  /** One slice. Whatever goes wrong inside the machine stops it and is told; the worker lives on. */
  private turn(): void {
    if (!this.running || !this.run) return;
    try {
      this.slice(this.run);
    } catch (error) {
      this.stopRunning();
      this.tellError("machine", error);
      return;
    }
    if (this.run.ending || (this.goal !== undefined && this.run.tick >= this.goal)) this.stopRunning();
    else this.askTurn(this.goal === undefined ? this.pacer.waitMs() : 0);
  }

  private slice(run: Run): void {
    const begun = this.world.now();
    const allowed = this.pacer.allowance(begun, this.goal !== undefined);
    if (allowed > 0) {
      if (run.typeWaiting()) this.sendInputsSoon();
      const { tick, idleTicks } = run;
      if (this.goal === undefined && this.pacer.idleIsFree) run.step(allowed);
      else run.player.runTo(Math.min(tick + allowed, this.goal ?? Infinity));
      this.pacer.ran(run.tick - tick, run.idleTicks - idleTicks, this.world.now() - begun);
      run.record(this.world.now());
    }
    this.pacer.measure(begun);
  }

  // ---- inputs ---------------------------------------------------------------------------------------------------------

  /** Keys that a PC keyboard has not are no input. */
  private key(code: string, down: boolean): void {
    const { run } = this;
    if (!run || run.ending || this.seeking || !keyNames.includes(code)) return;
    if (run.player.log.length >= MAX_INPUTS && !this.tooManyTold) {
      this.tooManyTold = true;
      this.tellError("machine", new Error(`More than ${MAX_INPUTS} key strokes: a link can no longer hold this run.`));
    }
    run.key({ code, down });
    this.sendInputsSoon();
  }

  /** The address bar wants the inputs, but not at every key. */
  private sendInputsSoon(): void {
    if (this.inputsAsked) return;
    this.inputsAsked = true;
    this.world.after(INPUTS_EVERY_MS, () => {
      this.inputsAsked = false;
      if (this.run) this.world.post({ kind: "inputs", inputs: this.run.player.log.inputs }, []);
    });
  }

  // ---- answers --------------------------------------------------------------------------------------------------------

  private sendHash(): void {
    if (!this.run) throw new Error("The machine is off: there is no state to hash.");
    this.world.post({ kind: "hash", tick: this.run.tick, hash: this.run.pc.hash() }, []);
  }

  private sendFrame(): void {
    const frame = this.frame();
    this.fresh = false;
    this.world.post({ kind: "frame", frame }, [frame.trace, frame.serial.buffer as ArrayBuffer]);
  }

  private frame(): Frame {
    const { run, view } = this;
    const status = this.status();
    const { fresh } = this;
    if (!run) return { status, serial: new Uint8Array(0), trace: NO_TRACE(), traceLost: 0, fresh };
    // On the way to another instant nothing is told: all of it comes with the frame that shows the instant.
    if (this.seeking) return { status, serial: new Uint8Array(0), trace: NO_TRACE(), traceLost: 0, fresh };
    if (this.moved) return this.frameElsewhere(run);
    const { records, lost } = run.observer.takeTrace();
    const changed = fresh || this.shown?.tick !== run.tick || this.shown.view !== view;
    this.shown = { tick: run.tick, view };
    const parts = changed ? this.look(run) : {};
    return { status, serial: run.serial.take(), trace: records, traceLost: lost, fresh, ...parts };
  }

  private frameElsewhere(run: Run): Frame {
    this.moved = false;
    const { fresh, view } = this;
    this.shown = { tick: run.tick, view };
    return { status: this.status(), ...run.past(), traceLost: 0, fresh, moved: true, ...this.look(run) };
  }

  /** A view that cannot be made must not stop the page's frames: it is told, and the frame goes without it. */
  private look(run: Run): Partial<Frame> {
    try {
      return run.observer.parts(this.view);
    } catch (error) {
      this.tellError("machine", error);
      return {};
    }
  }

  private status(): Status {
    const { run, pacer } = this;
    const { speed, pace, mips } = pacer;
    if (!run) return { power: "off", tick: 0, recorded: 0, instructions: 0, seconds: 0, speed, pace: 0, mips: 0 };
    const { ending } = run;
    const { replayUntil } = run.player;
    return {
      power: ending ? ending.power : this.running ? "running" : "paused",
      ...(ending && { reason: ending.reason, report: ending.report }),
      tick: run.tick,
      recorded: run.recorded,
      instructions: run.instructions,
      seconds: run.tick / (run.source.mhz * 1_000_000),
      speed,
      pace: this.running ? pace : 0,
      mips: this.running ? mips : 0,
      ...(replayUntil !== undefined && { replayUntil }),
    };
  }

  private tellError(where: "open" | "image" | "machine", error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.world.post({ kind: "error", where, message }, []);
  }
}
