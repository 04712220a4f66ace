/**
 * The layout of the CPU state in Wasm memory, described once. Typed views, the offsets in generated code, snapshots
 * and the debugger derive from it. 64-bit values are read here as bigint, or as unsigned 32-bit halves on hot paths.
 */
import { STATE, type WasmOffset } from "./areas";

/** A guest physical address (fits in 2^53). */
export type GuestPhysical = number;

type FieldType = "u32" | "u64";
interface Field {
  readonly offset: WasmOffset;
  readonly type: FieldType;
  readonly count: number;
  /** Of one of `count`. */
  readonly bytes: number;
  /** Part of the guest-visible state: hashed and kept in snapshots. The others are caches. */
  readonly architectural: boolean;
}

let cursor = STATE.at;
function field(type: FieldType, count = 1, architectural = true): Field {
  const bytes = type === "u64" ? 8 : 4;
  cursor = (cursor + bytes - 1) & -bytes;
  const entry = { offset: cursor, type, count, bytes, architectural };
  cursor += bytes * count;
  return entry;
}
const cache = (type: FieldType, count = 1) => field(type, count, false);

/** All fields. Arrays are contiguous. */
export const layout = {
  /** Always 0: stands in for a base or index register or a segment base that is absent. Never written. */
  zero: cache("u64"),
  /** General registers in encoding order; R15 last. */
  registers: field("u64", 16),
  /** RIP (in the legacy modes: EIP). While a block runs: the RIP of the block's first instruction. */
  rip: field("u64"),
  /**
   * The status flags, split so that the usual instruction stores without combining:
   * CF, OF, AF hold 0 or 1; ZF is set when zeroSource is 0; SF is bit 63 of signSource; PF is the even parity of the low byte of
   * signSource. RFLAGS is put together on demand (flags.ts).
   */
  cf: field("u32"),
  of: field("u32"),
  af: field("u32"),
  zeroSource: field("u64"),
  signSource: field("u64"),
  /** The rest of RFLAGS at its own bit positions (TF IF DF IOPL NT RF VM AC VIF VIP ID, bit 1 always set); status bits 0. */
  systemFlags: field("u32"),

  /** Segment registers ES CS SS DS FS GS, then LDTR (6) and TR (7): hidden parts included. */
  selector: field("u32", 8),
  /** In 64-bit mode only FS and GS bases are used; the others must then be 0 here for ES, CS, SS, DS. */
  segmentBase: field("u64", 8),
  /** Effective limit in bytes, granularity applied. */
  segmentLimit: field("u32", 8),
  /** Access rights, bits 8..23 of the descriptor's high half in place (SDM 3, 3.4.5); bit 16 (unusable) set for a null selector. */
  segmentAccess: field("u32", 8),
  /** 1 when the segment is usable, expand-up, readable and writable: then only its limit needs checking. Kept by system/segments.ts. */
  segmentPlain: cache("u32", 8),
  /** Bit n: segment n is plain, and all of 4 GiB from 0; bit n + 8: it is plain. Kept by system/segments.ts, read at the head of regions. */
  segmentKinds: cache("u32"),
  /** Bases of ES, CS, SS, DS as last loaded: they count again when 64-bit mode is left (SDM 3, 3.4.4). Kept by system/segments.ts. */
  descriptorBase: field("u64", 4),
  gdtBase: field("u64"),
  gdtLimit: field("u32"),
  idtBase: field("u64"),
  idtLimit: field("u32"),
  /** Current privilege level, 0..3. */
  cpl: field("u32"),

  /** Control and debug registers (SDM 3, 2.5 and 18.2), then model-specific ones by the names of SDM 4. */
  cr0: field("u64"),
  cr2: field("u64"),
  cr3: field("u64"),
  cr4: field("u64"),
  cr8: field("u64"),
  dr: field("u64", 8),
  efer: field("u64"),
  star: field("u64"),
  lstar: field("u64"),
  cstar: field("u64"),
  sfmask: field("u64"),
  kernelGsBase: field("u64"),
  tscOffset: field("u64"),
  tscAux: field("u64"),
  sysenterCs: field("u64"),
  sysenterEsp: field("u64"),
  sysenterEip: field("u64"),
  pat: field("u64"),
  apicBase: field("u64"),
  miscEnable: field("u64"),
  /** The memory type range registers, in the order of system/msr.ts: kept for who reads them back, of no effect. */
  mtrrs: field("u64", 32),
  /** XMM0..XMM15, low half first. */
  xmm: field("u64", 32),
  mxcsr: field("u32"),
  /**
   * The x87 data registers R0..R7 (not by stack position), 16 bytes each: significand, then sign and exponent in the low 16 bits. MM0..MM7 are
   * the significands.
   */
  fpr: field("u64", 16),
  fpuControl: field("u32"),
  /** Status word, TOP in bits 11..13. */
  fpuStatus: field("u32"),
  /** Bit n: Rn is not empty (the abridged tag word of FXSAVE). */
  fpuFull: field("u32"),
  /** The last instruction that was not a control instruction, and its memory operand: opcode, RIP, address, selectors. */
  fpuOpcode: field("u32"),
  fpuCs: field("u32"),
  fpuDs: field("u32"),
  fpuIp: field("u64"),
  fpuDp: field("u64"),
  /** HLT was executed and no interrupt has come yet. */
  halted: field("u32"),
  /** STI, MOV SS, POP SS: interrupts (and for SS also debug traps) are held for one instruction. 1 = STI, 2 = SS. */
  shadow: field("u32"),
  /** An NMI is being served: the next waits for IRET (SDM 3, 6.7.1). */
  nmiBlocked: field("u32"),
  /** Bits for DR6 of breakpoints that were met and whose trap is still to come. */
  debugPending: field("u32"),

  /** Mode bits that select decoded code (blocks.ts): changes with CS, SS, CR0, EFER, CPL. */
  mode: cache("u32"),
  /** What entries of JUMPS must carry to be valid: mode, and above it a number that changes with the mapping (jumps.ts). */
  jumpTag: cache("u32"),
  /** The present address space among SPACES, and the base and limit of CS that its number stands for outside 64-bit mode (jumps.ts). */
  space: cache("u32"),
  jumpBase: cache("u32"),
  jumpLimit: cache("u32"),
  /** Ticks left before the run must return, signed. Charged for a whole block by the jump to it (record.ts: charge). */
  remaining: cache("u32"),
  /** The run ends for a sample of what is hot, so that a region in which the ticks run out may return at once (regions/). */
  sampling: cache("u32"),
  /** Wasm offsets of the read and the write lookaside table for the current privilege. */
  lookasideRead: cache("u32"),
  lookasideWrite: cache("u32"),
  /** Linear address of the access the slow path is asked about, and the value it is to write. */
  accessAddress: cache("u64"),
  accessValue: cache("u64", 2),
  /** Linear address computed by an address micro-record (legacy modes). */
  effective: cache("u64"),
  /** Arguments and value of a system helper. */
  argument: cache("u64", 6),
  value: cache("u64", 2),
  /** The record at which the run stopped, and what a fault is: vector, error code, whether it has one. */
  exitRecord: cache("u32"),
  faultVector: cache("u32"),
  faultCode: cache("u32"),
  faultHasCode: cache("u32"),

  /** INTR was raised when the run began: while code runs it does not change (board.ts, takeAttention). */
  interruptWaiting: cache("u32"),
  /** What remained when STI set `shadow` and the run went on; NO_STI: it did not. The shadow is gone unless the run ends just there. */
  stiAt: cache("u32"),
  /** How many places the journal of the lookaside holds, the marks that entries may carry, and the regions of large ones (system/lookaside.ts). */
  journalled: cache("u32"),
  lookasideMarks: cache("u32"),
  largeRegions: cache("u64"),
  /** 1 while a page walk has nothing to look at but the tables: A20 is on, and no data breakpoint is set. */
  plainPaging: cache("u32"),
  /** Number of the stretches of memory that regions may reach without the lookaside while paging is off; 0: none (system/open.ts). */
  openMemory: cache("u32"),
} satisfies Record<string, Field>;

