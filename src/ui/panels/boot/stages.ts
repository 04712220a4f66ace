/** The boot as rows: what was reached when, how long it took, and in which mode the CPU was meanwhile. */
import { bootStageText, traceNames, type ProcessKey } from "../../../worker/protocol";
import type { Mark } from "../../derived/journey";

export interface StageRow {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  /** The process it is about; undefined for the machine on its way to the scheduler. */
  readonly process?: ProcessKey;
  /** Tick when it was reached. */
  readonly at: number;
  /** Ticks since the row before: until the scheduler runs nothing halts the CPU, so these are instructions. */
  readonly took: number;
  /** The CPU's mode from here on, where it changes. */
  readonly mode?: string;
}

/** Stages that change the CPU's mode. */
const modes: Readonly<Record<string, string>> = {
  first_sector: "real mode",
  protected_mode: "protected mode",
  long_mode: "64-bit",
};

/** Names of a process, at most this many of which are shown. */
const MOST_PROCESSES = 16;

function textOf(mark: Mark, nameOf: (process: ProcessKey) => string): Pick<StageRow, "id" | "name" | "text"> {
  if (mark.kind === "stage") {
    const name = traceNames.bootStage[mark.stage];
    const text = name === undefined ? "" : (bootStageText as Readonly<Record<string, string>>)[name];
    return {
      id: `stage ${mark.stage}`,
      name: name?.replaceAll("_", " ") ?? `stage ${mark.stage}`,
      text: text.replace(" (only in the trace)", ""),
    };
  }
  const { pid, generation } = mark.process;
  const text = mark.kind === "ran" ? "has the CPU for the first time" : "writes its first line";
  return { id: `${mark.kind} ${pid}.${generation}`, name: nameOf(mark.process), text };
}

/** From the firmware to the last process that was started with the machine. */
export function stageRows(marks: readonly Mark[], nameOf: (process: ProcessKey) => string): StageRow[] {
  const ordered = [...marks].sort((one, other) => one.time - other.time);
  const rows: StageRow[] = [];
  let at = 0;
  let processes = 0;
  for (const mark of ordered) {
    if (mark.kind !== "stage" && ++processes > MOST_PROCESSES) break;
    const stage = mark.kind === "stage" ? traceNames.bootStage[mark.stage] : undefined;
    const mode = stage && modes[stage];
    const process = mark.kind === "stage" ? undefined : mark.process;
    rows.push({
      ...textOf(mark, nameOf),
      ...(process && { process }),
      at: mark.time,
      took: mark.time - at,
      ...(mode && { mode }),
    });
    at = mark.time;
  }
  return rows;
}
