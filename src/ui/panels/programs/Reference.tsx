/** The instruction set of Programs, from its one description. */
import { programReference } from "../../../scenario/program";

const operand = { none: "", variable: "variable", text: '"text"', label: "label", number: "number" } as const;

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
              {entry.name}{" "}
              <i>
                {[entry.a, entry.b]
                  .filter((kind) => kind !== "none")
                  .map((kind, index) => `${"ab"[index]}: ${operand[kind]}`)
                  .join(", ")}
              </i>
            </dt>
            <dd>{entry.text}</dd>
          </div>
        ))}
      </dl>
    </aside>
  );
}
