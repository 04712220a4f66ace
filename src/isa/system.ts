/**
 * System helpers: what cannot be said as an expression. A definition names one in a `system` effect (it acts after everything
 * else) or a `system` expression (it yields a value); engine/system/ implements each by this name. Arguments are 64-bit patterns.
 */
export const systemHelpers = {
  /** (port, bytes) -> value; checks IOPL and the I/O permission bitmap. */
  portIn: "IN, INS",
  /** (port, bytes, value) */
  portOut: "OUT, OUTS",
  /** (new flags, operand size) POPF: which bits may change depends on CPL and IOPL. */
  setFlags: "POPF",
  /** () -> RFLAGS as PUSHF stores it (RF and VM clear). */
  getFlags: "PUSHF",
  halt: "HLT",
  setInterrupts: "STI",
  clearInterrupts: "CLI",
  /** (vector) INT n, INT3, INTO, INT1: software interrupt, delivered with the return address after the instruction. */
  interrupt: "INT, INT3, INTO, INT1",
  /** (operand size) */
  interruptReturn: "IRET, IRETD, IRETQ",
  /** (selector, offset, operand size) far jump and far call, direct or through memory. */
  farJump: "JMP ptr16:16/32, JMP m16:16/32/64",
  farCall: "CALL ptr16:16/32, CALL m16:16/32/64",
  /** (bytes to release, operand size) */
  farReturn: "RETF",
  /** (segment register number, selector) MOV Sreg, POP Sreg, LDS LES LSS LFS LGS. */
  loadSegment: "MOV Sreg, POP Sreg, LxS",
  /** (number, value) and (number) -> value. */
  writeControl: "MOV CRn, LMSW, CLTS",
  readControl: "MOV r, CRn; SMSW",
  writeDebug: "MOV DRn",
  readDebug: "MOV r, DRn",
  /** (0 = GDT, 1 = IDT; limit, base) */
  loadTable: "LGDT, LIDT",
  /** (selector) */
  loadLocalTable: "LLDT",
  loadTask: "LTR",
  /** () reads ECX, EDX:EAX. */
  readMsr: "RDMSR",
  writeMsr: "WRMSR",
  cpuid: "CPUID",
  /** () -> time stamp; faults by CR4.TSD. */
  timestamp: "RDTSC, RDTSCP",
  systemCall: "SYSCALL",
  /** (operand size) */
  systemReturn: "SYSRET",
  sysenter: "SYSENTER",
  sysexit: "SYSEXIT",
  swapGs: "SWAPGS",
  /** (linear address) */
  invalidatePage: "INVLPG",
  invalidateCaches: "INVD, WBINVD",
  /** (selector) -> rights / limit, with ZF written by the helper. */
  loadAccessRights: "LAR",
  loadSegmentLimit: "LSL",
  verifyRead: "VERR",
  verifyWrite: "VERW",
  /** (allocation bytes, nesting level, operand size) */
  enter: "ENTER",
} as const;

export type SystemHelper = keyof typeof systemHelpers;
