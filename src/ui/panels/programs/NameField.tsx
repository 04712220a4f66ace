/** The name of a Program, which is its file name on Herald's disk; a name that cannot be is said at once. */
import { useId, useState } from "react";
import { renameProgram, type EditedProgram } from "../../store/scenario";

export function NameField({ program }: { readonly program: EditedProgram }) {
  const [name, setName] = useState(program.name);
  const [problem, setProblem] = useState<string>();
  const id = useId();
  return (
    <div className="program-name">
      <label htmlFor={id}>Name</label>
      <input
        id={id}
        className="field num"
        value={name}
        spellCheck={false}
        aria-invalid={problem !== undefined}
        aria-describedby={problem ? `${id}-problem` : undefined}
        onChange={(event) => {
          setName(event.target.value);
          setProblem(renameProgram(program.id, event.target.value));
        }}
        onBlur={() => {
          setName(program.name);
          setProblem(undefined);
        }}
      />
      {problem && (
        <span id={`${id}-problem`} className="bad" role="alert">
          {problem}
        </span>
      )}
    </div>
  );
}
