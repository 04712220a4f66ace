import { describe, expect, it } from "vitest";
import { enums } from "../../../../src/herald/layout";
import { Milestones } from "../../../../src/ui/panels/machine/milestones";
import { indexOf, records } from "../../derived/records";

describe("milestones of a recording", () => {
  it("are the boot's stages and refusals; they stay while an earlier instant is shown, and go with a future that is gone", () => {
    const call = enums.system_call.byName.publish;
    const { trace, index } = indexOf([
      [10, "boot_stage", 0, enums.boot_stage.byName.long_mode],
      [50, "syscall_enter", 8, 12, 0, call],
      [60, "syscall_exit", 8, -enums.error.byName.PERM, 0, call],
    ]);
    const milestones = new Milestones(index);
    const labels = (recorded: number, run = 1) => milestones.until(recorded, run).map(({ label }) => label);
    expect(labels(100)).toEqual(["long mode", expect.stringMatching(/^EPERM: .* on topic 12$/)]);
    // At tick 20 the trace ends there.
    trace.clear();
    trace.append(records([[10, "boot_stage", 0, enums.boot_stage.byName.long_mode]]));
    index.update();
    expect(labels(100).length).toBe(2);
    expect(labels(20)).toEqual(["long mode"]);
    expect(labels(100)).toEqual(["long mode"]);
    trace.clear();
    index.update();
    expect(labels(100, 2)).toEqual([]);
  });
});
