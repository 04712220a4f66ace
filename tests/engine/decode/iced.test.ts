import { describe, expect, test } from "vitest";
import { decode } from "../../../src/engine/decode/decode";
import { forms } from "../../../src/engine/decode/forms";
import { type Bits, bytesOf, compareDecoding, compareText, type Disagreement, random, randomBytes } from "./iced";

const modes: readonly Bits[] = [16, 32, 64];
const PER_FORM = 40;
const FUZZ = 100_000;

function collect(run: (note: (found: Disagreement | undefined) => void) => void): string[] {
  const found = new Map<string, string>();
  run((disagreement) => {
    if (disagreement && !found.has(disagreement.what)) found.set(disagreement.what, disagreement.example);
  });
  return [...found].map(([what, example]) => `${what} | ${example}`);
}

describe("beside iced-x86", () => {
  test("random bytes decode to the same length, or are no instruction for both", () => {
    const next = random(20);
    const wrong = collect((note) => {
      for (let n = 0; n < FUZZ; n++) {
        const bytes = randomBytes(next);
        for (const bits of modes) note(compareDecoding(bytes, bits));
      }
    });
    expect(wrong).toEqual([]);
  });

  test("every form decodes to the same length in every mode", () => {
    const next = random(21);
    const wrong = collect((note) => {
      for (const form of forms) {
        for (let n = 0; n < PER_FORM; n++)
          for (const bits of modes) note(compareDecoding(bytesOf(form, next, bits), bits));
      }
    });
    expect(wrong).toEqual([]);
  });

  test.each(["intel", "att"] as const)("every form reads the same in %s syntax", (syntax) => {
    const next = random(22);
    const wrong = collect((note) => {
      for (const form of forms) {
        for (let n = 0; n < PER_FORM; n++) {
          for (const bits of modes) note(compareText(bytesOf(form, next, bits), bits, syntax));
        }
      }
    });
    expect(wrong).toEqual([]);
  });
});

describe("every form", () => {
  test("can be decoded in some mode", () => {
    const next = random(23);
    const reached = new Set<number>();
    for (const form of forms) {
      for (let n = 0; n < 200 && !reached.has(form.number); n++) {
        for (const bits of modes) {
          const decoded = decode(bytesOf(form, next, bits), 0, { long: bits === 64, code32: bits === 32 });
          if (decoded.kind === "instruction") reached.add(decoded.formNumber);
        }
      }
    }
    expect(forms.filter(({ number }) => !reached.has(number)).map(({ text }) => text)).toEqual([]);
  });
});
