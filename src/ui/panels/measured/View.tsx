/** Five ways to talk, measured: two plots, their legend, and the same as a table. Loaded when it is asked for. */
import { useMemo, useState } from "react";
import { Choice } from "../common/Choice";
import { grouped } from "../common/format";
import { linesOf, models, modelText, summary, valuesOf, type Cell, type Line, type Model, type Way } from "./figures";
import { Plot, rangeOf, symbolOf } from "./Plot";

export function View({ cells }: { readonly cells: readonly Cell[] }) {
  const [way, setWay] = useState<Way>("single");
  const [payload, setPayload] = useState(8);
  const [subscribers, setSubscribers] = useState(1);
  const [chosen, choose] = useState<Model>();
  const payloads = useMemo(() => valuesOf(cells, "payload"), [cells]);
  const counts = useMemo(() => valuesOf(cells, "subscribers"), [cells]);
  // Of both ways of sending, so that the axis stands still while one compares them.
  const ofPayload = rangeOf(cells.filter((cell) => cell.subscribers === subscribers));
  const ofSubscribers = rangeOf(cells.filter((cell) => cell.payload === payload));
  const choice = { chosen, onChoose: choose };
  const byPayload = linesOf(cells, "payload", subscribers, way);
  const bySubscribers = linesOf(cells, "subscribers", payload, way);
  return (
    <div className="measured">
      <p>
        Instructions per delivered message, from the publisher&apos;s first to the last receiver&apos;s last, counted by
        this machine with the trace off. They repeat exactly everywhere; they know nothing of caches.
      </p>
      <div className="measured-choices">
        <Choice
          label="Way of sending"
          options={[
            ["single", "one at a time"],
            ["burst", "in bursts"],
          ]}
          value={way}
          onChange={setWay}
        />
        <Legend chosen={chosen} onChoose={choose} />
      </div>
      <div className="measured-plots">
        <figure>
          <figcaption>
            to <Number label="Receivers" values={counts} value={subscribers} onChange={setSubscribers} />{" "}
            {subscribers === 1 ? "receiver" : "receivers"}
          </figcaption>
          <Plot axis="payload" lines={byPayload} values={payloads} range={ofPayload} {...choice} />
        </figure>
        <figure>
          <figcaption>
            of <Number label="Bytes" values={payloads} value={payload} onChange={setPayload} /> bytes
          </figcaption>
          <Plot axis="subscribers" lines={bySubscribers} values={counts} range={ofSubscribers} {...choice} />
        </figure>
      </div>
      <p className="measured-words">{summary(cells)}</p>
      <details>
        <summary>The same as tables</summary>
        <Table caption={`by payload, to ${subscribers}`} axis="payload" lines={byPayload} values={payloads} />
        <Table caption={`by receivers, of ${payload} bytes`} axis="subscribers" lines={bySubscribers} values={counts} />
      </details>
    </div>
  );
}

function Legend({ chosen, onChoose }: { chosen: Model | undefined; onChoose: (model: Model | undefined) => void }) {
  return (
    <ul className="measured-legend">
      {models.map((model) => (
        <li
          key={model}
          className={`way way-${model}${chosen && chosen !== model ? " faint" : ""}`}
          onMouseEnter={() => onChoose(model)}
          onMouseLeave={() => onChoose(undefined)}
        >
          <svg width="22" height="14" viewBox="-11 -7 22 14" aria-hidden="true">
            <path className="line" d="M-11 0H11" />
            <path className="point" d={symbolOf[model]} />
          </svg>
          {modelText[model]}
        </li>
      ))}
    </ul>
  );
}

interface NumberProps {
  readonly label: string;
  readonly values: readonly number[];
  readonly value: number;
  readonly onChange: (value: number) => void;
}

function Number({ label, values, value, onChange }: NumberProps) {
  return (
    <select
      className="select small"
      aria-label={label}
      value={value}
      onChange={(event) => onChange(+event.target.value)}
    >
      {values.map((one) => (
        <option key={one} value={one}>
          {grouped(one)}
        </option>
      ))}
    </select>
  );
}

interface TableProps {
  readonly caption: string;
  readonly axis: "payload" | "subscribers";
  readonly lines: readonly Line[];
  readonly values: readonly number[];
}

function Table({ caption, axis, lines, values }: TableProps) {
  return (
    <div className="measured-table" tabIndex={0} role="region" aria-label={`Table ${caption}`}>
      <table className="grid">
        <caption>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">way to talk</th>
            {values.map((value) => (
              <th key={value} scope="col" className="n">
                {grouped(value)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map(({ model, cells }) => (
            <tr key={model}>
              <th scope="row">{modelText[model]}</th>
              {values.map((value) => (
                <Figure key={value} cell={cells.find((one) => one[axis] === value)} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Figure({ cell }: { readonly cell: Cell | undefined }) {
  if (!cell) return <td className="n">-</td>;
  const { systemCalls, switches, bytesCopied } = cell;
  const more = `${systemCalls.toFixed(2)} system calls, ${switches.toFixed(2)} context switches, ${grouped(Math.round(bytesCopied))} bytes copied`;
  return (
    <td className="n" title={more}>
      {grouped(Math.round(cell.instructions))}
    </td>
  );
}
