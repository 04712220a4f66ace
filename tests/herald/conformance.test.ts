/**
 * Herald's conformance checks, in our machine: one test for each check of the guest's program `test`.
 *
 *     npx vitest run tests/herald/conformance.test.ts -t drop_oldest
 */
import { describe, expect, it } from "vitest";
import { writeFile } from "../../src/herald/disk";
import { checkNames, checkScenario } from "./checks";
import { committedImage, HeraldMachine } from "./machine";

function machineForChecks(): HeraldMachine {
  const image = committedImage.slice();
  writeFile(image, "scenario.cfg", "text", new TextEncoder().encode(checkScenario));
  return new HeraldMachine(image).boot();
}

describe("conformance", () => {
  let shared: HeraldMachine | undefined;
  const machine = () => (shared ??= machineForChecks());

  it.each(checkNames)("%s", (name) => {
    const lines = machine().command(`run test ${name}`);
    const verdict = lines.filter((line) => /^(ok|FAIL) /.test(line));
    expect(verdict, lines.join("\n")).toEqual([`ok ${name}`]);
  });

  it("runs the checks that the sources name, and all of them at once", () => {
    expect(machine().command("run test -l")).toEqual(checkNames);
    expect(machine().command("run test no_such_check")[0]).toBe(
      "test: there is no check no_such_check; test -l lists them",
    );
  });
});
