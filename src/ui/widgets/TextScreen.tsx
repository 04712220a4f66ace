/** A VGA text screen as text: one line per row, one span per run of equal attributes, so that it can be read and copied. */
import { memo, type ReactNode } from "react";
import type { TextScreen as Screen } from "../../worker/protocol";
import { cp437 } from "./cp437";
import "./textScreen.css";

/** The text of one row, without trailing blanks. */
export function rowText(screen: Screen, row: number): string {
  const cells = screen.cells.subarray(row * screen.columns, (row + 1) * screen.columns);
  return Array.from(cells, (cell) => cp437[cell & 0xff])
    .join("")
    .trimEnd();
}

/** Whether anything but blanks is on it. */
export const screenBlank = (screen: Screen): boolean =>
  screen.cells.every((cell) => (cell & 0xff) === 0x20 || (cell & 0xff) === 0);

const css = (colour: number): string => `#${colour.toString(16).padStart(6, "0")}`;

/** Colours by the palette; bit 7 brightens the background where it does not blink. */
function styleOf({ palette, blink }: Screen, attribute: number): React.CSSProperties {
  return { color: css(palette[attribute & 15]), background: css(palette[(attribute >> 4) & (blink ? 7 : 15)]) };
}

/** Where the cursor begins and ends in its cell, for the style sheet. */
const cursorShape = ({ cursor: { first, last }, lines }: Screen) => ({
  "--cursor-top": `${(100 * first) / lines}%`,
  "--cursor-bottom": `${(100 * (last + 1)) / lines}%`,
});

function runs(screen: Screen, row: number): ReactNode[] {
  const { columns, cells, cursor } = screen;
  const cursorAt = cursor.visible && cursor.row === row ? cursor.column : -1;
  const spans: ReactNode[] = [];
  for (let from = 0; from < columns;) {
    const attribute = cells[row * columns + from] >> 8;
    let to = from;
    let text = "";
    while (to < columns && cells[row * columns + to] >> 8 === attribute && (to !== cursorAt || to === from)) {
      text += cp437[cells[row * columns + to] & 0xff];
      to++;
      if (to - 1 === cursorAt) break;
    }
    const names = [from === cursorAt && "cursor", screen.blink && attribute & 0x80 && "blinking"].filter(Boolean);
    spans.push(
      <span key={from} style={styleOf(screen, attribute)} className={names.join(" ") || undefined}>
        {text}
      </span>,
    );
    from = to;
  }
  return spans;
}

const Row = memo(
  ({ screen, row }: { readonly screen: Screen; readonly row: number; readonly stamp: string }) => (
    <div>{runs(screen, row)}</div>
  ),
  (before, now) => before.stamp === now.stamp,
);
Row.displayName = "Row";

/** What a row looks like, as a string: equal means nothing to draw. */
function stampOf({ columns, cells, cursor, blink, palette }: Screen, row: number): string {
  const here = cursor.visible && cursor.row === row ? cursor.column : -1;
  return `${here}:${blink}:${palette.join()}:${String.fromCharCode(...cells.subarray(row * columns, (row + 1) * columns))}`;
}

export function TextScreen({ screen }: { readonly screen: Screen }) {
  return (
    <div className="text-screen">
      <pre
        style={{ "--columns": screen.columns, "--rows": screen.rows, ...cursorShape(screen) } as React.CSSProperties}
      >
        {Array.from({ length: screen.rows }, (_, row) => (
          <Row key={row} screen={screen} row={row} stamp={stampOf(screen, row)} />
        ))}
      </pre>
    </div>
  );
}
