/** What the CPU sees of the PC around it. The board decides; the CPU only asks, at exact ticks. */
export interface Board {
  /** Ports: size in bytes 1, 2, 4; values unsigned. */
  portRead(port: number, size: 1 | 2 | 4): number;
  portWrite(port: number, size: 1 | 2 | 4, value: number): void;
  /** Level of the INTR line. */
  interruptPending(): boolean;
  /** INTA cycle: the vector to deliver. Called only when interruptPending() and interrupts are enabled. */
  acknowledgeInterrupt(): number;
  /** An NMI waits; never, where the board has no source of them. */
  nmiPending?(): boolean;
  /** The processor takes it. */
  acknowledgeNmi?(): void;
  /**
   * True once after a port access that changed the INTR line, the next event time, A20, power or reset: the CPU then leaves its
   * block after the present instruction. (Determinism: this happens at an instruction boundary, the same on every tier.)
   */
  takeAttention(): boolean;
  /** Memory that is not plain RAM, by physical address: memory-mapped devices and holes. size 1, 2, 4, 8. */
  physicalRead(address: number, size: number): bigint;
  physicalWrite(address: number, size: number, value: bigint): void;
  /**
   * What lies at a physical page: "ram" may be read and written directly in the Wasm memory at RAM + address (VGA memory too), "rom" only read,
   * "device" goes through physicalRead/Write.
   */
  pageKind(address: number): "ram" | "rom" | "device";
  /** Whole pages, from and up to these addresses, that are "ram" all the time. */
  readonly mainMemory?: { readonly from: number; readonly to: number };
  /**
   * Whether a write at this physical address may move the INTR line or the next event: the CPU then looks at takeAttention after the
   * instruction that makes it.
   */
  isWatched?(address: number): boolean;
  /** Where x87 errors go while CR0.NE is 0; absent: they are ignored. */
  readonly numericErrors?: NumericErrors;
  /** The local APIC, where there is one. */
  readonly apic?: ApicPort;
  /** Mask applied to physical addresses: all ones, or bit 20 clear while A20 is off. */
  addressMask(): number;
}

/** The wires by which a PC learns of x87 errors (SDM 1, appendix D). */
export interface NumericErrors {
  /** IGNNE#. */
  readonly ignored: boolean;
  /** Asserts FERR#. */
  raise(): void;
  /** Nothing is pending any more: FERR# goes. */
  clear(): void;
}

/** What the CPU itself reaches of its local APIC. */
export interface ApicPort {
  /** Bits 7..4 of the task priority: CR8. */
  priority: number;
  /** IA32_APIC_BASE was written. */
  relocate(base: number, enabled: boolean): void;
}

/** Why Cpu.run returned. */
export type StopReason =
  | { kind: "ticks" }
  /** HLT with nothing pending; `forever`: interrupts are off, only NMI or reset could wake it. */
  | { kind: "halted"; forever: boolean }
  /** The board asked (attention): power, reset, event schedule. */
  | { kind: "attention" }
  /** A breakpoint at RIP was reached, before its instruction. */
  | { kind: "breakpoint" }
  /** Three faults in a row (SDM 3, 6.15 #DF): the report says how it came to that. */
  | { kind: "tripleFault"; report: string }
  | { kind: "unimplemented"; report: string };

/** The CPU as the PC, replay, CLI and worker see it. Engine's cpu.ts implements it. */
export interface Cpu {
  readonly memory: WebAssembly.Memory;
  /** Guest physical memory from address 0. */
  readonly ram: Uint8Array;
  /** Ticks since power-on: instructions retired plus ticks skipped in HLT. Exact even inside a port access (the count before that instruction). */
  readonly clock: number;
  /** Of these, ticks skipped in HLT. */
  readonly idleTicks: number;
  /** Run until `clock` is exactly `until`, or something stops it earlier. Delivers interrupts itself. */
  run(until: number): StopReason;
  /** Advance the clock without running (HLT); only while halted. */
  skip(toClock: number): void;
  readonly halted: boolean;
  /** Power-on or INIT state (SDM 3, table 9-1): CS:RIP at F000:FFF0. Memory is not touched. */
  reset(): void;
  /** Execution stops before an instruction at one of these linear addresses. */
  setBreakpoints(addresses: readonly bigint[]): void;
  /** Walks the tables as the CPU would, changing nothing (no A/D bits, no lookaside). Physical address or undefined. */
  translate(linear: bigint, access: "read" | "write" | "execute", user: boolean): number | undefined;
  /** Call after writing guest memory from outside (disk DMA, loaders): drops decoded code of these pages. */
  memoryChanged(physical: number, length: number): void;
  /** Registers, flags, segments, control registers, mode: for panels and reports. */
  snapshot(): CpuSnapshot;
  /** Forget all decoded code and lookaside entries (after restoring a snapshot). */
  flushCaches(): void;
}

export interface CpuSnapshot {
  readonly registers: readonly bigint[];
  readonly rip: bigint;
  readonly rflags: bigint;
  readonly cpl: number;
  readonly halted: boolean;
  /** "real" | "virtual-8086" | "protected 16" | "protected 32" | "compatibility" | "64-bit" */
  readonly mode: string;
  /** ES CS SS DS FS GS LDTR TR */
  readonly segments: readonly { selector: number; base: bigint; limit: number; access: number }[];
  readonly cr0: bigint;
  readonly cr2: bigint;
  readonly cr3: bigint;
  readonly cr4: bigint;
  readonly efer: bigint;
  readonly gdt: { base: bigint; limit: number };
  readonly idt: { base: bigint; limit: number };
}
