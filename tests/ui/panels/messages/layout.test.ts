import { describe, expect, it } from "vitest";
import * as layout from "../../../../src/ui/panels/messages/layout";
import { arrowText, describe as tell } from "../../../../src/ui/panels/messages/words";
import { indexOf, pack, type Row } from "../../derived/records";

const rows: readonly Row[] = [
  [100, "publish", 0, pack(1, 8), 1],
  [110, "deliver", 7, pack(1, 1), 1],
  [200, "publish", 3, pack(300, 8), 2],
  [210, "deliver", 4, pack(300, 1), 2, 1],
  [211, "deliver", 5, pack(300, 1), 2],
  [212, "drop", 6, pack(300, 1), 2],
  [612, "callback_enter", 4, pack(300, 8), 2],
  [712, "callback_return", 4, 300, 2],
  [900, "publish", 3, pack(300, 8), 3],
];

const { messages } = indexOf(rows).index;

describe("the sequence diagram", () => {
  it("has a row per message, the latest ones, and leaves the kernel's topics out when asked", () => {
    expect(layout.rowsShown(messages, true)).toEqual([0, 1, 2]);
    expect(layout.rowsShown(messages, false)).toEqual([1, 2]);
    expect(layout.rowsShown(messages, true, 2)).toEqual([1, 2]);
  });

  it("has a column per process, by PID, the kernel first", () => {
    expect(layout.columnsOf(messages, [0, 1, 2]).map((key) => key.pid)).toEqual([0, 3, 4, 5, 6, 7]);
    expect(layout.columnsOf(messages, [2]).map((key) => key.pid)).toEqual([3]);
  });

  it("never squeezes columns below what can be read", () => {
    const few = layout.placeColumns(3, 700);
    expect(few.width).toBe(700);
    const many = layout.placeColumns(20, 390);
    expect(many.columnWidth).toBeGreaterThanOrEqual(78);
    expect(many.width).toBe(many.gutter + 20 * many.columnWidth);
  });

  it("has an arrow per subscriber; those that others go past are marked", () => {
    const arrows = layout.arrowsOf(messages.at(1), (key) => key.pid * 100);
    expect(arrows.map(({ from, to, passed, delivery }) => [from, to, passed, delivery.state])).toEqual([
      [300, 400, true, "taken"],
      [300, 500, true, "waiting"],
      [300, 600, false, "dropped"],
    ]);
    expect(layout.arrowsOf(messages.at(1), (key) => (key.pid === 3 ? undefined : 1))).toEqual([]);
    expect(layout.arrowsOf(messages.at(2), () => 1)).toEqual([]);
  });

  it("measures from the publish to where the receiver took it", () => {
    const message = messages.at(1);
    expect(message.deliveries.map((delivery) => layout.latencyOf(message, delivery))).toEqual([
      412,
      undefined,
      undefined,
    ]);
    expect(message.deliveries.map((delivery) => arrowText(message, delivery))).toEqual(["4.12 µs", "waits", "lost"]);
    expect(tell(message).deliveries[0]).toMatch(/callback after 4.12 µs, returned 1.00 µs later/);
    expect(tell(messages.at(2)).deliveries).toEqual(["nobody had subscribed: delivered to no one"]);
  });

  it("draws only the rows on the screen", () => {
    expect(layout.visibleRows(400, 26, 2600, 260)).toEqual([99, 111]);
    expect(layout.visibleRows(5, 26, 0, 260)).toEqual([0, 5]);
    expect(layout.visibleRows(0, 26, 0, 260)).toEqual([0, 0]);
  });
});
