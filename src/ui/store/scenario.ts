/** What is open: the scenario, the texts as edited since, their errors, and what there is to say about how it was opened. */
import { createStore } from "zustand/vanilla";
import { assemble, type ProgramError } from "../../scenario/program";
import { SCENARIO_VERSION, type Input, type Program, type Scenario } from "../../scenario/schema";

export interface EditedProgram extends Program {
  /** Tells editors apart when programs are renamed. */
  readonly id: number;
  readonly errors: readonly ProgramError[];
}

export interface Notice {
  readonly tone: "info" | "error";
  readonly text: string;
}

export interface ScenarioState {
  /** What runs; undefined for a foreign image. */
  readonly open?: Scenario;
  /** A disk image from outside, which replaces the scenario. */
  readonly foreign?: { readonly name: string; readonly bytes: number };
  readonly inputs: readonly Input[];
  /** The build of Herald that runs; undefined until its disk is loaded. */
  readonly herald?: string;
  readonly programs: readonly EditedProgram[];
  /** The texts or names differ from what runs. */
  readonly edited: boolean;
  readonly notice?: Notice;
}

export const scenarioStore = createStore<ScenarioState>(() => ({ inputs: [], programs: [], edited: false }));

export const MAX_PROGRAMS = 8;
const namePattern = /^[a-z0-9][a-z0-9._-]{0,27}$/;
let nextId = 1;

/** The errors of a text; none when it can run. */
function check(text: string): readonly ProgramError[] {
  const result = assemble(text);
  return result.ok ? [] : result.errors;
}

const editable = (program: Program, id = nextId++): EditedProgram => ({ ...program, id, errors: check(program.text) });

/** A program of a name that was there before keeps its editor. */
function editables(programs: readonly Program[]): readonly EditedProgram[] {
  const ids = new Map(scenarioStore.getState().programs.map((one) => [one.name, one.id]));
  return programs.map((program) => editable(program, ids.get(program.name)));
}

/** A scenario was opened; the editors show its programs. */
export function scenarioOpened(open: Scenario, inputs: readonly Input[]): void {
  const programs = editables(open.programs);
  scenarioStore.setState({ open, inputs, programs, edited: false, foreign: undefined });
}

export function foreignOpened(name: string, bytes: number): void {
  scenarioStore.setState({ open: undefined, inputs: [], programs: [], edited: false, foreign: { name, bytes } });
}

/** Herald's disk is here. Says so if the link that is being opened was made with another build. */
export function heraldKnown(herald: string | undefined, madeWith: string | undefined): void {
  scenarioStore.setState({ herald });
  if (madeWith === undefined || madeWith === herald) return;
  const builds = `${madeWith.slice(0, 8)}, this page has ${herald?.slice(0, 8) ?? "an unknown one"}`;
  const text = `This link was made with another build of Herald (${builds}). Programs and keys are the same, but the run may differ.`;
  setNotice({ tone: "info", text });
}

export const setNotice = (notice: Notice | undefined): void => scenarioStore.setState({ notice });

function setPrograms(programs: readonly EditedProgram[]): void {
  const running = scenarioStore.getState().open?.programs ?? [];
  const edited =
    programs.length !== running.length ||
    programs.some((one, index) => one.name !== running[index].name || one.text !== running[index].text);
  scenarioStore.setState({ programs, edited });
}

export function editProgram(id: number, text: string): void {
  const { programs } = scenarioStore.getState();
  setPrograms(programs.map((one) => (one.id === id ? { ...one, text, errors: check(text) } : one)));
}

/** Renames unless the name is not allowed or taken; the answer says why not. */
export function renameProgram(id: number, name: string): string | undefined {
  const { programs } = scenarioStore.getState();
  if (!namePattern.test(name)) return "A name is 1 to 28 of a-z 0-9 . _ - and starts with a letter or digit.";
  if (programs.some((one) => one.id !== id && one.name === name)) return `There is a program "${name}" already.`;
  setPrograms(programs.map((one) => (one.id === id ? { ...one, name } : one)));
  return undefined;
}

const newProgramText = `# Runs beside the others. The reference on the right lists every instruction.
variable count = 5
again:
    say "Running"
    sleep 200
    loop count, again
    exit 0
`;

/** Adds a program under a free name; undefined when there are as many as the disk takes. */
export function addProgram(): EditedProgram | undefined {
  const { programs } = scenarioStore.getState();
  if (programs.length >= MAX_PROGRAMS) return undefined;
  const free = Array.from({ length: MAX_PROGRAMS + 1 }, (_, index) => `program${index + 1}`);
  const name = free.find((one) => programs.every((program) => program.name !== one)) as string;
  const added = editable({ name, text: newProgramText });
  setPrograms([...programs, added]);
  return added;
}

export const removeProgram = (id: number): void =>
  setPrograms(scenarioStore.getState().programs.filter((one) => one.id !== id));

export function revertPrograms(): void {
  const { open } = scenarioStore.getState();
  if (open) scenarioStore.setState({ programs: editables(open.programs), edited: false });
}

/** The open scenario with the edited texts; undefined while a text has errors or no scenario is open. */
export function editedScenario(): Scenario | undefined {
  const { open, programs } = scenarioStore.getState();
  if (!open || programs.some((one) => one.errors.length > 0)) return undefined;
  return { ...open, version: SCENARIO_VERSION, programs: programs.map(({ name, text }) => ({ name, text })) };
}
