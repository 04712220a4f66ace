/** What the region compiler does, each with its off switch. What each gains stands in README.md beside this file. */
export interface RegionOptions {
  /** Samples that a block must have got before it is compiled; 0: every block, when it is first looked up. */
  readonly threshold: number;
  /** Ticks between two samples; while the samples find nothing but regions, up to `sampleSeldom`. */
  readonly sampleEvery: number;
  readonly sampleSeldom: number;
  /** When there are so many regions all are dropped, and what is still hot is made anew: their modules take memory. */
  readonly mostRegions: number;
  /** Guest instructions in one region at most. */
  readonly longest: number;
  /** Jumps inside the region stay inside the function; off: a region is one block. */
  readonly loops: boolean;
  /** Flags are computed where somebody reads them; off: each instruction stores those it sets. */
  readonly lazyFlags: boolean;
  /** From block to block go the operands that flags come from, not the flags, where no block ahead asks for these first. */
  readonly passSources: boolean;
  /** The ticks are looked at where loops begin, for a whole round; off: at each block. */
  readonly chargeLoops: boolean;
  /** Expressions are simplified (fused compare and branch, constants). */
  readonly simplify: boolean;
  /** A return compares with the return points that the region knows. */
  readonly returns: boolean;
  /** A jump through a table in memory compares with this many of the places that stand in the table; 0: with none. */
  readonly tableEntries: number;
  /** SSE on xmm registers in locals; off: left to the interpreter. */
  readonly vectors: boolean;
}

export const defaultRegionOptions: RegionOptions = {
  threshold: 2,
  sampleEvery: 16384,
  sampleSeldom: 262_144,
  mostRegions: 512,
  longest: 600,
  loops: true,
  lazyFlags: true,
  passSources: true,
  chargeLoops: true,
  simplify: true,
  returns: true,
  tableEntries: 16,
  vectors: true,
};
