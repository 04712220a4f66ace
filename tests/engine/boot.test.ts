/** The boot of the disk image goes through every mode: it must not matter in which portions the machine is run. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Pc } from "../../src/pc/pc";
import { random } from "../silicon/cases";

const TICKS = 3_000_000;
const image = readFileSync(new URL("../../public/herald.img", import.meta.url));

test("a boot in random portions ends in the same state as in one", () => {
  const whole = new Pc({ disk: image });
  whole.run(TICKS);
  const portions = new Pc({ disk: image });
  const next = random(1);
  while (portions.clock < TICKS) {
    const portion = next() % 8 === 0 ? next() % 20_000 : next() % 7;
    portions.run(Math.min(TICKS, portions.clock + 1 + portion));
  }
  expect(portions.hash()).toBe(whole.hash());
});
