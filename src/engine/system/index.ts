/** The system side of the CPU: paging, segments, privilege, exceptions and interrupts, control registers. */
import type { Board } from "../board";
import type { CpuState } from "../state";
import type { System, SystemHooks } from "./contract";

export type { AccessKind, System, SystemHooks, TripleFault } from "./contract";

export function createSystem(_state: CpuState, _board: Board, _hooks: SystemHooks): System {
  throw new Error("the system side is being built");
}
