/** What a real processor did, recorded by run.ts, against the definitions. No compiler is needed here. */
import { describe, expect, test } from "vitest";
import { decode } from "../../src/engine/decode/decode";
import { forms } from "../../src/engine/decode/forms";
import { type Bits, BITS } from "./cases";
import { difference, runByDefinition } from "./compare";
import { EngineBench } from "./engine";
import { whyExcluded } from "./generate";
import { recorded } from "./recorded";

const vectors = recorded();

describe("recorded instructions", () => {
  test("cover every form that user code can run, 200 times or more", () => {
    const seen = new Map<string, number>();
    for (const { test } of vectors) {
      const decoded = decode(test.code, 0, { long: test.bits === 64, code32: test.bits === 32 });
      if (decoded.kind === "instruction") seen.set(decoded.form.text, (seen.get(decoded.form.text) ?? 0) + 1);
    }
    const short = forms.filter((form) => !whyExcluded(form) && (seen.get(form.text) ?? 0) < 200);
    expect(short.map(({ instruction, text }) => `${instruction.name} ${text}`)).toEqual([]);
  });

  test("come out of the definitions as they came out of the processor", () => {
    const wrong = vectors.map((vector) => difference(vector, runByDefinition(vector.test))).filter(Boolean);
    expect(wrong).toEqual([]);
  });

  test.each([
    ["", BITS, {}, () => true],
    [
      " without bulk operations",
      BITS,
      { handlers: { bulk: false } },
      (code: Uint8Array) => code.includes(0xf2) || code.includes(0xf3),
    ],
    [" outside long mode", [32, 16], { legacy: true }, () => true],
  ] as const)("come out of the engine%s as they came out of the processor", (_, modes, options, wanted) => {
    const benches = new Map(modes.map((bits): [Bits, EngineBench] => [bits, new EngineBench(bits, options)]));
    const wrong = vectors.map((vector) => {
      const bench = benches.get(vector.test.bits);
      return bench && wanted(vector.test.code) ? difference(vector, bench.run(vector.test)) : "";
    });
    expect(wrong.filter(Boolean)).toEqual([]);
  });
});
