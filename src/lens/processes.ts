/** The process manager: the process table, who runs, and its mutex. */
import { constants, enums, structs } from "../herald/layout";
import type { GuestMemory } from "./memory";
import type { StructView } from "./structures";

/** A process over time: PIDs are reused only with a new generation. */
export interface ProcessKey {
  readonly pid: number;
  readonly generation: number;
}

export interface ProcessTable {
  readonly current: number;
  /** The process manager's mutex. */
  readonly mutexLocked: boolean;
  /** Ticks of one quantum. */
  readonly quantumTicks: number;
  readonly processes: readonly ProcessView[];
  /** Processes that have ended, as long as nobody else got their PID: some live shorter than the time between two looks. */
  readonly ended?: readonly (ProcessKey & { readonly name: string })[];
  /** Why the table may be incomplete at this instant. */
  readonly note?: string;
}

export interface ProcessView extends ProcessKey {
  readonly name: string;
  /** What it was started with, as its stack has it now; empty for Programs. */
  readonly arguments: string;
  readonly kind: "kernel" | "program" | "native";
  /** As the kernel says it: creating, ready, running, blocked, exiting. */
  readonly state: string;
  /** What it waits for, e.g. "keyboard", "topic 300", "any topic", "sleep". */
  readonly waits?: string;
  /** True while a callback of it runs, with the topic. */
  readonly callbackTopic?: number;
  readonly system: boolean;
  /** Ticks on the CPU. */
  readonly cpuTicks: number;
  readonly switches: number;
  /** Ticks ready but without the CPU, and ticks blocked, up to now. */
  readonly readyTicks: number;
  readonly blockedTicks: number;
  readonly systemCalls: number;
  /** Messages in its mailbox. */
  readonly queued: number;
  readonly cr3: bigint;
  /** Where it will go on (or is, when running). */
  readonly rip: bigint;
  readonly rsp: bigint;
  /** Interpreted Programs: where they are. */
  readonly program?: { readonly ip: number; readonly length: number };
}

/** What the reader needs to know of the CPU: the instant, and where the running process is. */
export interface CpuPlace {
  /** Time stamp counter now. */
  readonly time: number;
  readonly ticksPerMicrosecond: number;
  readonly rip: bigint;
  readonly rsp: bigint;
}

export type ProcessStruct = StructView<keyof typeof structs.process.fields & string>;

const states = enums.process_state;
const waits = enums.wait_reason.byName;
const kinds = enums.process_kind.byName;

export function topicName(topic: number): string | undefined {
  return enums.topic_number.byValue[topic];
}

/** The slot of the process table, or undefined while nobody ever had it or the kernel is not there yet. */
function usedSlot(memory: GuestMemory, pid: number): ProcessStruct | undefined {
  const table = memory.symbol("process_table");
  if (table === undefined || !Number.isInteger(pid) || pid < 0 || pid >= constants.MAX_PROCESSES) return undefined;
  const slot = memory.structure(structs.process, table + BigInt(pid * structs.process.size));
  return slot && slot.number("generation") !== 0 ? slot : undefined;
}

const isFree = (slot: ProcessStruct): boolean => slot.number("state") === states.byName.free;

/** The slot of a process that has not ended. */
export function processStruct(memory: GuestMemory, pid: number): ProcessStruct | undefined {
  const slot = usedSlot(memory, pid);
  return slot && !isFree(slot) ? slot : undefined;
}

/** The native process to whom these page tables belong; undefined for the kernel's own. */
export function tablesOwner(memory: GuestMemory, root: bigint): ProcessStruct | undefined {
  for (let pid = 1; pid < constants.MAX_PROCESSES; pid++) {
    const process = processStruct(memory, pid);
    if (process?.number("kind") === kinds.native && process.big("page_root") === root) return process;
  }
  return undefined;
}

/** PID on the CPU, or undefined before the kernel's globals are readable. */
export function currentPid(memory: GuestMemory): number | undefined {
  const at = memory.symbol("current_pid");
  return at === undefined ? undefined : memory.u32(at);
}

function topicText(topic: number): string {
  if (topic === constants.TOPIC_ANY) return "any topic";
  return topicName(topic) ?? `topic ${topic}`;
}

function waitText(process: ProcessStruct): string | undefined {
  if (process.number("state") !== states.byName.blocked) return undefined;
  const reason = process.number("wait_reason");
  const object = Number(process.big("wait_object") & 0xffff_ffffn);
  switch (reason) {
    case waits.none:
      return undefined;
    case waits.receive:
      return topicText(object);
    case waits.exit:
      return `the end of process ${object}`;
    case waits.callback:
      return "a callback";
    case waits.queue:
      return "room in the notification queue";
    default:
      return enums.wait_reason.byValue[reason] ?? `reason ${reason}`;
  }
}

