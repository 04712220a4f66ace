/**
 * What the system side of the CPU offers to the run loop and to generated handlers.
 *
 * A guest fault is a value: whoever finds one calls `raise`, which fills faultVector, faultCode, faultHasCode and
 * exitRecord of the state, and returns EXIT.fault up the line. Nothing architectural has changed by then.
 */
import type { SystemHelper } from "../../isa/system";
import type { DebugRegisters } from "./debug";
import type { OpenStretches } from "./open";
import type { Walk } from "./paging";
import type { ShortDelivery } from "./short";

/** What may be left out of this processor. */
export interface SystemOptions {
  /** Five-level paging, CPUID's LA57. Default: it is there. */
  readonly levels5?: boolean;
}

/** Access kinds of `translate`. */
export type AccessKind = "read" | "write" | "execute";

export interface TripleFault {
  readonly tripleFault: string;
}

export interface System {
  /**
   * One function per name in isa/system.ts. Arguments in state.argument, value to state.value. Returns 0 (go on), EXIT.fault,
   * EXIT.leave (retired, RIP set), EXIT.leaveNext (retired, RIP still to be advanced by the caller).
   */
  readonly helpers: Record<SystemHelper, (record: number) => number>;

  /**
   * Read of `sizeAndIntent & 0xff` bytes at state.accessAddress, for which the lookaside had no answer. Bit 0x100: for
   * read-modify-write, permission to write is checked too. Returns the Wasm offset the bytes can be read from (RAM or SCRATCH),
   * or 0 when a fault was raised.
   */
  readSlow(record: number, sizeAndIntent: number): number;
  /** Write of the low `size` bytes (1, 2, 4, 8, 16) of state.accessValue at state.accessAddress. 0, or EXIT.fault. */
  writeSlow(record: number, size: number): number;
  /**
   * Legacy-mode check of an access whose segment is not plain or whose limit was exceeded: limit, expand-down, null, readable,
   * writable (`write`: 0 or 1). `record` names the instruction. 0, or EXIT.fault.
   */
  checkSegment(segment: number, offset: number, size: number, write: number, record: number): number;

  /** An instruction of x87 or MMX finds an exception pending. 0: it goes on; or EXIT.fault. */
  numericError(record: number): number;

  /** What was noted is no fault: the instruction was not executed and wants to be, alone. */
  wantsAlone(): boolean;
  /** Whether what runs is one instruction. */
  alone: boolean;

  /** Notes a fault of the instruction at `record`. Returns EXIT.fault. */
  raise(record: number, vector: number, code?: number): number;
  /** Delivers the noted fault; RIP must be that of the faulting instruction. */
  deliverFault(): undefined | TripleFault;
  /** Delivers an external interrupt between two instructions. RIP is the one to come back to. Ends HLT. */
  deliverInterrupt(vector: number): undefined | TripleFault;
  /** The same for an NMI; the next is held until IRET. */
  deliverNmi(): undefined | TripleFault;
  /** Delivers #DB with these bits in DR6: a trap after the instruction (single step, data, port), or a code breakpoint before it. */
  deliverDebug(bits: number): undefined | TripleFault;
  readonly debug: DebugRegisters;

  /** Physical address of an instruction byte; -1 when a fault was raised (record 0). Sets accessed bits. */
  fetch(low: number, high: number, user: boolean): number;
  /** The last walk. */
  readonly walk: Walk;
  /** Walks without any effect, for the debugger. */
  translate(linear: bigint, access: AccessKind, user: boolean): number | undefined;

  /** Recomputes state.mode, the lookaside pointers and what else derives from CS, SS, CR0, EFER, CPL. */
  updateMode(): void;
  /** Drops every lookaside entry, and the jump cache. */
  flushLookaside(): void;
  invalidatePage(linear: bigint): void;
  /** A physical page became a code page: later writes must come through writeSlow. Call when the first block is decoded from it. */
  protectPage(physicalPage: number): void;
  /** Memory that needs no translation and no lookaside, as things are. */
  openMemory(): OpenStretches | undefined;
  /** All caches that derive from architectural state, after that state was replaced (snapshot). */
  rebuild(): void;

  /** Lends the short way of delivering events (short/). */
  useDelivery(deliver: ShortDelivery): void;

  /** Power-on state (SDM 3, table 10-1). Memory is not touched. */
  reset(): void;
  rflags(): number;
  setRflags(value: number): void;
  /** True once after a port access for which the board raised its attention: the run loop looks at board and clock again. */
  takeAttention(): boolean;
}
