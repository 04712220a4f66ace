import { deflateSync, strToU8 } from "fflate";
import { describe, expect, test } from "vitest";
import { builtinScenarios } from "../../src/scenario/builtin";
import { decodeLink, encodeLink, heraldIdentity, MAX_FRAGMENT } from "../../src/scenario/link";
import { MAX_INPUTS, type Input, type Link } from "../../src/scenario/schema";

const inputs: Input[] = [
  { kind: "key", tick: 31_000_123, code: "KeyP", down: true },
  { kind: "key", tick: 31_900_000, code: "KeyP", down: false },
  { kind: "key", tick: 31_900_000, code: "Enter", down: true },
];
const link: Link = { scenario: builtinScenarios[0], inputs };

const packed = (value: unknown) =>
  `1.${Buffer.from(deflateSync(strToU8(JSON.stringify(value)))).toString("base64url")}`;
const message = (fragment: string) => {
  const result = decodeLink(fragment);
  return result.ok ? "ok" : result.message;
};

describe("links", () => {
  test.each(builtinScenarios.map((scenario) => [scenario.title, scenario] as const))("%s comes back", (_, scenario) => {
    expect(decodeLink(encodeLink({ scenario, inputs }))).toEqual({ ok: true, link: { scenario, inputs } });
  });

  test("with # in front as well, and it is short", () => {
    expect(decodeLink(`#${encodeLink(link)}`)).toEqual({ ok: true, link });
    expect(encodeLink(link).length).toBeLessThan(1500);
  });

  test("with the build of Herald it was made with; links from before that are read as ever", () => {
    const made = { ...link, herald: "0123456789abcdef" };
    expect(decodeLink(encodeLink(made))).toEqual({ ok: true, link: made });
    expect(decodeLink(packed({ scenario: link.scenario, inputs: [] }))).toEqual({
      ok: true,
      link: { scenario: link.scenario, inputs: [] },
    });
    for (const herald of ["0123", "0123456789ABCDEF", 7, null, { toString: 1 }])
      expect(message(packed({ scenario: link.scenario, inputs: [], herald }))).toContain("not allowed (herald)");
  });

  test("a map tells its build, unless it is damaged", () => {
    expect(heraldIdentity({ sourceHash: "0123456789abcdef".repeat(4) })).toBe("0123456789abcdef");
    for (const map of [undefined, null, 3, {}, { sourceHash: "12" }]) expect(heraldIdentity(map)).toBeUndefined();
  });

  test("the largest number of inputs still fits; one more is refused, not cut off", () => {
    const many = Array.from({ length: MAX_INPUTS }, (_, i): Input => ({
      kind: "key",
      tick: i * 7_777_777 + ((i * 2654435761) % 1_000_003),
      code: `Key${String.fromCharCode(65 + ((i * 7) % 26))}`,
      down: i % 2 === 0,
    }));
    const fragment = encodeLink({ ...link, inputs: many });
    expect(fragment.length).toBeLessThan(MAX_FRAGMENT);
    expect(decodeLink(fragment)).toEqual({ ok: true, link: { ...link, inputs: many } });
    expect(() => encodeLink({ ...link, inputs: [...many, many[0]] })).toThrow("too many inputs");
  });

  test("every truncation and every flipped character is an error message or a valid link, never a throw", () => {
    const fragment = encodeLink(link);
    for (let cut = 0; cut < fragment.length; cut++) expect(decodeLink(fragment.slice(0, cut)).ok).toBe(false);
    for (let at = 0; at < fragment.length; at++) {
      const flipped = fragment.slice(0, at) + (fragment[at] === "A" ? "B" : "A") + fragment.slice(at + 1);
      expect(typeof decodeLink(flipped).ok).toBe("boolean");
    }
  });

  test.each([
    ["", "The link is not one of Vitrine's."],
    ["hello", "The link is not one of Vitrine's."],
    ["1.!!!!", "The link is damaged and cannot be read."],
    ["1.AAAA", "The link is damaged and cannot be read."],
    ["99.AAAA", "The link has version 99; this page reads version 1."],
    ["1." + "A".repeat(MAX_FRAGMENT), `The link is too long: ${MAX_FRAGMENT + 2} characters, ${MAX_FRAGMENT} at most.`],
    [packed("x".repeat(5_000_000)), "The link unpacks to too much data."],
  ])("%#", (fragment, expected) => expect(message(fragment)).toBe(expected));

  test.each([
    [{ scenario: null, inputs: [] }, "scenario"],
    [{ scenario: { ...link.scenario, machine: { memoryMiB: 1e9, mhz: 100, quantumMs: 10 } }, inputs: [] }, "memoryMiB"],
    [{ scenario: { ...link.scenario, run: ["../../etc/passwd"] }, inputs: [] }, "scenario.run.0"],
    [{ scenario: { ...link.scenario, run: ["shell\ntrace=none"] }, inputs: [] }, "scenario.run.0"],
    [{ scenario: { ...link.scenario, look: { commands: ["ps\nshutdown"] } }, inputs: [] }, "look.commands.0"],
    [{ scenario: { ...link.scenario, look: { speed: 0 } }, inputs: [] }, "look.speed"],
    [{ scenario: { ...link.scenario, look: { tab: "elsewhere" } }, inputs: [] }, "look.tab"],
    [{ scenario: { ...link.scenario, version: 2 }, inputs: [] }, "version"],
    [{ scenario: link.scenario, inputs: [[-5, "KeyA", 1]] }, "inputs.0"],
    [{ scenario: link.scenario, inputs: [[5, "x".repeat(100), 1]] }, "inputs.0.code"],
    [{ scenario: link.scenario, inputs: "no" }, "inputs"],
    [
      { scenario: { ...link.scenario, programs: [{ name: "a", text: "x".repeat(20_000) }] }, inputs: [] },
      "programs.0.text",
    ],
  ])("hostile values are refused and named: %#", (value, where) => {
    expect(message(packed(value))).toContain("not allowed");
    expect(message(packed(value))).toContain(where);
  });
});