export type FieldName = keyof typeof layout;

/** In `stiAt`: no run has so much left. */
export const NO_STI = 0x7fff_ffff;

if (cursor > STATE.end) throw new Error("the CPU state outgrew its place");

/** Numbers of RFLAGS' bits (SDM 1, 3.4.3). */
export const RFLAGS_BIT = { cf: 0, pf: 2, af: 4, zf: 6, sf: 7, tf: 8, if: 9, df: 10, of: 11 } as const;

/** Mode bits: what decoded code depends on besides its bytes. */
export const MODE = {
  /** 64-bit mode: EFER.LMA and CS.L. */
  long: 1,
  /** CS.D: default operand and address size 32. */
  code32: 2,
  /** SS.B: 32-bit stack pointer (ignored in 64-bit mode). */
  stack32: 4,
  /** CPL 3: user pages, privileged instructions fault. */
  user: 8,
  /** Protected mode (CR0.PE) and not virtual-8086. */
  protected: 16,
  /** Alignment is checked: CR0.AM, RFLAGS.AC and CPL 3. */
  aligned: 32,
} as const;
/** How many mode bits there are. */
export const MODE_BITS = 6;

/** Typed access to the state of one CPU by field name. */
export class CpuState {
  private readonly view: DataView;
  readonly u32: Uint32Array;
  readonly u64: BigUint64Array;

  constructor(readonly memory: WebAssembly.Memory) {
    this.view = new DataView(memory.buffer);
    this.u32 = new Uint32Array(memory.buffer);
    this.u64 = new BigUint64Array(memory.buffer);
  }

  /** A u32 field, or the low half of a u64 one. */
  get32(name: FieldName, index = 0): number {
    const { offset, bytes } = layout[name];
    return this.u32[(offset + index * bytes) >>> 2];
  }

  set32(name: FieldName, value: number, index = 0): void {
    const { offset, bytes } = layout[name];
    const at = (offset + index * bytes) >>> 2;
    this.u32[at] = value;
    if (bytes === 8) this.u32[at + 1] = 0;
  }

  get64(name: FieldName, index = 0): bigint {
    return this.u64[(layout[name].offset >>> 3) + index];
  }

  set64(name: FieldName, value: bigint, index = 0): void {
    this.u64[(layout[name].offset >>> 3) + index] = value;
  }

  /** A field of either type, as 64 bits. */
  get(name: FieldName, index = 0): bigint {
    return layout[name].type === "u64" ? this.get64(name, index) : BigInt(this.get32(name, index));
  }

  set(name: FieldName, value: bigint, index = 0): void {
    if (layout[name].type === "u64") this.set64(name, value, index);
    else this.set32(name, Number(value), index);
  }

  get bytes(): DataView {
    return this.view;
  }
}
