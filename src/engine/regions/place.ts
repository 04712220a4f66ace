/** Where an instruction of a region stands. */
import type { WasmOffset } from "../areas";

export interface Place {
  readonly rip: bigint;
  /** Its first record in the block it was decoded in. */
  readonly record: WasmOffset;
  /** How many records it has: an address micro-record may be in front. */
  readonly records: number;
  /** That record is the block's first. */
  readonly head: boolean;
}
