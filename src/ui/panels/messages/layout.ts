/** The sequence diagram: which messages are rows, which processes are columns, and where. Pure functions. */
import type { ProcessKey } from "../../../worker/protocol";
import { TOPIC_RESERVED } from "../../derived/names";
import type { Delivery, Message, Messages } from "../../derived/messages";

/** Messages kept on the page: the latest. */
export const MOST_ROWS = 400;
/** Messages looked at to find them. */
const MOST_LOOKED_AT = 20_000;

/** Message rows to show, oldest first. */
export function rowsShown(messages: Messages, showSystem: boolean, most = MOST_ROWS): number[] {
  const rows: number[] = [];
  const topics = messages.rows.columns.topic;
  const last = messages.length - 1;
  for (let row = last; row >= 0 && rows.length < most && last - row < MOST_LOOKED_AT; row--)
    if (showSystem || topics[row] >= TOPIC_RESERVED) rows.push(row);
  return rows.reverse();
}

export interface Column {
  readonly id: string;
  readonly key: ProcessKey;
  readonly x: number;
}

export const columnId = (key: ProcessKey): string => (key.pid === 0 ? "kernel" : `${key.pid}.${key.generation}`);

export interface Place {
  /** Width left of the first column, for time and topic. */
  readonly gutter: number;
  readonly columnWidth: number;
  readonly width: number;
}

const LEAST_COLUMN = 78;
const MOST_COLUMN = 190;

/** Width of a character in the gutter, and the longest name of a topic there. */
const CHARACTER = 6.3;
const LONGEST_TOPIC = "process started".length;
const GUTTER_SPACE = 34;

/** `timeLength`: characters of the latest, which is the longest, time in the gutter. */
export function placeColumns(count: number, width: number, timeLength = 7): Place {
  const both = Math.round(CHARACTER * (timeLength + LONGEST_TOPIC) + GUTTER_SPACE);
  const gutter = width < 520 ? 106 : Math.max(168, both);
  const columnWidth = Math.min(MOST_COLUMN, Math.max(LEAST_COLUMN, (width - gutter) / Math.max(1, count)));
  return { gutter, columnWidth, width: Math.max(width, gutter + columnWidth * count) };
}

/** A column per process that published or received one of these messages, by PID; the kernel first. */
export function columnsOf(messages: Messages, rows: readonly number[]): ProcessKey[] {
  const found = new Map<string, ProcessKey>();
  const add = (pid: number, generation: number): void => {
    const key = { pid, generation };
    const id = columnId(key);
    if (!found.has(id)) found.set(id, key);
  };
  const { columns } = messages.rows;
  const deliveries = messages.deliveries.columns;
  for (const row of rows) {
    add(columns.pid[row], columns.generation[row]);
    for (let at = columns.firstDelivery[row]; at >= 0; at = deliveries.next[at])
      add(deliveries.pid[at], deliveries.generation[at]);
  }
  return [...found.values()].sort((one, other) => one.pid - other.pid || one.generation - other.generation);
}

export interface Arrow {
  readonly from: number;
  readonly to: number;
  readonly delivery: Delivery;
  /** The arrow to another subscriber passes over this one's column on the same side. */
  readonly passed: boolean;
}

/** The arrows of a message, by x; a subscriber whose column is not shown is left out. */
export function arrowsOf(message: Message, xOf: (key: ProcessKey) => number | undefined): Arrow[] {
  const from = xOf(message.from);
  if (from === undefined) return [];
  const ends = message.deliveries.flatMap((delivery) => {
    const to = xOf(delivery.to);
    return to === undefined ? [] : [{ from, to, delivery }];
  });
  const reach = (sign: number): number => Math.max(0, ...ends.map(({ to }) => sign * (to - from)));
  return ends.map((end) => {
    const sign = Math.sign(end.to - from);
    return { ...end, passed: sign !== 0 && sign * (end.to - from) < reach(sign) };
  });
}

/** Ticks from the publish to where the receiver took it; undefined while it waits or when it was lost. */
export const latencyOf = (message: Message, delivery: Delivery): number | undefined =>
  delivery.state === "taken" && delivery.taken !== undefined ? delivery.taken - message.time : undefined;

/** Rows within the visible part, with one more on each side. */
export function visibleRows(
  count: number,
  rowHeight: number,
  scrollTop: number,
  height: number,
): readonly [number, number] {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - 1);
  const last = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + 1);
  return [first, Math.max(first, last)];
}
