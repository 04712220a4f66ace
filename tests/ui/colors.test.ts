import { beforeEach, describe, expect, it } from "vitest";
import { readFileSync } from "node:fs";
import { colorIndex, colorOf, forgetProcesses, nameOf, PALETTE_SIZE, rememberName } from "../../src/ui/store/colors";

const key = (pid: number, generation = 1) => ({ pid, generation });

describe("one colour per process", () => {
  beforeEach(forgetProcesses);

  it("is handed out in order of appearance and stays", () => {
    expect([9, 4, 9, 7].map((pid) => colorIndex(key(pid)))).toEqual([1, 2, 1, 3]);
    expect(colorOf(key(4))).toBe("var(--p2)");
  });

  it("is another one for a reused PID, and grey for the kernel", () => {
    expect(colorIndex(key(5, 1))).not.toBe(colorIndex(key(5, 2)));
    expect(colorOf(key(0, 0))).toBe("var(--k)");
  });

  it("comes round after the whole palette", () => {
    const given = Array.from({ length: PALETTE_SIZE + 1 }, (_, index) => colorIndex(key(index + 1)));
    expect(new Set(given).size).toBe(PALETTE_SIZE);
    expect(given[PALETTE_SIZE]).toBe(given[0]);
  });

  it("remembers names until the next run", () => {
    rememberName(key(3), "sensor");
    expect(nameOf(key(3))).toBe("sensor");
    expect(nameOf(key(3, 2))).toBe("process 3");
    forgetProcesses();
    expect(nameOf(key(3))).toBe("process 3");
  });
});

/** Relative luminance and contrast as WCAG 2 defines them. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5]
    .map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

describe("the tokens", () => {
  const css = readFileSync(new URL("../../src/ui/theme/tokens.css", import.meta.url), "utf8");
  const [dark, light] = css.split(':root[data-theme="light"]');
  const texts = ["text", "soft", "faint", "accent", "changed", "warn", "good", "k"];
  const processes = Array.from({ length: PALETTE_SIZE }, (_, index) => `p${index + 1}`);

  const cases = [
    ["dark", dark],
    ["light", light],
  ] as const;
  it.each(cases)("have text colours of AA contrast in the %s theme", (_, theme) => {
    const token = (name: string) => new RegExp(`--${name}: (#[0-9a-f]{6})`).exec(theme)![1];
    for (const surface of ["glass", "raise", "select", "bg"])
      for (const name of [...texts, ...processes])
        expect(contrast(token(name), token(surface)), `${name} on ${surface}`).toBeGreaterThanOrEqual(4.5);
    expect(contrast(token("on-accent"), token("accent"))).toBeGreaterThanOrEqual(4.5);
  });
});
