/** The instruction set of Programs, from its one description. */
import { programReference } from "../../../scenario/program";

/** How the operands are written: a variable by its letter alone, anything else with its kind. */
function operands({ a, b }: (typeof programReference)[number]): string {
  const write = (letter: string, kind: string) => (kind === "variable" ? letter : `${letter}:${kind}`);
  return [a !== "none" && write("a", a), b !== "none" && write("b", b)].filter(Boolean).join(", ");
}

export function Reference() {
  return (
    <aside className="reference" aria-label="Instruction reference" tabIndex={0}>
      <h3>Instructions</h3>
      <dl>
        <div>
          <dt>
            variable <i>name = 20</i>
          </dt>
          <dd>a variable, with its start value</dd>
        </div>
        <div>
          <dt>
            <i>name:</i>
          </dt>
          <dd>a label, to jump to</dd>
        </div>
        {programReference.map((entry) => (
          <div key={entry.name}>
            <dt>
              {entry.name} <i>{operands(entry)}</i>
            </dt>
            <dd>{entry.text}</dd>
          </div>
        ))}
      </dl>
    </aside>
  );
}
