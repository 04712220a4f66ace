/**
 * System helpers: what cannot be said as an expression. A definition names one in a `system` effect (it acts after everything
 * else) or a `system` expression (it yields a value); engine/system/ implements each by this name. Arguments are 64-bit patterns
 * in the order given here; `->` marks those that yield a value and change nothing but what they say.
 */
export const systemHelpers = {
  /** (port, bytes) -> value; checks IOPL and the I/O permission bitmap. */
  portIn: "IN, INS",
  /** (port, bytes, value) */
  portOut: "OUT, OUTS",
  /** (port, bytes): faults unless the I/O permission bitmap allows it. */
  checkPort: "INS, OUTS",
  /** (new flags, operand size) POPF: which bits may change depends on CPL and IOPL. */
  setFlags: "POPF",
  /** () -> RFLAGS as PUSHF stores it (RF and VM clear). */
  getFlags: "PUSHF",
  halt: "HLT",
  /** (a byte of the line) */
  flushLine: "CLFLUSH",
  setInterrupts: "STI",
  clearInterrupts: "CLI",
  /** (vector, 1 for INT n) software interrupt, delivered with the return address after the instruction. */
  interrupt: "INT, INT3, INTO, INT1",
  /** (operand size) */
  interruptReturn: "IRET, IRETD, IRETQ",
  /** (selector, offset, operand size) far jump and far call, direct or through memory. */
  farJump: "JMP ptr16:16/32, JMP m16:16/32/64",
  farCall: "CALL ptr16:16/32, CALL m16:16/32/64",
  /** (bytes to release, operand size) */
  farReturn: "RETF",
  /** (segment register number, selector) Loads of SS by MOV and POP hold interrupts and debug traps for one instruction; LSS does not. */
  loadSegment: "MOV Sreg, POP Sreg",
  loadPointerSegment: "LDS, LES, LSS, LFS, LGS",
  /** (number, value) and (number) -> value. LMSW and CLTS pass the whole new CR0. */
  writeControl: "MOV CRn, LMSW, CLTS",
  readControl: "MOV r, CRn; SMSW",
  writeDebug: "MOV DRn",
  readDebug: "MOV r, DRn",
  /** (0 = GDT, 1 = IDT; limit, base) */
  loadTable: "LGDT, LIDT",
  /** (0 = GDT, 1 = IDT) -> limit, base. */
  tableLimit: "SGDT, SIDT",
  tableBase: "SGDT, SIDT",
  /** (selector) */
  loadLocalTable: "LLDT",
  loadTask: "LTR",
  /** () -> selector. */
  localTable: "SLDT",
  task: "STR",
  /** (ECX) -> 64-bit value; (ECX, value). #GP(0) for an MSR that does not exist. */
  readMsr: "RDMSR",
  writeMsr: "WRMSR",
  /** () takes EAX and ECX, writes EAX EBX ECX EDX (upper halves cleared). */
  cpuid: "CPUID",
  /** () -> time stamp; faults by CR4.TSD. */
  timestamp: "RDTSC, RDTSCP",
  /** () -> IA32_TSC_AUX. */
  timestampAux: "RDTSCP",
  /** (0 = FS, 1 = GS) -> base; (0 = FS, 1 = GS; base). #UD without CR4.FSGSBASE. */
  readBase: "RDFSBASE, RDGSBASE",
  writeBase: "WRFSBASE, WRGSBASE",
  systemCall: "SYSCALL",
  /** (operand size) */
  systemReturn: "SYSRET",
  sysenter: "SYSENTER",
  sysexit: "SYSEXIT",
  swapGs: "SWAPGS",
  /** (linear address) */
  invalidatePage: "INVLPG",
  invalidateCaches: "INVD, WBINVD",
  /** (selector) -> access rights as LAR gives them (mask 00F0FF00) / limit in bytes; all 64 bits set when the segment may not be seen. Flags are the definition's. */
  loadAccessRights: "LAR",
  loadSegmentLimit: "LSL",
  /** (selector) -> 1 when readable / writable at this privilege, else 0. */
  verifyRead: "VERR",
  verifyWrite: "VERW",
  /** (allocation bytes, nesting level, operand size) */
  enter: "ENTER",
  /** (value): #GP(0) for reserved bits. () -> value. */
  loadMxcsr: "LDMXCSR",
  mxcsr: "STMXCSR",
  /** (floatcodes.ts: operation, precision, lanes; operands) -> lanes; may raise #XM. */
  floatArithmetic: "ADDPS and its kind",
  /** (predicate, precision, lanes; operands) -> masks. */
  floatCompare: "CMPPS and its kind",
  /** (1 to signal for quiet NaNs, precision; operands) -> CF, PF, ZF as in RFLAGS. */
  floatFlags: "COMISS and its kind",
  /** (from, to, truncate, lanes; operand) -> lanes. */
  floatConvert: "CVTPS2PD and its kind",
  /** (rounding as the immediate has it, precision, lanes; operand) -> lanes. */
  floatRound: "ROUNDPS and its kind",
  /** (operation of floatcodes.ts; destination, source: numbers of stack registers; pops) */
  fpuArithmetic: "FADD and its kind",
  /** (operation, kind, bits) */
  fpuArithmeticMemory: "FADD and its kind",
  /** (mode, stack register, pops) */
  fpuCompare: "FCOM and its kind",
  /** The same; CF, PF and ZF at their bits of RFLAGS. */
  fpuCompareFlags: "FCOMI and its kind",
  /** (pops, kind, bits) */
  fpuCompareMemory: "FCOM m, FICOM",
  /** (kind; bits, or offset of what is longer than 64, or stack register) */
  fpuLoad: "FLD, FILD, FBLD",
  /** (kind; offset or stack register; pops, TRUNCATE) */
  fpuStore: "FST, FSTP, FIST, FISTP, FBSTP",
  fpuConstant: "FLD1 and its kind",
  fpuExchange: "FXCH",
  fpuFree: "FFREE, FFREEP",
  /** (stack register, condition) */
  fpuConditionalMove: "FCMOVcc",
  fpuOperation: "FCHS, FSQRT, FSIN and others on the top of the stack",
  fpuLoadControl: "FLDCW",
  fpuControl: "FNSTCW",
  fpuStatus: "FNSTSW",
  fpuClear: "FNCLEX",
  fpuInitialise: "FNINIT",
  /** (offset, operand size) */
  fpuLoadEnvironment: "FLDENV",
  fpuStoreEnvironment: "FNSTENV",
  fpuRestore: "FRSTOR",
  fpuSave: "FNSAVE",
  fpuWait: "FWAIT",
  /** (offset, 1 for 64-bit pointers); checks alignment and the whole block. */
  fxsave: "FXSAVE",
  fxrstor: "FXRSTOR",
  /** (offset, bytes, source, mask) */
  maskedStore: "MASKMOVQ, MASKMOVDQU",
  /** All x87 registers become empty. */
  fpuEmpty: "EMMS",
} as const;

export type SystemHelper = keyof typeof systemHelpers;
