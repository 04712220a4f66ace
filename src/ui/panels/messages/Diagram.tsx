/** The diagram itself: a column per process, a row per message, newest at the bottom. Only rows on the screen are drawn. */
import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent } from "react";
import type { ProcessKey } from "../../../worker/protocol";
import type { Message, Messages } from "../../derived/messages";
import { publisherName } from "../../derived/names";
import { colorOf } from "../../store/colors";
import { selectProcess } from "../../store/selection";
import { arrowsOf, columnId, columnsOf, placeColumns, visibleRows, type Arrow, type Place } from "./layout";
import { arrowText, rowLabel } from "./words";

export const ROW_HEIGHT = 26;
export const HEAD_HEIGHT = 24;

interface Props {
  readonly messages: Messages;
  readonly rows: readonly number[];
  readonly pinned: number | undefined;
  readonly onHover: (row: number | undefined) => void;
  readonly onPin: (row: number) => void;
}

export function Diagram({ messages, rows, pinned, onHover, onPin }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const [box, setBox] = useState({ width: 0, height: 0, top: 0 });
  const columns = columnsOf(messages, rows);
  const latest = rows.at(-1);
  const timeLength = latest === undefined ? 0 : rowLabel(messages.at(latest)).time.length;
  const place = placeColumns(columns.length, box.width, timeLength);
  const xOf = new Map(columns.map((key, at) => [columnId(key), place.gutter + (at + 0.5) * place.columnWidth]));
  const height = rows.length * ROW_HEIGHT;

  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const observer = new ResizeObserver(() =>
      setBox((old) => ({ ...old, width: element.clientWidth, height: element.clientHeight })),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element && atEnd.current && pinned === undefined) element.scrollTop = element.scrollHeight;
  });
  const onScroll = (): void => {
    const element = scroller.current;
    if (!element) return;
    atEnd.current = element.scrollTop + element.clientHeight >= element.scrollHeight - ROW_HEIGHT;
    setBox((old) => (old.top === element.scrollTop ? old : { ...old, top: element.scrollTop }));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const direction = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : undefined;
    if (direction === undefined || rows.length === 0) return;
    event.preventDefault();
    const at = pinned === undefined ? rows.length : rows.indexOf(pinned);
    const next = Math.min(rows.length - 1, Math.max(0, at + direction));
    onPin(rows[next]);
    const element = scroller.current;
    if (!element) return;
    const top = next * ROW_HEIGHT;
    if (top < element.scrollTop) element.scrollTop = top;
    const bottom = top + ROW_HEIGHT + HEAD_HEIGHT;
    if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
  };
  const [first, last] = visibleRows(rows.length, ROW_HEIGHT, box.top, box.height);
  return (
    <div
      className="sequence"
      ref={scroller}
      tabIndex={0}
      role="application"
      aria-label="Messages, newest at the bottom. Arrow keys choose one. The table button shows the same as a table."
      onScroll={onScroll}
      onKeyDown={onKeyDown}
      onMouseLeave={() => onHover(undefined)}
    >
      <Heads columns={columns} place={place} />
      <svg width={place.width} height={height} aria-hidden="true">
        {columns.map((key) => (
          <line
            key={columnId(key)}
            className="life"
            x1={xOf.get(columnId(key))}
            x2={xOf.get(columnId(key))}
            y1={0}
            y2={height}
          />
        ))}
        {rows.slice(first, last).map((row, at) => (
          <Row
            key={row}
            message={messages.at(row)}
            y={(first + at) * ROW_HEIGHT}
            place={place}
            xOf={(key) => xOf.get(columnId(key))}
            pinned={row === pinned}
            onHover={() => onHover(row)}
            onPin={() => onPin(row)}
          />
        ))}
      </svg>
    </div>
  );
}

function Heads({ columns, place }: { columns: readonly ProcessKey[]; place: Place }) {
  return (
    <div className="sequence-heads" style={{ width: place.width, height: HEAD_HEIGHT, paddingLeft: place.gutter }}>
      {columns.map((key) => (
        <button
          key={columnId(key)}
          type="button"
          style={{ width: place.columnWidth, color: colorOf(key) }}
          disabled={key.pid === 0}
          onClick={() => selectProcess(key)}
        >
          {publisherName(key)}
        </button>
      ))}
    </div>
  );
}

interface RowProps {
  readonly message: Message;
  readonly y: number;
  readonly place: Place;
  readonly xOf: (key: ProcessKey) => number | undefined;
  readonly pinned: boolean;
  readonly onHover: () => void;
  readonly onPin: () => void;
}

function Row({ message, y, place, xOf, pinned, onHover, onPin }: RowProps) {
  const middle = y + ROW_HEIGHT - 8;
  const from = xOf(message.from);
  const { time, topic } = rowLabel(message);
  const wide = place.gutter > 130;
  return (
    <g className={pinned ? "message pinned" : "message"} onMouseEnter={onHover} onClick={onPin}>
      <rect x={0} y={y} width={place.width} height={ROW_HEIGHT} />
      {wide && (
        <text className="time" x={12} y={middle - 3}>
          {time}
        </text>
      )}
      <text className="topic" x={place.gutter - 10} y={middle - 3}>
        {topic}
      </text>
      {arrowsOf(message, xOf).map((arrow) => (
        <ArrowShape key={columnId(arrow.delivery.to)} arrow={arrow} message={message} y={middle} />
      ))}
      {from !== undefined && <circle cx={from} cy={middle} r={3.5} style={{ fill: colorOf(message.from) }} />}
    </g>
  );
}

/** Pixels an arrow stops short of the column's line. */
const TIP = 1;

function ArrowShape({ arrow, message, y }: { arrow: Arrow; message: Message; y: number }) {
  const { from, to, delivery } = arrow;
  const text = arrowText(message, delivery);
  const className = `arrow ${delivery.state}`;
  if (from === to)
    return (
      <g className={className}>
        <path d={`M${from} ${y}c26 -14 26 6 4 4`} />
        <path className="tip" d={`M${from + 3} ${y + 4}l7 -2.5v5z`} />
        <text x={from + 28} y={y - 3} className="start">
          {text}
        </text>
      </g>
    );
  const sign = to > from ? 1 : -1;
  const end = to - sign * TIP;
  return (
    <g className={className}>
      <path d={`M${from} ${y}H${end}`} />
      {delivery.state === "dropped" ? (
        <path className="lost" d={`M${end - 4} ${y - 4}l8 8m0 -8l-8 8`} />
      ) : (
        <path className="tip" style={{ fill: colorOf(delivery.to) }} d={`M${end} ${y}l${-sign * 7} -3.5v7z`} />
      )}
      <text x={end - sign * 10} y={y - 4} className={sign > 0 ? "end" : "start"}>
        {text}
      </text>
    </g>
  );
}
