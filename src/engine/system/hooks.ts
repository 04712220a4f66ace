/** What the system side of the CPU asks of the run loop. */
export interface SystemHooks {
  /** Bytes of a code page were written: called after the write. Whether it is a code page still. */
  codeWritten(physical: number, size: number): boolean;
  /** The mapping of linear addresses changed: forget which block a RIP leads to. */
  flushJumps(): void;
  /** CR3 was loaded: RIPs lead where they led under it, as far as its tables are as they were. */
  enterSpace(low: number, high: number): void;
  /** The translation of one page changed (INVLPG). Whether code was fetched through it. */
  invalidateJumps(low: number, high: number): boolean;
  /** Outside 64-bit mode: code is looked up in a code segment with this base and limit. */
  inSegment(base: number, limit: number): boolean;
  /** Ticks since power-on, exact for the present instruction. */
  clock(): number;
  /** The debug registers name other code breakpoints than before. */
  breakpointsChanged(): void;
}
