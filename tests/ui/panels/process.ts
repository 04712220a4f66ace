/** A process as the page gets it, for tests: what matters is stated. */
import type { ProcessView } from "../../../src/worker/protocol";

export const process = (part: Partial<ProcessView>): ProcessView => ({
  pid: 1,
  generation: 1,
  name: "sensor",
  arguments: "",
  kind: "native",
  state: "ready",
  system: false,
  cpuTicks: 0,
  switches: 0,
  readyTicks: 0,
  blockedTicks: 0,
  systemCalls: 0,
  queued: 0,
  cr3: 0n,
  rip: 0n,
  rsp: 0n,
  ...part,
});
