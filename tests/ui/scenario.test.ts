import { beforeEach, describe, expect, it } from "vitest";
import { builtinScenarios } from "../../src/scenario/builtin";
import {
  addProgram,
  editedScenario,
  editProgram,
  MAX_PROGRAMS,
  removeProgram,
  renameProgram,
  revertPrograms,
  scenarioOpened,
  scenarioStore,
} from "../../src/ui/store/scenario";
import { imageProblem, MAX_IMAGE_BYTES } from "../../src/ui/store/files";

const state = () => scenarioStore.getState();

describe("the edited programs", () => {
  beforeEach(() => scenarioOpened(builtinScenarios[0], []));

  it("are the scenario's until edited", () => {
    expect(state().edited).toBe(false);
    expect(editedScenario()).toEqual(builtinScenarios[0]);
  });

  it("cannot run with an error, which has a line", () => {
    editProgram(state().programs[0].id, 'say "fine"\nhopp 3\n');
    expect(state().programs[0].errors.map((error) => error.line)).toEqual([2]);
    expect(state().edited).toBe(true);
    expect(editedScenario()).toBeUndefined();
  });

  it("run as they are edited, and keep their editors", () => {
    const { id } = state().programs[1];
    editProgram(id, "exit 0\n");
    const scenario = editedScenario()!;
    expect(scenario.programs[1].text).toBe("exit 0\n");
    scenarioOpened(scenario, []);
    expect([state().edited, state().programs[1].id]).toEqual([false, id]);
  });

  it("go back to what runs", () => {
    editProgram(state().programs[0].id, "");
    revertPrograms();
    expect([state().edited, editedScenario()]).toEqual([false, builtinScenarios[0]]);
  });

  it("have names that a file can have, each once", () => {
    const [first, second] = state().programs;
    expect(renameProgram(first.id, "")).toMatch(/1 to 28/);
    expect(renameProgram(first.id, "Upper")).toMatch(/1 to 28/);
    expect(renameProgram(first.id, second.name)).toMatch(/already/);
    expect(renameProgram(first.id, "new.prg")).toBeUndefined();
    expect(editedScenario()!.programs[0].name).toBe("new.prg");
  });

  it("are added under free names up to the bound, and removed", () => {
    while (addProgram());
    const names = state().programs.map((one) => one.name);
    expect(new Set(names).size).toBe(MAX_PROGRAMS);
    expect(editedScenario()?.programs.length).toBe(MAX_PROGRAMS);
    removeProgram(state().programs[0].id);
    expect(state().programs.length).toBe(MAX_PROGRAMS - 1);
  });
});

describe("a file that is to be a disk", () => {
  it("is refused with the reason", () => {
    expect(imageProblem("a", 0)).toMatch(/empty/);
    expect(imageProblem("a", 700)).toMatch(/multiple of 512/);
    expect(imageProblem("a", MAX_IMAGE_BYTES + 512)).toMatch(/too large/);
    expect(imageProblem("a", 512)).toBeUndefined();
    expect(imageProblem("a", MAX_IMAGE_BYTES)).toBeUndefined();
  });
});