/**
 * Where a process that is not on the CPU goes on. A native process's trap frame is at the top of its kernel stack; the others live in the
 * kernel; where they go on lies at their kernel stack pointer (change_stack in herald/kernel/scheduler.c).
 */
export function savedPlace(memory: GuestMemory, process: ProcessStruct): { rip: bigint; rsp: bigint } {
  if (process.number("kind") === kinds.native) {
    const top = process.big("kernel_stack") + BigInt(constants.KERNEL_STACK_SIZE);
    const frame = memory.structure(structs.trap_frame, top - BigInt(structs.trap_frame.size));
    if (frame && (frame.big("cs") & 3n) === 3n) return { rip: frame.big("rip"), rsp: frame.big("rsp") };
  }
  const kernelRsp = process.big("kernel_rsp");
  return { rip: memory.u64(kernelRsp) ?? 0n, rsp: kernelRsp };
}

function viewKind(kind: number): ProcessView["kind"] {
  if (kind === kinds.program) return "program";
  return kind === kinds.native ? "native" : "kernel";
}

/** Printable ASCII up to the NUL. */
const ARGUMENT_TEXT = /^[ -~]*/;

/** The text at the top of a native process's stack, where load_stack (herald/kernel/elf.c) puts it; the process may change it. */
function argumentText(memory: GuestMemory, process: ProcessStruct): string {
  if (process.number("kind") !== kinds.native) return "";
  const size = constants.ARGUMENT_SIZE;
  const bytes = memory.under(process.big("page_root")).bytes(constants.USER_STACK_TOP - BigInt(size), size);
  return ARGUMENT_TEXT.exec(String.fromCharCode(...bytes))![0].trim();
}

function programPlace(memory: GuestMemory, process: ProcessStruct): ProcessView["program"] {
  if (process.number("kind") !== kinds.program) return undefined;
  const program = memory.structure(structs.Program, process.big("program"));
  return program && { ip: program.number("ip"), length: program.number("len") };
}

function viewProcess(memory: GuestMemory, process: ProcessStruct, running: boolean, cpu: CpuPlace): ProcessView {
  const mailbox = process.inner("mailbox", structs.mailbox);
  const place = running ? cpu : savedPlace(memory, process);
  const sinceSwitch = running ? Math.max(0, cpu.time - process.number("switched_in")) : 0;
  const wait = waitText(process);
  const program = programPlace(memory, process);
  const state = process.number("state");
  // The kernel adds to these when the state ends: what it has lasted is added here.
  const sinceState = running ? 0 : Math.max(0, cpu.time - process.number("state_since"));
  return {
    pid: process.number("pid"),
    generation: process.number("generation"),
    name: process.text("name"),
    arguments: argumentText(memory, process),
    kind: viewKind(process.number("kind")),
    state: states.byValue[state] ?? `state ${state}`,
    ...(wait !== undefined && { waits: wait }),
    ...(process.number("in_callback") !== 0 && { callbackTopic: process.number("callback_topic") }),
    system: (process.number("flags") & enums.process_flag.byName.system) !== 0,
    cpuTicks: process.number("run_time") + sinceSwitch,
    switches: process.number("switches"),
    readyTicks: process.number("ready_time") + (state === states.byName.ready ? sinceState : 0),
    blockedTicks: process.number("blocked_time") + (state === states.byName.blocked ? sinceState : 0),
    systemCalls: process.number("system_calls"),
    queued: mailbox.number("message_count") + mailbox.number("callback_count"),
    cr3: process.big("page_root"),
    rip: place.rip,
    rsp: place.rsp,
    ...(program && { program }),
  };
}

/** The table as it stands in memory, or undefined before the kernel has made its first process. */
export function readProcesses(memory: GuestMemory, cpu: CpuPlace): ProcessTable | undefined {
  const current = currentPid(memory);
  const scheduler = memory.global("scheduler", structs.scheduler);
  const mutex = memory.global("mutex_lock", structs.mutex);
  if (current === undefined || !scheduler || !mutex) return undefined;
  const processes: ProcessView[] = [];
  const ended: (ProcessKey & { name: string })[] = [];
  for (let pid = 0; pid < constants.MAX_PROCESSES; pid++) {
    const slot = usedSlot(memory, pid);
    if (!slot) continue;
    if (isFree(slot)) ended.push({ pid, generation: slot.number("generation"), name: slot.text("name") });
    else processes.push(viewProcess(memory, slot, pid === current, cpu));
  }
  if (processes.length === 0) return undefined;
  return {
    current,
    mutexLocked: mutex.number("held") !== 0,
    quantumTicks: scheduler.number("quantum_us") * cpu.ticksPerMicrosecond,
    processes,
    ended,
  };
}
