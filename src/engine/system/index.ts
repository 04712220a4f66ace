/** The system side of the CPU: paging, segments, privilege, exceptions and interrupts, control registers. */
import { EXIT } from "../record";
import type { SystemHelper } from "../../isa/system";
import type { Board } from "../board";
import type { CpuState } from "../state";
import { Access, ALONE } from "./access";
import type { AccessKind, System, SystemOptions } from "./contract";
import { BlockMemory } from "./block";
import { Control } from "./control";
import { at, Core } from "./core";
import { cpuid } from "./cpuid";
import { DebugRegisters, TASK_BIT } from "./debug";
import { Enter } from "./enter";
import { Exceptions } from "./exceptions";
import { Far } from "./far";
import { FpuEnvironment } from "./float/environment";

import { SseArithmetic } from "./float/sse";
import { X87 } from "./float/x87";
import { Flags } from "./flags";
import type { SystemHooks } from "./hooks";
import { Interrupts } from "./interrupts";
import { Lookaside } from "./lookaside";
import { Modes } from "./modes";
import { Msrs } from "./msr";
import { OpenMemory } from "./open";
import { EXECUTE, Paging, PROBE, READ, USER, WRITE } from "./paging";
import { Ports } from "./ports";
import { resetState } from "./reset";
import { Returns } from "./returns";
import { Segments } from "./segments";
import { Stack } from "./stack";
import { SystemCalls } from "./syscall";
import { Tables } from "./tables";
import { Tasks } from "./tasks";
import { Transfer } from "./transfer";
import { Vectors } from "./vectors";

export type { AccessKind, System, SystemOptions, TripleFault } from "./contract";
export type { SystemHooks } from "./hooks";
export { faultName } from "./exceptions";

const kinds: Readonly<Record<AccessKind, number>> = { read: READ, write: WRITE, execute: EXECUTE };
const lowOf = (address: bigint): number => Number(address & 0xffff_ffffn) | 0;
const highOf = (address: bigint): number => Number((address >> 32n) & 0xffff_ffffn) | 0;

/** All parts, each knowing those it builds on. */
function assemble(state: CpuState, board: Board, hooks: SystemHooks, { levels5 = true }: SystemOptions) {
  const core = new Core(state, board, hooks, levels5);
  const paging = new Paging(core);
  const lookaside = new Lookaside(core);
  const openMemory = new OpenMemory(core);
  const debug = new DebugRegisters(core, () => lookaside.flushAll());
  const access = new Access(core, paging, lookaside, debug);
  const segments: Segments = new Segments(core, access);
  const modes = new Modes(core, segments);
  const flags = new Flags(core, lookaside, modes.update);
  const stack = new Stack(core, access, segments);
  const control = new Control(core, access, lookaside, modes.update, debug);
  const transfer = new Transfer(core, segments, modes.update);
  const tasks: Tasks = new Tasks(core, access, flags, segments, stack, {
    modeChanged: modes.update,
    loadCr3: (value) => control.loadCr3(value),
    deliver: (): string | undefined => exceptions.deliverFault()?.tripleFault,
    leaveDebug: () => debug.leaveTask(),
    enterDebug: () => debug.note(TASK_BIT),
  });
  const interrupts = new Interrupts(core, access, flags, segments, stack, transfer, tasks);
  const exceptions: Exceptions = new Exceptions(core, interrupts);
  const far = new Far(core, segments, stack, transfer, tasks);
  const returns = new Returns(core, access, flags, segments, stack, transfer, tasks);
  const calls = new SystemCalls(core, flags, segments, modes.update, debug);
  const ports = new Ports(core, access, paging, debug, control.flushAll);
  const msrs = new Msrs(core, control.flushAll);
  const tables = new Tables(core, segments);
  const enter = new Enter(core, access, segments);
  const block = new BlockMemory(core, access, segments);
  const sse = new SseArithmetic(core);
  const fpu = new X87(core, block);
  const vectors = new Vectors(core, block, fpu.stack);
  const environment = new FpuEnvironment(core, block, fpu);
  const parts = {
    core,
    paging,
    lookaside,
    openMemory,
    access,
    flags,
    segments,
    modes,
    control,
    interrupts,
    exceptions,
    debug,
    far,
    returns,
  };
  return { ...parts, calls, ports, msrs, tables, enter, vectors, sse, fpu, environment };
}

