import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { listFiles, readFile } from "../../src/herald/disk";
import { builtinScenarios } from "../../src/scenario/builtin";
import { buildDisk, CONFIG_FILE } from "../../src/scenario/disk";

const image = new Uint8Array(readFileSync(new URL("../../public/herald.img", import.meta.url)));
const executables = (disk: Uint8Array) => listFiles(disk).filter((file) => file.kind === "executable");

describe("buildDisk", () => {
  test.each(builtinScenarios.map((scenario) => [scenario.title, scenario] as const))("%s", (_, scenario) => {
    const before = image.slice();
    const disk = buildDisk(image, scenario);
    expect(image).toEqual(before);
    expect(executables(disk)).toEqual(executables(image));
    expect(
      listFiles(disk)
        .filter((file) => file.kind === "program")
        .map((file) => file.name),
    ).toEqual(scenario.programs.map((program) => program.name));
    expect(new TextDecoder().decode(readFile(disk, CONFIG_FILE))).toBe(
      `quantum_ms=${scenario.machine.quantumMs}\n` +
        scenario.programs.map((program) => `program=${program.name}\n`).join("") +
        scenario.run.map((name) => `run=${name}\n`).join(""),
    );
    for (const line of scenario.run) expect(executables(disk).map((file) => file.name)).toContain(line.split(" ")[0]);
  });

  test("says which Program has an error in which line, and which name is taken", () => {
    const [scenario] = builtinScenarios;
    const withProgram = (name: string, text: string) => ({ ...scenario, programs: [{ name, text }] });
    expect(() => buildDisk(image, withProgram("a.prg", "yield\nhop"))).toThrow('a.prg, line 2: "hop" is not');
    expect(() => buildDisk(image, withProgram("shell", "yield"))).toThrow("already a file named shell");
  });
});
