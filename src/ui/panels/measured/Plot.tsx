/** Instructions per delivered message along one axis, both axes logarithmic; what is 0 stands left of the logarithm's part. */
import { extent } from "d3-array";
import { scaleLog } from "d3-scale";
import { line, symbol, symbolCircle, symbolDiamond, symbolSquare, symbolTriangle, symbolCross } from "d3-shape";
import { useId } from "react";
import { grouped, plural } from "../common/format";
import { modelText, type Axis, type Cell, type Line, type Model } from "./figures";

export const symbolOf: Readonly<Record<Model, string>> = {
  callback: symbol(symbolCircle, 52)()!,
  receive: symbol(symbolSquare, 44)()!,
  queue: symbol(symbolTriangle, 44)()!,
  broker: symbol(symbolDiamond, 52)()!,
  shared: symbol(symbolCross, 46)()!,
};

const WIDTH = 460;
const HEIGHT = 300;
const EDGE = { top: 10, right: 14, bottom: 38, left: 58 };
/** Width of the part for 0, where there is one. */
const ZERO = 46;

interface PlotProps {
  readonly axis: Axis;
  readonly lines: readonly Line[];
  readonly values: readonly number[];
  /** The least and the most of the vertical axis. */
  readonly range: readonly [number, number];
  readonly chosen: Model | undefined;
  readonly onChoose: (model: Model | undefined) => void;
}

const short = (value: number): string => (value >= 1024 && value % 1024 === 0 ? `${value / 1024} Ki` : String(value));
const axisText: Readonly<Record<Axis, string>> = { payload: "payload in bytes", subscribers: "receivers" };

export const rangeOf = (cells: readonly Cell[]): readonly [number, number] => {
  const [least = 1, most = 10] = extent(cells, (cell) => cell.instructions);
  return [least, most];
};

export function Plot({ axis, lines, values, range, chosen, onChoose }: PlotProps) {
  const title = useId();
  const positive = values.filter((value) => value > 0);
  const zero = positive.length < values.length;
  const left = EDGE.left + (zero ? ZERO : 0);
  const along = scaleLog()
    .base(2)
    .domain([positive[0] ?? 1, positive.at(-1) ?? 2])
    .range([left + 8, WIDTH - EDGE.right]);
  const up = scaleLog()
    .domain([range[0] * 0.85, range[1] * 1.15])
    .range([HEIGHT - EDGE.bottom, EDGE.top]);
  const x = (value: number): number => (value > 0 ? along(value) : EDGE.left + 14);
  const path = line<Cell>()
    .x((cell) => x(cell[axis]))
    .y((cell) => up(cell.instructions));
  const rows = [1, 2, 5].flatMap((digit) => [10, 100, 1000, 10_000, 100_000].map((power) => digit * power));
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby={title} className="measured-plot">
      <title
        id={title}
      >{`Instructions per delivered message by ${axisText[axis]}; the table below has the figures.`}</title>
      {rows
        .filter((value) => up(value) > EDGE.top && up(value) < HEIGHT - EDGE.bottom)
        .map((value) => (
          <g key={value} className={/^1/.test(String(value)) ? "rule strong" : "rule"}>
            <line x1={EDGE.left} x2={WIDTH - EDGE.right} y1={up(value)} y2={up(value)} />
            <text x={EDGE.left - 8} y={up(value)} className="up">
              {grouped(value)}
            </text>
          </g>
        ))}
      {values.map((value) => (
        <g key={value} className="rule">
          <line x1={x(value)} x2={x(value)} y1={EDGE.top} y2={HEIGHT - EDGE.bottom} />
          <text x={x(value)} y={HEIGHT - EDGE.bottom + 14} className="along">
            {short(value)}
          </text>
        </g>
      ))}
      <text x={(left + WIDTH - EDGE.right) / 2} y={HEIGHT - 6} className="along name">
        {axisText[axis]}
      </text>
      {lines.map(({ model, cells }) => (
        <g
          key={model}
          className={`way way-${model}${chosen && chosen !== model ? " faint" : ""}`}
          onMouseEnter={() => onChoose(model)}
          onMouseLeave={() => onChoose(undefined)}
        >
          {/* No line between 0 and the first power: the logarithm has no place for it. */}
          <path className="line" d={path(cells.filter((cell) => cell[axis] > 0)) ?? ""} />
          {cells.map((cell) => (
            <path
              key={cell[axis]}
              className="point"
              d={symbolOf[model]}
              transform={`translate(${x(cell[axis])} ${up(cell.instructions)})`}
            >
              <title>{`${modelText[model]}: ${cell.payload} bytes to ${plural(cell.subscribers, "receiver")}, ${grouped(Math.round(cell.instructions))} instructions per delivered message`}</title>
            </path>
          ))}
        </g>
      ))}
    </svg>
  );
}
