/** The Programs of the scenario as texts: edit, and run them again. With an error nothing runs. */
import { useRef, useState } from "react";
import { openScenario } from "../../store/connection";
import { useScenario } from "../../store/react";
import {
  addProgram,
  editedScenario,
  MAX_PROGRAMS,
  removeProgram,
  revertPrograms,
  type EditedProgram,
} from "../../store/scenario";
import { showTab } from "../../store/view";
import { Icon } from "../../widgets/Icon";
import { Empty, Panel } from "../../widgets/Panel";
import { Editor, type EditorControl } from "./Editor";
import { NameField } from "./NameField";
import { Reference } from "./Reference";
import "./programs.css";

function runPrograms(): void {
  const scenario = editedScenario();
  if (!scenario) return;
  void openScenario(scenario);
  showTab("console");
}

export function ProgramsPanel() {
  const programs = useScenario((state) => state.programs);
  const edited = useScenario((state) => state.edited);
  const open = useScenario((state) => state.open);
  const [chosen, choose] = useState<number>();
  const control = useRef<EditorControl>(null);
  const shown = programs.find((one) => one.id === chosen) ?? programs[0];
  const errors = programs.reduce((sum, one) => sum + one.errors.length, 0);

  if (!open)
    return (
      <Panel name="Programs">
        <Empty>
          A disk image from your computer is open. Pick a scenario to have programs that can be edited and run.
        </Empty>
      </Panel>
    );

  const goTo = (program: EditedProgram, line: number, column: number) => {
    if (program === shown) control.current?.goTo(line, column);
    else choose(program.id);
  };
  return (
    <Panel
      name="Programs"
      scroll={false}
      note={errors > 0 ? undefined : edited ? "edited" : "as they run"}
      actions={
        <>
          <button
            type="button"
            className="button strong small"
            aria-label="Run programs"
            title="Start the machine again with these texts (Ctrl+Enter in an editor)"
            disabled={errors > 0}
            onClick={runPrograms}
          >
            <Icon name="run" size={12} /> Run again
          </button>
          {edited && (
            <button type="button" className="button quiet small" onClick={revertPrograms}>
              Revert
            </button>
          )}
        </>
      }
    >
      <div className="programs">
        <ProgramList programs={programs} shown={shown} onChoose={choose} />
        <div className="program-work">
          {shown ? (
            <div className="program-edit">
              <NameField key={shown.id} program={shown} />
              <Editor
                key={`editor-${shown.id}`}
                ref={control}
                program={shown}
                runs={open.programs.some((one) => one.name === shown.name && one.text === shown.text)}
                onRun={runPrograms}
              />
              <Errors programs={programs} onGo={goTo} />
            </div>
          ) : (
            <Empty>This scenario has no Programs. Add one, and it starts at the next run.</Empty>
          )}
          <Reference />
        </div>
      </div>
    </Panel>
  );
}

interface ProgramListProps {
  readonly programs: readonly EditedProgram[];
  readonly shown?: EditedProgram;
  readonly onChoose: (id: number) => void;
}

function ProgramList({ programs, shown, onChoose }: ProgramListProps) {
  const full = programs.length >= MAX_PROGRAMS;
  return (
    <div className="program-list" role="group" aria-label="Programs of the scenario">
      {programs.map((program) => (
        <button
          key={program.id}
          type="button"
          className="button quiet small num"
          aria-pressed={program === shown}
          onClick={() => onChoose(program.id)}
        >
          {program.name}
          {program.errors.length > 0 && <em className="bad">{program.errors.length} ✕</em>}
        </button>
      ))}
      <button
        type="button"
        className="button quiet small"
        aria-label="Add program"
        title={full ? `A scenario holds ${MAX_PROGRAMS} programs at most` : "Add a program"}
        disabled={full}
        onClick={() => {
          const added = addProgram();
          if (added) onChoose(added.id);
        }}
      >
        <Icon name="add" size={13} /> Add
      </button>
      {shown && (
        <button
          type="button"
          className="button quiet small"
          aria-label={`Remove program ${shown.name}`}
          onClick={() => removeProgram(shown.id)}
        >
          <Icon name="close" size={13} /> Remove
        </button>
      )}
    </div>
  );
}

interface ErrorsProps {
  readonly programs: readonly EditedProgram[];
  readonly onGo: (program: EditedProgram, line: number, column: number) => void;
}

function Errors({ programs, onGo }: ErrorsProps) {
  const wrong = programs.filter((one) => one.errors.length > 0);
  if (wrong.length === 0) return null;
  return (
    <div className="program-errors" role="alert" aria-label="Errors">
      <b>Nothing runs until these are mended:</b>
      <ul>
        {wrong.flatMap((program) =>
          program.errors.map((error) => (
            <li key={`${program.id}:${error.line}:${error.column}:${error.message}`}>
              <button type="button" className="link" onClick={() => onGo(program, error.line, error.column)}>
                {program.name}, line {error.line}
              </button>
              : {error.message}
            </li>
          )),
        )}
      </ul>
    </div>
  );
}
