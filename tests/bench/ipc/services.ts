/** The six services that init starts at boot, in parallel as their topics appear or one after the other: when each was ready, from power-on. */
import { writeFile } from "../../../src/herald/disk";
import { committedImage, HeraldMachine } from "../../herald/machine";

export interface Ready {
  readonly service: string;
  /** Milliseconds of the machine's time since the first was started, and since power-on. */
  readonly afterStart: number;
  readonly fromPowerOn: number;
}

function boot(run: string): Ready[] {
  const image = committedImage.slice();
  writeFile(image, "scenario.cfg", "text", new TextEncoder().encode(`trace=none\nrun=${run}\nrun=shell\n`));
  const machine = new HeraldMachine(image);
  machine.runUntil(() => /all six [^\n]*\n/.test(machine.transcript));
  const lines = machine.transcript.matchAll(/(\w+) +ready after +(\d+) ms, +(\d+) ms from power-on/g);
  return [...lines].map(([, service, afterStart, fromPowerOn]) => ({
    service,
    afterStart: Number(afterStart),
    fromPowerOn: Number(fromPowerOn),
  }));
}

export const bootOfServices = (): { parallel: Ready[]; sequence: Ready[] } => ({
  parallel: boot("service"),
  sequence: boot("service -s"),
});
