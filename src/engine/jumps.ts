/**
 * The table of jumps (layout: state.ts), through which generated code finds the block at a RIP. An entry is valid while its tag is the
 * state's jumpTag: mode bits, and above them a number that changes whenever RIPs may lead elsewhere.
 */
import { type CpuState, JUMP_ENTRIES, JUMP_ENTRY_BYTES, JUMPS, layout, type WasmOffset } from "./state";

const MODE_BITS = 5;
const LAST_EPOCH = 2 ** (32 - MODE_BITS) - 1;
const WORDS = JUMP_ENTRY_BYTES / 4;
const TABLE = JUMPS / 4;

export class Jumps {
  private epoch = 1;

  constructor(private readonly state: CpuState) {}

  /** Brings jumpTag in line with the mode. Call before running. */
  retag(): void {
    const { u32 } = this.state;
    u32[layout.jumpTag.offset >>> 2] = u32[layout.mode.offset >>> 2] | (this.epoch << MODE_BITS);
  }

  /** Nothing in the table is valid any more. */
  flush(): void {
    if (this.epoch === LAST_EPOCH) {
      this.state.u32.fill(0, TABLE, TABLE + JUMP_ENTRIES * WORDS);
      this.epoch = 0;
    }
    this.epoch++;
    this.retag();
  }

  /** Call after `retag`, in the mode of the block. Returns the number of the entry. */
  enter(ripLow: number, ripHigh: number, block: WasmOffset): number {
    const { u32 } = this.state;
    const page = (ripLow >>> 12) | (ripHigh << 20);
    const number = (ripLow ^ page) & (JUMP_ENTRIES - 1);
    const entry = TABLE + number * WORDS;
    u32[entry] = ripLow;
    u32[entry + 1] = ripHigh;
    u32[entry + 2] = u32[layout.jumpTag.offset >>> 2];
    u32[entry + 3] = block;
    return number;
  }

  /** Empties an entry, if it still leads to this block. */
  remove(number: number, block: WasmOffset): void {
    const { u32 } = this.state;
    const entry = TABLE + number * WORDS;
    if (u32[entry + 3] === block) u32.fill(0, entry, entry + WORDS);
  }
}
