/** A piece of decoded code (blocks.ts). */
import type { WasmOffset } from "./areas";
import type { GuestPhysical } from "./state";

/** The record of a direct jump within its page, and where in the page it leads. */
export interface Jump {
  readonly record: WasmOffset;
  readonly target: number;
}

export interface Block {
  readonly record: WasmOffset;
  /** Where its records end. */
  readonly end: WasmOffset;
  readonly instructions: number;
  /** Length in bytes. */
  readonly length: number;
  readonly physical: GuestPhysical;
  readonly mode: number;
  /** Physical address of the page that the last instruction crosses into. */
  readonly secondPage: GuestPhysical | undefined;
  /** Those that may be linked to other blocks. */
  readonly jumps: readonly Jump[];
  /** Entries of JUMPS that have led to it. */
  readonly entries: Set<number>;
  dropped: boolean;
}
