/**
 * The boot images of privileged checks (fixtures/*.S) on the whole machine, in both tiers. `npm run verify` and `fixtures/build.sh check`
 * run the same images in QEMU and compare with the same text; qemu.md tells where QEMU differs from the manual.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Pc } from "../../../src/pc/pc";

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url));
/** Everything is hot at once. */
const EAGER = { threshold: 0 };

interface Run {
  readonly text: string;
  readonly clock: number;
  readonly end: unknown;
}

/** Boots an image and lets it run `slice` ticks at a time. */
function boot(name: string, slice: number, regions: boolean | typeof EAGER = false): Run {
  const bytes: number[] = [];
  const outputs = { debugConsole: (byte: number) => bytes.push(byte) };
  const pc = new Pc({ disk: fixture(`${name}.bin`), outputs, levels5: true, regions });
  while (!pc.stopped && pc.clock < 400_000_000) pc.run(pc.clock + slice);
  return { text: String.fromCharCode(...bytes), clock: pc.clock, end: pc.stopped };
}

describe.each(["privilege", "debug", "tasks", "sweeps", "modes"])("privileged checks: %s", (name) => {
  const whole = boot(name, 100_000_000);

  it("print what they print in QEMU, and what the manual says where QEMU does not check", () => {
    expect(whole.end).toEqual({ kind: "debugExit", value: 0 });
    expect(whole.text.split("\n")).toEqual(fixture(`${name}.txt`).toString().split("\n"));
  });

  it("print the same, and end at the same tick, however the run is cut", () => {
    for (const slice of [997, 12_345]) expect(boot(name, slice)).toEqual(whole);
  });

  it("print the same, and end at the same tick, in both tiers", () => {
    expect(boot(name, 100_000_000, true)).toEqual(whole);
    expect(boot(name, 100_000_000, EAGER)).toEqual(whole);
  });
});