function helpersOf(parts: ReturnType<typeof assemble>): Record<SystemHelper, (record: number) => number> {
  const {
    core,
    flags,
    segments,
    modes,
    control,
    interrupts,
    far,
    returns,
    calls,
    ports,
    msrs,
    tables,
    enter,
    vectors,
    sse,
    fpu,
    environment,
  } = parts;
  // The stack's size is one of the mode bits: a load of SS (leaveNext) may change it.
  const withStackSize = (load: (record: number) => number) => (record: number) => {
    const outcome = load(record);
    if (outcome === EXIT.leaveNext) modes.update();
    return outcome;
  };
  return {
    portIn: ports.input,
    portOut: ports.output,
    checkPort: ports.permission,
    setFlags: flags.popf,
    getFlags: flags.pushf,
    halt: flags.hlt,
    setInterrupts: flags.sti,
    clearInterrupts: flags.cli,
    interrupt: interrupts.software,
    interruptReturn: returns.interrupt,
    farJump: far.jump,
    farCall: far.call,
    farReturn: returns.far,
    loadSegment: withStackSize(segments.loadHelper),
    loadPointerSegment: withStackSize(segments.loadPointer),
    writeControl: control.write,
    readControl: control.read,
    writeDebug: control.writeDebug,
    readDebug: control.readDebug,
    loadTable: tables.load,
    tableLimit: tables.limit,
    tableBase: tables.base,
    loadLocalTable: tables.loadLocal,
    loadTask: tables.loadTask,
    localTable: tables.localTable,
    task: tables.task,
    readMsr: msrs.read,
    writeMsr: msrs.write,
    cpuid: cpuid(core),
    timestamp: msrs.timestamp,
    timestampAux: msrs.timestampAux,
    readBase: msrs.readBase,
    writeBase: msrs.writeBase,
    systemCall: calls.syscall,
    systemReturn: calls.sysret,
    sysenter: calls.sysenter,
    sysexit: calls.sysexit,
    swapGs: calls.swapgs,
    invalidatePage: control.invlpg,
    invalidateCaches: control.nothing,
    flushLine: control.nothing,
    loadAccessRights: tables.rights,
    loadSegmentLimit: tables.segmentLimit,
    verifyRead: tables.verifyRead,
    verifyWrite: tables.verifyWrite,
    enter: enter.enter,
    loadMxcsr: vectors.loadMxcsr,
    mxcsr: vectors.mxcsr,
    fxsave: vectors.save,
    fxrstor: vectors.restore,
    floatArithmetic: sse.arithmetic,
    floatCompare: sse.compareLanes,
    floatFlags: sse.compareFlags,
    floatConvert: sse.convert,
    floatRound: sse.roundLanes,
    fpuArithmetic: fpu.arithmetic.arithmetic,
    fpuArithmeticMemory: fpu.arithmetic.arithmeticMemory,
    fpuCompare: fpu.comparison.compare,
    fpuCompareFlags: fpu.comparison.compareFlags,
    fpuCompareMemory: fpu.comparison.compareMemory,
    fpuLoad: fpu.transfers.load,
    fpuStore: fpu.transfers.store,
    fpuConstant: fpu.transfers.constant,
    fpuExchange: fpu.transfers.exchange,
    fpuFree: fpu.transfers.free,
    fpuConditionalMove: fpu.transfers.conditionalMove,
    fpuOperation: fpu.operations.operation,
    fpuLoadControl: fpu.control.loadControl,
    fpuControl: fpu.control.control,
    fpuStatus: fpu.control.status,
    fpuClear: fpu.control.clear,
    fpuInitialise: fpu.control.initialise,
    fpuLoadEnvironment: environment.load,
    fpuStoreEnvironment: environment.store,
    fpuRestore: environment.restore,
    fpuSave: environment.save,
    fpuWait: fpu.control.wait,
    maskedStore: vectors.maskedStore,
    fpuEmpty: vectors.empty,
  };
}

export function createSystem(state: CpuState, board: Board, hooks: SystemHooks, options: SystemOptions = {}): System {
  const parts = assemble(state, board, hooks, options);
  const { core, paging, lookaside, openMemory, access, flags, segments, modes, control, interrupts, exceptions } =
    parts;
  const { debug, ports } = parts;
  return {
    helpers: helpersOf(parts),
    readSlow: (record, sizeAndIntent) => access.readSlow(record, sizeAndIntent),
    writeSlow: (record, size) => access.writeSlow(record, size),
    checkSegment: (segment, offset, size, write, record) => segments.check(segment, offset, size, write, record),
    numericError: (record) => parts.fpu.control.pending(record),
    wantsAlone: () => core.u32[at.faultVector] === ALONE,
    get alone() {
      return access.alone;
    },
    set alone(alone) {
      access.alone = alone;
    },
    raise: (record, vector, code) => core.raise(record, vector, code),
    deliverFault: () => exceptions.deliverFault(),
    deliverInterrupt: (vector) => exceptions.deliverInterrupt(vector),
    deliverNmi: () => exceptions.deliverNmi(),
    deliverDebug: (bits) => exceptions.deliverDebug(bits),
    debug,
    fetch: (low, high, user) => access.fetch(low | 0, high | 0, user),
    walk: paging,
    translate(linear, kind, user) {
      if (core.longActive && core.nonCanonical(linear)) return undefined;
      const failed = paging.walk(lowOf(linear), highOf(linear), kinds[kind] | PROBE | (user ? USER : 0));
      return failed ? undefined : paging.physical;
    },
    updateMode: modes.update,
    flushLookaside: control.flushAll,
    invalidatePage: (linear) => control.invalidate(lowOf(linear), highOf(linear)),
    protectPage(physicalPage) {
      lookaside.protect(physicalPage);
      openMemory.protect(physicalPage);
    },
    openMemory: () => openMemory.stretches,
    rebuild() {
      core.shutdown = undefined;
      paging.forgetKinds();
      openMemory.reset();
      paging.refreshMask();
      lookaside.reset();
      hooks.flushJumps();
      modes.rebuild();
      debug.refresh();
    },
    useDelivery(deliver) {
      interrupts.short = deliver;
    },
    reset() {
      resetState(core, () => modes.rebuild());
      debug.refresh();
      paging.forgetKinds();
      openMemory.reset();
      paging.refreshMask();
      lookaside.reset();
      hooks.flushJumps();
    },
    rflags: () => flags.get(),
    setRflags: (value) => flags.set(value),
    takeAttention() {
      const raised = ports.attention;
      ports.attention = false;
      return raised;
    },
  };
}
