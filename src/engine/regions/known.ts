/** What is asked about decoded code when a region is gathered (gather.ts). */
import type { Block } from "../block";
import type { Plan, Planner } from "./plan";
import type { Segmentation } from "./segmentation";
import type { Work } from "./work";

export interface PlannedBlock {
  readonly plans: readonly Plan[];
  /** None of its instructions is left to the interpreter. */
  readonly whole: boolean;
}

/** What the graph asks about decoded code, in the present mode and address space. */
export interface KnownCode {
  /** No region is entered at this block. */
  isFree(block: Block): boolean;
  /** The block whose first instruction is at this RIP, if there is one. */
  blockAt(rip: bigint): Block | undefined;
  /** Bytes of guest memory as they are now, if they can be read. */
  read(linear: bigint, bytes: 4 | 8): bigint | undefined;
  planned(block: Block, rip: bigint, planner: Planner): Work<PlannedBlock>;
  readonly segmentation: Segmentation;
}
