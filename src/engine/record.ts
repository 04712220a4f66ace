/**
 * A decoded instruction in Wasm memory: what a handler needs to run it. Blocks are consecutive records: one per instruction
 * (preceded by an address micro-record where the operand's address cannot be used as it is), and an end.
 *
 * Handlers have the type (record: i32) -> i32 and end in a tail call to the next record's handler; they return only to leave
 * the run, with one of EXIT. All handlers sit in one table. Who jumps to a block charges it first: `remaining -= charge`;
 * whoever leaves a block early gives back what has not retired (`left`).
 */
export const RECORD_BYTES = 48;

/** Byte offsets of the fields of a record. */
export const record = {
  /** u32: index of the handler in the table. */
  handler: 0,
  /** u16: where this instruction starts and where the next one starts, relative to the RIP of the block. */
  start: 4,
  next: 6,
  /** u16: instructions of this block after this one. */
  left: 8,
  /** u8: segment register number of the memory operand (SS faults are #SS, others #GP). */
  segment: 10,
  /** u8: left shift of the index register, 0..3. */
  scale: 11,
  /** u16: Wasm offsets (CPU state) of up to two register operands; AH is RAX + 1. Control and debug registers: their number. */
  register1: 12,
  register2: 14,
  /** u16: Wasm offsets of base, index and segment base; layout.zero when absent; layout.rip when RIP-relative (displacement adjusted). */
  base: 16,
  index: 18,
  segmentBase: 20,
  /** u16: number of the form in the decoder's list, for reports and system helpers. */
  form: 22,
  /** i64 displacement; i64 immediate (or relative displacement; with two immediates, the second in the upper half; x87: FPU_OPCODE). */
  displacement: 24,
  immediate: 32,
  /** u16: in the first record of a block, the instructions of the block. */
  charge: 40,
  /** u16: DETAIL bits. */
  detail: 42,
  /** u32: first record of the block that this jump leads to, once known; only for targets in the same page (blocks.ts). */
  link: 44,
} as const;

/** The low half of record.immediate of x87 instructions. */
export const FPU_OPCODE = {
  /** As the unit keeps it: the low bits of the first byte and the second one (SDM 1, 8.1.9). */
  bits: 0x7ff,
  memory: 0x800,
  /** Where the address has so many. */
  bits16: 0x1000,
  bits32: 0x2000,
} as const;

/** Bits of record.detail. */
export const DETAIL = {
  /** Address micro-records: size of the access in bytes, and whether it writes. */
  size: 0xff,
  write: 0x100,
  /** Jumps: the target lies in the same page as the block. */
  linkable: 0x200,
} as const;

/** Why a run returned. `state.exitRecord` is the record concerned, `remaining` still has the whole block charged. */
export const EXIT = {
  /** `remaining` does not cover the next block: RIP is at its head and nothing of it is charged. */
  budget: 1,
  /** No decoded block for RIP in this mode: RIP is final, nothing charged beyond what has retired. */
  lookup: 2,
  /** The instruction at exitRecord faulted (faultVector etc.): it did not retire, RIP is still the block's. */
  fault: 3,
  /** The instruction at exitRecord retired and set RIP itself; leave the block (mode, mapping, interrupt state or code may have changed). */
  leave: 4,
  /** The instruction at exitRecord retired; RIP is still the block's and must be set to the next instruction; leave. */
  leaveNext: 5,
  /** The record at exitRecord was not run because the code under it changed: continue there. */
  stale: 6,
  /** A REP instruction at exitRecord is not finished; its iterations so far are charged and retired. RIP goes to it again. */
  repeat: 7,
  /** An instruction the decoder knows of but the engine does not run: report. */
  unimplemented: 8,
  /** As budget, but what ran last was a region (regions/), in a run that ends for a sample. */
  regionBudget: 9,
  /** From a helper to its handler: as leave and leaveNext, but the run loop has nothing to look at; the handler goes on at the next RIP (64-bit mode only). */
  goOn: 10,
  goOnNext: 11,
  /** To a region that gave the interpreter one instruction: it goes on behind it (regions/aside.ts). */
  resume: 12,
} as const;
