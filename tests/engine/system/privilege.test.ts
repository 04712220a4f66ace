/**
 * The boot image of privileged checks (fixtures/privilege.S) on the whole machine. `fixtures/build.sh check` runs the same image in
 * QEMU and compares with the same text.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Pc } from "../../../src/pc/pc";

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url));

/** Boots the image and lets it run `slice` ticks at a time. */
function boot(slice: number): { text: string; clock: number; end: unknown } {
  const bytes: number[] = [];
  const pc = new Pc({ disk: fixture("privilege.bin"), outputs: { debugConsole: (byte) => bytes.push(byte) } });
  while (!pc.stopped && pc.clock < 400_000_000) pc.run(pc.clock + slice);
  return { text: String.fromCharCode(...bytes), clock: pc.clock, end: pc.stopped };
}

describe("privileged checks", () => {
  const whole = boot(100_000_000);

  it("print what they print in QEMU, and what the manual says where QEMU does not check", () => {
    expect(whole.end).toEqual({ kind: "debugExit", value: 0 });
    expect(whole.text.split("\n")).toEqual(fixture("privilege.txt").toString().split("\n"));
  });

  it("print the same, and end at the same tick, however the run is cut", () => {
    for (const slice of [997, 12_345]) expect(boot(slice)).toEqual(whole);
  });
});
