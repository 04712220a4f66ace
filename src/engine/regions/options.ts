/**
 * What the region compiler does, each with its off switch. "Gains": CPU time of workloads of tests/bench with it off, over that with it on; where
 * none is named it makes no difference beyond a few per cent. Random programs are run with each of them off (tests/engine/regions).
 */
export interface RegionOptions {
  /** Samples that a block must have got before it is compiled, 0: every block, when it is first looked up; and where many blocks are warm. */
  readonly threshold: number;
  readonly thresholdLater: number;
  /** Ticks between two samples; while the samples find nothing but regions, up to `sampleSeldom`. Gains: dispatch 1.4, sieve 1.1. */
  readonly sampleEvery: number;
  readonly sampleSeldom: number;
  /** Instructions planned or written at each sample, so that the machine never stands still for long; 0: a region is made at once. */
  readonly work: number;
  /** Functions in one module at most, where several are made one after the other. */
  readonly together: number;
  /** When there are so many regions the oldest quarter is dropped, and what of them is still hot is made anew: modules take memory. */
  readonly mostRegions: number;
  /** Guest instructions in one region at most. */
  readonly longest: number;
  /** Other pages are looked into while it has fewer. */
  readonly longestFar: number;
  /** Pages that a region may span: calls and jumps between them look whether the mapping is as it was. Gains: Herald's `bench` 1.15. */
  readonly pages: number;
  /** Jumps inside the region stay inside the function; off: a region is one block. Gains: recursion 6.5, dispatch 5.8, quicksort 2.0. */
  readonly loops: boolean;
  /** Loops that are entered at several places stay inside too. Gains: quicksort 1.4, its 32-bit twin 2.0. */
  readonly hubs: boolean;
  /** Flags are computed where somebody reads them; off: each instruction stores those it sets. Gains: sieve 1.3, matrix 1.2, recursion 1.2. */
  readonly lazyFlags: boolean;
  /** From block to block go the operands that flags come from, not the flags, where no block ahead asks for these first. Gains: matrix 1.3, sieve 1.2, sha256 1.1. */
  readonly passSources: boolean;
  /** The ticks are looked at where loops begin, for a whole round; off: at each block. Gains: floating 1.07, quicksort 1.03. */
  readonly chargeLoops: boolean;
  /** Expressions are simplified (fused compare and branch, constants). Gains: sieve 8.7, recursion 8.3, matrix 4.8, sha256 3.6. */
  readonly simplify: boolean;
  /** Lanes that vector expressions only move about are taken from where they come from. Gains: loops of shuffles 1.4. */
  readonly simplifyVectors: boolean;
  /** A return compares with the return points that the region knows. Gains: recursion 4.3, dispatch 1.9. */
  readonly returns: boolean;
  /** Ways out of regions lead straight into the function of another one, where they led to it before; 64-bit mode only. Gains: Linux's `dd` of single bytes 1.03. */
  readonly links: boolean;
  /** A jump through a table in memory compares with this many of the places that stand in the table; 0: with none. Gains: dispatch 3.2. */
  readonly tableEntries: number;
  /** INVLPG, and page walks in regions that hold one; needs the short ways (system/short). Gains: remap 2.2, in the long run 3. */
  readonly pageDrops: boolean;
  /** While paging is off addresses are compared with the ends of memory in place of a lookup. Gains, in 32-bit twins: dispatch 1.8, matrix 1.6, recursion 1.5, sha256 1.4, quicksort 1.25. */
  readonly openMemory: boolean;
  /** Kernel code over several pages, or with asides, walks where the lookaside misses; needs the short ways. Gains: Linux's `dd` of single bytes 1.1. */
  readonly walks: boolean;
  /** A region can be entered where calls that leave it return to, where interrupts and system calls do, and where samples ask for it. Gains: Herald's `bench` 2.2 together with the next, once they are made. */
  readonly doors: boolean;
  /** The interpreter runs single instructions in the middle of a region; off: they end it. Gains: see `doors`; loops of MMX 1.1. */
  readonly asides: boolean;
  /** SSE on xmm registers in locals; off: left to the interpreter. Gains: floating 1.9. */
  readonly vectors: boolean;
  /** x87 by calls of the short ways (system/short/x87), which it needs; off: asides. Gains: loops of x87 1.8. */
  readonly x87: boolean;
  /** SSE instructions leave out what those before them in the block have checked; off: each checks its operands and MXCSR. Gains: floating 1.2. */
  readonly knownFloats: boolean;
}

export const defaultRegionOptions: RegionOptions = {
  threshold: 6,
  thresholdLater: 64,
  sampleEvery: 16384,
  sampleSeldom: 262_144,
  work: 16,
  together: 8,
  mostRegions: 512,
  longest: 600,
  longestFar: 300,
  pages: 8,
  loops: true,
  hubs: true,
  lazyFlags: true,
  passSources: true,
  chargeLoops: true,
  simplify: true,
  simplifyVectors: true,
  returns: true,
  links: true,
  tableEntries: 16,
  pageDrops: true,
  openMemory: true,
  walks: true,
  doors: true,
  asides: true,
  vectors: true,
  x87: true,
  knownFloats: true,
};
