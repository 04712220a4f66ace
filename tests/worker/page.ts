/** The page's end of the worker, for tests in Node: real time is a number that the test moves, and messages are kept. */
import { readFileSync } from "node:fs";
import { builtinScenarios } from "../../src/scenario/builtin";
import type { Input, Scenario } from "../../src/scenario/schema";
import {
  decodeTrace,
  type Frame,
  type FromWorker,
  type PanelName,
  type ToWorker,
  type TraceRecord,
} from "../../src/worker/protocol";
import { Session } from "../../src/worker/session";

export const heraldImage = () => {
  const bytes = readFileSync(new URL("../../public/herald.img", import.meta.url));
  return new Uint8Array(bytes).buffer;
};
export const heraldMap = (): unknown =>
  JSON.parse(readFileSync(new URL("../../public/herald.map.json", import.meta.url), "utf8"));

export const EVERYTHING: readonly PanelName[] = [
  "console",
  "processes",
  "timeline",
  "pageTables",
  "topics",
  "messages",
  "cpu",
  "boot",
  "memory",
];

const latin = new TextDecoder("latin1");

export class Page {
  now = 1000;
  readonly told: FromWorker[] = [];
  /** Everything the serial line said, as frames brought it. */
  serial = "";
  /** Every trace record that frames brought. */
  readonly trace: TraceRecord[] = [];
  /** Up to where runUntil has looked. */
  private seen = 0;
  private tasks: { readonly at: number; readonly task: () => void }[] = [];
  readonly session: Session;

  /** `msPerSlice`: how long the test's clock says a slice took. */
  constructor(private readonly msPerSlice = 1) {
    this.session = new Session({
      now: () => this.now,
      post: (message) => this.told.push(message),
      soon: (task) => this.tasks.push({ at: this.now, task }),
      after: (milliseconds, task) => this.tasks.push({ at: this.now + milliseconds, task }),
    });
  }

  send(...messages: ToWorker[]): this {
    for (const message of messages) this.session.handle(message);
    return this;
  }

  open(scenario: Scenario = builtinScenarios[0], inputs: readonly Input[] = []): this {
    return this.send({ kind: "open", scenario, inputs, image: heraldImage(), map: heraldMap() });
  }

  /** Lets the worker do what it asked for, for so many milliseconds of its clock. */
  pass(milliseconds: number): this {
    const end = this.now + milliseconds;
    for (;;) {
      this.tasks.sort((a, b) => a.at - b.at);
      const [first] = this.tasks;
      if (!first || first.at > end) break;
      this.tasks.shift();
      this.now = Math.max(this.now + this.msPerSlice, first.at);
      first.task();
    }
    this.now = Math.max(this.now, end);
    return this;
  }

  frame(): Frame {
    this.told.length = 0;
    this.send({ kind: "frame" });
    const message = this.told.find((one) => one.kind === "frame");
    if (message?.kind !== "frame") throw new Error(`no frame, but ${JSON.stringify(this.told)}`);
    this.serial += latin.decode(message.frame.serial);
    this.trace.push(...decodeTrace(message.frame.trace));
    return message.frame;
  }

  last<Kind extends FromWorker["kind"]>(kind: Kind): Extract<FromWorker, { kind: Kind }> | undefined {
    return this.told.findLast((one): one is Extract<FromWorker, { kind: Kind }> => one.kind === kind);
  }

  /** Runs, unpaced, until the serial line has said `text` after what was waited for before. */
  runUntil(text: string, mostTicks = 3_000_000_000): this {
    let { tick } = this.frame().status;
    const end = tick + mostTicks;
    while (!this.serial.includes(text, this.seen)) {
      if (tick >= end)
        throw new Error(`"${text}" did not come; the serial line said:\n${this.serial.slice(this.seen)}`);
      tick += 5_000_000;
      this.send({ kind: "runTo", tick }).pass(10_000);
      const { status } = this.frame();
      if (status.power !== "paused") throw new Error(`${status.power}: ${status.reason}\n${status.report}`);
    }
    this.seen = this.serial.indexOf(text, this.seen) + text.length;
    return this;
  }

  /** Types on the PC's keyboard, with a moment between keys. */
  type(text: string): this {
    for (const character of text) {
      const code = character === "\n" ? "Enter" : character === " " ? "Space" : keyCode(character);
      for (const down of [true, false]) {
        const { tick } = this.frame().status;
        this.send({ kind: "key", code, down }, { kind: "runTo", tick: tick + 2_000_000 }).pass(10_000);
      }
    }
    return this;
  }
}

function keyCode(character: string): string {
  return /[a-z]/.test(character) ? `Key${character.toUpperCase()}` : `Digit${character}`;
}
