import { describe, expect, it } from "vitest";
import { stageRows } from "../../../../src/ui/panels/boot/stages";
import { indexOf, records, type Row } from "../../derived/records";

const boot: readonly Row[] = [
  [500, "boot_stage", 0, 0],
  [900, "boot_stage", 0, 1],
  [1500, "boot_stage", 0, 5],
  [2000, "boot_stage", 0, 9],
  [2000, "schedule", 3, 0, 1, 4],
  [2600, "console_line", 3, 20, 0],
  [2700, "console_line", 3, 20, 1],
  [3000, "schedule", 4, 3, 1, 1],
];
const name = ({ pid }: { pid: number }) => `p${pid}`;

describe("the boot", () => {
  it("is a row for each stage and for the first times of each process, with what it took and the CPU's mode", () => {
    const rows = stageRows(indexOf(boot).index.journey.marks, name);
    expect(rows.map((row) => [row.name, row.at, row.took, row.mode])).toEqual([
      ["first sector", 500, 500, "real mode"],
      ["second stage", 900, 400, undefined],
      ["protected mode", 1500, 600, "protected mode"],
      ["scheduler", 2000, 500, undefined],
      ["p3", 2000, 0, undefined],
      ["p3", 2600, 600, undefined],
      ["p4", 3000, 400, undefined],
    ]);
    expect(rows[5].text).toBe("writes its first line");
  });

  it("stays when its records are dropped, and goes with the run", () => {
    const many = Array.from({ length: 60 }, (_, at): Row => [4000 + at, "irq", 3, 0, 8]);
    const { trace, index } = indexOf([...boot, ...many.slice(0, 20)], 32);
    trace.append(records(many.slice(20)));
    expect(trace.first).toBeGreaterThan(0);
    expect(index.update().journey.marks).toHaveLength(7);
    trace.clear();
    expect(index.update().journey.marks).toHaveLength(0);
  });
});
