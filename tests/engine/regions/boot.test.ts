/** Herald's boot and a session in its shell, step by step beside the interpreter. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Pc } from "../../../src/pc/pc";

const image = readFileSync(new URL("../../../public/herald.img", import.meta.url));
const type = (pc: Pc, text: string) =>
  pc.input({ kind: "serial", bytes: Array.from(text, (character) => character.charCodeAt(0)) });

/** Hashes of the whole machine at every step; what is typed is typed at the same ticks. */
function* session(regions: ConstructorParameters<typeof Pc>[0]["regions"], ticks: number, step: number) {
  const pc = new Pc({ disk: image, memoryMiB: 16, regions });
  const typed = new Map([
    [0.6, "help\n"],
    [0.7, "ps\n"],
    [0.8, "mem\n"],
  ]);
  for (let at = step; at <= ticks; at += step) {
    pc.run(at);
    for (const [part, text] of typed) {
      if (at < part * ticks) continue;
      type(pc, text);
      typed.delete(part);
    }
    yield `${at} ${pc.clock} ${pc.hash()}`;
  }
}

function compare(regions: ConstructorParameters<typeof Pc>[0]["regions"], ticks: number, step: number): void {
  const expected = session(false, ticks, step);
  for (const seen of session(regions, ticks, step)) expect(seen).toBe(expected.next().value);
}

test("a boot and a session with hot code compiled", () => compare(true, 40_000_000, 1_000_000));

test("a boot with all code compiled at first sight", () => compare({ threshold: 0 }, 20_000_000, 500_000));
