/** One image in our machine, step by step. */
import { readFileSync } from "node:fs";
import { Typist } from "../../../src/cli/typist.ts";
import { Pc, screenText } from "../../../src/pc/pc.ts";
import type { Image, Step } from "./images.ts";

const MHZ = 100;
/** Steps are looked at every so many ticks. */
const SLICE = MHZ * 10_000;
const MOST_TICKS = 600 * MHZ * 1_000_000;

export interface Outcome {
  /** Why it did not get to the end. */
  readonly problem?: string;
  /** The screen when the last step was seen, before its keys were typed. */
  readonly screen: string;
  /** The last lines of the serial line. */
  readonly serial: string;
  readonly instructions: number;
  readonly virtualSeconds: number;
  readonly seconds: number;
}

export function runImage(path: string, image: Image, limitSeconds = 300): Outcome {
  let serial = "";
  const outputs = { serial: (byte: number) => void (serial += String.fromCharCode(byte)) };
  const pc = new Pc({ disk: readFileSync(path), memoryMiB: image.memoryMiB ?? 64, mhz: MHZ, regions: true, outputs });
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  let typist: Typist | undefined;
  let seen = 0;
  let shown = "";
  let problem: string | undefined;
  const text = ({ on }: Step) => (on === "serial" ? serial : screenText(pc.screen()));
  /** Whether the next step's text is there, its keys now being typed. */
  const look = (): boolean => {
    const step = image.steps[seen] as Step | undefined;
    const typing = typist !== undefined && typist.due !== Infinity;
    if (!step || typing || !text(step).includes(step.see)) return false;
    shown = screenText(pc.screen());
    if (step.on === "serial") serial = serial.slice(serial.indexOf(step.see) + step.see.length);
    seen++;
    typist = step.type === undefined ? undefined : new Typist(step.type, MHZ);
    typist?.begin(pc.clock);
    return true;
  };
  const advance = (): boolean => {
    typist?.type(pc);
    const stop = pc.run(Math.min(pc.clock + SLICE, Math.max(typist?.due ?? Infinity, pc.clock + 1)));
    while (look());
    const step = image.steps[Math.min(seen, image.steps.length - 1)];
    const done = seen === image.steps.length;
    if (stop.kind !== "ticks") {
      if (!done) problem = `${stop.kind}${"report" in stop ? `: ${stop.report}` : ""}, waiting for "${step.see}"`;
      else if (stop.kind !== image.end) problem = `ended with ${stop.kind}`;
      return false;
    }
    if (done && image.end === undefined) return false;
    if (pc.clock < MOST_TICKS && elapsed() < limitSeconds) return true;
    problem = done ? `did not end` : `did not show "${step.see}" on the ${step.on}`;
    return false;
  };
  while (advance());
  const { instructions } = pc.statistics();
  const screen = problem === undefined ? shown : screenText(pc.screen());
  return {
    problem,
    screen,
    serial: serial.slice(-1000),
    instructions,
    virtualSeconds: pc.clock / (MHZ * 1e6),
    seconds: elapsed(),
  };
}
