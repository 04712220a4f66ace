import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { heraldFolder } from "../../src/herald/sources";

/** Names in backticks that a step speaks of, each with the file that stands behind it, or the one before it when none does. */
function namesOf(text: string): { name: string; file: string }[] {
  const found: { name: string; file: string }[] = [];
  for (const step of text.split(/\n(?=\d+\. )/).slice(1)) {
    const words = [...step.matchAll(/`([^`]+)`/g)].map(([, word]) => word);
    let file = words.find((word) => word.includes("/")) ?? "";
    words.forEach((word, index) => {
      if (word.includes("/")) file = word;
      else if (/^[a-z]+(_[a-z]+)+$/.test(word)) {
        const next = words[index + 1];
        found.push({ name: word, file: next?.includes("/") ? next : file });
      }
    });
  }
  return found;
}

describe("the path of one message", () => {
  const text = readFileSync(resolve(heraldFolder, "PATH.md"), "utf8");
  const names = namesOf(text).filter(({ name }) => name !== "mutex_lock");

  it("names functions that exist, in the files it says", () => {
    expect(names.length).toBeGreaterThan(25);
    for (const { name, file } of names) {
      const path = resolve(heraldFolder, file);
      expect(existsSync(path), file).toBe(true);
      expect(readFileSync(path, "utf8"), `${name} in ${file}`).toMatch(new RegExp(`^(?:[a-z].*[ *])?${name}[(:]`, "m"));
    }
  });
});
