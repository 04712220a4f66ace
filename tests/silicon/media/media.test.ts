/** What a real processor did with SSE, MMX and x87, recorded by run.ts, against the engine. No compiler is needed here. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { forms } from "../../../src/engine/decode/forms";
import { isMedia } from "../generate";
import { unpack } from "./cases";
import { difference, mediaBenches, nameOf } from "./engine";

const folder = new URL("fixtures/", import.meta.url);
const vectors = readdirSync(folder).flatMap((name) => unpack(readFileSync(new URL(name, folder))));

describe("recorded vector and x87 instructions", () => {
  test("cover every form, 200 times or more", () => {
    const seen = new Map<string, number>();
    for (const { test } of vectors) seen.set(nameOf(test), (seen.get(nameOf(test)) ?? 0) + 1);
    const names = forms.filter(isMedia).map(({ instruction, text }) => `${instruction.name} ${text}`);
    expect(names.filter((name) => (seen.get(name) ?? 0) < 200)).toEqual([]);
  });

  test("come out of the engine as they came out of the processor", () => {
    const bench = mediaBenches();
    const wrong = vectors.map((vector) => difference(vector, bench(vector.test.bits).runMedia(vector.test)));
    expect(wrong.filter(Boolean)).toEqual([]);
  }, 300_000);
});
